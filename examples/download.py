# Receives a file that may be larger than the heap, and writes it to flash piece by piece.
#
#   mosquitto_pub -h test.mosquitto.org -t umqtt-rs/download -f picture.jpg

import os
from umqtt.simple import MQTTClient

SERVER = "test.mosquitto.org"
TOPIC = "umqtt-rs/download"

buffer = bytearray(512)


# Messages that do not fit the buffer come here, in pieces. chunk is a view of the buffer, good until we return.
def receive_chunk(topic, chunk, offset, size):
    with open("download.part", "ab" if offset else "wb") as file:
        file.write(chunk)
    if offset + len(chunk) == size:
        # Only what is complete gets the name.
        os.rename("download.part", "download.bin")
        print("received", size, "bytes")


# The others come here.
def receive(topic, msg):
    receive_chunk(topic, msg, 0, len(msg))


client = MQTTClient("umqtt-rs-download", SERVER)
client.set_callback(receive)
client.set_chunk_callback(receive_chunk, buffer)
client.connect()
client.subscribe(TOPIC)
while True:
    client.wait_msg()
