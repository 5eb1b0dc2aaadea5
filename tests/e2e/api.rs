//! The two public interfaces that can be built: that of umqtt.simple 1.3, the tutorial's, and that of 1.8.

use umqtt_tests::{broker::Broker, interpreter::Interpreter, script::Script};

/// Prints what wait_msg() and check_msg() return for a message, for a PINGRESP, and for nothing.
const STEPS: &str = "
from umqtt.simple import MQTTClient
c = MQTTClient('api', 'test.mosquitto.org')
c.set_callback(lambda topic, msg: None)
c.connect()
c.subscribe('api')
c.publish('api', 'm')
print('message', c.wait_msg())
c.ping()
print('PINGRESP', c.wait_msg())
print('nothing', c.check_msg())
c.disconnect()
";

fn printed(interpreter: Interpreter) -> Vec<String> {
    let broker = Broker::start().unwrap();
    Script::start(interpreter, broker.address(), STEPS).unwrap().finish().unwrap()
}

#[test]
fn wait_msg_returns_none_after_a_message_as_in_the_tutorial() {
    assert_eq!(printed(Interpreter::find().unwrap()), ["message None", "PINGRESP None", "nothing None"]);
}

#[test]
fn wait_msg_returns_the_first_byte_of_the_message_as_in_1_8() {
    assert_eq!(printed(Interpreter::with_api_1_8().unwrap()), ["message 48", "PINGRESP None", "nothing None"]);
}
