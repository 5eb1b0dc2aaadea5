"""Argument counts and names of every method: what is missing, too much, unknown or given twice."""

from harness import case

# Method, the number of its required arguments, the names of all of them.
METHODS = (
    ("set_callback", 1, ("f",)),
    ("set_last_will", 2, ("topic", "msg", "retain", "qos")),
    ("disconnect", 0, ()),
    ("ping", 0, ()),
    ("publish", 2, ("topic", "msg", "retain", "qos")),
    ("subscribe", 1, ("topic", "qos")),
    ("wait_msg", 0, ()),
    ("check_msg", 0, ()),
)


def register(method, required, names):
    def add(name, *arguments, **keywords):
        @case("arguments/%s-%s" % (method, name))
        def call(t):
            t.call(getattr(t.connected(), method), *arguments, **keywords)

    for count in range(required):
        add("%d-given" % count, *["t"] * count)
    add("one-too-many", *["t"] * (len(names) + 1))
    add("three-too-many", *["t"] * (len(names) + 3))
    add("unknown-keyword", *["t"] * required, unknown=1)
    if names:
        add("first-given-twice", *["t"] * required, **{names[0]: "t"})
    if required > 1:
        add("first-missing", **{names[1]: "t"})

    @case("arguments/%s-unbound-without-self" % method)
    def unbound_without_self(t):
        t.call(getattr(t.MQTTClient, method))


for method_entry in METHODS:
    register(*method_entry)


def register_connect(name, *arguments, **keywords):
    @case("arguments/connect-" + name)
    def call(t):
        t.call(t.client().connect, *arguments, **keywords)


register_connect("unknown-keyword", unknown=1)
register_connect("first-given-twice", True, clean_session=True)
register_connect("five-given", True, 1, 2, 3, 4)


@case("arguments/keywords-from-dict")
def keywords_from_dict(t):
    client = t.connected()
    t.call(client.publish, **{"topic": "t", "msg": "m", "retain": True})
    t.call(client.publish, *("t", "m"), **{"qos": 0})


@case("arguments/set-callback-keyword")
def set_callback_keyword(t):
    client = t.client()
    t.call(client.set_callback, f=len)
    t.show("set", client.cb is len)


@case("arguments/set-last-will-keywords")
def set_last_will_keywords(t):
    client = t.client()
    t.call(client.set_last_will, msg="m", topic="t", qos=1)
    t.attributes(client, "lw_topic", "lw_msg", "lw_qos", "lw_retain")


@case("arguments/missing-message-by-keyword")
def missing_message(t):
    t.call(t.connected().publish, topic="t")
