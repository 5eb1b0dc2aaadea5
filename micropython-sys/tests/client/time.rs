//! connect(timeout=): no broker, however it behaves, holds a call for longer. The clock is the interpreter's own, which
//! only the reads move.

use crate::support::{delivered, interpreter, prints, prints_after, prints_in};

/// `Slow(ms, data)`: each read takes so long and gives one byte of the data, over and over.
const SLOW: &str = "\
import time
class Slow(Socket):
    def __init__(self, ms, data, *answers):
        super().__init__(*answers)
        self.ms, self.data = ms, data
    def read(self, n):
        time.sleep_ms(self.ms)
        if self.answers:
            return super().read(n)
        byte, self.data = self.data[:1], self.data[1:] + self.data[:1]
        return byte
def slow(ms, data, timeout):
    c = client()
    network.sockets.append(Slow(0, data, CONNACK))
    c.connect(timeout=timeout)
    c.sock.ms = ms
    c.sock.forget()
    return c
def within(limit, function, *args, **options):
    start = time.ticks_ms()
    show(function, *args, **options)
    print(time.ticks_diff(time.ticks_ms(), start) <= limit)
def took(function, *args, **options):
    start = time.ticks_ms()
    show(function, *args, **options)
    print(time.ticks_diff(time.ticks_ms(), start), 'ms')
";

#[track_caller]
pub fn slow_prints(script: &str, expected: &str) {
    prints_after(SLOW, script, expected);
}

#[test]
fn a_broker_that_drips_a_message_cannot_hold_wait_msg() {
    slow_prints(
        "took(slow(100, message(b't', b'x' * 100), 1).wait_msg)",
        "
        OSError(110,)
        1000 ms
        ",
    );
}

#[test]
fn a_broker_that_drips_connack_cannot_hold_connect() {
    slow_prints(
        "
        network.sockets.append(Slow(700, CONNACK))
        took(client().connect, timeout=2)
        ",
        "
        OSError(110,)
        2100 ms
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn a_broker_that_sends_stray_packets_for_ever_cannot_hold_publish() {
    for stray in ["puback(9)", "PINGRESP", "pubrec(9)", "suback(9)", "message(b't', b'', 2, 9, 1)"] {
        slow_prints(
            &format!(
                "
                c = slow(10, {stray}, 1)
                c.set_callback(lambda topic, text: None)
                within(1000, c.publish, 't', 'm', qos=1)
                "
            ),
            "
            OSError(110,)
            True
            ",
        );
    }
}

#[test]
fn a_broker_that_sends_messages_for_ever_cannot_hold_subscribe() {
    slow_prints(
        "
        c = slow(10, message(b't', b'm'), 1)
        c.set_callback(lambda topic, text: None)
        within(1000, c.subscribe, 't')
        within(1000, c.unsubscribe, 't')
        ",
        "
        OSError(110,)
        True
        OSError(110,)
        True
        ",
    );
}

#[test]
fn a_call_that_ends_within_its_time_is_not_disturbed() {
    slow_prints(
        "
        c = slow(10, puback(1), 1)
        took(c.publish, 't', 'm', qos=1)
        c.sock.data = message(b't', b'm')
        took(c.wait_msg)
        ",
        &format!(
            "
                None
                40 ms
                got b't' b'm'
                {}
                60 ms
                ",
            delivered(0x30)
        ),
    );
}

#[test]
fn each_call_has_the_whole_time() {
    slow_prints(
        "
        c = slow(200, PINGRESP, 1)
        for _ in range(10):
            took(c.wait_msg)
        ",
        &"None\n400 ms\n".repeat(10),
    );
}

#[test]
fn a_message_cut_by_the_timeout_is_completed_by_the_next_call() {
    slow_prints(
        "
        c = slow(100, message(b'topic', b'message'), 1)
        took(c.wait_msg)
        c.wait_msg()
        ",
        "
        OSError(110,)
        1000 ms
        got b'topic' b'message'
        ",
    );
}

#[test]
fn after_a_timeout_publish_can_be_tried_again() {
    slow_prints(
        "
        c = slow(300, PINGRESP, 1)
        took(c.publish, 't', 'm', qos=1)
        c.sock.answers = [puback(1), puback(2)]
        took(c.publish, 't', 'm', qos=1)
        ",
        "
        OSError(110,)
        1200 ms
        None
        1200 ms
        ",
    );
}

#[test]
fn fractions_of_a_second_count() {
    slow_prints(
        "took(slow(100, message(b't', b'x' * 100), 0.25).wait_msg)",
        "
        OSError(110,)
        300 ms
        ",
    );
}

#[test]
fn without_a_timeout_a_call_waits_as_long_as_it_takes() {
    slow_prints(
        "took(slow(100000, message(b't', b'm'), None).wait_msg)",
        &format!(
            "
                got b't' b'm'
                {}
                600000 ms
                ",
            delivered(0x30)
        ),
    );
}

#[test]
fn the_clock_may_wrap_meanwhile() {
    let mut python = interpreter(256 * 1024);
    python.run(SLOW).unwrap();
    python.set_ticks_ms(u32::MAX - 500);
    prints_in(
        &mut python,
        "
        took(slow(100, message(b't', b'x' * 100), 1).wait_msg)
        took(slow(100, PINGRESP, 1).wait_msg)
        ",
        "
        OSError(110,)
        1000 ms
        None
        200 ms
        ",
    );
}

#[test]
fn a_socket_put_in_place_has_no_timeout() {
    slow_prints(
        "
        c = slow(0, PINGRESP, 1)
        c.sock = Slow(1000, message(b't', b'm'))
        c.set_callback(lambda topic, text: None)
        c.check_msg()
        print(c.sock.calls, time.ticks_ms())
        ",
        "['setblocking False', 'setblocking True'] 6000",
    );
}

#[test]
fn a_broker_that_drips_after_stray_packets_cannot_hold_publish_for_twice_the_time() {
    slow_prints(
        "
        c = slow(10, message(b't', b'x' * 100), 1)
        c.sock.answers = each_byte(PINGRESP) * 49
        within(1000, c.publish, 't', 'm', qos=1)
        ",
        "
        OSError(110,)
        True
        ",
    );
}

#[test]
fn ctrl_c_ends_a_publish_whose_socket_never_waits() {
    prints(
        "
        import _host
        c = client()
        c.sock = _host.Socket(b'')
        publish = c.publish
        def interrupted():
            _host.interrupt()
            publish('t', 'm', False, 1)
        try:
            interrupted()
        except KeyboardInterrupt:
            print('interrupted')
        ",
        "
        interrupted
        ",
    );
}
