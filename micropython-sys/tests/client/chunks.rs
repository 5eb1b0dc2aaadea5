//! Messages delivered in chunks: those that are larger than the buffer given to set_chunk_callback().

use crate::support::prints;

/// A client whose buffer has four bytes, and whose callbacks print what they are given.
const CHUNKED: &str = "
def chunk(topic, part, offset, size):
    print(topic, bytes(part), offset, size)
def chunked(*answers):
    c = connected(*answers)
    c.set_callback(lambda topic, message: print('whole', topic, message))
    c.set_chunk_callback(chunk, bytearray(4))
    return c
";

#[track_caller]
fn chunked_prints(script: &str, expected: &str) {
    prints(&format!("{CHUNKED}{}", unindented(script)), expected);
}

fn unindented(script: &str) -> String {
    let lines = script.lines().map(|line| line.strip_prefix("        ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_large_message_comes_in_chunks_and_is_acknowledged_after_the_last() {
    chunked_prints(
        "
        c = chunked(message(b't', b'0123456789', 1, 7))
        c.sock.wire = b''
        show(c.wait_msg)
        print(c.sock.wire)
        ",
        r"
        b't' b'0123' 0 10
        b't' b'4567' 4 10
        b't' b'89' 8 10
        None
        b'@\x02\x00\x07'
        ",
    );
}

#[test]
fn a_message_that_fits_the_buffer_comes_whole() {
    chunked_prints(
        "
        c = chunked(message(b't', b'0123'), message(b't', b''))
        show(c.wait_msg)
        show(c.wait_msg)
        ",
        "
        whole b't' b'0123'
        None
        whole b't' b''
        None
        ",
    );
}

#[test]
fn bytes_that_come_one_by_one_are_gathered_to_whole_chunks() {
    chunked_prints(
        "
        c = chunked(*each_byte(message(b't', b'01234567')))
        while len(c.sock.answers):
            c.check_msg()
        ",
        "
        b't' b'0123' 0 8
        b't' b'4567' 4 8
        ",
    );
}

#[test]
fn a_chunk_callback_that_raises_gives_the_message_up_and_the_next_one_arrives() {
    chunked_prints(
        "
        def refuse(topic, part, offset, size):
            raise ValueError(offset)
        for size in 5, 8, 9, 20:
            c = chunked(message(b't', b'x' * size, 1, 7), message(b'next', b'm'))
            c.set_chunk_callback(refuse, bytearray(4))
            c.sock.wire = b''
            show(c.wait_msg)
            show(c.wait_msg)
            print(c.sock.wire)
        ",
        "
        ValueError(0,)
        whole b'next' b'm'
        None
        b''
        ValueError(0,)
        whole b'next' b'm'
        None
        b''
        ValueError(0,)
        whole b'next' b'm'
        None
        b''
        ValueError(0,)
        whole b'next' b'm'
        None
        b''
        ",
    );
}

#[test]
fn a_chunk_callback_may_publish_but_not_wait() {
    chunked_prints(
        "
        def publishing(topic, part, offset, size):
            show(c.publish, 'a', 'b')
            show(c.wait_msg)
            show(c.publish, 'a', 'b', qos=1)
        c = chunked(message(b't', b'01234'))
        c.set_chunk_callback(publishing, bytearray(4))
        c.cb = None
        show(c.wait_msg)
        ",
        "
        None
        OSError(16,)
        OSError(16,)
        None
        OSError(16,)
        OSError(16,)
        None
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn a_repeated_qos_2_message_is_not_delivered_again() {
    chunked_prints(
        "
        large = message(b't', b'01234', 2, 7)
        c = chunked(large, large)
        c.wait_msg()
        c.wait_msg()
        ",
        "
        b't' b'0123' 0 5
        b't' b'4' 4 5
        ",
    );
}

#[test]
fn a_message_beyond_the_heap_passes_through_a_small_buffer() {
    chunked_prints(
        "
        class Endless(Socket):
            def read(self, n):
                if self.answers:
                    return super().read(n)
                return bytes(min(n, 64))
        c = chunked()
        c.sock = Endless(b'\\x30\\x83\\x80\\x80\\x05\\x00\\x01t')
        total = [0]
        def count(topic, part, offset, size):
            total[0] += len(part)
        c.set_chunk_callback(count, bytearray(64))
        c.wait_msg()
        print(total[0])
        ",
        "
        10485760
        ",
    );
}

#[test]
fn the_buffer_must_be_one_that_can_be_written() {
    chunked_prints(
        "
        c = client()
        show(c.set_chunk_callback, chunk, b'1234')
        show(c.set_chunk_callback, chunk, None)
        ",
        "
        TypeError('object with buffer protocol required',)
        None
        ",
    );
}
