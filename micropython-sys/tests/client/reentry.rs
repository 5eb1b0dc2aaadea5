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
