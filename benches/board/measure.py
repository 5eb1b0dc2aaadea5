# What runs on the board of make bench: each operation, by each subject in turn, counted.
#
# Subjects: the bare socket, which is the limit; the reference library; ours. Each has a connection of its own to the same
# broker, and does the same thing on the same bytes. Whatever an operation would have to wait for is there before its
# count begins: an acknowledgement is provoked by sending the same identifier beforehand, past the client.
#
# An operation is a generator of steps: it prepares, yields a function and its arguments, which are what is counted, and
# cleans up when it goes on.
#
# src/board.rs calls start() and then counts(), heap(), writes() and capture(), which print a line for each subject:
#
#     WORD SUBJECT STEPS FIGURE FIGURE ...    one figure for each round
#     cannot SUBJECT WHY
#
# and speed functions, for a board that does not count instructions.

import array
import gc
import select
import socket
import time

# The broker's packets have arrived completely after so many milliseconds of the board's time.
SETTLE = 10
# How long to wait for a packet before something must be wrong, in milliseconds of the board's time.
PATIENCE = 60000

SMALL = 4096
# Where messages go that no subject receives.
SINK = b"bench/sink"
CONNACK = 4
ACKNOWLEDGEMENT = 4
PINGRESP = 2
SUBACK = 5


def nothing(a, b, c, d):
    pass


def delivered(topic, message):
    pass


def header(first_byte, size):
    out = bytearray((first_byte,))
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    out.append(size)
    return out


def text(value):
    return len(value).to_bytes(2, "big") + value


def number(value):
    return value.to_bytes(2, "big")


# PUBLISH up to its message, which has size bytes.
def publish_header(topic, size, qos, identifier):
    rest = text(topic) + (number(identifier) if qos else b"")
    return bytes(header(0x30 | qos << 1, len(rest) + size) + rest)


def acknowledgement(first_byte, identifier):
    return bytes((first_byte, 2)) + number(identifier)


# Waits until sock can be read, and lets the rest of the packet come.
def settle(sock):
    sock = getattr(sock, "plain", sock)
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    if not poll.poll(PATIENCE):
        raise OSError("nothing has come from the broker")
    time.sleep_ms(SETTLE)


def drain(sock, size):
    settle(sock)
    if len(sock.read(size)) != size:
        raise OSError("the broker has closed a connection")


def connect_packet(name):
    rest = b"\0\4MQTT\4\2\0\0" + text(name)
    return bytes(header(0x10, len(rest)) + rest)


def subscribe_packet(topic, qos, identifier):
    rest = number(identifier) + text(topic) + bytes((qos,))
    return bytes(header(0x82, len(rest)) + rest)


def connected_socket(server, port, packet):
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(server, port)[0][-1])
    sock.write(packet)
    sock.read(CONNACK)
    return sock


# Sends messages to the subjects, over a connection of its own.
class Feeder:
    def __init__(self, server, port):
        self.sock = connected_socket(server, port, connect_packet(b"feeder"))

    def send(self, topic, size, qos):
        sock = self.sock
        sock.write(publish_header(topic, size, qos, 1))
        piece = bytes(min(size, 512))
        while size:
            size -= sock.write(memoryview(piece)[: min(size, 512)])
        if qos == 1:
            drain(sock, ACKNOWLEDGEMENT)
        if qos == 2:
            drain(sock, ACKNOWLEDGEMENT)
            sock.write(acknowledgement(0x62, 1))
            drain(sock, ACKNOWLEDGEMENT)


# Who does the operations. sock is what the operation goes over.
class Bare:
    name = "bare"
    topic = b"bench/bare"

    def __init__(self, server, port):
        self.server = server
        self.port = port
        self.hello = connect_packet(b"bare")
        self.sock = connected_socket(server, port, self.hello)
        self.identifier = 0
        self.sock.write(subscribe_packet(self.topic, 2, 1))
        drain(self.sock, SUBACK)
        # The identifier of the last message that the broker has sent above QoS 0.
        self.received = 0

    def use(self, sock):
        self.sock = sock


class Client:
    def __init__(self, server, port):
        self.topic = b"bench/" + self.name.encode()
        self.client = self.make(self.name, server, port)
        self.client.set_callback(delivered)
        self.client.connect()
        self.client.subscribe(self.topic, 2)

    @property
    def sock(self):
        return self.client.sock

    def use(self, sock):
        self.client.sock = sock


class Python(Client):
    name = "pyth"

    def make(self, *args):
        from umqtt_reference.simple import MQTTClient

        return MQTTClient(*args)


class Ours(Client):
    name = "ours"

    def make(self, *args):
        from umqtt.simple import MQTTClient

        return MQTTClient(*args)


# What is counted: plain calls, as an application writes them.


