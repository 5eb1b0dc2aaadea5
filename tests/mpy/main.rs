//! umqtt as a file, `dist/<architecture>/umqtt/simple.mpy`, in interpreters and firmwares that have none of it: the unix
//! port, MicroPython's ESP8266 firmware on the virtual board, and its qemu port.

mod esp8266;
mod objects;
mod qemu;
mod unix;

use umqtt_tests::{board::Board, broker::Broker, repository, show::Show, transcript::Transcript, tutorial};

fn play(file: &str, broker: &Broker, board: &mut Board) {
    let transcript = Transcript::read(&repository().join(file)).unwrap();
    let played = tutorial::play(&transcript, broker, board, &Show::silent()).unwrap();
    let differences: String = played.differences.iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{file} differs:\n{differences}");
}
