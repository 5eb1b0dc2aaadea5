//! Sessions (chapters 3.1.2.4, 3.14, 4.1 and 4.4).

use crate::prints;

#[test]
fn mqtt_3_1_2_4_a_kept_session_is_gone_on_with() {
    prints(
        "
        c = kept(message(b't', b'm', 2, 7), EOF)
        c.wait_msg()
        show(c.publish, 't', 'mine', qos=2)
        print(again(c, message(b't', b'm', 2, 7, dup=1)))
        c.wait_msg()
        ",
        r"
        got b't' b'm'
        OSError(-1,)
        [('0x3c', b'\x00\x01t\x00\x01mine')]
        ",
    );
}

#[test]
fn mqtt_3_1_2_4_a_session_that_the_broker_has_lost_begins_anew() {
    prints(
        "
        c = kept(message(b't', b'm', 2, 7), EOF)
        c.wait_msg()
        show(c.publish, 't', 'mine', qos=2)
        print(again(c, message(b't', b'other', 2, 7), present=0))
        c.wait_msg()
        ",
        "
        got b't' b'm'
        OSError(-1,)
        []
        got b't' b'other'
        ",
    );
}

#[test]
fn mqtt_3_1_2_6_a_clean_session_forgets_what_was_before() {
    prints(
        "
        c = kept(message(b't', b'm', 2, 7), EOF)
        c.wait_msg()
        show(c.publish, 't', 'mine', qos=2)
        print(again(c, message(b't', b'other', 2, 7), present=0, clean=True))
        c.wait_msg()
        print(packets(c.sock.wire)[0][1][7], again(c, present=1))
        ",
        "
        got b't' b'm'
        OSError(-1,)
        []
        got b't' b'other'
        2 []
        ",
    );
}

#[test]
fn mqtt_3_1_2_6_a_clean_session_forgets_even_if_the_broker_claims_to_remember() {
    prints(
        "
        c = kept(message(b't', b'm', 2, 7), EOF)
        c.wait_msg()
        show(c.publish, 't', 'mine', qos=2)
        print(again(c, message(b't', b'other', 2, 7), present=1, clean=True))
        c.wait_msg()
        ",
        "
        got b't' b'm'
        OSError(-1,)
        []
        got b't' b'other'
        ",
    );
}

#[test]
fn mqtt_3_1_2_6_a_clean_session_does_not_outlive_its_connection() {
    prints(
        "
        c = kept()
        again(c, message(b't', b'm', 2, 7), EOF, present=0, clean=True)
        c.wait_msg()
        show(c.publish, 't', 'mine', qos=1)
        print(again(c, message(b't', b'other', 2, 7), present=1))
        c.wait_msg()
        ",
        "
        got b't' b'm'
        OSError(-1,)
        []
        got b't' b'other'
        ",
    );
}

#[test]
fn mqtt_3_14_4_1_after_disconnect_the_connection_is_closed() {
    prints(
        "
        c = connected()
        c.disconnect()
        print(c.sock.writes, c.sock.calls)
        ",
        r"[b'\xe0\x00'] ['close']",
    );
}

#[test]
fn mqtt_3_14_4_1_a_disconnect_that_cannot_be_written_closes_too() {
    prints(
        "
        c = connected()
        c.sock.takes = [OSError(104)]
        show(c.disconnect)
        print(c.sock.calls)
        ",
        "
        OSError(104,)
        ['close']
        ",
    );
}

#[test]
fn mqtt_3_14_4_2_after_disconnect_nothing_is_sent() {
    prints(
        "
        c = connected()
        c.disconnect()
        c.sock.forget()
        for call in (c.ping, c.wait_msg, c.check_msg, c.disconnect, lambda: c.publish('t', 'm'),
                lambda: c.publish('t', 'm', qos=1), lambda: c.subscribe('t'), lambda: c.unsubscribe('t')):
            try:
                call()
                print('sent')
            except OSError:
                pass
        print(c.sock.writes)
        ",
        "[]",
    );
}

#[test]
fn mqtt_3_14_4_2_a_message_whose_callback_disconnects_is_not_acknowledged() {
    prints(
        "
        for qos in 1, 2:
            c = connected(message(b't', b'm', qos, 7))
            c.set_callback(lambda topic, text: c.disconnect())
            c.wait_msg()
            print(c.sock.writes)
        ",
        r"
        [b'\xe0\x00']
        [b'\xe0\x00']
        ",
    );
}

#[test]
fn mqtt_4_1_0_1_the_session_is_kept_over_any_number_of_lost_connections() {
    prints(
        "
        c = kept(message(b't', b'm', 2, 7), EOF)
        c.wait_msg()
        show(c.publish, 't', 'mine', qos=1)
        for _ in range(3):
            serve(EOF)
            show(c.connect, False)
        print(again(c, message(b't', b'm', 2, 7, dup=1)))
        c.wait_msg()
        ",
        r"
        got b't' b'm'
        OSError(-1,)
        OSError(-1,)
        OSError(-1,)
        OSError(-1,)
        [('0x3a', b'\x00\x01t\x00\x01mine')]
        ",
    );
}

