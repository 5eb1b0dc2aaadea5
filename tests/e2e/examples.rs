//! The examples, as they are in `examples/`, each against a real broker.

use std::{fs, path::Path};
use umqtt_tests::{
    broker::{Broker, Options},
    example,
    interpreter::Interpreter,
    mosquitto::{self, Subscriber},
    script::Script,
    show::Show,
};

/// A computer has no pins; these print what they are set to.
const PINS: &str = "
class Pin:
    OUT = 1

    def __init__(self, number, mode):
        pass

    def __call__(self, level):
        print(level)
";

fn start(broker: &Broker, source: &str) -> Script {
    Script::start(Interpreter::find().unwrap(), broker.address(), source).unwrap()
}

fn watch(broker: &Broker, topic: &str) -> Subscriber {
    Subscriber::start(broker, &["-t", topic], &Show::silent()).unwrap()
}

fn publish(broker: &Broker, topic: &str, message: &str) {
    mosquitto::publish(broker, &["-q", "1", "-t", topic, "-m", message]).unwrap();
}

#[test]
fn sensor_publishes_again_and_again() {
    let broker = Broker::start().unwrap();
    let others = watch(&broker, "umqtt-rs/sensor/free-memory");
    let _script = start(&broker, &example::read("sensor.py", &[("SECONDS = 10", "SECONDS = 0.01")]).unwrap());
    for _ in 0..3 {
        let free: usize = others.next().unwrap().parse().unwrap();
        assert!(free > 0);
    }
}

#[test]
fn commands_are_obeyed_and_answered() {
    let broker = Broker::start().unwrap();
    let others = watch(&broker, "umqtt-rs/commands/led/state");
    let mut interpreter = Interpreter::find().unwrap();
    interpreter.add_module("machine.py", PINS).unwrap();
    let source = example::read("commands.py", &[]).unwrap();
    let script = Script::start(interpreter, broker.address(), &source).unwrap();
    broker.wait_for_subscription("umqtt-rs-commands").unwrap();
    for (command, led) in [("on", "1"), ("dance", ""), ("off", "0")] {
        publish(&broker, "umqtt-rs/commands/led", command);
        if !led.is_empty() {
            assert_eq!(script.next().unwrap(), led);
            assert_eq!(others.next().unwrap(), command);
        }
    }
}

#[test]
fn status_is_seen_by_latecomers_and_ends_with_the_board() {
    let broker = Broker::start().unwrap();
    let script = start(&broker, &example::read("status.py", &[]).unwrap());
    broker.wait_for("Received PUBLISH from umqtt-rs-status").unwrap();
    let late = watch(&broker, "umqtt-rs/status");
    assert_eq!(late.next().unwrap(), "online");
    drop(script);
    assert_eq!(late.next().unwrap(), "offline");
    assert_eq!(watch(&broker, "umqtt-rs/status").next().unwrap(), "offline");
}

#[test]
fn reconnect_leaves_nothing_out() {
    const COUNTS: [&str; 6] = ["-c", "-i", "watcher", "-q", "1", "-t"];
    let mut broker = Broker::with(Options { persistence: true, ..Options::default() }).unwrap();
    let watcher = [&COUNTS[..], &["umqtt-rs/reconnect/count"]].concat();
    mosquitto::subscribe_once(&broker, &[&watcher[..], &["-E"]].concat()).unwrap();
    let changes = [("SECONDS = 10", "SECONDS = 1"), ("DELAY_MAX = 60", "DELAY = 0.05"), ("time.sleep(1)", "pass")];
    let script = start(&broker, &example::read("reconnect.py", &changes).unwrap());
    broker.wait_for_subscription("umqtt-rs-reconnect").unwrap();
    for order in ["one", "two"] {
        broker.stop().unwrap();
        broker.resume().unwrap();
        publish(&broker, "umqtt-rs/reconnect/orders", order);
        script.expect(&format!("order: {order}")).unwrap();
    }
    drop(script);
    publish(&broker, "umqtt-rs/reconnect/count", "end");
    let mut seen = mosquitto::subscribe_until(&broker, &watcher, "end").unwrap();
    assert_eq!(seen.pop().unwrap(), "end");
    seen.dedup();
    assert!(seen.len() >= 2, "{seen:?}");
    let expected: Vec<String> = (1..=seen.len()).map(|count| count.to_string()).collect();
    assert_eq!(seen, expected);
}

fn secure(authority: &[u8], broker: &Broker) -> Script {
    let interpreter = Interpreter::find().unwrap();
    fs::write(interpreter.folder().join("ca.der"), authority).unwrap();
    Script::start(interpreter, broker.address(), &example::read("secure.py", &[]).unwrap()).unwrap()
}

#[test]
fn secure_trusts_only_the_broker_whose_authority_it_has() {
    let broker = Broker::with(Options { tls: true, ..Options::default() }).unwrap();
    let others = watch(&broker, "umqtt-rs/secure");
    let authority = broker.authority().unwrap().to_vec();
    secure(&authority, &broker).finish().unwrap();
    assert_eq!(others.next().unwrap(), "nobody else has read this");

    let stranger = Broker::with(Options { tls: true, ..Options::default() }).unwrap();
    assert!(secure(&authority, &stranger).finish().is_err());
}

#[test]
fn download_receives_files_of_any_size() {
    let broker = Broker::start().unwrap();
    let interpreter = Interpreter::find().unwrap();
    let folder = interpreter.folder().to_owned();
    let received = folder.join("download.bin");
    let source = example::read("download.py", &[]).unwrap();
    let script = Script::start(interpreter, broker.address(), &source).unwrap();
    broker.wait_for_subscription("umqtt-rs-download").unwrap();
    for size in [300_000_usize, 7, 513] {
        let sent = example::bytes(size);
        send_file(&broker, &folder, &sent);
        script.expect(&format!("received {size} bytes")).unwrap();
        assert!(fs::read(&received).unwrap() == sent, "{size} bytes arrived otherwise");
    }
}

fn send_file(broker: &Broker, folder: &Path, contents: &[u8]) {
    let file = folder.join("sent");
    fs::write(&file, contents).unwrap();
    mosquitto::publish(broker, &["-t", "umqtt-rs/download", "-f", file.to_str().unwrap()]).unwrap();
}

#[test]
fn every_example_is_in_the_list() {
    let list = example::read("README.md", &[]).unwrap();
    for name in example::names().unwrap() {
        assert!(list.contains(&format!("| [{name}]({name}) |")), "examples/README.md does not name {name}");
    }
}
