//! What has to be remembered between two calls: where the incoming bytes stand, which exchanges are open, and when the
//! broker was last heard of.
//!
//! A [`Session`] is plain data of a fixed size. Its owner keeps it beside the socket, and tells it when a connection
//! [begins](Session::begin) and when it is [lost](Session::lost). What outlives a connection is what MQTT calls session
//! state (MQTT 3.1.1, 4.1): messages that were sent and not acknowledged, and QoS 2 messages that were delivered and not
//! released.

mod arrived;
mod connection;
mod exchange;
mod moment;
mod unreleased;

pub use arrived::Arrived;
pub use connection::{Connection, Due};
pub use exchange::{Awaiting, Exchange, Exchanges, IN_FLIGHT_MAX, LOST, NOTHING, REFUSED};
pub use moment::Moment;
pub use unreleased::{UNRELEASED_RUNS_MAX, Unreleased};

use crate::wire::{Decoder, PacketType};
use crate::{Error, QOS_2};

/// One client's state. In this order: a word that is not farther than 60 bytes is read and written in two bytes of code.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Session {
    /// Where the incoming bytes stand.
    pub decoder: Decoder,
    /// What is known of the connection.
    pub connection: Connection,
    /// The message above QoS 0 that is being delivered; of those within one another, the innermost.
    pub in_hand: Arrived,
    /// When the operation began whose wait is about to be called.
    waiting_since: Option<Moment>,
    /// How long an operation may take, in milliseconds; 0 for as long as it likes.
    time_limit: u32,
    /// What was sent and waits for its acknowledgement.
    pub exchanges: Exchanges,
    /// Whether the session outlives the connection: CONNECT was sent without clean session.
    kept: bool,
    /// Somebody waits for an exchange that is over, and a wait on a new connection may be keeping control from it.
    interrupted: bool,
    /// Identifiers of the QoS 2 messages that were delivered and not yet released.
    unreleased: Unreleased,
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
            decoder: Decoder::new(),
            exchanges: Exchanges::new(),
            connection: Connection::new(),
            in_hand: Arrived::NOTHING,
            unreleased: Unreleased::new(),
            kept: false,
            interrupted: false,
            waiting_since: None,
            time_limit: 0,
        }
    }

    /// A new connection begins. With `clean_session`, what was
    /// remembered is forgotten (MQTT-3.1.2-6).
    pub fn begin(&mut self, clean_session: bool) {
        self.kept &= !clean_session;
        self.lost();
        if clean_session {
            self.exchanges.forget_claims();
        }
        self.kept = !clean_session;
    }

    /// The broker has accepted the connection. When it has no session, there is none here either.
    pub fn accepted(&mut self, session_present: bool) {
        if !session_present {
            self.unreleased.clear();
            self.interrupted = self.exchanges.connection_lost(false);
        }
    }

    /// The connection is gone. Operations that began on it will find themselves [not connected](Error::NotConnected),
    /// except those whose exchange the session keeps.
    pub fn lost(&mut self) {
        self.interrupted = self.exchanges.connection_lost(self.kept);
        if !self.kept {
            self.unreleased.clear();
        }
        self.decoder = Decoder::new();
        self.connection.end();
        self.in_hand = Arrived::NOTHING;
        self.waiting_since = None;
    }

    /// The socket is another one, of which nothing is known but that it is connected.
    pub fn replaced(&mut self) {
        self.kept = false;
        self.time_limit = 0;
        self.lost();
        self.exchanges.forget_claims();
    }

    /// Ends the attendance to an exchange. It stays only if it is a message that the session keeps. True when it had
    /// ended as it should.
    pub fn leave(&mut self, identifier: u16) -> bool {
        let has_ended_well = self.exchanges.leave(identifier, self.kept);
        self.interrupted &= self.exchanges.any_over();
        self.waiting_since = None;
        has_ended_well
    }

    /// Whether the wait that begins must end at once: an operation whose exchange is over does not know it yet, and
    /// nothing may come on the new connection until it has acted. Says so once for each loss, for it may also be another
    /// operation's wait.
    pub fn take_interruption(&mut self) -> bool {
        core::mem::take(&mut self.interrupted)
    }

    /// Notes that the operation that began at `started` is about to wait, or with `None` that it has waited.
    pub fn set_waiting_since(&mut self, started: Option<u32>) {
        self.waiting_since = started.map(Moment::of);
    }

    /// When the operation began for which the wait that begins is called, if it is called for one.
    pub fn take_waiting_since(&mut self) -> Option<u32> {
        self.waiting_since.take().map(Moment::milliseconds)
    }

    /// Whether a wait that begins at `now` has nothing to think of but the packet that comes: no time is limited, nothing is
    /// due, nobody is to be told anything, and nothing is half read or half written. If so, it has begun.
    pub fn take_quiet(&mut self, now: u32) -> bool {
        let quiet = self.time_limit == 0
            && self.connection.check_writing().is_ok()
            && !self.interrupted
            && !self.decoder.is_within_packet()
            && self.connection.due(now) == Due::Nothing;
        if quiet {
            self.waiting_since = None;
        }
        quiet
    }

    /// Whether the session outlives the connection.
    pub fn is_kept(&self) -> bool {
        self.kept
    }

    /// Limits the time of each operation to so many milliseconds; 0 for no limit.
    pub fn set_time_limit(&mut self, milliseconds: u32) {
        self.time_limit = milliseconds;
    }

    /// What is left at `now` of the time of an operation that began at `started`, both in milliseconds of a clock that
    /// may wrap around; `u32::MAX` when there is no limit.
    pub fn time_left(&self, started: u32, now: u32) -> u32 {
        if self.time_limit == 0 { u32::MAX } else { self.time_limit.saturating_sub(now.wrapping_sub(started)) }
    }

    /// How long the socket may take nothing of a packet, in milliseconds: the time limit or, without one, the keep alive
    /// interval; 0 for as long as it waits anyway.
    pub fn write_limit(&self) -> u32 {
        if self.time_limit == 0 { self.connection.period() } else { self.time_limit }
    }

    /// How long a read may block when nothing has been waited for yet, in milliseconds; 0 for as long as it likes.
    pub fn patience(&self) -> u32 {
        // 0 is the longest.
        let less_one = |limit: u32| limit.wrapping_sub(1);
        less_one(self.connection.patience()).min(less_one(self.time_limit)).wrapping_add(1)
    }

    /// Whether a QoS 2 message with this identifier is a new one, to be delivered, and not one that was delivered
    /// already (MQTT-4.3.3-2).
    #[inline(never)]
    pub fn is_new(&self, identifier: u16) -> bool {
        !(QOS_2 && self.unreleased.contains(identifier))
    }

    /// Notes that a QoS 2 message is delivered, until the broker releases its identifier. Fails when the broker has
    /// more of them open than the session can remember.
    pub fn delivered(&mut self, identifier: u16) -> Result<(), Error> {
        self.note(identifier, true)
    }

    /// Notes that the broker has released the identifier of a QoS 2 message, or that its delivery has failed.
    /// Fails when what is left cannot be remembered.
    pub fn released(&mut self, identifier: u16) -> Result<(), Error> {
        self.note(identifier, false)
    }

    #[inline(never)]
    fn note(&mut self, identifier: u16, is_unreleased: bool) -> Result<(), Error> {
        if QOS_2 && self.is_new(identifier) == is_unreleased { self.unreleased.change(identifier) } else { Ok(()) }
    }

    /// Takes the acknowledgement that the decoder has. Gives the type of the packet that answers it, if it demands one.
    /// Fails when it cannot be noted.
    pub fn acknowledged(&mut self) -> Result<Option<PacketType>, Error> {
        let (packet_type, identifier) = (PacketType::of(self.decoder.first_byte()), self.decoder.identifier());
        if QOS_2 && packet_type == PacketType::PUBREL {
            self.released(identifier)?;
            return Ok(Some(PacketType::PUBCOMP));
        }
        self.exchanges.acknowledged(packet_type, identifier, self.decoder.return_code());
        // Stray or not: only PUBREL lets the broker forget the identifier.
        Ok((QOS_2 && packet_type == PacketType::PUBREC).then_some(PacketType::PUBREL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "qos2")]
    use crate::wire::QoS;

    const CLEAN: bool = true;

    #[cfg(feature = "qos2")]
    fn acknowledged(session: &mut Session, packet: &[u8]) -> Result<Option<PacketType>, Error> {
        session.decoder.take_whole(packet)?;
        session.acknowledged()
    }

    #[test]
    fn a_cut_packet_ends_the_connections_use() {
        let mut session = Session::new();
        assert_eq!(session.connection.begin_writing(), Ok(()));
        assert_eq!(session.connection.begin_writing(), Err(Error::Desynchronised));
        session.begin(CLEAN);
        assert_eq!(session.connection.begin_writing(), Ok(()));
        session.connection.end_writing(0, false);
        assert_eq!(session.connection.begin_writing(), Ok(()));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn a_qos_2_message_is_new_until_delivered_and_again_after_its_release() {
        let mut session = Session::new();
        assert!(session.is_new(7));
        assert!(session.is_new(7));
        session.delivered(7).unwrap();
        assert!(!session.is_new(7));
        assert_eq!(acknowledged(&mut session, b"\x62\x02\x00\x07"), Ok(Some(PacketType::PUBCOMP)));
        assert!(session.is_new(7));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn a_kept_session_remembers_what_was_delivered_and_a_lost_one_does_not() {
        let delivered = |present| {
            let mut session = Session::new();
            session.begin(!CLEAN);
            session.accepted(false);
            session.delivered(7).unwrap();
            session.lost();
            session.begin(!CLEAN);
            session.accepted(present);
            !session.is_new(7)
        };
        assert!(delivered(true));
        assert!(!delivered(false));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn a_clean_session_forgets_before_it_begins() {
        let mut session = Session::new();
        session.begin(!CLEAN);
        session.exchanges.open(Exchange::of_message(1, QoS::AtLeastOnce, false)).unwrap();
        session.exchanges.leave(1, session.is_kept());
        session.delivered(7).unwrap();
        session.begin(CLEAN);
        assert_eq!(session.exchanges.find(1), None);
        assert!(session.is_new(7));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn a_broker_with_too_many_qos_2_messages_open_is_told_so() {
        let mut session = Session::new();
        for number in 1..=UNRELEASED_RUNS_MAX as u16 {
            session.delivered(number * 2).unwrap();
        }
        assert_eq!(session.delivered(99), Err(Error::TooManyUnreleased));
        assert!(session.is_new(99) && !session.is_new(2));
    }

    #[test]
    fn the_time_limit_survives_the_wrap_of_the_clock() {
        let mut session = Session::new();
        assert_eq!(session.time_left(0, u32::MAX), u32::MAX);
        session.set_time_limit(1000);
        assert_eq!(session.time_left(u32::MAX - 499, 499), 1);
        assert_eq!(session.time_left(u32::MAX - 499, 500), 0);
        assert_eq!(session.time_left(u32::MAX - 499, 5000), 0);
    }

    #[test]
    fn a_read_blocks_no_longer_than_the_shorter_of_time_limit_and_keep_alive_allows() {
        let mut session = Session::new();
        assert_eq!(session.patience(), 0);
        session.set_time_limit(10_000);
        assert_eq!(session.patience(), 10_000);
        session.connection.accepted(20);
        assert_eq!(session.patience(), 5_000);
        session.set_time_limit(0);
        assert_eq!(session.patience(), 5_000);
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn a_pubrec_is_answered_even_when_it_is_stray() {
        assert_eq!(acknowledged(&mut Session::new(), b"\x50\x02\x00\x09"), Ok(Some(PacketType::PUBREL)));
    }
}
