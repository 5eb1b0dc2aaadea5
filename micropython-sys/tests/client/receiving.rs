//! wait_msg() and check_msg(): what they return and read, what the callback is given and may do, and every way for a
//! broker to misbehave.

use crate::support::{delivered, interpreter, prints, prints_in};

#[test]
fn the_callback_gets_topic_and_message_as_bytes() {
    prints(
        r"
        c = connected(message('température'.encode(), b'21\0\xff'), message(b't', b''))
        c.wait_msg()
        c.wait_msg()
        ",
        r"
        got b'temp\xc3\xa9rature' b'21\x00\xff'
        got b't' b''
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn delivered_messages_return_what_the_api_says() {
    prints(
        "
        c = connected(message(b't', b'm'), message(b't', b'm', 1), message(b't', b'm', 2), message(b't', b'm'))
        c.set_callback(lambda topic, text: None)
        print(c.wait_msg(), c.wait_msg(), c.wait_msg(), c.check_msg())
        ",
        &[0x30, 0x32, 0x34, 0x30].map(delivered).join(" "),
    );
}

#[cfg(feature = "qos2")]
#[test]
fn other_packets_return_their_first_byte_and_pingresp_none() {
    prints(
        "
        c = connected(puback(1), pubrec(2), pubrel(3), pubcomp(4), suback(5), unsuback(6), PINGRESP)
        print([c.wait_msg() for _ in range(7)])
        c.sock.answers = [puback(1), PINGRESP]
        print(c.check_msg(), c.check_msg(), c.check_msg())
        ",
        "
        [64, 80, 98, 112, 144, 176, None]
        64 None None
        ",
    );
}

#[test]
fn ping_only_writes() {
    prints(
        "
        c = connected()
        print(c.ping(), c.sock.writes, c.sock.calls)
        ",
        r"None [b'\xc0\x00'] []",
    );
}

#[test]
fn check_msg_returns_none_at_once_when_nothing_is_there() {
    prints(
        "
        c = connected()
        print(c.check_msg(), c.sock.calls)
        ",
        "None ['setblocking False', 'setblocking True']",
    );
}

#[test]
fn check_msg_takes_one_packet() {
    prints(
        "
        c = connected(message(b't', b'1') + message(b't', b'2'))
        c.check_msg()
        print('then')
        c.check_msg()
        ",
        "
        got b't' b'1'
        then
        got b't' b'2'
        ",
    );
}

#[test]
fn the_socket_waits_again_while_the_callback_runs() {
    prints(
        "
        c = connected(message(b't', b'm'), puback(1))
        c.set_callback(lambda topic, text: print(c.sock.blocking, c.publish('t', 'm', qos=1)))
        c.check_msg()
        ",
        "True None",
    );
}

#[test]
fn several_packets_in_one_read_are_taken_one_by_one() {
    prints(
        "
        c = connected(message(b't', b'1') + puback(7) + message(b't', b'2', 1, 9) + PINGRESP + message(b't', b'3'))
        for _ in range(5):
            c.wait_msg()
        print(c.sock.wire)
        ",
        r"
        got b't' b'1'
        got b't' b'2'
        got b't' b'3'
        b'@\x02\x00\t'
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn packets_may_arrive_a_byte_at_a_time() {
    prints(
        "
        stream = message(b'topic', b'm' * 200) + message(b'topic', b'one', 1, 258) + PINGRESP
        stream += message(b'topic', b'', 2, 3) + pubrel(3)
        c = connected(*each_byte(stream))
        c.set_callback(lambda topic, text: print(topic, len(text)))
        for _ in range(5):
            c.wait_msg()
        print(c.sock.wire)
        ",
        r"
        b'topic' 200
        b'topic' 3
        b'topic' 0
        b'@\x02\x01\x02P\x02\x00\x03p\x02\x00\x03'
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn check_msg_resumes_after_a_pause_at_every_byte() {
    prints(
        "
        for qos in 0, 1, 2:
            whole = message(b'topic', b'x' * 130, qos, 5)
            answers = []
            for byte in each_byte(whole):
                answers += [byte, LATER]
            c = connected(*answers)
            c.set_callback(lambda topic, text: print(topic, len(text), c.sock.blocking))
            for _ in whole:
                c.check_msg()
            print(c.sock.wire)
        ",
        r"
        b'topic' 130 True
        b''
        b'topic' 130 True
        b'@\x02\x00\x05'
        b'topic' 130 True
        b'P\x02\x00\x05'
        ",
    );
}

#[test]
fn a_pause_at_every_place_of_a_stream_loses_nothing() {
    prints(
        "
        stream = message(b'topic', b'one') + puback(1) + message(b'other', b'two', 1, 7) + PINGRESP + message(b't', b'')
        arrived = []
        for place in range(1, len(stream)):
            c = connected(stream[:place], LATER, stream[place:])
            c.set_callback(lambda topic, text: arrived.append((topic, text)))
            while c.sock.answers:
                c.check_msg()
            if arrived != [(b'topic', b'one'), (b'other', b'two'), (b't', b'')] or c.sock.wire != puback(7):
                print(place, arrived, c.sock.wire)
            arrived = []
        ",
        "",
    );
}

#[test]
fn wait_msg_goes_on_where_check_msg_stopped() {
    prints(
        "
        c = connected(message(b'topic', b'message')[:10])
        print(c.check_msg())
        c.sock.answers = [message(b'topic', b'message')[10:]]
        c.wait_msg()
        ",
        "
        None
        got b'topic' b'message'
        ",
    );
}

#[test]
fn publish_goes_on_where_check_msg_stopped() {
    prints(
        "
        c = connected(message(b'topic', b'message')[:10])
        c.check_msg()
        c.sock.answers = [message(b'topic', b'message')[10:], puback(1)]
        print(c.publish('t', 'm', qos=1))
        ",
        "
        got b'topic' b'message'
        None
        ",
    );
}

#[test]
fn wait_msg_on_a_socket_that_does_not_wait_returns_none() {
    prints(
        "
        c = connected(LATER, message(b't', b'm'))
        print(c.wait_msg())
        c.wait_msg()
        ",
        "
        None
        got b't' b'm'
        ",
    );
}

#[test]
fn an_exception_of_read_is_raised_and_nothing_is_lost() {
    prints(
        "
        whole = message(b'topic', b'message', 1, 7)
        for place in range(len(whole)):
            c = connected(whole[:place] or OSError(4), OSError(11), whole[place:])
            c.set_callback(lambda topic, text: topic == b'topic' and text == b'message' or print(place, topic, text))
            for call in c.check_msg, c.wait_msg, c.wait_msg:
                try:
                    call()
                except OSError as error:
                    if error.errno not in (4, 11):
                        print(place, error)
                except Hang:
                    pass
            if c.sock.wire != puback(7):
                print(place, c.sock.wire)
        ",
        "",
    );
}

#[test]
fn read_may_give_any_kind_of_bytes() {
    prints(
        "
        kinds = bytes, bytearray, memoryview
        c = connected(*(kind(byte) for kind in kinds for byte in each_byte(message(b't', b'm'))))
        for _ in range(3):
            c.wait_msg()
        ",
        "
        got b't' b'm'
        got b't' b'm'
        got b't' b'm'
        ",
    );
}

#[test]
fn read_that_gives_no_bytes_is_a_type_error() {
    prints(
        "
        for nonsense in 5, [1], object:
            c = connected(lambda n: nonsense)
            show(c.wait_msg)
        ",
        &"TypeError('object with buffer protocol required',)\n".repeat(3),
    );
}

#[test]
fn read_that_gives_more_than_was_asked_for_is_an_io_error() {
    prints(
        "
        c = connected(lambda n: bytes(n + 1))
        show(c.wait_msg)
        ",
        "OSError(5,)",
    );
}

#[test]
fn a_message_from_within_read_harms_nobody() {
    prints(
        "
        def nested(n):
            show(c.wait_msg)
            return whole[:n]
        whole = message(b'topic', b'message')
        for place in range(1, len(whole)):
            c = connected(whole[:place], nested, whole[place:], PINGRESP)
            c.set_callback(lambda topic, text: None)
            try:
                c.wait_msg()
            except (OSError, MQTTException, Hang):
                pass
            serve(CONNACK, message(b't', b'still alive'))
            c.set_callback(received)
            c.connect()
        c.wait_msg()
        ",
        &format!("{}got b't' b'still alive'", format!("{}\n", delivered(0x30)).repeat(15)),
    );
}

#[test]
fn qos_1_is_acknowledged_after_the_callback() {
    prints(
        "
        c = connected(message(b't', b'm', 1, 0x1234))
        c.set_callback(lambda topic, text: print(c.sock.wire))
        c.wait_msg()
        print(c.sock.wire)
        ",
        "
        b''
        b'@\\x02\\x124'
        ",
    );
}

#[test]
fn qos_1_is_delivered_as_often_as_it_comes() {
    prints(
        "
        c = connected(message(b't', b'm', 1, 7), message(b't', b'm', 1, 7, 1))
        c.wait_msg()
        c.wait_msg()
        print(c.sock.wire == puback(7) * 2)
        ",
        "
        got b't' b'm'
        got b't' b'm'
        True
        ",
    );
}

/// MQTT-4.3.3-2
#[cfg(feature = "qos2")]
#[test]
fn qos_2_is_delivered_once_until_it_is_released() {
    prints(
        "
        again = message(b't', b'm', 2, 7, 1)
        c = connected(message(b't', b'm', 2, 7), again, pubrel(7), pubrel(7), message(b't', b'new', 2, 7))
        for _ in range(5):
            c.wait_msg()
        print(c.sock.wire == pubrec(7) * 2 + pubcomp(7) * 2 + pubrec(7))
        ",
        "
        got b't' b'm'
        got b't' b'new'
        True
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn stray_acknowledgements_are_read_whole() {
    prints(
        "
        c = connected(puback(64), suback(0x3030, 1), unsuback(0x3032), pubcomp(48), message(b't', b'm'))
        for _ in range(5):
            c.wait_msg()
        print(c.sock.wire)
        ",
        "
        got b't' b'm'
        b''
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn a_stray_pubrec_is_released() {
    prints(
        "
        c = connected(pubrec(9))
        c.wait_msg()
        print(c.sock.wire == pubrel(9))
        ",
        "True",
    );
}

#[test]
fn without_a_callback_a_message_is_a_type_error_and_not_acknowledged() {
    prints(
        "
        c = connected(message(b't', b'm', 1, 7), message(b't', b'next', 1, 8))
        c.cb = None
        show(c.wait_msg)
        print(c.sock.wire)
        c.cb = received
        c.wait_msg()
        print(c.sock.wire == puback(8))
        ",
        "
        TypeError(\"'NoneType' object isn't callable\",)
        b''
        got b't' b'next'
        True
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn a_callback_that_raises_leaves_the_message_unacknowledged_and_the_connection_usable() {
    for qos in 0..=2 {
        prints(
            &format!(
                "
                def failing(topic, text):
                    raise ValueError(text)
                c = connected(message(b't', b'm', {qos}, 7), message(b't', b'next', {qos}, 8))
                c.set_callback(failing)
                show(c.check_msg)
                print(c.sock.wire, c.sock.calls)
                c.set_callback(received)
                c.wait_msg()
                c.publish('t', 'm')
                print(c.sock.writes[-1])
                "
            ),
            r"
            ValueError(b'm',)
            b'' ['setblocking False', 'setblocking True']
            got b't' b'next'
            b'0\x04\x00\x01tm'
            ",
        );
    }
}

#[cfg(feature = "qos2")]
#[test]
fn a_qos_2_message_whose_callback_raised_is_delivered_again() {
    prints(
        "
        def failing(topic, text):
            c.set_callback(received)
            raise ValueError
        c = connected(message(b't', b'm', 2, 7), message(b't', b'm', 2, 7, 1))
        c.set_callback(failing)
        show(c.wait_msg)
        c.wait_msg()
        print(c.sock.wire == pubrec(7))
        ",
        "
        ValueError()
        got b't' b'm'
        True
        ",
    );
}

#[test]
fn a_callback_that_raises_ends_the_publish_around_it() {
    prints(
        "
        def failing(topic, text):
            raise ValueError
        c = connected(message(b't', b'm'), puback(1), puback(2))
        c.set_callback(failing)
        show(c.publish, 't', 'm', qos=1)
        show(c.publish, 't', 'm', qos=1)
        ",
        "
        ValueError()
        None
        ",
    );
}

#[test]
fn a_callback_may_publish_and_each_publish_gets_its_own_acknowledgement() {
    for acknowledgements in ["puback(1), puback(2)", "puback(2), puback(1)"] {
        prints(
            &format!(
                "
                def publishing(topic, text):
                    print('inner', c.publish('inner', 'm', qos=1), c.pid)
                c = connected(message(b't', b'm', 1, 7), {acknowledgements})
                c.set_callback(publishing)
                print('outer', c.publish('outer', 'm', qos=1), len(c.sock.answers))
                print(c.sock.writes[-1] == puback(7), len(c.sock.writes))
                "
            ),
            "
            inner None 2
            outer None 0
            True 3
            ",
        );
    }
}

#[test]
fn a_callback_may_subscribe_unsubscribe_and_wait() {
    prints(
        "
        def busy(topic, text):
            c.set_callback(received)
            print(c.subscribe('s'), c.unsubscribe('s'), c.wait_msg() in (None, 48))
        c = connected(message(b't', b'm', 1, 7), suback(1), unsuback(2), message(b't', b'within'))
        c.set_callback(busy)
        c.wait_msg()
        print(c.sock.writes[-1] == puback(7))
        ",
        "
        got b't' b'within'
        None None True
        True
        ",
    );
}

#[test]
fn nested_messages_are_acknowledged_each_with_its_own_identifier_in_the_order_of_arrival() {
    prints(
        "
        def nesting(topic, text):
            print('begin', text)
            if text < b'3':
                c.wait_msg()
            print('end', text)
        c = connected(message(b't', b'1', 1, 11), message(b't', b'2', 1, 12), message(b't', b'3', 1, 13))
        c.set_callback(nesting)
        c.wait_msg()
        print(c.sock.wire == puback(11) + puback(12) + puback(13))
        ",
        "
        begin b'1'
        begin b'2'
        begin b'3'
        end b'3'
        end b'2'
        end b'1'
        True
        ",
    );
}

#[test]
fn a_callback_may_replace_the_callback() {
    prints(
        "
        c = connected(message(b't', b'1'), message(b't', b'2'))
        c.set_callback(lambda topic, text: c.set_callback(received))
        c.wait_msg()
        c.wait_msg()
        ",
        "got b't' b'2'",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn a_callback_may_disconnect() {
    for qos in 0..=2 {
        prints(
            &format!(
                "
                c = connected(message(b't', b'm', {qos}, 7))
                c.set_callback(lambda topic, text: c.disconnect())
                print(c.wait_msg(), c.sock.writes, c.sock.calls)
                show(c.wait_msg)
                "
            ),
            &format!("{} [b'\\xe0\\x00'] ['setblocking True', 'close']\nOSError(107,)", delivered(0x30 | qos << 1)),
        );
    }
}

#[test]
fn a_callback_that_disconnects_ends_the_publish_around_it() {
    prints(
        "
        c = connected(message(b't', b'm', 1, 7), puback(1))
        c.set_callback(lambda topic, text: c.disconnect())
        show(c.publish, 't', 'm', qos=1)
        print(c.sock.writes[-1])
        ",
        r"
        OSError(107,)
        b'\xe0\x00'
        ",
    );
}

#[test]
fn a_callback_may_connect_again_and_nothing_of_the_old_connection_reaches_the_new() {
    prints(
        "
        def reconnecting(topic, text):
            c.set_callback(received)
            c.connect()
        c = connected(message(b't', b'm', 1, 7))
        c.set_callback(reconnecting)
        old, new = c.sock, serve(CONNACK, message(b't', b'new', 1, 8))
        c.wait_msg()
        print(old.wire, old.calls[-1], len(new.writes))
        c.wait_msg()
        print(new.wire[-4:] == puback(8))
        ",
        "
        b'' close 1
        got b't' b'new'
        True
        ",
    );
}

#[test]
fn a_callback_may_put_another_socket_in_place() {
    prints(
        "
        def replacing(topic, text):
            c.set_callback(received)
            c.sock = Socket(message(b't', b'new'))
        c = connected(message(b't', b'm'))
        c.set_callback(replacing)
        c.wait_msg()
        c.wait_msg()
        ",
        "got b't' b'new'",
    );
}

#[test]
fn a_callback_that_replaces_the_socket_ends_the_publish_around_it() {
    prints(
        "
        def replacing(topic, text):
            c.sock = Socket(puback(1))
        c = connected(message(b't', b'm', 1, 7))
        c.set_callback(replacing)
        show(c.publish, 't', 'm', qos=1)
        print(c.sock.wire)
        ",
        "
        OSError(107,)
        b''
        ",
    );
}

#[test]
fn callbacks_that_wait_in_callbacks_without_end_are_a_runtime_error() {
    prints_in(
        &mut interpreter(4 << 20),
        "
        class Endless(Socket):
            def read(self, n):
                self.answers = self.answers or [message(b't', b'm')]
                return super().read(n)
        c = client()
        c.sock = Endless()
        c.set_callback(lambda topic, text: c.wait_msg())
        show(c.wait_msg)
        c.set_callback(received)
        serve(CONNACK, message(b't', b'm'))
        c.connect()
        c.wait_msg()
        ",
        "
        RuntimeError('maximum recursion depth exceeded',)
        got b't' b'm'
        ",
    );
}

#[test]
fn ctrl_c_within_read_is_raised_and_nothing_is_lost() {
    prints(
        "
        import _host
        def interrupted(n):
            _host.interrupt()
            for _ in range(9):
                pass
        whole = message(b'topic', b'message', 1, 7)
        for place in range(1, len(whole)):
            c = connected(whole[:place], interrupted, whole[place:])
            c.set_callback(lambda topic, text: None)
            try:
                c.wait_msg()
                print(place)
            except KeyboardInterrupt:
                c.wait_msg()
            if c.sock.wire != puback(7):
                print(place, c.sock.wire)
        ",
        "",
    );
}

#[test]
fn the_end_of_the_stream_is_an_os_error_wherever_it_comes() {
    prints(
        "
        stream = message(b'topic', b'message', 1, 7)
        for length in range(len(stream)):
            for method in MQTTClient.wait_msg, MQTTClient.check_msg:
                c = connected(stream[:length], EOF) if length else connected(EOF)
                try:
                    method(c)
                except OSError as error:
                    if error.errno == -1 and c.sock.wire == b'' and c.sock.calls.count('close') == 1:
                        continue
                print(length, c.sock.wire, c.sock.calls)
        show(c.wait_msg)
        ",
        "OSError(107,)",
    );
}

#[test]
fn after_the_last_message_comes_the_end_of_the_stream() {
    prints(
        "
        c = connected(message(b't', b'last', 1, 7), EOF)
        c.wait_msg()
        show(c.wait_msg)
        print(c.sock.wire == puback(7))
        ",
        "
        got b't' b'last'
        OSError(-1,)
        True
        ",
    );
}

/// What a broker must not send once a client is connected, whatever the client waits for.
const MALFORMED: [(&str, &str); 28] = [
    ("type 0", r"b'\x00\x00'"),
    ("type 15", r"b'\xf0\x00'"),
    ("CONNECT", r"b'\x10\x00'"),
    ("a second CONNACK", r"b'\x20\x02\x00\x00'"),
    ("SUBSCRIBE", r"b'\x82\x06\x00\x01\x00\x01t\x00'"),
    ("UNSUBSCRIBE", r"b'\xa2\x05\x00\x01\x00\x01t'"),
    ("PINGREQ", r"b'\xc0\x00'"),
    ("DISCONNECT", r"b'\xe0\x00'"),
    ("PUBACK with reserved flags", r"b'\x41\x02\x00\x01'"),
    ("PUBREL without its flag", r"b'\x60\x02\x00\x01'"),
    ("SUBACK with reserved flags", r"b'\x92\x03\x00\x01\x00'"),
    ("PINGRESP with reserved flags", r"b'\xd1\x00'"),
    ("PINGRESP with a body", r"b'\xd0\x01\x00'"),
    ("PUBACK with identifier 0", r"b'\x40\x02\x00\x00'"),
    ("PUBACK of one byte", r"b'\x40\x01\x01'"),
    ("PUBACK of three bytes", r"b'\x40\x03\x00\x01\x00'"),
    ("SUBACK of two return codes", r"b'\x90\x04\x00\x01\x00\x00'"),
    ("SUBACK with return code 3", r"b'\x90\x03\x00\x01\x03'"),
    ("QoS 3", r"b'\x36\x06\x00\x01t\x00\x01m'"),
    ("five bytes of remaining length", r"b'\x30\xff\xff\xff\xff\x01'"),
    ("PUBLISH without a topic", r"b'\x30\x00'"),
    ("topic beyond the packet", r"b'\x30\x04\x00\x03tm'"),
    ("identifier beyond the packet", r"b'\x32\x04\x00\x01tm'"),
    ("empty topic", r"b'\x30\x03\x00\x00m'"),
    ("wildcard in the topic", r"b'\x30\x05\x00\x02t#m'"),
    ("NUL in the topic", r"b'\x30\x04\x00\x01\x00m'"),
    ("topic that is not UTF-8", r"b'\x30\x04\x00\x01\xffm'"),
    ("QoS 1 with identifier 0", r"b'\x32\x06\x00\x01t\x00\x00m'"),
];

/// MQTT-4.8.0-1: closed without DISCONNECT, so that the broker publishes the will.
#[test]
fn a_malformed_packet_closes_the_connection_without_disconnect_and_delivers_nothing() {
    for (what, bytes) in MALFORMED {
        for answers in [format!("{bytes} + message(b't', b'm')"), format!("*each_byte({bytes})")] {
            println!("{what}: {answers}");
            prints(
                &format!(
                    "
                c = connected({answers})
                show(c.wait_msg)
                print(c.sock.calls.count('close'), c.sock.calls[-1], c.sock.writes)
                show(c.wait_msg)
                show(c.publish, 't', 'm')
                serve(CONNACK, message(b't', b'm'))
                c.connect()
                c.wait_msg()
                "
                ),
                "
                MQTTException(-1,)
                1 close []
                OSError(107,)
                OSError(107,)
                got b't' b'm'
                ",
            );
        }
    }
}

#[cfg(feature = "qos2")]
#[test]
fn a_malformed_packet_ends_every_call_that_waits() {
    for call in [
        "c.check_msg()",
        "c.publish('t', 'm', qos=1)",
        "c.publish('t', 'm', qos=2)",
        "c.subscribe('t')",
        "c.unsubscribe('t')",
    ] {
        prints(
            &format!(
                "
                c = connected(b'\\xf0\\x00')
                show(lambda: {call})
                print(c.sock.calls[-1], len(c.sock.writes))
                show(lambda: {call})
                "
            ),
            &format!(
                "
                MQTTException(-1,)
                close {}
                OSError(107,)
                ",
                u8::from(!call.contains("check"))
            ),
        );
    }
}

#[cfg(feature = "qos2")]
#[test]
fn more_qos_2_messages_than_can_be_remembered_are_refused() {
    prints(
        "
        c = connected(*(message(b't', b'm', 2, id) for id in range(1, 23, 2)))
        c.set_callback(lambda topic, text: None)
        for _ in range(10):
            c.wait_msg()
        show(c.wait_msg)
        ",
        "OSError(105,)",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn a_flood_of_qos_2_messages_with_consecutive_identifiers_is_remembered_until_their_release() {
    prints(
        r"
        def flood():
            for id in range(1, 51):
                yield message(b't', b'm', 2, id)
        taken = []
        c = connected(*flood(), *flood(), b'\x62\x02\x00\x32', message(b't', b'm', 2, 50))
        c.set_callback(lambda topic, text: taken.append(text))
        for _ in range(102):
            c.wait_msg()
        print(len(taken))
        ",
        "51",
    );
}

#[test]
fn a_message_larger_than_the_heap_is_a_memory_error_and_the_next_one_arrives() {
    prints_in(
        &mut interpreter(48 * 1024),
        "
        left = 100000
        def part(n):
            global left
            n = min(n, left)
            left -= n
            if left:
                c.sock.answers.insert(0, part)
            return bytes(n)
        for qos in 0, 1:
            left = 100000
            header = b'\\x32\\xa5\\x8d\\x06\\0\\1t\\0\\7' if qos else b'\\x30\\xa3\\x8d\\x06\\0\\1t'
            c = connected(header, part, message(b't', b'next', 1, 8))
            show(c.wait_msg)
            c.publish('t', 'm')
            c.wait_msg()
            print(left, c.sock.wire[-4:] == puback(8), c.sock.calls.count('close'))
        ",
        "
        MemoryError('memory allocation failed, allocating 100001 bytes',)
        got b't' b'next'
        0 True 0
        MemoryError('memory allocation failed, allocating 100001 bytes',)
        got b't' b'next'
        0 True 0
        ",
    );
}

#[test]
fn a_topic_larger_than_the_heap_is_a_memory_error_and_the_next_message_arrives() {
    prints_in(
        &mut interpreter(48 * 1024),
        "
        length = 60000
        def part(n):
            global length
            length -= n
            if length:
                c.sock.answers.insert(0, part)
            return b't' * n
        c = connected(b'\\x30\\xe2\\xd4\\x03\\xea\\x60', part, message(b't', b'next'))
        show(c.wait_msg)
        c.wait_msg()
        ",
        "
        MemoryError('memory allocation failed, allocating 60001 bytes',)
        got b't' b'next'
        ",
    );
}

#[test]
fn an_announced_length_of_256_mb_is_a_memory_error() {
    prints(
        r"
        c = connected(b'\x30\xff\xff\xff\x7f\x00\x01t', b'x' * 1000, LATER)
        show(c.wait_msg)
        print(c.check_msg(), len(c.sock.answers), c.publish('t', 'm'), c.sock.calls.count('close'))
        ",
        "
        MemoryError('memory allocation failed, allocating 268435453 bytes',)
        None 0 None 0
        ",
    );
}
