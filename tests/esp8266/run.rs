//! `umqtt-run` on the virtual board, as `make run` and `make repl` call it: with and without somebody at a terminal.

use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use umqtt_tests::{board::WIFI, repl::Repl, show::Show};

/// Switches the virtual board off.
const OFF: &str = "\x1d";

fn command(action: &str, folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umqtt-run"));
    command.arg(action).env("TMPDIR", folder.path());
    command
}

fn assert_empty(folder: &TempDir) {
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "temporary files are left");
}

#[test]
fn without_a_terminal_the_tutorial_ends_with_its_verdict() {
    let folder = TempDir::new().unwrap();
    let Output { status, stdout, stderr } = command("tutorial", &folder).stdin(Stdio::null()).output().unwrap();
    let (shown, complaints) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{shown}\n{complaints}");
    for line in [
        "on the virtual ESP8266, with a broker on",
        "        board │ >>> wlan.connect('home', 'secret')\n",
        "        board │ >>> q.connect()\n        board │ 0\n",
        "mosquitto_sub │ domeu/test impressionnant\n",
        "mosquitto_sub │ maison/température 21 °C\n",
        "lines are as the tutorial has them.",
    ] {
        assert!(shown.contains(line), "{line:?} is missing in:\n{shown}");
    }
    assert_empty(&folder);
}

#[test]
fn after_the_tutorial_the_board_is_the_persons() {
    let folder = TempDir::new().unwrap();
    let (mut repl, mut child) = Repl::spawn(person("tutorial", &folder), Show::silent()).unwrap();
    // Until then the prompt has the board's name before it.
    repl.wait_for_prompt().unwrap();
    assert_eq!(repl.ask("wlan.isconnected()").unwrap(), ["True"]);
    connect(&mut repl);
    // The board forgets, and keeps its Wi-Fi.
    repl.soft_reset().unwrap();
    connect(&mut repl);
    repl.leave_with(OFF).unwrap();
    assert!(child.wait().unwrap().success());
    assert_empty(&folder);
}

#[test]
fn a_person_joins_the_wifi_as_they_are_told() {
    let folder = TempDir::new().unwrap();
    let (mut repl, mut child) = Repl::spawn(person("repl", &folder), Show::silent()).unwrap();
    repl.wait_for_prompt().unwrap();
    let told = repl.seen();
    for line in WIFI {
        assert!(told.contains(line), "{line:?} is missing in:\n{told}");
        assert!(repl.ask(line).unwrap().is_empty());
    }
    repl.ask("while not wlan.isconnected(): pass").unwrap();
    repl.ask("").unwrap();
    connect(&mut repl);
    repl.leave_with(OFF).unwrap();
    assert!(child.wait().unwrap().success());
    assert_empty(&folder);
}

fn person(action: &str, folder: &TempDir) -> Command {
    let mut command = command(action, folder);
    command.env("TERM", "xterm");
    command
}

fn connect(repl: &mut Repl) {
    assert!(repl.ask("from umqtt.simple import MQTTClient").unwrap().is_empty());
    assert!(repl.ask("c = MQTTClient('me', 'test.mosquitto.org')").unwrap().is_empty());
    assert_eq!(repl.ask("c.connect()").unwrap(), ["0"]);
    assert!(repl.ask("c.disconnect()").unwrap().is_empty());
}
