"""The constructor: its arguments, its defaults, and the attributes of a client that has not connected."""

from harness import case

ATTRIBUTES = (
    "client_id",
    "sock",
    "server",
    "port",
    "ssl_params",
    "pid",
    "cb",
    "user",
    "pswd",
    "keepalive",
    "lw_topic",
    "lw_msg",
    "lw_qos",
    "lw_retain",
)

# Ways to construct a client that all succeed: name, positional and keyword arguments.
FORMS = (
    ("two-positional", ("id", "broker"), {}),
    ("port", ("id", "broker", 1884), {}),
    ("port-zero", ("id", "broker", 0), {}),
    ("user", ("id", "broker", 0, "me", "secret"), {}),
    ("keepalive", ("id", "broker", 0, None, None, 60), {}),
    ("all-positional", ("id", "broker", 8884, "me", "secret", 60, True, {"cert": 1}), {}),
    ("all-keywords", (), {"client_id": "id", "server": "broker", "port": 7, "user": "u", "password": "p"}),
    ("keywords-in-another-order", (), {"server": "broker", "client_id": "id"}),
    ("keepalive-keyword", ("id", "broker"), {"keepalive": 30}),
    ("password-only", ("id", "broker"), {"password": "secret"}),
    ("ssl-chooses-port", ("id", "broker"), {"ssl": True}),
    ("ssl-keeps-port", ("id", "broker", 1883), {"ssl": True}),
    ("ssl-params", ("id", "broker"), {"ssl": True, "ssl_params": {"server_hostname": "b"}}),
    ("bytes", (b"id", b"broker"), {}),
    ("bytearray-client-id", (bytearray(b"id"), "broker"), {}),
    ("non-ascii-client-id", ("caf\xe9", "broker"), {}),
    ("client-id-none", (None, "broker"), {}),
    ("client-id-int", (7, "broker"), {}),
    ("client-id-empty", ("", "broker"), {}),
    ("user-bytes", ("id", "broker", 0, b"me", b"secret"), {}),
    ("keepalive-none", ("id", "broker"), {"keepalive": None}),
)

# Ways to construct a client that all fail.
WRONG_FORMS = (
    ("no-arguments", (), {}),
    ("one-argument", ("id",), {}),
    ("server-missing", (), {"client_id": "id"}),
    ("client-id-missing", (), {"server": "broker"}),
    ("nine-arguments", ("id", "broker", 0, None, None, 0, False, {}, 9), {}),
    ("unknown-keyword", ("id", "broker"), {"clean": True}),
    ("twice-client-id", ("id", "broker"), {"client_id": "other"}),
    ("twice-port", ("id", "broker", 1), {"port": 2}),
)


def register_form(name, positional, keywords):
    @case("init/" + name)
    def construct(t):
        client = t.client(*positional, **keywords) if positional else t.MQTTClient(**keywords)
        t.attributes(client, *[each for each in ATTRIBUTES if each not in ("server", "port")])

    @case("init/server-" + name)
    def construct_and_show_server(t):
        client = t.client(*positional, **keywords) if positional else t.MQTTClient(**keywords)
        t.attributes(client, "server", "port")


def register_wrong_form(name, positional, keywords):
    @case("init/wrong-" + name)
    def construct(t):
        t.call(t.MQTTClient, *positional, **keywords)


for form in FORMS:
    register_form(*form)
for form in WRONG_FORMS:
    register_wrong_form(*form)


@case("init/ssl-default")
def ssl_default(t):
    t.attributes(t.client(), "ssl")


@case("init/ssl-default-is-false")
def ssl_default_is_false(t):
    t.show("truth", bool(t.client().ssl))


@case("init/ssl-given")
def ssl_given(t):
    for value in (False, True, None, 1, "context"):
        t.attributes(t.client("id", "broker", ssl=value), "ssl")


@case("init/name-lookup")
def name_lookup(t):
    t.shows_network = True
    t.client()


@case("init/unknown-host")
def unknown_host(t):
    t.lookup_error = OSError(-2)
    t.call(t.MQTTClient, "id", "nowhere")


@case("init/attribute-addr")
def attribute_addr(t):
    t.attributes(t.client(), "addr")


@case("init/twice")
def twice(t):
    client = t.client("id", "broker", user="me", password="secret", keepalive=9)
    client.pid = 7
    t.call(client.__init__, "other", "broker")
    t.attributes(client, "client_id", "user", "pswd", "keepalive", "pid")


@case("init/exception-class")
def exception_class(t):
    t.show("bases", issubclass(t.MQTTException, Exception))
    t.show("name", t.MQTTException.__name__)
    t.show("made", t.MQTTException(5).args)
    t.show("class", t.MQTTClient.__name__)


@case("init/exception-raised")
def exception_raised(t):
    def refuse(*arguments):
        raise t.MQTTException(*arguments)

    t.call(refuse)
    t.call(refuse, 5)
    t.call(refuse, "a", "b")


def uninitialised(t):
    class Bare(t.MQTTClient):
        def __init__(self):
            pass

    return Bare()


CALLS_BEFORE_INIT = (
    ("publish", ("t", "m")),
    ("subscribe", ("t",)),
    ("ping", ()),
    ("wait_msg", ()),
    ("check_msg", ()),
    ("disconnect", ()),
)


def register_before_init(method, arguments):
    @case("init/before-init-" + method)
    def call(t):
        t.call(getattr(uninitialised(t), method), *arguments)


for call_before_init in CALLS_BEFORE_INIT:
    register_before_init(*call_before_init)


@case("init/connect-before-init")
def connect_before_init(t):
    try:
        uninitialised(t).connect()
    except AttributeError:
        # Which attribute is missed first is the library's business.
        t.show("missing", "an attribute")


@case("init/settings-before-init")
def set_callback_before_init(t):
    client = uninitialised(t)
    t.call(client.set_callback, len)
    t.call(client.set_last_will, "t", "m")
    t.attributes(client, "lw_topic", "lw_msg", "lw_qos", "lw_retain")
