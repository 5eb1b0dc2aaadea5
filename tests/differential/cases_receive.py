"""wait_msg() and check_msg(): messages of many sizes, other packets, pieces, ends, and what breaks the protocol."""

import sys

import packets
from harness import EOF, LATER, Filler, Large, case, made


def register(name, *script, calls=1, method="wait_msg", socket_options={}):
    @case(name)
    def receive(t):
        client = t.connected(*made(script), **socket_options)
        for _ in range(calls):
            t.call(getattr(client, method))


def register_both(name, *script, **options):
    for method in ("wait_msg", "check_msg"):
        register("receive/%s-%s" % (name, method.split("_")[0]), *script, method=method, **options)


TOPIC = b"topic"
OVERHEAD = 2 + len(TOPIC)

register_both("qos-0", packets.publish(TOPIC, b"message"))
register_both("qos-1", packets.publish(TOPIC, b"message", 1, 258))
register_both("qos-2", packets.publish(TOPIC, b"message", 2, 5), b"\x62\x02\x00\x05", calls=2)
register_both("retained", packets.publish(TOPIC, b"message", retain=1))
register_both("qos-1-retained-repeated", packets.publish(TOPIC, b"message", 1, 9, retain=1, dup=1))
register_both("repeated", packets.publish(TOPIC, b"message", 1, 9, dup=1))
register_both("message-empty", packets.publish(TOPIC, b""))
register_both("qos-1-message-empty", packets.publish(TOPIC, b"", 1, 9))
register_both("message-binary", packets.publish(TOPIC, bytes(range(256))))
register_both("topic-of-one", packets.publish(b"t", b"m"))
register_both("topic-non-ascii", packets.publish("temp\xe9rature".encode(), "21 \xb0C".encode()))
register_both("pingresp", packets.PINGRESP)
register_both("puback", packets.puback(1))
register_both("suback", packets.suback(1))
register_both("unsuback", packets.unsuback(1))
register_both("pubrec", b"\x50\x02\x00\x01")
register_both("pubcomp", b"\x70\x02\x00\x01")



def message_of(size, *options):
    return Large(lambda: packets.publish(TOPIC, b"m" * size, *options))


def topic_of(size):
    return Large(lambda: packets.publish(b"t" * size, b"m"))


for edge in packets.LENGTH_EDGES:
    register("receive/remaining-length-%d" % edge, message_of(edge - OVERHEAD))
    register("receive/remaining-length-%d-qos-1" % edge, message_of(edge - OVERHEAD - 2, 1, 3))
for size in (1, 2, 31, 32, 63, 64, 100, 255, 256, 1000, 4096, 65536):
    register("receive/message-size-%d" % size, message_of(size))
for size in (31, 32, 64, 127, 128, 255, 256, 65535):
    register("receive/topic-size-%d" % size, topic_of(size))

register_both("three-at-once", packets.publish(TOPIC, b"1") + packets.publish(b"u", b"2") * 2, calls=3)
register_both("mixed-at-once", packets.PINGRESP + packets.publish(TOPIC, b"1", 1, 2) + packets.PINGRESP, calls=3)
register_both("puback-then-message", packets.puback(9), packets.publish(TOPIC, b"after"), calls=2)
register_both("suback-then-message", packets.suback(9), packets.publish(TOPIC, b"after"), calls=2)
register_both("unsuback-then-message", packets.unsuback(9), packets.publish(TOPIC, b"after"), calls=2)
register_both("two-pubacks", packets.puback(8), packets.puback(9), calls=2)

register("receive/nothing-wait")
register("receive/nothing-check", method="check_msg", calls=3)
register("receive/single-bytes", *[packets.publish(TOPIC, b"message")[i : i + 1] for i in range(16)])
register("receive/short-reads", b"\x30", b"\x05", b"\x00", b"\x02", b"ab", b"c", socket_options={"short_reads": True})
register("receive/short-reads-of-message", b"\x30\x06\x00\x01t", b"abc", socket_options={"short_reads": True})


def register_pieces(name, packet, at, method):
    @case("receive/%s-cut-at-%d-%s" % (name, at, method.split("_")[0]))
    def receive(t):
        client = t.connected(packet[:at], LATER, packet[at:])
        t.call(getattr(client, method))
        if method == "check_msg":
            if LATER in client.sock.script:
                t.time_passes(client)
            t.call(client.check_msg)


for place in (1, 2, 3, 4, 6, 8):
    register_pieces("publish", packets.publish(b"ab", b"cd", 1, 7), place, "wait_msg")
    register_pieces("publish", packets.publish(b"ab", b"cd", 1, 7), place, "check_msg")
register_pieces("pingresp", packets.PINGRESP, 1, "wait_msg")
register_pieces("pingresp", packets.PINGRESP, 1, "check_msg")


