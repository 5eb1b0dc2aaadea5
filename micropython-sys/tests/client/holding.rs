//! Messages that arrive while a callback waits for an acknowledgement of its own.

use crate::support::prints_after;

/// The identifiers of the PUBACKs that a client has written, in their order.
const ACKNOWLEDGED: &str = "
import _host
def acknowledged(c):
    wire = c.sock.wire
    return [id for place, id in sorted((wire.find(puback(id)), id) for id in range(256)) if place >= 0]
";

#[track_caller]
fn prints(script: &str, expected: &str) {
    prints_after(ACKNOWLEDGED, script, expected);
}

#[test]
fn a_flood_within_a_publishing_callback_does_not_nest_and_is_delivered_and_acknowledged_in_order() {
    prints(
        "
        depth = 0
        def publishing(topic, text):
            global depth
            depth += 1
            print(depth, text, end=' ')
            c.publish('answer', text, qos=1)
            depth -= 1
        flood = [message(b't', str(n).encode(), 1, 100 + n) for n in range(1, 7)]
        c = connected(*flood, *(puback(n) for n in range(2, 8)), puback(1))
        c.set_callback(publishing)
        show(c.publish, 't', 'm', qos=1)
        print(acknowledged(c))
        ",
        "
        1 b'1' 1 b'2' 1 b'3' 1 b'4' 1 b'5' 1 b'6' None
        [101, 102, 103, 104, 105, 106]
        ",
    );
}

#[test]
fn one_wait_msg_delivers_all_that_came_within_its_callback() {
    for call in ["c.wait_msg()", "c.check_msg()"] {
        prints(
            &format!(
                "
                def subscribing(topic, text):
                    c.set_callback(received)
                    c.subscribe('more')
                    print('subscribed')
                c = connected(message(b't', b'1'), message(b't', b'2'), message(b't', b'3', 1, 9), suback(1))
                c.set_callback(subscribing)
                {call}
                print(acknowledged(c))
                "
            ),
            "
            subscribed
            got b't' b'2'
            got b't' b'3'
            [9]
            ",
        );
    }
}

#[test]
fn a_callback_that_waits_itself_is_given_what_came_before() {
    prints(
        "
        def asking(topic, text):
            c.set_callback(received)
            c.publish('question', text, qos=1)
            c.check_msg()
            print('asked')
            c.wait_msg()
        c = connected(message(b't', b'1', 1, 9), message(b't', b'2', 1, 10), puback(1), message(b't', b'3', 1, 11))
        c.set_callback(asking)
        c.wait_msg()
        print(acknowledged(c))
        ",
        "
        got b't' b'2'
        asked
        got b't' b'3'
        [9, 10, 11]
        ",
    );
}

#[test]
fn what_came_within_a_callback_that_raises_is_delivered_by_the_next_call() {
    for call in ["c.wait_msg()", "c.check_msg()", "c.publish('t', 'm', qos=1)"] {
        prints(
            &format!(
                "
                def raising(topic, text):
                    c.set_callback(received)
                    c.publish('t', 'm', qos=1)
                    raise ValueError
                c = connected(message(b't', b'1', 1, 9), message(b't', b'2'), puback(1), puback(2))
                c.set_callback(raising)
                show(c.wait_msg)
                {call}
                print(acknowledged(c))
                "
            ),
            "
            ValueError()
            got b't' b'2'
            []
            ",
        );
    }
}

#[test]
fn what_came_within_a_callback_is_forgotten_with_its_connection() {
    prints(
        "
        def reconnecting(topic, text):
            c.set_callback(received)
            c.publish('t', 'm', qos=1)
            serve(CONNACK, message(b't', b'3'))
            c.connect()
        c = connected(message(b't', b'1'), message(b't', b'2', 1, 9), puback(1))
        c.set_callback(reconnecting)
        c.wait_msg()
        c.wait_msg()
        ",
        "got b't' b'3'",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn a_qos_2_message_that_was_not_delivered_before_its_connection_was_lost_is_delivered_when_it_comes_again() {
    prints(
        r"
        def losing(topic, text):
            c.set_callback(received)
            c.publish('t', 'm', qos=1)
            c.disconnect()
        serve(CONNACK, message(b't', b'1', 1, 8), message(b't', b'2', 2, 9), message(b't', b'3', 2, 10), puback(1))
        c = client()
        c.connect(False)
        c.set_callback(losing)
        show(c.wait_msg)
        serve(b'\x20\x02\x01\x00', message(b't', b'2', 2, 9), message(b't', b'3', 2, 10))
        c.connect(False)
        c.wait_msg()
        c.wait_msg()
        ",
        "
        None
        got b't' b'2'
        got b't' b'3'
        ",
    );
}

#[test]
fn a_message_that_cannot_be_held_is_a_memory_error_of_the_call_and_the_next_one_arrives() {
    prints(
        "
        def publishing(topic, text):
            if text != b'1':
                received.append(text)
                return
            _host.fail_allocation_after(n)
            try:
                c.publish('t', 'm', qos=1)
            except MemoryError:
                received.append(b'MemoryError')
            _host.fail_allocation_after(-1)
        for n in range(7):
            received = []
            c = connected(b'')
            c.set_callback(publishing)
            c.sock = _host.Socket(message(b't', b'1') + message(b't', b'2', 1, 9) + puback(1) + message(b't', b'3'), 0)
            c.wait_msg()
            while b'3' not in received:
                c.wait_msg()
            print(received)
        ",
        "
        [b'MemoryError', b'3']
        [b'MemoryError', b'3']
        [b'MemoryError', b'3']
        [b'MemoryError', b'3']
        [b'MemoryError', b'3']
        [b'2', b'3']
        [b'2', b'3']
        ",
    );
}

#[test]
fn a_message_in_chunks_is_not_held_but_acknowledged_in_its_turn() {
    prints(
        "
        def publishing(topic, text):
            print(text, acknowledged(c))
            c.set_callback(received)
            c.publish('t', 'm', qos=1)
            print(acknowledged(c))
        c = connected(message(b't', b'1', 1, 8), message(b't', b'2', 1, 9), message(b't', b'long', 1, 10), puback(1))
        c.set_callback(publishing)
        c.set_chunk_callback(lambda topic, part, offset, size: print(topic, bytes(part), offset, size), bytearray(3))
        c.wait_msg()
        print(acknowledged(c), c.sock.wire[-12:] == puback(8) + puback(9) + puback(10))
        ",
        "
        b'1' []
        b't' b'lon' 0 4
        b't' b'g' 3 4
        []
        got b't' b'2'
        [8, 9, 10] True
        ",
    );
}
