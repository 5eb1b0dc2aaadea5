//! The board's serial port, as those know it who have a board: the prompt, raw mode, paste mode, resets, and mpremote.

use std::{fs, process::Command};
use tempfile::TempDir;
use umqtt_tests::{
    board::{Board, Esp8266, SerialPort},
    repository,
    show::Show,
};

const MPREMOTE: &str = "build/mpremote/bin/mpremote";
const SOFT_RESET: &str = "MPY: soft reboot";
/// What the boot ROM says of the reset that began this run.
const AFTER_RESET: &str = "rst cause:2";

fn board() -> Board {
    Esp8266::new().unwrap().boot(&Show::silent()).unwrap()
}

#[test]
fn ctrl_c_interrupts_what_runs_and_what_sleeps() {
    let mut board = board();
    for statement in ["while True: pass", "time.sleep(600)"] {
        // In paste mode a statement after the print is no question of indentation.
        board.repl().paste(&["import time", "print('begun')", statement]).unwrap();
        board.repl().wait_for_line("begun").unwrap();
        board.repl().interrupt().unwrap();
        let answer = board.repl().answer().unwrap();
        assert_eq!(answer.last().unwrap().trim_end(), "KeyboardInterrupt:", "{statement}: {answer:?}");
    }
    assert_eq!(board.repl().ask("6 * 7").unwrap(), ["42"]);
}

#[test]
fn paste_mode_takes_accents() {
    let mut board = board();
    board.repl().paste(&["def f():", "    return '21 °C'", "print(f(), len(f().encode()))"]).unwrap();
    assert_eq!(board.repl().answer().unwrap(), ["21 °C 6"]);
}

#[test]
fn raw_mode_tells_output_from_errors() {
    let mut board = Esp8266::new().unwrap().boot_raw().unwrap();
    assert_eq!(board.run("x = 6 * 7\nprint(x)").unwrap(), "42\n");
    let error = board.run("print(x)\nraise ValueError('no')").unwrap_err().to_string();
    assert!(error.contains("42\n") && error.contains("ValueError: no"), "{error}");
    board.reset().unwrap();
    assert_eq!(board.run("print('x' in globals())").unwrap(), "False\n");
}

#[test]
fn raw_mode_takes_programs_longer_than_its_buffer() {
    let mut board = Esp8266::new().unwrap().boot_raw().unwrap();
    let numbers: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    assert_eq!(board.run(&format!("x = [{}]\nprint(sum(x))", numbers.join(", "))).unwrap(), "499500\n");
}

/// What mpremote sends without waiting, and Ctrl-D behind it, are kept while the board does something else.
#[test]
fn a_busy_board_loses_nothing_of_a_paste() {
    let mut board = Esp8266::new().unwrap().boot_raw().unwrap();
    let size = board.under_way().unwrap() + 1;
    let program = format!("import sys, time\ntime.sleep(2)\nprint(len(sys.stdin.read({size})))");
    assert_eq!(board.run_with_input(&program, &vec![b'x'; size]).unwrap(), format!("{size}\n"));
}

#[test]
fn a_soft_reset_forgets_variables_and_keeps_files() {
    let mut board = board();
    board.repl().ask("x = 1").unwrap();
    board.repl().paste(&["with open('kept.py', 'w') as file:", "    file.write('answer = 42')"]).unwrap();
    board.repl().answer().unwrap();
    let said = board.repl().soft_reset().unwrap();
    assert!(said.iter().any(|line| line.contains(SOFT_RESET)), "{said:?}");
    assert_eq!(board.repl().ask("'x' in globals()").unwrap(), ["False"]);
    assert_eq!(board.repl().ask("from kept import answer; answer").unwrap(), ["42"]);
}

