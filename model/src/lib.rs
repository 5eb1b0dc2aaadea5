//! The engine against a model broker, both ends in memory, on a clock that only the model moves.
//!
//! A *schedule* is one random run: an application that publishes, waits, checks, subscribes and retries; callbacks that
//! call the client again; a network that delays, splits and loses; a broker that keeps its session or forgets it. A
//! seed decides all of it, so a run that goes wrong can be had again: `UMQTT_MODEL_SEED=1234 cargo test`.
//!
//! | | |
//! |---|---|
//! | [`packet`] | what travels: a strict reader and a writer of its own, so that the engine's do not judge themselves |
//! | [`broker`] | one client's broker: session, messages both ways, and what it notices of the client's conduct |
//! | [`network`] | the connection between them, and the clock |
//! | [`client`] | what the C shim is to the engine, in Rust |
//! | [`application`] | what a program does with the client, at random |
//! | [`schedule`] | one run from its seed, and the verdict on it |
//!
//! The rules that are watched are the [`Rule`]s; every breach of one is recorded and the run goes on.

pub mod application;
pub mod broker;
pub mod client;
pub mod network;
pub mod packet;
pub mod random;
pub mod schedule;

/// What has to hold in every schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Every packet is one that the specification allows a client to send, in its place.
    WellFormed,
    /// A message at QoS 1 whose publish succeeded, or whose session was kept to the end, has arrived.
    AtLeastOnce,
    /// A message at QoS 2 has arrived once, as long as its session was kept.
    ExactlyOnce,
    /// Messages of one topic and quality of service arrive in the order in which they were published.
    Order,
    /// What is sent again is sent in the order in which it was sent first, before anything new.
    ResendOrder,
    /// What is sent again says so, keeps its identifier, and is not sent again once it was released.
    Resend,
    /// PUBACK, PUBREC and PUBREL come in the order of what they answer.
    AcknowledgementOrder,
    /// A packet identifier names one exchange at a time.
    Identifier,
    /// A call ends within its time.
    TimeLimit,
    /// A client that is called often enough lets no keep alive interval pass in silence, and gives a silent broker up.
    KeepAlive,
    /// Whoever waits for an acknowledgement is not left waiting by a broker that has sent it.
    Deadlock,
    /// A message goes to the callback as its quality of service says.
    Delivery,
}

/// A breach of a rule.
#[derive(Clone, Debug)]
pub struct Breach {
    /// Which rule.
    pub rule: Rule,
    /// What happened.
    pub what: String,
}
