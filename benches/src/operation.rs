//! What is measured: the operations of `board/measure.py`, at which QoS and with which payloads.

/// The payload at which all that does not depend on it is measured, in bytes.
pub const USUAL_SIZE: usize = 24;
/// The payloads, in bytes. What the heap cannot hold is left out while running.
pub const SIZES: [usize; 9] = [0, USUAL_SIZE, 100, 256, 1024, 4096, 8192, 16384, 32768];

/// One thing that a client does.
#[derive(Debug)]
pub struct Operation {
    /// As the tables call it.
    pub name: &'static str,
    /// Its class in `measure.py`.
    pub class: &'static str,
    /// The quality of service, where there is one.
    pub qos: u8,
    /// Whether it is measured with all [`SIZES`].
    pub has_payload: bool,
}

const fn new(name: &'static str, class: &'static str, qos: u8, has_payload: bool) -> Operation {
    Operation { name, class, qos, has_payload }
}

/// All of them. The last one takes the subjects' subscriptions away.
pub const OPERATIONS: [Operation; 11] = [
    new("publish QoS 0", "Publish", 0, true),
    new("publish QoS 1", "Publish", 1, true),
    new("publish QoS 2", "Publish", 2, true),
    new("receive QoS 0", "Receive", 0, true),
    new("receive QoS 1", "Receive", 1, true),
    new("receive QoS 2", "Receive", 2, true),
    new("check_msg, a message", "Check", 0, false),
    new("check_msg, none", "CheckIdle", 0, false),
    new("ping", "Ping", 0, false),
    new("subscribe", "Subscribe", 0, false),
    new("connect", "Connect", 0, false),
];

impl Operation {
    /// The payloads it is measured with.
    pub fn sizes(&self) -> &'static [usize] {
        if self.has_payload { &SIZES } else { &[USUAL_SIZE] }
    }

    /// How often, so that each takes some seconds.
    pub fn rounds(&self, size: usize) -> usize {
        match size {
            0..=1024 => 15,
            1025..=8192 => 7,
            _ => 5,
        }
    }
}
