"""What the cases are written with: the registry, the canonical trace, the scripted socket and the bench.

A case is a function that takes a `Bench`, and is registered as `<subject>/<name>` in `cases_<subject>.py`. It
drives a client and prints nothing itself: the bench writes the trace, one line an event, and the traces of two
libraries are equal when a user could not tell them apart:

    wire 300600...          what was written since the line before, joined, however many writes it took
    return <value>          what a call returned
    raise <type> <args>     or raised
    callback <topic> <msg>  what the subscribe callback was given
    closed                  a socket was closed for the first time
    hang                    a read blocks, and nothing will ever come: the last line
    <label> <value>         what a case shows besides

The second socket of a case has `wire#2` and `closed#2`, the TLS stream over the first `wire-tls` and `closed-tls`.
"""

import hashlib
import sys
from binascii import hexlify

import packets

# In a socket's script: what follows has not arrived yet. A blocking read waits for it, any other read has nothing.
LATER = None
# In a socket's script: the broker closed its side.
EOF = b""

# Longer stretches of wire are shown by their beginning and their SHA-256.
WIRE_SHOWN = 160

EBADF = 9
ETIMEDOUT = 110

cases = {}
# A board's memory does not hold all cases of a subject: when this is a name, only that case is kept.
only = None


def case(name):
    """Registers the decorated function under this name."""

    def register(function):
        if name in cases:
            raise ValueError("two cases are called " + name)
        if only is None or only == name:
            cases[name] = function
        return function

    return register


class Large:
    """A value that is made when its case runs: a board's memory does not hold those of all cases."""

    def __init__(self, make):
        self.make = make


def many(part, count):
    return Large(lambda: part * count)


def made(values):
    """The values, those that are `Large` being made."""
    return [value.make() if isinstance(value, Large) else value for value in values]


