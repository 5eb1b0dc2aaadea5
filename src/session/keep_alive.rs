//! The keep alive interval (MQTT 3.1.1, 3.1.2.10): PINGREQ in time, and no waiting for a broker that is not there.
//!
//! The client promises to send something in every period. A quarter of the period is the longest that a read may
//! block; half a period after the last packet sent, PINGREQ is due; half a period after that without a byte from the
//! broker, the connection is lost.

use super::Moment;

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

/// When something was sent and asked for last, in milliseconds of a clock that may wrap around.
#[derive(Clone, Debug, Default)]
pub struct KeepAlive {
    /// Milliseconds; 0 for no keep alive.
    period: u32,
    sent: u32,
    /// When the PINGREQ was sent that has not been answered.
    pinged: Option<Moment>,
}

impl KeepAlive {
    /// None.
    pub const fn new() -> Self {
        KeepAlive { period: 0, sent: 0, pinged: None }
    }

    /// Starts when a connection is accepted, whose period is `seconds`; 0 for none. CONNECT was the last packet sent.
    pub fn start(&mut self, seconds: u16) {
        self.period = u32::from(seconds) * 1000;
    }

    /// Notes that a packet was sent; `ping` when it was PINGREQ.
    pub fn sent(&mut self, now: u32, ping: bool) {
        self.sent = now;
        if ping && self.pinged.is_none() {
            self.pinged = Some(Moment::of(now));
        }
    }

    /// Notes that something was received: whatever it is, the broker is there.
    pub fn received(&mut self) {
        self.pinged = None;
    }

    /// What is due at `now`.
    pub fn due(&self, now: u32) -> Due {
        let half = self.period / 2;
        match self.pinged {
            _ if self.period == 0 => Due::Nothing,
            Some(pinged) if now.wrapping_sub(pinged.milliseconds()) >= half => Due::GiveUp,
            None if now.wrapping_sub(self.sent) >= half => Due::Ping,
            _ => Due::Nothing,
        }
    }

    /// The interval, in milliseconds; 0 for none.
    pub fn period(&self) -> u32 {
        self.period
    }

    /// How long a read may block, in milliseconds; 0 for as long as it likes.
    pub fn patience(&self) -> u32 {
        self.period / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(now: u32) -> KeepAlive {
        let mut keep_alive = KeepAlive::new();
        keep_alive.sent(now, false);
        keep_alive.start(60);
        keep_alive
    }

    #[test]
    fn without_a_period_nothing_is_ever_due() {
        let mut keep_alive = KeepAlive::new();
        keep_alive.sent(0, true);
        assert_eq!(keep_alive.due(u32::MAX / 2), Due::Nothing);
        assert_eq!(keep_alive.patience(), 0);
    }

    #[test]
    fn a_ping_is_due_after_half_a_period_of_silence() {
        let mut keep_alive = started(0);
        assert_eq!(keep_alive.due(29_999), Due::Nothing);
        assert_eq!(keep_alive.due(30_000), Due::Ping);
        keep_alive.sent(20_000, false);
        assert_eq!(keep_alive.due(30_000), Due::Nothing);
    }

    #[test]
    fn the_connection_is_given_up_half_a_period_after_an_unanswered_ping() {
        let mut keep_alive = started(0);
        keep_alive.sent(30_001, true);
        assert_eq!(keep_alive.due(60_000), Due::Nothing);
        assert_eq!(keep_alive.due(60_001), Due::GiveUp);
        keep_alive.received();
        assert_eq!(keep_alive.due(60_001), Due::Ping);
    }

    #[test]
    fn sending_does_not_hide_that_nothing_comes_back() {
        let mut keep_alive = started(0);
        keep_alive.sent(30_000, true);
        keep_alive.sent(50_000, false);
        keep_alive.sent(55_000, true);
        assert_eq!(keep_alive.due(60_000), Due::GiveUp);
    }

    #[test]
    fn the_clock_may_wrap_around() {
        let mut keep_alive = started(u32::MAX - 9_999);
        assert_eq!(keep_alive.due(19_999), Due::Nothing);
        assert_eq!(keep_alive.due(20_000), Due::Ping);
        keep_alive.sent(20_000, true);
        assert_eq!(keep_alive.due(50_000), Due::GiveUp);
    }
}
