"""connect(): the CONNECT packet for every setting of the client, the address used, TLS, and a second connect()."""

import packets
from harness import EOF, case, made, many

CONNECT_LENGTH_WITHOUT_CLIENT_ID = 12


def connect(t, *arguments, client=None, **keywords):
    t.answers(packets.CONNACK)
    t.call((client or t.client()).connect, *arguments, **keywords)


def register(name, make, *arguments, **keywords):
    @case("connect/" + name)
    def connect_it(t):
        connect(t, *arguments, client=make(t), **keywords)


def constructed(*arguments, **keywords):
    return lambda t: t.client(*made(arguments), **keywords)


def with_will(*arguments, **keywords):
    def make(t):
        client = t.client()
        client.set_last_will(*made(arguments), **keywords)
        return client

    return make


DEFAULT = constructed("client", "broker")

register("default", DEFAULT)
for flag in (True, False, 1, 0):
    register("clean-session-%r" % flag, DEFAULT, flag)
    register("clean-session-keyword-%r" % flag, DEFAULT, clean_session=flag)
for name, flag in (("none", None), ("2", 2), ("text", "yes"), ("empty-text", "")):
    register("clean-session-truth-" + name, DEFAULT, flag)

for seconds in (0, 1, 60, 127, 128, 255, 256, 300, 65535, None):
    register("keepalive-%r" % seconds, constructed("client", "broker", keepalive=seconds))
register("keepalive-above-limit-65536", constructed("client", "broker", keepalive=65536))
register("keepalive-above-limit-100000", constructed("client", "broker", keepalive=100000))

KINDS = (
    ("str", "text"),
    ("bytes", b"text"),
    ("bytearray", bytearray(b"text")),
    ("memoryview", memoryview(b"text")),
)
for kind, value in KINDS:
    register("client-id-" + kind, constructed(value, "broker"))
    register("user-" + kind, constructed("client", "broker", 0, value, "secret"))
    register("password-" + kind, constructed("client", "broker", 0, "me", value))
    register("will-topic-" + kind, with_will(value, "gone"))
    register("will-message-" + kind, with_will("last", value))
register("password-binary", constructed("client", "broker", 0, "me", b"\x00\xff"))
register("will-message-binary", with_will("last", b"\x00\xff\xfe"))
register("will-message-empty", with_will("last", ""))
register("user-empty", constructed("client", "broker", 0, "", ""))
register("password-empty", constructed("client", "broker", 0, "me", ""))
register("password-without-user", constructed("client", "broker", 0, None, "secret"))

ACCENTED = "caf\xe9 \u20ac"
register("non-ascii-client-id", constructed(ACCENTED, "broker"))
register("non-ascii-user", constructed("client", "broker", 0, ACCENTED, "secret"))
register("non-ascii-password", constructed("client", "broker", 0, "me", ACCENTED))
register("non-ascii-will-topic", with_will(ACCENTED, "gone"))
register("non-ascii-will-message", with_will("last", ACCENTED))
register("encoded-client-id", constructed(ACCENTED.encode(), "broker"))
register("encoded-will", with_will(ACCENTED.encode(), ACCENTED.encode()))

register("user-without-password", constructed("client", "broker", 0, "me"))
register("client-id-empty", constructed("", "broker"))
register("client-id-empty-bytes", constructed(b"", "broker"))
register("client-id-empty-session-kept", constructed("", "broker"), False)
register("client-id-none", constructed(None, "broker"))
register("client-id-int", constructed(7, "broker"))
register("user-int", constructed("client", "broker", 0, 7, "secret"))
register("password-int", constructed("client", "broker", 0, "me", 7))

for edge in packets.LENGTH_EDGES:
    register("remaining-length-%d" % edge, constructed(many("i", edge - CONNECT_LENGTH_WITHOUT_CLIENT_ID), "broker"))
register("client-id-23", constructed("i" * 23, "broker"))
register("client-id-65535", constructed(many("i", 65535), "broker"))
register("client-id-too-long", constructed(many("i", 65536), "broker"))
register("will-message-65535", with_will("last", many("m", 65535)))
register("will-message-too-long", with_will("last", many("m", 65536)))

for qos in (0, 1, 2):
    for retain in (False, True):
        register("will-qos-%d-retain-%r" % (qos, retain), with_will("last", "gone", retain, qos))
register("will-keywords", with_will(topic="last", msg="gone", qos=1, retain=True))
register("will-retain-truth-2", with_will("last", "gone", 2))
register("will-retain-truth-none", with_will("last", "gone", None))
register("will-message-none", with_will("last", None))
register("will-message-int", with_will("last", 7))
register("will-bad-topic-nul", with_will("la\0st", "gone"))
register("will-bad-topic-wildcard", with_will("last/#", "gone"))


@case("connect/everything-at-once")
def everything(t):
    client = t.client("client", "broker", user="me", password="secret", keepalive=300)
    client.set_last_will("last", "gone", retain=True, qos=2)
    connect(t, False, client=client)


@case("connect/will-wrong-qos")
def will_wrong_qos(t):
    client = t.client()
    for qos in (3, -1, 255):
        t.call(client.set_last_will, "last", "gone", False, qos)
    t.attributes(client, "lw_topic", "lw_msg", "lw_qos", "lw_retain")


@case("connect/will-empty-topic")
def will_empty_topic(t):
    for topic in ("", b"", None):
        t.call(t.client().set_last_will, topic, "gone")


@case("connect/will-qos-not-int")
def will_qos_not_an_int(t):
    t.call(t.client().set_last_will, "last", "gone", False, "1")


