//! subscribe() and unsubscribe().

use crate::support::{interpreter, prints, prints_in};

#[cfg(feature = "qos2")]
#[test]
fn subscribe_is_one_write_and_returns_none() {
    prints(
        "
        c = connected(suback(1), suback(2, 1), suback(3, 2))
        for qos in 0, 1, 2:
            print(c.subscribe('domeu/#', qos), c.sock.writes[-1])
        ",
        r"
        None b'\x82\x0c\x00\x01\x00\x07domeu/#\x00'
        None b'\x82\x0c\x00\x02\x00\x07domeu/#\x01'
        None b'\x82\x0c\x00\x03\x00\x07domeu/#\x02'
        ",
    );
}

#[test]
fn unsubscribe_is_one_write_and_returns_none() {
    prints(
        "
        c = connected(unsuback(1))
        print(c.unsubscribe('domeu/#'), c.sock.writes)
        ",
        r"None [b'\xa2\x0b\x00\x01\x00\x07domeu/#']",
    );
}

#[test]
fn the_topic_may_be_any_kind_of_bytes_and_counts_bytes() {
    prints(
        "
        c = connected(*(suback(id) for id in range(1, 6)))
        for topic in 'été', 'été'.encode(), bytearray('été'.encode()), memoryview('été'.encode()):
            c.subscribe(topic)
            print(c.sock.writes[-1][4:])
        ",
        &"b'\\x00\\x05\\xc3\\xa9t\\xc3\\xa9\\x00'\n".repeat(4),
    );
}

#[test]
fn a_long_topic_is_written_whole() {
    prints_in(
        &mut interpreter(2 << 20),
        "
        for length in 121, 122, 123, 124, 249, 250, 251, 252, 300, 65535:
            c = connected(suback(1), unsuback(2))
            topic = b't' * length
            c.subscribe(topic)
            c.unsubscribe(topic)
            field = number(length) + topic
            if c.sock.wire != packet(0x82, number(1) + field + b'\\0') + packet(0xa2, number(2) + field):
                print(length)
        ",
        "",
    );
}

#[test]
fn without_a_callback_subscribe_is_an_assertion_error() {
    prints(
        "
        c = connected()
        c.cb = None
        show(c.subscribe, 't')
        print(c.sock.writes)
        ",
        "
        AssertionError('Subscribe callback is not set',)
        []
        ",
    );
}

#[test]
fn a_refused_subscription_is_an_exception_with_code_128() {
    prints(
        "
        c = connected(suback(1, 0x80), suback(2))
        show(c.subscribe, 't')
        show(c.subscribe, 't')
        print(c.sock.calls)
        ",
        "
        MQTTException(128,)
        None
        ['setblocking True', 'setblocking True']
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn a_lower_granted_qos_is_no_refusal() {
    prints(
        "
        c = connected(suback(1, 0))
        print(c.subscribe('t', 2))
        ",
        "None",
    );
}

#[test]
fn messages_that_come_before_suback_are_delivered() {
    prints(
        "
        c = connected(message(b't', b'retained', 1, 9), suback(8, 0x80), puback(1), suback(1))
        print(c.subscribe('t'))
        print(c.sock.writes[1] == puback(9))
        ",
        "
        got b't' b'retained'
        None
        True
        ",
    );
}

#[test]
fn unsubscribe_waits_for_its_own_acknowledgement() {
    prints(
        "
        c = connected(unsuback(9), suback(1), message(b't', b'late'), unsuback(1), PINGRESP)
        print(c.unsubscribe('t'), len(c.sock.answers))
        ",
        "
        got b't' b'late'
        None 1
        ",
    );
}

#[test]
fn a_broker_that_closes_instead_of_acknowledging_is_an_os_error() {
    prints(
        "
        for method in MQTTClient.subscribe, MQTTClient.unsubscribe:
            c = connected(EOF)
            show(method, c, 't')
            print(c.sock.calls[-1])
        ",
        "
        OSError(-1,)
        close
        OSError(-1,)
        close
        ",
    );
}

/// Both methods with this topic: the exception comes, nothing is written, and the connection stays usable.
#[track_caller]
fn refused(topic: &str, exception: &str) {
    prints_in(
        &mut interpreter(1 << 20),
        &format!(
            "
                c = connected(suback(1))
                show(c.subscribe, {topic})
                show(c.unsubscribe, {topic})
                print(c.sock.writes, c.sock.calls)
                show(c.subscribe, 't')
                "
        ),
        &format!("{exception}\n{exception}\n[] []\nNone"),
    );
}

#[test]
fn misplaced_wildcards_are_refused() {
    for topic in ["a#", "a/#/b", "a+", "+a/b", "##"] {
        refused(&format!("'{topic}'"), "ValueError('+ and # must fill a whole topic level, # the last',)");
    }
}

#[test]
fn wildcards_that_fill_a_level_are_sent() {
    prints(
        "
        c = connected(*(suback(id) for id in range(1, 6)))
        for topic in '#', '+', 'a/#', 'a/+/b', '+/+/#':
            print(c.subscribe(topic), end=' ')
        print()
        ",
        "None None None None None ",
    );
}

#[test]
fn an_empty_topic_is_refused() {
    refused("''", "ValueError('topic must not be empty',)");
}

#[test]
fn a_topic_that_is_no_text_is_refused() {
    refused(r"'a\0b'", "ValueError('text must be UTF-8 without NUL',)");
    refused(r"b'\xff'", "ValueError('text must be UTF-8 without NUL',)");
}

#[test]
fn a_topic_beyond_65535_bytes_is_refused() {
    refused("'t' * 65536", "ValueError('text must not exceed 65535 bytes',)");
}

#[test]
fn a_topic_without_bytes_is_a_type_error() {
    refused("5", "TypeError(\"object of type 'int' has no len()\",)");
    refused("None", "TypeError(\"object of type 'NoneType' has no len()\",)");
    refused("['t']", "TypeError('object with buffer protocol required',)");
}

#[test]
fn a_qos_out_of_range_is_refused() {
    prints(
        "
        c = connected()
        for qos in 3, -1, 'x':
            show(c.subscribe, 't', qos)
        print(c.sock.writes)
        ",
        "
        AssertionError()
        AssertionError()
        TypeError(\"can't convert str to int\",)
        []
        ",
    );
}
