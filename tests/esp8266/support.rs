//! What the tests on the virtual board share.

use std::ffi::OsStr;
use umqtt_tests::{
    board::{Board, Esp8266},
    show::Show,
};

/// A board that needs no broker, started with more arguments for the command `virtual-esp8266`.
pub fn board_with(arguments: &[&dyn AsRef<OsStr>]) -> Board {
    Esp8266::new().unwrap().arguments(arguments).boot(&Show::silent()).unwrap()
}

/// A board that needs no broker.
pub fn board() -> Board {
    board_with(&[])
}

/// A board that needs no broker and has joined the Wi-Fi.
pub fn board_in_wifi(arguments: &[&dyn AsRef<OsStr>]) -> Board {
    let mut board = board_with(arguments);
    board.join_wifi().unwrap();
    board
}

/// Pastes a program at the board's REPL and returns what it prints.
pub fn run(board: &mut Board, program: &str) -> Vec<String> {
    let lines: Vec<&str> = program.lines().filter(|line| !line.trim().is_empty()).collect();
    let indentation = lines.first().map_or(0, |line| line.len() - line.trim_start().len());
    let lines: Vec<&str> = lines.iter().map(|line| line.get(indentation..).unwrap_or("")).collect();
    board.repl().paste(&lines).unwrap();
    board.repl().answer().unwrap()
}

/// Asserts that the board prints these lines.
pub fn prints(board: &mut Board, program: &str, lines: &[&str]) {
    assert_eq!(run(board, program), lines, "{program}");
}
