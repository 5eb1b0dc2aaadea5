# One operation while the heap is in pieces. Before this come lines that set: name, host, port, timeout (seconds, None for
# none), largest (bytes of the largest free block), operation, and online(), which waits for the network.
# Prints `largest` and what a try has found, `outcome` and what the operation has led to, and how it goes on with the heap
# whole again: `closed` when it needs a new connection, `came` for the operation's message, and `alive`.

import gc
from uctypes import addressof
from umqtt.robust import MQTTClient as Robust
from umqtt.simple import MQTTClient, MQTTException

SIZES = {"small": 16, "medium": 200, "large": 600}
# Two of the heap's blocks of 16 bytes, the array and what is in it, one behind the other.
CELL = 32


class Client(Robust if operation == "robust" else MQTTClient):
    DELAY = 0

    def __init__(self, name):
        super().__init__(name, host, port)

    def open(self):
        return self.connect(False) if timeout is None else self.connect(False, timeout)


came = after = corrupt = 0


def got(topic, msg):
    global came, after, corrupt
    if msg == b"after":
        after += 1
    elif len(msg) in (16, 200, 600) and msg[0] == msg[-1] == 120:
        came += 1
    else:
        corrupt += 1


def fragment():
    """Fills the heap with cells, and frees as many side by side as make the largest free block."""
    global cells, plugs
    plugs = [None] * 8
    gc.collect()
    cells = [None] * (gc.mem_free() // CELL)
    try:
        for i in range(len(cells)):
            cells[i] = bytearray(CELL // 2)
    except MemoryError:
        pass
    # A cell stays at every so many bytes. Most are in the order of their addresses, but not all.
    for i in range(len(cells)):
        if cells[i] is not None and addressof(cells[i]) % largest >= CELL:
            cells[i] = None
    gc.collect()
    # Where something else was that is gone by now, a larger block may be free. Only there is room for as much.
    for i in range(len(plugs)):
        size = find_largest()
        if size <= largest:
            break
        plugs[i] = bytearray(size)


def find_largest():
    for size in range(1024, 0, -16):
        try:
            bytearray(size)
            return size
        except MemoryError:
            pass


def send(size):
    """Somebody sends the client a message."""
    p = Client(name + "-p")
    p.open()
    p.publish(name, b"x" * size, False, 1)
    p.disconnect()


def receive():
    while not came:
        c.wait_msg()


online()
c = Client(name)
c.set_callback(got)
what, kind = (operation + " ").split(" ")[:2]
message = b"x" * 24
if what != "connect":
    c.open()
    c.subscribe(name, 1)
if what == "receive":
    send(SIZES[kind])
elif what == "chunks":
    c.set_chunk_callback(lambda topic, chunk, offset, size: offset + len(chunk) == size and got(topic, b"x" * 16), bytearray(64))
    send(SIZES["large"])
elif what == "robust":
    # Takes the session over, so that the broker closes the connection. It stays, for what is freed later would be a hole in
    # the heap that is larger than those that are measured.
    p = Client(name)
    p.open()
    p.disconnect()
qos = int(kind) if what == "publish" else 1
OPERATIONS = {
    "connect": c.open,
    "publish": lambda: c.publish("elsewhere", message, False, qos),
    "robust": lambda: c.reconnect(),
    "subscribe": lambda: c.subscribe("elsewhere", 1),
    "receive": receive,
    "chunks": receive,
    "ping": c.ping,
    "check_msg": c.check_msg,
}
call = OPERATIONS[what]
cells = plugs = None
fragment()
size = find_largest()
try:
    call()
    outcome = "works"
except MemoryError:
    outcome = "MemoryError"
except (OSError, MQTTException, AssertionError) as e:
    outcome = type(e).__name__
cells = plugs = None
gc.collect()
print("largest", size)
print("outcome", outcome)

if what == "connect":
    if outcome != "works":
        c.open()
    c.subscribe(name, 1)
for attempt in range(3):
    try:
        c.publish(name, b"after", False, 1)
        while not after:
            c.wait_msg()
        break
    except (OSError, MQTTException):
        print("closed")
        c.open()
if what in ("receive", "chunks"):
    if not came:
        c.open()
    receive()
    print("came", came)
print("corrupt", corrupt)
if after:
    print("alive")
