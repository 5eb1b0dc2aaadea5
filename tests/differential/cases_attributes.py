"""Attributes: each is readable and writable on an instance, what is assigned takes effect, and what the class shows."""

import packets
from harness import case

NAMES = (
    "client_id",
    "sock",
    "server",
    "port",
    "ssl",
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


def register(name):
    @case("attributes/assign-" + name)
    def assign(t):
        client = t.client()
        for value in (None, 7, "text", b"bytes", [1]):
            setattr(client, name, value)
            t.attributes(client, name)

    @case("attributes/assign-on-subclass-instance-" + name)
    def assign_on_subclass_instance(t):
        class Sub(t.MQTTClient):
            pass

        client = Sub("client", "broker")
        other = Sub("client", "broker")
        setattr(client, name, "changed")
        t.attributes(client, name)
        t.show("shared", getattr(other, name, None) == "changed")


for attribute_name in NAMES:
    register(attribute_name)


@case("attributes/sock-replaced")
def sock_replaced(t):
    client = t.connected()
    t.answers(packets.publish(b"t", b"from the other"))
    first, client.sock = client.sock, t.next_socket()
    t.call(client.publish, "t", "m")
    t.call(client.wait_msg)
    client.sock = first
    t.call(client.publish, "t", "m")


@case("attributes/sock-given-without-connect")
def sock_given(t):
    client = t.client()
    client.set_callback(t.callback)
    t.answers(packets.publish(b"t", b"m"), packets.puback(1))
    client.sock = t.next_socket()
    t.call(client.publish, "t", "m")
    t.call(client.wait_msg)
    t.call(client.publish, "t", "m", qos=1)


@case("attributes/cb-removed")
def cb_removed(t):
    client = t.client()
    client.set_callback(len)
    t.show("set", client.cb is len)
    client.cb = None
    t.attributes(client, "cb")


@case("attributes/cb-deleted")
def cb_deleted(t):
    client = t.client()
    client.set_callback(len)
    del client.cb
    t.attributes(client, "cb")


@case("attributes/user-deleted")
def user_deleted(t):
    client = t.client("client", "broker", user="me", password="secret")
    del client.user
    t.attributes(client, "user")


@case("attributes/pid-visible")
def pid_visible(t):
    client = t.connected(packets.puback(1), packets.suback(2))
    t.attributes(client, "pid")
    client.publish("t", "m")
    t.attributes(client, "pid")
    client.publish("t", "m", qos=1)
    t.attributes(client, "pid")
    client.subscribe("t")
    t.attributes(client, "pid")


@case("attributes/pid-not-int")
def pid_not_an_int(t):
    client = t.connected(packets.puback(1))
    client.pid = "x"
    t.call(client.publish, "t", "m", qos=1)


@case("attributes/missing")
def missing(t):
    t.attributes(t.client(), "nothing", "password", "host")


@case("attributes/hasattr")
def has_attribute(t):
    client = t.client()
    for name in NAMES:
        if name not in ("server", "port"):
            t.show(name, hasattr(client, name))


@case("attributes/methods-exist")
def methods_exist(t):
    client = t.client()
    for name in ("set_callback", "set_last_will", "connect", "disconnect", "ping", "publish", "subscribe", "wait_msg"):
        t.show(name, (hasattr(client, name), callable(getattr(client, name)), hasattr(t.MQTTClient, name)))


@case("attributes/delete-missing")
def delete_missing(t):
    client = t.client()

    def delete():
        del client.nothing

    t.call(delete)


@case("attributes/class-assigned")
def assign_on_class(t):
    def assign():
        t.MQTTClient.site = "home"

    t.call(assign)


@case("attributes/class-method-replaced")
def replace_method_on_class(t):
    def replace():
        t.MQTTClient.ping = lambda self: "pong"

    t.call(replace)


@case("attributes/replace-method-on-instance")
def replace_method_on_instance(t):
    client = t.client()
    client.ping = lambda: "pong"
    t.call(client.ping)


@case("attributes/dict-names")
def dict_of_new_client(t):
    t.show("defaults", [name in t.client().__dict__ for name in ("client_id", "pid", "cb", "keepalive", "lw_topic")])


@case("attributes/dict-holds-what-was-assigned")
def dict_holds_assigned(t):
    client = t.client()
    client.room = "kitchen"
    client.keepalive = 60
    t.show("values", (client.__dict__["room"], client.__dict__["keepalive"]))


@case("attributes/type-of-method")
def type_of_method(t):
    t.show("bound", type(t.client().publish).__name__)


@case("attributes/type-of-unbound-method")
def type_of_unbound_method(t):
    t.show("unbound", type(t.MQTTClient.publish).__name__)


@case("attributes/has-unsubscribe")
def has_unsubscribe(t):
    t.show("unsubscribe", hasattr(t.client(), "unsubscribe"))


@case("attributes/has-set-chunk-callback")
def has_set_chunk_callback(t):
    client = t.client()
    t.show("names", [hasattr(client, name) for name in ("set_chunk_callback", "chunk_cb", "chunk_buffer")])


def store_into_default(t):
    t.client().ssl_params["server_hostname"] = "b"


@case("attributes/default-ssl-params-changed")
def default_ssl_params_changed(t):
    t.call(store_into_default, t)


@case("attributes/has-private-send-str")
def has_send_str(t):
    t.show("_send_str", hasattr(t.client(), "_send_str"))


@case("attributes/has-private-recv-len")
def has_recv_len(t):
    t.show("_recv_len", hasattr(t.client(), "_recv_len"))


@case("attributes/module-assigned")
def assign_in_module(t):
    def assign():
        t.module.site = "home"

    t.call(assign)


@case("attributes/module-star")
def star_of_module(t):
    names = {}
    exec("from umqtt.simple import *", names)
    t.show("names", [name in names for name in ("MQTTClient", "MQTTException")])


@case("attributes/has-private-imports")
def module_has_struct(t):
    t.show("names", (hasattr(t.module, "struct"), hasattr(t.module, "socket"), hasattr(t.module, "hexlify")))
