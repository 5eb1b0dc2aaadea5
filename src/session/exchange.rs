//! Packet identifiers, and the exchanges they name, from the packet that opens one to the acknowledgement that ends it
//! (MQTT 3.1.1, 2.3.1 and 4.3).
//!
//! An exchange is *attended* while an operation waits for its end. One that is left alone belongs to the session: it is
//! a message whose acknowledgement has not come, to be sent again on the next connection (MQTT-4.4.0-1). When it comes at
//! last, whoever read it is not the one who published; that one believes that it failed, and will publish again. So a
//! *claim* stays: that publish succeeds without a packet (MQTT-4.3.3-1).

use crate::Error;
use crate::wire::{PacketType, QoS, SUBSCRIBE_FAILURE};
use core::cell::Cell;
use heapless::Vec;

/// How many exchanges may be open at once: those of calls within callbacks within calls, and the messages that await
/// the next connection.
pub const IN_FLIGHT_MAX: usize = 4;

/// What an exchange waits for: the type of a packet, or one of these, which are the types beyond those that acknowledge.
pub type Awaiting = PacketType;

/// Nothing more: it ended as it should.
pub const NOTHING: Awaiting = PacketType::PINGRESP;
/// Nothing more: the broker has refused.
pub const REFUSED: Awaiting = PacketType::DISCONNECT;
/// What cannot come any more: the connection is gone, and with it what the broker knew of the exchange.
pub const LOST: Awaiting = PacketType::of(0xf0);

/// An exchange that is open, in one word: a byte like the first one of PUBLISH, with what it waits for in place of the packet's
/// type, and its identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange(u32);

impl Exchange {
    /// An operation waits for its end.
    const ATTENDED: u32 = 1 << 3;
    const AWAITING: u32 = 0xf << 4;

    /// That of a message, of which a PUBLISH with these tells.
    pub fn of_message(identifier: u16, qos: QoS, retain: bool) -> Exchange {
        Exchange(Exchange::awaiting(qos.acknowledgement(), identifier).0 | u32::from(qos.flags(retain)))
    }

    /// That of SUBSCRIBE or UNSUBSCRIBE, by the type of its acknowledgement.
    pub fn awaiting(awaiting: Awaiting, identifier: u16) -> Exchange {
        Exchange(u32::from(identifier) << 16 | Self::ATTENDED).and_awaits(awaiting)
    }

    /// The same, which waits for something else.
    fn and_awaits(self, awaiting: Awaiting) -> Exchange {
        Exchange(self.0 & !Self::AWAITING | awaiting.number() << 4)
    }

    /// Its packet identifier.
    pub fn identifier(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// What it waits for.
    pub fn awaits(self) -> Awaiting {
        PacketType::of(self.0 as u8)
    }

    /// The quality of service of its message; [`QoS::AtMostOnce`] when it is none's.
    pub fn qos(self) -> QoS {
        QoS::of(self.0 as u8)
    }

    /// Whether its message is to be retained.
    pub fn retain(self) -> bool {
        self.0 & 1 != 0
    }

    fn is_attended(self) -> bool {
        self.0 & Self::ATTENDED != 0
    }

    fn is_message(self) -> bool {
        self.qos() != QoS::AtMostOnce
    }

    /// Whether it is a message that the broker has not acknowledged.
    pub fn is_in_flight(self) -> bool {
        self.is_message() && !self.is_over()
    }

    /// Whether nothing more can come.
    fn is_over(self) -> bool {
        self.awaits() >= NOTHING
    }

    /// Whether it waits for this, and no operation does.
    fn is_left_awaiting(self, awaiting: Awaiting) -> bool {
        self.0 & (Self::AWAITING | Self::ATTENDED) == awaiting.number() << 4
    }

    /// Whether it is a message that was acknowledged after its call had failed: who publishes it again is told so.
    fn is_claim(&self) -> bool {
        self.is_left_awaiting(NOTHING)
    }

    /// Takes an acknowledgement: the whole table of transitions. One that it does not await changes nothing.
    fn acknowledged(&mut self, packet_type: PacketType, return_code: u8) {
        if self.awaits() == packet_type {
            *self = self.and_awaits(match packet_type {
                PacketType::PUBREC => PacketType::PUBCOMP,
                PacketType::SUBACK if return_code == SUBSCRIBE_FAILURE => REFUSED,
                _ => NOTHING,
            });
        }
    }
}

/// The open exchanges, in the order in which they were opened.
#[derive(Clone, Debug, Default)]
pub struct Exchanges(Vec<Exchange, IN_FLIGHT_MAX, u32>);

impl Exchanges {
    /// None open.
    pub const fn new() -> Self {
        Exchanges(Vec::new())
    }

