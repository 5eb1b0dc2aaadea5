//! Sessions that outlive their connections, and connections that are not what they seem: against mosquitto, through a
//! relay that loses what it is told to lose.

use umqtt_tests::{
    broker::{Broker, Options},
    interpreter::Interpreter,
    mosquitto::{self, Subscriber},
    relay::{Fate, Relay},
    script::Script,
    show::Show,
};

/// A connection that is lost is told with a line, and made anew when the test says so.
const PROLOGUE: &str = "
import sys, time
from errno import ETIMEDOUT
from umqtt.simple import MQTTClient

def step():
    return sys.stdin.readline().strip()

def insist(call, *args):
    while 1:
        try:
            return call(*args)
        except OSError:
            print('lost')
        step()
        print('session', c.connect(False))

def fails(call, *args):
    try:
        call(*args)
        print('no failure')
    except OSError as e:
        print('timed out' if e.errno == ETIMEDOUT else e)

c = MQTTClient('sessions', 'test.mosquitto.org')
c.set_callback(lambda topic, msg: print('got', msg.decode()))
";

/// Publishes what it is told to until `end`, at the QoS that it is told first.
const PUBLISHER: &str = "
c.connect(False)
qos = int(step())
n = step()
while n != 'end':
    insist(c.publish, 'out', n, False, qos)
    print('published', n)
    n = step()
";

/// Prints what comes until `end` comes.
const LISTENER: &str = "
c.set_callback(lambda topic, msg: print('got', msg.decode()) or got.append(msg))
got = []
c.connect(False)
c.subscribe('in', 2)
print('subscribed')
while b'end' not in got:
    insist(c.wait_msg)
";

fn script(relay: &Relay, steps: &str) -> Script {
    let source = format!("{PROLOGUE}{steps}");
    Script::start(Interpreter::find().unwrap(), relay.address(), &source).unwrap()
}

fn lasting_broker() -> Broker {
    Broker::with(Options { persistence: true, ..Options::default() }).unwrap()
}

/// The lines of the relay that are about messages.
fn exchange(relay: &Relay) -> Vec<String> {
    let about = |line: &String| line.contains(" PUB") || line.contains("CONNACK");
    relay.seen().into_iter().filter(about).collect()
}

/// Publishes one message at `qos` and cuts the connection at the packet that `lost` begins; returns what passed.
fn publish_through_a_cut(qos: &str, lost: &str, bytes: usize) -> (Vec<String>, Vec<String>) {
    let broker = lasting_broker();
    let others = Subscriber::start(&broker, &["-q", "2", "-t", "out"], &Show::silent()).unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    relay.once(lost, Fate::Cut(bytes));
    let mut script = script(&relay, PUBLISHER);
    for line in [qos, "message"] {
        script.say(line).unwrap();
    }
    script.expect("lost").unwrap();
    script.say("connect").unwrap();
    script.expect("session 1").unwrap();
    script.expect("published message").unwrap();
    script.say("end").unwrap();
    script.finish().unwrap();
    (exchange(&relay), others.since_last(&broker, 1).unwrap())
}

#[test]
fn a_qos_1_message_without_acknowledgement_is_sent_again_with_dup_and_its_identifier() {
    let (passed, arrived) = publish_through_a_cut("1", "< PUBACK", 0);
    assert_eq!(
        passed,
        [
            "< CONNACK present 0",
            "> PUBLISH 1 qos 1",
            "< PUBACK 1 cut",
            "< CONNACK present 1",
            "> PUBLISH 1 qos 1 dup",
            "< PUBACK 1",
        ]
    );
    assert_eq!(arrived, ["message", "message"], "QoS 1 is at least once");
}

#[test]
fn a_qos_2_message_without_pubrec_is_sent_again_with_dup_and_arrives_once() {
    let (passed, arrived) = publish_through_a_cut("2", "< PUBREC", 0);
    assert_eq!(
        passed,
        [
            "< CONNACK present 0",
            "> PUBLISH 1 qos 2",
            "< PUBREC 1 cut",
            "< CONNACK present 1",
            "> PUBLISH 1 qos 2 dup",
            "< PUBREC 1",
            "> PUBREL 1",
            "< PUBCOMP 1",
        ]
    );
    assert_eq!(arrived, ["message"]);
}