#[test]
fn machine_reset_boots_again_and_keeps_files() {
    let mut board = board();
    board.repl().paste(&["with open('main.py', 'w') as file:", "    file.write('print(\"main runs\")')"]).unwrap();
    board.repl().answer().unwrap();
    let said = board.repl().ask("import machine; x = 1; machine.reset()").unwrap();
    for expected in [AFTER_RESET, "main runs"] {
        assert!(said.iter().any(|line| line.contains(expected)), "{expected:?} is missing in {said:?}");
    }
    assert_eq!(board.repl().ask("'x' in globals()").unwrap(), ["False"]);
    assert_eq!(board.repl().ask("import machine; machine.reset_cause() == machine.SOFT_RESET").unwrap(), ["True"]);
}

#[test]
fn files_outlive_the_power() {
    let folder = TempDir::new().unwrap();
    let flash = folder.path().join("flash.img");
    let on = || Esp8266::new().unwrap().flash(&flash).boot(&Show::silent()).unwrap();
    let mut board = on();
    board.repl().paste(&["with open('kept.py', 'w') as file:", "    file.write('answer = 42')"]).unwrap();
    board.repl().answer().unwrap();
    drop(board);
    assert_eq!(on().repl().ask("from kept import answer; answer").unwrap(), ["42"]);
}

/// What mpremote prints, and its exit status is good.
fn mpremote(port: &SerialPort, arguments: &[&str]) -> String {
    let program = repository().join(MPREMOTE);
    // On a pseudo-terminal mpremote itself waits without limit.
    let output = Command::new("timeout")
        .arg("120")
        .arg(&program)
        .args(["connect", &port.name])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; to install it: make mpremote", program.display()));
    let text = |bytes| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "mpremote {arguments:?}: {}\n{printed}\n{errors}", output.status);
    printed
}

#[test]
fn mpremote_runs_programs_and_copies_files() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (sent, received, program) = (path("sent"), path("received"), path("hello.py"));
    // Every byte, and more than one block of the file system.
    let data: Vec<u8> = (0..=255).cycle().take(5000).collect();
    fs::write(&sent, &data).unwrap();
    fs::write(&program, "import sys\nprint('hello from', sys.platform)\n").unwrap();

    let port = Esp8266::new().unwrap().boot_on_port().unwrap();
    assert_eq!(mpremote(&port, &["exec", "print(6 * 7)"]), "42\n");
    assert_eq!(mpremote(&port, &["run", &program]), "hello from esp8266\n");
    mpremote(&port, &["fs", "cp", &sent, ":data"]);
    mpremote(&port, &["fs", "cp", ":data", &received]);
    assert!(fs::read(&received).unwrap() == data, "the file came back changed");
    mpremote(&port, &["fs", "cp", &program, ":hello.py"]);
    let listing = mpremote(&port, &["fs", "ls"]);
    assert!(listing.contains("5000 data") && listing.contains("hello.py"), "{listing}");

    mpremote(&port, &["soft-reset"]);
    assert_eq!(mpremote(&port, &["exec", "import hello"]), "hello from esp8266\n");
    mpremote(&port, &["reset"]);
    port.wait_for_prompt().unwrap();
    assert_eq!(mpremote(&port, &["exec", "import hello"]), "hello from esp8266\n");
}

#[test]
fn mpremote_finds_umqtt_in_the_firmware() {
    let port = Esp8266::new().unwrap().boot_on_port().unwrap();
    let program = "import umqtt.robust, umqtt.simple; print(umqtt.robust.MQTTClient('a', 'b').server)";
    assert_eq!(mpremote(&port, &["exec", program]), "b\n");
}

#[test]
fn mpremote_mounts_a_folder_of_the_computer() {
    let folder = TempDir::new().unwrap();
    // Larger than the board's input buffer.
    let source = format!("# {}\nprint('hello from the computer')\n", "x".repeat(3000));
    fs::write(folder.path().join("mounted.py"), source).unwrap();
    let port = Esp8266::new().unwrap().boot_on_port().unwrap();
    let folder = folder.path().display().to_string();
    let printed = mpremote(&port, &["mount", &folder, "exec", "import mounted"]);
    assert!(printed.contains("hello from the computer\n"), "{printed}");
}
