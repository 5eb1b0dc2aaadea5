//! A session of a real interpreter with a real broker, through faults at every byte: see [`umqtt_tests::fault`].
//!
//! A sample of the faults is tried, or with `UMQTT_FAULTS=all` (`make faults`) each of them, or those whose names begin
//! with what it says: `UMQTT_FAULTS='cut > byte 4'`. All of this is on the unix port; `tests/esp8266/faults.rs` does it on
//! the virtual board.

use umqtt_tests::{
    broker::{Broker, Options},
    fault::{
        Fault,
        campaign::{self, Campaign, Library},
        stage::{Place, Stage},
    },
    flood, hostile,
    interpreter::Interpreter,
    script::Script,
    soak::{self, Extent},
};

/// Of the faults that differ in their place only, every so many-th is in the sample: a prime, so that it does not
/// keep step with anything.
const SAMPLE: usize = 13;

#[test]
fn a_session_comes_through_every_fault() {
    let campaign = Campaign::new(Library::Ours, Place::Unix).unwrap();
    let faults = campaign::chosen(Fault::all(campaign.extent().unwrap()), SAMPLE);
    campaign.assert_all_come_through(&faults);
}

#[test]
fn a_client_comes_out_of_every_hostile_broker_and_works_with_the_next() {
    hostile::assert_all_are_met(&mut Stage::small(Library::Ours, Place::Unix));
}

/// The short run; `UMQTT_SOAK` (`make soak`) says how much a long one is.
const SOAK: Extent = Extent::Messages(1000);

#[test]
fn a_soaked_client_loses_nothing_and_does_not_grow() {
    soak::assert_well_soaked(Place::Unix, soak::chosen(SOAK));
}

#[test]
fn a_flood_of_ten_thousand_messages_loses_none() {
    let broker = Broker::with(Options { quiet: true, ..Options::default() }).unwrap();
    let script = Script::start(Interpreter::find().unwrap(), broker.address(), flood::SCRIPT).unwrap();
    script.expect("subscribed").unwrap();
    flood::publish(&broker).unwrap();
    script.expect(flood::NONE_LOST).unwrap();
    script.finish().unwrap();
}

#[test]
fn a_flood_that_is_answered_within_the_callback_comes_in_order_and_does_not_nest() {
    let broker = Broker::with(Options { quiet: true, ..Options::default() }).unwrap();
    let script = Script::start(Interpreter::find().unwrap(), broker.address(), flood::ANSWERED).unwrap();
    assert_eq!(script.finish().unwrap(), flood::ANSWERED_IN_ORDER);
}
