# What is fuzzed: MQTTClient, called in arbitrary ways, with arbitrary brokers and sockets. go(decisions, broker) plays one
# life of a client as the decisions say, while the broker's bytes arrive; then it must still be possible to connect.

import gc
import io
import micropython
import sys
import time

import _host
from umqtt.simple import MQTTClient, MQTTException


class Hang(Exception):
    """The decisions are at their end, so nothing may go on."""


class Whatever(Exception):
    """Raised by a socket or a callback, and known to nobody else."""


TOPICS = ["t", b"a/b", "a/b/c" * 40, "", "+/#", b"\xff", "ä", bytearray(b"changes"), None, 7]
MESSAGES = ["", b"message", b"m" * 300, bytearray(b"changes"), memoryview(b"view"), "é" * 70, None, 7, b"m" * 5000]
CHANGING_TOPIC = 7
CHANGING_MESSAGE = 3
ERRNOS = (11, 110, 104, 32, 9, 5, 0, -1)
TIMEOUTS = (None, 1, 0.5, 0, -1, 1e9, 3)
CONNACK = b"\x20\x02\x00\x00"


class World:
    def __init__(self, decisions, broker):
        self.decisions = decisions
        self.at = 0
        self.broker = broker
        self.read = 0
        self.depth = 0
        self.client = None

    def byte(self):
        if self.at >= len(self.decisions):
            raise Hang
        self.at += 1
        return self.decisions[self.at - 1]

    def choose(self, options):
        return options[self.byte() % len(options)]

    def take(self, count):
        """The broker's next bytes."""
        taken = self.broker[self.read : self.read + count]
        self.read += len(taken)
        return taken

    def raise_something(self):
        choice = self.byte()
        if choice < 200:
            raise OSError(ERRNOS[choice % len(ERRNOS)])
        if choice < 230:
            raise Whatever
        if choice < 240:
            raise MemoryError
        if choice < 250:
            raise OSError
        _host.interrupt()


world = World(b"", b"")


class Socket:
    """A socket that mostly behaves, and lies when the decisions say so."""

    def read(self, count):
        choice = world.byte()
        if choice < 120:
            return self.arrived(count)
        if choice < 170:
            return self.arrived(1 + choice % 4 if choice % 4 < count else count)
        if choice < 190:
            return None
        if choice < 195:
            return b""
        if choice < 210:
            time.sleep_ms(world.byte() << choice % 8)
            return None
        if choice < 225:
            world.raise_something()
            return None
        if choice < 235:
            nest()
            return self.arrived(count)
        if choice < 238:
            return bytearray(self.arrived(count) or b"")
        if choice < 241:
            return memoryview(b"x" * (count + 1))
        if choice < 243:
            return bytes(count + 1)
        if choice < 245:
            return choice
        if choice < 247:
            return "text"
        gc.collect()
        return self.arrived(count)

    def arrived(self, count):
        return world.take(count) or None

    def write(self, data):
        choice = world.byte()
        if choice < 180:
            return len(data)
        if choice < 200:
            return choice % (len(data) + 1)
        if choice < 208:
            return None
        if choice < 212:
            return True
        if choice < 220:
            world.raise_something()
            return None
        if choice < 230:
            nest()
            return len(data)
        if choice < 234:
            return 0
        if choice < 237:
            return -1
        if choice < 240:
            return len(data) + 1
        if choice < 242:
            return 1 << 40
        if choice < 244:
            return "text"
        for buffer in TOPICS[CHANGING_TOPIC], MESSAGES[CHANGING_MESSAGE]:
            if choice & 1:
                buffer.extend(b"longer" * 10)
            else:
                buffer[:] = b"changed"[: len(buffer)]
        gc.collect()
        return choice % (len(data) + 1)

    def connect(self, address):
        if world.byte() > 240:
            world.raise_something()

    def setblocking(self, flag):
        if world.byte() > 250:
            world.raise_something()

    def settimeout(self, seconds):
        if world.byte() > 250:
            world.raise_something()

    def close(self):
        if world.byte() > 250:
            world.raise_something()


