//! Packet types, flags and identifiers (chapters 2.2 and 2.3).

use crate::{closes, prints};

#[test]
fn mqtt_2_2_2_1_every_packet_has_the_flags_that_its_type_reserves() {
    prints(
        "
        c = client()
        sock = serve(CONNACK, suback(1), unsuback(2), pubrec(3), pubcomp(3), message(b't', b'm', 1, 9),
            message(b't', b'm', 2, 10), pubrel(10))
        c.connect()
        c.set_callback(lambda topic, text: None)
        c.subscribe('t')
        c.unsubscribe('t')
        c.publish('t', 'm', qos=2)
        for _ in range(3):
            c.wait_msg()
        c.ping()
        c.disconnect()
        print(' '.join(first for first, _ in packets(sock.wire)))
        ",
        "0x10 0x82 0xa2 0x34 0x62 0x40 0x50 0x70 0xc0 0xe0",
    );
}

#[test]
fn mqtt_2_2_2_2_other_flags_close_the_connection() {
    for (first, body) in [
        ("0x41", "number(1)"),
        ("0x48", "number(1)"),
        ("0x52", "number(1)"),
        ("0x60", "number(1)"),
        ("0x63", "number(1)"),
        ("0x71", "number(1)"),
        ("0x92", "number(1) + b'\\0'"),
        ("0xb2", "number(1)"),
        ("0xd1", "b''"),
    ] {
        closes(&format!("packet({first}, {body})"));
    }
    prints(
        r"
        sock = serve(b'\x21\x02\x00\x00')
        show(client().connect)
        print(sock.calls[-1])
        ",
        "
        MQTTException(-1,)
        close
        ",
    );
}

#[test]
fn mqtt_2_3_1_1_the_identifier_is_never_zero() {
    prints(
        "
        c = connected(puback(1), pubrec(1), pubcomp(1), suback(1), unsuback(1))
        for call in (lambda: c.publish('t', 'm', qos=1), lambda: c.publish('t', 'm', qos=2),
                lambda: c.subscribe('t'), lambda: c.unsubscribe('t')):
            c.pid = 65535
            call()
            print(c.pid, end=' ')
        print([body[-3:-1] if first < '0x4' else body[:2] for first, body in sent(c)])
        ",
        r"1 1 1 1 [b'\x00\x01', b'\x00\x01', b'\x00\x01', b'\x00\x01', b'\x00\x01']",
    );
}

#[test]
fn mqtt_2_3_1_2_an_identifier_in_use_is_not_given_to_another_packet() {
    prints(
        "
        def nested(topic, text):
            c.set_callback(lambda topic, text: None)
            for call in lambda: c.publish('t', 'm', qos=1), lambda: c.subscribe('t'), lambda: c.unsubscribe('t'):
                c.pid = 6
                call()
                print(c.pid)
        c = connected(message(b't', b'm'), puback(8), suback(8), unsuback(8), puback(7))
        c.set_callback(nested)
        c.pid = 6
        c.publish('t', 'm', qos=1)
        ",
        "
        8
        8
        8
        ",
    );
}

#[test]
fn mqtt_2_3_1_2_a_message_in_flight_holds_its_identifier_over_connections() {
    prints(
        "
        c = kept(EOF)
        show(c.publish, 't', 'first', qos=1)
        again(c, puback(2), puback(1))
        c.pid = 0
        c.publish('t', 'second', qos=1)
        print(c.pid)
        ",
        "
        OSError(-1,)
        2
        ",
    );
}

#[test]
fn mqtt_2_3_1_3_a_packet_sent_again_keeps_its_identifier() {
    prints(
        "
        c = kept(EOF)
        c.pid = 0x1233
        show(c.publish, 't', 'm', qos=1)
        for _ in range(3):
            print(again(c))
        ",
        r"
        OSError(-1,)
        [('0x3a', b'\x00\x01t\x124m')]
        [('0x3a', b'\x00\x01t\x124m')]
        [('0x3a', b'\x00\x01t\x124m')]
        ",
    );
}

#[test]
fn mqtt_2_3_1_5_a_qos_0_message_has_no_identifier() {
    prints(
        "
        c = connected(message(b't', b'message'))
        c.publish('t', 'message')
        print(sent(c))
        c.wait_msg()
        ",
        r"
        [('0x30', b'\x00\x01tmessage')]
        got b't' b'message'
        ",
    );
}

#[test]
fn mqtt_2_3_1_6_acknowledgements_carry_the_identifier_of_the_message() {
    prints(
        "
        c = connected(message(b't', b'm', 1, 0x1234), message(b't', b'm', 2, 0x5678), pubrel(0x5678),
            pubrec(0x21), pubcomp(0x21))
        c.set_callback(lambda topic, text: None)
        for _ in range(3):
            c.wait_msg()
        c.pid = 0x20
        c.publish('t', 'm', qos=2)
        print(sent(c))
        ",
        r"[('0x40', b'\x124'), ('0x50', b'Vx'), ('0x70', b'Vx'), ('0x34', b'\x00\x01t\x00!m'), ('0x62', b'\x00!')]",
    );
}

/// Contract, point 5: an acknowledgement of something else is read whole and forgotten; one of nothing at all closes.
#[test]
fn mqtt_2_3_1_7_only_the_acknowledgement_with_its_own_identifier_ends_a_call() {
    prints(
        "
        c = connected(suback(9), unsuback(1), suback(1), unsuback(9), suback(2), unsuback(2), PINGRESP)
        print(c.subscribe('t'), c.unsubscribe('t'), len(c.sock.answers))
        ",
        "None None 1",
    );
}

#[test]
fn mqtt_2_3_1_7_an_identifier_of_zero_closes_the_connection() {
    closes("suback(0)");
    closes("unsuback(0)");
}
