//! Runs scripts that have `scripted.py` at hand, and compares what they print.

use micropython_sys::Interpreter;

/// What `wait_msg()` and `check_msg()` return for a message that began with this byte: with `UMQTT_API=1.8` that byte.
pub fn delivered(first_byte: u8) -> String {
    match option_env!("UMQTT_API") {
        Some("1.8" | "18") => first_byte.to_string(),
        _ => "None".to_owned(),
    }
}

/// An interpreter whose scripts see the names of `scripted.py`.
pub fn interpreter(heap_bytes: usize) -> Interpreter {
    let mut python = Interpreter::new(heap_bytes);
    python.add_file("scripted.py", include_str!("scripted.py"));
    python.run("from scripted import *").unwrap();
    python
}

/// Runs the script; its output must be these lines. The indentation that all lines have in common is ignored.
#[track_caller]
pub fn prints(script: &str, expected: &str) {
    prints_in(&mut interpreter(256 * 1024), script, expected);
}

/// The same in an interpreter at hand.
#[track_caller]
pub fn prints_in(python: &mut Interpreter, script: &str, expected: &str) {
    let printed = python.run(&dedent(script)).unwrap();
    let expected = dedent(expected);
    assert!(printed == expected, "it printed\n{printed}instead of\n{expected}");
}

/// The same in one that has run another script before.
#[track_caller]
pub fn prints_after(before: &str, script: &str, expected: &str) {
    let mut python = interpreter(256 * 1024);
    python.run(before).unwrap();
    prints_in(&mut python, script, expected);
}

fn dedent(text: &str) -> String {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let indentation = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines().map(|line| format!("{}\n", &line[indentation..])).collect()
}