#[test]
fn mqtt_4_1_0_1_a_message_in_flight_is_kept_as_it_was() {
    prints(
        "
        text = bytearray(b'before')
        c = kept(EOF)
        show(c.publish, 't', text, qos=1)
        text[:] = b'after!'
        print(again(c))
        ",
        r"
        OSError(-1,)
        [('0x3a', b'\x00\x01t\x00\x01before')]
        ",
    );
}

#[test]
fn mqtt_4_1_0_2_a_clean_session_lasts_as_long_as_its_connection() {
    prints(
        "
        c = connected(message(b't', b'm', 2, 7), OSError(110), message(b't', b'm', 2, 7, dup=1))
        c.wait_msg()
        show(c.wait_msg)
        c.publish('t', 'm')
        c.check_msg()
        print(sent(c)[-1])
        ",
        r"
        got b't' b'm'
        OSError(110,)
        ('0x50', b'\x00\x07')
        ",
    );
}

#[test]
fn mqtt_4_4_0_1_what_is_unacknowledged_is_sent_again_on_the_next_connection() {
    prints(
        "
        c = kept(pubrec(1), EOF)
        show(c.publish, 't', 'released', qos=2)
        for text, qos in ('first', 1), ('second', 2):
            again(c, EOF)
            show(c.publish, 't', text, qos=qos)
        for p in again(c, puback(2), pubcomp(1), pubrec(3), pubcomp(3)):
            print(p)
        for _ in range(4):
            c.wait_msg()
        print(packets(c.sock.wire)[-1], again(c))
        ",
        r"
        OSError(-1,)
        OSError(-1,)
        OSError(-1,)
        ('0x62', b'\x00\x01')
        ('0x3a', b'\x00\x01t\x00\x02first')
        ('0x3c', b'\x00\x01t\x00\x03second')
        ('0x62', b'\x00\x03') []
        ",
    );
}

/// A publish that ends badly although its message was acknowledged would be done again by its caller.
#[test]
fn mqtt_4_3_3_1_a_message_that_is_over_is_not_published_anew_when_its_call_fails() {
    prints(
        "
        def nested(topic, text):
            show(c.publish, 't', 'inner', qos=2)
        c = kept(message(b't', b'm', 1, 9), pubrec(1), pubcomp(1), pubrec(2), pubcomp(2))
        c.set_callback(nested)
        c.sock.takes = [None, None, None, None, OSError(104)]
        try:
            c.publish('t', 'outer', qos=2)
        except OSError:
            again(c, pubrec(3), pubcomp(3))
            c.publish('t', 'outer', qos=2)
            print([body[-5:] for first, body in packets(c.sock.wire)[1:] if first < '0x4'])
        ",
        "None",
    );
}

/// The acknowledgement is read by whichever call waits, and the call that has published is not there any more.
#[test]
fn mqtt_4_3_3_1_a_message_acknowledged_after_its_call_had_failed_is_not_published_anew() {
    prints(
        "
        c = kept(pubrec(1), EOF)
        show(c.publish, 't', 'mine', qos=2)
        again(c, pubcomp(1), suback(2, 0), pubrec(2), pubcomp(2), pubrec(3), pubcomp(3))
        c.subscribe('t')
        c.sock.forget()
        c.publish('t', 'mine', qos=2)
        print(sent(c))
        c.publish('t', 'mine', qos=2)
        c.publish('t', 'other', qos=2)
        print([body[-5:] for first, body in sent(c) if first == '0x34'])
        ",
        r"
        OSError(-1,)
        []
        [b'\x02mine', b'other']
        ",
    );
}

#[test]
fn mqtt_4_3_3_1_another_message_ends_the_claim_of_the_one_before() {
    prints(
        "
        c = kept(EOF)
        show(c.publish, 't', 'mine', qos=1)
        again(c, puback(1), puback(2), puback(3))
        c.wait_msg()
        c.sock.forget()
        c.publish('t', 'other', qos=1)
        c.publish('t', 'mine', qos=1)
        print([body[-5:] for first, body in sent(c)])
        ",
        r"
        OSError(-1,)
        [b'other', b'\x03mine']
        ",
    );
}

#[test]
fn mqtt_4_4_0_1_a_message_that_ends_a_claim_is_kept_in_its_place() {
    prints(
        "
        c = kept(EOF)
        for text in 'one', 'two', 'six', 'ten':
            show(c.publish, 't', text, qos=1)
            again(c, EOF)
        again(c, puback(1), EOF)
        c.wait_msg()
        show(c.publish, 't', 'new', qos=1)
        print([body[-3:] for first, body in again(c)])
        ",
        r"
        OSError(-1,)
        OSError(-1,)
        OSError(-1,)
        OSError(-1,)
        OSError(-1,)
        [b'two', b'six', b'ten', b'new']
        ",
    );
}
