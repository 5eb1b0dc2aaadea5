//! A heap in pieces: see [`umqtt_tests::fragmented`].

use umqtt_tests::{
    broker::Broker,
    fault::{
        campaign::Library,
        stage::{Place, Stage},
    },
    fragmented::{LARGEST, OPERATIONS, attempt},
};

#[test]
fn what_finds_no_block_that_is_large_enough_raises_memory_error_and_goes_on() {
    let broker = Broker::start().unwrap();
    let mut stage = Stage::new(Library::Ours, Place::Esp8266);
    let mut wrong = Vec::new();
    for (number, (operation, _)) in OPERATIONS.into_iter().enumerate() {
        for largest in LARGEST {
            let tried = attempt(&mut stage, &broker, &format!("f{number}-{largest}"), largest, operation).unwrap();
            println!("fragmented: {operation}, {largest} bytes: {tried}");
            if !tried.is_good() {
                wrong.push(tried.story);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