class Sane:
    """A socket whose broker accepts, acknowledges one publication and sends a message; judges what is written."""

    def __init__(self):
        self.written = b""
        self.answers = CONNACK

    def read(self, count):
        if not self.answers:
            raise Hang
        taken, self.answers = self.answers[:count], self.answers[count:]
        return taken

    def write(self, data):
        self.written += data
        return len(data)

    def connect(self, address):
        pass

    def setblocking(self, flag):
        pass

    settimeout = setblocking

    def close(self):
        pass


class network:
    sane = None

    def socket():
        return network.sane or new_socket()

    def getaddrinfo(host, port):
        if not network.sane and world.byte() > 245:
            world.raise_something()
        return [(2, 1, 6, "", ("192.0.2.1", port))]


class tls:
    def wrap_socket(sock, **parameters):
        choice = world.byte()
        if choice > 200:
            world.raise_something()
        return sock if choice < 100 else new_socket()


sys.modules["socket"] = network
sys.modules["ssl"] = tls


def new_socket():
    choice = world.byte()
    if choice < 40:
        return _host.Socket(world.take(choice * 4))
    if choice > 250:
        return world.choose((None, 7, "text", io.BytesIO(b"stream"), object()))
    return Socket()


class Overriding(MQTTClient):
    """A subclass whose methods do something else now and then."""

    def wait_msg(self):
        choice = world.byte()
        if choice < 200:
            return super().wait_msg()
        if choice < 220:
            nest()
            return super().wait_msg()
        if choice < 240:
            world.raise_something()
        return None


def callback(topic, message):
    choice = world.byte()
    if choice > 230:
        world.raise_something()
    elif choice > 170:
        nest()
    elif choice > 160:
        gc.collect()


def chunk_callback(topic, chunk, offset, size):
    choice = world.byte()
    if choice > 230:
        world.raise_something()
    elif choice > 170:
        nest()
    elif choice > 160:
        world.client.chunk_buffer = world.choose((None, bytearray(3), bytearray(64)))
        gc.collect()


def nest():
    """What Python code does that is called in the middle of something."""
    if world.depth < 5:
        world.depth += 1
        try:
            for _ in range(world.byte() % 3):
                call()
        finally:
            world.depth -= 1


def attribute(c):
    choice = world.byte() % 16
    if choice == 0:
        c.sock = new_socket()
    elif choice == 1:
        c.sock = None
    elif choice == 2:
        c.pid = world.choose((0, 1, 65534, 65535, 65536, -1, 1 << 40, "x", None))
    elif choice == 3:
        c.keepalive = world.choose((0, 1, 60, 65535, 65536, -1, "x", None))
    elif choice == 4:
        c.client_id = world.choose(TOPICS)
    elif choice == 5:
        c.user, c.pswd = world.choose(TOPICS), world.choose(MESSAGES)
    elif choice == 6:
        c.cb = world.choose((callback, None, 7))
    elif choice == 7:
        c.chunk_buffer = world.choose((None, bytearray(), bytearray(1), bytearray(40), b"fixed", 7))
    elif choice == 8:
        c.lw_topic, c.lw_msg = world.choose(TOPICS), world.choose(MESSAGES)
    elif choice == 9:
        c.lw_qos = world.choose((0, 1, 2, 3, -1, "x"))
    elif choice == 10:
        del c.sock
    elif choice == 11:
        c.__init__(world.choose(TOPICS), "broker")
    elif choice == 12:
        c.chunk_cb = world.choose((chunk_callback, None, 7))
    elif choice == 13:
        c.server, c.port = world.choose((("broker", 1883), (None, None), (7, "x")))
    elif choice == 14:
        c.ssl = world.choose((None, False, True, 7, tls))
    else:
        world.client = Overriding("other", "broker")


