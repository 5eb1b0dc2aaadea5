//! The virtual ESP8266, with the real firmware and a real broker: the tutorial typed at its serial port, and what the
//! board promises (docs/virtual-esp8266.md).

mod command;
mod files;
mod flash_strings;
mod network;
mod peripherals;
mod support;

use umqtt_tests::{
    board::{Board, Memory},
    broker::Broker,
    repository,
    show::Show,
    transcript::Transcript,
    tutorial,
};

fn play(file: &str, memory: Memory) {
    let show = Show::silent();
    let broker = Broker::start().unwrap();
    let mut board = Board::esp8266(broker.address(), memory, &show).unwrap();
    board.join_wifi().unwrap();
    let transcript = Transcript::read(&repository().join(file)).unwrap();
    let played = tutorial::play(&transcript, &broker, &mut board, &show).unwrap();
    let differences: String = played.differences.iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{file} differs:\n{differences}");
}

#[test]
fn the_tutorial_is_true_on_the_virtual_board() {
    play("docs/tutorial.fr.md", Memory::Lenient);
}

#[test]
fn the_tutorial_is_true_where_flash_is_read_as_the_chip_reads_it() {
    play("docs/tutorial.md", Memory::Strict);
}

#[test]
fn a_byte_read_from_flash_stops_the_board_in_strict_memory() {
    let broker = Broker::start().unwrap();
    let mut board = Board::esp8266(broker.address(), Memory::Strict, &Show::silent()).unwrap();
    // Machine code of the user's own, which MicroPython compiles without gcc's precautions.
    for line in ["@micropython.viper", "def byte_at(address: int) -> int:", "    return ptr8(address)[0]", ""] {
        board.repl().ask(line).unwrap();
    }
    assert_eq!(board.repl().ask("byte_at(0x3ffe8001) < 256").unwrap(), ["True"], "RAM can be read by bytes");
    let error = board.repl().ask("byte_at(0x40210001)").unwrap_err();
    assert!(error.to_string().contains("reads 1 bytes of flash"), "{error}");
}
