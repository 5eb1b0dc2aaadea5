//! Packet identifiers, and the exchanges they name, from the packet that opens one to the acknowledgement that ends it
//! (MQTT 3.1.1, 2.3.1 and 4.3).
//!
//! An exchange is *attended* while an operation waits for its end. One that is left alone belongs to the session: it is
//! a message whose acknowledgement has not come, to be sent again on the next connection (MQTT-4.4.0-1). When it comes at
//! last, whoever read it is not the one who published; that one believes that it failed, and will publish again. So a
//! [claim](Awaiting::Claim) stays: that publish succeeds without a packet (MQTT-4.3.3-1).

use crate::wire::{PacketType, QoS};
use crate::{Error, QOS_2};
use heapless::Vec;

/// How many exchanges may be open at once: those of calls within callbacks within calls, and the messages that await
/// the next connection.
pub const IN_FLIGHT_MAX: usize = 4;

/// What an exchange waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaiting {
    /// The acknowledgement of a QoS 1 message.
    Puback,
    /// The first acknowledgement of a QoS 2 message.
    Pubrec,
    /// The last acknowledgement of a QoS 2 message.
    Pubcomp,
    /// The acknowledgement of SUBSCRIBE.
    Suback,
    /// The acknowledgement of UNSUBSCRIBE.
    Unsuback,
    /// Nothing more: it ended with this return code.
    Nothing(u8),
    /// That somebody claims it: the message of this quality of service was acknowledged after its call had failed. Who
    /// publishes it again is told so; the next message to be published otherwise ends the claim.
    Claim(QoS),
    /// What cannot come any more: the connection is gone, and with it what the broker knew of the exchange.
    Lost,
}

impl Awaiting {
    /// What a message of this quality of service awaits first; nothing at QoS 0.
    pub const fn first_of(qos: QoS) -> Option<Awaiting> {
        match qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(Awaiting::Puback),
            QoS::ExactlyOnce => Some(Awaiting::Pubrec),
        }
    }

    /// The quality of service of the message that awaits this; `None` when it is no message that awaits it.
    pub const fn qos(self) -> Option<QoS> {
        match self {
            Awaiting::Puback => Some(QoS::AtLeastOnce),
            Awaiting::Pubrec | Awaiting::Pubcomp => Some(QoS::ExactlyOnce),
            Awaiting::Claim(qos) => Some(qos),
            _ => None,
        }
    }

    const fn is_claim(self) -> bool {
        matches!(self, Awaiting::Claim(_))
    }

    /// Whether nothing more can come.
    const fn is_over(self) -> bool {
        matches!(self, Awaiting::Nothing(_) | Awaiting::Lost)
    }

    /// The state after an acknowledgement: the whole table of transitions. An acknowledgement that the state does not
    /// await changes nothing.
    fn after(self, packet_type: PacketType, return_code: u8) -> Awaiting {
        match (self, packet_type) {
            (Awaiting::Puback, PacketType::PUBACK) => Awaiting::Nothing(0),
            (Awaiting::Pubrec, PacketType::PUBREC) if QOS_2 => Awaiting::Pubcomp,
            (Awaiting::Pubcomp, PacketType::PUBCOMP) if QOS_2 => Awaiting::Nothing(0),
            (Awaiting::Suback, PacketType::SUBACK) => Awaiting::Nothing(return_code),
            (Awaiting::Unsuback, PacketType::UNSUBACK) => Awaiting::Nothing(0),
            (state, _) => state,
        }
    }

    /// The state after the loss of the connection, when the session outlives it or not.
    fn after_loss(self, session_is_kept: bool) -> Awaiting {
        match self {
            Awaiting::Nothing(_) | Awaiting::Claim(_) => self,
            _ if session_is_kept && self.qos().is_some() => self,
            _ => Awaiting::Lost,
        }
    }
}

/// An exchange that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its packet identifier.
    pub identifier: u16,
    /// What it waits for.
    pub awaiting: Awaiting,
    /// Whether its message is to be retained.
    pub retain: bool,
    /// Whether an operation waits for its end.
    attended: bool,
}

