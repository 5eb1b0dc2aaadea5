//! UTF-8 encoded strings (chapter 1.5.3), wherever a client sends or receives one.

use crate::{closes, prints};

/// Calls that would send the text, each refused before anything is written or even opened.
fn is_never_sent(text: &str) {
    prints(
        &format!(
            "
            text = {text}
            c = connected()
            show(c.publish, text, 'm')
            show(c.publish, text, 'm', qos=2)
            show(c.subscribe, text)
            show(c.unsubscribe, text)
            print(c.sock.wire)
            sock = serve()
            show(client(text, 'broker').connect)
            show(client(user=text, password='p').connect)
            with_will = client()
            with_will.set_last_will(text, 'm')
            show(with_will.connect)
            print(sock.wire, sock.calls)
            "
        ),
        &format!("{0}{0}{0}{0}b''\n{0}{0}{0}b'' []", "ValueError('text must be UTF-8 without NUL',)\n"),
    );
}

#[test]
fn mqtt_1_5_3_1_ill_formed_text_is_not_sent() {
    for text in
        [r"b'a\xff'", r"b'\xed\xa0\x80'", r"b'\xed\xbf\xbf'", r"b'\xc0\x80'", r"b'\xf4\x90\x80\x80'", r"b'\xe2\x82'"]
    {
        is_never_sent(text);
    }
}

#[test]
fn mqtt_1_5_3_1_ill_formed_text_from_the_broker_closes_the_connection() {
    for text in [r"b'\xff'", r"b'\xed\xa0\x80'", r"b'a\xc0\xafb'"] {
        closes(&format!("message({text}, b'm')"));
    }
}

#[test]
fn mqtt_1_5_3_2_text_with_nul_is_not_sent() {
    is_never_sent(r"'a\0b'");
    is_never_sent(r"b'\0'");
}

#[test]
fn mqtt_1_5_3_2_text_with_nul_from_the_broker_closes_the_connection() {
    closes(r"message(b'a\0b', b'm')");
}

#[test]
fn mqtt_1_5_3_3_a_byte_order_mark_is_a_character_like_others() {
    prints(
        r"
        text = b'\xef\xbb\xbfbom\xef\xbb\xbf'
        c = connected(message(text, text))
        c.publish(text, text)
        print(sent(c) == packets(message(text, text)))
        c.wait_msg()
        ",
        r"
        True
        got b'\xef\xbb\xbfbom\xef\xbb\xbf' b'\xef\xbb\xbfbom\xef\xbb\xbf'
        ",
    );
}
