//! What a client on a board does while its heap is in pieces: there is memory, but no free block is larger than so many bytes.
//!
//! Each operation either works or raises `MemoryError`. After that, with the heap whole again, the client must go on, on
//! its connection or after a new connect(False), and a message above QoS 0 that was not delivered must come again.

use crate::{
    LIMIT,
    broker::{Broker, PORT},
    fault::{campaign::Library, stage::Stage, verdict::Ending},
};
use anyhow::{Result, ensure};
use std::{fmt, time::Duration};

/// The largest free blocks, in bytes.
pub const LARGEST: [usize; 3] = [512, 256, 128];

/// What is tried: the name in `fragmented.py`, and in the table.
pub const OPERATIONS: [(&str, &str); 12] = [
    ("connect", "connect"),
    ("publish 0", "publish at QoS 0"),
    ("publish 1", "publish at QoS 1"),
    ("publish 2", "publish at QoS 2"),
    ("subscribe", "subscribe"),
    ("receive small", "receive 16 bytes at QoS 1"),
    ("receive medium", "receive 200 bytes"),
    ("receive large", "receive 600 bytes"),
    ("chunks", "receive 600 bytes by set_chunk_callback()"),
    ("ping", "ping"),
    ("check_msg", "check_msg, nothing there"),
    ("robust", "reconnect(), of umqtt.robust"),
];

/// How the operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As ever.
    Works,
    /// With MemoryError.
    MemoryError,
    /// With another exception.
    Raises,
    /// It did not.
    Hangs,
    /// The library does not know it.
    Unknown,
}

/// What came after it, the heap being whole again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It went on, on the same connection.
    Goes,
    /// It went on, on a new connection.
    Reconnects,
    /// The callback got what nobody had sent.
    Corrupt,
    /// It did not go on, or the message did not come.
    Stuck,
}

/// How long the Python library may take, which gets stuck or is done at once.
const REFERENCE_LIMIT: Duration = Duration::from_secs(10);

/// Both, and all that was printed.
pub struct Tried {
    /// How the operation ended.
    pub outcome: Outcome,
    /// What came after it.
    pub after: After,
    /// For whoever wants to know more.
    pub story: String,
}

impl Tried {
    /// Whether that is as it must be.
    pub fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Works | Outcome::MemoryError)
            && matches!(self.after, After::Goes | After::Reconnects)
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.outcome {
            Outcome::Works => "works",
            Outcome::MemoryError => "MemoryError",
            Outcome::Raises => "another exception",
            Outcome::Hangs => return f.write_str("hangs"),
            Outcome::Unknown => return f.write_str("-"),
        })?;
        f.write_str(match (self.outcome, self.after) {
            (Outcome::Works, After::Goes) => "",
            (_, After::Goes) => ", goes on",
            (_, After::Reconnects) => ", reconnects",
            (_, After::Corrupt) => ", then corrupt",
            (_, After::Stuck) => ", then stuck",
        })
    }
}

/// Has a client on this stage, a board, do one of the [`OPERATIONS`] while its largest free block has so many bytes.
/// `name` is a client identifier that nobody else has.
pub fn attempt(stage: &mut Stage, broker: &Broker, name: &str, largest: usize, operation: &str) -> Result<Tried> {
    let (timeout, limit) = match stage.library() {
        Library::Ours => ("5", LIMIT),
        Library::Reference => ("None", REFERENCE_LIMIT),
    };
    let settings = format!(
        "name, host, port, timeout, largest, operation = '{name}', '{}', {PORT}, {timeout}, {largest}, '{operation}'\n",
        broker.address()
    );
    let (ending, printed) = stage.play(&(settings + include_str!("fragmented.py")), limit)?;
    let story = format!("{operation}, {largest} bytes: {ending:?}\n{}", printed.join("\n"));
    let value = |name: &str| printed.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    if let Some(size) = value("largest") {
        let size: usize = size.parse()?;
        ensure!(size <= largest && size + 64 > largest, "the heap is in other pieces: {size} bytes in {story}");
    }
    let outcome = match (value("outcome"), &ending) {
        (Some("works"), _) => Outcome::Works,
        (Some("MemoryError"), _) => Outcome::MemoryError,
        (Some("AssertionError"), _) => Outcome::Unknown,
        (None, Ending::Badly(traceback)) if traceback.contains("set_chunk_callback") => Outcome::Unknown,
        (None, Ending::Hung) => Outcome::Hangs,
        _ => Outcome::Raises,
    };
    let after = if value("corrupt").is_some_and(|count| count != "0") {
        After::Corrupt
    } else if ending != Ending::Well || printed.last().is_none_or(|line| line != "alive") {
        After::Stuck
    } else if printed.iter().any(|line| line == "closed") {
        After::Reconnects
    } else {
        After::Goes
    };
    Ok(Tried { outcome, after, story })
}
