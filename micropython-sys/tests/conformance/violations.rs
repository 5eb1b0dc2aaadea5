//! What a broker must not do, and that it ends the connection without DISCONNECT, so that the will is published
//! (chapter 4.8).

use crate::{closes, prints};

#[test]
fn mqtt_3_9_3_2_a_reserved_return_code_of_suback_closes_the_connection() {
    for code in ["3", "0x7f", "0x81", "0xff"] {
        prints(
            &format!(
                "
                c = connected(suback(1, {code}))
                show(c.subscribe, 't')
                print(c.sock.calls[-1], len(sent(c)))
                "
            ),
            "
            MQTTException(-1,)
            close 1
            ",
        );
    }
}

#[test]
fn mqtt_4_8_0_1_every_protocol_violation_closes_the_connection() {
    for packet in [
        "packet(0x00, b'')",
        "packet(0xf0, b'')",
        "packet(0x10, b'\\0\\x04MQTT\\x04\\x02\\0\\0\\0\\0')",
        "CONNACK",
        "packet(0x82, b'\\0\\x01\\0\\x01t\\0')",
        "packet(0xa2, b'\\0\\x01\\0\\x01t')",
        "packet(0xc0, b'')",
        "packet(0xe0, b'')",
        "puback(0)",
        "pubrel(0)",
        "packet(0x40, b'\\0\\x01\\0')",
        "packet(0x40, b'\\0')",
        "packet(0x90, b'\\0\\x01')",
        "packet(0x90, b'\\0\\x01\\0\\0')",
        "packet(0xd0, b'\\0')",
        "message(b't', b'm', 1, 0)",
        "message(b't', b'm', 2, 0)",
        "packet(0x30, b'\\0\\x09t')",
        "packet(0x32, b'\\0\\x01t\\0')",
        "b'\\x30\\xff\\xff\\xff\\xff\\x01'",
    ] {
        closes(packet);
    }
}

#[test]
fn mqtt_4_8_0_1_a_violation_during_a_call_closes_the_connection() {
    prints(
        "
        for call in lambda: c.publish('t', 'm', qos=1), lambda: c.subscribe('t'), lambda: c.check_msg():
            c = connected(puback(0), puback(1), suback(1))
            show(call)
            print(c.sock.calls[-1], [first for first, _ in sent(c)])
        ",
        "
        MQTTException(-1,)
        close ['0x32']
        MQTTException(-1,)
        close ['0x82']
        MQTTException(-1,)
        close []
        ",
    );
}

/// Contract, point 8: a message larger than the heap is the exception; it leaves the connection as it is.
#[test]
fn mqtt_4_8_0_2_an_error_that_may_pass_closes_the_connection() {
    prints(
        "
        c = connected(*(message(b't', b'm', 2, id) for id in range(1, 60, 2)))
        c.set_callback(lambda topic, text: None)
        for _ in range(10):
            c.wait_msg()
        closed = []
        show(c.wait_msg)
        print(c.sock.calls[-1], len(sent(c)))
        ",
        "
        OSError(105,)
        close 10
        ",
    );
}