def bare_write(sock, packet, b, c):
    sock.write(packet)


def bare_write_read(sock, packet, size, c):
    sock.write(packet)
    sock.read(size)


def bare_nested(sock, packet, message, acknowledgement):
    sock.write(packet)
    sock.read(message)
    bare_write_read(sock, packet, acknowledgement, None)
    sock.read(acknowledgement)


def bare_write_read_twice(sock, packet, size, second):
    sock.write(packet)
    sock.read(size)
    sock.write(second)
    sock.read(size)


def bare_receive(sock, size, topic, deliver):
    deliver(topic, sock.read(size))


def bare_receive_write(sock, size, deliver, answer):
    deliver(None, sock.read(size))
    sock.write(answer)


def bare_read_write(sock, size, answer, c):
    sock.read(size)
    sock.write(answer)


def bare_look(sock, b, c, d):
    sock.setblocking(False)
    sock.read(1)
    sock.setblocking(True)


def bare_connect(server, port, hello, bare):
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(server, port)[0][-1])
    sock.write(hello)
    sock.read(CONNACK)
    bare.sock = sock


def client_publish(client, topic, message, qos):
    client.publish(topic, message)


def client_publish_qos(client, topic, message, qos):
    client.publish(topic, message, False, qos)


def client_wait(client, b, c, d):
    client.wait_msg()


def client_check(client, b, c, d):
    client.check_msg()


def client_ping(client, b, c, d):
    client.ping()


def client_subscribe(client, topic, c, d):
    client.subscribe(topic)


def client_connect(client, b, c, d):
    client.connect()


# The operations.


class Publish:
    def __init__(self, qos, size):
        self.qos = qos
        front = publish_header(SINK, size, qos, 1)
        self.packet = bytearray(len(front) + size)
        self.packet[: len(front)] = front
        # A second copy only where there is memory for it.
        self.message = bytes(size) if size <= SMALL else memoryview(self.packet)[len(front) :]

    def steps(self, subject):
        sock, qos = subject.sock, self.qos
        if qos == 2 and subject.name == "pyth":
            raise NotImplementedError("AssertionError")
        bare = subject.name == "bare"
        identifier = 1 if bare else subject.client.pid + 1
        if qos:
            # Another message with the same identifier provokes the acknowledgements.
            sock.write(publish_header(SINK, 0, qos, identifier))
            if qos == 2:
                sock.write(acknowledgement(0x62, identifier))
            settle(sock)
        if not bare:
            if qos:
                yield client_publish_qos, subject.client, SINK, self.message, qos
            else:
                yield client_publish, subject.client, SINK, self.message, None
        elif qos == 0:
            yield bare_write, sock, self.packet, None, None
        elif qos == 1:
            yield bare_write_read, sock, self.packet, ACKNOWLEDGEMENT, None
        else:
            yield bare_write_read_twice, sock, self.packet, ACKNOWLEDGEMENT, acknowledgement(0x62, 1)
        if qos:
            drain(sock, ACKNOWLEDGEMENT * qos)
        else:
            time.sleep_ms(SETTLE)


class Nested(Publish):
    # A message comes before the acknowledgement, and its callback publishes as well: nothing goes deeper.
    def steps(self, subject):
        sock, qos, message = subject.sock, self.qos, self.message
        outer = 1 if subject.name == "bare" else subject.client.pid + 1
        front = publish_header(subject.topic, len(message), 0, 0)
        acknowledged = [publish_header(SINK, 0, qos, identifier) for identifier in (outer + 1, outer)]
        # At once, so that what the broker answers comes at once too.
        sock.write(b"".join([front, message] + acknowledged))
        settle(sock)
        if subject.name == "bare":
            yield bare_nested, sock, self.packet, len(front) + len(message), ACKNOWLEDGEMENT
        else:
            client = subject.client
            client.set_callback(lambda topic, text: client_publish_qos(client, SINK, message, qos))
            yield client_publish_qos, client, SINK, message, qos
            client.set_callback(delivered)
        drain(sock, 2 * ACKNOWLEDGEMENT)


class Receive:
    def __init__(self, qos, size, wait=client_wait):
        self.qos = qos
        self.size = size
        self.wait = wait

    def steps(self, subject):
        qos, size, sock = self.qos, self.size, subject.sock
        if qos == 2 and subject.name == "pyth":
            raise NotImplementedError("AssertionError")
        feeder.send(subject.topic, size, qos)
        settle(sock)
        if subject.name == "bare":
            packet_size = len(publish_header(subject.topic, size, qos, 1)) + size
            if qos == 0:
                yield bare_receive, sock, packet_size, subject.topic, delivered
                return
            subject.received += 1
            first = acknowledgement(0x40 if qos == 1 else 0x50, subject.received)
            yield bare_receive_write, sock, packet_size, delivered, first
            if qos == 2:
                settle(sock)
                yield bare_read_write, sock, ACKNOWLEDGEMENT, acknowledgement(0x70, subject.received), None
        else:
            yield self.wait, subject.client, None, None, None
            if qos == 2:
                settle(sock)
                yield self.wait, subject.client, None, None, None
        if qos:
            time.sleep_ms(SETTLE)


