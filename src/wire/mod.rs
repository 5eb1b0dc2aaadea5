//! MQTT 3.1.1 control packets as bytes.
//!
//! An [`Outgoing`] packet is a few numbers, and can be [gathered](Gather) from any byte on, so a partial write is resumed by
//! asking for the rest. Incoming bytes go
//! through the [`Decoder`], which says how many bytes it wants and where they belong, and which accepts no more than
//! the specification does.

mod caller;
mod decoder;
mod gather;
mod outgoing;
mod packet_type;

pub use caller::{check_text, check_topic_filter, check_topic_name};
pub use decoder::{Decoder, GIVEN_UP, NO_PACKET, Packet, Target, Want};
pub use gather::{Gather, Lookup, Slot, Strings};
pub use outgoing::{Connect, Outgoing, Publish, Subscribe, Unsubscribe, Will};
pub use packet_type::PacketType;

/// The largest remaining length that the fixed header can express, in bytes (MQTT 3.1.1, 2.2.3).
pub const REMAINING_LENGTH_MAX: u32 = 268_435_455;

/// The largest string or binary field, in bytes (MQTT 3.1.1, 1.5.3).
pub const FIELD_MAX: usize = 65_535;

/// The return code of SUBACK that refuses (MQTT 3.1.1, 3.9.3).
pub const SUBSCRIBE_FAILURE: u8 = 0x80;

/// The quality of service of a message (MQTT 3.1.1, 4.3). Held as its number, so that nothing has to be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QoS(u32);

#[allow(non_upper_case_globals)]
impl QoS {
    /// No acknowledgement: the message arrives once or not at all.
    pub const AtMostOnce: QoS = QoS(0);
    /// Acknowledged with PUBACK: the message arrives once or more.
    pub const AtLeastOnce: QoS = QoS(1);
    /// Acknowledged with PUBREC, PUBREL and PUBCOMP: the message arrives exactly once.
    pub const ExactlyOnce: QoS = QoS(2);
}

impl QoS {
    /// The quality of service with this number, if there is one.
    pub const fn from_number(number: u8) -> Option<QoS> {
        if number <= 2 { Some(QoS(number as u32)) } else { None }
    }

    /// The quality of service with this number, of which the two lowest bits count; 3 is none, and its caller's fault.
    pub const fn of_bits(number: u8) -> QoS {
        QoS(number as u32 & 0b11)
    }

    /// That of a PUBLISH with this first byte.
    pub const fn of(first_byte: u8) -> QoS {
        QoS::of_bits(first_byte >> 1)
    }

    /// What a PUBLISH says of it in its first byte, and of whether the message is to be retained (MQTT 3.1.1, 3.3.1).
    pub const fn flags(self, retain: bool) -> u8 {
        self.number() << 1 | retain as u8
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0 as u8
    }

    /// The type of the packet that acknowledges a message first, above QoS 0.
    pub const fn acknowledgement(self) -> PacketType {
        if self.is_exactly_once() { PacketType::PUBREC } else { PacketType::PUBACK }
    }

    /// Whether it is QoS 2; never in a build without it.
    pub const fn is_exactly_once(self) -> bool {
        crate::QOS_2 && matches!(self, QoS::ExactlyOnce)
    }
}
