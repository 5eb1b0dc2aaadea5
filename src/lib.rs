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
//!
//! Where `#[inline(never)]` stands, it was measured to make the engine smaller on the ESP8266, and no operation slower that
//! comes often (`make firmware`, `make bench`).
#![no_std]
#![deny(missing_docs)]

pub mod ffi;
#[forbid(unsafe_code)]
pub mod operation;
#[forbid(unsafe_code)]
pub mod session;
#[forbid(unsafe_code)]
pub mod wire;

use ffi::umqtt_error_t;

/// Whether QoS 2 is part of this build.
pub const QOS_2: bool = cfg!(feature = "qos2");

/// What goes wrong, as the caller has to tell it to the user. Numbered as in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Error {
    /// There is no connection, or the one this operation used is gone.
    NotConnected = umqtt_error_t::UMQTT_NOT_CONNECTED as isize,
    /// The broker closed the connection.
    PeerClosed = umqtt_error_t::UMQTT_PEER_CLOSED as isize,
    /// The broker broke the protocol, so the connection must be closed without DISCONNECT (MQTT-4.8.0-1).
    Malformed = umqtt_error_t::UMQTT_MALFORMED as isize,
    /// An earlier packet was cut off while it was written: what follows would be read as the rest of it.
    Desynchronised = umqtt_error_t::UMQTT_DESYNCHRONISED as isize,
    /// The broker refused the connection; the [return code](wire::Decoder::return_code) of its CONNACK says why.
    ConnectRefused = umqtt_error_t::UMQTT_CONNECT_REFUSED as isize,
    /// The broker refused a subscription: SUBACK return code 0x80.
    SubscribeRefused = umqtt_error_t::UMQTT_SUBSCRIBE_REFUSED as isize,
    /// The caller's time limit is over.
    TimedOut = umqtt_error_t::UMQTT_TIMED_OUT as isize,
    /// The broker has not been heard of for half a keep alive interval after it was asked to answer.
    BrokerSilent = umqtt_error_t::UMQTT_BROKER_SILENT as isize,
    /// The heap cannot hold the message that is arriving. Its bytes will be skipped.
    OutOfMemory = umqtt_error_t::UMQTT_OUT_OF_MEMORY as isize,
    /// As many exchanges as the session can hold are waiting for their acknowledgement.
    TooManyInFlight = umqtt_error_t::UMQTT_TOO_MANY_IN_FLIGHT as isize,
    /// The broker has more QoS 2 messages unreleased than the session can remember: the connection must be closed, for
    /// whatever is done with the next one, it would be lost or come twice (MQTT-4.8.0-2).
    TooManyUnreleased = umqtt_error_t::UMQTT_TOO_MANY_UNRELEASED as isize,
    // What follows is wrong with what the caller gave, and is found before anything is written.
    /// A topic name or topic filter without a character (MQTT-4.7.3-1).
    EmptyTopic = umqtt_error_t::UMQTT_EMPTY_TOPIC as isize,
    /// A topic name with `+` or `#` (MQTT-3.3.2-2).
    WildcardInTopic = umqtt_error_t::UMQTT_WILDCARD_IN_TOPIC as isize,
    /// A topic filter whose `+` or `#` is misplaced (MQTT-4.7.1-2, MQTT-4.7.1-3).
    MisplacedWildcard = umqtt_error_t::UMQTT_MISPLACED_WILDCARD as isize,
    /// A string that is not UTF-8 (MQTT-1.5.3-1) or holds U+0000 (MQTT-1.5.3-2).
    IllFormedText = umqtt_error_t::UMQTT_ILL_FORMED_TEXT as isize,
    /// A string or binary field of more than 65,535 bytes (MQTT-4.7.3-3).
    FieldTooLong = umqtt_error_t::UMQTT_FIELD_TOO_LONG as isize,
    /// A packet of more than 268,435,455 bytes after its fixed header.
    PacketTooLong = umqtt_error_t::UMQTT_PACKET_TOO_LONG as isize,
    /// QoS 2 in a build without it, see [`QOS_2`].
    Qos2Missing = umqtt_error_t::UMQTT_QOS_2_MISSING as isize,
    /// An empty client identifier without clean session (MQTT-3.1.3-7).
    ClientIdMissing = umqtt_error_t::UMQTT_CLIENT_ID_MISSING as isize,
}

#[cfg(feature = "embedded")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