/// The open exchanges, in the order in which they were opened.
#[derive(Clone, Debug, Default)]
pub struct Exchanges(Vec<Exchange, IN_FLIGHT_MAX, u8>);

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
    pub fn open(&mut self, identifier: u16, awaiting: Awaiting, retain: bool) -> Result<(), Error> {
        if awaiting.qos().is_some() || self.0.is_full() {
            self.forget_claims();
        }
        let exchange = Exchange { identifier, awaiting, retain, attended: true };
        self.0.push(exchange).map_err(|_| Error::TooManyInFlight)
    }

    /// Attends to a message again that was left alone. False when there is no such message.
    pub fn resume(&mut self, identifier: u16, qos: QoS, retain: bool) -> bool {
        let left_alone = self.0.iter_mut().find(|exchange| {
            exchange.identifier == identifier
                && exchange.awaiting.qos() == Some(qos)
                && exchange.retain == retain
                && !exchange.attended
        });
        left_alone.map(|exchange| exchange.attended = true).is_some()
    }

    /// Notes an acknowledgement. One that nobody awaits is ignored.
    pub fn acknowledged(&mut self, packet_type: PacketType, identifier: u16, return_code: u8) {
        for exchange in self.0.iter_mut().filter(|exchange| exchange.identifier == identifier) {
            let before = exchange.awaiting;
            exchange.awaiting = match (before.after(packet_type, return_code), before.qos()) {
                (Awaiting::Nothing(_), Some(qos)) if !exchange.attended => Awaiting::Claim(qos),
                (after, _) => after,
            };
        }
        self.forget_what_is_over();
    }

    /// The exchange of that name.
    pub fn find(&self, identifier: u16) -> Option<Exchange> {
        self.0.iter().find(|exchange| exchange.identifier == identifier).copied()
    }

    /// The exchange at that place in the order of those that await something of the broker.
    pub fn at(&self, index: usize) -> Option<Exchange> {
        self.0.iter().filter(|exchange| !exchange.awaiting.is_claim()).nth(index).copied()
    }

    /// Leaves an exchange alone. It stays only if it is a message that the session keeps. True when it had ended as it
    /// should.
    pub fn leave(&mut self, identifier: u16, session_is_kept: bool) -> bool {
        let mut has_ended_well = false;
        for exchange in self.0.iter_mut().filter(|exchange| exchange.identifier == identifier) {
            has_ended_well = matches!(exchange.awaiting, Awaiting::Nothing(0) | Awaiting::Claim(_));
            exchange.attended = false;
            exchange.awaiting = match exchange.awaiting {
                Awaiting::Claim(_) => Awaiting::Nothing(0),
                awaiting => awaiting.after_loss(session_is_kept),
            };
        }
        self.forget_what_is_over();
        has_ended_well
    }

    /// Forgets an exchange: its identifier may be used again.
    pub fn close(&mut self, identifier: u16) {
        self.0.retain(|exchange| exchange.identifier != identifier);
    }

    /// Notes that the connection is gone. What the session keeps stays; whoever attends to the rest will find it lost.
    /// Whether there is somebody who has not noticed yet that an exchange is over.
    pub fn connection_lost(&mut self, session_is_kept: bool) -> bool {
        for exchange in &mut self.0 {
            exchange.awaiting = exchange.awaiting.after_loss(session_is_kept);
        }
        self.forget_what_is_over();
        self.any_over()
    }

    /// Whether somebody attends to an exchange that is over, and has not noticed yet.
    pub fn any_over(&self) -> bool {
        self.0.iter().any(|exchange| exchange.awaiting.is_over())
    }

    /// Whether another exchange can be opened.
    pub fn have_room(&self) -> bool {
        !self.0.is_full() || self.0.iter().any(|exchange| exchange.awaiting.is_claim())
    }

    /// Attends to the oldest message that was left alone, and gives its identifier.
    pub fn attend_to_oldest(&mut self) -> Option<u16> {
        let oldest = self.0.iter_mut().find(|exchange| !exchange.attended)?;
        oldest.attended = true;
        Some(oldest.identifier)
    }

    /// Ends all claims.
    pub fn forget_claims(&mut self) {
        self.0.retain(|exchange| !exchange.awaiting.is_claim());
    }

    fn forget_what_is_over(&mut self) {
        self.0.retain(|exchange| exchange.attended || !exchange.awaiting.is_over());
    }
}

#[cfg(test)]
mod tests {
    use super::Awaiting::*;
    use super::*;

    const STATES: [Awaiting; 9] =
        [Puback, Pubrec, Pubcomp, Suback, Unsuback, Nothing(0), Nothing(0x80), Claim(QoS::AtLeastOnce), Lost];
    const KEPT: bool = true;

    fn opened(awaiting: Awaiting) -> Exchanges {
        let mut exchanges = Exchanges::new();
        exchanges.open(1, awaiting, false).unwrap();
        exchanges
    }

    fn state(exchanges: &Exchanges, identifier: u16) -> Option<Awaiting> {
        exchanges.find(identifier).map(|exchange| exchange.awaiting)
    }

