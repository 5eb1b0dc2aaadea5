# Answers each message of a flood within the callback, and waits there for the answer's acknowledgement.

from umqtt.simple import MQTTClient

def got(topic, msg):
    global depth, deepest
    depth += 1
    deepest = max(deepest, depth)
    c.publish('answer', msg, qos=1)
    taken.append(int(msg))
    depth -= 1

taken, depth, deepest = [], 0, 0
c = MQTTClient('answering', 'test.mosquitto.org')
c.set_callback(got)
print(c.connect(True, 15))
c.subscribe('question', 2)
asking = MQTTClient('asking', 'test.mosquitto.org')
print(asking.connect(True, 15))
for n in range(90):
    asking.publish('question', str(n), qos=1 + n // 60)
while len(taken) < 90:
    c.wait_msg()
print(taken == list(range(90)), deepest)
