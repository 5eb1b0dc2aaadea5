# The other end of the connection: sockets whose broker is a script, and what the tests say about them.

import sys

from umqtt.simple import MQTTClient, MQTTException

CONNACK = b"\x20\x02\x00\x00"
PINGRESP = b"\xd0\x00"
LATER = None  # among the answers: nothing has arrived yet
EOF = b""  # among the answers: the broker has closed the connection


def packet(first_byte, body):
    length = bytearray()
    rest = len(body)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return bytes([first_byte]) + length + body


def number(n):
    return bytes([n >> 8, n & 255])


def message(topic, text, qos=0, id=1, dup=0):
    return packet(0x30 | dup << 3 | qos << 1, number(len(topic)) + topic + (number(id) if qos else b"") + text)


def puback(id):
    return packet(0x40, number(id))


def pubrec(id):
    return packet(0x50, number(id))


def pubrel(id):
    return packet(0x62, number(id))


def pubcomp(id):
    return packet(0x70, number(id))


def suback(id, code=0):
    return packet(0x90, number(id) + bytes([code]))


def unsuback(id):
    return packet(0xB0, number(id))


def each_byte(data):
    return [data[i : i + 1] for i in range(len(data))]


class Hang(Exception):
    """The client waits for what will never come."""


class Socket:
    """Reads give the answers in turn: bytes, or whatever a function returns; exceptions are raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.takes = []  # how many bytes the next writes take, in the same way; then all
        self.wire = b""
        self.forget()
        self.blocking = True

    def forget(self):
        self.wire = b""
        self.writes = []
        self.calls = []

    def read(self, n):
        self.check_open()
        if not self.answers:
            if self.blocking:
                raise Hang
            return None
        answer = self.answers[0]
        if answer == EOF:
            return EOF
        self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(n)
        if answer is not LATER and len(answer) > n:
            self.answers.insert(0, answer[n:])
            answer = answer[:n]
        return answer

    def write(self, data):
        self.check_open()
        taken = self.takes.pop(0) if self.takes else len(data)
        if isinstance(taken, Exception):
            raise taken
        if callable(taken):
            taken = taken()
        self.writes.append(bytes(data))
        self.wire += data if taken is None else data[:taken]
        return taken

    def connect(self, address):
        self.calls.append("connect %r" % (address,))

    def setblocking(self, flag):
        self.calls.append("setblocking %r" % flag)
        self.blocking = flag

    def settimeout(self, seconds):
        self.calls.append("settimeout %r" % seconds)
        self.blocking = True

    def close(self):
        self.calls.append("close")

    def check_open(self):
        if "close" in self.calls:
            raise OSError(9)


class network:
    """In place of the module socket."""

    sockets = []  # to be handed out
    lookups = []

    def socket():
        return network.sockets.pop(0)

    def getaddrinfo(host, port):
        network.lookups.append((host, port))
        return [(2, 1, 6, "", ("192.0.2.1", port))]


sys.modules["socket"] = network


def serve(*answers):
    """The socket that the next connect() gets."""
    sock = Socket(*answers)
    network.sockets.append(sock)
    return sock


def received(topic, text):
    print("got", topic, text)


def client(*args, **options):
    c = MQTTClient(*(args or ("id", "broker")), **options)
    c.set_callback(received)
    return c


def connected(*answers, client=client, timeout=None):
    """A client after connect(), whose broker then gives these answers."""
    sock = serve(CONNACK, *answers)
    c = client()
    c.connect(True, timeout)
    sock.forget()
    return c


def show(function, *args, **options):
    """Prints what the function returns or raises."""
    try:
        print(function(*args, **options))
    except Exception as exception:
        print(repr(exception))
