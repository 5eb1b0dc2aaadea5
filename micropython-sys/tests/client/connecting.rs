//! connect() and disconnect(): the bytes of CONNECT, what is asked of the modules socket and ssl, every way to fail.

use crate::support::{interpreter, prints, prints_in};

/// Connects a client made with these arguments, and prints its writes.
const CONNECT_WITH: &str = "\
def connect_with(*args, will=None, clean_session=True, **options):
    c = MQTTClient(*args, **options)
    if will:
        c.set_last_will(*will)
    sock = serve(CONNACK)
    c.connect(clean_session)
    print(sock.writes)
";

#[track_caller]
fn connect_writes(arguments: &str, expected: &str) {
    prints(&format!("{CONNECT_WITH}connect_with({arguments})"), expected);
}

#[test]
fn connect_is_one_write() {
    connect_writes("'id', 'broker'", r"[b'\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x02id']");
}

#[test]
fn connect_asks_for_the_old_session() {
    connect_writes("'id', 'broker', clean_session=False", r"[b'\x10\x0e\x00\x04MQTT\x04\x00\x00\x00\x00\x02id']");
}

#[test]
fn connect_announces_the_keep_alive_interval() {
    connect_writes("'id', 'broker', keepalive=65535", r"[b'\x10\x0e\x00\x04MQTT\x04\x02\xff\xff\x00\x02id']");
}

#[test]
fn connect_names_user_and_password() {
    connect_writes(
        "'id', 'broker', user='me', password='pw'",
        r"[b'\x10\x16\x00\x04MQTT\x04\xc2\x00\x00\x00\x02id\x00\x02me\x00\x02pw']",
    );
}

#[test]
fn a_user_needs_no_password() {
    connect_writes("'id', 'broker', user='me'", r"[b'\x10\x12\x00\x04MQTT\x04\x82\x00\x00\x00\x02id\x00\x02me']");
}

/// MQTT-3.1.2-22
#[test]
fn a_password_without_a_user_is_left_out() {
    connect_writes("'id', 'broker', password='pw'", r"[b'\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x02id']");
}

#[test]
fn a_user_and_a_password_may_be_empty() {
    connect_writes(
        "'id', 'broker', user='', password=''",
        r"[b'\x10\x12\x00\x04MQTT\x04\xc2\x00\x00\x00\x02id\x00\x00\x00\x00']",
    );
}

#[test]
fn connect_carries_the_will() {
    connect_writes(
        "'id', 'broker', will=('t', 'gone')",
        r"[b'\x10\x17\x00\x04MQTT\x04\x06\x00\x00\x00\x02id\x00\x01t\x00\x04gone']",
    );
    connect_writes(
        "'id', 'broker', will=('t', '', True, 2)",
        r"[b'\x10\x13\x00\x04MQTT\x046\x00\x00\x00\x02id\x00\x01t\x00\x00']",
    );
}

#[test]
fn connect_with_everything() {
    connect_writes(
        "'id', 'broker', 0, 'me', 'pw', 60, will=('t', 'gone', True, 1), clean_session=False",
        r"[b'\x10\x1f\x00\x04MQTT\x04\xec\x00<\x00\x02id\x00\x01t\x00\x04gone\x00\x02me\x00\x02pw']",
    );
}

#[test]
fn every_field_may_be_any_kind_of_bytes_and_counts_bytes() {
    connect_writes(
        "b'id', 'broker', 0, bytearray(b'me'), memoryview(b'..pw')[2:], will=('é', '°'.encode())",
        r"[b'\x10\x1e\x00\x04MQTT\x04\xc6\x00\x00\x00\x02id\x00\x02\xc3\xa9\x00\x02\xc2\xb0\x00\x02me\x00\x02pw']",
    );
}

#[test]
fn an_empty_client_id_is_left_to_the_broker() {
    connect_writes("'', 'broker'", r"[b'\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00']");
}

