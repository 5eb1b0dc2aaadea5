# What the import of the class, and then an instance, keep of the heap, in bytes. For interpreters that have imported nothing of
# umqtt before. Names that are stored must not make room for themselves meanwhile.

import gc

MQTTClient = client = before = None


def use():
    global MQTTClient
    from umqtt.simple import MQTTClient


def make():
    global client
    client = MQTTClient("id", "broker")


for action in use, make:
    gc.collect()
    before = gc.mem_alloc()
    action()
    gc.collect()
    print(gc.mem_alloc() - before)
