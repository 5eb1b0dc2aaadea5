//! Our own `umqtt.robust`: connections that are lost at any point, brokers that forget, brokers that refuse.
//!
//! The scripts tell by a line that an attempt to connect has failed, and then wait for the test instead of for time.

use std::fs;
use umqtt_tests::{
    broker::{Broker, Options},
    interpreter::Interpreter,
    mosquitto::{self, Subscriber},
    relay::{Fate, Relay},
    repository,
    script::Script,
    show::Show,
};

const PROLOGUE: &str = "
import sys, time
from umqtt.robust import MQTTClient

def step():
    return sys.stdin.readline().strip()

class Client(MQTTClient):
    def delay(self, i):
        print('down', i)
        step()

c = Client('robust', 'test.mosquitto.org')
got = []

def callback(topic, msg):
    print('got', topic.decode(), msg.decode())
    got.append(msg)

c.set_callback(callback)
";

/// Publishes what it is told to until `end`, at QoS 2.
const PUBLISHER: &str = "
c.connect(False)
n = step()
while n != 'end':
    c.publish('out', n, False, 2)
    print('published', n)
    n = step()
";

fn script(relay: &Relay, steps: &str) -> Script {
    let source = format!("{PROLOGUE}{steps}");
    Script::start(Interpreter::find().unwrap(), relay.address(), &source).unwrap()
}

fn lasting_broker() -> Broker {
    Broker::with(Options { persistence: true, ..Options::default() }).unwrap()
}

fn publish(broker: &Broker, qos: &str, topic: &str, message: &str) {
    mosquitto::publish(broker, &["-q", qos, "-t", topic, "-m", message]).unwrap();
}

fn connections(relay: &Relay) -> usize {
    relay.seen().iter().filter(|line| line.starts_with("> CONNECT")).count()
}

#[test]
fn a_qos_2_message_arrives_once_wherever_the_connection_is_cut() {
    let broker = lasting_broker();
    let others = Subscriber::start(&broker, &["-q", "2", "-t", "out"], &Show::silent()).unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, PUBLISHER);
    relay.wait_for("< CONNACK present 0", 1).unwrap();
    let mut published = Vec::new();
    for packet in ["> PUBLISH", "< PUBREC", "> PUBREL", "< PUBCOMP"] {
        for bytes in 0..=3 {
            // Lost at the packet, and again while it connects.
            relay.once(packet, Fate::Cut(bytes));
            relay.once("< CONNACK", Fate::Cut(bytes));
            let number = published.len().to_string();
            script.say(&number).unwrap();
            script.expect("down 1").unwrap();
            script.say("try again").unwrap();
            script.expect(&format!("published {number}")).unwrap();
            published.push(number);
        }
    }
    script.say("end").unwrap();
    script.finish().unwrap();
    assert_eq!(others.since_last(&broker, published.len()).unwrap(), published);
}

#[test]
fn a_publication_waits_for_the_broker_to_come_back() {
    let mut broker = lasting_broker();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, PUBLISHER);
    relay.wait_for("< CONNACK present 0", 1).unwrap();
    broker.stop().unwrap();
    script.say("message").unwrap();
    for attempt in 1..=3 {
        script.expect(&format!("down {attempt}")).unwrap();
        if attempt == 3 {
            broker.resume().unwrap();
        }
        script.say("try again").unwrap();
    }
    script.expect("published message").unwrap();
    script.say("end").unwrap();
    script.finish().unwrap();
}

#[test]
fn a_message_that_the_broker_has_forgotten_is_published_anew_on_the_same_connection() {
    let mut broker = Broker::start().unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    // With a subscription to restore before the message's turn comes.
    let mut script = script(&relay, &PUBLISHER.replace("n = step()\nwhile", "c.subscribe('in')\nn = step()\nwhile"));
    relay.wait_for("< SUBACK", 1).unwrap();
    relay.once("< PUBREC", Fate::Drop);
    script.say("message").unwrap();
    relay.wait_for("< PUBREC 2 dropped", 1).unwrap();
    broker.stop().unwrap();
    script.expect("down 1").unwrap();
    broker.resume().unwrap();
    let before = connections(&relay);
    script.say("try again").unwrap();
    script.expect("published message").unwrap();
    script.say("end").unwrap();
    script.finish().unwrap();
    assert_eq!(connections(&relay), before + 1);
}

