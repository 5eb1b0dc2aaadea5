# One session that must come through: connect with a will, subscribe, publish at every quality of service to itself,
# receive all that, ping, disconnect. What a connection loses is done again on a new one. Each line that it prints is an
# event. Before this come lines that set: name, host, port, timeout (seconds, None for none), qoses, and online(), which
# waits for the network.

from umqtt.simple import MQTTClient, MQTTException

MESSAGE = {0: b"0", 1: b"1" + b"x" * 129, 2: b"2"}
ATTEMPTS = 10

arrived = []
subscribed = False


def got(topic, msg):
    print("got", str(msg[:1], "ascii"), len(msg), msg == MESSAGE.get(msg[0] - 48))
    arrived.append(msg[0] - 48)


def attempt(what, call, *args):
    """Whether the call succeeded; what it raised is told."""
    try:
        call(*args)
        return True
    except (OSError, MQTTException) as e:
        print("raised", what, type(e).__name__, e.args[0])
    except AssertionError:
        print("raised", what, "AssertionError", 0)
    return False


class GaveUp(Exception):
    pass


def connect():
    online()
    present = c.connect(False) if timeout is None else c.connect(False, timeout)
    print("connected", present)
    if subscribed:
        c.subscribe(name + "/#", QOS)


def insist(what, call, *args):
    for _ in range(ATTEMPTS):
        if attempt(what, call, *args):
            return
        if call != connect:
            insist("connect", connect)
    print("gave up", what)
    raise GaveUp


def receive():
    while not all(qos in arrived for qos in qoses if qos > 0):
        c.wait_msg()


def ping():
    c.ping()
    c.wait_msg()


QOS = max(qoses)
c = MQTTClient(name, host, port)
c.set_callback(got)
c.set_last_will("will/" + name, "will", False, 1)
try:
    insist("connect", connect)
    insist("subscribe", c.subscribe, name + "/#", QOS)
    subscribed = True
    for qos in qoses:
        insist("publish %d" % qos, c.publish, name + "/out", MESSAGE[qos], False, qos)
    insist("wait_msg", receive)
    insist("ping", ping)
    attempt("disconnect", c.disconnect)
    print("done")
except GaveUp:
    pass