    #[test]
    fn identifiers_wrap_past_zero_and_past_those_in_flight() {
        let mut exchanges = Exchanges::new();
        assert_eq!(exchanges.next_identifier(0), 1);
        assert_eq!(exchanges.next_identifier(65_535), 1);
        exchanges.open(1, Puback, false).unwrap();
        exchanges.open(2, Suback, false).unwrap();
        assert_eq!(exchanges.next_identifier(65_535), 3);
        exchanges.close(1);
        assert_eq!(exchanges.next_identifier(65_535), 1);
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn every_state_takes_its_own_acknowledgement_and_no_other() {
        let own = [
            (Puback, PacketType::PUBACK, Nothing(0)),
            (Pubrec, PacketType::PUBREC, Pubcomp),
            (Pubcomp, PacketType::PUBCOMP, Nothing(0)),
            (Suback, PacketType::SUBACK, Nothing(1)),
            (Unsuback, PacketType::UNSUBACK, Nothing(0)),
        ];
        for state in STATES {
            for first in 0..=u8::MAX {
                let packet_type = PacketType::of(first);
                let expected = own
                    .iter()
                    .find(|(awaiting, awaited, _)| (*awaiting, *awaited) == (state, packet_type))
                    .map_or(state, |&(_, _, after)| after);
                assert_eq!(state.after(packet_type, 1), expected, "{state:?} and {packet_type:?}");
            }
        }
    }

    #[test]
    fn only_messages_of_a_kept_session_survive_the_connection() {
        for state in STATES {
            let over = matches!(state, Nothing(_) | Claim(_));
            let message = matches!(state, Puback | Pubrec | Pubcomp);
            assert_eq!(state.after_loss(!KEPT), if over { state } else { Lost }, "{state:?}");
            assert_eq!(state.after_loss(KEPT), if over || message { state } else { Lost }, "{state:?}");
        }
    }

    #[test]
    fn an_acknowledgement_finds_its_own_exchange() {
        let mut exchanges = opened(Puback);
        exchanges.open(2, Puback, false).unwrap();
        exchanges.acknowledged(PacketType::PUBACK, 2, 0);
        exchanges.acknowledged(PacketType::PUBACK, 77, 0);
        assert_eq!(state(&exchanges, 1), Some(Puback));
        assert_eq!(state(&exchanges, 2), Some(Nothing(0)));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn a_message_left_alone_can_be_claimed_when_it_is_acknowledged() {
        let mut exchanges = opened(Pubrec);
        exchanges.leave(1, KEPT);
        exchanges.acknowledged(PacketType::PUBREC, 1, 0);
        assert_eq!(state(&exchanges, 1), Some(Pubcomp));
        exchanges.acknowledged(PacketType::PUBCOMP, 1, 0);
        assert_eq!(state(&exchanges, 1), Some(Claim(QoS::ExactlyOnce)));
        assert_eq!(exchanges.at(0), None, "nothing is to be sent again");
        assert!(!exchanges.resume(1, QoS::AtLeastOnce, false));
        assert!(exchanges.resume(1, QoS::ExactlyOnce, false));
        assert!(exchanges.leave(1, KEPT), "it had ended well");
        assert_eq!(state(&exchanges, 1), None, "and it is claimed once");
    }

    fn claimed() -> Exchanges {
        let mut exchanges = opened(Puback);
        exchanges.leave(1, KEPT);
        exchanges.acknowledged(PacketType::PUBACK, 1, 0);
        assert_eq!(state(&exchanges, 1), Some(Claim(QoS::AtLeastOnce)));
        exchanges
    }

    #[test]
    fn another_message_ends_a_claim_and_another_exchange_only_when_it_needs_the_room() {
        let mut exchanges = claimed();
        for identifier in 2..=4 {
            exchanges.open(identifier, Suback, false).unwrap();
            assert_eq!(state(&exchanges, 1), Some(Claim(QoS::AtLeastOnce)));
        }
        assert!(exchanges.have_room());
        exchanges.open(5, Suback, false).unwrap();
        assert_eq!(state(&exchanges, 1), None);
        let mut exchanges = claimed();
        exchanges.open(2, Puback, false).unwrap();
        assert_eq!(state(&exchanges, 1), None);
    }

    #[test]
    fn a_claim_outlives_connection_and_session_for_the_message_has_arrived() {
        let mut exchanges = claimed();
        exchanges.connection_lost(KEPT);
        exchanges.connection_lost(!KEPT);
        assert_eq!(state(&exchanges, 1), Some(Claim(QoS::AtLeastOnce)));
        exchanges.forget_claims();
        assert_eq!(state(&exchanges, 1), None);
    }

    #[test]
    fn what_is_left_alone_without_a_kept_session_is_forgotten_at_once() {
        for awaiting in [Puback, Pubrec, Pubcomp, Suback, Unsuback] {
            let mut exchanges = opened(awaiting);
            exchanges.leave(1, !KEPT);
            assert_eq!(state(&exchanges, 1), None);
        }
    }

    #[test]
    fn a_lost_exchange_keeps_its_name_until_its_operation_has_noticed() {
        let mut exchanges = opened(Suback);
        assert!(exchanges.connection_lost(KEPT));
        assert!(exchanges.any_over());
        assert_eq!(exchanges.next_identifier(0), 2);
        exchanges.leave(1, KEPT);
        assert!(!exchanges.any_over());
        assert_eq!(exchanges.next_identifier(0), 1);
    }

    #[test]
    fn a_message_can_be_attended_to_again_if_it_is_the_same_one() {
        let mut exchanges = opened(Puback);
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
            exchanges.open(identifier, Puback, false).unwrap();
        }
        assert_eq!(exchanges.open(99, Puback, false), Err(Error::TooManyInFlight));
    }
}
