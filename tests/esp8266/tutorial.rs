//! The tutorials are true on the board, Wi-Fi and all, however it minds its memory.

use umqtt_tests::{
    board::{Board, Memory, WIFI},
    broker::Broker,
    repository,
    show::Show,
    transcript::Transcript,
    tutorial,
};

const ENGLISH: &str = "docs/tutorial.md";
const FRENCH: &str = "docs/tutorial.fr.md";

fn play(file: &str, memory: Memory) {
    let show = Show::silent();
    let broker = Broker::start().unwrap();
    let mut board = Board::esp8266(broker.address(), memory, &show).unwrap();
    let transcript = Transcript::read(&repository().join(file)).unwrap();
    let played = tutorial::play(&transcript, &broker, &mut board, &show).unwrap();
    let differences: String = played.differences.iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{file} differs:\n{differences}");
}

#[test]
fn the_tutorial_joins_the_wifi_as_the_tests_do() {
    let transcript = Transcript::read(&repository().join(ENGLISH)).unwrap();
    let lines: Vec<_> = transcript.exchanges().filter(|exchange| exchange.wifi).flat_map(|it| &it.input).collect();
    assert_eq!(lines[..WIFI.len()], WIFI);
}

#[test]
fn the_english_tutorial_is_true() {
    play(ENGLISH, Memory::Lenient);
}

#[test]
fn the_french_tutorial_is_true() {
    play(FRENCH, Memory::Lenient);
}

#[test]
fn the_english_tutorial_is_true_where_flash_is_read_as_the_chip_reads_it() {
    play(ENGLISH, Memory::Strict);
}

#[test]
fn the_french_tutorial_is_true_where_flash_is_read_as_the_chip_reads_it() {
    play(FRENCH, Memory::Strict);
}
