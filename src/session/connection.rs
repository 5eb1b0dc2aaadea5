//! The connection: whether a packet is half written, and the keep alive interval (MQTT 3.1.1, 3.1.2.10), for PINGREQ in time,
//! and no waiting for a broker that is not there.
//!
//! The client promises to send something in every period. A quarter of the period is the longest that a read may
//! block; half a period after the last packet sent, PINGREQ is due; half a period after that without a byte from the
//! broker, the connection is lost.

use crate::Error;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// PINGREQ.
    Ping,
    /// To give the connection up.
    GiveUp,
}

/// One connection of a session's: 8 bytes.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// In milliseconds of a clock that may wrap around, up to two earlier: when the last packet was sent or, if it is an odd
    /// number, when the PINGREQ was sent that has not been answered.
    since: u32,
    /// The keep alive interval in seconds; 0 for none.
    keep_alive: u16,
    /// A packet has begun to be written and its end has not been seen.
    writing: bool,
    number: u8,
}

impl Connection {
    const PINGED: u32 = 1;

    /// The first one, without keep alive.
    pub const fn new() -> Self {
        Connection { since: 0, keep_alive: 0, writing: false, number: 0 }
    }

    /// Becomes the one after it.
    pub fn end(&mut self) {
        *self = Connection { number: self.number.wrapping_add(1), ..Connection::new() };
    }

    /// Tells connections apart, so that an operation notices that the one it began on is gone.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Notes that the broker has accepted it, with a keep alive interval of so many seconds; 0 for none. CONNECT was the last
    /// packet sent.
    pub fn accepted(&mut self, keep_alive: u16) {
        self.keep_alive = keep_alive;
    }

    /// Notes that a packet begins. Fails when the packet before was cut off: the broker would take these bytes for the
    /// rest of that one.
    pub fn begin_writing(&mut self) -> Result<(), Error> {
        if core::mem::replace(&mut self.writing, true) { Err(Error::Desynchronised) } else { Ok(()) }
    }

    /// Fails when a packet was cut off: what the broker has sent since is not worth reading, for it cannot be answered.
    pub fn check_writing(&self) -> Result<(), Error> {
        if self.writing { Err(Error::Desynchronised) } else { Ok(()) }
    }

    /// Notes that the packet is written whole, at `now` in milliseconds; `ping` when it was PINGREQ.
    pub fn end_writing(&mut self, now: u32, ping: bool) {
        self.writing = false;
        if self.since & Self::PINGED == 0 {
            self.since = (now & !Self::PINGED).wrapping_sub(ping.into());
        }
    }

    /// Notes that something was received: whatever it is, the broker is there.
    pub fn received(&mut self) {
        self.since &= !Self::PINGED;
    }

    /// What is due at `now`.
    pub fn due(&self, now: u32) -> Due {
        let half = u32::from(self.keep_alive) * 500;
        match self.since & Self::PINGED {
            _ if half == 0 || now.wrapping_sub(self.since) < half => Due::Nothing,
            Self::PINGED => Due::GiveUp,
            _ => Due::Ping,
        }
    }

    /// The interval, in milliseconds; 0 for none.
    pub fn period(&self) -> u32 {
        u32::from(self.keep_alive) * 1000
    }

    /// How long a read may block, in milliseconds; 0 for as long as it likes.
    pub fn patience(&self) -> u32 {
        u32::from(self.keep_alive) * 250
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(now: u32) -> Connection {
        let mut connection = Connection::new();
        connection.end_writing(now, false);
        connection.accepted(60);
        connection
    }

    #[test]
    fn without_a_period_nothing_is_ever_due() {
        let mut connection = Connection::new();
        connection.end_writing(0, true);
        assert_eq!(connection.due(u32::MAX / 2), Due::Nothing);
        assert_eq!(connection.patience(), 0);
    }

    #[test]
    fn a_ping_is_due_after_half_a_period_of_silence() {
        let mut connection = started(0);
        assert_eq!(connection.due(29_999), Due::Nothing);
        assert_eq!(connection.due(30_000), Due::Ping);
        connection.end_writing(20_000, false);
        assert_eq!(connection.due(30_000), Due::Nothing);
    }

    #[test]
    fn the_connection_is_given_up_half_a_period_after_an_unanswered_ping() {
        let mut connection = started(0);
        connection.end_writing(30_001, true);
        assert_eq!(connection.due(59_998), Due::Nothing);
        assert_eq!(connection.due(60_001), Due::GiveUp);
        connection.received();
        assert_eq!(connection.due(60_001), Due::Ping);
    }

    #[test]
    fn sending_does_not_hide_that_nothing_comes_back() {
        let mut connection = started(0);
        connection.end_writing(30_000, true);
        connection.end_writing(50_000, false);
        connection.end_writing(55_000, true);
        assert_eq!(connection.due(60_000), Due::GiveUp);
    }

    #[test]
    fn the_clock_may_wrap_around() {
        let mut connection = started(u32::MAX - 9_999);
        assert_eq!(connection.due(19_999), Due::Nothing);
        assert_eq!(connection.due(20_000), Due::Ping);
        connection.end_writing(20_000, true);
        assert_eq!(connection.due(50_000), Due::GiveUp);
    }
}