/// Subscribed to `in/one` and `in/two` in the end, and not to `in/three`.
const SUBSCRIBER: &str = "
print('session', c.connect())
c.subscribe('in/one')
c.subscribe(b'in/two', 2)
c.subscribe('in/three')
c.unsubscribe(b'in/three')
print('subscribed')
while b'end' not in got:
    c.wait_msg()
";

/// Publishes to all three topics, and expects what a subscriber gets of that.
fn expect_subscriptions(broker: &Broker, script: Script) {
    for (topic, message) in [("in/three", "three"), ("in/one", "one"), ("in/two", "two"), ("in/one", "end")] {
        publish(broker, "2", topic, message);
    }
    let printed = script.finish().unwrap();
    let got: Vec<_> = printed.iter().filter(|line| line.starts_with("got")).collect();
    assert_eq!(got, ["got in/one one", "got in/two two", "got in/one end"]);
}

#[test]
fn subscriptions_are_restored_whenever_the_broker_has_lost_them() {
    let mut broker = Broker::start().unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, SUBSCRIBER);
    script.expect("subscribed").unwrap();
    for restart in 1..=2 {
        broker.stop().unwrap();
        script.expect("down 1").unwrap();
        broker.resume().unwrap();
        script.say("try again").unwrap();
        relay.wait_for("< SUBACK", 3 + 2 * restart).unwrap();
    }
    expect_subscriptions(&broker, script);
}

#[test]
fn a_restoration_that_is_cut_short_is_done_again() {
    let mut broker = Broker::start().unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, SUBSCRIBER);
    script.expect("subscribed").unwrap();
    broker.stop().unwrap();
    script.expect("down 1").unwrap();
    broker.resume().unwrap();
    // The broker has a session again then, but not all that belongs in it.
    relay.once("> SUBSCRIBE", Fate::Cut(1));
    script.say("try again").unwrap();
    script.expect("down 2").unwrap();
    script.say("try again").unwrap();
    relay.wait_for("< CONNACK present 1", 1).unwrap();
    relay.wait_for("< SUBACK", 5).unwrap();
    expect_subscriptions(&broker, script);
}

#[test]
fn a_kept_session_needs_no_restoration() {
    let broker = lasting_broker();
    let relay = Relay::start(broker.address()).unwrap();
    let script = script(&relay, &SUBSCRIBER.replace("connect()", "connect(False)"));
    script.expect("subscribed").unwrap();
    relay.cut();
    relay.wait_for("< CONNACK present 1", 1).unwrap();
    expect_subscriptions(&broker, script);
    assert_eq!(relay.seen().iter().filter(|line| line.starts_with("> SUBSCRIBE")).count(), 3);
}

#[test]
fn check_msg_connects_again_and_does_not_wait() {
    const STEPS: &str = "
c.connect(False)
c.subscribe('in', 1)
print('subscribed')
while step() != 'end':
    c.check_msg()
    print('checked')
";
    let broker = lasting_broker();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, STEPS);
    script.expect("subscribed").unwrap();
    for lost in 1..=3 {
        relay.cut();
        script.say("check").unwrap();
        script.expect("checked").unwrap();
        relay.wait_for("< CONNACK present 1", lost).unwrap();
    }
    publish(&broker, "1", "in", "message");
    relay.wait_for("< PUBLISH", 1).unwrap();
    script.say("check").unwrap();
    script.expect("got in message").unwrap();
    script.say("end").unwrap();
    script.finish().unwrap();
}

