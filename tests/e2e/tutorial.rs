//! The tutorials tell the truth: what they have their reader type gives what they show, in both languages.

use umqtt_tests::{board::Board, broker::Broker, repository, show::Show, transcript::Transcript, tutorial};

const ENGLISH: &str = "docs/tutorial.md";
const FRENCH: &str = "docs/tutorial.fr.md";

fn transcript(file: &str) -> Transcript {
    Transcript::read(&repository().join(file)).unwrap()
}

fn play(file: &str) {
    let show = Show::silent();
    let broker = Broker::start().unwrap();
    let mut board = Board::unix(broker.address(), &show).unwrap();
    let played = tutorial::play(&transcript(file), &broker, &mut board, &show).unwrap();
    let differences: String = played.differences.iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{file} differs:\n{differences}");
}

#[test]
fn the_english_tutorial_is_true() {
    play(ENGLISH);
}

#[test]
fn the_french_tutorial_is_true() {
    play(FRENCH);
}

#[test]
fn both_tutorials_have_the_same_code() {
    let code = |file| {
        let mut lines = Vec::new();
        for exchange in transcript(file).exchanges() {
            lines.extend(exchange.input.iter().filter(|line| !line.starts_with('#')).cloned());
            lines.extend(exchange.expected.iter().cloned());
        }
        lines
    };
    assert_eq!(code(ENGLISH), code(FRENCH));
}

#[test]
fn the_subscriber_sees_five_lines() {
    use umqtt_tests::transcript::Scene;
    let first = transcript(ENGLISH).scenes.into_iter().find_map(|scene| match scene {
        Scene::Seen { expected, .. } => Some(expected),
        _ => None,
    });
    let expected = [
        "domeu/test 120",
        "domeu/test 121",
        "domeu/test 122",
        "domeu/test impressionnant",
        "domeu/test/hello impressionnant",
    ];
    assert_eq!(first.unwrap(), expected);
}
