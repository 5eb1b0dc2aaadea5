//! An MQTT 3.1.1 client engine: `no_std`, no allocation, sans-I/O.
//!
//! The engine reads no socket, no clock and no heap. Its caller asks an [`operation`] what it wants next (send its
//! packet, read some bytes, deliver a message, wait), does that, and reports what came of it. The layers, each of which
//! knows only those to its left:
//!
//! ```text
//! wire  <-  session  <-  operation  <-  ffi  <-  (C: mpy_module)
//! bytes     state        what to do     the only unsafe code
//! ```
//!
//! Nothing here panics, whatever arrives: bytes are taken through checked access only.
#![no_std]
#![deny(missing_docs)]

pub mod ffi;
#[forbid(unsafe_code)]
pub mod operation;
#[forbid(unsafe_code)]
pub mod session;
#[forbid(unsafe_code)]
pub mod wire;

/// Whether QoS 2 is part of this build.
pub const QOS_2: bool = cfg!(feature = "qos2");

/// What goes wrong, as the caller has to tell it to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no connection, or the one this operation used is gone.
    NotConnected,
    /// The broker closed the connection.
    PeerClosed,
    /// The broker broke the protocol, so the connection must be closed without DISCONNECT (MQTT-4.8.0-1).
    Malformed,
    /// An earlier packet was cut off while it was written: what follows would be read as the rest of it.
    Desynchronised,
    /// The broker answered CONNECT with this return code (MQTT 3.1.1, table 3.1).
    ConnectRefused(u8),
    /// The broker refused a subscription: SUBACK return code 0x80.
    SubscribeRefused,
    /// The caller's time limit is over.
    TimedOut,
    /// The broker has not been heard of for half a keep alive interval after it was asked to answer.
    BrokerSilent,
    /// The heap cannot hold the message that is arriving. Its bytes will be skipped.
    OutOfMemory,
    /// As many exchanges as the session can hold are waiting for their acknowledgement.
    TooManyInFlight,
    /// The broker has more QoS 2 messages unreleased than the session can remember: the connection must be closed, for
    /// whatever is done with the next one, it would be lost or come twice (MQTT-4.8.0-2).
    TooManyUnreleased,
    /// What the caller gave cannot be sent.
    Argument(ArgumentError),
}

/// Why an argument cannot be sent. Found before anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentError {
    /// A topic name or topic filter without a character (MQTT-4.7.3-1).
    EmptyTopic,
    /// A topic name with `+` or `#` (MQTT-3.3.2-2).
    WildcardInTopic,
    /// A topic filter whose `+` or `#` is misplaced (MQTT-4.7.1-2, MQTT-4.7.1-3).
    MisplacedWildcard,
    /// A string that is not UTF-8 (MQTT-1.5.3-1) or holds U+0000 (MQTT-1.5.3-2).
    IllFormedText,
    /// A string or binary field of more than 65,535 bytes (MQTT-4.7.3-3).
    FieldTooLong,
    /// A packet of more than 268,435,455 bytes after its fixed header.
    PacketTooLong,
    /// QoS 2 in a build without it, see [`QOS_2`].
    Qos2Missing,
    /// An empty client identifier without clean session (MQTT-3.1.3-7).
    ClientIdMissing,
}

impl From<ArgumentError> for Error {
    fn from(error: ArgumentError) -> Self {
        Error::Argument(error)
    }
}

#[cfg(feature = "embedded")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