#[test]
fn silence_is_no_loss_while_the_broker_answers() {
    let broker = Broker::start().unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let steps = SUBSCRIBER.replace("connect()", "connect(False, 0.2)");
    let mut script = script(&relay, &steps);
    script.expect("subscribed").unwrap();
    relay.wait_for("< PINGRESP", 2).unwrap();
    assert_eq!(connections(&relay), 1);
    relay.always("<", Fate::Drop);
    // The timeout holds for connecting again, too.
    script.expect("down 1").unwrap();
    relay.pass_all();
    script.say("try again").unwrap();
    relay.wait_for("< CONNACK present 1", 1).unwrap();
    expect_subscriptions(&broker, script);
}

#[test]
fn a_callback_that_publishes_through_a_cut_gets_and_sends_each_message_once() {
    const STEPS: &str = "
def callback(topic, msg):
    c.publish('out', msg, False, 2)
    got.append(msg)
    print('done', msg.decode())

c.set_callback(callback)
c.connect(False)
c.subscribe('in', 2)
print('subscribed')
while b'end' not in got:
    c.wait_msg()
print(got)
";
    let broker = lasting_broker();
    let others = Subscriber::start(&broker, &["-q", "2", "-t", "out"], &Show::silent()).unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let script = script(&relay, STEPS);
    script.expect("subscribed").unwrap();
    let mut published = Vec::new();
    for packet in ["> PUBLISH", "< PUBREC", "> PUBREL", "< PUBCOMP"] {
        for bytes in [0, 1, 20] {
            relay.once(packet, Fate::Cut(bytes));
            let message = published.len().to_string();
            publish(&broker, "2", "in", &message);
            script.expect(&format!("done {message}")).unwrap();
            published.push(message);
        }
    }
    publish(&broker, "2", "in", "end");
    published.push("end".to_owned());
    let got = script.finish().unwrap().pop().unwrap();
    let expected: Vec<_> = published.iter().map(|message| format!("b'{message}'")).collect();
    assert_eq!(got, format!("[{}]", expected.join(", ")));
    assert_eq!(others.since_last(&broker, published.len()).unwrap(), published);
}

/// What robust.py makes of what umqtt.simple does: a script on top of one that does what it is told. `plan` has for
/// each call of the methods that need a connection what it returns, or raises; `calls` is what was called.
const SIMPLE: &str = "
class MQTTException(Exception):
    pass

plan = []
calls = []

class MQTTClient:
    sock = None

    def __init__(self, *args):
        self.args = args

    def do(self, *call):
        calls.append(' '.join(str(x) for x in call))
        result = plan.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def connect(self, clean_session=True, timeout=None):
        self.sock = object()
        return self.do('connect', clean_session, timeout)

    def publish(self, topic, msg, retain=False, qos=0):
        return self.do('publish', topic, msg, retain, qos)

    def subscribe(self, topic, qos=0):
        return self.do('subscribe', topic, qos)

    def wait_msg(self):
        return self.do('wait_msg')

    def check_msg(self):
        return self.wait_msg()

    def ping(self):
        return self.do('ping')
";

fn plan(steps: &str) -> Vec<String> {
    const PROLOGUE: &str = "
from umqtt import robust, simple
from umqtt.simple import MQTTException, plan, calls

class Time:
    def sleep(self, seconds):
        calls.append('sleep ' + str(seconds))

    def sleep_ms(self, ms):
        calls.append(ms)

robust.time = Time()
c = robust.MQTTClient('robust', 'nowhere')

def run(*results):
    calls.clear()
    plan.extend(results)
";
    let mut interpreter = Interpreter::find().unwrap();
    let robust = fs::read_to_string(repository().join("mpy_module/_umqtt/robust.py")).unwrap();
    interpreter.add_module("umqtt/robust.py", &robust).unwrap();
    interpreter.add_module("umqtt/simple.py", SIMPLE).unwrap();
    let source = format!("{PROLOGUE}{steps}");
    Script::start(interpreter, [127, 0, 0, 1].into(), &source).unwrap().finish().unwrap()
}

