# Reads slower than the messages come, and counts them by their quality of service: 9000 at QoS 1 and 1000 at QoS 2.

import time
from umqtt.simple import MQTTClient

def got(topic, msg):
    counts[msg] += 1

counts = {b'1': 0, b'2': 0}
c = MQTTClient('flooded', 'test.mosquitto.org')
c.set_callback(got)
c.connect(False, 15)
c.subscribe('flood', 2)
print('subscribed')
while counts[b'1'] < 9000 or counts[b'2'] < 1000:
    c.wait_msg()
    if sum(counts.values()) % 50 == 0:
        time.sleep_ms(1)
print(counts[b'1'] >= 9000, counts[b'2'])
