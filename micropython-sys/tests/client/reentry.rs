//! Calls within calls: callbacks and sockets that use the client while it is being used.

use crate::support::prints;

#[test]
fn a_callback_that_connects_again_may_subscribe_on_the_new_connection() {
    prints(
        "
        class Counting(MQTTClient):
            waits = 0
            def wait_msg(self):
                self.waits += 1
                if self.waits > 20:
                    raise RuntimeError('it would never end')
                return super().wait_msg()
        def reconnecting(topic, text):
            c.connect()
            show(c.subscribe, 't')
        c = connected(message(b't', b'm'), client=lambda: Counting('id', 'broker'))
        c.set_callback(reconnecting)
        serve(CONNACK, suback(2))
        show(c.publish, 't', 'm', qos=1)
        ",
        "
        None
        OSError(107,)
        ",
    );
}

#[test]
fn a_write_that_connects_again_leaves_nothing_of_the_old_packet_on_the_new_connection() {
    prints(
        "
        def reconnecting():
            c.connect()
            return 3
        c = connected()
        old, new = c.sock, serve(CONNACK)
        old.takes = [reconnecting]
        show(c.publish, 't', 'm')
        print(len(new.writes))
        ",
        "
        OSError(107,)
        1
        ",
    );
}

#[test]
fn a_write_that_puts_another_socket_in_place_leaves_nothing_of_the_old_packet_on_it() {
    prints(
        "
        def replacing():
            c.sock = new
            c.publish('new', 'm')
            return 3
        c = connected()
        old, new = c.sock, Socket()
        old.takes = [replacing]
        show(c.publish, 'old', 'm')
        print(new.wire)
        ",
        r"
        OSError(107,)
        b'0\x06\x00\x03newm'
        ",
    );
}

#[test]
fn a_publish_whose_acknowledgement_has_come_succeeds_though_the_connection_fails_then() {
    prints(
        "
        c = connected(message(b't', b'm', 1, 9), puback(1), puback(2))
        c.set_callback(lambda topic, text: c.publish('inner', 'm', qos=1))
        c.sock.takes = [None, None, OSError(104)]
        show(c.publish, 'outer', 'm', qos=1)
        show(c.publish, 'next', 'm')
        ",
        "
        None
        OSError(103,)
        ",
    );
}

#[test]
fn what_a_callback_raises_ends_the_publish_even_if_its_acknowledgement_has_come() {
    prints(
        "
        def raising(topic, text):
            c.publish('inner', 'm', qos=1)
            raise OSError('the callback')
        c = connected(message(b't', b'm', 1, 9), puback(1), puback(2))
        c.set_callback(raising)
        show(c.publish, 'outer', 'm', qos=1)
        ",
        "
        OSError('the callback',)
        ",
    );
}

#[test]
fn a_publish_waits_for_room_when_too_many_messages_are_in_flight() {
    prints(
        r"
        serve(CONNACK)
        c = client()
        c.connect(False)
        for text in '1234':
            c.sock.answers.append(OSError(110))
            show(c.publish, 't', text, qos=1)
        c.sock.answers = [puback(3), puback(1), OSError(110)]
        c.pid = 0
        show(c.publish, 't', '5', qos=1)
        sock = serve(b'\x20\x02\x01\x00')
        c.connect(False)
        print(sock.wire[-24:])
        ",
        r"
        OSError(110,)
        OSError(110,)
        OSError(110,)
        OSError(110,)
        OSError(110,)
        b':\x06\x00\x01t\x00\x022:\x06\x00\x01t\x00\x044:\x06\x00\x01t\x00\x015'
        ",
    );
}

#[test]
fn what_close_raises_is_ignored_unless_it_is_an_interrupt() {
    prints(
        "
        class Stubborn(Socket):
            def close(self):
                super().close()
                raise error
        for error in OSError(5), ValueError(), KeyboardInterrupt():
            c = connected()
            c.sock = Stubborn()
            try:
                print(c.disconnect())
            except KeyboardInterrupt:
                print('interrupted')
        ",
        "
        None
        None
        interrupted
        ",
    );
}

#[test]
fn a_callback_that_constructs_anew_ends_what_goes_on_around_it() {
    prints(
        "
        def again(topic, text):
            print('constructed anew')
            c.__init__('id', 'broker')
        for script in (message(b't', b'm', 1, 5), message(b't' * 200, b'm', 1, 5)):
            c = connected(script, puback(1))
            c.set_callback(again)
            show(c.publish, 't', 'm', qos=1)
            print(c.sock)
            serve(CONNACK, puback(1))
            print(c.connect(), c.publish('t', 'm', qos=1))
        ",
        &"constructed anew\nOSError(107,)\nNone\n0 None\n".repeat(2),
    );
}
