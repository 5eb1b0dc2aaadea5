//! A heap in pieces: see [`umqtt_tests::fragmented`].

use umqtt_tests::{
    broker::Broker,
    fault::{
        campaign::Library,
        stage::{Place, Stage},
    },
    fragmented::{LARGEST, OPERATIONS, Outcome, attempt},
};

#[test]
fn what_finds_no_block_that_is_large_enough_raises_memory_error_and_goes_on() {
    let broker = Broker::start().unwrap();
    let mut stage = Stage::new(Library::Ours, Place::Esp8266);
    let (mut works, mut raises, mut wrong) = (0, 0, Vec::new());
    for (number, (operation, _)) in OPERATIONS.into_iter().enumerate() {
        for largest in LARGEST {
            let tried = attempt(&mut stage, &broker, &format!("f{number}-{largest}"), largest, operation).unwrap();
            match tried.outcome {
                _ if !tried.is_good() => wrong.push(tried.story),
                Outcome::Works => works += 1,
                _ => raises += 1,
            }
        }
    }
    println!("a heap in pieces: {works} operations work, {raises} raise MemoryError");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
