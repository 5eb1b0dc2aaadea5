//! PyPI's `umqtt.robust`, unmodified, on top of `umqtt.simple`, while the broker goes away and comes back.
//!
//! The script tells by a line where it is; the test stops and starts the broker between the script's steps. The
//! broker keeps its sessions, as a broker in a house does: so QoS 1 messages sent while the board is away are due
//! when it is back.

use std::fs;
use umqtt_tests::{
    broker::{Broker, Options},
    interpreter::Interpreter,
    mosquitto, repository,
    script::Script,
};

const ROBUST: &str = "build/reference/robust/umqtt/robust.py";
/// robust.py imports its neighbour simple.py, so both must be in one folder, which goes before what is built in.
const SIMPLE: &str = "
import uumqtt

MQTTClient = uumqtt.simple.MQTTClient
MQTTException = uumqtt.simple.MQTTException
";

/// The client's delay between two tries is made short, and told, by a subclass: robust.py itself is untouched.
const PROLOGUE: &str = "
import sys
from umqtt.robust import MQTTClient

class Client(MQTTClient):
    DELAY = 0.02

    def delay(self, i):
        print('down')
        super().delay(i)

def step():
    return sys.stdin.readline().strip()

c = Client('robust', 'test.mosquitto.org')
c.set_callback(lambda topic, msg: print('got', topic.decode(), msg.decode()))
print('session', c.connect(False))
";

fn start(broker: &Broker, steps: &str) -> Script {
    let path = repository().join(ROBUST);
    let robust = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut interpreter = Interpreter::find().unwrap();
    interpreter.add_module("umqtt/robust.py", &robust).unwrap();
    interpreter.add_module("umqtt/simple.py", SIMPLE).unwrap();
    Script::start(interpreter, broker.address(), &format!("{PROLOGUE}{steps}")).unwrap()
}

fn lasting_broker() -> Broker {
    Broker::with(Options { persistence: true, ..Options::default() }).unwrap()
}

#[test]
fn publications_survive_restarts_of_the_broker() {
    const STEPS: &str = "
n = step()
while n != 'end':
    c.publish('robust/out', n, qos=1)
    print('published', n)
    n = step()
c.disconnect()
";
    let mut broker = lasting_broker();
    let watcher = ["-c", "-i", "watcher", "-q", "1", "-t", "robust/out"];
    mosquitto::subscribe_once(&broker, &[&watcher[..], &["-E"]].concat()).unwrap();

    let mut script = start(&broker, STEPS);
    script.expect("session 0").unwrap();
    for n in 1..=6 {
        if n % 2 == 0 {
            broker.stop().unwrap();
            script.say(&n.to_string()).unwrap();
            script.expect("down").unwrap();
            broker.resume().unwrap();
        } else {
            script.say(&n.to_string()).unwrap();
        }
        script.expect(&format!("published {n}")).unwrap();
    }
    script.say("end").unwrap();
    script.finish().unwrap();

    mosquitto::publish(&broker, &["-q", "1", "-t", "robust/out", "-m", "last"]).unwrap();
    let mut seen = mosquitto::subscribe_until(&broker, &watcher, "last").unwrap();
    seen.dedup();
    assert_eq!(seen, ["1", "2", "3", "4", "5", "6", "last"], "QoS 1: each at least once, in order");
}

#[test]
fn a_client_that_waits_is_found_again_by_its_messages() {
    const STEPS: &str = "
c.subscribe('robust/in', qos=1)
print('subscribed')
while step() != 'end':
    print('waiting')
    c.wait_msg()
c.disconnect()
";
    let publish = |broker: &Broker, message: &str| {
        mosquitto::publish(broker, &["-q", "1", "-t", "robust/in", "-m", message]).unwrap();
    };
    let mut broker = lasting_broker();
    let mut script = start(&broker, STEPS);
    script.expect("subscribed").unwrap();

    script.say("wait").unwrap();
    script.expect("waiting").unwrap();
    publish(&broker, "one");
    script.expect("got robust/in one").unwrap();

    script.say("wait").unwrap();
    script.expect("waiting").unwrap();
    broker.stop().unwrap();
    script.expect("down").unwrap();
    broker.resume().unwrap();
    publish(&broker, "two");
    script.expect("got robust/in two").unwrap();

    script.say("end").unwrap();
    script.finish().unwrap();
}