@case("receive/check-before-and-after-arrival")
def check_before_and_after(t):
    client = t.connected(LATER, packets.publish(TOPIC, b"message"))
    t.call(client.check_msg)
    t.call(client.check_msg)
    t.time_passes(client)
    t.call(client.check_msg)
    t.call(client.check_msg)


@case("receive/wait-after-check")
def wait_after_check(t):
    client = t.connected(LATER, packets.publish(TOPIC, b"message"))
    t.call(client.check_msg)
    t.call(client.wait_msg)


@case("receive/publish-after-check")
def publish_after_check(t):
    client = t.connected(LATER, packets.puback(1))
    t.call(client.check_msg)
    t.call(client.publish, "t", "m", qos=1)


@case("receive/ping-then-pingresp")
def ping_then_pingresp(t):
    client = t.connected(packets.PINGRESP, packets.publish(TOPIC, b"message"))
    t.call(client.ping)
    t.call(client.wait_msg)
    t.call(client.wait_msg)


register_both("eof", EOF)
MESSAGE = packets.publish(b"ab", b"cdef", 1, 7)
for length in range(1, len(MESSAGE)):
    register("receive/eof-in-message-%d" % length, MESSAGE[:length], EOF)
register("receive/eof-in-pingresp", packets.PINGRESP[:1], EOF)
register("receive/eof-in-puback", packets.puback(1)[:3], EOF)
register("receive/eof-after-message", packets.publish(TOPIC, b"last"), EOF, calls=2)
register_both("reset", OSError(104))
register_both("eagain-raised", OSError(11))
register("receive/reset-in-message", MESSAGE[:5], OSError(104))


@case("receive/eof-then-publish")
def eof_then_publish(t):
    client = t.connected(EOF)
    t.call(client.wait_msg)
    t.call(client.publish, "t", "m")


MALFORMED = (
    ("qos-3", b"\x36\x07\x00\x01t\x00\x07mm"),
    ("topic-beyond-packet", b"\x30\x05\x00\x09tmm"),
    ("topic-length-missing", b"\x30\x01\x00"),
    ("publish-empty", b"\x30\x00"),
    ("identifier-missing", b"\x32\x03\x00\x01t"),
    ("identifier-zero", packets.publish(b"t", b"m", 1, 0)),
    ("topic-empty", packets.publish(b"", b"m")),
    ("topic-plus", packets.publish(b"a/+", b"m")),
    ("topic-hash", packets.publish(b"#", b"m")),
    ("topic-nul", packets.publish(b"a\0b", b"m")),
    ("topic-not-utf-8", packets.publish(b"\xff\xfe", b"m")),
    ("length-five-bytes", b"\x30\xff\xff\xff\xff\x01"),
    ("second-connack", packets.CONNACK),
    ("connect", packets.packet(0x10, b"\x00\x04MQTT\x04\x02\x00\x00\x00\x01a")),
    ("subscribe", packets.packet(0x82, b"\x00\x01\x00\x01t\x00")),
    ("unsubscribe", packets.packet(0xA2, b"\x00\x01\x00\x01t")),
    ("pingreq", b"\xc0\x00"),
    ("disconnect", b"\xe0\x00"),
    ("type-0", b"\x00\x00"),
    ("type-15", b"\xf0\x00"),
    ("puback-flags", b"\x42\x02\x00\x01"),
    ("puback-length-0", b"\x40\x00"),
    ("puback-length-3", b"\x40\x03\x00\x01\x00"),
    ("suback-flags", b"\x91\x03\x00\x01\x00"),
    ("suback-length-2", b"\x90\x02\x00\x01"),
    ("unsuback-length-3", b"\xb0\x03\x00\x01\x00"),
    ("pubrel-flags", b"\x60\x02\x00\x01"),
    ("pingresp-flags", b"\xd1\x00"),
    ("pingresp-length-1", b"\xd0\x01\x00"),
    ("garbage-http", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("garbage-ones", b"\xff" * 8),
)
for title, malformed_packet in MALFORMED:
    register("receive/malformed-" + title, malformed_packet, EOF)


@case("receive/malformed-then-publish")
def malformed_then_publish(t):
    client = t.connected(b"\x36\x07\x00\x01t\x00\x07mm")
    t.call(client.wait_msg)
    t.call(client.publish, "t", "m")


@case("receive/announced-256-mb")
def announced_256_mb(t):
    client = t.connected(b"\x30\xff\xff\xff\x7f\x00\x01t", b"m" * 100, EOF)
    t.call(client.wait_msg)


@case("receive/larger-than-the-heap")
def larger_than_the_heap(t):
    # The unix port has 16 MiB in these tests, a board has 38 KB.
    size = 20 << 20 if sys.platform == "linux" else 128 << 10
    head = b"\x30" + packets.remaining_length(3 + size) + b"\x00\x01t"
    client = t.connected(head, Filler(size), packets.publish(b"t", b"after"))
    t.call(client.wait_msg)
    t.call(client.publish, "t", "m")
    t.call(client.wait_msg)
