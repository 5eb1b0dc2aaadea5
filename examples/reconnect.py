# Counts, and takes orders, through every loss of the connection: no count is left out, and no order that was sent
# meanwhile is lost. The broker keeps the session, because of clean_session=False and a client_id that stays the same.

import time
from umqtt.robust import MQTTClient

SERVER = "test.mosquitto.org"
COUNT = b"umqtt-rs/reconnect/count"
ORDERS = b"umqtt-rs/reconnect/orders"
SECONDS = 10


def order(topic, msg):
    print("order:", msg.decode())


client = MQTTClient("umqtt-rs-reconnect", SERVER, keepalive=30)
client.DEBUG = True  # say what is going on
client.DELAY_MAX = 60  # seconds between two attempts, at most
client.set_callback(order)
client.connect(clean_session=False, timeout=10)
client.subscribe(ORDERS, qos=1)
count = 0
while True:
    count += 1
    client.publish(COUNT, str(count), qos=1)
    for _ in range(SECONDS):
        client.check_msg()
        time.sleep(1)
