# What the import of the class keeps of the heap, in bytes. For interpreters that have imported nothing of umqtt before. Names
# that are stored must not make room for themselves meanwhile.

import gc

MQTTClient = before = None


def use():
    global MQTTClient
    from umqtt.simple import MQTTClient


gc.collect()
before = gc.mem_alloc()
use()
gc.collect()
print(gc.mem_alloc() - before)