#[test]
fn a_qos_2_message_without_pubcomp_is_released_again_and_not_published() {
    let (passed, arrived) = publish_through_a_cut("2", "< PUBCOMP", 0);
    assert_eq!(
        passed,
        [
            "< CONNACK present 0",
            "> PUBLISH 1 qos 2",
            "< PUBREC 1",
            "> PUBREL 1",
            "< PUBCOMP 1 cut",
            "< CONNACK present 1",
            "> PUBREL 1",
            "< PUBCOMP 1",
        ]
    );
    assert_eq!(arrived, ["message"]);
}

/// Cuts the connection at every byte of every packet of `packets` in turn. `exchange` makes one exchange with that number.
fn cut_everywhere(relay: &Relay, packets: &[(&str, usize)], mut exchange: impl FnMut(usize)) -> Vec<String> {
    let mut numbers = 0..;
    let mut exchanged = Vec::new();
    for &(packet, length) in packets {
        for bytes in 0..=length {
            let number = numbers.next().expect("it does not end");
            relay.once(packet, Fate::Cut(bytes));
            exchange(number);
            exchanged.push(number.to_string());
        }
    }
    exchanged
}

/// The size of an acknowledgement.
const ACKNOWLEDGEMENT: usize = 4;
/// More than the size of a message of these tests.
const MESSAGE: usize = 12;

#[test]
fn published_at_qos_2_each_message_arrives_once_wherever_the_connection_is_cut() {
    let broker = lasting_broker();
    let others = Subscriber::start(&broker, &["-q", "2", "-t", "out"], &Show::silent()).unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, PUBLISHER);
    script.say("2").unwrap();
    let packets = [
        ("> PUBLISH", MESSAGE),
        ("< PUBREC", ACKNOWLEDGEMENT),
        ("> PUBREL", ACKNOWLEDGEMENT),
        // Past its last byte the exchange is over, and nothing is lost.
        ("< PUBCOMP", ACKNOWLEDGEMENT - 1),
    ];
    let published = cut_everywhere(&relay, &packets, |number| {
        script.say(&number.to_string()).unwrap();
        script.expect("lost").unwrap();
        script.say("connect").unwrap();
        script.expect("session 1").unwrap();
        script.expect(&format!("published {number}")).unwrap();
    });
    script.say("end").unwrap();
    script.finish().unwrap();
    assert_eq!(others.since_last(&broker, published.len()).unwrap(), published);
}

#[test]
fn published_at_qos_1_each_message_arrives_in_order_wherever_the_connection_is_cut() {
    let broker = lasting_broker();
    let others = Subscriber::start(&broker, &["-q", "2", "-t", "out"], &Show::silent()).unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, PUBLISHER);
    script.say("1").unwrap();
    let packets = [("> PUBLISH", MESSAGE), ("< PUBACK", ACKNOWLEDGEMENT - 1)];
    let published = cut_everywhere(&relay, &packets, |number| {
        script.say(&number.to_string()).unwrap();
        script.expect("lost").unwrap();
        script.say("connect").unwrap();
        script.expect("session 1").unwrap();
        script.expect(&format!("published {number}")).unwrap();
    });
    script.say("end").unwrap();
    script.finish().unwrap();
    let mut arrived = others.since_last(&broker, published.len()).unwrap();
    arrived.dedup();
    assert_eq!(arrived, published);
}

