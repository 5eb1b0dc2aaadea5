//! The faults of [`umqtt_tests::fault`], hostile brokers and a soak, on the board: a sample of each, and of the Wi-Fi's loss.
//!
//! `make faults BOARD=esp8266` and `make soak BOARD=esp8266` try more of it.

use umqtt_tests::{
    LIMIT,
    board::Esp8266,
    broker::{Broker, Options},
    fault::{
        Fault,
        campaign::{self, Campaign, Library},
        stage::{Place, Stage},
    },
    flood, hostile,
    raw::{End, RawRepl},
    soak::{self, Extent},
};

/// Of the faults that differ in their place only, every so many-th is in the sample: a prime, so that it does not
/// keep step with anything.
const SAMPLE: usize = 97;
/// The short run; `UMQTT_SOAK` (`make soak`) says how much a long one is.
const SOAK: Extent = Extent::Messages(300);

#[test]
fn a_session_on_the_board_comes_through_faults() {
    let campaign = Campaign::new(Library::Ours, Place::Esp8266).unwrap();
    let extent = campaign.extent().unwrap();
    let all = [Fault::all(extent), Fault::losses_of_wifi(extent)].concat();
    campaign.assert_all_come_through(&campaign::chosen(all, SAMPLE));
}

#[test]
fn the_board_comes_out_of_every_hostile_broker_and_works_with_the_next() {
    hostile::assert_all_are_met(&mut Stage::new(Library::Ours, Place::Esp8266));
}

#[test]
fn a_soaked_board_loses_nothing_and_does_not_grow() {
    soak::assert_well_soaked(Place::Esp8266, soak::chosen(SOAK));
}

fn board_in_wifi(broker: &Broker) -> RawRepl {
    let mut board = Esp8266::new().unwrap().server(broker.address()).boot_raw().unwrap();
    board.join_wifi().unwrap();
    board
}

#[test]
fn a_flood_of_ten_thousand_messages_loses_none_on_the_board() {
    let broker = Broker::with(Options { quiet: true, ..Options::default() }).unwrap();
    let mut board = board_in_wifi(&broker);
    let mut printed = Vec::new();
    let end = board.watch(flood::SCRIPT, 10 * LIMIT, |line| {
        printed.push(line.to_owned());
        if line == "subscribed" {
            flood::publish(&broker).unwrap();
        }
    });
    assert_eq!(end.unwrap(), End::Well, "{printed:?}");
    assert_eq!(printed, ["subscribed", flood::NONE_LOST]);
}

#[test]
fn a_flood_that_is_answered_within_the_callback_comes_in_order_and_does_not_nest_on_the_board() {
    let broker = Broker::start().unwrap();
    let printed = board_in_wifi(&broker).run(flood::ANSWERED).unwrap();
    assert_eq!(printed.lines().collect::<Vec<_>>(), flood::ANSWERED_IN_ORDER);
}