def call():
    """One call of a program, whatever it raises."""
    c = world.client
    choice = world.byte() % 24
    if choice < 2:
        c.connect(world.byte() & 1, world.choose(TIMEOUTS))
    elif choice < 6:
        c.publish(world.choose(TOPICS), world.choose(MESSAGES), world.byte() & 1, world.byte() % 4)
    elif choice == 6:
        c.subscribe(world.choose(TOPICS), world.byte() % 4)
    elif choice == 7:
        c.unsubscribe(world.choose(TOPICS))
    elif choice < 11:
        c.wait_msg()
    elif choice < 14:
        c.check_msg()
    elif choice == 14:
        c.ping()
    elif choice == 15:
        c.disconnect()
    elif choice == 16:
        c.set_callback(world.choose((callback, None)))
    elif choice == 17:
        c.set_chunk_callback(chunk_callback, world.choose((None, bytearray(1), bytearray(40), bytearray(300))))
    elif choice == 18:
        c.set_last_will(world.choose(TOPICS), world.choose(MESSAGES), world.byte() & 1, world.byte() % 4)
    elif choice == 19:
        _host.fail_allocation_after(world.byte() % 40)
    elif choice == 20:
        gc.collect()
    elif choice == 21:
        micropython.heap_lock()
        try:
            c.check_msg()
        finally:
            micropython.heap_unlock()
    elif choice == 22:
        time.sleep_ms(world.byte() << 8)
    else:
        attribute(c)


# Whatever a program may expect of calls like these. Not SystemError, NotImplementedError and the like.
EXPECTED = (
    Hang,
    Whatever,
    OSError,
    MQTTException,
    MemoryError,
    ValueError,
    TypeError,
    AssertionError,
    AttributeError,
    KeyboardInterrupt,
    RuntimeError,
    OverflowError,
)


def play():
    """Calls until the decisions are at their end."""
    while True:
        try:
            call()
        except Hang:
            return
        except EXPECTED:
            pass


def uninterrupted(function):
    """Calls it until Ctrl-C does not end it."""
    while True:
        try:
            return function()
        except KeyboardInterrupt:
            pass


def begin():
    try:
        world.client = (Overriding if world.byte() & 1 else MQTTClient)("id", "broker")
        world.client.set_callback(callback)
    except Hang:
        pass


def go(decisions, broker):
    global world
    world = World(decisions, broker)
    begin()
    if world.client:
        uninterrupted(play)
        _host.fail_allocation_after(-1)
        # What is pending comes now.
        uninterrupted(lambda: time.sleep_ms(0))
        must_be_alive(world.client)
    world.client = None


def must_be_alive(c):
    """After all that, a sound connection has to work."""
    got = []
    # New ones, for what was made long keeps its memory.
    TOPICS[CHANGING_TOPIC] = bytearray(b"changes")
    MESSAGES[CHANGING_MESSAGE] = bytearray(b"changes")
    c.client_id, c.server, c.port, c.keepalive, c.pid = "id", "broker", 1883, 0, 7
    c.user = c.pswd = c.lw_topic = c.lw_msg = c.ssl = c.chunk_buffer = c.chunk_cb = None
    c.cb = lambda topic, message: got.append((topic, message))
    network.sane = s = Sane()
    try:
        assert MQTTClient.connect(c) == 0, "it has connected anew"
        assert c.sock is s
        s.answers = b"\x30\x04\x00\x01tm" + b"\xd0\x00"
        MQTTClient.wait_msg(c)
        MQTTClient.wait_msg(c)
        assert got == [(b"t", b"m")], got
        before = len(s.written)
        s.answers = b"\x40\x02\x00\x08"
        publish(c, s)
        assert s.written[before:] == b"\x32\x08\x00\x01t\x00\x08new", s.written[before:]
        assert s.written[:before] == b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x02id", s.written[:before]
        MQTTClient.disconnect(c)
        assert s.written[-2:] == b"\xe0\x00"
    finally:
        network.sane = None


def publish(c, s):
    # wait_msg() of the subclass still reads decisions, of which none are left.
    if type(c) is Overriding:
        saved, Overriding.wait_msg = Overriding.wait_msg, MQTTClient.wait_msg
        try:
            c.publish("t", "new", False, 1)
        finally:
            Overriding.wait_msg = saved
    else:
        c.publish("t", "new", False, 1)