    /// The identifier to use after `last`: the next one that is not 0 (MQTT-2.3.1-1) and not in use (MQTT-2.3.1-2).
    pub fn next_identifier(&self, last: u16) -> u16 {
        let mut identifier = last;
        loop {
            identifier = identifier.wrapping_add(1).max(1);
            if self.find(identifier).is_none() {
                return identifier;
            }
        }
    }

    /// Opens an exchange, which is attended. A message ends the claims of those before it.
    pub fn open(&mut self, exchange: Exchange) -> Result<(), Error> {
        if exchange.is_message() || self.0.is_full() {
            self.forget_claims();
        }
        self.0.push(exchange).map_err(|_| Error::TooManyInFlight)
    }

    /// Attends to a message again that was left alone. False when there is no such message.
    pub fn resume(&mut self, identifier: u16, qos: QoS, retain: bool) -> bool {
        let attended = Exchange::of_message(identifier, qos, retain);
        let left_alone =
            |exchange: &&mut Exchange| (exchange.0 ^ attended.0) & !Exchange::AWAITING == Exchange::ATTENDED;
        self.0.iter_mut().find(left_alone).map(|exchange| exchange.0 |= Exchange::ATTENDED).is_some()
    }

    /// Notes an acknowledgement. One that nobody awaits is ignored.
    pub fn acknowledged(&mut self, packet_type: PacketType, identifier: u16, return_code: u8) {
        if let Some(exchange) = self.find_mut(identifier) {
            exchange.acknowledged(packet_type, return_code);
        }
    }

    /// The exchange of that name.
    pub fn find(&self, identifier: u16) -> Option<&Exchange> {
        self.0.iter().find(|exchange| exchange.identifier() == identifier)
    }

    fn find_mut(&mut self, identifier: u16) -> Option<&mut Exchange> {
        self.0.iter_mut().find(|exchange| exchange.identifier() == identifier)
    }

    /// The exchange at that place in their order.
    pub fn at(&self, index: usize) -> Option<&Exchange> {
        self.0.get(index)
    }

    /// Leaves an exchange alone. It stays only if it is a message that the session keeps. True when it had ended as it
    /// should.
    pub fn leave(&mut self, identifier: u16, session_is_kept: bool) -> bool {
        let Some(exchange) = self.find_mut(identifier) else { return false };
        let has_ended_well = exchange.awaits() == NOTHING;
        exchange.0 &= !Exchange::ATTENDED;
        if !(session_is_kept && exchange.is_in_flight()) {
            self.close(identifier);
        }
        has_ended_well
    }

    /// Forgets an exchange: its identifier may be used again.
    pub fn close(&mut self, identifier: u16) {
        self.forget(identifier, PacketType::CONNECT);
    }

    /// Notes that the connection is gone. What the session keeps stays; whoever attends to the rest will find it lost.
    /// Whether there is somebody who has not noticed yet that an exchange is over.
    pub fn connection_lost(&mut self, session_is_kept: bool) -> bool {
        for exchange in &mut self.0 {
            if !(exchange.is_over() || session_is_kept && exchange.is_message()) {
                *exchange = exchange.and_awaits(LOST);
            }
        }
        self.forget(0, LOST);
        self.any_over()
    }

    /// Whether somebody attends to an exchange that is over, and has not noticed yet.
    #[inline(never)]
    pub fn any_over(&self) -> bool {
        self.0.iter().any(|exchange| exchange.is_attended() && exchange.is_over())
    }

    /// Whether another exchange can be opened.
    pub fn have_room(&self) -> bool {
        !self.0.is_full() || self.0.iter().any(Exchange::is_claim)
    }

    /// Attends to the oldest message that was left alone, and gives its identifier.
    pub fn attend_to_oldest(&mut self) -> Option<u16> {
        let oldest = self.0.iter_mut().find(|exchange| !exchange.is_attended())?;
        oldest.0 |= Exchange::ATTENDED;
        Some(oldest.identifier())
    }

    /// Ends all claims.
    pub fn forget_claims(&mut self) {
        self.forget(0, NOTHING);
    }

