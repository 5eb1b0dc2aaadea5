//! Strict memory stops the board where the chip would.

use std::net::Ipv4Addr;
use umqtt_tests::{
    board::{Board, Memory},
    show::Show,
};

#[test]
fn a_byte_read_from_flash_stops_the_board() {
    let mut board = Board::esp8266(Ipv4Addr::LOCALHOST, Memory::Strict, &Show::silent()).unwrap();
    // Machine code of the user's own, which MicroPython compiles without gcc's precautions.
    for line in ["@micropython.viper", "def byte_at(address: int) -> int:", "    return ptr8(address)[0]", ""] {
        board.repl().ask(line).unwrap();
    }
    assert_eq!(board.repl().ask("byte_at(0x3ffe8001) < 256").unwrap(), ["True"], "RAM can be read by bytes");
    let error = board.repl().ask("byte_at(0x40210001)").unwrap_err();
    assert!(error.to_string().contains("reads 1 bytes of flash"), "{error}");
}
