"""Subclassing: overriding, super(), unbound calls, and the methods that call `self.wait_msg()` of the outer object."""

import packets
from harness import EOF, case


def counting_waits(t):
    class Counting(t.MQTTClient):
        waits = 0

        def wait_msg(self):
            self.waits += 1
            result = super().wait_msg()
            t.show("wait_msg", result)
            return result

    return Counting("client", "broker")


def register_counting(name, script, method, *arguments, **keywords):
    @case("dispatch/counts-waits-" + name)
    def call(t):
        client = t.connected(*script, client=counting_waits(t))
        t.call(getattr(client, method), *arguments, **keywords)
        t.attributes(client, "waits")


INCOMING = packets.publish(b"in", b"x")
register_counting("publish-qos-0", (), "publish", "t", "m")
register_counting("publish-qos-1", (packets.puback(1),), "publish", "t", "m", qos=1)
register_counting("publish-message-first", (INCOMING, packets.puback(1)), "publish", "t", "m", qos=1)
register_counting("publish-ping-first", (packets.PINGRESP, packets.puback(1)), "publish", "t", "m", qos=1)
register_counting("subscribe", (packets.suback(1),), "subscribe", "t")
register_counting("subscribe-message-first", (INCOMING * 2, packets.suback(1)), "subscribe", "t")
register_counting("check", (INCOMING,), "check_msg")
register_counting("check-nothing", (), "check_msg")
register_counting("wait", (INCOMING,), "wait_msg")


@case("dispatch/check-calls-overridden-wait")
def check_calls_overridden_wait(t):
    class Answering(t.MQTTClient):
        def wait_msg(self):
            return "mine"

    t.call(t.connected(client=Answering("client", "broker")).check_msg)


@case("dispatch/check-calls-wait-of-instance")
def check_calls_wait_of_instance(t):
    client = t.connected()
    client.wait_msg = lambda: "instance"
    t.call(client.check_msg)


def register_raising(method, *arguments, **keywords):
    @case("dispatch/raising-wait-" + method)
    def call(t):
        class Raising(t.MQTTClient):
            def wait_msg(self):
                raise ValueError("from wait_msg")

        client = t.connected(client=Raising("client", "broker"))
        t.call(getattr(client, method), *arguments, **keywords)


register_raising("publish", "t", "m", qos=1)
register_raising("subscribe", "t")
register_raising("check_msg")


@case("dispatch/override-publish")
def override_publish(t):
    class Prefixing(t.MQTTClient):
        def publish(self, topic, msg, retain=False, qos=0):
            return super().publish("home/" + topic, msg, retain, qos)

    client = t.connected(packets.puback(1), client=Prefixing("client", "broker"))
    t.call(client.publish, "t", "m")
    t.call(client.publish, "t", "m", qos=1)


@case("dispatch/override-connect")
def override_connect(t):
    class Keeping(t.MQTTClient):
        def connect(self):
            return super().connect(False)

    t.answers(packets.connack(flags=1))
    t.call(Keeping("client", "broker").connect)


@case("dispatch/override-subscribe-and-set-callback")
def override_subscribe(t):
    class Noting(t.MQTTClient):
        def set_callback(self, f):
            t.show("set_callback", f is not None)
            super().set_callback(f)

        def subscribe(self, topic, qos=1):
            return super().subscribe(topic, qos)

    t.call(t.connected(packets.suback(1), client=Noting("client", "broker")).subscribe, "t")


@case("dispatch/override-ping-and-disconnect")
def override_ping(t):
    class Noting(t.MQTTClient):
        def ping(self):
            t.show("ping", 1)
            return super().ping()

        def disconnect(self):
            self.ping()
            super().disconnect()

    t.call(t.connected(client=Noting("client", "broker")).disconnect)


@case("dispatch/override-init")
def override_init(t):
    class Named(t.MQTTClient):
        def __init__(self, room):
            super().__init__("client-" + room, "broker", keepalive=60)
            self.room = room

    client = Named("kitchen")
    t.attributes(client, "client_id", "keepalive", "room")
    t.answers(packets.CONNACK)
    t.call(client.connect)


@case("dispatch/override-init-by-class-name")
def override_init_by_class_name(t):
    base = t.MQTTClient

    class Named(base):
        def __init__(self):
            base.__init__(self, "named", "broker", 1884)

    t.attributes(Named(), "client_id", "keepalive")


