"""subscribe() and set_callback(): the packet, SUBACK, and what is refused."""

import packets
from harness import EOF, LATER, case, made, many

SUBSCRIBE_LENGTH_WITHOUT_FILTER = 5


def register(name, *arguments, script=None, **keywords):
    @case("subscribe/" + name)
    def subscribe(t):
        client = t.connected(*(script if script is not None else (packets.suback(1),)))
        t.call(client.subscribe, *made(arguments), **keywords)


KINDS = (
    ("str", "text"),
    ("bytes", b"text"),
    ("bytearray", bytearray(b"text")),
    ("memoryview", memoryview(b"text")),
    ("encoded", "temp\xe9rature".encode()),
)
for kind, value in KINDS:
    register("kind-" + kind, value)
for qos in (0, 1):
    register("qos-%d" % qos, "t", qos)
    register("qos-%d-keyword" % qos, topic="t", qos=qos)
register("qos-2", "t", 2)
register("qos-bool-true", "t", True)
for name, topic in (
    ("hash", "#"),
    ("plus", "+"),
    ("levels", "a/+/c/#"),
    ("plus-twice", "+/+"),
    ("slash", "/"),
    ("slash-plus", "/+"),
    ("dollar", "$SYS/#"),
    ("space", "a b"),
):
    register("filter-" + name, topic)
for granted in (0, 1, 2):
    register("granted-%d" % granted, "t", script=(packets.suback(1, granted),))
register("refused", "t", script=(packets.suback(1, 0x80),))
register("malformed-code-3", "t", script=(packets.suback(1, 3),))
register("malformed-code-255", "t", script=(packets.suback(1, 255),))

# The longest filter of which the reference's one byte of remaining length can speak has 122 bytes.
for size in (1, 100, 121, 122):
    register("filter-size-%d" % size, "f" * size)
for size in (123, 124, 200, 251, 300, 65535):
    register("long-filter-%d" % size, many("f", size))
register("non-ascii-filter", "temp\xe9rature/\u20ac")

for name, topic in (
    ("empty", ""),
    ("empty-bytes", b""),
    ("nul", "a\0"),
    ("hash-not-last", "a/#/b"),
    ("hash-in-level", "a#"),
    ("hash-before-text", "#x"),
    ("plus-in-level", "a+"),
    ("plus-before-text", "+a"),
    ("not-utf-8", b"\xff"),
    ("size-65536", many("f", 65536)),
):
    register("bad-filter-" + name, topic)
for qos in (3, 128, -1):
    register("bad-qos-%d" % qos, "t", qos)
register("bad-qos-256", "t", 256)
register("qos-not-int-str", "t", "1")
register("qos-not-int-none", "t", None)
for kind, wrong in (("int", 5), ("none", None), ("float", 1.5)):
    register("topic-is-" + kind, wrong)
for kind, wrong in (("list", ["t"]), ("tuple", (("t", 0),))):
    register("topic-no-buffer-" + kind, wrong)

register("no-answer", "t", script=())
register("eof", "t", script=(EOF,))
for length in (1, 2, 3, 4):
    register("eof-after-%d" % length, "t", script=(packets.suback(1)[:length], EOF))
register("suback-in-single-bytes", "t", script=(b"\x90", LATER, b"\3", LATER, b"\0", LATER, b"\1", LATER, b"\0"))
register("other-suback-first", "t", script=(packets.suback(9), packets.suback(1)))
register("other-suback-only", "t", script=(packets.suback(9),))
register("puback-first", "t", script=(packets.puback(1), packets.suback(1)))
register("pingresp-first", "t", script=(packets.PINGRESP, packets.suback(1)))
register("message-first", "t", script=(packets.publish(b"t", b"retained", retain=1), packets.suback(1)))
register("qos-1-message-first", "t", script=(packets.publish(b"t", b"kept", 1, 4), packets.suback(1)))
register("malformed-length-2", "t", script=(b"\x90\x02\x00\x01",))
register("malformed-length-4", "t", script=(b"\x90\x04\x00\x01\x00\x00",))
register("malformed-flags", "t", script=(b"\x91\x03\x00\x01\x00",))


@case("subscribe/without-callback")
def without_callback(t):
    client = t.connected(packets.suback(1))
    client.set_callback(None)
    t.call(client.subscribe, "t")
    t.attributes(client, "pid")


@case("subscribe/without-callback-or-connection")
def without_callback_or_connection(t):
    t.call(t.client().subscribe, "t")


@case("subscribe/message-after")
def message_after(t):
    client = t.connected(packets.suback(1) + packets.publish(b"t", b"m"))
    t.call(client.subscribe, b"t")
    t.call(client.wait_msg)


@case("subscribe/three-filters")
def three_filters(t):
    client = t.connected(packets.suback(1), packets.suback(2), packets.suback(3))
    for topic in ("a", b"b/#", "c/+"):
        t.call(client.subscribe, topic, 1)
    t.attributes(client, "pid")


@case("subscribe/refused-then-granted")
def refused_then_granted(t):
    client = t.connected(packets.suback(1, 0x80), packets.suback(2))
    t.call(client.subscribe, "secret")
    t.call(client.subscribe, "open")


@case("subscribe/identifier-shared-with-publish")
def identifier_shared(t):
    client = t.connected(packets.suback(1), packets.puback(2), packets.suback(3))
    t.call(client.subscribe, "t")
    t.call(client.publish, "t", "m", qos=1)
    t.call(client.subscribe, "t")


