# A session with a broker that is not to be trusted, and then one with a broker that is. Before this come lines that set
# host, port, timeout (seconds, None for none), and online(), which waits for the network.

from umqtt.simple import MQTTClient, MQTTException

MESSAGES = 100

c = MQTTClient("hostile", host, port)
c.set_callback(lambda topic, msg: None)


def connect(patience):
    if timeout is None:
        c.connect()
    else:
        c.connect(True, patience)


online()
try:
    connect(timeout)
    c.subscribe("t", 2)
    for _ in range(MESSAGES):
        c.wait_msg()
except Exception as e:
    print("raised", type(e).__name__)

# This one answers, if not always at once on a busy computer.
connect(60)
c.publish("t", "m", False, 1)
print("alive")