#[test]
fn a_large_connect_is_written_whole() {
    prints_in(
        &mut interpreter(32 << 20),
        "
        for size in 200, 240, 241, 242, 243, 244, 245, 300, 1000, 65535:
            c = MQTTClient('c' * size, 'broker', user='u' * size, password='p' * size)
            c.set_last_will('t' * size, 'm' * size)
            sock = serve(CONNACK)
            c.connect()
            fields = [number(size) + letter * size for letter in (b'c', b't', b'm', b'u', b'p')]
            if sock.wire != packet(0x10, b'\\0\\x04MQTT\\x04\\xc6\\0\\0' + b''.join(fields)):
                print(size)
        ",
        "",
    );
}

#[test]
fn short_writes_are_continued() {
    prints(
        r"
        c = MQTTClient('id', 'broker')
        sock = serve(CONNACK)
        sock.takes = [1] * 16
        print(c.connect(), sock.wire, len(sock.writes))
        ",
        r"0 b'\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x02id' 16",
    );
}

#[test]
fn the_server_is_looked_up_and_connected_to() {
    prints(
        "
        sock = serve(CONNACK)
        MQTTClient('id', 'broker', 5).connect()
        print(network.lookups, sock.calls[0])
        ",
        "[('broker', 5)] connect ('192.0.2.1', 5)",
    );
}

#[test]
fn a_changed_server_and_port_serve_at_the_next_connect() {
    prints(
        "
        c = connected()
        c.server, c.port = 'other', 7
        serve(CONNACK)
        c.connect()
        print(network.lookups)
        ",
        "[('broker', 1883), ('other', 7)]",
    );
}

#[test]
fn the_last_part_of_the_first_address_counts() {
    prints(
        "
        network.getaddrinfo = lambda host, port: [('first', 'address'), ('second',)]
        print(connected().sock.calls, end=' ')
        sock = serve(CONNACK)
        client().connect()
        print(sock.calls[0])
        ",
        "[] connect 'address'",
    );
}

#[test]
fn the_return_value_says_whether_the_broker_had_the_session() {
    prints(
        r"
        for flags in 0, 1:
            serve(packet(0x20, bytes([flags, 0])))
            print(client().connect(False))
        ",
        "
        0
        1
        ",
    );
}

#[test]
fn connack_may_come_in_pieces_with_more_behind_it() {
    prints(
        "
        serve(*each_byte(CONNACK)[:3] + [CONNACK[3:] + message(b't', b'm')])
        c = client()
        print(c.connect())
        c.wait_msg()
        ",
        "
        0
        got b't' b'm'
        ",
    );
}

#[test]
fn without_a_timeout_the_socket_is_left_alone() {
    prints(
        "
        sock = serve(CONNACK)
        client().connect()
        print(sock.calls)
        ",
        r#"["connect ('192.0.2.1', 1883)"]"#,
    );
}

#[test]
fn a_timeout_is_set_before_anything_can_block() {
    prints(
        "
        sock = serve(CONNACK)
        network.getaddrinfo = lambda host, port: print(sock.calls) or [((host, port),)]
        client().connect(timeout=5)
        print(sock.calls)
        ",
        r#"
        ['settimeout 5']
        ['settimeout 5', "connect ('broker', 1883)"]
        "#,
    );
}

#[test]
fn a_timeout_holds_for_later_waits() {
    prints(
        "
        c = connected(puback(1), timeout=2.5)
        c.check_msg()
        c.check_msg()
        print(c.sock.calls)
        ",
        "['setblocking False', 'settimeout 2.5', 'setblocking False', 'settimeout 2.5']",
    );
}

#[test]
fn the_next_connect_forgets_the_timeout() {
    prints(
        "
        c = connected(timeout=5)
        sock = serve(CONNACK)
        c.connect()
        c.check_msg()
        print(sock.calls)
        ",
        r#"["connect ('192.0.2.1', 1883)", 'setblocking False', 'setblocking True']"#,
    );
}

