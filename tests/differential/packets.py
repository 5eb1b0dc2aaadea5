"""The packets that a broker sends (MQTT 3.1.1, chapter 3), and the lengths at which their form changes."""

CONNACK = b"\x20\x02\x00\x00"
PINGRESP = b"\xd0\x00"

# The last and the first remaining length of 1, 2 and 3 bytes each.
LENGTH_EDGES = (127, 128, 16383, 16384)


def remaining_length(number):
    encoded = bytearray()
    while True:
        digit = number & 0x7F
        number >>= 7
        encoded.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(encoded)


def two_bytes(number):
    return bytes((number >> 8, number & 0xFF))


def packet(first_byte, body=b""):
    return bytes((first_byte,)) + remaining_length(len(body)) + body


def connack(code=0, flags=0):
    return packet(0x20, bytes((flags, code)))


def puback(pid):
    return packet(0x40, two_bytes(pid))


def suback(pid, code=0):
    return packet(0x90, two_bytes(pid) + bytes((code,)))


def unsuback(pid):
    return packet(0xB0, two_bytes(pid))


def publish(topic, message, qos=0, pid=1, retain=0, dup=0):
    """A PUBLISH to the client; the identifier is there for qos > 0 only."""
    body = two_bytes(len(topic)) + topic
    if qos:
        body += two_bytes(pid)
    return packet(0x30 | dup << 3 | qos << 1 | retain, body + message)
