# Publishes a measurement every ten seconds. Free memory stands for a sensor, so nothing has to be wired.

import gc
import time
from umqtt.simple import MQTTClient

SERVER = "test.mosquitto.org"
TOPIC = "umqtt-rs/sensor/free-memory"
SECONDS = 10


def measure():
    gc.collect()
    return gc.mem_free()


client = MQTTClient("umqtt-rs-sensor", SERVER)
client.connect()
while True:
    client.publish(TOPIC, str(measure()))
    time.sleep(SECONDS)
