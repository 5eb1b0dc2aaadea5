"""ping(), disconnect(), and every method before connect() and after disconnect()."""

import packets
from harness import EOF, case


@case("lifecycle/ping")
def ping(t):
    client = t.connected()
    t.call(client.ping)
    t.call(client.ping)


@case("lifecycle/disconnect")
def disconnect(t):
    t.call(t.connected().disconnect)


@case("lifecycle/disconnect-keeps-settings")
def disconnect_keeps_settings(t):
    client = t.connected()
    client.disconnect()
    t.attributes(client, "client_id", "user", "pswd", "keepalive", "pid", "lw_topic")


@case("lifecycle/sock-after-disconnect")
def sock_after_disconnect(t):
    client = t.connected()
    client.disconnect()
    t.attributes(client, "sock")


@case("lifecycle/sock-before-connect")
def sock_before_connect(t):
    t.attributes(t.client(), "sock")


@case("lifecycle/sock-while-connected")
def sock_while_connected(t):
    t.attributes(t.connected(), "sock")


@case("lifecycle/whole-session")
def whole_session(t):
    t.answers(
        packets.CONNACK, packets.suback(1), packets.publish(b"domeu", b"test"), packets.puback(2), packets.PINGRESP
    )
    client = t.client("u1", "test.mosquitto.org")
    t.call(client.connect)
    t.call(client.set_callback, t.callback)
    t.call(client.subscribe, "domeu")
    t.call(client.wait_msg)
    t.call(client.publish, "domeu", "reply", qos=1)
    t.call(client.ping)
    t.call(client.check_msg)
    t.call(client.disconnect)


@case("lifecycle/ping-write-fails")
def ping_write_fails(t):
    client = t.connected()
    client.sock.write_error = OSError(104)
    t.call(client.ping)


@case("lifecycle/disconnect-write-fails")
def disconnect_write_fails(t):
    client = t.connected()
    client.sock.write_error = OSError(104)
    t.call(client.disconnect)


@case("lifecycle/disconnect-after-eof")
def disconnect_after_eof(t):
    client = t.connected(EOF)
    t.call(client.wait_msg)
    t.call(client.disconnect)


CALLS = (
    ("publish", ("t", "m")),
    ("publish", ("t", "m", False, 1)),
    ("subscribe", ("t",)),
    ("ping", ()),
    ("wait_msg", ()),
    ("check_msg", ()),
    ("disconnect", ()),
)


def register(method, arguments):
    name = "%s-%d" % (method, len(arguments))

    @case("lifecycle/before-connect-" + name)
    def before_connect(t):
        client = t.client()
        client.set_callback(t.callback)
        t.call(getattr(client, method), *arguments)

    @case("lifecycle/after-disconnect-" + name)
    def after_disconnect(t):
        client = t.connected()
        client.disconnect()
        t.call(getattr(client, method), *arguments)

    @case("lifecycle/after-sock-closed-" + name)
    def after_sock_closed(t):
        client = t.connected()
        client.sock.close()
        t.call(getattr(client, method), *arguments)


for each in CALLS:
    register(*each)


@case("lifecycle/after-refusal-publish")
def after_refusal(t):
    client = t.client()
    t.connect_error = OSError(111)
    t.call(client.connect)
    t.call(client.publish, "t", "m")
