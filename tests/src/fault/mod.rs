//! What can go wrong on the way between client and broker, at every byte, and what must hold all the same.
//!
//! A *case* is one session of a real interpreter with a real broker and one [`Fault`] between them, made by a [`proxy`].
//! The interpreter is a process or a virtual ESP8266 ([`stage`]). The session (`session.py`) connects with a will, subscribes, publishes at every quality of service to itself, pings and
//! disconnects; what the connection loses, it does again on a new one, as a program would. Everybody's view of it (the
//! script's output, the proxy's record, what an [`observer`] got from the broker) is put together in [`verdict`]. A
//! [`campaign`] runs all cases, many at a time.

pub mod campaign;
pub mod observer;
pub mod proxy;
pub mod stage;
pub mod verdict;

use std::fmt;

/// Where bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    ToBroker,
    /// From the broker.
    ToClient,
}

/// What happens at one byte of the first connection, before that byte passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Both ends find the connection closed (FIN).
    Cut,
    /// Both ends find the connection reset (RST).
    Reset,
    /// The receiver of this direction finds it closed; the other direction stays.
    HalfClose,
    /// Nothing passes in this direction any more; the other one stays. When the client gives up, the broker learns it.
    Stall,
    /// Nothing passes in either direction any more, and the broker never learns that the client gave up.
    Blackhole,
    /// Everything waits for a while.
    Delay,
    /// The client's Wi-Fi goes away, and comes back once the client has noticed. The broker never learns of it.
    WifiLoss,
}

/// What happens to one packet of the first connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It does not arrive.
    Drop,
    /// It arrives twice.
    Duplicate,
}

/// How the first connection carries its bytes from beginning to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As they come.
    Plain,
    /// Each byte by itself.
    Split,
    /// As many at once as come before there is a pause.
    Coalesce,
    /// Each byte by itself, with a pause after it.
    Throttle,
}

/// What is wrong with the first connection of a session. Later ones are sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// At the byte `offset` of `direction`.
    At {
        /// What happens.
        what: Break,
        /// In which of the two streams.
        direction: Direction,
        /// How many bytes of that stream pass before.
        offset: usize,
    },
    /// To the packet number `index` of `direction`, counted from 0.
    Packet {
        /// What happens.
        what: Mishap,
        /// In which of the two streams.
        direction: Direction,
        /// How many packets of that stream pass before.
        index: usize,
    },
    /// To all of it.
    Whole(Manner),
}

/// How much passes in each direction when nothing is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes and packets to the broker.
    pub to_broker: (usize, usize),
    /// Bytes and packets to the client.
    pub to_client: (usize, usize),
}

const BREAKS: [Break; 6] = [Break::Cut, Break::Reset, Break::HalfClose, Break::Stall, Break::Blackhole, Break::Delay];

impl Fault {
    /// Every fault that a session of that extent can have: each break at each byte, each mishap to each packet.
    pub fn all(extent: Extent) -> Vec<Fault> {
        let mut all: Vec<_> =
            [Manner::Plain, Manner::Split, Manner::Coalesce, Manner::Throttle].map(Fault::Whole).to_vec();
        for (direction, (bytes, packets)) in
            [(Direction::ToBroker, extent.to_broker), (Direction::ToClient, extent.to_client)]
        {
            for what in [Mishap::Drop, Mishap::Duplicate] {
                all.extend((0..packets).map(|index| Fault::Packet { what, direction, index }));
            }
            for what in BREAKS {
                all.extend((0..bytes).map(|offset| Fault::At { what, direction, offset }));
            }
        }
        all
    }

    /// Each loss of the Wi-Fi that a session of that extent can have, on a board that has one.
    pub fn losses_of_wifi(extent: Extent) -> Vec<Fault> {
        let loss = |direction| move |offset| Fault::At { what: Break::WifiLoss, direction, offset };
        let to_broker = (0..extent.to_broker.0).map(loss(Direction::ToBroker));
        to_broker.chain((0..extent.to_client.0).map(loss(Direction::ToClient))).collect()
    }

    /// Its name without the place, by which results are counted.
    pub fn kind(self) -> &'static str {
        match self {
            Fault::At { what, .. } => match what {
                Break::Cut => "cut",
                Break::Reset => "reset",
                Break::HalfClose => "half-close",
                Break::Stall => "stall",
                Break::Blackhole => "blackhole",
                Break::Delay => "delay",
                Break::WifiLoss => "wifi-loss",
            },
            Fault::Packet { what: Mishap::Drop, .. } => "drop",
            Fault::Packet { what: Mishap::Duplicate, .. } => "duplicate",
            Fault::Whole(Manner::Plain) => "none",
            Fault::Whole(Manner::Split) => "split",
            Fault::Whole(Manner::Coalesce) => "coalesce",
            Fault::Whole(Manner::Throttle) => "throttle",
        }
    }

    /// Whether every byte still arrives, only at another time: then nobody may notice anything.
    pub fn is_harmless(self) -> bool {
        matches!(self, Fault::Whole(_) | Fault::At { what: Break::Delay, .. })
    }

    /// Whether the client can only notice it by waiting in vain.
    pub fn is_silent(self) -> bool {
        matches!(
            self,
            Fault::At { what: Break::Stall | Break::Blackhole, .. } | Fault::Packet { what: Mishap::Drop, .. }
        )
    }

    /// Whether the broker may hear of a connection's end only after the client has come again: a RST may be overtaken, and a
    /// client that waits in vain leaves when it likes.
    pub fn may_be_taken_over(self) -> bool {
        self.is_silent() || matches!(self, Fault::At { what: Break::Reset, .. })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = |direction| match direction {
            Direction::ToBroker => ">",
            Direction::ToClient => "<",
        };
        match *self {
            Fault::At { direction, offset, .. } => write!(f, "{} {} byte {offset}", self.kind(), way(direction)),
            Fault::Packet { direction, index, .. } => write!(f, "{} {} packet {index}", self.kind(), way(direction)),
            Fault::Whole(_) => f.write_str(self.kind()),
        }
    }
}
