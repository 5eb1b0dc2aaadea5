//! Brokers of other makes than mosquitto: the tutorial, and what brokers and clients agree upon.
//!
//! What a broker does not do is left out for it:
//!
//! - amqtt 0.12 throws away what a client has published just before its DISCONNECT, so it cannot play the tutorial. It
//!   keeps subscriptions for a client that is away, but not always messages. It delivers at the QoS of the
//!   first subscription.
//! - Neither answers a PUBREL that is sent again because its PUBCOMP was lost (MQTT 3.1.1, 4.3.3): amqtt ignores it,
//!   aedes 0.51 closes the connection.

use umqtt_tests::{
    board::Board,
    broker::{Broker, Options},
    interpreter::Interpreter,
    make::Make,
    mosquitto::{self, Subscriber},
    relay::{Fate, Relay},
    repository,
    script::Script,
    show::Show,
    transcript::Transcript,
    tutorial,
};

const PROLOGUE: &str = "
import sys
from umqtt.simple import MQTTClient

def client(name):
    c = MQTTClient(name, 'test.mosquitto.org')
    c.set_callback(lambda topic, msg: got.append(msg) or print('got', topic.decode(), msg.decode()))
    return c

def receive(count):
    while len(got) < count:
        c.wait_msg()

got = []
c = client('board')
";

/// A broker of that make; none, with a word about it, when it is not installed.
fn broker(make: Make) -> Option<Broker> {
    if !make.is_installed() {
        println!("brokers: {make:?} is left out, there is no npm");
        return None;
    }
    Some(Broker::with(Options { make, ..Options::default() }).unwrap())
}

fn script(relay: &Relay, steps: &str) -> Script {
    let source = format!("{PROLOGUE}{steps}");
    Script::start(Interpreter::find().unwrap(), relay.address(), &source).unwrap()
}

fn watch(broker: &Broker, topic: &str) -> Subscriber {
    Subscriber::start(broker, &["-q", "2", "-t", topic], &Show::silent()).unwrap()
}

fn play_the_tutorial(make: Make) {
    let Some(broker) = broker(make) else { return };
    let show = Show::silent();
    let mut board = Board::unix(broker.address(), &show).unwrap();
    let transcript = Transcript::read(&repository().join("docs/tutorial.md")).unwrap();
    let played = tutorial::play(&transcript, &broker, &mut board, &show).unwrap();
    let differences: String = played.differences.iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "with {make:?} the tutorial differs:\n{differences}");
}

fn exchange_messages(make: Make) {
    const STEPS: &str = "
c.connect()
other = client('other')
other.connect()
for qos in range(3):
    c.subscribe('in', qos)
    c.publish('out', 'température', False, qos)
    other.publish('in', str(qos), False, qos)
    receive(qos + 1)
    c.unsubscribe('in')
sys.stdin.readline()
c.disconnect()
";
    let Some(broker) = broker(make) else { return };
    let others = watch(&broker, "out");
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, STEPS);
    for _ in 0..3 {
        assert_eq!(others.next().unwrap(), "température");
    }
    script.say("end").unwrap();
    assert_eq!(script.finish().unwrap(), ["got in 0", "got in 1", "got in 2"]);
    for packet in ["< PUBACK", "> PUBACK", "< PUBREC", "> PUBREC", "< PUBCOMP", "< UNSUBACK", "> DISCONNECT"] {
        relay.wait_for(packet, 1).unwrap();
    }
}

fn retain_a_message(make: Make) {
    const STEPS: &str = "
c.connect()
c.publish('retained', 'kept', True, 1)
c.publish('retained', 'replaced', retain=True, qos=1)
c.disconnect()
c.connect()
c.subscribe('retained', 1)
receive(1)
c.publish('retained', '', True, 1)
receive(2)
c.disconnect()
c.connect()
c.subscribe('retained', 1)
c.publish('retained', 'no more', False, 1)
receive(3)
";
    let Some(broker) = broker(make) else { return };
    let relay = Relay::start(broker.address()).unwrap();
    let printed = script(&relay, STEPS).finish().unwrap();
    assert_eq!(printed, ["got retained replaced", "got retained ", "got retained no more"]);
}

