# Obeys "on" and "off", tells what it has done, and is free for other work in between.
#
#   mosquitto_pub -h test.mosquitto.org -t umqtt-rs/commands/led -m on

import time
from machine import Pin
from umqtt.simple import MQTTClient

SERVER = "test.mosquitto.org"
COMMAND = b"umqtt-rs/commands/led"
STATE = b"umqtt-rs/commands/led/state"

led = Pin(2, Pin.OUT)


def obey(topic, msg):
    if msg == b"on":
        led(1)
    elif msg == b"off":
        led(0)
    else:
        return
    client.publish(STATE, msg, retain=True)


client = MQTTClient("umqtt-rs-commands", SERVER, keepalive=60)
client.set_callback(obey)
client.connect()
client.subscribe(COMMAND)
while True:
    # Returns at once, and calls obey() when a message is there. It also keeps the connection alive.
    client.check_msg()
    # Here the board does whatever else it has to do.
    time.sleep_ms(100)
