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
pub const LOST: Awaiting = PacketType::RESERVED;

/// What is known of an exchange: a byte like the first one of PUBLISH, with what it waits for in place of the packet's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State(u8);

impl State {
    /// An operation waits for its end.
    const ATTENDED: u8 = 1 << 3;
    const AWAITING: u8 = 0xf << 4;

    /// The same, which waits for something else.
    fn and_awaits(self, awaiting: Awaiting) -> State {
        State(self.0 & !Self::AWAITING | (awaiting.number() << 4) as u8)
    }

    fn and_attended(self) -> State {
        State(self.0 | Self::ATTENDED)
    }

    fn and_left(self) -> State {
        State(self.0 & !Self::ATTENDED)
    }

    fn awaits(self) -> Awaiting {
        PacketType::of(self.0)
    }

    fn qos(self) -> QoS {
        QoS::of(self.0)
    }

    fn is_attended(self) -> bool {
        self.0 & Self::ATTENDED != 0
    }

    fn is_message(self) -> bool {
        self.qos() != QoS::AtMostOnce
    }

    /// Whether nothing more can come.
    fn is_over(self) -> bool {
        self.awaits() >= NOTHING
    }

    fn is_in_flight(self) -> bool {
        self.is_message() && !self.is_over()
    }

    /// Whether it waits for this, and no operation does.
    fn is_left_awaiting(self, awaiting: Awaiting) -> bool {
        u32::from(self.0 & (Self::AWAITING | Self::ATTENDED)) == awaiting.number() << 4
    }

    /// Whether it is that of a message that was acknowledged after its call had failed: who publishes it again is told so.
    fn is_claim(self) -> bool {
        self.is_left_awaiting(NOTHING)
    }

    /// Takes an acknowledgement: the whole table of transitions. One that it does not await changes nothing.
    fn acknowledged(self, packet_type: PacketType, return_code: u8) -> State {
        if self.awaits() != packet_type {
            return self;
        }
        self.and_awaits(match packet_type {
            PacketType::PUBREC => PacketType::PUBCOMP,
            PacketType::SUBACK if return_code == SUBSCRIBE_FAILURE => REFUSED,
            _ => NOTHING,
        })
    }
}

/// An exchange that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    identifier: u16,
    state: State,
}

impl Exchange {
    /// That of a message, of which a PUBLISH with these tells.
    pub fn of_message(identifier: u16, qos: QoS, retain: bool) -> Exchange {
        let mut exchange = Exchange::awaiting(qos.acknowledgement(), identifier);
        exchange.state.0 |= qos.flags(retain);
        exchange
    }

    /// That of SUBSCRIBE or UNSUBSCRIBE, by the type of its acknowledgement.
    pub fn awaiting(awaiting: Awaiting, identifier: u16) -> Exchange {
        Exchange { identifier, state: State(State::ATTENDED).and_awaits(awaiting) }
    }

    /// Its packet identifier.
    pub fn identifier(self) -> u16 {
        self.identifier
    }

    /// What it waits for.
    pub fn awaits(self) -> Awaiting {
        self.state.awaits()
    }

    /// The quality of service of its message; [`QoS::AtMostOnce`] when it is none's.
    pub fn qos(self) -> QoS {
        self.state.qos()
    }

    /// Whether its message is to be retained.
    pub fn retain(self) -> bool {
        self.state.0 & 1 != 0
    }

    /// Whether it is a message that the broker has not acknowledged.
    pub fn is_in_flight(self) -> bool {
        self.state.is_in_flight()
    }
}

/// The open exchanges, in the order in which they were opened: those of a session, 14 bytes of it.
#[derive(Clone, Debug)]
pub struct Exchanges {
    identifiers: Vec<u16, IN_FLIGHT_MAX, u8>,
    /// Of as many of them as there are identifiers.
    states: [Cell<State>; IN_FLIGHT_MAX],
}

impl Default for Exchanges {
    fn default() -> Self {
        Exchanges::new()
    }
}

impl Exchanges {
    /// None open.
    pub const fn new() -> Self {
        Exchanges { identifiers: Vec::new(), states: [const { Cell::new(State(0)) }; IN_FLIGHT_MAX] }
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
        if exchange.state.is_message() || self.identifiers.is_full() {
            self.forget_claims();
        }
        if let Some(state) = self.states.get(self.identifiers.len()) {
            state.set(exchange.state);
        }
        self.identifiers.push(exchange.identifier).map_err(|_| Error::TooManyInFlight)
    }

    /// Attends to a message again that was left alone. False when there is no such message.
    pub fn resume(&mut self, identifier: u16, qos: QoS, retain: bool) -> bool {
        let attended = Exchange::of_message(identifier, qos, retain).state.0;
        match self.state(identifier) {
            Some(state) if (state.get().0 ^ attended) & !State::AWAITING == State::ATTENDED => {
                state.set(state.get().and_attended());
                true
            }
            _ => false,
        }
    }