class Check(Receive):
    def __init__(self, qos, size):
        super().__init__(qos, size, client_check)


class CheckIdle:
    def __init__(self, qos, size):
        pass

    def steps(self, subject):
        if subject.name == "bare":
            yield bare_look, subject.sock, None, None, None
        else:
            yield client_check, subject.client, None, None, None


class Ping:
    def __init__(self, qos, size):
        pass

    def steps(self, subject):
        sock = subject.sock
        if subject.name == "bare":
            yield bare_write, sock, b"\xc0\0", None, None
        else:
            yield client_ping, subject.client, None, None, None
        if subject.name == "ours":
            # It must see the answer, or it would take the broker for dead.
            settle(sock)
            subject.client.wait_msg()
        else:
            drain(sock, PINGRESP)


class Subscribe:
    def __init__(self, qos, size):
        pass

    def steps(self, subject):
        sock, topic = subject.sock, SINK
        bare = subject.name == "bare"
        identifier = 1 if bare else subject.client.pid + 1
        packet = subscribe_packet(topic, 0, identifier)
        sock.write(packet)
        settle(sock)
        if bare:
            yield bare_write_read, sock, packet, SUBACK, None
        else:
            yield client_subscribe, subject.client, topic, None, None
        drain(sock, SUBACK)


class Connect:
    def __init__(self, qos, size):
        pass

    def steps(self, subject):
        sock = subject.sock
        sock.write(b"\xe0\0")
        sock.close()
        time.sleep_ms(SETTLE)
        if subject.name == "bare":
            yield bare_connect, subject.server, subject.port, subject.hello, subject
        else:
            yield client_connect, subject.client, None, None, None
        time.sleep_ms(SETTLE)


class Empty:
    def __init__(self, qos, size):
        pass

    def steps(self, subject):
        yield nothing, None, None, None, None


# Does the operation and returns how many steps it has had, and the sum of what gauge() grew by in them.
def gauge_steps(operation, subject, gauge):
    steps = total = 0
    for run, a, b, c, d in operation.steps(subject):
        before = gauge()
        run(a, b, c, d)
        total += gauge() - before & 0x3FFFFFFF
        steps += 1
    return steps, total


# As many rounds, each subject in turn; prints what each has taken.
def alternate(word, kind, qos, size, rounds, gauge, collecting):
    if not collecting:
        gc.collect()
    operation = kind(qos, size)
    figures = [array.array("i", bytes(4 * rounds)) for _ in subjects]
    steps = [0] * len(subjects)
    why = {}
    for i in range(rounds):
        for k, subject in enumerate(subjects):
            if k in why:
                continue
            if not collecting:
                gc.collect()
                gc.disable()
            mark.name = subject.name
            # How long MicroPython looks for a free block depends on where it finds one: the heap is as a program has it that
            # has allocated something since the last collection, in each round something else.
            taken = [bytearray(1) for _ in range(i * 11 % 32)]
            try:
                steps[k], figures[k][i] = gauge_steps(operation, subject, gauge)
            except NotImplementedError as e:
                why[k] = e.args[0]
            del taken
            gc.enable()
    for k, subject in enumerate(subjects):
        if k in why:
            print("cannot", subject.name, why[k])
        else:
            print(word, subject.name, steps[k], *figures[k])


# Instructions. collecting: with the garbage collector on, and no collection between the rounds.
def counts(kind, qos, size, rounds, collecting=False):
    alternate("counts", kind, qos, size, rounds, time.ticks_cpu, collecting)


# Bytes of the heap.
def heap(kind, qos, size, rounds):
    alternate("heap", kind, qos, size, rounds, gc.mem_alloc, False)


# A socket that counts how often it is written to.
class Counting:
    writes = 0

    def __init__(self, sock):
        self.plain = sock

    def write(self, *args):
        Counting.writes += 1
        return self.plain.write(*args)

    def read(self, *args):
        return self.plain.read(*args)

    def setblocking(self, flag):
        return self.plain.setblocking(flag)


# Calls of sock.write().
def writes(kind, qos, size, rounds):
    for subject in subjects:
        subject.use(Counting(subject.sock))
    alternate("writes", kind, qos, size, rounds, lambda: Counting.writes, False)
    for subject in subjects:
        subject.use(subject.sock.plain)


