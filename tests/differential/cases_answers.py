"""What the broker answers to CONNECT: every return code, the wrong packet, garbage, and an end at every point."""

import packets
from harness import EOF, LATER, case


def register(name, *script, **options):
    @case("answers/" + name)
    def connect(t):
        t.answers(*script, **options)
        t.call(t.client().connect)


register("accepted", packets.CONNACK)
register("accepted-in-single-bytes", b"\x20", LATER, b"\x02", LATER, b"\x00", LATER, b"\x00")
register("accepted-in-two-halves", b"\x20\x02", LATER, b"\x00\x00")
register("accepted-session-present", packets.connack(flags=1))
register("short-reads", b"\x20", b"\x02", b"\x00", b"\x00", short_reads=True)
for code in (1, 2, 3, 4, 5):
    register("refused-%d" % code, packets.connack(code))
for code in (6, 127, 128, 255):
    register("malformed-code-%d" % code, packets.connack(code))
for code in (1, 5):
    register("malformed-session-present-refused-%d" % code, packets.connack(code, flags=1))
register("malformed-flag-2", packets.connack(flags=2))
register("malformed-flag-255", packets.connack(flags=255))

register("eof-at-once", EOF)
for length in (1, 2, 3):
    register("eof-after-%d" % length, packets.CONNACK[:length], EOF)
for number in (104, 110):
    register("read-fails-%d" % number, OSError(number))
register("read-fails-after-2-bytes", b"\x20\x02", OSError(104))

register("other-packet-puback", packets.puback(1))
register("other-packet-publish", packets.publish(b"t", b"m"))
register("other-packet-pingresp", packets.PINGRESP + packets.PINGRESP)
register("other-packet-suback", packets.suback(1))
register("malformed-first-byte", b"\x21\x02\x00\x00")
register("malformed-length-0", b"\x20\x00\x00\x00")
register("malformed-length-1", b"\x20\x01\x00\x00")
register("malformed-length-3", b"\x20\x03\x00\x00\x00")
register("malformed-length-256-mb", b"\x20\xff\xff\xff\x7f\x00\x00")
register("malformed-length-five-bytes", b"\x20\xff\xff\xff\xff\x01")
register("garbage-zeroes", b"\x00" * 8)
register("garbage-ones", b"\xff" * 8)
register("garbage-http", b"HTTP/1.1 400 Bad Request\r\n\r\n")
register("garbage-ssh", b"SSH-2.0-OpenSSH_9.2\r\n")
register("garbage-newline", b"\n\n\n\n")


@case("answers/accepted-message-follows-at-once")
def message_follows(t):
    t.answers(packets.CONNACK + packets.publish(b"topic", b"message"))
    client = t.client()
    client.set_callback(t.callback)
    t.call(client.connect)
    t.call(client.wait_msg)


@case("answers/refused-then-publish")
def refused_then_publish(t):
    t.answers(packets.connack(5))
    client = t.client()
    t.call(client.connect)
    t.call(client.publish, "t", "m")