#[test]
fn a_broken_protocol_is_a_lost_connection() {
    let printed = plan(
        "
run(0, MQTTException(-1), OSError(104), MQTTException(-1), 1, None)
c.connect(False, 5)
c.publish('t', 'm')
for call in calls:
    print(call)
",
    );
    assert_eq!(
        printed,
        [
            "connect False 5",
            "publish t m False 0",
            "connect False 5",
            "sleep 2",
            "connect False 5",
            "sleep 2",
            "connect False 5",
            "publish t m False 0",
        ]
    );
}

#[test]
fn a_refusal_and_a_lack_of_room_are_raised() {
    let printed = plan(
        "
def fails(call, *results):
    run(*results)
    try:
        call('t', 'm')
    except (OSError, MQTTException) as e:
        print(len(calls), e)

fails(c.publish, OSError(104), MQTTException(5))
fails(c.publish, OSError(104), OSError(104), MQTTException(5))
fails(c.subscribe, MQTTException(128))
fails(c.publish, OSError(16))
",
    );
    assert_eq!(printed, ["2 5", "4 5", "1 128", "1 16"]);
}

#[test]
fn a_subscription_that_is_refused_on_the_way_back_is_raised_once_and_hides_no_other() {
    let printed = plan(
        "
run(0, None, None)
c.connect()
c.subscribe('a')
c.subscribe('b', 1)
run(OSError(104), 0, MQTTException(128), None)
try:
    c.wait_msg()
except MQTTException as e:
    print(e, len(calls), plan)
run(OSError(104), 0, None)
c.wait_msg()
print(len(calls), plan)
",
    );
    assert_eq!(printed, ["128 4 []", "3 []"]);
}

#[test]
fn only_an_application_that_connects_anew_has_its_subscriptions_forgotten() {
    let printed = plan(
        "
run(0, None, 1, OSError(104), 0, None)
c.connect(False)
c.subscribe('a')
c.connect(False)
c.wait_msg()
print(calls[-1], plan)
run(0, OSError(104), 0)
c.connect(False)
c.wait_msg()
print(calls[-1], plan)
",
    );
    assert_eq!(printed, ["subscribe b'a' 0 []", "connect False None []"]);
}

#[test]
fn check_msg_makes_so_many_attempts() {
    let printed = plan(
        "
for attempts in range(3):
    run(*([OSError(104), 1] * attempts))
    print(c.check_msg(attempts), len(calls), plan)
run(OSError(104), 1, OSError(104), 1)
print(c.check_msg(), len(calls))
run(OSError(104), 1, 208)
print(c.wait_msg(), len(calls))
",
    );
    assert_eq!(printed, ["None 0 []", "None 2 []", "None 4 []", "None 4", "208 3"]);
}

#[test]
fn the_delay_stays_the_same_unless_it_is_told_to_grow() {
    let printed = plan(
        "
for i in range(1, 4):
    c.delay(i)
print(calls)
c.DELAY_MAX = 60
most = 2000
for i in 1, 2, 3, 4, 5, 6, 7, 1000000:
    calls.clear()
    for _ in range(100):
        c.delay(i)
    print(most // 2 < min(calls) and max(calls) <= most, len(set(calls)) > 10)
    most = min(2 * most, 60000)
",
    );
    assert_eq!(printed[0], "['sleep 2', 'sleep 2', 'sleep 2']");
    assert_eq!(printed[1..], vec!["True True"; 8]);
}

#[test]
fn debug_tells_what_happens() {
    let printed = plan(
        "
c.DEBUG = True
run(OSError(104), OSError(111), 1, None)
c.publish('t', 'm')
",
    );
    assert_eq!(printed, ["mqtt: OSError(104,)", "mqtt reconnect: OSError(111,)"]);
}
