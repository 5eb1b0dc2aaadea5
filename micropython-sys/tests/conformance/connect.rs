//! CONNECT and CONNACK (chapters 3.1 and 3.2).

use crate::prints;

#[test]
fn mqtt_3_1_0_1_the_first_packet_is_connect_and_it_comes_once() {
    prints(
        "
        c = client(keepalive=60)
        sock = serve(CONNACK, puback(1))
        c.connect()
        c.publish('t', 'm', qos=1)
        print([first for first, _ in packets(sock.wire)])
        ",
        "['0x10', '0x32']",
    );
}

#[test]
fn mqtt_3_1_2_9_with_a_will_its_topic_and_message_are_there() {
    prints(
        "
        c = client()
        c.set_last_will('w/t', 'gone', True, 2)
        rest = connect_packet(c=c)
        print(bin(rest[7]), rest[10:])
        ",
        r"0b110110 b'\x00\x02id\x00\x03w/t\x00\x04gone'",
    );
}

#[test]
fn mqtt_3_1_2_9_the_message_of_a_will_may_be_empty_and_any_bytes() {
    prints(
        r"
        c = client()
        c.set_last_will('w', b'')
        print(connect_packet(c=c)[14:])
        c.set_last_will('w', b'\0\xff')
        print(connect_packet(c=c)[14:])
        ",
        r"
        b'\x00\x01w\x00\x00'
        b'\x00\x01w\x00\x02\x00\xff'
        ",
    );
}

#[test]
fn mqtt_3_1_2_11_without_a_will_its_flags_are_zero_and_nothing_of_it_is_there() {
    prints(
        "
        rest = connect_packet()
        print(bin(rest[7]), rest[10:])
        ",
        r"0b10 b'\x00\x02id'",
    );
}

#[test]
fn mqtt_3_1_2_13_mqtt_3_1_2_15_without_a_will_its_qos_and_retain_are_zero_whatever_the_attributes_say() {
    prints(
        "
        c = client()
        c.lw_qos, c.lw_retain, c.lw_msg = 2, True, 'gone'
        rest = connect_packet(c=c)
        print(bin(rest[7]), rest[10:])
        ",
        r"0b10 b'\x00\x02id'",
    );
}

#[test]
fn mqtt_3_1_2_14_the_qos_of_a_will_is_0_1_or_2() {
    prints(
        "
        c = client()
        for qos in range(3):
            c.set_last_will('w', 'm', qos=qos)
            print(connect_packet(c=c)[7] >> 3 & 3)
        show(c.set_last_will, 'w', 'm', qos=3)
        c.lw_qos = 3
        sock = serve(CONNACK)
        show(c.connect)
        print(sock.wire)
        ",
        "
        0
        1
        2
        AssertionError()
        AssertionError()
        b''
        ",
    );
}

#[test]
fn mqtt_3_1_2_18_mqtt_3_1_2_20_without_flags_there_is_no_user_and_no_password() {
    prints(
        "
        rest = connect_packet()
        print(rest[7] >> 6, rest[10:])
        rest = connect_packet(user='u')
        print(rest[7] >> 6, rest[10:])
        ",
        r"
        0 b'\x00\x02id'
        2 b'\x00\x02id\x00\x01u'
        ",
    );
}

#[test]
fn mqtt_3_1_2_19_mqtt_3_1_2_21_with_flags_user_and_password_are_there() {
    prints(
        r"
        for user, password in ('u', b'\xff\0'), ('', ''):
            rest = connect_packet(user=user, password=password)
            print(rest[7] >> 6, rest[10:])
        ",
        r"
        3 b'\x00\x02id\x00\x01u\x00\x02\xff\x00'
        3 b'\x00\x02id\x00\x00\x00\x00'
        ",
    );
}

#[test]
fn mqtt_3_1_2_22_a_password_without_a_user_is_left_out() {
    prints(
        "
        rest = connect_packet(password='p')
        print(rest[7] >> 6, rest[10:])
        ",
        r"0 b'\x00\x02id'",
    );
}

#[test]
fn mqtt_3_1_3_1_the_fields_come_in_their_order() {
    prints(
        "
        c = client(user='user', password='password')
        c.set_last_will('topic', 'message')
        print(connect_packet(c=c)[10:])
        ",
        r"b'\x00\x02id\x00\x05topic\x00\x07message\x00\x04user\x00\x08password'",
    );
}

#[test]
fn mqtt_3_1_3_2_the_client_identifier_is_the_same_on_every_connection() {
    prints(
        "
        c = client()
        print([connect_packet(clean, c)[10:] for clean in (True, False, False)])
        ",
        r"[b'\x00\x02id', b'\x00\x02id', b'\x00\x02id']",
    );
}

