# Measures what umqtt.simple takes of the heap: one line "name bytes" each. Run by heap.rs, against a real broker.

import gc, sys


def taken(action):
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    action()
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def kept(action):
    gc.collect()
    before = gc.mem_alloc()
    action()
    gc.collect()
    return gc.mem_alloc() - before


def use():
    global MQTTClient
    from umqtt.simple import MQTTClient


def make():
    global client
    client = MQTTClient("heap", "test.mosquitto.org")


def publish_qos_0():
    client.publish(TOPIC, MESSAGE)


def publish_qos_1():
    client.publish(TOPIC, MESSAGE, False, 1)


def receive():
    client.wait_msg()


def bytes_of_the_message():
    bytes(MESSAGE_BUFFER)


def ping():
    client.ping()


def idle_check():
    client.check_msg()


def delivered(topic, message):
    pass


def measure(name, action):
    action()
    results.append((name, taken(action)))


TOPIC, MESSAGE = b"heap/topic", b"a message of 24 letters."
MESSAGE_BUFFER = bytearray(MESSAGE)
results = []
# Names that the script stores later must not make room for themselves while something is measured.
MQTTClient = client = None

# What the import brings for any program, not for this module alone.
import errno, struct, binascii, socket, select

results.append(("import", kept(use)))
results.append(("instance", kept(make)))
client.set_callback(delivered)
client.connect()
measure("publish QoS 0", publish_qos_0)
measure("publish QoS 1", publish_qos_1)
client.ping()
client.wait_msg()
client.subscribe(TOPIC)
for _ in range(2):
    client.publish(TOPIC, MESSAGE)
measure("receive", receive)
measure("bytes of the message", bytes_of_the_message)
measure("ping", ping)
for _ in range(2):
    client.wait_msg()
measure("check_msg, idle", idle_check)
client.disconnect()
for name, number in results:
    print(name, number, sep="\t")