class Filler:
    """So many bytes in a socket's script that are made only as they are read."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, part):
        start, stop = part.start or 0, self.length if part.stop is None else min(part.stop, self.length)
        return Filler(stop - start) if start else bytes(stop)


class Hang(BaseException):
    """Ends a case whose client waits for what will never come."""


class Trace:
    """Prints the events, and collects what is written between two of them."""

    def __init__(self):
        self.label = None
        self.ended = False
        self.restart()

    def restart(self):
        """Forgets what was written since the last event."""
        self.length = 0
        self.head = b""
        self.digest = hashlib.sha256()

    def wrote(self, label, data):
        if label != self.label:
            self.flush()
            self.label = label
        self.length += len(data)
        if len(self.head) < WIRE_SHOWN:
            self.head += bytes(data[: WIRE_SHOWN - len(self.head)])
        self.digest.update(data)

    def flush(self):
        if not self.length:
            return
        shown = hexlify(self.head).decode()
        if self.length > WIRE_SHOWN:
            digest = hexlify(self.digest.digest()).decode()
            shown = "%s... %d bytes, sha256 %s" % (shown[:32], self.length, digest)
        self.line("wire%s %s" % (self.label, shown))
        self.restart()

    def line(self, text):
        if not self.ended:
            print(text)

    def event(self, *words):
        self.flush()
        self.line(" ".join(words))

    def end(self, *words):
        self.event(*words)
        self.ended = True


class ScriptedSocket:
    """A socket whose broker side is a list of chunks, `LATER`, `EOF` and exceptions.

    It behaves as MicroPython's stream sockets do: a blocking `read(n)` gathers n bytes over as many chunks as it takes
    and gives fewer at the end only; a non-blocking one gives what is there, or None. With `short_reads`, a read gives
    one chunk at most, as `recv` would. With `write_limit`, a write takes that many bytes at most.
    """

    def __init__(self, bench, label, script, short_reads=False, write_limit=None, write_error=None):
        self.bench = bench
        self.label = label
        self.script = script
        self.short_reads = short_reads
        self.write_limit = write_limit
        self.write_error = write_error
        self.timeout = None
        self.closed = False

    def __repr__(self):
        return "<socket%s>" % self.label

    def connect(self, address):
        self.bench.network_event("connect" + self.label, repr(address))
        if self.bench.connect_error:
            raise self.bench.connect_error

    def setblocking(self, flag):
        self.timeout = None if flag else 0

    def settimeout(self, seconds):
        self.timeout = seconds

    def write(self, data, length=None):
        self._check_open()
        if self.write_error:
            raise self.write_error
        data = memoryview(data)
        if length is not None:
            data = data[:length]
        if self.write_limit is not None:
            data = data[: self.write_limit]
        self.bench.trace.wrote(self.label, data)
        return len(data)

    def read(self, length):
        self._check_open()
        if length == 0:
            return b""
        if length > 65536:
            # A stream makes room for all that is asked for, and a final zero: here a heap that is too small shows.
            bytearray(length + 1)
        gathered = b""
        while len(gathered) < length:
            if not self.script:
                if gathered and self.timeout == 0:
                    return gathered
                return self._nothing_more()
            following = self.script[0]
            if following is LATER:
                if self.timeout == 0:
                    return gathered or None
                self.script.pop(0)
            elif isinstance(following, BaseException):
                raise self.script.pop(0)
            elif len(following) == 0:
                return gathered
            else:
                gathered += self._take(length - len(gathered))
                if self.short_reads:
                    return gathered
        return gathered

    def close(self):
        if not self.closed:
            self.closed = True
            self.bench.trace.event("closed" + self.label)

    def _take(self, length):
        chunk = self.script[0]
        if len(chunk) > length:
            self.script[0] = chunk[length:]
        else:
            self.script.pop(0)
        return chunk[:length]

    def _nothing_more(self):
        if self.timeout == 0:
            return None
        if self.timeout is not None:
            raise OSError(ETIMEDOUT)
        self.bench.trace.end("hang")
        raise Hang()

    def _check_open(self):
        if self.closed:
            raise OSError(EBADF)


class RecordingSocket:
    """A real socket, whose written bytes and whose end go to the trace."""

    def __init__(self, bench, label, sock):
        self.bench = bench
        self.label = label
        self.sock = sock
        self.closed = False
        self.connect = sock.connect
        self.read = sock.read
        self.setblocking = sock.setblocking
        self.settimeout = sock.settimeout

    def write(self, data, length=None):
        data = memoryview(data)
        if length is not None:
            data = data[:length]
        written = self.sock.write(data)
        if written:
            self.bench.trace.wrote(self.label, data[:written])
        return written

    def close(self):
        self.sock.close()
        if not self.closed:
            self.closed = True
            self.bench.trace.event("closed" + self.label)


class FakeSocketModule:
    """Stands for the module `socket`: its sockets are scripted."""

    def __init__(self, bench):
        self.bench = bench

    def socket(self, *_):
        return self.bench.next_socket()

    def getaddrinfo(self, host, port, *_):
        self.bench.network_event("lookup", repr(host), repr(port))
        if self.bench.lookup_error:
            raise self.bench.lookup_error
        return [(2, 1, 6, "", (host, port))]


class RecordingSocketModule:
    """Stands for the module `socket`: its sockets are real ones that are recorded."""

    def __init__(self, bench):
        import socket

        self.bench = bench
        self.real = socket
        self.getaddrinfo = socket.getaddrinfo

    def socket(self, *arguments):
        return RecordingSocket(self.bench, self.bench.next_label(), self.real.socket(*arguments))


class FakeSslModule:
    """Stands for the module `ssl`: shows what it is asked to wrap, and how."""

    def __init__(self, bench):
        self.bench = bench

    def wrap_socket(self, sock, **options):
        shown = ["%s=%r" % (name, options[name]) for name in sorted(options)]
        self.bench.trace.event("wrap_socket", repr(sock), *shown)
        return ScriptedSocket(self.bench, sock.label + "-tls", sock.script)


class Bench:
    """What a case gets: clients of the library under test, the broker's side of their sockets, and the trace."""

    def __init__(self):
        self.trace = Trace()
        self.scripts = []
        self.sockets = 0
        self.shows_network = False
        self.lookup_error = None
        self.connect_error = None
        self.broker_address = None
        self.module = None
        self.ssl = FakeSslModule(self)

    def load(self, folder):
        """Imports the library under test: the one in this folder, or the one built into the interpreter."""
        recording = self.broker_address is not None
        sys.modules["socket"] = sys.modules["usocket"] = (
            RecordingSocketModule(self) if recording else FakeSocketModule(self)
        )
        sys.modules["ssl"] = sys.modules["ussl"] = self.ssl
        if folder != "ours":
            sys.path.insert(0, folder)
        __import__("umqtt.simple")
        self.module = sys.modules["umqtt.simple"]
        try:
            built_in = __import__("uumqtt").simple
        except ImportError:
            built_in = None
        if (self.module is built_in) != (folder == "ours"):
            raise ValueError("the library that was imported is not that of " + folder)

    def next_label(self):
        self.sockets += 1
        return "" if self.sockets == 1 else "#%d" % self.sockets

    def next_socket(self):
        script, options = self.scripts.pop(0) if self.scripts else ([], {})
        return ScriptedSocket(self, self.next_label(), list(script), **options)

    def network_event(self, *words):
        if self.shows_network:
            self.trace.event(*words)

    # From here on: what cases call.

    @property
    def MQTTClient(self):
        return self.module.MQTTClient

    @property
    def MQTTException(self):
        return self.module.MQTTException

    def answers(self, *script, **options):
        """Scripts the next socket that has no script yet."""
        self.scripts.append((script, options))

    def client(self, *arguments, **keywords):
        """A client that has not connected, by default `MQTTClient("client", "broker")`."""
        return self.MQTTClient(*(arguments or ("client", "broker")), **keywords)

    def connected(self, *script, client=None, **options):
        """A client after a successful connect() that the trace leaves out, for which the broker has this script."""
        self.answers(packets.CONNACK, *script, **options)
        client = client or self.client()
        client.set_callback(self.callback)
        client.connect()
        self.trace.restart()
        return client

    def callback(self, topic, message):
        self.trace.event("callback", self.brief(topic), self.brief(message))

    def call(self, function, *arguments, **keywords):
        """Calls the function and traces how it ends; gives what it returned."""
        try:
            result = function(*arguments, **keywords)
        except Exception as error:
            self.trace.event("raise", type(error).__name__, repr(error.args))
        else:
            self.trace.event("return", self.brief(result))
            return result

    def show(self, label, value):
        self.trace.event(label, self.brief(value))

    def attributes(self, instance, *names):
        for name in names:
            try:
                self.trace.event("attr", "%s=%s" % (name, self.brief(getattr(instance, name))))
            except AttributeError as error:
                self.trace.event("attr", name, "AttributeError", repr(error.args))

    def time_passes(self, client):
        """Lets what was `LATER` in the client's script arrive."""
        client.sock.script.remove(LATER)

    def brief(self, value):
        shown = repr(value)
        if isinstance(value, (str, bytes)) and len(value) > WIRE_SHOWN:
            data = value.encode() if isinstance(value, str) else value
            digest = hexlify(hashlib.sha256(data).digest()).decode()
            shown = "%s of %d, sha256 %s" % (type(value).__name__, len(value), digest)
        elif shown.startswith("<") and " at " in shown:
            shown = shown[: shown.find(" at ")] + ">"
        return shown
