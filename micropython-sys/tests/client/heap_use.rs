//! What the calls take from the heap, and that its exhaustion at any point is a MemoryError and no more.

use crate::support::{prints, prints_after};

/// `counted(lambda: c.method(...))`: how many allocations the call makes. On a native stream, which makes none itself.
const COUNTED: &str = "\
import _host
def counted(function):
    before = _host.allocations()
    function()
    return _host.allocations() - before
def native(script):
    c = client()
    c.set_callback(lambda topic, text: None)
    c.sock = _host.Socket(script)
    return c
";

#[track_caller]
fn counts(script: &str, expected: &str) {
    prints_after(COUNTED, script, expected);
}

#[cfg(feature = "qos2")]
#[test]
fn publish_allocates_nothing() {
    counts(
        "
        c = native(puback(1) + pubrec(2) + pubcomp(2))
        print(counted(lambda: c.publish('topic', 'message')), c.sock.written())
        print(counted(lambda: c.publish('topic', 'message', False, 1)), c.sock.written())
        print(counted(lambda: c.publish('topic', 'message', False, 2)), c.sock.written())
        large = bytearray(5000)
        print(counted(lambda: c.publish(b'topic', large, True)), c.sock.written())
        ",
        "
        0 16
        0 34
        0 56
        0 5066
        ",
    );
}

#[test]
fn subscribing_pinging_and_disconnecting_allocate_nothing() {
    counts(
        "
        c = native(suback(1) + unsuback(2) + PINGRESP)
        print(counted(lambda: c.subscribe('t')), counted(lambda: c.unsubscribe('t')))
        print(counted(lambda: c.ping()), counted(lambda: c.wait_msg()), counted(lambda: c.disconnect()))
        ",
        "
        0 0
        0 0 0
        ",
    );
}

#[cfg(feature = "qos2")]
#[test]
fn receiving_allocates_two_bytes_objects_and_a_topic_only_once() {
    counts(
        "
        for qos in 0, 1, 2:
            c = native(message(b'topic', b'message', qos, 7) * 2 + message(b'other', b'message'))
            print(counted(lambda: c.wait_msg()), counted(lambda: c.check_msg()), counted(lambda: c.wait_msg()))
        ",
        "
        4 2 4
        4 2 4
        4 0 4
        ",
    );
}

#[test]
fn topics_that_come_in_turn_are_each_their_own() {
    counts(
        "
        topics = (b'a', b'b', b'abcd', b'abce', b'abcde', b'abcdf', b'abc', b'abcd', b'abcd', b'xbcd', b'abcdefgh', b'abcdefgi')
        c = native(b''.join(message(topic, b'm') for topic in topics))
        got = []
        c.set_callback(lambda topic, text: got.append(topic))
        for _ in topics:
            c.wait_msg()
        print(tuple(got) == topics)
        ",
        "True",
    );
}

#[test]
fn an_empty_message_takes_nothing() {
    counts("c = native(message(b'topic', b''))\nprint(counted(lambda: c.wait_msg()))", "2");
}

#[test]
fn check_msg_without_a_message_allocates_nothing() {
    counts("c = native(b'')\nprint(counted(lambda: c.check_msg()))", "0");
}

#[test]
fn check_msg_that_stops_within_a_message_allocates_its_room_once() {
    counts(
        "
        c = native(message(b'topic', b'message'))
        total = 0
        script = bytearray()
        c.sock = _host.Socket(script)
        for byte in message(b'topic', b'message'):
            script.append(byte)
            total += counted(lambda: c.check_msg())
        print(total)
        ",
        "4",
    );
}

#[test]
fn what_was_received_is_as_large_as_it_must_be() {
    counts(
        "
        import gc
        kept = []
        c = client()
        c.set_callback(lambda topic, text: kept.append(text))
        c.sock = _host.Socket(message(b't', bytes(1000)) * 2)
        c.wait_msg()
        gc.collect()
        before = gc.mem_alloc()
        c.wait_msg()
        gc.collect()
        print(1000 < gc.mem_alloc() - before <= 1000 + 64)
        ",
        "True",
    );
}

