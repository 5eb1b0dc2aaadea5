//! A native socket, of which the rest of a small packet is read at once: whatever the reads give, nothing is lost.

use crate::support::prints_after;

/// A client on a native socket that gives `piece` bytes at a time.
const NATIVE: &str = "
import _host
def native(*script):
    c = connected(b'')
    c.set_callback(got)
    c.sock = _host.Socket(*script)
    return c
def got(topic, msg):
    received.append((topic, msg))
received = []
";

#[track_caller]
fn native_prints(script: &str, expected: &str) {
    prints_after(NATIVE, script, expected);
}

#[test]
fn a_small_message_takes_two_reads() {
    native_prints(
        "
        c = native(message(b'topic', b'a message', 1, 9))
        c.wait_msg()
        print(received, c.sock.reads(), c.sock.written())
        ",
        "
        [(b'topic', b'a message')] 2 4
        ",
    );
}

#[test]
fn messages_of_all_sizes_come_whole_in_pieces_of_all_sizes() {
    native_prints(
        "
        sizes = list(range(0, 140)) + [200, 1000]
        sent = [(b'topic/long'[:1 + size % 9], bytes(i & 255 for i in range(size))) for size in sizes]
        script = b''.join(message(t, m, i % 2, i + 1) for i, (t, m) in enumerate(sent))
        for piece in list(range(1, 70)) + list(range(125, 136)) + [0]:
            received.clear()
            c = native(script, piece)
            while len(received) < len(sent):
                c.wait_msg()
            if received != sent or c.check_msg() is not None:
                print('pieces of', piece)
        print('done')
        ",
        "
        done
        ",
    );
}

#[test]
fn what_is_beside_the_chunk_buffer_stays() {
    native_prints(
        "
        def chunk(topic, part, offset, size):
            got.extend(part)
        sent = bytes(range(1, 100))
        for start in range(8):
            for size in range(1, 24):
                got = bytearray()
                around = bytearray(40)
                c = native(message(b'topic', sent))
                c.set_chunk_callback(chunk, memoryview(around)[start:start + size])
                c.wait_msg()
                if got != sent or any(around[:start]) or any(around[start + size:]):
                    print(start, size, got, around)
        print('done')
        ",
        "
        done
        ",
    );
}

/// Its own socket is asked by check_msg() whether there is something, and is told not to wait only if that is not all.
#[test]
fn check_msg_never_waits_wherever_what_has_come_ends() {
    native_prints(
        "
        sent = message(b'topic', b'a message', 1, 9) + message(b'topic', b'next') + message(b't', bytes(100))
        for end in range(len(sent) + 1):
            received.clear()
            script = bytearray(CONNACK)
            network.sockets.append(_host.Socket(script))
            c = client()
            c.set_callback(got)
            c.connect()
            script.extend(sent[:end])
            for _ in range(5):
                c.check_msg()
            before = len(received)
            script.extend(sent[end:])
            for _ in range(5):
                c.check_msg()
            if len(received) != 3 or c.sock.waits() or c.sock.written() != 16 + 4:
                print(end, before, received, c.sock.waits(), c.sock.written())
            c.wait_msg()
            if not c.sock.waits():
                print(end, 'wait_msg() has not waited')
        print('done')
        ",
        "
        done
        ",
    );
}

#[test]
fn an_interrupt_within_a_packet_loses_no_byte_of_it() {
    native_prints(
        "
        def interrupted(call):
            try:
                call()
            except KeyboardInterrupt:
                return True
        calls = {
            'wait': lambda: c.wait_msg(),
            'check': lambda: c.check_msg(),
            'publish': lambda: c.publish('t', 'm', qos=1),
        }
        script = message(b'topic', b'a message', 1, 9) + message(b't', b'next') + puback(1)
        for name, call in calls.items():
            for piece in 0, 1, 3:
                for read in range(1, 20):
                    received.clear()
                    c = native(script, piece, read)
                    interrupts = interrupted(call) is True
                    while len(received) < 2:
                        interrupts += interrupted(c.wait_msg) is True
                    if received != [(b'topic', b'a message'), (b't', b'next')] or (read < 3 and not interrupts):
                        print(name, piece, read, received)
        print('done')
        ",
        "
        done
        ",
    );
}

#[test]
fn the_message_after_one_that_the_heap_does_not_hold_arrives() {
    native_prints(
        "
        for size in (10, 55, 70, 200):
            for n in range(2):
                received.clear()
                c = native(message(b'topic', bytes(size)) + message(b't', b'next'))
                _host.fail_allocation_after(n)
                try:
                    c.wait_msg()
                    print('no error')
                except MemoryError:
                    _host.fail_allocation_after(-1)
                while not received:
                    c.wait_msg()
                if received != [(b't', b'next')]:
                    print(size, n, received)
        print('done')
        ",
        "
        done
        ",
    );
}

#[test]
fn the_message_after_one_whose_chunk_callback_raised_arrives() {
    native_prints(
        "
        def chunk(topic, part, offset, size):
            print(topic, bytes(part), offset, size)
            raise ValueError('no')
        c = native(message(b't', b'0123456789') + message(b't', b'next'))
        c.set_chunk_callback(chunk, bytearray(4))
        show(c.wait_msg)
        while not received:
            c.wait_msg()
        print(received)
        ",
        "
        b't' b'0123' 0 10
        ValueError('no',)
        [(b't', b'next')]
        ",
    );
}