@case("connect/will-attributes")
def will_attributes(t):
    client = t.client()
    t.call(client.set_last_will, b"last", bytearray(b"gone"), 1, 2)
    t.attributes(client, "lw_topic", "lw_msg", "lw_qos", "lw_retain")


@case("connect/will-replaced")
def will_replaced(t):
    client = t.client()
    client.set_last_will("first", "one", True, 2)
    client.set_last_will("second", "two")
    connect(t, client=client)


@case("connect/will-taken-back")
def will_taken_back(t):
    client = t.client()
    client.set_last_will("last", "gone")
    client.lw_topic = None
    connect(t, client=client)


@case("connect/will-set-by-attributes")
def will_by_attributes(t):
    client = t.client()
    client.lw_topic, client.lw_msg, client.lw_qos, client.lw_retain = b"last", b"gone", 1, True
    connect(t, client=client)


@case("connect/settings-changed-by-attributes")
def settings_by_attributes(t):
    client = t.client()
    client.client_id, client.user, client.pswd, client.keepalive = "other", "you", "hidden", 10
    connect(t, client=client)


@case("connect/address-used")
def address_used(t):
    t.shows_network = True
    connect(t, client=t.client("client", "broker", 1884))


@case("connect/address-default")
def address_default(t):
    t.shows_network = True
    connect(t)


@case("connect/address-changed-by-attributes")
def address_changed(t):
    client = t.client()
    client.server, client.port = "elsewhere", 99
    t.shows_network = True
    connect(t, client=client)


@case("connect/unknown-host")
def unknown_host(t):
    client = t.client()
    t.lookup_error = OSError(-2)
    connect(t, client=client)


@case("connect/unknown-host-then-found")
def unknown_host_then_found(t):
    client = t.client()
    t.lookup_error = OSError(-2)
    t.call(client.connect)
    t.lookup_error = None
    connect(t, client=client)


@case("connect/refused-port")
def refused_port(t):
    t.connect_error = OSError(111)
    connect(t)


@case("connect/refused-port-then-open")
def refused_port_then_open(t):
    client = t.client()
    t.connect_error = OSError(111)
    t.call(client.connect)
    t.connect_error = None
    connect(t, client=client)


@case("connect/timeout")
def timeout(t):
    t.answers(packets.CONNACK)
    t.call(t.client().connect, True, 5)


@case("connect/timeout-keyword")
def timeout_keyword(t):
    t.answers(packets.CONNACK)
    t.call(t.client().connect, timeout=5)


@case("connect/timeout-runs-out")
def timeout_runs_out(t):
    t.answers()
    t.call(t.client().connect, timeout=5)


@case("connect/no-answer")
def no_answer(t):
    t.answers()
    t.call(t.client().connect)


@case("connect/session-kept-then-wait")
def session_kept(t):
    t.answers(packets.connack(flags=1), packets.publish(b"t", b"m", qos=1, pid=3))
    client = t.client()
    client.set_callback(t.callback)
    t.call(client.connect, False)
    t.call(client.wait_msg)


@case("connect/write-fails")
def write_fails(t):
    t.answers(packets.CONNACK, write_error=OSError(104))
    t.call(t.client().connect)


@case("connect/short-writes")
def short_writes(t):
    t.answers(packets.CONNACK, write_limit=3)
    t.call(t.client().connect)


@case("connect/again-while-connected")
def again_while_connected(t):
    client = t.connected()
    connect(t, client=client)


@case("connect/again-after-disconnect")
def again_after_disconnect(t):
    client = t.connected()
    client.disconnect()
    connect(t, False, client=client)
    t.call(client.publish, "t", "m")


@case("connect/again-after-sock-closed")
def again_after_sock_closed(t):
    client = t.connected()
    client.sock.close()
    connect(t, False, client=client)


@case("connect/again-identifiers-go-on")
def again_identifiers_go_on(t):
    client = t.connected(packets.puback(1))
    t.call(client.publish, "t", "m", qos=1)
    client.disconnect()
    t.answers(packets.CONNACK, packets.puback(2))
    client.connect()
    t.call(client.publish, "t", "m", qos=1)
    t.attributes(client, "pid")


@case("connect/again-after-refusal")
def again_after_refusal(t):
    client = t.client()
    t.answers(packets.connack(3))
    t.call(client.connect)
    connect(t, client=client)


@case("connect/again-after-eof")
def again_after_eof(t):
    client = t.connected(EOF)
    t.call(client.wait_msg)
    connect(t, False, client=client)


def register_tls(name, **options):
    @case("connect/tls-" + name)
    def connect_tls(t):
        t.shows_network = True
        client = t.client("client", "broker", **options)
        t.answers(packets.CONNACK)
        t.call(client.connect)
        t.call(client.publish, "t", "m")
        t.call(client.disconnect)


register_tls("true", ssl=True)
register_tls("true-other-port", port=8884, ssl=True)
register_tls("params", ssl=True, ssl_params={"server_hostname": "broker", "cert_reqs": 2})
register_tls("false-with-params", ssl=False, ssl_params={"server_hostname": "broker"})


@case("connect/tls-context")
def tls_context(t):
    class Context:
        def wrap_socket(self, sock, **options):
            t.show("context", sorted(options.items()))
            return t.ssl.wrap_socket(sock, **options)

    t.answers(packets.CONNACK)
    t.call(t.client("client", "broker", ssl=Context()).connect)


@case("connect/tls-handshake-fails")
def tls_handshake_fails(t):
    def refuse(sock, **options):
        raise OSError(-0x2700)

    t.ssl.wrap_socket = refuse
    t.answers(packets.CONNACK)
    t.call(t.client("client", "broker", ssl=True).connect)