#[test]
fn a_timeout_that_is_no_number_is_refused_before_anything_is_opened() {
    prints(
        "
        show(client().connect, timeout='soon')
        print(network.lookups)
        ",
        "
        TypeError(\"can't convert str to float\",)
        []
        ",
    );
}

#[test]
fn ssl_true_wraps_the_connected_socket_with_the_parameters() {
    prints(
        "
        class ssl:
            def wrap_socket(sock, **options):
                print(sock is plain, sock.calls, sorted(options.items()))
                return secure
        sys.modules['ssl'] = ssl
        plain, secure = serve(), Socket(CONNACK)
        c = client(ssl=True, ssl_params={'server_hostname': 'broker', 'cert': b'x'})
        print(c.connect(), c.sock is secure, plain.wire, secure.wire)
        ",
        r#"
        True ["connect ('192.0.2.1', 8883)"] [('cert', b'x'), ('server_hostname', 'broker')]
        0 True b'' b'\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x02id'
        "#,
    );
}

#[test]
fn ssl_true_wraps_without_parameters_too() {
    prints(
        "
        class ssl:
            def wrap_socket(*args, **options):
                print(len(args), options)
                return Socket(CONNACK)
        sys.modules['ssl'] = ssl
        serve()
        client(ssl=True).connect()
        ",
        "1 {}",
    );
}

#[test]
fn a_context_wraps_with_the_name_of_the_server() {
    prints(
        "
        class Context:
            def wrap_socket(self, sock, **options):
                print(sock is plain, options)
                return secure
        plain, secure = serve(), Socket(CONNACK)
        c = client(ssl=Context(), ssl_params={'ignored': 1})
        print(c.connect(), c.sock is secure)
        ",
        "
        True {'server_hostname': 'broker'}
        0 True
        ",
    );
}

const SECURED: &str = "\
class Context:
    def wrap_socket(self, sock, **options):
        return secure
plain, secure = serve(), Socket(CONNACK)
c = client(ssl=Context())
";

#[test]
fn a_timeout_is_the_plain_sockets_for_tls_has_none() {
    prints(
        &format!("{SECURED}c.connect(timeout=5)\nc.check_msg()\nprint(plain.calls, secure.calls)"),
        r#"['settimeout 5', "connect ('192.0.2.1', 8883)", 'settimeout 5'] ['setblocking False']"#,
    );
}

#[test]
fn without_a_timeout_tls_waits_as_it_did() {
    prints(
        &format!("{SECURED}c.connect()\nc.check_msg()\nprint(secure.calls)"),
        "['setblocking False', 'setblocking True']",
    );
}

#[test]
fn disconnecting_closes_the_secured_socket() {
    prints(
        &format!("{SECURED}c.connect()\nc.disconnect()\nprint(secure.calls, secure.wire[-2:])"),
        r"['close'] b'\xe0\x00'",
    );
}

#[test]
fn a_failed_handshake_closes_the_plain_socket() {
    prints(
        "
        class Context:
            def wrap_socket(self, sock, **options):
                raise OSError(-0x7200)
        sock = serve()
        show(client(ssl=Context()).connect)
        print(sock.calls[-1])
        ",
        "
        OSError(-29184,)
        close
        ",
    );
}

/// Connects to a broker with these answers, and shows how that and the socket end.
#[track_caller]
fn connect_fails(answers: &str, exception: &str) {
    prints(
        &format!(
            "
                sock = serve({answers})
                c = client()
                show(c.connect)
                print(sock.calls[1:], len(sock.writes))
                show(c.ping)
                "
        ),
        &format!("{exception}\n['close'] 1\nOSError(107,)"),
    );
}

#[test]
fn a_broker_that_refuses_gives_its_return_code() {
    for code in 1..=5 {
        connect_fails(&format!("bytes([0x20, 2, 0, {code}])"), &format!("MQTTException({code},)"));
    }
}

#[test]
fn a_return_code_that_is_reserved_is_malformed() {
    connect_fails(r"b'\x20\x02\x00\x06'", "MQTTException(-1,)");
}

/// MQTT-3.2.2-4
#[test]
fn a_refusal_with_a_session_is_malformed() {
    connect_fails(r"b'\x20\x02\x01\x05'", "MQTTException(-1,)");
}

#[test]
fn reserved_flags_in_connack_are_malformed() {
    connect_fails(r"b'\x20\x02\x02\x00'", "MQTTException(-1,)");
    connect_fails(r"b'\x21\x02\x00\x00'", "MQTTException(-1,)");
}

#[test]
fn a_broker_that_closes_at_once_is_an_os_error() {
    connect_fails("EOF", "OSError(-1,)");
}

#[test]
fn a_connack_cut_short_is_malformed() {
    for len in 1..4 {
        connect_fails(&format!("CONNACK[:{len}], EOF"), "MQTTException(-1,)");
    }
}

#[test]
fn a_connack_of_another_length_is_malformed() {
    for connack in [r"b'\x20\x00'", r"b'\x20\x01\x00'", r"b'\x20\x03\x00\x00\x00'"] {
        connect_fails(connack, "MQTTException(-1,)");
    }
}

#[test]
fn garbage_is_malformed() {
    connect_fails("b'HTTP/1.1 400 Bad Request\\r\\n\\r\\n'", "MQTTException(-1,)");
    connect_fails("b'\\0\\0\\0\\0'", "MQTTException(-1,)");
    connect_fails("b'\\xff' * 100", "MQTTException(-1,)");
}

/// MQTT-3.2.0-1
#[test]
fn what_comes_before_connack_is_malformed() {
    connect_fails("message(b't', b'm') + CONNACK", "MQTTException(-1,)");
    connect_fails("PINGRESP + CONNACK", "MQTTException(-1,)");
}

#[test]
fn a_socket_whose_time_is_over_without_connack_is_a_timeout() {
    connect_fails("LATER", "OSError(110,)");
    connect_fails("OSError(110)", "OSError(110,)");
}

#[test]
fn an_exception_of_the_socket_is_raised_as_it_is() {
    connect_fails("OSError(104, 'reset')", "OSError(104, 'reset')");
    connect_fails("ValueError('odd')", "ValueError('odd',)");
}

#[test]
fn a_client_id_that_moves_during_the_look_up_is_followed() {
    prints(
        "
        def getaddrinfo(host, port):
            global keep
            client_id.extend(bytes(10000))
            keep = bytearray(10000)
            client_id[:] = b'moved'
            return [((host, port),)]
        network.getaddrinfo = getaddrinfo
        client_id = bytearray(b'at it')
        sock = serve(CONNACK)
        print(MQTTClient(client_id, 'broker').connect(), sock.wire[-5:])
        ",
        "0 b'moved'",
    );
}

#[test]
fn a_client_id_that_changes_size_during_the_look_up_is_an_error_and_nothing_is_sent() {
    prints(
        "
        network.getaddrinfo = lambda host, port: client_id.extend(b'more') or [((host, port),)]
        client_id = bytearray(b'id')
        sock = serve(CONNACK)
        show(MQTTClient(client_id, 'broker').connect)
        print(sock.wire, sock.calls[-1])
        ",
        "
        ValueError('buffer changed size',)
        b'' close
        ",
    );
}

#[test]
fn an_unknown_host_raises_and_closes_the_socket() {
    prints(
        "
        def getaddrinfo(host, port):
            raise OSError(-2)
        network.getaddrinfo = getaddrinfo
        sock = serve()
        show(client().connect)
        print(sock.calls)
        ",
        "
        OSError(-2,)
        ['close']
        ",
    );
}

#[test]
fn a_host_without_an_address_raises_and_closes_the_socket() {
    prints(
        "
        network.getaddrinfo = lambda host, port: []
        sock = serve()
        show(client().connect)
        print(sock.calls)
        ",
        "
        IndexError('list index out of range',)
        ['close']
        ",
    );
}

#[test]
fn a_refused_port_raises_and_closes_the_socket() {
    prints(
        "
        class Refusing(Socket):
            def connect(self, address):
                raise OSError(111)
        network.sockets.append(Refusing())
        sock = network.sockets[0]
        show(client().connect)
        print(sock.calls)
        ",
        "
        OSError(111,)
        ['close']
        ",
    );
}

#[test]
fn no_socket_to_be_had_raises() {
    prints(
        "
        def socket():
            raise OSError(12)
        network.socket = socket
        c = client()
        show(c.connect)
        show(c.ping)
        print(c.sock)
        ",
        "
        OSError(12,)
        OSError(107,)
        None
        ",
    );
}

#[test]
fn a_connect_that_cannot_be_written_raises_and_closes_the_socket() {
    prints(
        "
        sock = serve(CONNACK)
        sock.takes = [5, OSError(104)]
        show(client().connect)
        print(sock.calls[1:])
        ",
        "
        OSError(104,)
        ['close']
        ",
    );
}

#[test]
fn what_close_raises_does_not_hide_why_it_failed() {
    prints(
        "
        class Stubborn(Socket):
            def close(self):
                raise OSError(5)
        network.sockets.append(Stubborn(EOF))
        show(client().connect)
        ",
        "OSError(-1,)",
    );
}

#[test]
fn after_a_failure_connect_can_be_called_again() {
    prints(
        "
        c = client()
        for answer in EOF, b'garbage', packet(0x20, b'\\0\\x05'), CONNACK:
            serve(answer, message(b't', b'm'))
            show(c.connect)
        c.publish('t', 'm')
        c.wait_msg()
        print(c.sock.wire[-6:])
        ",
        r"
        OSError(-1,)
        MQTTException(-1,)
        MQTTException(5,)
        0
        got b't' b'm'
        b'0\x04\x00\x01tm'
        ",
    );
}

#[test]
fn connecting_again_closes_the_old_socket_first() {
    prints(
        "
        c = connected()
        old = c.sock
        new = serve(CONNACK)
        network.getaddrinfo = lambda host, port: print(old.calls, old.wire) or [((host, port),)]
        print(c.connect(), c.sock is new, old.calls)
        ",
        "
        ['close'] b''
        0 True ['close']
        ",
    );
}

#[test]
fn connecting_again_starts_amid_no_packet() {
    prints(
        "
        c = connected(message(b'topic', b'message', 1)[:9])
        c.check_msg()
        serve(CONNACK, message(b'topic', b'whole'))
        c.connect()
        c.wait_msg()
        ",
        "got b'topic' b'whole'",
    );
}

#[test]
fn connecting_again_ends_a_packet_that_was_cut_off() {
    prints(
        "
        c = connected()
        c.sock.takes = [3, OSError(104)]
        show(c.publish, 't', 'message')
        show(c.publish, 't', 'message')
        serve(CONNACK)
        c.connect()
        show(c.publish, 't', 'message')
        ",
        "
        OSError(104,)
        OSError(103,)
        None
        ",
    );
}

#[test]
fn a_socket_closed_by_disconnect_is_not_closed_again() {
    prints(
        "
        c = connected()
        old = c.sock
        c.disconnect()
        serve(CONNACK)
        c.connect()
        print(old.calls)
        ",
        "['close']",
    );
}

/// MQTT-3.14.4-1, MQTT-3.14.4-2
#[test]
fn disconnect_says_so_and_closes_the_socket() {
    prints(
        "
        c = connected()
        print(c.disconnect(), c.sock.writes, c.sock.calls)
        show(c.publish, 't', 'm')
        ",
        r"
        None [b'\xe0\x00'] ['close']
        OSError(107,)
        ",
    );
}

#[test]
fn a_disconnect_that_cannot_be_written_closes_the_socket_all_the_same() {
    prints(
        "
        c = connected()
        c.sock.takes = [OSError(104)]
        show(c.disconnect)
        print(c.sock.calls)
        show(c.disconnect)
        ",
        "
        OSError(104,)
        ['close']
        OSError(107,)
        ",
    );
}

#[test]
fn disconnect_after_half_a_packet_only_closes() {
    prints(
        "
        c = connected()
        c.sock.takes = [3, OSError(104)]
        show(c.publish, 't', 'message')
        written = c.sock.wire
        show(c.disconnect)
        print(c.sock.wire == written, c.sock.calls)
        ",
        "
        OSError(104,)
        OSError(103,)
        True ['close']
        ",
    );
}

#[test]
fn another_socket_may_be_put_in_place() {
    prints(
        "
        c = connected(message(b'topic', b'old')[:5])
        c.check_msg()
        c.sock = Socket(message(b'topic', b'new'))
        c.publish('t', 'm')
        c.wait_msg()
        print(c.sock.wire)
        ",
        r"
        got b'topic' b'new'
        b'0\x04\x00\x01tm'
        ",
    );
}

#[test]
fn a_socket_may_be_put_in_place_without_connect() {
    prints(
        "
        c = client()
        c.sock = Socket(puback(1))
        c.publish('t', 'm', qos=1)
        print(c.sock.wire)
        ",
        r"b'2\x06\x00\x01t\x00\x01m'",
    );
}

#[test]
fn sock_set_to_none_is_no_connection() {
    prints(
        "
        c = connected()
        c.sock = None
        show(c.ping)
        ",
        "OSError(107,)",
    );
}

/// Calls connect() after the line of preparation: it must fail before a socket is asked for or the old one closed.
#[track_caller]
fn refused_before_anything_is_opened(preparation: &str, exception: &str) {
    prints(
        &format!(
            "
                c = connected()
                {preparation}
                show(c.connect, clean)
                print(c.sock.calls, c.sock.writes)
                show(c.publish, 't', 'm')
                "
        )
        .replace("clean)", if preparation.contains("clean") { "clean)" } else { "True)" }),
        &format!("{exception}\n[] []\nNone"),
    );
}

#[test]
fn an_empty_client_id_without_clean_session_is_refused() {
    refused_before_anything_is_opened(
        "c.client_id, clean = '', False",
        "ValueError('client_id must not be empty with clean_session=False',)",
    );
}

#[test]
fn a_keep_alive_interval_beyond_16_bits_is_refused() {
    for seconds in ["-1", "65536", "1 << 40"] {
        refused_before_anything_is_opened(&format!("c.keepalive = {seconds}"), "AssertionError()");
    }
}

#[test]
fn fields_beyond_65535_bytes_are_refused() {
    for field in
        ["c.client_id", "c.user", "c.user = 'me'; c.pswd", "c.lw_msg = ''; c.lw_topic", "c.lw_topic = 't'; c.lw_msg"]
    {
        refused_before_anything_is_opened(
            &format!("{field} = 'x' * 65536"),
            "ValueError('text must not exceed 65535 bytes',)",
        );
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    for field in ["c.client_id", "c.user", "c.lw_msg = ''; c.lw_topic"] {
        for text in [r"b'\xff'", r"'a\0'"] {
            refused_before_anything_is_opened(
                &format!("{field} = {text}"),
                "ValueError('text must be UTF-8 without NUL',)",
            );
        }
    }
}

#[test]
fn a_password_and_a_wills_message_may_be_any_bytes() {
    prints(
        r"
        c = client(user='me', password=b'\xff\0')
        c.set_last_will('t', b'\0\xfe')
        sock = serve(CONNACK)
        print(c.connect(), sock.wire[-14:])
        ",
        r"0 b'\x01t\x00\x02\x00\xfe\x00\x02me\x00\x02\xff\x00'",
    );
}

#[test]
fn a_will_with_a_wildcard_is_refused() {
    refused_before_anything_is_opened(
        "c.set_last_will('domeu/#', 'm')",
        "ValueError(\"can't publish to a topic with + or #\",)",
    );
}

#[test]
fn a_will_with_a_qos_out_of_range_is_refused() {
    refused_before_anything_is_opened("c.set_last_will('t', 'm'); c.lw_qos = 3", "AssertionError()");
}

#[test]
fn ssl_params_that_are_no_dictionary_raise_and_close_the_socket() {
    prints(
        "
        class ssl:
            def wrap_socket(sock, **options):
                pass
        sys.modules['ssl'] = ssl
        sock = serve()
        show(client(ssl=True, ssl_params=None).connect)
        print(sock.calls[-1])
        ",
        "
        AttributeError(\"'NoneType' object has no attribute 'keys'\",)
        close
        ",
    );
}

#[test]
fn fields_that_have_no_bytes_are_refused() {
    refused_before_anything_is_opened("c.client_id = 5", "TypeError(\"object of type 'int' has no len()\",)");
    refused_before_anything_is_opened("c.user = 5", "TypeError(\"object of type 'int' has no len()\",)");
    refused_before_anything_is_opened("c.lw_topic = 't'", "TypeError(\"object of type 'NoneType' has no len()\",)");
    refused_before_anything_is_opened("c.client_id = []", "TypeError('object with buffer protocol required',)");
}
