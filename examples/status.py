# Lets everybody see whether the board is there: "online" is retained, so whoever comes later gets it too; and when
# the board vanishes, the broker publishes "offline" for it.

import time
from umqtt.simple import MQTTClient

SERVER = "test.mosquitto.org"
TOPIC = "umqtt-rs/status"

# Without a sign of life for one and a half times keepalive, the broker takes the board for gone.
client = MQTTClient("umqtt-rs-status", SERVER, keepalive=30)
client.set_last_will(TOPIC, "offline", retain=True)
client.connect()
client.publish(TOPIC, "online", retain=True)
while True:
    client.check_msg()
    time.sleep(1)
