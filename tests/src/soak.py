# Publishes numbered messages to itself, at every quality of service in turn, through connections that break again and
# again. Before this come lines that set: name, host, port, timeout (seconds, None for none), count, minutes (None: until
# count), qoses, and online(), which waits for the network.
# Prints lines: `tick messages heap` from time to time, and at the end the figures. Memory use is that after a collection.

import gc
import sys
import time
from umqtt.simple import MQTTClient, MQTTException

TICK = max(count // 20, 100) if minutes is None else 1000

received = [0] * 3
last = [0] * 3
lost = [0] * 3
twice = [0] * 3
connections = 0
longest = 0


def got(topic, msg):
    qos, number = msg.split()
    qos, number = int(qos), int(number)
    received[qos] += 1
    if number <= last[qos]:
        twice[qos] += 1
    else:
        lost[qos] += number - last[qos] - 1
        last[qos] = number


def timed(call, *args):
    global longest
    before = time.ticks_ms()
    try:
        return call(*args)
    finally:
        longest = max(longest, time.ticks_diff(time.ticks_ms(), before))


def connect():
    global connections
    while True:
        online()
        try:
            if timeout is None:
                present = timed(c.connect, False)
            else:
                present = timed(c.connect, False, timeout)
            connections += 1
            if not present:
                timed(c.subscribe, name, max(qoses))
            return
        except (OSError, MQTTException):
            pass


def insist(call, *args):
    while True:
        try:
            return timed(call, *args)
        except (OSError, MQTTException):
            connect()


c = MQTTClient(name, host, port)
c.set_callback(got)
connect()
sent = [0] * 3
start = time.ticks_ms()
n = 0
while n < count and (minutes is None or time.ticks_diff(time.ticks_ms(), start) < minutes * 60000):
    n += 1
    qos = qoses[n % len(qoses)]
    sent[qos] += 1
    insist(c.publish, name, b"%d %d" % (qos, sent[qos]), False, qos)
    if n % 8 == 0:
        insist(c.check_msg)
    if n % TICK == 0:
        gc.collect()
        print("tick", n, gc.mem_alloc())
while any(last[qos] < sent[qos] for qos in qoses if qos):
    insist(c.wait_msg)
gc.collect()
print("tick", n, gc.mem_alloc())
print("identifier", c.pid)
print("connections", connections)
print("longest", longest)
for qos in qoses:
    print("qos", qos, sent[qos], received[qos], lost[qos], twice[qos])
print("done")