@case("subscribe/identifier-wraps")
def identifier_wraps(t):
    client = t.connected(packets.suback(1))
    client.pid = 65535
    t.call(client.subscribe, "t")
    t.attributes(client, "pid")


@case("subscribe/identifier-65535")
def identifier_65535(t):
    client = t.connected(packets.suback(65535))
    client.pid = 65534
    t.call(client.subscribe, "t")
    t.attributes(client, "pid")


@case("subscribe/write-fails")
def write_fails(t):
    client = t.connected(packets.suback(1))
    client.sock.write_error = OSError(104)
    t.call(client.subscribe, "t")


@case("subscribe/callback-set-to-another")
def set_to_another(t):
    client = t.connected(packets.publish(b"t", b"1"), packets.publish(b"t", b"2"))
    t.call(client.wait_msg)
    t.call(client.set_callback, lambda topic, message: t.show("other", (topic, message)))
    t.call(client.wait_msg)


@case("subscribe/callback-assigned-to-cb")
def assigned_to_cb(t):
    client = t.connected(packets.publish(b"t", b"1"))
    client.cb = lambda topic, message: t.show("assigned", (topic, message))
    t.call(client.wait_msg)


@case("subscribe/callback-bound-method")
def bound_method(t):
    class Application:
        def received(self, topic, message):
            t.show("application", (topic, message))

    client = t.connected(packets.publish(b"t", b"1"))
    t.call(client.set_callback, Application().received)
    t.call(client.wait_msg)


@case("subscribe/callback-callable-object")
def callable_object(t):
    class Application:
        def __call__(self, topic, message):
            t.show("called", (topic, message))

    client = t.connected(packets.publish(b"t", b"1"))
    client.set_callback(Application())
    t.call(client.wait_msg)


@case("subscribe/callback-types-of-arguments")
def types_of_arguments(t):
    client = t.connected(packets.publish(b"t", b""))
    client.set_callback(lambda topic, message: t.show("types", (type(topic), type(message))))
    t.call(client.wait_msg)


@case("subscribe/callback-result-ignored")
def result_ignored(t):
    client = t.connected(packets.publish(b"t", b"1"))
    client.set_callback(lambda topic, message: 42)
    t.call(client.wait_msg)


def register_raising(name, error, qos):
    @case("subscribe/callback-" + name)
    def wait(t):
        def refuse(topic, message):
            t.show("seen", (topic, message))
            raise error

        client = t.connected(packets.publish(b"t", b"1", qos, 7), packets.publish(b"t", b"2", qos, 8))
        client.set_callback(refuse)
        t.call(client.wait_msg)
        client.set_callback(t.callback)
        t.call(client.wait_msg)
        t.call(client.publish, "t", "still here")


register_raising("raises-qos-0", ValueError("no"), 0)
register_raising("raises-qos-1", ValueError("no"), 1)
register_raising("raises-oserror", OSError(5), 1)


@case("subscribe/callback-none")
def callback_none(t):
    client = t.connected(packets.publish(b"t", b"1"))
    client.set_callback(None)
    t.call(client.wait_msg)


@case("subscribe/callback-wrong-number-of-arguments")
def wrong_number_of_arguments(t):
    client = t.connected(packets.publish(b"t", b"1"))
    client.set_callback(lambda topic: None)
    t.call(client.wait_msg)


@case("subscribe/callback-publishes-qos-0")
def publishes_qos_0(t):
    client = t.connected(packets.publish(b"t", b"1"))
    client.set_callback(lambda topic, message: client.publish(b"echo", message))
    t.call(client.wait_msg)


@case("subscribe/callback-publishes-qos-1")
def publishes_qos_1(t):
    client = t.connected(packets.publish(b"t", b"1", 1, 7), packets.puback(1))
    client.set_callback(lambda topic, message: client.publish(b"echo", message, qos=1))
    t.call(client.wait_msg)


@case("subscribe/callback-nested-publish-other-order")
def nested_publish_other_order(t):
    client = t.connected(packets.publish(b"t", b"1"), packets.puback(1), packets.puback(2))

    def echo(topic, message):
        client.set_callback(t.callback)
        t.call(client.publish, b"echo", message, qos=1)

    client.set_callback(echo)
    t.call(client.publish, b"outer", b"x", qos=1)


@case("subscribe/callback-meanwhile-a-message")
def meanwhile_a_message(t):
    client = t.connected(packets.publish(b"t", b"1"), packets.publish(b"t", b"2", 1, 7), packets.puback(1))

    def answer(topic, message):
        client.set_callback(t.callback)
        client.publish(b"answer", message, qos=1)
        t.callback(topic, message)

    client.set_callback(answer)
    t.call(client.wait_msg)


@case("subscribe/callback-subscribes")
def subscribes(t):
    client = t.connected(packets.publish(b"t", b"1"), packets.suback(1))
    client.set_callback(lambda topic, message: client.subscribe(b"more"))
    t.call(client.wait_msg)


@case("subscribe/callback-waits")
def waits(t):
    client = t.connected(packets.publish(b"t", b"1"), packets.publish(b"t", b"2"))

    def received(topic, message):
        t.callback(topic, message)
        if message == b"1":
            t.call(client.wait_msg)

    client.set_callback(received)
    t.call(client.wait_msg)


@case("subscribe/callback-disconnects")
def disconnects(t):
    client = t.connected(packets.publish(b"t", b"1"))
    client.set_callback(lambda topic, message: client.disconnect())
    t.call(client.wait_msg)
