//! Packet identifiers, and the exchanges they name, from the packet that opens one to the acknowledgement that ends it
//! (MQTT 3.1.1, 2.3.1 and 4.3).

use crate::{Error, wire::PacketType};
use heapless::Vec;

/// How many exchanges may be open at once. One call opens one, so this is how deep calls from within callbacks nest.
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
}

impl Awaiting {
    /// The state after an acknowledgement: the whole table of transitions. An acknowledgement that the state does not
    /// await changes nothing.
    fn after(self, packet_type: PacketType, return_code: u8) -> Awaiting {
        match (self, packet_type) {
            (Awaiting::Puback, PacketType::PUBACK) => Awaiting::Nothing(0),
            (Awaiting::Pubrec, PacketType::PUBREC) => Awaiting::Pubcomp,
            (Awaiting::Pubcomp, PacketType::PUBCOMP) => Awaiting::Nothing(0),
            (Awaiting::Suback, PacketType::SUBACK) => Awaiting::Nothing(return_code),
            (Awaiting::Unsuback, PacketType::UNSUBACK) => Awaiting::Nothing(0),
            (state, _) => state,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Exchange {
    identifier: u16,
    awaiting: Awaiting,
}

/// The open exchanges.
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

    /// Opens an exchange.
    pub fn open(&mut self, identifier: u16, awaiting: Awaiting) -> Result<(), Error> {
        self.0.push(Exchange { identifier, awaiting }).map_err(|_| Error::TooManyInFlight)
    }

    /// Notes an acknowledgement. One that nobody awaits is ignored.
    pub fn acknowledged(&mut self, packet_type: PacketType, identifier: u16, return_code: u8) {
        for exchange in self.0.iter_mut().filter(|exchange| exchange.identifier == identifier) {
            exchange.awaiting = exchange.awaiting.after(packet_type, return_code);
        }
    }

    /// What the exchange waits for; `None` when there is none of that name.
    pub fn find(&self, identifier: u16) -> Option<Awaiting> {
        self.0.iter().find(|exchange| exchange.identifier == identifier).map(|exchange| exchange.awaiting)
    }

    /// How many are open.
    pub fn count(&self) -> u8 {
        self.0.len() as u8
    }

    /// Ends an exchange: its identifier may be used again.
    pub fn close(&mut self, identifier: u16) {
        self.0.retain(|exchange| exchange.identifier != identifier);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_wrap_past_zero_and_past_those_in_flight() {
        let mut exchanges = Exchanges::new();
        assert_eq!(exchanges.next_identifier(0), 1);
        assert_eq!(exchanges.next_identifier(65_535), 1);
        exchanges.open(1, Awaiting::Puback).unwrap();
        exchanges.open(2, Awaiting::Suback).unwrap();
        assert_eq!(exchanges.next_identifier(65_535), 3);
        exchanges.close(1);
        assert_eq!(exchanges.next_identifier(65_535), 1);
    }

    #[test]
    fn every_state_takes_its_own_acknowledgement_and_no_other() {
        use Awaiting::*;
        let types =
            [PacketType::PUBACK, PacketType::PUBREC, PacketType::PUBCOMP, PacketType::SUBACK, PacketType::UNSUBACK];
        let table = [
            (Puback, [Nothing(0), Puback, Puback, Puback, Puback]),
            (Pubrec, [Pubrec, Pubcomp, Pubrec, Pubrec, Pubrec]),
            (Pubcomp, [Pubcomp, Pubcomp, Nothing(0), Pubcomp, Pubcomp]),
            (Suback, [Suback, Suback, Suback, Nothing(1), Suback]),
            (Unsuback, [Unsuback, Unsuback, Unsuback, Unsuback, Nothing(0)]),
            (Nothing(0x80), [Nothing(0x80); 5]),
        ];
        for (state, after) in table {
            for (packet_type, expected) in types.into_iter().zip(after) {
                assert_eq!(state.after(packet_type, 1), expected, "{state:?} and {packet_type:?}");
            }
        }
    }

    #[test]
    fn an_acknowledgement_finds_its_own_exchange() {
        let mut exchanges = Exchanges::new();
        exchanges.open(1, Awaiting::Puback).unwrap();
        exchanges.open(2, Awaiting::Puback).unwrap();
        exchanges.acknowledged(PacketType::PUBACK, 2, 0);
        exchanges.acknowledged(PacketType::PUBACK, 77, 0);
        assert_eq!(exchanges.find(1), Some(Awaiting::Puback));
        assert_eq!(exchanges.find(2), Some(Awaiting::Nothing(0)));
    }

    #[test]
    fn a_full_table_says_so() {
        let mut exchanges = Exchanges::new();
        for identifier in 1..=IN_FLIGHT_MAX as u16 {
            exchanges.open(identifier, Awaiting::Puback).unwrap();
        }
        assert_eq!(exchanges.open(99, Awaiting::Puback), Err(Error::TooManyInFlight));
    }
}
