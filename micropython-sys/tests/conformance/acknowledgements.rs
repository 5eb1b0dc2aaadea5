//! The three qualities of service (chapters 3.3, 4.3, 4.5 and 4.6).

use crate::{closes, prints};

#[test]
fn mqtt_3_3_1_2_mqtt_4_3_1_1_a_qos_0_message_goes_without_dup_and_once() {
    prints(
        "
        c = kept(EOF)
        c.publish('t', 'm')
        c.publish('t', 'm', True)
        print(sent(c))
        show(c.wait_msg)
        print(again(c))
        c.publish('t', 'm')
        print(packets(c.sock.wire)[1:])
        ",
        r"
        [('0x30', b'\x00\x01tm'), ('0x31', b'\x00\x01tm')]
        OSError(-1,)
        []
        [('0x30', b'\x00\x01tm')]
        ",
    );
}

#[test]
fn mqtt_3_3_1_1_what_is_sent_again_has_dup_and_what_is_sent_first_has_not() {
    prints(
        "
        c = kept(EOF)
        show(c.publish, 't', '1', True, qos=1)
        show(again, c, EOF)
        show(c.publish, 't', '2', False, qos=2)
        print([first for first, _ in sent(c)])
        show(again, c)
        ",
        r"
        OSError(-1,)
        [('0x3b', b'\x00\x01t\x00\x011')]
        OSError(-1,)
        ['0x10', '0x3b', '0x34']
        [('0x3b', b'\x00\x01t\x00\x011'), ('0x3c', b'\x00\x01t\x00\x022')]
        ",
    );
}

#[test]
fn mqtt_3_3_1_4_qos_3_is_neither_sent_nor_taken() {
    prints(
        "
        c = connected()
        show(c.publish, 't', 'm', qos=3)
        print(c.sock.wire)
        ",
        "
        AssertionError()
        b''
        ",
    );
    closes("packet(0x36, b'\\0\\x01t\\0\\x01m')");
    closes("packet(0x3e, b'\\0\\x01t\\0\\x01m')");
}

#[test]
fn mqtt_3_3_4_1_each_quality_of_service_has_its_answer() {
    prints(
        "
        for qos in range(3):
            c = connected(message(b't', b'm', qos, 5))
            c.wait_msg()
            print(sent(c))
        ",
        r"
        got b't' b'm'
        []
        got b't' b'm'
        [('0x40', b'\x00\x05')]
        got b't' b'm'
        [('0x50', b'\x00\x05')]
        ",
    );
}

#[test]
fn mqtt_3_6_1_1_pubrel_carries_the_reserved_flags() {
    prints(
        "
        c = connected(pubrec(1), pubcomp(1))
        c.publish('t', 'm', qos=2)
        print(c.sock.writes[1])
        ",
        r"b'b\x02\x00\x01'",
    );
}

#[test]
fn mqtt_4_3_2_1_a_qos_1_message_is_unacknowledged_until_puback_comes() {
    prints(
        "
        c = connected(puback(2), pubrec(1), pubcomp(1), suback(1), unsuback(1), PINGRESP, puback(1), PINGRESP)
        c.publish('t', 'm', qos=1)
        print(sent(c)[0], len(c.sock.answers))
        c.sock.answers = [puback(1)]
        show(c.publish, 't', 'm', qos=1)
        ",
        r"
        ('0x32', b'\x00\x01t\x00\x01m') 1
        Hang()
        ",
    );
}

#[test]
fn mqtt_4_3_2_2_puback_answers_every_qos_1_message_and_each_is_a_new_one() {
    prints(
        "
        c = connected(message(b't', b'1', 1, 7), message(b't', b'2', 1, 7, dup=1), message(b't', b'3', 1, 7))
        for _ in range(3):
            c.wait_msg()
        print(sent(c))
        ",
        r"
        got b't' b'1'
        got b't' b'2'
        got b't' b'3'
        [('0x40', b'\x00\x07'), ('0x40', b'\x00\x07'), ('0x40', b'\x00\x07')]
        ",
    );
}

#[test]
fn mqtt_4_3_3_1_a_qos_2_message_is_released_by_pubrec_and_over_with_pubcomp() {
    prints(
        "
        c = connected(pubrec(2), puback(1), pubcomp(1), pubrec(1), puback(1), pubcomp(2), pubcomp(1), PINGRESP)
        c.publish('t', 'm', qos=2)
        print(sent(c), len(c.sock.answers))
        ",
        r"[('0x34', b'\x00\x01t\x00\x01m'), ('0x62', b'\x00\x02'), ('0x62', b'\x00\x01')] 1",
    );
}

#[test]
fn mqtt_4_3_3_1_after_pubrel_the_message_is_not_sent_again() {
    prints(
        "
        c = kept(pubrec(1), EOF)
        show(c.publish, 't', 'm', qos=2)
        print(again(c))
        print(again(c, pubcomp(1)))
        print(c.wait_msg(), again(c))
        ",
        r"
        OSError(-1,)
        [('0x62', b'\x00\x01')]
        [('0x62', b'\x00\x01')]
        112 []
        ",
    );
}

