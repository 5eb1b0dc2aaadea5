"""publish(): the packet for every kind and size of topic and message, acknowledgements, and what is refused."""

import packets
from harness import EOF, LATER, case, made, many

# The fixed part of what counts as remaining length: the topic's own length.
TOPIC_PREFIX = 2


def register(name, *arguments, script=(), socket_options={}, **keywords):
    @case("publish/" + name)
    def publish(t):
        client = t.connected(*script, **socket_options)
        t.call(client.publish, *made(arguments), **keywords)
        t.attributes(client, "pid")


KINDS = (
    ("str", "text"),
    ("bytes", b"text"),
    ("bytearray", bytearray(b"text")),
    ("memoryview", memoryview(b"text")),
    ("encoded", "21 \xb0C".encode()),
)
for topic_kind, topic in KINDS:
    for message_kind, message in KINDS:
        register("kinds-%s-%s" % (topic_kind, message_kind), topic, message)
for kind, message in KINDS:
    register("qos-1-kind-" + kind, "t", message, False, 1, script=(packets.puback(1),))
for kind, empty in (("str", ""), ("bytes", b""), ("bytearray", bytearray()), ("memoryview", memoryview(b""))):
    register("message-empty-" + kind, "t", empty)
register("message-binary", "t", bytes(range(256)))
register("message-slice-of-memoryview", "t", memoryview(b"0123456789")[3:7])
register("topic-with-levels", "a/b/c/d", "m")
register("topic-of-slash", "/", "m")
register("topic-with-space", "a b", "m")
register("topic-with-dollar", "$SYS/x", "m")

register("non-ascii-topic", "maison/temp\xe9rature", "21")
register("non-ascii-message", "t", "21 \xb0C")
register("non-ascii-both", "maison/temp\xe9rature", "21 \xb0C")
register("non-ascii-qos-1", "\u20ac", "\U0001f600", False, 1, script=(packets.puback(1),))

register("keywords", topic="t", msg="m", retain=True, qos=0)
register("keyword-msg", "t", msg="m")
register("keyword-retain", "t", "m", retain=True)
register("keyword-qos", "t", "m", qos=1, script=(packets.puback(1),))
register("all-positional", "t", "m", True, 1, script=(packets.puback(1),))
for retain in (True, False, 1, 0):
    for qos in (0, 1):
        register("retain-%r-qos-%d" % (retain, qos), "t", "m", retain, qos, script=(packets.puback(1),) if qos else ())
register("qos-bool-true", "t", "m", False, True, script=(packets.puback(1),))
register("qos-bool-false", "t", "m", False, False)
for name, retain in (("none", None), ("2", 2), ("text", "yes"), ("empty-text", "")):
    register("retain-truth-" + name, "t", "m", retain)

for edge in packets.LENGTH_EDGES:
    register("remaining-length-%d" % edge, "t", many("m", edge - TOPIC_PREFIX - 1))
    register(
        "remaining-length-%d-qos-1" % edge, "t", many(b"m", edge - TOPIC_PREFIX - 3), qos=1, script=(packets.puback(1),)
    )
for size in (1, 20, 60, 61, 62, 63, 64, 65, 255, 256, 1000):
    register("message-size-%d" % size, "t", b"m" * size)
for size in (127, 128, 255, 256, 65535):
    register("topic-size-%d" % size, many("t", size), "m")

for kind, wrong in (("int", 120), ("none", None), ("float", 1.5), ("true", True), ("object", object())):
    register("message-is-" + kind, "t", wrong)
    register("topic-is-" + kind, wrong, "m")
    register("qos-1-message-is-" + kind, "t", wrong, False, 1)
for kind, wrong in (("list", [1, 2]), ("tuple", (1,)), ("dict", {1: 2}), ("set", {1})):
    register("message-no-buffer-" + kind, "t", wrong)
    register("topic-no-buffer-" + kind, wrong, "m")
register("topic-and-message-are-ints", 1, 2)
register("qos-1-topic-and-message-are-ints", 1, 2, False, 1)

for name, topic in (
    ("empty", ""),
    ("empty-bytes", b""),
    ("plus", "+"),
    ("plus-level", "a/+/b"),
    ("plus-inside", "a+b"),
    ("hash", "#"),
    ("hash-level", "a/#"),
    ("nul", "a\0b"),
    ("nul-alone", "\0"),
    ("not-utf-8", b"a\xff"),
    ("surrogate", b"a\xed\xa0\x80"),
    ("overlong", b"a\xc0\xaf"),
    ("cut-off", b"a\xe2\x82"),
    ("size-65536", many("t", 65536)),
):
    register("bad-topic-" + name, topic, "m")
register("bad-topic-qos-1", "a/#", "m", False, 1)
for qos in (3, 4, 255, 256, -1):
    register("bad-qos-%d" % qos, "t", "m", False, qos)
for kind, qos in (("str", "1"), ("none", None), ("float", 1.0)):
    register("qos-not-int-" + kind, "t", "m", False, qos)