    /// Notes an acknowledgement. One that nobody awaits is ignored.
    pub fn acknowledged(&mut self, packet_type: PacketType, identifier: u16, return_code: u8) {
        if let Some(state) = self.state(identifier) {
            state.set(state.get().acknowledged(packet_type, return_code));
        }
    }

    /// The exchange of that name.
    pub fn find(&self, identifier: u16) -> Option<Exchange> {
        self.state(identifier).map(|state| Exchange { identifier, state: state.get() })
    }

    /// The state of the exchange of that name.
    #[inline(never)]
    fn state(&self, identifier: u16) -> Option<&Cell<State>> {
        self.states.get(self.identifiers.iter().position(|&other| other == identifier)?)
    }

    /// The exchange at that place in their order.
    pub fn at(&self, index: usize) -> Option<Exchange> {
        Some(Exchange { identifier: *self.identifiers.get(index)?, state: self.states.get(index)?.get() })
    }

    /// Leaves an exchange alone. It stays only if it is a message that the session keeps. True when it had ended as it
    /// should.
    pub fn leave(&mut self, identifier: u16, session_is_kept: bool) -> bool {
        let Some(state) = self.state(identifier) else { return false };
        let exchange = state.get();
        state.set(exchange.and_left());
        if !(session_is_kept && exchange.is_in_flight()) {
            self.close(identifier);
        }
        exchange.awaits() == NOTHING
    }

    /// Forgets an exchange: its identifier may be used again.
    pub fn close(&mut self, identifier: u16) {
        self.forget(identifier, PacketType::CONNECT);
    }

    /// Notes that the connection is gone. What the session keeps stays; whoever attends to the rest will find it lost.
    /// Whether there is somebody who has not noticed yet that an exchange is over.
    pub fn connection_lost(&mut self, session_is_kept: bool) -> bool {
        for place in &self.states {
            let state = place.get();
            if !(state.is_over() || session_is_kept && state.is_message()) {
                place.set(state.and_awaits(LOST));
            }
        }
        self.forget(0, LOST);
        self.any_over()
    }

    /// Whether somebody attends to an exchange that is over, and has not noticed yet.
    #[inline(never)]
    pub fn any_over(&self) -> bool {
        let mut open = self.identifiers.iter().zip(&self.states);
        open.any(|(_, state)| state.get().is_attended() && state.get().is_over())
    }

    /// Whether another exchange can be opened.
    pub fn have_room(&self) -> bool {
        !self.identifiers.is_full() || self.states.iter().any(|state| state.get().is_claim())
    }

    /// Attends to the oldest message that was left alone, and gives its identifier.
    pub fn attend_to_oldest(&mut self) -> Option<u16> {
        let (&identifier, state) =
            self.identifiers.iter().zip(&self.states).find(|(_, state)| !state.get().is_attended())?;
        state.set(state.get().and_attended());
        Some(identifier)
    }

    /// Ends all claims.
    pub fn forget_claims(&mut self) {
        self.forget(0, NOTHING);
    }

    /// Forgets the exchange of that name, which may be none's, and those that nobody attends to and that await this.
    #[inline(never)]
    fn forget(&mut self, identifier: u16, awaiting: Awaiting) {
        let identifiers = Cell::from_mut(self.identifiers.as_mut_slice()).as_slice_of_cells();
        let all = identifiers.iter().zip(&self.states);
        let (mut places, mut count) = (all.clone(), 0);
        for (other, state) in all {
            if other.get() != identifier
                && !state.get().is_left_awaiting(awaiting)
                && let Some((place, place_state)) = places.next()
            {
                place.set(other.get());
                place_state.set(state.get());
                count += 1;
            }
        }
        self.identifiers.truncate(count);
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
        with(Exchange { state: exchange.state.and_awaits(awaiting), ..exchange })
    }

    fn state(exchanges: &Exchanges, identifier: u16) -> Option<Awaiting> {
        exchanges.find(identifier).map(|exchange| exchange.awaits())
    }

    fn has_claim(exchanges: &Exchanges, identifier: u16) -> bool {
        exchanges.find(identifier).is_some_and(|exchange| exchange.state.is_claim())
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
                let acknowledged = message(1).state.and_awaits(state).acknowledged(packet_type, 1);
                let after = own.iter().find(|(awaited, _)| state == *awaited && state == packet_type);
                assert_eq!(
                    acknowledged.awaits(),
                    after.map_or(state, |&(_, after)| after),
                    "{state:?} and {packet_type:?}"
                );
            }
        }
    }

    #[test]
    fn a_subscription_can_be_refused_and_nothing_else() {
        for awaited in [PacketType::PUBACK, PacketType::PUBREC, PacketType::PUBCOMP, PacketType::SUBACK] {
            let refused = Exchange::awaiting(awaited, 1).state.acknowledged(awaited, 0x80);
            assert_eq!(refused.awaits() == REFUSED, awaited == PacketType::SUBACK, "{awaited:?}");
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
