//! Messages that come faster than they are read.

use crate::{broker::Broker, mosquitto};
use anyhow::Result;

/// Of the client that gets ten thousand: it says `subscribed`, and at the end what it got.
pub const SCRIPT: &str = include_str!("flood.py");
/// What it prints when it got everything: QoS 1 at least once, QoS 2 exactly once.
pub const NONE_LOST: &str = "True 1000";

/// Of a client that answers 90 messages of its own, each within the callback.
pub const ANSWERED: &str = include_str!("flood_answered.py");
/// What it prints when both its connections are new ones, the messages came in order, and no callback within another.
pub const ANSWERED_IN_ORDER: [&str; 3] = ["0", "0", "True 1"];

/// Publishes the ten thousand, as fast as the broker takes them.
pub fn publish(broker: &Broker) -> Result<()> {
    for (qos, count) in [("1", "9000"), ("2", "1000")] {
        mosquitto::publish(broker, &["-q", qos, "-t", "flood", "-m", qos, "--repeat", count])?;
    }
    Ok(())
}