register("qos-1-no-answer", "t", "m", qos=1)
register("qos-1-eof", "t", "m", qos=1, script=(EOF,))
for length in (1, 2, 3):
    register("qos-1-eof-after-%d" % length, "t", "m", qos=1, script=(packets.puback(1)[:length], EOF))
register("qos-1-reset", "t", "m", qos=1, script=(OSError(104),))
register("qos-1-other-puback-first", "t", "m", qos=1, script=(packets.puback(9), packets.puback(1)))
register("qos-1-other-puback-only", "t", "m", qos=1, script=(packets.puback(9),))
register("qos-1-message-first", "t", "m", qos=1, script=(packets.publish(b"in", b"hello"), packets.puback(1)))
register("qos-1-messages-first", "t", "m", qos=1, script=(packets.publish(b"in", b"hello") * 3, packets.puback(1)))
register("qos-1-qos-1-message-first", "t", "m", qos=1, script=(packets.publish(b"in", b"x", 1, 7), packets.puback(1)))
register("qos-1-pingresp-first", "t", "m", qos=1, script=(packets.PINGRESP, packets.puback(1)))
register("qos-1-suback-first", "t", "m", qos=1, script=(packets.suback(9), packets.puback(1)))
# An UNSUBACK whose identifier looks like the beginning of a PUBACK.
register("qos-1-misleading-unsuback", "t", "m", qos=1, script=(packets.unsuback(0x4002), packets.puback(1)))
register("qos-1-puback-in-single-bytes", "t", "m", qos=1, script=(b"\x40", LATER, b"\x02", LATER, b"\0", LATER, b"\1"))
register("qos-1-malformed-puback-length", "t", "m", qos=1, script=(b"\x40\x03\x00\x01\x00",))
register("qos-1-malformed-puback-flags", "t", "m", qos=1, script=(b"\x41\x02\x00\x01",))
register("qos-2-completes", "t", "m", qos=2, script=(b"\x50\x02\x00\x01", b"\x70\x02\x00\x01"))
register("qos-2-no-answer", "t", "m", qos=2)
register("qos-2-eof", "t", "m", qos=2, script=(EOF,))

register("short-writes", "topic", "message", socket_options={"write_limit": 3})
register("short-writes-qos-1", "t", b"m" * 300, qos=1, script=(packets.puback(1),), socket_options={"write_limit": 7})


def register_large(name, size):
    @case("publish/" + name)
    def publish(t):
        client = t.connected()
        t.call(client.publish, "t", bytearray(size))
        t.call(client.publish, "t", "after")


register_large("message-just-below-2-mib", 2097151 - TOPIC_PREFIX - 1)
register_large("message-of-2-mib", 2097152)


@case("publish/five-in-a-row")
def five_in_a_row(t):
    client = t.connected()
    for message in ("test", "120", "125", b"130", ""):
        t.call(client.publish, "domeu", message)


@case("publish/identifiers-count")
def identifiers_count(t):
    client = t.connected(packets.puback(1) + packets.puback(2), packets.puback(3))
    for number in (1, 2, 3):
        t.call(client.publish, "t", str(number), qos=1)
    t.attributes(client, "pid")


def register_identifier(before, after):
    @case("publish/identifier-after-%d" % before)
    def publish(t):
        client = t.connected(packets.puback(after))
        client.pid = before
        t.call(client.publish, "t", "m", qos=1)
        t.attributes(client, "pid")


for number in (41, 254, 255, 256, 65533, 65534):
    register_identifier(number, number + 1)


@case("publish/identifier-wraps")
def identifier_wraps(t):
    client = t.connected(packets.puback(1))
    client.pid = 65535
    t.call(client.publish, "t", "m", qos=1)
    t.attributes(client, "pid")


@case("publish/int-then-text")
def int_then_text(t):
    client = t.connected()
    t.call(client.publish, "domeu/test", 120)
    t.call(client.publish, "domeu/test", "120")


@case("publish/list-then-text")
def list_then_text(t):
    client = t.connected()
    t.call(client.publish, "domeu/test", [1])
    t.call(client.publish, "domeu/test", "120")


@case("publish/write-fails")
def write_fails(t):
    client = t.connected()
    client.sock.write_error = OSError(104)
    t.call(client.publish, "t", "m")


@case("publish/write-fails-qos-1")
def write_fails_qos_1(t):
    client = t.connected(packets.puback(1))
    client.sock.write_error = OSError(32)
    t.call(client.publish, "t", "m", qos=1)


@case("publish/two-clients")
def two_clients(t):
    first = t.connected()
    second = t.connected()
    t.call(first.publish, "t", "1")
    t.call(second.publish, "t", "2")
    t.call(first.publish, "t", "3")


@case("publish/stray-puback-then-next")
def stray_puback_then_next(t):
    client = t.connected(packets.puback(9), packets.puback(1), packets.puback(2))
    t.call(client.publish, "t", "m", qos=1)
    t.call(client.publish, "t", "m", qos=1)


@case("publish/message-changed-after-call")
def message_changed(t):
    client = t.connected()
    message = bytearray(b"before")
    t.call(client.publish, "t", message)
    message[:] = b"after!"
    t.call(client.publish, "t", message)
