//! The examples on the virtual board, typed at its REPL, against a real broker. `secure.py` is run by
//! `tests/e2e/examples.rs` only: this chip's TLS cannot verify certificates.

use std::fs;
use tempfile::TempDir;
use umqtt_tests::{
    board::{Board, Memory},
    broker::{Broker, Options},
    example,
    mosquitto::{self, Subscriber},
    show::Show,
};

/// Pastes an example, which goes on for ever.
fn start(broker: &Broker, name: &str, changes: &[(&str, &str)]) -> Board {
    let mut board = Board::esp8266(broker.address(), Memory::Lenient, &Show::silent()).unwrap();
    board.join_wifi().unwrap();
    let source = example::read(name, changes).unwrap();
    let lines: Vec<&str> = source.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    board.repl().paste(&lines).unwrap();
    board
}

fn watch(broker: &Broker, topic: &str) -> Subscriber {
    Subscriber::start(broker, &["-t", topic], &Show::silent()).unwrap()
}

fn publish(broker: &Broker, topic: &str, message: &str) {
    mosquitto::publish(broker, &["-q", "1", "-t", topic, "-m", message]).unwrap();
}

#[test]
fn sensor() {
    let broker = Broker::start().unwrap();
    let others = watch(&broker, "umqtt-rs/sensor/free-memory");
    let _board = start(&broker, "sensor.py", &[("SECONDS = 10", "SECONDS = 0")]);
    let measured = [(); 3].map(|()| others.next().unwrap().parse::<usize>().unwrap());
    assert!(measured.iter().all(|free| (10_000..38 * 1024).contains(free)), "{measured:?}");
}

#[test]
fn commands() {
    let broker = Broker::start().unwrap();
    let others = watch(&broker, "umqtt-rs/commands/led/state");
    let mut board = start(&broker, "commands.py", &[]);
    broker.wait_for_subscription("umqtt-rs-commands").unwrap();
    for (command, led) in [("on", "1"), ("off", "0"), ("on", "1")] {
        publish(&broker, "umqtt-rs/commands/led", command);
        assert_eq!(others.next().unwrap(), command);
        board.repl().interrupt().unwrap();
        board.repl().answer().unwrap();
        assert_eq!(board.repl().ask("led()").unwrap(), [led]);
        board.repl().ask("while True: client.check_msg()").unwrap();
        board.repl().type_line("").unwrap();
    }
}

#[test]
fn status() {
    let broker = Broker::start().unwrap();
    let board = start(&broker, "status.py", &[]);
    broker.wait_for("Received PUBLISH from umqtt-rs-status").unwrap();
    let late = watch(&broker, "umqtt-rs/status");
    assert_eq!(late.next().unwrap(), "online");
    // The plug is pulled.
    drop(board);
    assert_eq!(late.next().unwrap(), "offline");
}

#[test]
fn reconnect() {
    let mut broker = Broker::with(Options { persistence: true, ..Options::default() }).unwrap();
    let changes = [("SECONDS = 10", "SECONDS = 1"), ("DELAY_MAX = 60", "DELAY = 1"), ("time.sleep(1)", "pass")];
    let mut board = start(&broker, "reconnect.py", &changes);
    broker.wait_for_subscription("umqtt-rs-reconnect").unwrap();
    for order in ["one", "two"] {
        broker.stop().unwrap();
        broker.resume().unwrap();
        publish(&broker, "umqtt-rs/reconnect/orders", order);
        board.repl().wait_for_line(&format!("order: {order}")).unwrap();
    }
}

#[test]
fn download() {
    const SIZE: usize = 60_000;
    let broker = Broker::start().unwrap();
    let mut board = start(&broker, "download.py", &[]);
    broker.wait_for_subscription("umqtt-rs-download").unwrap();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("sent");
    fs::write(&file, example::bytes(SIZE)).unwrap();
    mosquitto::publish(&broker, &["-t", "umqtt-rs/download", "-f", file.to_str().unwrap()]).unwrap();
    board.repl().wait_for_line(&format!("received {SIZE} bytes")).unwrap();
    board.repl().interrupt().unwrap();
    board.repl().answer().unwrap();
    let compare =
        "all(b == (i ^ i >> 8 ^ i >> 16) & 255 for i, b in enumerate(open('download.bin', 'rb').read(20000)))";
    assert_eq!(board.repl().ask(compare).unwrap(), ["True"]);
    assert_eq!(board.repl().ask("__import__('os').stat('download.bin')[6]").unwrap(), [SIZE.to_string()]);
}