#[test]
fn received_at_qos_2_each_message_is_delivered_once_wherever_the_connection_is_cut() {
    let broker = lasting_broker();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, LISTENER);
    script.expect("subscribed").unwrap();
    let publish = |message: &str| {
        mosquitto::publish(&broker, &["-q", "2", "-t", "in", "-m", message]).unwrap();
    };
    let packets = [
        ("< PUBLISH", MESSAGE),
        ("> PUBREC", ACKNOWLEDGEMENT),
        ("< PUBREL", ACKNOWLEDGEMENT),
        ("> PUBCOMP", ACKNOWLEDGEMENT),
    ];
    let published = cut_everywhere(&relay, &packets, |number| {
        publish(&number.to_string());
        script.expect("lost").unwrap();
        script.say("connect").unwrap();
        script.expect("session 1").unwrap();
    });
    publish("end");
    let printed = script.finish().unwrap();
    let mut delivered: Vec<_> = printed.iter().filter_map(|line| line.strip_prefix("got ")).collect();
    assert_eq!(delivered.pop(), Some("end"));
    assert_eq!(delivered, published);
}

#[test]
fn an_exchange_survives_a_restart_of_the_broker() {
    let mut broker = lasting_broker();
    let relay = Relay::start(broker.address()).unwrap();
    let watcher = ["-c", "-i", "watcher", "-q", "2", "-t", "out"];
    mosquitto::subscribe_once(&broker, &[&watcher[..], &["-E"]].concat()).unwrap();

    let mut script = script(&relay, PUBLISHER);
    script.say("2").unwrap();
    relay.wait_for("< CONNACK present 0", 1).unwrap();
    relay.always("<", Fate::Drop);
    script.say("message").unwrap();
    relay.wait_for("< PUBREC 1 dropped", 1).unwrap();
    broker.stop().unwrap();
    script.expect("lost").unwrap();
    relay.pass_all();
    broker.resume().unwrap();
    script.say("connect").unwrap();
    script.expect("session 1").unwrap();
    script.expect("published message").unwrap();
    script.say("end").unwrap();
    script.finish().unwrap();

    mosquitto::publish(&broker, &["-q", "2", "-t", "out", "-m", "last"]).unwrap();
    assert_eq!(mosquitto::subscribe_until(&broker, &watcher, "last").unwrap(), ["message", "last"]);
    assert_eq!(
        exchange(&relay),
        [
            "< CONNACK present 0",
            "> PUBLISH 1 qos 2",
            "< PUBREC 1 dropped",
            "< CONNACK present 1",
            "> PUBLISH 1 qos 2 dup",
            "< PUBREC 1",
            "> PUBREL 1",
            "< PUBCOMP 1",
        ]
    );
}

#[test]
fn a_broker_that_has_lost_the_session_is_told_nothing_of_it() {
    let mut broker = Broker::start().unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, PUBLISHER);
    script.say("2").unwrap();
    relay.once("< PUBREC", Fate::Drop);
    script.say("message").unwrap();
    relay.wait_for("< PUBREC 1 dropped", 1).unwrap();
    broker.stop().unwrap();
    script.expect("lost").unwrap();
    broker.resume().unwrap();
    script.say("connect").unwrap();
    script.expect("session 0").unwrap();
    script.expect("published message").unwrap();
    script.say("end").unwrap();
    script.finish().unwrap();
    assert_eq!(
        exchange(&relay)[3..],
        ["< CONNACK present 0", "> PUBLISH 2 qos 2", "< PUBREC 2", "> PUBREL 2", "< PUBCOMP 2"],
        "a message of a new session, not one sent again"
    );
}

#[test]
fn what_was_published_meanwhile_is_there_after_a_restart_of_the_broker() {
    let mut broker = lasting_broker();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, LISTENER);
    script.expect("subscribed").unwrap();
    relay.cut();
    script.expect("lost").unwrap();
    let publish = |broker: &Broker, qos: &str, message: &str| {
        mosquitto::publish(broker, &["-q", qos, "-t", "in", "-m", message]).unwrap();
    };
    publish(&broker, "1", "one");
    publish(&broker, "2", "two");
    broker.stop().unwrap();
    broker.resume().unwrap();
    publish(&broker, "1", "three");
    script.say("connect").unwrap();
    script.expect("session 1").unwrap();
    publish(&broker, "0", "end");
    for message in ["one", "two", "three", "end"] {
        assert_eq!(script.next().unwrap(), format!("got {message}"));
    }
    script.finish().unwrap();
}