/// Runs the operation once for each of its allocations, which fails. What the operation raises must be MemoryError, or
/// it gets by without; the client can then connect anew and works.
const EVERY_ALLOCATION: &str = "\
import _host
def every_allocation_fails(operation, *answers, clean=True):
    failures = n = 0
    while True:
        sock = serve(CONNACK, *answers)
        c = MQTTClient('id', 'broker')
        c.set_callback(lambda topic, text: None)
        if operation != 'connect':
            c.connect(clean)
        _host.fail_allocation_after(n)
        before = _host.allocations()
        try:
            if operation == 'connect':
                c.connect(clean)
            else:
                operation(c)
        except MemoryError:
            failures += 1
        over = _host.allocations() - before <= n
        _host.fail_allocation_after(-1)
        if network.sockets:
            network.sockets.pop()
        c.set_callback(lambda topic, text: arrived.append(text))
        arrived = []
        serve(CONNACK, puback(c.pid + 1), message(b't', b'alive'))
        c.connect()
        c.publish('t', 'm', qos=1)
        c.wait_msg()
        if arrived != [b'alive']:
            print('after allocation', n, arrived)
        if over:
            break
        n += 1
    print(n > 0 and failures > n // 2)
";

#[track_caller]
fn every_allocation_may_fail(operation: &str) {
    prints(&format!("{EVERY_ALLOCATION}every_allocation_fails({operation})"), "True");
}

#[test]
fn every_allocation_of_connect_may_fail() {
    every_allocation_may_fail("'connect'");
}

#[cfg(feature = "qos2")]
#[test]
fn every_allocation_of_publish_may_fail() {
    every_allocation_may_fail("lambda c: c.publish('topic', 'm' * 300)");
    every_allocation_may_fail("lambda c: c.publish('t', 'm', qos=1), puback(1)");
    every_allocation_may_fail("lambda c: c.publish('t', 'm', qos=2), pubrec(1), pubcomp(1)");
}

#[cfg(feature = "qos2")]
#[test]
fn every_allocation_of_wait_msg_and_check_msg_may_fail() {
    for qos in 0..=2 {
        every_allocation_may_fail(&format!("MQTTClient.wait_msg, message(b'topic', b'message', {qos}, 7)"));
        every_allocation_may_fail(&format!(
            "MQTTClient.check_msg, *each_byte(message(b'topic', b'message', {qos}, 7))"
        ));
    }
}

#[test]
fn every_allocation_of_subscribe_and_unsubscribe_may_fail() {
    every_allocation_may_fail("lambda c: c.subscribe('t'), message(b't', b'm', 1, 7), suback(1)");
    every_allocation_may_fail("lambda c: c.unsubscribe('t'), unsuback(1)");
}

/// What is kept takes memory: the table at the first connect(False), and copies of what can change.
#[cfg(feature = "qos2")]
#[test]
fn every_allocation_of_a_kept_session_may_fail() {
    every_allocation_may_fail("'connect', clean=False");
    every_allocation_may_fail("lambda c: c.publish('t', bytearray(300), qos=1), puback(1), clean=False");
    every_allocation_may_fail("lambda c: c.publish('t', bytearray(300), qos=2), pubrec(1), pubcomp(1), clean=False");
    every_allocation_may_fail("MQTTClient.wait_msg, message(b'topic', b'message', 2, 7), clean=False");
}

#[test]
fn every_allocation_of_receiving_in_chunks_may_fail() {
    every_allocation_may_fail(
        "lambda c: (c.set_chunk_callback(lambda *chunk: None, bytearray(16)), c.wait_msg()), message(b't', bytes(100), 1, 7)",
    );
}

#[test]
fn every_allocation_of_the_constructor_may_fail() {
    prints(
        "
        import _host
        n = 0
        while True:
            _host.fail_allocation_after(n)
            try:
                c = MQTTClient('id', 'broker', user='me', password='pw', keepalive=5)
                _host.fail_allocation_after(-1)
                break
            except MemoryError:
                n += 1
        print(n > 0, c.user)
        ",
        "True me",
    );
}

/// MicroPython's ordered tables believe in the room that they did not get, so an instance must have none of these: what is
/// stored next would be stored over other objects.
#[test]
fn an_attribute_that_finds_no_memory_can_be_stored_later_and_overwrites_nothing() {
    prints(
        "
        import _host
        c = MQTTClient('id', 'broker')
        near = [bytearray(b'near' * 8) for _ in range(10)]
        _host.fail_allocation_after(0)
        try:
            c.set_last_will('topic', 'text', True, 1)
        except MemoryError:
            _host.fail_allocation_after(-1)
            print(c.lw_topic, c.server)
        c.set_last_will('topic', 'text', True, 1)
        c.own = 'own'
        print(near == [bytearray(b'near' * 8)] * 10)
        print(c.lw_topic, c.lw_msg, c.lw_retain, c.lw_qos, c.own, c.client_id, c.server, c.port, c.sock, c.pid, c.cb)
        ",
        "
        None broker
        True
        topic text True 1 own id broker 1883 None 0 None
        ",
    );
}

/// On a native stream only the client allocates, so no failure is the socket's.
#[cfg(feature = "qos2")]
#[test]
fn a_message_that_finds_no_memory_is_skipped_and_the_next_one_arrives() {
    counts(
        "
        for qos in 0, 1, 2:
            for n in range(4):
                c = native(message(b'topic', b'message', qos, 7) + message(b't', b'next'))
                c.set_callback(received)
                _host.fail_allocation_after(n)
                try:
                    c.wait_msg()
                except MemoryError:
                    print(c.sock.written(), end=' ')
                c.wait_msg()
        ",
        &"0 got b't' b'next'\n".repeat(12),
    );
}

#[test]
fn a_locked_heap_is_a_memory_error_and_the_next_message_arrives() {
    counts(
        "
        import micropython
        c = native(message(b'topic', b'message') + message(b't', b'next'))
        c.set_callback(received)
        micropython.heap_lock()
        try:
            c.wait_msg()
        except MemoryError:
            print('locked')
        micropython.heap_unlock()
        c.wait_msg()
        ",
        "
        locked
        got b't' b'next'
        ",
    );
}

#[test]
fn publish_works_on_a_locked_heap() {
    counts(
        "
        import micropython
        c = native(puback(1) + suback(2) + PINGRESP)
        micropython.heap_lock()
        c.publish('t', 'm')
        c.publish('t', 'm', qos=1)
        c.subscribe('t')
        c.ping()
        c.wait_msg()
        micropython.heap_unlock()
        print(c.sock.written())
        ",
        "24",
    );
}

#[test]
fn collections_during_every_call_lose_nothing() {
    counts(
        "
        import gc
        gc.threshold(1)
        class Collecting(Socket):
            def read(self, n):
                gc.collect()
                return super().read(n)
            def write(self, data):
                gc.collect()
                return super().write(data)
        gathered = []
        def collecting(topic, text):
            gc.collect()
            gathered.append((topic, text))
        c = MQTTClient('i' + 'd' * 300, 'broker')
        c.set_callback(collecting)
        for _ in range(20):
            answers = each_byte(message(b'topic', b'm' * 40, 1, 7)) + [puback(c.pid + 1)]
            network.sockets.append(Collecting(CONNACK, *answers))
            c.connect()
            c.wait_msg()
            c.publish('t' * 300, 'x' * 300, qos=1)
        print(gathered == [(b'topic', b'm' * 40)] * 20)
        ",
        "True",
    );
}
