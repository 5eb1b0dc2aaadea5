//! A build without the feature `qos2`.

use crate::support::prints;

#[test]
fn publishing_and_subscribing_with_qos_2_say_that_it_is_not_there() {
    prints(
        "
        c = connected(puback(1), suback(2, 1))
        show(c.publish, 't', 'm', qos=2)
        show(c.subscribe, 't', 2)
        print(c.sock.wire)
        show(c.publish, 't', 'm', qos=1)
        show(c.subscribe, 't', 1)
        ",
        "
        ValueError('this firmware is built without QoS 2',)
        ValueError('this firmware is built without QoS 2',)
        b''
        None
        None
        ",
    );
}

#[test]
fn a_message_with_qos_2_closes_the_connection() {
    prints(
        "
        c = connected(message(b't', b'm', 2, 7))
        show(c.wait_msg)
        print(c.sock.wire, c.sock.calls[-1])
        ",
        "
        MQTTException(-1,)
        b'' close
        ",
    );
}

#[test]
fn a_will_may_have_qos_2_since_it_is_the_brokers_to_publish() {
    prints(
        "
        c = client()
        c.set_last_will('t', 'm', qos=2)
        serve(CONNACK)
        show(c.connect)
        ",
        "0",
    );
}