#[test]
fn mqtt_4_3_3_2_a_qos_2_message_is_delivered_once_until_its_release() {
    prints(
        "
        m, dup = message(b't', b'm', 2, 7), message(b't', b'm', 2, 7, dup=1)
        c = connected(m, dup, m, pubrel(7), pubrel(7), message(b't', b'new', 2, 7))
        for _ in range(6):
            c.wait_msg()
        print(' '.join(first for first, _ in sent(c)))
        ",
        "
        got b't' b'm'
        got b't' b'new'
        0x50 0x50 0x50 0x70 0x70 0x50
        ",
    );
}

#[test]
fn mqtt_4_3_3_2_a_qos_2_message_is_delivered_once_over_connections() {
    prints(
        "
        c = kept(message(b't', b'm', 2, 7), EOF)
        c.wait_msg()
        show(c.wait_msg)
        again(c, message(b't', b'm', 2, 7, dup=1), pubrel(7))
        c.wait_msg()
        c.wait_msg()
        print(packets(c.sock.wire)[1:])
        ",
        r"
        got b't' b'm'
        OSError(-1,)
        [('0x50', b'\x00\x07'), ('0x70', b'\x00\x07')]
        ",
    );
}

/// The callback loses the connection and makes another, on which the broker sends the message again.
#[test]
fn mqtt_4_3_3_2_a_qos_2_message_is_delivered_once_though_its_callback_connects_again() {
    prints(
        "
        def reconnecting(topic, text):
            print('got', text)
            c.set_callback(received)
            again(c, message(b't', b'm', 2, 7, dup=1))
        c = kept(message(b't', b'm', 2, 7))
        c.set_callback(reconnecting)
        c.wait_msg()
        c.wait_msg()
        print(packets(c.sock.wire)[1:])
        ",
        r"
        got b'm'
        [('0x50', b'\x00\x07')]
        ",
    );
}

#[test]
fn mqtt_4_5_0_2_a_message_nobody_asked_for_is_acknowledged_all_the_same() {
    prints(
        "
        c = connected(message(b'never/subscribed', b'm', 1, 7), message(b'never/subscribed', b'm', 2, 8))
        c.set_callback(lambda topic, text: None)
        c.wait_msg()
        c.wait_msg()
        print(sent(c))
        ",
        r"[('0x40', b'\x00\x07'), ('0x50', b'\x00\x08')]",
    );
}

#[test]
fn mqtt_4_6_0_1_what_is_sent_again_keeps_its_order() {
    prints(
        "
        c = kept(EOF)
        show(c.publish, 't', '1', qos=1)
        for text, qos in ('2', 2), ('3', 1):
            again(c, EOF)
            show(c.publish, 't', text, qos=qos)
        print([body[-1:] for _, body in again(c)])
        ",
        "
        OSError(-1,)
        OSError(-1,)
        OSError(-1,)
        [b'1', b'2', b'3']
        ",
    );
}

/// The messages `1`, `2` and `3` arrive with these identifiers; the callback waits for the next one before it returns.
fn acknowledged_in_order(qos: u8, first_byte: &str) {
    prints(
        &format!(
            "
            def waiting(topic, text):
                print('got', text)
                if text < b'3':
                    c.wait_msg()
            c = connected(*(message(b't', str(id).encode(), {qos}, id) for id in (1, 2, 3)))
            c.set_callback(waiting)
            c.wait_msg()
            print([first for first, _ in sent(c)] == ['{first_byte}'] * 3, [body[1] for _, body in sent(c)])
            "
        ),
        "
        got b'1'
        got b'2'
        got b'3'
        True [1, 2, 3]
        ",
    );
}

#[test]
fn mqtt_4_6_0_2_pubacks_come_in_the_order_of_the_messages() {
    prints(
        "
        c = connected(*(message(b't', b'm', 1, id) for id in (3, 1, 2)))
        c.set_callback(lambda topic, text: None)
        for _ in range(3):
            c.wait_msg()
        print([body[1] for _, body in sent(c)])
        ",
        "[3, 1, 2]",
    );
}

#[test]
fn mqtt_4_6_0_2_pubacks_come_in_order_from_callbacks_within_callbacks() {
    acknowledged_in_order(1, "0x40");
}

#[test]
fn mqtt_4_6_0_3_pubrecs_come_in_the_order_of_the_messages() {
    prints(
        "
        c = connected(*(message(b't', b'm', 2, id) for id in (3, 1, 2)))
        c.set_callback(lambda topic, text: None)
        for _ in range(3):
            c.wait_msg()
        print([body[1] for _, body in sent(c)])
        ",
        "[3, 1, 2]",
    );
}

#[test]
fn mqtt_4_6_0_3_pubrecs_come_in_order_from_callbacks_within_callbacks() {
    acknowledged_in_order(2, "0x50");
}

#[test]
fn mqtt_4_6_0_4_pubrels_come_in_the_order_of_the_pubrecs() {
    prints(
        "
        def nested(topic, text):
            c.publish('t', 'inner', qos=2)
        c = connected(message(b't', b'm'), pubrec(2), pubrec(1), pubcomp(2), pubcomp(1))
        c.set_callback(nested)
        c.publish('t', 'outer', qos=2)
        print([body[1] for first, body in sent(c) if first == '0x62'])
        ",
        "[2, 1]",
    );
}
