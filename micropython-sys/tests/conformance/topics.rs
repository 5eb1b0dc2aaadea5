//! Topic names and topic filters (chapter 4.7, and the packets that carry them).

use crate::{closes, prints};

#[test]
fn mqtt_3_3_2_1_the_topic_name_is_the_first_field() {
    prints(
        "
        c = connected(puback(1), pubrec(2), pubcomp(2))
        for qos in range(3):
            c.publish('é/t', '', qos=qos)
        print([body for first, body in sent(c) if first < '0x4'])
        ",
        r"[b'\x00\x04\xc3\xa9/t', b'\x00\x04\xc3\xa9/t\x00\x01', b'\x00\x04\xc3\xa9/t\x00\x02']",
    );
}

#[test]
fn mqtt_3_3_2_2_mqtt_4_7_1_1_a_topic_name_with_a_wildcard_is_refused() {
    prints(
        "
        c = connected()
        for topic in '+', '#', 'a/+', 'a/#', 'a+b':
            show(c.publish, topic, 'm')
        print(sent(c))
        c.set_last_will('w/#', 'm')
        sock = serve(CONNACK)
        show(c.connect)
        print(sock.wire)
        ",
        &format!("{0}{0}{0}{0}{0}[]\n{0}b''", "ValueError(\"can't publish to a topic with + or #\",)\n"),
    );
}

#[test]
fn mqtt_3_3_2_2_a_message_to_a_wildcard_closes_the_connection() {
    closes("message(b'a/+', b'm')");
    closes("message(b'#', b'm')");
}

#[test]
fn mqtt_4_7_1_1_a_topic_filter_may_have_wildcards() {
    prints(
        "
        c = connected(suback(1), unsuback(2))
        print(c.subscribe('a/+/#'), c.unsubscribe('a/+/#'))
        ",
        "None None",
    );
}

/// Each filter is refused by subscribe and unsubscribe, before anything is sent.
fn is_refused(filters: &str, exception: &str) {
    prints(
        &format!(
            "
            c = connected()
            for filter in {filters}:
                show(c.subscribe, filter)
                show(c.unsubscribe, filter)
            print(c.sock.wire)
            "
        ),
        &format!("{}b''", format!("{exception}\n").repeat(2 * filters.matches(',').count())),
    );
}

const MISPLACED: &str = "ValueError('+ and # must fill a whole topic level, # the last',)";

#[test]
fn mqtt_4_7_1_2_the_multi_level_wildcard_stands_alone_at_the_end() {
    is_refused("'a#', '#/a', 'a/#/b', 'a/b#', '##', '/#/', ", MISPLACED);
    prints(
        "
        c = connected(*(suback(id) for id in (1, 2, 3)))
        print([c.subscribe(filter) for filter in ('#', 'a/#', '/#')])
        ",
        "[None, None, None]",
    );
}

#[test]
fn mqtt_4_7_1_3_the_single_level_wildcard_fills_its_level() {
    is_refused("'a+', '+a', 'a/b+', 'a/+b/c', '++', '+#', ", MISPLACED);
    prints(
        "
        c = connected(*(suback(id) for id in (1, 2, 3, 4)))
        print([c.subscribe(filter) for filter in ('+', '+/a/+', '/+', 'a/+/b')])
        ",
        "[None, None, None, None]",
    );
}

#[test]
fn mqtt_4_7_3_1_topics_have_at_least_one_character() {
    is_refused("'', b'', ", "ValueError('topic must not be empty',)");
    prints(
        "
        c = connected()
        show(c.publish, '', 'm')
        print(c.sock.wire)
        ",
        "
        ValueError('topic must not be empty',)
        b''
        ",
    );
    closes("message(b'', b'm')");
}

#[test]
fn mqtt_4_7_3_2_topics_hold_no_nul() {
    is_refused(r"'\0', 'a/\0b', ", "ValueError('text must be UTF-8 without NUL',)");
    prints(
        r"
        c = connected()
        show(c.publish, 'a\0', 'm')
        print(c.sock.wire)
        ",
        "
        ValueError('text must be UTF-8 without NUL',)
        b''
        ",
    );
}

#[test]
fn mqtt_4_7_3_3_topics_have_at_most_65535_bytes() {
    is_refused("'t' * 65536, 'é' * 32768, ", "ValueError('text must not exceed 65535 bytes',)");
    prints(
        "
        c = connected(suback(1))
        show(c.publish, 't' * 65536, 'm')
        print(c.sock.wire)
        c.publish('t' * 65535, 'm')
        c.subscribe('é' * 32767)
        print([len(body) for _, body in sent(c)])
        ",
        "
        ValueError('text must not exceed 65535 bytes',)
        b''
        [65538, 65539]
        ",
    );
}

#[test]
fn mqtt_3_8_1_1_mqtt_3_10_1_1_subscribe_and_unsubscribe_carry_the_reserved_flags() {
    prints(
        "
        c = connected(suback(1), unsuback(2))
        c.subscribe('t', 1)
        c.unsubscribe('t')
        print([first for first, _ in sent(c)])
        ",
        "['0x82', '0xa2']",
    );
}

#[test]
fn mqtt_3_8_3_1_mqtt_3_10_3_1_topic_filters_are_utf_8() {
    prints(
        r"
        c = connected(suback(1), unsuback(2))
        c.subscribe('é/+')
        c.unsubscribe('é/+')
        print([body[4:] for _, body in sent(c)])
        show(c.subscribe, b'\xe9')
        show(c.unsubscribe, b'\xe9')
        print(len(sent(c)))
        ",
        r"
        [b'\xc3\xa9/+\x00', b'\xc3\xa9/+']
        ValueError('text must be UTF-8 without NUL',)
        ValueError('text must be UTF-8 without NUL',)
        2
        ",
    );
}

#[test]
fn mqtt_3_8_3_3_subscribe_carries_a_filter_with_its_qos() {
    prints(
        "
        c = connected(suback(1), suback(2), suback(3))
        for qos in range(3):
            c.subscribe('t', qos)
        print([body[2:] for _, body in sent(c)])
        show(c.subscribe, '')
        show(c.subscribe, 't', 3)
        print(len(sent(c)))
        ",
        r"
        [b'\x00\x01t\x00', b'\x00\x01t\x01', b'\x00\x01t\x02']
        ValueError('topic must not be empty',)
        AssertionError()
        3
        ",
    );
}

#[test]
fn mqtt_3_10_3_2_unsubscribe_carries_a_filter() {
    prints(
        "
        c = connected(unsuback(1))
        c.unsubscribe('t')
        print([body[2:] for _, body in sent(c)])
        show(c.unsubscribe, '')
        print(len(sent(c)))
        ",
        r"
        [b'\x00\x01t']
        ValueError('topic must not be empty',)
        1
        ",
    );
}

/// Contract, point 5: it is no violation that closes the connection, it only ends nothing.
#[test]
fn mqtt_3_8_4_2_a_suback_of_another_subscription_ends_nothing() {
    prints(
        "
        c = connected(suback(7))
        show(c.subscribe, 't')
        c.sock.answers = [suback(7, 0x80), suback(2)]
        show(c.subscribe, 't')
        ",
        "
        Hang()
        None
        ",
    );
}

#[test]
fn mqtt_3_10_4_4_an_unsuback_of_another_subscription_ends_nothing() {
    prints(
        "
        c = connected(unsuback(7))
        show(c.unsubscribe, 't')
        c.sock.answers = [unsuback(7), suback(2), unsuback(2)]
        show(c.unsubscribe, 't')
        print(len(c.sock.answers))
        ",
        "
        Hang()
        None
        0
        ",
    );
}
