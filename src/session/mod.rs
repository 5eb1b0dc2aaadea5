//! What has to be remembered between two calls: where the incoming bytes stand, and which exchanges are open.
//!
//! A [`Session`] is plain data of a fixed size. Its owner keeps it beside the socket that it describes, and
//! [resets](Session::reset) it when that socket is replaced or closed.

mod exchange;

pub use exchange::{Awaiting, Exchanges, IN_FLIGHT_MAX};

use crate::wire::Decoder;
use crate::{Error, wire::PacketType};
use heapless::Vec;

/// How many QoS 2 messages may be between PUBREC and PUBREL at once. Brokers keep 10 to 20 in flight.
pub const RECEIVING_MAX: usize = 20;

/// One client's state.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where the incoming bytes stand.
    pub decoder: Decoder,
    /// What was sent and waits for its acknowledgement.
    pub exchanges: Exchanges,
    /// Identifiers of the QoS 2 messages that were delivered and not yet released.
    receiving: Vec<u16, RECEIVING_MAX, u8>,
    /// A packet has begun to be written and its end has not been seen.
    writing: bool,
    /// Exchanges that were open when their connection went, and whose operations have not noticed yet.
    interrupted: u8,
    /// Counts connections, so that an operation notices that the one it began on is gone.
    generation: u8,
    /// How long an operation may take, in milliseconds; 0 for as long as it likes.
    time_limit: u32,
}

impl Default for Session {
    fn default() -> Self {
        Session::new()
    }
}

impl Session {
    /// The session of a socket that is connected.
    pub const fn new() -> Self {
        Session {
            decoder: Decoder::new(false),
            exchanges: Exchanges::new(),
            receiving: Vec::new(),
            writing: false,
            interrupted: 0,
            generation: 0,
            time_limit: 0,
        }
    }

    /// Forgets the connection; the next one begins with CONNACK if `awaits_connack`.
    /// Operations that began before will find themselves [not connected](Error::NotConnected).
    pub fn reset(&mut self, awaits_connack: bool) {
        self.interrupted = self.interrupted.saturating_add(self.exchanges.count());
        self.decoder = Decoder::new(awaits_connack);
        self.exchanges = Exchanges::new();
        self.receiving.clear();
        self.writing = false;
        self.generation = self.generation.wrapping_add(1);
    }

    /// Tells connections apart.
    pub fn generation(&self) -> u8 {
        self.generation
    }

    /// Ends an exchange, whatever came of it, that was opened on the connection of that generation.
    pub fn end_exchange(&mut self, generation: u8, identifier: u16) {
        if generation == self.generation {
            self.exchanges.close(identifier);
        } else {
            self.interrupted = self.interrupted.saturating_sub(1);
        }
    }

    /// Whether an operation that is under way has lost its connection and does not know it yet. Who waits now must
    /// not, for that operation's sake: nothing may come on the new connection until it has acted.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted != 0
    }

    /// Limits the time of each operation to so many milliseconds; 0 for no limit.
    pub fn set_time_limit(&mut self, milliseconds: u32) {
        self.time_limit = milliseconds;
    }

    /// Whether an operation that began at `started` has used up its time at `now`, both in milliseconds of a clock
    /// that may wrap around.
    pub fn is_over(&self, started: u32, now: u32) -> bool {
        self.time_limit != 0 && now.wrapping_sub(started) > self.time_limit
    }

    /// Notes that a packet begins. Fails when the packet before was cut off: the broker would take these bytes for the
    /// rest of that one.
    pub fn begin_writing(&mut self) -> Result<(), Error> {
        if core::mem::replace(&mut self.writing, true) { Err(Error::Desynchronised) } else { Ok(()) }
    }

    /// Notes that the packet is written whole.
    pub fn end_writing(&mut self) {
        self.writing = false;
    }

    /// Whether a QoS 2 message with this identifier is a new one, to be delivered, and not one that was delivered
    /// already (MQTT-4.3.3-2). Fails when the broker has more of them open than the session can remember.
    pub fn is_new(&self, identifier: u16) -> Result<bool, Error> {
        if self.receiving.contains(&identifier) {
            return Ok(false);
        }
        if self.receiving.is_full() { Err(Error::TooManyInFlight) } else { Ok(true) }
    }

    /// Notes that a QoS 2 message was delivered, until the broker releases its identifier.
    pub fn delivered(&mut self, identifier: u16) -> Result<(), Error> {
        if self.receiving.contains(&identifier) {
            return Ok(());
        }
        self.receiving.push(identifier).map_err(|_| Error::TooManyInFlight)
    }

    /// The answer that an acknowledgement demands, after noting it.
    pub fn acknowledged(&mut self, packet_type: PacketType, identifier: u16, return_code: u8) -> Option<PacketType> {
        if packet_type == PacketType::PUBREL {
            self.receiving.retain(|&open| open != identifier);
            return Some(PacketType::PUBCOMP);
        }
        self.exchanges.acknowledged(packet_type, identifier, return_code);
        // Stray or not: only PUBREL lets the broker forget the identifier.
        (packet_type == PacketType::PUBREC).then_some(PacketType::PUBREL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_packet_ends_the_connections_use() {
        let mut session = Session::new();
        assert_eq!(session.begin_writing(), Ok(()));
        assert_eq!(session.begin_writing(), Err(Error::Desynchronised));
        session.reset(true);
        assert_eq!(session.begin_writing(), Ok(()));
        session.end_writing();
        assert_eq!(session.begin_writing(), Ok(()));
    }

    #[test]
    fn a_qos_2_message_is_new_until_delivered_and_again_after_its_release() {
        let mut session = Session::new();
        assert_eq!(session.is_new(7), Ok(true));
        assert_eq!(session.is_new(7), Ok(true));
        session.delivered(7).unwrap();
        assert_eq!(session.is_new(7), Ok(false));
        assert_eq!(session.acknowledged(PacketType::PUBREL, 7, 0), Some(PacketType::PUBCOMP));
        assert_eq!(session.is_new(7), Ok(true));
    }

    #[test]
    fn a_broker_with_too_many_qos_2_messages_open_is_told_so() {
        let mut session = Session::new();
        for identifier in 1..=RECEIVING_MAX as u16 {
            session.delivered(identifier).unwrap();
        }
        assert_eq!(session.is_new(99), Err(Error::TooManyInFlight));
        assert_eq!(session.is_new(1), Ok(false));
    }

    #[test]
    fn the_time_limit_survives_the_wrap_of_the_clock() {
        let mut session = Session::new();
        assert!(!session.is_over(0, u32::MAX));
        session.set_time_limit(1000);
        assert!(!session.is_over(u32::MAX - 499, 500));
        assert!(session.is_over(u32::MAX - 499, 502));
    }

    #[test]
    fn a_pubrec_is_answered_even_when_it_is_stray() {
        assert_eq!(Session::new().acknowledged(PacketType::PUBREC, 9, 0), Some(PacketType::PUBREL));
    }
}
