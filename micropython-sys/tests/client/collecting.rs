//! A collection before every allocation, so that whatever the client holds without the collector's knowledge is gone. With
//! `UMQTT_SANITIZE=address` the heap's free blocks may not even be read.

use crate::support::{interpreter, prints_in};

#[track_caller]
fn prints_while_collecting(script: &str, expected: &str) {
    let mut python = interpreter(256 * 1024);
    python.collect_always(true);
    prints_in(&mut python, script, expected);
}

#[cfg(feature = "qos2")]
#[test]
fn a_whole_session() {
    prints_while_collecting(
        "
        answers = each_byte(suback(1) + message(b'topic', b'message') + puback(2) + pubrec(3) + pubcomp(3) + PINGRESP)
        c = connected(*answers, client=lambda: client('i' + 'd' * 300, 'broker', user='me', password='secret'))
        c.subscribe('to' + 'pic', 1)
        c.wait_msg()
        c.publish('to' + 'pic', 'mes' + 'sage', False, 1)
        c.publish('t' * 300, 'm' * 300, True, 2)
        c.ping()
        print(c.wait_msg())
        c.disconnect()
        ",
        "
        got b'topic' b'message'
        None
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn messages_at_every_quality_of_service_a_byte_at_a_time() {
    prints_while_collecting(
        "
        for qos in 0, 1, 2:
            c = connected(*each_byte(message(b'topic', b'message', qos, 7)))
            for _ in range(40):
                c.check_msg()
        ",
        &"got b'topic' b'message'\n".repeat(3),
    );
}

#[test]
fn messages_in_chunks() {
    prints_while_collecting(
        "
        def chunks(topic, chunk, offset, size):
            print(topic, bytes(chunk), offset, size)
        c = connected(*each_byte(message(b'topic', b'message', 1, 7)))
        c.set_chunk_callback(chunks, bytearray(3))
        c.wait_msg()
        ",
        "
        b'topic' b'mes' 0 7
        b'topic' b'sag' 3 7
        b'topic' b'e' 6 7
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn callbacks_that_call_again() {
    prints_while_collecting(
        "
        def publishing(topic, text):
            received(topic, text)
            c.publish(topic + b'/answer', text * 3, False, 1)
        c = connected(message(b't', b'one', 1, 7), puback(2), message(b't', b'two', 2, 8), puback(3), puback(1))
        c.set_callback(publishing)
        c.publish('first', 'message', False, 1)
        ",
        "
        got b't' b'one'
        got b't' b'two'
        ",
    );
}

#[test]
fn what_is_in_flight_is_sent_again() {
    prints_while_collecting(
        "
        topic = bytearray(b'topic')
        serve(CONNACK, OSError(104))
        c = client()
        c.connect(False)
        show(c.publish, topic, 'mes' + 'sage', False, 1)
        topic[:] = b'other'
        sock = serve(b'\\x20\\x02\\x01\\x00', puback(1))
        c.connect(False)
        print(sock.wire[-18:])
        print(c.wait_msg())
        ",
        r"
        OSError(104,)
        b':\x10\x00\x05topic\x00\x01message'
        64
        ",
    );
}

#[test]
fn a_message_that_was_given_up() {
    prints_while_collecting(
        "
        import _host
        for n in range(4):
            c = client()
            c.sock = _host.Socket(message(b'topic', b'message', 1, 7) + message(b't', b'next'))
            _host.fail_allocation_after(n)
            try:
                c.wait_msg()
            except MemoryError:
                print('no memory')
            c.wait_msg()
        ",
        &"no memory\ngot b't' b'next'\n".repeat(4),
    );
}
