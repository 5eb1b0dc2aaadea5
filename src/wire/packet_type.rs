//! The first half byte of every control packet (MQTT 3.1.1, 2.2.1).

use crate::QOS_2;

/// A control packet type. Held as the number on the wire, so that nothing has to be looked up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub struct PacketType(u32);

#[allow(missing_docs)]
impl PacketType {
    /// Forbidden: no packet has it.
    pub const FORBIDDEN: Self = Self(0);
    pub const CONNECT: Self = Self(1);
    pub const CONNACK: Self = Self(2);
    pub const PUBLISH: Self = Self(3);
    pub const PUBACK: Self = Self(4);
    pub const PUBREC: Self = Self(5);
    pub const PUBREL: Self = Self(6);
    pub const PUBCOMP: Self = Self(7);
    pub const SUBSCRIBE: Self = Self(8);
    pub const SUBACK: Self = Self(9);
    pub const UNSUBSCRIBE: Self = Self(10);
    pub const UNSUBACK: Self = Self(11);
    pub const PINGREQ: Self = Self(12);
    pub const PINGRESP: Self = Self(13);
    pub const DISCONNECT: Self = Self(14);
    /// Forbidden: no packet has it.
    pub const RESERVED: Self = Self(15);
}

impl PacketType {
    /// The type of the packet that begins with `first`.
    pub const fn of(first: u8) -> Self {
        Self((first >> 4) as u32)
    }

    /// Its number, of four bits.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The first byte of a packet of this type whose flags the specification reserves (MQTT-2.2.2-1).
    pub const fn first_byte(self) -> u8 {
        let reserved_flags = match self {
            Self::PUBREL | Self::SUBSCRIBE | Self::UNSUBSCRIBE => 0b0010,
            _ => 0,
        };
        (self.0 << 4) as u8 | reserved_flags
    }

    /// The remaining length of a packet of this type from the broker, which is always the same; `None` for PUBLISH, and for
    /// what brokers do not send.
    pub const fn length_of_answer(self) -> Option<u32> {
        match self {
            Self::PINGRESP => Some(0),
            Self::SUBACK => Some(3),
            Self::CONNACK | Self::PUBACK | Self::UNSUBACK => Some(2),
            Self::PUBREC | Self::PUBREL | Self::PUBCOMP if QOS_2 => Some(2),
            _ => None,
        }
    }
}

impl core::fmt::Debug for PacketType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = match *self {
            Self::FORBIDDEN => "FORBIDDEN",
            Self::CONNECT => "CONNECT",
            Self::CONNACK => "CONNACK",
            Self::PUBLISH => "PUBLISH",
            Self::PUBACK => "PUBACK",
            Self::PUBREC => "PUBREC",
            Self::PUBREL => "PUBREL",
            Self::PUBCOMP => "PUBCOMP",
            Self::SUBSCRIBE => "SUBSCRIBE",
            Self::SUBACK => "SUBACK",
            Self::UNSUBSCRIBE => "UNSUBSCRIBE",
            Self::UNSUBACK => "UNSUBACK",
            Self::PINGREQ => "PINGREQ",
            Self::PINGRESP => "PINGRESP",
            Self::DISCONNECT => "DISCONNECT",
            _ => "RESERVED",
        };
        f.write_str(name)
    }
}