# Puts a datagram with the subject's name into the capture, before and after each step, when all is quiet.
class Mark:
    name = None

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = socket.getaddrinfo("10.0.2.2", 9)[0][-1]

    def put(self):
        time.sleep_ms(SETTLE)
        self.sock.sendto("umqtt-bench " + self.name, self.address)
        time.sleep_ms(SETTLE)
        return 0


# Lets src/capture.rs see what each subject sends.
def capture(kind, qos, size, rounds):
    alternate("capture", kind, qos, size, rounds, mark.put, True)


# lwIP's own client, which works without a socket and calls no Python. It has taken a message before a program could ask for
# it, so it counts that itself; the acknowledgement of a publish likewise.
class Lwip:
    topic = "bench/lwip"

    def __init__(self, server, port):
        import lwip_mqtt

        self.module = lwip_mqtt
        lwip_mqtt.connect(server, port, self.topic)

    # Waits until that item of received() is more than that number. Returns what was counted then.
    def count_beyond(self, item, number):
        for _ in range(PATIENCE // SETTLE):
            time.sleep_ms(SETTLE)
            if self.module.received()[item] > number:
                return self.module.received()[2]
        raise OSError("nothing has come from the broker")

    def publish(self, qos, size):
        operation, message = self.module.publish, bytes(size)
        sink = SINK.decode()
        receives = self.module.received()[1]
        start = time.ticks_cpu()
        module_publish(operation, sink, message, qos)
        count = time.ticks_cpu() - start & 0x3FFFFFFF
        time.sleep_ms(SETTLE)
        return count + (self.count_beyond(1, receives) if qos else 0)

    def receive(self, qos, size):
        messages = self.module.received()[0]
        feeder.send(self.topic.encode(), size, qos)
        return self.count_beyond(0, messages)


def module_publish(publish, topic, message, qos):
    publish(topic, message, qos)


# Prints its counts as those of one step when the call of publish() is in them, else as those of none.
def lwip(operation, qos, size, rounds):
    global peer
    if peer is None:
        peer = Lwip(subjects[0].server, subjects[0].port)
    gc.collect()
    print("counts lwip", 1 if operation == "publish" else 0, *(getattr(peer, operation)(qos, size) for _ in range(rounds)))


# What an import and an instance keep of the heap. Names that are stored must not make room for themselves meanwhile, nor
# shall what other programs have imported anyway be counted.
def footprint(module, name):
    global made
    made = None
    import errno, struct, binascii, socket, select

    def kept(action):
        gc.collect()
        before = gc.mem_alloc()
        action()
        gc.collect()
        return gc.mem_alloc() - before

    def use():
        global made
        made = getattr(__import__(module, None, None, (name,)), name)

    def make():
        global made
        made = made("footprint", "localhost")

    print("footprint", kept(use), kept(make))


# Publishes count messages that tell their numbers, one after the other. Prints how many milliseconds that took.
def publish_all(subject, qos, size, count):
    subject = subjects[subject]
    packet = bytearray(publish_header(SINK, size, qos, 1) + bytes(size))
    message = memoryview(packet)[-size:]
    place = memoryview(packet)[-8:]
    sock = subject.sock
    bare = subject.name == "bare"
    start = time.ticks_ms()
    for i in range(count):
        place[:] = b"%08d" % i
        if not bare:
            subject.client.publish(SINK, message, False, qos)
        else:
            sock.write(packet)
            if qos:
                sock.read(ACKNOWLEDGEMENT)
    print("speed", time.ticks_diff(time.ticks_ms(), start))


# Takes count messages that tell their numbers. Prints how many milliseconds passed from the first to the last.
def receive_all(subject, qos, size, count):
    subject = subjects[subject]
    expected = 0
    start = None

    def take(topic, message):
        nonlocal expected, start
        if start is None:
            start = time.ticks_ms()
        if int(message) != expected:
            raise ValueError("message %d came instead of %d" % (int(message), expected))
        expected += 1

    if subject.name == "bare":
        sock, packet_size = subject.sock, len(publish_header(subject.topic, size, qos, 1)) + size
        while expected < count:
            packet = sock.read(packet_size)
            take(subject.topic, packet[-size:])
            if qos:
                sock.write(b"\x40\2" + packet[-size - 2 : -size])
    else:
        subject.client.set_callback(take)
        while expected < count:
            subject.client.wait_msg()
        subject.client.set_callback(delivered)
    print("speed", time.ticks_diff(time.ticks_ms(), start))


def start(server, port):
    global feeder, mark, peer, subjects
    peer = None
    mark = Mark()
    feeder = Feeder(server, port)
    subjects = [Bare(server, port), Python(server, port), Ours(server, port)]