    /// Forgets the exchange of that name, which may be none's, and those that nobody attends to and that await this.
    #[inline(never)]
    fn forget(&mut self, identifier: u16, awaiting: Awaiting) {
        let all = Cell::from_mut(self.0.as_mut_slice()).as_slice_of_cells();
        let (mut places, mut count) = (all.iter(), 0);
        for exchange in all.iter().map(Cell::get) {
            if exchange.identifier() != identifier
                && !exchange.is_left_awaiting(awaiting)
                && let Some(place) = places.next()
            {
                place.set(exchange);
                count += 1;
            }
        }
        self.0.truncate(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [Awaiting; 8] = [
        PacketType::PUBACK,
        PacketType::PUBREC,
        PacketType::PUBCOMP,
        PacketType::SUBACK,
        PacketType::UNSUBACK,
        NOTHING,
        REFUSED,
        LOST,
    ];
    const KEPT: bool = true;

    fn message(identifier: u16) -> Exchange {
        Exchange::of_message(identifier, QoS::AtLeastOnce, false)
    }

    fn subscription(identifier: u16) -> Exchange {
        Exchange::awaiting(PacketType::SUBACK, identifier)
    }

    fn with(exchange: Exchange) -> Exchanges {
        let mut exchanges = Exchanges::new();
        exchanges.open(exchange).unwrap();
        exchanges
    }

    /// Exchange 1 in that state, and whether it is a message's.
    fn opened(awaiting: Awaiting, is_message: bool) -> Exchanges {
        let exchange = if is_message { message(1) } else { subscription(1) };
        with(exchange.and_awaits(awaiting))
    }

    fn state(exchanges: &Exchanges, identifier: u16) -> Option<Awaiting> {
        exchanges.find(identifier).map(|exchange| exchange.awaits())
    }

    fn has_claim(exchanges: &Exchanges, identifier: u16) -> bool {
        exchanges.find(identifier).is_some_and(Exchange::is_claim)
    }

    #[test]
    fn identifiers_wrap_past_zero_and_past_those_in_flight() {
        let mut exchanges = Exchanges::new();
        assert_eq!(exchanges.next_identifier(0), 1);
        assert_eq!(exchanges.next_identifier(65_535), 1);
        exchanges.open(message(1)).unwrap();
        exchanges.open(subscription(2)).unwrap();
        assert_eq!(exchanges.next_identifier(65_535), 3);
        exchanges.close(1);
        assert_eq!(exchanges.next_identifier(65_535), 1);
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn every_state_takes_its_own_acknowledgement_and_no_other() {
        let own = [
            (PacketType::PUBACK, NOTHING),
            (PacketType::PUBREC, PacketType::PUBCOMP),
            (PacketType::PUBCOMP, NOTHING),
            (PacketType::SUBACK, NOTHING),
            (PacketType::UNSUBACK, NOTHING),
        ];
        for state in STATES {
            for first in 0x10..0xd0 {
                let packet_type = PacketType::of(first);
                let mut exchange = message(1).and_awaits(state);
                exchange.acknowledged(packet_type, 1);
                let after = own.iter().find(|(awaited, _)| state == *awaited && state == packet_type);
                assert_eq!(
                    exchange.awaits(),
                    after.map_or(state, |&(_, after)| after),
                    "{state:?} and {packet_type:?}"
                );
            }
        }
    }

    #[test]
    fn a_subscription_can_be_refused_and_nothing_else() {
        for awaited in [PacketType::PUBACK, PacketType::PUBREC, PacketType::PUBCOMP, PacketType::SUBACK] {
            let mut exchange = Exchange::awaiting(awaited, 1);
            exchange.acknowledged(awaited, 0x80);
            assert_eq!(exchange.awaits() == REFUSED, awaited == PacketType::SUBACK, "{awaited:?}");
        }
    }

    #[test]
    fn only_messages_of_a_kept_session_survive_the_connection() {
        for (state, is_message) in STATES.into_iter().flat_map(|state| [(state, true), (state, false)]) {
            let after_loss = |session_is_kept| {
                let mut exchanges = opened(state, is_message);
                exchanges.connection_lost(session_is_kept);
                self::state(&exchanges, 1)
            };
            let is_over = matches!(state, NOTHING | REFUSED | LOST);
            assert_eq!(after_loss(!KEPT), Some(if is_over { state } else { LOST }), "{state:?}");
            assert_eq!(after_loss(KEPT), Some(if is_over || is_message { state } else { LOST }), "{state:?}");
        }
    }

    #[test]
    fn an_acknowledgement_finds_its_own_exchange() {
        let mut exchanges = with(message(1));
        exchanges.open(message(2)).unwrap();
        exchanges.acknowledged(PacketType::PUBACK, 2, 0);
        exchanges.acknowledged(PacketType::PUBACK, 77, 0);
        assert_eq!(state(&exchanges, 1), Some(PacketType::PUBACK));
        assert_eq!(state(&exchanges, 2), Some(NOTHING));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn a_message_left_alone_can_be_claimed_when_it_is_acknowledged() {
        let mut exchanges = with(Exchange::of_message(1, QoS::ExactlyOnce, false));
        exchanges.leave(1, KEPT);
        exchanges.acknowledged(PacketType::PUBREC, 1, 0);
        assert_eq!(state(&exchanges, 1), Some(PacketType::PUBCOMP));
        exchanges.acknowledged(PacketType::PUBCOMP, 1, 0);
        assert!(has_claim(&exchanges, 1));
        assert!(!exchanges.at(0).unwrap().is_in_flight(), "nothing is to be sent again");
        assert!(!exchanges.resume(1, QoS::AtLeastOnce, false));
        assert!(exchanges.resume(1, QoS::ExactlyOnce, false));
        assert!(exchanges.leave(1, KEPT), "it had ended well");
        assert_eq!(state(&exchanges, 1), None, "and it is claimed once");
    }

    fn claimed() -> Exchanges {
        let mut exchanges = with(message(1));
        exchanges.leave(1, KEPT);
        exchanges.acknowledged(PacketType::PUBACK, 1, 0);
        assert!(has_claim(&exchanges, 1));
        exchanges
    }

    #[test]
    fn another_message_ends_a_claim_and_another_exchange_only_when_it_needs_the_room() {
        let mut exchanges = claimed();
        for identifier in 2..=4 {
            exchanges.open(subscription(identifier)).unwrap();
            assert!(has_claim(&exchanges, 1));
        }
        assert!(exchanges.have_room());
        exchanges.open(subscription(5)).unwrap();
        assert_eq!(state(&exchanges, 1), None);
        let mut exchanges = claimed();
        exchanges.open(message(2)).unwrap();
        assert_eq!(state(&exchanges, 1), None);
    }

    #[test]
    fn a_claim_outlives_connection_and_session_for_the_message_has_arrived() {
        let mut exchanges = claimed();
        exchanges.connection_lost(KEPT);
        exchanges.connection_lost(!KEPT);
        assert!(has_claim(&exchanges, 1));
        exchanges.forget_claims();
        assert_eq!(state(&exchanges, 1), None);
    }

    #[test]
    fn what_is_left_alone_without_a_kept_session_is_forgotten_at_once() {
        for awaiting in STATES {
            let mut exchanges = opened(awaiting, true);
            exchanges.leave(1, !KEPT);
            assert_eq!(state(&exchanges, 1), None);
        }
    }

    #[test]
    fn a_lost_exchange_keeps_its_name_until_its_operation_has_noticed() {
        let mut exchanges = with(subscription(1));
        assert!(exchanges.connection_lost(KEPT));
        assert!(exchanges.any_over());
        assert_eq!(exchanges.next_identifier(0), 2);
        exchanges.leave(1, KEPT);
        assert!(!exchanges.any_over());
        assert_eq!(exchanges.next_identifier(0), 1);
    }

    #[test]
    fn a_message_can_be_attended_to_again_if_it_is_the_same_one() {
        let mut exchanges = with(message(1));
        assert!(!exchanges.resume(1, QoS::AtLeastOnce, false), "it is attended");
        exchanges.leave(1, KEPT);
        assert!(!exchanges.resume(2, QoS::AtLeastOnce, false));
        assert!(!exchanges.resume(1, QoS::ExactlyOnce, false));
        assert!(!exchanges.resume(1, QoS::AtLeastOnce, true));
        assert!(exchanges.resume(1, QoS::AtLeastOnce, false));
    }

    #[test]
    fn a_full_table_says_so() {
        let mut exchanges = Exchanges::new();
        for identifier in 1..=IN_FLIGHT_MAX as u16 {
            exchanges.open(message(identifier)).unwrap();
        }
        assert_eq!(exchanges.open(message(99)), Err(Error::TooManyInFlight));
    }
}
