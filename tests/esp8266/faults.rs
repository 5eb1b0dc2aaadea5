//! The faults of [`umqtt_tests::fault`], hostile brokers and a soak, on the board: a sample of each, and of the Wi-Fi's loss.
//!
//! `make faults BOARD=esp8266` and `make soak BOARD=esp8266` try more of it.

use umqtt_tests::{
    fault::{
        Fault,
        campaign::{self, Campaign, Library},
        stage::{Place, Stage},
    },
    hostile,
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
