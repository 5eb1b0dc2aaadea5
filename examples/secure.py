# Speaks to the broker in secret, and makes sure that it is the right one.
#
# ca.der is the certificate of whoever has signed the broker's, in the form that boards read:
#
#   openssl x509 -in mosquitto.org.crt -outform DER -out ca.der

import ssl
from umqtt.simple import MQTTClient

SERVER = "test.mosquitto.org"
TOPIC = "umqtt-rs/secure"

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cafile="ca.der")

client = MQTTClient("umqtt-rs-secure", SERVER, ssl=context)  # on port 8883
client.connect()
client.publish(TOPIC, "nobody else has read this")
client.disconnect()