fn leave_a_will(make: Make) {
    const STEPS: &str = "
for name in 'polite', 'cut':
    c = client(name)
    c.set_last_will('will', name, qos=1)
    c.connect()
    print(name)
    sys.stdin.readline()
    if name == 'polite':
        c.disconnect()
";
    let Some(broker) = broker(make) else { return };
    let others = watch(&broker, "will");
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, STEPS);
    script.expect("polite").unwrap();
    script.say("disconnect").unwrap();
    script.expect("cut").unwrap();
    relay.cut();
    assert_eq!(others.next().unwrap(), "cut");
    script.say("end").unwrap();
    script.finish().unwrap();
    // At QoS 1 the broker may deliver it twice.
    let more = others.since_last(&broker, 0).unwrap();
    assert!(more.iter().all(|will| will == "cut"), "{more:?}");
}

fn keep_a_session(make: Make) {
    const STEPS: &str = "
print('session', c.connect(False))
c.subscribe('in', 1)
c.disconnect()
print('session', c.connect(False))
c.publish('in', 'still subscribed', False, 1)
receive(1)
c.disconnect()
print('session', c.connect())
";
    let Some(broker) = broker(make) else { return };
    let relay = Relay::start(broker.address()).unwrap();
    let printed = script(&relay, STEPS).finish().unwrap();
    assert_eq!(printed, ["session 0", "session 1", "got in still subscribed", "session 0"]);
}

fn keep_messages(make: Make) {
    const STEPS: &str = "
c.connect(False)
c.subscribe('in', 2)
c.disconnect()
print('away')
sys.stdin.readline()
c.connect(False)
receive(2)
";
    let Some(broker) = broker(make) else { return };
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, STEPS);
    script.expect("away").unwrap();
    for qos in ["1", "2"] {
        mosquitto::publish(&broker, &["-q", qos, "-t", "in", "-m", qos]).unwrap();
    }
    script.say("back").unwrap();
    assert_eq!(script.finish().unwrap(), ["away", "got in 1", "got in 2"]);
}

fn resume_exchanges(make: Make) {
    const CUT_AT: [&str; 3] = ["> PUBLISH", "< PUBREC", "> PUBREL"];
    // A subscription, for aedes knows a session only by that.
    const STEPS: &str = "
c.connect(False)
c.subscribe('in')
n = sys.stdin.readline().strip()
while n != 'end':
    try:
        c.publish('out', n, False, 2)
    except OSError:
        print('session', c.connect(False))
        c.publish('out', n, False, 2)
    print('published', n)
    n = sys.stdin.readline().strip()
";
    let Some(broker) = broker(make) else { return };
    let others = watch(&broker, "out");
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, STEPS);
    relay.wait_for("< SUBACK", 1).unwrap();
    for packet in CUT_AT {
        relay.once(packet, Fate::Cut(0));
        script.say(packet).unwrap();
        script.expect("session 1").unwrap();
        script.expect(&format!("published {packet}")).unwrap();
    }
    script.say("end").unwrap();
    script.finish().unwrap();
    assert_eq!(others.since_last(&broker, CUT_AT.len()).unwrap(), CUT_AT);
}

mod amqtt {
    use super::Make;

    #[test]
    fn exchanges_messages() {
        super::exchange_messages(Make::Amqtt);
    }

    #[test]
    fn retains_a_message() {
        super::retain_a_message(Make::Amqtt);
    }

    #[test]
    fn publishes_a_will() {
        super::leave_a_will(Make::Amqtt);
    }

    #[test]
    fn keeps_a_session() {
        super::keep_a_session(Make::Amqtt);
    }

    #[test]
    fn resumes_exchanges() {
        super::resume_exchanges(Make::Amqtt);
    }
}

mod aedes {
    use super::Make;

    #[test]
    fn plays_the_tutorial() {
        super::play_the_tutorial(Make::Aedes);
    }

    #[test]
    fn exchanges_messages() {
        super::exchange_messages(Make::Aedes);
    }

    #[test]
    fn retains_a_message() {
        super::retain_a_message(Make::Aedes);
    }

    #[test]
    fn publishes_a_will() {
        super::leave_a_will(Make::Aedes);
    }

    #[test]
    fn keeps_a_session() {
        super::keep_a_session(Make::Aedes);
    }

    #[test]
    fn keeps_messages() {
        super::keep_messages(Make::Aedes);
    }

    #[test]
    fn resumes_exchanges() {
        super::resume_exchanges(Make::Aedes);
    }
}
