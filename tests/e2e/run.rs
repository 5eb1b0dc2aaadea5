//! `umqtt-run` on the unix port, as `make run BOARD=unix` and `make repl BOARD=unix` call it: with and without somebody at
//! a terminal.

use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{ErrorKind, Read},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;
use umqtt_tests::{LIMIT, broker::PORT, repl::Repl, show::Show};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umqtt-run"));
    command.args(arguments).args(["--board", "unix"]).stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_a_terminal_the_exit_status_is_the_verdict() {
    let Output { status, stdout, stderr } = command(&["tutorial"]).output().unwrap();
    let (shown, complaints) = (text(&stdout), text(&stderr));
    assert!(status.success(), "{shown}\n{complaints}");
    for line in [
        "        board │ >>> q.connect()\n        board │ 0\n",
        "        board │ TypeError: object of type 'int' has no len()\n",
        "mosquitto_sub │ domeu/test impressionnant\n",
        "mosquitto_pub │ $ mosquitto_pub -h test.mosquitto.org -t \"domeu\" -m \"125\"\n",
    ] {
        assert!(shown.contains(line), "{line:?} is missing in:\n{shown}");
    }
    assert!(!shown.contains('\x1b'), "colours or movements without a terminal:\n{shown}");
}

#[test]
fn a_missing_interpreter_is_explained() {
    let output = command(&["tutorial"]).env("UMQTT_UNIX", "/no/such/interpreter").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("make unix"), "{}", text(&output.stderr));
}

#[test]
fn the_repl_needs_a_terminal() {
    let output = command(&["repl"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("terminal"), "{}", text(&output.stderr));
}

#[test]
fn after_the_tutorial_the_repl_is_the_persons() {
    use_the_repl(&["tutorial"]);
}

#[test]
fn the_repl_has_a_broker() {
    use_the_repl(&["repl"]);
}

fn use_the_repl(arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umqtt-run"));
    command.args(arguments).args(["--board", "unix"]).env("TERM", "xterm");
    let (mut repl, mut child) = Repl::spawn(command, Show::silent()).unwrap();
    // Until then the prompt has the board's name before it.
    repl.wait_for_prompt().unwrap();
    assert!(repl.ask("from umqtt.simple import MQTTClient").unwrap().is_empty());
    assert!(repl.ask("c = MQTTClient('me', 'test.mosquitto.org')").unwrap().is_empty());
    assert_eq!(repl.ask("c.connect()").unwrap(), ["0"]);
    assert!(repl.ask("c.disconnect()").unwrap().is_empty());
    repl.type_line("import time; print('asleep'); time.sleep(600)").unwrap();
    repl.wait_for_line("asleep").unwrap();
    repl.interrupt().unwrap();
    assert_eq!(repl.answer().unwrap().last().unwrap().trim_end(), "KeyboardInterrupt:");
    repl.leave().unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_closed_terminal_leaves_nothing_behind() {
    let (repl, child, broker, folder) = open_repl();
    drop(repl);
    assert_nothing_left(child, &broker, &folder);
}

#[test]
fn a_signal_leaves_nothing_behind() {
    let (_repl, child, broker, folder) = open_repl();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_nothing_left(child, &broker, &folder);
}

/// An `umqtt-run repl` at its prompt, a connection to its broker, and the folder for its temporary files.
fn open_repl() -> (Repl, Child, TcpStream, TempDir) {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_umqtt-run"));
    command.args(["repl", "--board", "unix"]).env("TMPDIR", folder.path());
    let (mut repl, child) = Repl::spawn(command, Show::silent()).unwrap();
    repl.wait_for_prompt().unwrap();
    let seen = repl.seen();
    let (_, address) = seen.split_once("mosquitto_pub -h ").unwrap();
    let (address, _) = address.split_once(' ').unwrap();
    let broker = TcpStream::connect((address, PORT)).unwrap();
    (repl, child, broker, folder)
}

fn assert_nothing_left(mut child: Child, mut broker: &TcpStream, folder: &TempDir) {
    child.wait().unwrap();
    broker.set_read_timeout(Some(LIMIT)).unwrap();
    match broker.read(&mut [0]) {
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        alive => panic!("the broker is still there: {alive:?}"),
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