@case("dispatch/two-levels")
def two_levels(t):
    class Middle(t.MQTTClient):
        def wait_msg(self):
            t.show("middle", 1)
            return super().wait_msg()

    class Outer(Middle):
        def wait_msg(self):
            t.show("outer", 1)
            return super().wait_msg()

    client = t.connected(packets.puback(1), client=Outer("client", "broker"))
    t.call(client.publish, "t", "m", qos=1)


@case("dispatch/mixin")
def mixin(t):
    class Counter:
        count = 0

        def increase(self):
            self.count += 1

    class Mixed(t.MQTTClient, Counter):
        def ping(self):
            self.increase()
            super().ping()

    client = t.connected(client=Mixed("client", "broker"))
    t.call(client.ping)
    t.attributes(client, "count")


@case("dispatch/base-method-called-from-other-method")
def base_method_from_other(t):
    class Sensor(t.MQTTClient):
        def send(self, value):
            self.publish(b"sensor", str(value))
            return value

    t.call(t.connected(client=Sensor("client", "broker")).send, 21)


@case("dispatch/extra-attributes")
def extra_attributes(t):
    client = t.client()
    client.room = "kitchen"
    client.count = [1]
    client.count.append(2)
    t.attributes(client, "room", "count", "missing")


@case("dispatch/isinstance")
def is_instance(t):
    class Sub(t.MQTTClient):
        pass

    sub = Sub("client", "broker")
    t.show("is", (isinstance(sub, Sub), isinstance(sub, t.MQTTClient), issubclass(Sub, t.MQTTClient)))
    t.show("type", type(t.client()) is t.MQTTClient)


@case("dispatch/class-attributes-of-subclass")
def class_attributes_of_subclass(t):
    class Sub(t.MQTTClient):
        site = "home"

    Sub.site = "away"
    t.attributes(Sub("client", "broker"), "site")


def register_unbound(name, script, method, *arguments, **keywords):
    @case("dispatch/unbound-" + name)
    def call(t):
        client = t.connected(*script)
        t.call(getattr(t.MQTTClient, method), client, *arguments, **keywords)


register_unbound("publish", (), "publish", "t", "m")
register_unbound("publish-keywords", (packets.puback(1),), "publish", topic="t", msg="m", qos=1)
register_unbound("subscribe", (packets.suback(1),), "subscribe", "t")
register_unbound("wait_msg", (INCOMING,), "wait_msg")
register_unbound("check_msg", (INCOMING,), "check_msg")
register_unbound("ping", (), "ping")
register_unbound("disconnect", (), "disconnect")
register_unbound("set_callback", (), "set_callback", None)
register_unbound("set_last_will", (), "set_last_will", "t", "m")


@case("dispatch/unbound-kept-method")
def kept_method(t):
    publish = t.connected().publish
    t.call(publish, "t", "m")
    t.call(publish, "t", "n")


@case("dispatch/unbound-foreign-self")
def foreign_self(t):
    for method, arguments in (("publish", ("t", "m")), ("ping", ()), ("wait_msg", ())):
        t.call(getattr(t.MQTTClient, method), None, *arguments)


@case("dispatch/unbound-duck-typed-self")
def duck_typed_self(t):
    class Duck:
        pass

    duck = Duck()
    t.call(t.MQTTClient.set_callback, duck, 5)
    t.attributes(duck, "cb")


@case("dispatch/robust-publishes-again-after-reconnect")
def robust_like(t):
    class Robust(t.MQTTClient):
        def publish(self, topic, msg, retain=False, qos=0):
            while True:
                try:
                    return super().publish(topic, msg, retain, qos)
                except OSError as error:
                    t.show("publish failed", error.args)
                self.connect(False)

    client = t.connected(EOF, client=Robust("client", "broker"))
    t.answers(packets.CONNACK, packets.puback(2))
    t.call(client.publish, "t", "m", qos=1)


@case("dispatch/robust-wait-again-after-reconnect")
def robust_wait(t):
    class Robust(t.MQTTClient):
        def wait_msg(self):
            while True:
                try:
                    return super().wait_msg()
                except OSError as error:
                    t.show("wait failed", error.args)
                self.connect(False)

    client = t.connected(EOF, client=Robust("client", "broker"))
    t.answers(packets.CONNACK, packets.publish(b"t", b"m"))
    t.call(client.wait_msg)