#[test]
fn a_wait_that_connects_and_subscribes_anew_returns_to_the_publication_that_was_lost() {
    const STEPS: &str = "
class Client(MQTTClient):
    def wait_msg(self):
        while 1:
            try:
                return super().wait_msg()
            except OSError:
                print('lost')
            step()
            self.connect(False)
            self.subscribe('in')

c = Client('sessions', 'test.mosquitto.org')
c.set_callback(lambda topic, msg: None)
c.connect()
print('connected')
fails(c.publish, 'out', 'message', False, 1)
";
    let broker = Broker::start().unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    relay.once("< PUBACK", Fate::Cut(0));
    let mut script = script(&relay, STEPS);
    script.expect("lost").unwrap();
    script.say("connect").unwrap();
    let printed = script.finish().unwrap();
    assert!(printed.last().unwrap().contains("ENOTCONN"), "{printed:?}");
}

/// Runs `loop_` with a keep alive of 2 seconds until the broker has been asked twice whether it is there, and sees
/// that the one connection still carries messages.
fn keep_alive(loop_: &str) {
    let broker = Broker::start().unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let steps = format!("c.keepalive = 2\n{}", LISTENER.replace("insist(c.wait_msg)", loop_));
    let script = script(&relay, &steps);
    script.expect("subscribed").unwrap();
    relay.wait_for("< PINGRESP", 2).unwrap();
    mosquitto::publish(&broker, &["-t", "in", "-m", "end"]).unwrap();
    script.expect("got end").unwrap();
    script.finish().unwrap();
    assert_eq!(relay.seen().iter().filter(|line| *line == "> CONNECT").count(), 1);
}

#[test]
fn a_wait_keeps_the_connection_alive() {
    keep_alive("c.wait_msg()");
}

#[test]
fn checks_keep_the_connection_alive() {
    keep_alive("c.check_msg(); time.sleep_ms(5)");
}

/// Connects and lets nothing more come from the broker; `calls` fail in time, all with ETIMEDOUT.
fn give_up(settings: &str, calls: &str, failures: usize) {
    let broker = Broker::start().unwrap();
    let relay = Relay::start(broker.address()).unwrap();
    let mut script = script(&relay, &format!("{settings}\nprint('connected')\nstep()\n{calls}"));
    script.expect("connected").unwrap();
    relay.always("<", Fate::Drop);
    script.say("go").unwrap();
    let printed = script.finish().unwrap();
    assert_eq!(printed[1..], vec!["timed out"; failures]);
}

const KEEP_ALIVE: &str = "c.keepalive = 2\nc.connect()";
const TIMEOUT: &str = "c.connect(timeout=0.3)";

#[test]
fn a_wait_gives_a_silent_broker_up() {
    give_up(KEEP_ALIVE, "def wait():\n    while 1: c.wait_msg()\nfails(wait)", 1);
}

#[test]
fn checks_give_a_silent_broker_up() {
    give_up(KEEP_ALIVE, "def check():\n    while 1:\n        c.check_msg(); time.sleep_ms(5)\nfails(check)", 1);
}

#[test]
fn a_publication_gives_a_silent_broker_up() {
    give_up(KEEP_ALIVE, "fails(c.publish, 'out', 'm', False, 1)", 1);
}

#[test]
fn the_timeout_of_connect_holds_for_every_later_wait() {
    const CALLS: &str = "
fails(c.wait_msg)
fails(c.publish, 'out', 'm', False, 1)
c.check_msg()
fails(c.publish, 'out', 'm', False, 2)
fails(c.subscribe, 'in', 1)
fails(c.unsubscribe, 'in')
fails(c.wait_msg)
fails(c.connect, False, 0.3)
";
    give_up(TIMEOUT, CALLS, 7);
}
