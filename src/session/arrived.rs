//! What is known of a packet that has arrived, in one word.

use crate::wire::{PacketType, QoS};

/// A packet's first byte, in the lowest bits; two flags; and its identifier, in the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived(u32);

impl Arrived {
    /// No packet.
    pub const NOTHING: Arrived = Arrived(0);
    /// It is a message that was delivered before: it is only to be acknowledged.
    pub const REPEATED: u32 = 1 << 8;
    /// It was answered.
    pub const ANSWERED: u32 = 1 << 9;

    const FLAGS: u32 = Self::REPEATED | Self::ANSWERED;

    /// That packet; `identifier` is 0 when it has none.
    pub fn new(first_byte: u8, identifier: u16) -> Arrived {
        Arrived(u32::from(first_byte) | u32::from(identifier) << 16)
    }

    /// From its word.
    pub fn from_word(word: u32) -> Arrived {
        Arrived(word)
    }

    /// Its word.
    pub fn word(self) -> u32 {
        self.0
    }

    /// With that flag.
    pub fn with(self, flag: u32) -> Arrived {
        Arrived(self.0 | flag)
    }

    /// Without flags.
    pub fn message(self) -> Arrived {
        Arrived(self.0 & !Self::FLAGS)
    }

    /// Whether it has one of these flags.
    pub fn has(self, flags: u32) -> bool {
        self.0 & flags != 0
    }

    /// The first byte of the packet.
    pub fn first_byte(self) -> u8 {
        self.0 as u8
    }

    /// The packet identifier.
    pub fn identifier(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// The quality of service, if it is a message.
    pub fn qos(self) -> QoS {
        QoS::of(self.first_byte())
    }

    /// The type of the packet that acknowledges a message above QoS 0.
    pub fn acknowledgement(self) -> PacketType {
        self.qos().acknowledgement()
    }
}
