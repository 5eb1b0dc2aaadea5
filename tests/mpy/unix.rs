//! In MicroPython's unix port.

use crate::play;
use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use umqtt_tests::{
    board::Board,
    broker::{Broker, Options},
    differential::{OURS, cases, trace, trace_of_folder},
    example,
    interpreter::Interpreter,
    mosquitto::{self, Subscriber},
    repository,
    script::Script,
    show::Show,
};

const WORKERS: usize = 2;

/// Every case of the differential tests: the trace is that of the class in the firmware. Where it is not, it is the Python
/// library's: class and module from a file lie in RAM, so their attributes can be assigned.
#[test]
fn the_class_is_the_one_in_the_firmware() {
    const AS_PYTHON: [&str; 4] = [
        "attributes/class-assigned",
        "attributes/class-method-replaced",
        "attributes/module-assigned",
        "attributes/module-star",
    ];
    let broker = Broker::start().unwrap();
    let interpreters = || (Interpreter::find().unwrap(), Interpreter::with_native_module().unwrap());
    let cases = cases(&interpreters().0).unwrap();
    let folder = repository().join("dist/x64");
    let next = AtomicUsize::new(0);
    let differing = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let (firmware, stock) = interpreters();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let from_file = trace_of_folder(&stock, broker.address(), &folder, case).unwrap();
                    let linked = trace(&firmware, broker.address(), OURS, case).unwrap();
                    if from_file != linked {
                        let reference = trace(&firmware, broker.address(), "1.3.4", case).unwrap();
                        assert_eq!(from_file, reference, "{case}; the class in the firmware: {linked}");
                        differing.lock().unwrap().push(case.as_str());
                    }
                }
            });
        }
    });
    let mut differing = differing.into_inner().unwrap();
    differing.sort_unstable();
    assert_eq!(differing, AS_PYTHON);
}

#[test]
fn it_is_the_file() {
    let source = "from umqtt.simple import MQTTClient\nimport umqtt.simple\nprint(umqtt.simple.__file__)\n";
    let interpreter = Interpreter::with_native_module().unwrap();
    let printed = Script::start(interpreter, [127, 0, 0, 1].into(), source).unwrap().finish().unwrap();
    assert_eq!(printed, [repository().join("dist/x64/umqtt/simple.mpy").display().to_string()]);
}

#[test]
fn the_tutorials_are_true() {
    for file in ["docs/tutorial.md", "docs/tutorial.fr.md"] {
        let broker = Broker::start().unwrap();
        let interpreter = Interpreter::with_native_module().unwrap();
        let mut board = Board::unix_with(interpreter, broker.address(), &Show::silent()).unwrap();
        play(file, &broker, &mut board);
    }
}

#[test]
fn robust_goes_on_when_the_broker_comes_back() {
    let mut broker = Broker::with(Options { persistence: true, ..Options::default() }).unwrap();
    let changes = [("SECONDS = 10", "SECONDS = 1"), ("DELAY_MAX = 60", "DELAY = 0.05"), ("time.sleep(1)", "pass")];
    let source = example::read("reconnect.py", &changes).unwrap();
    let script = Script::start(Interpreter::with_native_module().unwrap(), broker.address(), &source).unwrap();
    broker.wait_for_subscription("umqtt-rs-reconnect").unwrap();
    for order in ["one", "two"] {
        broker.stop().unwrap();
        broker.resume().unwrap();
        mosquitto::publish(&broker, &["-q", "1", "-t", "umqtt-rs/reconnect/orders", "-m", order]).unwrap();
        script.expect(&format!("order: {order}")).unwrap();
    }
}

#[test]
fn large_messages_come_in_chunks() {
    let broker = Broker::start().unwrap();
    let interpreter = Interpreter::with_native_module().unwrap();
    let folder = interpreter.folder().to_owned();
    let source = example::read("download.py", &[]).unwrap();
    let script = Script::start(interpreter, broker.address(), &source).unwrap();
    broker.wait_for_subscription("umqtt-rs-download").unwrap();
    let sent = example::bytes(100_000);
    fs::write(folder.join("sent"), &sent).unwrap();
    let file = folder.join("sent");
    mosquitto::publish(&broker, &["-t", "umqtt-rs/download", "-f", file.to_str().unwrap()]).unwrap();
    script.expect("received 100000 bytes").unwrap();
    assert!(fs::read(folder.join("download.bin")).unwrap() == sent);
}

#[test]
fn tls() {
    let broker = Broker::with(Options { tls: true, ..Options::default() }).unwrap();
    let others = Subscriber::start(&broker, &["-t", "umqtt-rs/secure"], &Show::silent()).unwrap();
    let interpreter = Interpreter::with_native_module().unwrap();
    fs::write(interpreter.folder().join("ca.der"), broker.authority().unwrap()).unwrap();
    let source = example::read("secure.py", &[]).unwrap();
    Script::start(interpreter, broker.address(), &source).unwrap().finish().unwrap();
    assert_eq!(others.next().unwrap(), "nobody else has read this");
}
