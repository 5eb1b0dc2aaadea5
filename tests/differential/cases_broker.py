"""The same calls with a real broker: what each side writes is recorded on its way into a real socket.

A case uses client identifiers and topics of its own and leaves nothing at the broker. The libraries run it one after
another, never at once, since they use the same identifiers.
"""

import time

from harness import case

# A message takes milliseconds over loopback. This only ends a case whose message never comes.
PATIENCE_MS = 5000
PAUSE_MS = 5


class Peer:
    """A client of the library under test and the messages that its callback was given."""

    def __init__(self, t, name, **options):
        host, port = t.broker_address
        self.t = t
        self.received = []
        self.client = t.MQTTClient(name, host, port, **options)
        self.client.set_callback(self.receive)

    def receive(self, topic, message):
        self.received.append((topic, message))
        self.t.callback(topic, message)

    def check_until(self, count):
        """Calls check_msg() until this many messages are there; what it returns meanwhile is a matter of timing."""
        started = time.ticks_ms()
        while len(self.received) < count and time.ticks_diff(time.ticks_ms(), started) < PATIENCE_MS:
            self.client.check_msg()
            time.sleep_ms(PAUSE_MS)
        self.t.show("messages", len(self.received))


def connected(t, name, *arguments, **options):
    peer = Peer(t, name, **options)
    t.call(peer.client.connect, *arguments)
    return peer


@case("broker/connect-and-disconnect")
def connect_and_disconnect(t):
    t.call(connected(t, "d-connect").client.disconnect)


@case("broker/publish-qos-0")
def publish_qos_0(t):
    client = connected(t, "d-publish-0").client
    t.call(client.publish, "d/publish-0", "message")
    t.call(client.publish, b"d/publish-0", b"")
    t.call(client.disconnect)


@case("broker/publish-qos-1")
def publish_qos_1(t):
    client = connected(t, "d-publish-1").client
    for number in range(3):
        t.call(client.publish, "d/publish-1", str(number), qos=1)
    t.attributes(client, "pid")
    t.call(client.disconnect)


@case("broker/publish-int")
def publish_int(t):
    client = connected(t, "d-int").client
    t.call(client.publish, "d/int", 120)
    t.call(client.publish, "d/int", "120", qos=1)
    t.call(client.disconnect)


def register_echo(qos, size):
    @case("broker/echo-qos-%d-size-%d" % (qos, size))
    def echo(t):
        topic = "d/echo-%d-%d" % (qos, size)
        peer = connected(t, topic)
        t.call(peer.client.subscribe, topic, qos)
        t.call(peer.client.publish, topic, "m" * size)
        t.call(peer.client.wait_msg)
        t.call(peer.client.disconnect)


for message_size in (0, 1, 127, 128, 16384):
    register_echo(0, message_size)
register_echo(1, 200)


@case("broker/two-clients-qos-1")
def two_clients_qos_1(t):
    subscriber = connected(t, "d-two-subscriber")
    t.call(subscriber.client.subscribe, b"d/two/#", 1)
    publisher = connected(t, "d-two-publisher")
    for number in range(3):
        t.call(publisher.client.publish, "d/two/%d" % number, "message", qos=1)
    for _ in range(3):
        t.call(subscriber.client.wait_msg)
    t.call(publisher.client.disconnect)
    t.call(subscriber.client.disconnect)


@case("broker/check-nothing-then-message")
def check_nothing_then_message(t):
    peer = connected(t, "d-check")
    t.call(peer.client.subscribe, "d/check")
    t.call(peer.client.check_msg)
    t.call(peer.client.publish, "d/check", "message")
    peer.check_until(1)
    t.call(peer.client.check_msg)
    t.call(peer.client.disconnect)


@case("broker/retained-message")
def retained_message(t):
    publisher = connected(t, "d-retained-publisher")
    t.call(publisher.client.publish, "d/retained", "kept", True, 1)
    subscriber = connected(t, "d-retained-subscriber")
    t.call(subscriber.client.subscribe, "d/retained")
    subscriber.check_until(1)
    t.call(publisher.client.publish, "d/retained", "", True, 1)
    t.call(subscriber.client.disconnect)
    t.call(publisher.client.disconnect)


@case("broker/session-present")
def session_present(t):
    peer = connected(t, "d-session", True)
    t.call(peer.client.disconnect)
    t.call(peer.client.connect, False)
    t.call(peer.client.subscribe, "d/session", 1)
    t.call(peer.client.disconnect)
    t.call(peer.client.connect, False)
    t.call(peer.client.disconnect)
    t.call(peer.client.connect, True)
    t.call(peer.client.disconnect)


@case("broker/message-kept-for-session")
def message_kept_for_session(t):
    peer = connected(t, "d-kept", False)
    t.call(peer.client.subscribe, "d/kept", 1)
    t.call(peer.client.disconnect)
    publisher = connected(t, "d-kept-publisher")
    t.call(publisher.client.publish, "d/kept", "while away", qos=1)
    t.call(publisher.client.disconnect)
    t.call(peer.client.connect, False)
    peer.check_until(1)
    t.call(peer.client.disconnect)
    t.call(peer.client.connect, True)
    t.call(peer.client.disconnect)


@case("broker/ping")
def ping(t):
    client = connected(t, "d-ping", keepalive=60).client
    t.call(client.ping)
    t.call(client.wait_msg)
    t.call(client.disconnect)


@case("broker/will-after-lost-connection")
def will_after_lost_connection(t):
    subscriber = connected(t, "d-will-subscriber")
    t.call(subscriber.client.subscribe, "d/will")
    lost = Peer(t, "d-will-lost")
    lost.client.set_last_will("d/will", "gone", qos=1)
    t.call(lost.client.connect)
    lost.client.sock.close()
    t.call(subscriber.client.wait_msg)
    t.call(subscriber.client.disconnect)


@case("broker/no-will-after-disconnect")
def no_will_after_disconnect(t):
    subscriber = connected(t, "d-no-will-subscriber")
    t.call(subscriber.client.subscribe, "d/no-will")
    leaving = Peer(t, "d-no-will-leaving")
    leaving.client.set_last_will("d/no-will", "gone")
    t.call(leaving.client.connect)
    t.call(leaving.client.disconnect)
    t.call(subscriber.client.publish, "d/no-will", "marker")
    t.call(subscriber.client.wait_msg)
    t.call(subscriber.client.disconnect)


@case("broker/user-and-password")
def user_and_password(t):
    client = connected(t, "d-user", user="anyone", password="anything").client
    t.call(client.publish, "d/user", "m", qos=1)
    t.call(client.disconnect)


@case("broker/refused-port")
def refused_port(t):
    client = t.MQTTClient("d-refused", t.broker_address[0], 1)
    t.call(client.connect)


@case("broker/non-ascii-message")
def non_ascii_message(t):
    peer = connected(t, "d-accent")
    t.call(peer.client.subscribe, "d/accent")
    t.call(peer.client.publish, "d/accent", "21 \xb0C")
    t.call(peer.client.wait_msg)
    peer.client.sock.close()


@case("broker/coalesced-messages")
def coalesced_messages(t):
    peer = connected(t, "d-many")
    t.call(peer.client.subscribe, "d/many")
    for number in range(10):
        t.call(peer.client.publish, "d/many", str(number))
    for _ in range(10):
        t.call(peer.client.wait_msg)
    t.call(peer.client.disconnect)
