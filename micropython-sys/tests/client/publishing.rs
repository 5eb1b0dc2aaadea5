//! publish(): the bytes it writes and in how many writes, identifiers, and what it refuses.

use crate::support::{interpreter, prints, prints_in};

#[cfg(feature = "qos2")]
#[test]
fn a_small_packet_is_one_write() {
    prints(
        "
        c = connected(puback(1), pubrec(2), pubcomp(2))
        c.publish('topic', 'message')
        c.publish('topic', 'message', False, 1)
        c.publish('topic', 'message', False, 2)
        for write in c.sock.writes:
            print(write)
        ",
        r"
        b'0\x0e\x00\x05topicmessage'
        b'2\x10\x00\x05topic\x00\x01message'
        b'4\x10\x00\x05topic\x00\x02message'
        b'b\x02\x00\x02'
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn publish_returns_none() {
    prints(
        "
        c = connected(puback(1), pubrec(2), pubcomp(2))
        print(c.publish('t', 'm'), c.publish('t', 'm', qos=1), c.publish('t', 'm', qos=2))
        ",
        "None None None",
    );
}

#[test]
fn retain_is_a_flag_of_the_first_byte() {
    prints(
        "
        c = connected(puback(1))
        c.publish('t', 'm', True)
        c.publish('t', 'm', 1, 1)
        c.publish('t', 'm', 'yes')
        print([write[0] for write in c.sock.writes])
        ",
        "[49, 51, 49]",
    );
}

#[test]
fn topic_and_message_may_be_any_kind_of_bytes() {
    prints(
        "
        from array import array
        class Text(str):
            pass
        c = connected()
        views = memoryview(b'ab'), memoryview(b'xabx')[1:3]
        for text in 'ab', Text('ab'), b'ab', bytearray(b'ab'), array('B', b'ab'), views[0], views[1]:
            c.publish(text, text)
        print(c.sock.wire == packet(0x30, b'\\0\\x02abab') * 7)
        c.sock.forget()
        c.publish('t', array('H', [0x6261, 0x6463]))
        print(c.sock.wire)
        ",
        r"
        True
        b'0\x07\x00\x01tabcd'
        ",
    );
}

#[test]
fn lengths_count_bytes_and_not_characters() {
    prints(
        "
        c = connected()
        c.publish('maison/température', '21 °C')
        print(c.sock.wire == message('maison/température'.encode(), '21 °C'.encode()))
        ",
        "True",
    );
}

#[test]
fn a_message_may_be_empty_and_hold_any_byte() {
    prints(
        r"
        c = connected()
        for text in '', b'', bytearray(), b'\0\xff':
            c.publish('t', text)
        print(c.sock.wire)
        ",
        r"b'0\x03\x00\x01t0\x03\x00\x01t0\x03\x00\x01t0\x05\x00\x01t\x00\xff'",
    );
}

#[test]
fn the_remaining_length_takes_as_many_bytes_as_it_needs() {
    prints_in(
        &mut interpreter(16 << 20),
        "
        c = connected()
        for length in 127, 128, 16383, 16384, 2097151, 2097152:
            c.publish('t', bytes(length - 3))
            header = c.sock.writes[0][:8]
            print(header[:header.find(b'\\0\\x01t')])
            c.sock.forget()
        ",
        r"
        b'0\x7f'
        b'0\x80\x01'
        b'0\xff\x7f'
        b'0\x80\x80\x01'
        b'0\xff\xff\x7f'
        b'0\x80\x80\x80\x01'
        ",
    );
}

#[test]
fn packets_of_every_size_arrive_as_they_were_given() {
    prints_in(
        &mut interpreter(1 << 20),
        "
        c = connected()
        pattern = bytes(range(256)) * 3
        for topic in b't', b't' * 200, b't' * 252, b't' * 300:
            for length in range(0, 600, 7):
                c.publish(topic, pattern[:length])
                if c.sock.wire != message(topic, pattern[:length]):
                    print(len(topic), length)
                c.sock.forget()
        ",
        "",
    );
}

#[test]
fn a_packet_up_to_536_bytes_is_one_write() {
    prints(
        "
        c = connected()
        c.publish('t', bytes(530))
        print([len(write) for write in c.sock.writes])
        ",
        "[536]",
    );
}

/// The rest begins at a word of the message, wherever the message begins.
#[test]
fn a_large_message_fills_one_packet_but_for_a_word_and_the_rest_is_one_write_of_its_own() {
    prints(
        "
        c = connected()
        text = bytes(range(256)) * 80
        for start in range(5):
            c.publish('t', memoryview(text)[start:])
            print([len(write) for write in c.sock.writes], b''.join(c.sock.writes)[7:] == text[start:])
            c.sock.forget()
        ",
        "
        [535, 19952] True
        [534, 19952] True
        [533, 19952] True
        [536, 19948] True
        [535, 19948] True
        ",
    );
}

#[test]
fn a_native_stream_gets_a_large_message_from_where_it_lies() {
    prints(
        "
        import _host
        def allocations_of_a_publish(text):
            before = _host.allocations()
            c.publish('t', text)
            return _host.allocations() - before
        c = client()
        c.sock = _host.Socket(b'')
        print(allocations_of_a_publish(bytes(20000)), c.sock.written())
        ",
        "0 20007",
    );
}

#[test]
fn short_writes_are_continued() {
    prints_in(
        &mut interpreter(16 << 20),
        "
        text = bytes(range(256)) * 4
        for step in 1, 2, 3, 7, 100, 255, 256, 257:
            class Slow(Socket):
                def write(self, data):
                    self.takes = [min(step, len(data))]
                    return super().write(data)
            c = client()
            c.sock = Slow(puback(1))
            c.publish('topic', text, qos=1)
            if c.sock.wire != message(b'topic', text, 1):
                print(step)
        ",
        "",
    );
}

#[test]
fn a_write_that_says_nothing_took_all() {
    prints(
        "
        c = connected(puback(1))
        c.sock.takes = [None, None]
        c.publish('t', bytes(600), qos=1)
        print(len(c.sock.writes), c.sock.wire == message(b't', bytes(600), 1))
        ",
        "2 True",
    );
}

#[test]
fn a_write_that_takes_nothing_is_tried_once_more_on_a_waiting_socket() {
    prints(
        "
        c = connected()
        c.sock.takes = [2, 0, 2, 0]
        c.publish('t', 'message')
        print(c.sock.wire == message(b't', b'message'), c.sock.calls)
        ",
        "True ['setblocking True', 'setblocking True']",
    );
}

#[test]
fn a_write_that_goes_on_taking_nothing_is_a_timeout() {
    prints(
        "
        c = connected(timeout=5)
        c.sock.takes = [0, 0]
        show(c.publish, 't', 'm')
        print(c.sock.calls)
        ",
        "
        OSError(110,)
        ['settimeout 5']
        ",
    );
}

#[test]
fn a_write_that_says_nonsense_is_an_io_error() {
    for taken in ["-1", "7"] {
        prints(
            &format!(
                "
                c = connected()
                c.sock.takes = [{taken}]
                show(c.publish, 't', 'm')
                show(c.publish, 't', 'm')
                "
            ),
            "
            OSError(5,)
            OSError(103,)
            ",
        );
    }
}

#[cfg(feature = "qos2")]
#[test]
fn after_a_write_that_failed_nothing_is_written_into_the_half_packet() {
    for qos in 0..=2 {
        prints(
            &format!(
                "
                c = connected()
                c.sock.takes = [3, OSError(104)]
                show(c.publish, 't', 'm', qos={qos})
                written = c.sock.wire
                show(c.publish, 't', 'm')
                print(c.sock.wire == written, c.sock.calls)
                show(c.publish, 't', 'm')
                show(c.wait_msg)
                "
            ),
            "
            OSError(104,)
            OSError(103,)
            True ['close']
            OSError(107,)
            OSError(107,)
            ",
        );
    }
}

#[test]
fn what_write_raises_is_raised_as_it_is() {
    prints(
        "
        c = connected()
        c.sock.takes = [KeyError('odd')]
        show(c.publish, 't', 'm')
        ",
        "KeyError('odd',)",
    );
}

#[test]
fn a_buffer_that_changes_size_while_it_is_written_is_an_error_and_cuts_the_packet() {
    prints(
        "
        for change in 'text.extend(bytes(5000))', 'text[:] = b\"\"':
            text = bytearray(400)
            c = connected()
            c.sock.takes = [lambda: exec(change) or 1]
            show(c.publish, 't', text)
            show(c.publish, 't', 'm')
        ",
        "
        ValueError('buffer changed size',)
        OSError(103,)
        ValueError('buffer changed size',)
        OSError(103,)
        ",
    );
}

#[test]
fn a_topic_that_changes_size_while_it_is_written_is_an_error() {
    prints(
        "
        topic = bytearray(b't' * 300)
        c = connected()
        c.sock.takes = [lambda: topic.extend(b'more') or 1]
        show(c.publish, topic, 'm')
        ",
        "ValueError('buffer changed size',)",
    );
}

#[test]
fn a_buffer_that_moves_while_it_is_written_is_followed() {
    prints(
        "
        text = bytearray(400)
        def move():
            global keep
            text.extend(bytes(10000))
            keep = bytearray(10000)
            text[:] = bytes([7]) * 400
            return 1
        c = connected()
        c.sock.takes = [move]
        c.publish('t', text)
        print(c.sock.wire == message(b't', bytes([7]) * 400))
        ",
        "True",
    );
}

#[test]
fn identifiers_count_from_1_and_are_seen_in_pid() {
    prints(
        "
        c = connected(puback(1), puback(2), suback(3))
        c.publish('t', 'm', qos=1)
        c.publish('t', 'm')
        c.publish('t', 'm', qos=1)
        c.subscribe('t')
        print(c.pid)
        ",
        "3",
    );
}

#[test]
fn identifiers_wrap_past_zero() {
    prints(
        "
        c = connected(puback(65535), puback(1))
        c.pid = 65534
        c.publish('t', 'm', qos=1)
        print(c.pid)
        c.publish('t', 'm', qos=1)
        print(c.pid, [write[5:7] for write in c.sock.writes])
        ",
        r"
        65535
        1 [b'\xff\xff', b'\x00\x01']
        ",
    );
}

#[test]
fn identifiers_in_flight_are_skipped() {
    prints(
        "
        def again(topic, text):
            c.pid = 0
            c.publish('inner', 'm', qos=1)
            print('inner', c.pid)
        c = connected(message(b't', b'm'), puback(2), puback(1))
        c.set_callback(again)
        c.publish('outer', 'm', qos=1)
        ",
        "inner 2",
    );
}

#[test]
fn identifiers_go_on_after_connecting_again() {
    prints(
        "
        c = connected(puback(1))
        c.publish('t', 'm', qos=1)
        serve(CONNACK, puback(2))
        c.connect()
        c.publish('t', 'm', qos=1)
        print(c.pid)
        ",
        "2",
    );
}

#[test]
fn a_pid_that_is_no_number_is_refused() {
    prints(
        "
        c = connected()
        c.pid = 'x'
        show(c.publish, 't', 'm', qos=1)
        print(c.publish('t', 'm'))
        ",
        "
        TypeError(\"can't convert str to int\",)
        None
        ",
    );
}

#[test]
fn qos_1_waits_for_its_own_acknowledgement() {
    prints(
        "
        c = connected(puback(9), PINGRESP, message(b't', b'meanwhile'), suback(1), puback(1), message(b't', b'later'))
        c.publish('t', 'm', qos=1)
        print('published')
        c.wait_msg()
        ",
        "
        got b't' b'meanwhile'
        published
        got b't' b'later'
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn qos_2_releases_and_waits_for_completion() {
    prints(
        "
        c = connected(pubcomp(1), puback(1), pubrec(1), message(b't', b'meanwhile'), pubcomp(1))
        c.publish('t', 'm', qos=2)
        print(c.sock.writes)
        ",
        r"
        got b't' b'meanwhile'
        [b'4\x06\x00\x01t\x00\x01m', b'b\x02\x00\x01']
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn a_broker_that_closes_instead_of_acknowledging_is_an_os_error() {
    for answers in ["EOF", "puback(1)[:3], EOF", "pubrec(1), EOF"] {
        prints(
            &format!(
                "
                c = connected({answers})
                show(c.publish, 't', 'm', qos=2)
                print(c.sock.calls[-1])
                show(c.publish, 't', 'm')
                "
            ),
            "
            OSError(-1,)
            close
            OSError(107,)
            ",
        );
    }
}

#[test]
fn after_a_failed_wait_the_late_acknowledgement_is_a_stray_one() {
    prints(
        "
        c = connected(OSError(110), puback(1), puback(2))
        show(c.publish, 't', 'm', qos=1)
        show(c.publish, 't', 'm', qos=1)
        ",
        "
        OSError(110,)
        None
        ",
    );
}

/// Publishes with these arguments: the exception comes, nothing is written, and the connection stays usable.
#[track_caller]
fn refused(arguments: &str, exception: &str) {
    prints_in(
        &mut interpreter(1 << 20),
        &format!(
            "
                c = connected()
                show(c.publish, {arguments})
                print(c.sock.writes, c.sock.calls)
                show(c.publish, 't', 'm')
                "
        ),
        &format!("{exception}\n[] []\nNone"),
    );
}

#[test]
fn a_message_without_a_length_is_a_type_error_as_in_the_tutorial() {
    refused("'domeu', 120", "TypeError(\"object of type 'int' has no len()\",)");
    refused("'domeu', None", "TypeError(\"object of type 'NoneType' has no len()\",)");
    refused("'domeu', 1.5", "TypeError(\"object of type 'float' has no len()\",)");
    refused("5, 'm'", "TypeError(\"object of type 'int' has no len()\",)");
    refused("'domeu', 120, False, 1", "TypeError(\"object of type 'int' has no len()\",)");
}

#[test]
fn a_message_that_has_a_length_but_no_bytes_is_a_type_error() {
    for message in ["[1]", "(1,)", "{1: 2}", "{1}", "range(3)"] {
        refused(&format!("'domeu', {message}"), "TypeError('object with buffer protocol required',)");
    }
}

#[test]
fn a_topic_with_a_wildcard_is_refused() {
    for topic in ["domeu/#", "domeu/+/x", "a+b", "#"] {
        refused(&format!("'{topic}', 'm'"), "ValueError(\"can't publish to a topic with + or #\",)");
    }
}

#[test]
fn an_empty_topic_is_refused() {
    refused("'', 'm'", "ValueError('topic must not be empty',)");
    refused("bytearray(), 'm', False, 1", "ValueError('topic must not be empty',)");
}

#[test]
fn a_topic_that_is_no_text_is_refused() {
    for topic in [r"'a\0b'", r"b'\xff'", r"b'\xed\xa0\x80'", r"b'\xc3'"] {
        refused(&format!("{topic}, 'm'"), "ValueError('text must be UTF-8 without NUL',)");
    }
}

#[test]
fn a_topic_beyond_65535_bytes_is_refused() {
    refused("'t' * 65536, 'm'", "ValueError('text must not exceed 65535 bytes',)");
    refused("'é' * 32768, 'm'", "ValueError('text must not exceed 65535 bytes',)");
}

#[test]
fn a_topic_of_65535_bytes_is_sent() {
    prints_in(
        &mut interpreter(2 << 20),
        "
        c = connected()
        c.publish('t' * 65535, 'm')
        print(c.sock.wire == message(b't' * 65535, b'm'))
        ",
        "True",
    );
}

/// A bytearray beyond the protocol's limit, on a heap that holds it.
#[test]
fn a_message_beyond_the_protocols_limit_is_refused() {
    prints_in(
        &mut interpreter(300 << 20),
        "
        c = connected()
        show(c.publish, 't', bytearray(268435455 - 2))
        print(c.sock.writes)
        ",
        "
        ValueError('message must not exceed 268435455 bytes with its topic',)
        []
        ",
    );
}

#[test]
fn a_qos_out_of_range_is_an_assertion_error() {
    for qos in ["3", "-1", "256"] {
        refused(&format!("'t', 'm', False, {qos}"), "AssertionError()");
    }
}

#[test]
fn a_qos_that_is_no_number_is_a_type_error() {
    refused("'t', 'm', False, 'x'", "TypeError(\"can't convert str to int\",)");
    refused("'t', 'm', False, None", "TypeError(\"can't convert NoneType to int\",)");
}

#[test]
fn a_refused_publish_takes_no_identifier_and_leaves_no_exchange_open() {
    prints(
        "
        c = connected(puback(1))
        for topic in '######':
            try:
                c.publish(topic, 'm', qos=1)
            except ValueError:
                pass
        show(c.publish, 't', 'm', qos=1)
        ",
        "None",
    );
}
