//! The faults of [`umqtt_tests::fault`], hostile brokers and a soak, on the board: a sample of each, and of the Wi-Fi's loss.
//!
//! `make faults BOARD=esp8266` and `make soak BOARD=esp8266` try more of it.

use umqtt_tests::{
    LIMIT,
    board::{Esp8266, WIFI},
    broker::{Broker, Options},
    fault::{
        Fault,
        campaign::{self, Campaign, Library},
        stage::{Place, Stage},
    },
    flood, hostile,
    raw::End,
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

#[test]
fn a_flood_of_ten_thousand_messages_loses_none_on_the_board() {
    let broker = Broker::with(Options { quiet: true, ..Options::default() }).unwrap();
    let mut board = Esp8266::new().unwrap().server(broker.address()).boot_raw().unwrap();
    board.run(&format!("{}\nwhile not wlan.isconnected(): pass", WIFI.join("\n"))).unwrap();
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