#[test]
fn mqtt_3_1_3_2_what_one_client_identifier_had_in_flight_is_not_sent_under_another() {
    prints(
        "
        c = kept(EOF)
        show(c.publish, 't', 'm', qos=1)
        c.client_id = 'another'
        print(again(c))
        ",
        "
        OSError(-1,)
        []
        ",
    );
}

#[test]
fn mqtt_3_1_3_3_the_client_identifier_comes_first_even_when_it_is_empty() {
    prints(
        "
        print(connect_packet(c=client('', 'broker', user='u'))[10:])
        ",
        r"b'\x00\x00\x00\x01u'",
    );
}

#[test]
fn mqtt_3_1_3_4_mqtt_3_1_3_10_mqtt_3_1_3_11_client_identifier_will_topic_and_user_are_utf_8() {
    prints(
        r"
        c = client('ça', 'broker', user='é')
        c.set_last_will('ü', '')
        print(connect_packet(c=c)[10:])
        sock = serve(CONNACK)
        show(client(b'\xe7a', 'broker').connect)
        show(client(user=b'\xe9').connect)
        c.lw_topic = b'\xfc'
        show(c.connect)
        print(sock.wire)
        ",
        r"
        b'\x00\x03\xc3\xa7a\x00\x02\xc3\xbc\x00\x00\x00\x02\xc3\xa9'
        ValueError('text must be UTF-8 without NUL',)
        ValueError('text must be UTF-8 without NUL',)
        ValueError('text must be UTF-8 without NUL',)
        b''
        ",
    );
}

#[test]
fn mqtt_3_1_3_7_an_empty_client_identifier_goes_with_a_clean_session_only() {
    prints(
        "
        print(connect_packet(True, client('', 'broker'))[7] & 2)
        sock = serve(CONNACK)
        show(client('', 'broker').connect, False)
        print(sock.wire, sock.calls)
        ",
        "
        2
        ValueError('client_id must not be empty with clean_session=False',)
        b'' []
        ",
    );
}

/// Plays a broker on a clock: prints the longest time without a packet from the client, in seconds.
const CLOCK: &str = "
        import time
        class Watched(Socket):
            drip = 0
            def read(self, n):
                if self.drip:
                    time.sleep_ms(self.drip)
                    n = 1
                return super().read(n)
            def write(self, data):
                self.times.append(time.ticks_ms())
                if bytes(data) == b'\\xc0\\0':
                    self.answers.append(PINGRESP)
                return super().write(data)
        def watched(*answers):
            sock = Watched(CONNACK, *answers)
            sock.times = []
            network.sockets.append(sock)
            c = client(keepalive=10)
            c.connect()
            return c
        def longest_silence(c):
            times = c.sock.times + [time.ticks_ms()]
            return max(times[i + 1] - times[i] for i in range(len(times) - 1)) / 1000
";

#[test]
fn mqtt_3_1_2_23_pingreq_is_sent_within_every_keep_alive_interval() {
    prints(
        &format!(
            "{CLOCK}
        c = watched()
        for _ in range(120):
            time.sleep_ms(500)
            c.check_msg()
        print(longest_silence(c) <= 10)
        "
        ),
        "True",
    );
}

#[test]
fn mqtt_3_1_2_23_pingreq_is_sent_while_a_message_arrives_slowly() {
    prints(
        &format!(
            "{CLOCK}
        c = watched()
        c.sock.drip = 900
        c.sock.answers.append(message(b't', b'm' * 60))
        c.wait_msg()
        print(longest_silence(c) <= 10)
        "
        ),
        &format!("got b't' b'{}'\nTrue", "m".repeat(60)),
    );
}

#[test]
fn mqtt_3_1_2_23_without_a_keep_alive_interval_nothing_is_sent_unasked() {
    prints(
        "
        import time
        c = connected()
        for _ in range(10):
            time.sleep(100000)
            c.check_msg()
        print(c.sock.wire)
        ",
        "b''",
    );
}

#[test]
fn mqtt_3_2_0_1_a_broker_that_begins_with_another_packet_is_left() {
    for first in ["PINGRESP", "message(b't', b'm')", "puback(1)", "suback(1)"] {
        prints(
            &format!(
                "
                sock = serve({first}, CONNACK)
                show(client().connect)
                print(sock.calls[-1], len(packets(sock.wire)))
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
fn mqtt_3_2_2_4_a_refusal_with_session_present_is_a_violation() {
    for code in 1..=5 {
        prints(
            &format!(
                r"
                sock = serve(b'\x20\x02\x01' + bytes([{code}]))
                show(client().connect)
                print(sock.calls[-1], len(packets(sock.wire)))
                "
            ),
            "
            MQTTException(-1,)
            close 1
            ",
        );
    }
}
