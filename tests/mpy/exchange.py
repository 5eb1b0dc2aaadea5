# A connection from its beginning to a broken packet, over a socket that is scripted, and what can be seen of it.

import gc
import sys


class Sock:
    def __init__(self):
        self.out, self.input = [], b""

    def write(self, data):
        self.out.append(bytes(data))
        return len(data)

    def read(self, n):
        data, self.input = self.input[:n], self.input[n:]
        return data

    def connect(self, address):
        pass

    def setblocking(self, value):
        pass

    def settimeout(self, value):
        pass

    def close(self):
        print("closed")


class Module:
    pass


def say(*values):
    print(*values, sock.out)
    sock.out = []


# The port has no network, and no clock.
sock = Sock()
socket = sys.modules["socket"] = Module()
socket.socket = lambda: sock
socket.getaddrinfo = lambda *address: [(address,)]
time = sys.modules["time"] = Module()
time.ticks_ms = lambda: 5

from umqtt.simple import MQTTClient, MQTTException

client = MQTTClient("arm", "broker", keepalive=60, user="user", password="password")
client.set_last_will("will", "gone", True, 1)
got = []
client.set_callback(lambda topic, msg: got.append((topic, msg)))
sock.input = b"\x20\x02\x00\x00"
say(client.connect())
client.publish("a", "b" * 300)
say()
sock.input = b"\x40\x02\x00\x01"
client.publish("\u00e9", b"x", qos=1)
say(client.pid)
sock.input = b"\x50\x02\x00\x02\x70\x02\x00\x02"
client.publish("q", bytearray(b"2"), qos=2)
say(client.pid)
sock.input = b"\x90\x03\x00\x03\x01"
client.subscribe("t/#", 1)
say()
sock.input = b"\x32\x08\x00\x02t1\x00\x09mm"
say(client.wait_msg(), got)
for wrong in (
    lambda: client.publish("a", 5),
    lambda: client.publish("#", "x"),
    lambda: client.publish("a", "b", no_such=1),
    lambda: client.subscribe("a#"),
    lambda: MQTTClient.ping(5),
):
    try:
        print(wrong())
    except Exception as error:
        say(type(error), error)


class Own(MQTTClient):
    def wait_msg(self):
        print("own")
        return super().wait_msg()


own = Own("x", "y")
own.sock = Sock()
own.sock.input = b"\xd0\x00"
gc.collect()
say(own.check_msg(), sorted(own.__dict__))
sock.input = b"\xff\xff\xff\xff\xff"
try:
    client.wait_msg()
except MQTTException as error:
    say(repr(error))
