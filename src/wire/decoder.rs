//! Incoming bytes, decoded as they arrive.
//!
//! The decoder says what it [wants](Decoder::want) next: so many bytes, for itself, for the topic or for the message.
//! Fewer may be [given](Decoder::received), even one; it goes on from there, across calls, however long that takes.
//! It never asks for a byte beyond the packet it is in, so no byte of the next packet has to be kept anywhere.
//! The bytes of topic and message stay with the caller: the decoder sees the topic once, to check it, and the message
//! never.
//!
//! What the specification forbids a broker to send ends in [`Error::Malformed`]; nothing in here panics.

use super::{PacketType, QoS, SUBSCRIBE_FAILURE, check_topic_name};
use crate::ffi::umqtt_target_t;
use crate::{Error, QOS_2};

/// The fixed header's largest size in bytes: one of type and flags, four of remaining length.
const FIXED_HEADER_MAX: u16 = 5;
/// Its smallest.
const FIXED_HEADER_MIN: u16 = 2;
const QOS_MAX: u8 = if QOS_2 { 2 } else { 1 };
const CONTINUATION: u32 = 0x80;

/// Where wanted bytes belong. Numbered as in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Target {
    /// Into any buffer, from which the decoder copies them.
    Header = umqtt_target_t::UMQTT_TO_HEADER as isize,
    /// Into the topic.
    Topic = umqtt_target_t::UMQTT_TO_TOPIC as isize,
    /// Into the message.
    Message = umqtt_target_t::UMQTT_TO_MESSAGE as isize,
    /// Nowhere: they are to be read and forgotten.
    Skip = umqtt_target_t::UMQTT_TO_NOWHERE as isize,
}

/// The next bytes that the decoder wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Where they belong.
    pub target: Target,
    /// How many bytes have arrived already.
    pub offset: u32,
    /// How many bytes it is as a whole.
    pub len: u32,
}

/// A packet that has arrived whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    /// The answer to CONNECT.
    Connack {
        /// Whether the broker still knew this client.
        session_present: bool,
        /// 0 when the connection is accepted, else why not.
        return_code: u8,
    },
    /// A message.
    Publish {
        /// The quality of service it came with.
        qos: QoS,
        /// Its packet identifier; 0 at QoS 0.
        identifier: u16,
    },
    /// PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK or UNSUBACK.
    Acknowledgement {
        /// Which of them.
        packet_type: PacketType,
        /// The packet identifier that it acknowledges.
        identifier: u16,
        /// The return code of SUBACK; else 0.
        return_code: u8,
    },
    /// The answer to PINGREQ.
    Pingresp,
    /// A message that was given up.
    GivenUp,
}

/// What is being collected. Up to the topic, what has come belongs to the number that is being collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Stage {
    FixedHeader,
    Acknowledgement,
    TopicLength,
    Identifier,
    Topic,
    Message,
    Skip,
}

/// The state of one connection's incoming bytes: 16 bytes of it.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// The number that is being collected, whose most significant byte came first, below what was collected before. Topic and
    /// message leave it as it is: it still has the topic's length then, and the packet identifier if there is one.
    field: u32,
    /// Bytes of the packet after this stage, as far as is known; those of the stage when it is the last one, of any length.
    length: u32,
    /// How many bytes of this stage have come.
    collected: u32,
    /// Bytes of this stage; 0 for `length`.
    needed: u16,
    stage: Stage,
    /// The first byte of the packet, or what says that there is none.
    first: u8,
}

/// Instead of a packet type: a message that was given up.
pub const GIVEN_UP: PacketType = PacketType::RESERVED;
/// Instead of a packet type: none has arrived yet.
pub const NO_PACKET: PacketType = PacketType::FORBIDDEN;

impl Default for Decoder {
    fn default() -> Self {
        Decoder::new()
    }
}

impl Decoder {
    /// The state where a packet may begin.
    pub const fn new() -> Self {
        Decoder {
            field: 0,
            length: 0,
            collected: 0,
            needed: FIXED_HEADER_MIN,
            stage: Stage::FixedHeader,
            first: NO_PACKET.first_byte(),
        }
    }

    /// The first byte of the packet that is arriving, as soon as its second one is there, or that arrived last. Its type is
    /// [`NO_PACKET`] before the first one, and [`GIVEN_UP`] for a message that was.
    pub fn first_byte(&self) -> u8 {
        self.first
    }

    /// The packet identifier of the packet that arrived last; 0 for a message without one.
    pub fn identifier(&self) -> u16 {
        self.field as u16
    }

    /// The return code of the CONNACK or SUBACK that arrived last.
    pub fn return_code(&self) -> u8 {
        (self.field >> 24) as u8
    }

    /// Of the CONNACK that arrived last, whether the broker still knew this client.
    pub fn session_present(&self) -> bool {
        self.field as u8 != 0
    }

    /// The packet that arrived last.
    pub fn packet(&self) -> Packet {
        let (packet_type, identifier) = (PacketType::of(self.first), self.identifier());
        match packet_type {
            GIVEN_UP => Packet::GivenUp,
            PacketType::PUBLISH => Packet::Publish { qos: self.qos(), identifier },
            PacketType::PINGRESP => Packet::Pingresp,
            PacketType::CONNACK => {
                Packet::Connack { session_present: self.session_present(), return_code: self.return_code() }
            }
            _ => {
                let return_code = if packet_type == PacketType::SUBACK { self.return_code() } else { 0 };
                Packet::Acknowledgement { packet_type, identifier, return_code }
            }
        }
    }

    /// Whether a packet has begun and is not complete.
    pub fn is_within_packet(&self) -> bool {
        self.stage != Stage::FixedHeader || self.collected != 0
    }

    /// What has to be read next: the bytes of this from those on that have arrived already.
    pub fn want(&self) -> Want {
        let target = match self.stage {
            Stage::Topic => Target::Topic,
            Stage::Message => Target::Message,
            Stage::Skip => Target::Skip,
            _ => Target::Header,
        };
        Want { target, offset: self.collected, len: self.needed() }
    }

    /// How many bytes are still to come of the packet, as far as is known: never more than it has, and what is wanted is
    /// among them. A caller may read so many at once, if it then gives them as they are wanted.
    pub fn rest(&self) -> u32 {
        self.remaining() - self.collected
    }

    /// The same from the beginning of what is [wanted](Self::want) on, as far as it has arrived.
    pub fn remaining(&self) -> u32 {
        u32::from(self.needed) + self.length
    }

    /// Bytes of this stage.
    fn needed(&self) -> u32 {
        if self.needed == 0 { self.length } else { self.needed.into() }
    }

    /// [`take`](Self::take), which gives the packet when it is complete.
    pub fn received(&mut self, count: u32, bytes: &[u8]) -> Result<Option<Packet>, Error> {
        self.take(count, bytes)?;
        Ok((!self.is_within_packet()).then(|| self.packet()))
    }

    /// Takes `count` bytes that were read as [`want`](Self::want) asked. For [`Target::Header`], `bytes` are these
    /// bytes; for [`Target::Topic`], all of the topic that has arrived. At least one; the packet is complete when nothing
    /// [is within a packet](Self::is_within_packet) then. More bytes than were wanted are refused as malformed, for the caller
    /// has lost its place.
    pub fn take(&mut self, count: u32, bytes: &[u8]) -> Result<(), Error> {
        let needed = self.needed();
        if count > needed - self.collected {
            return Err(Error::Malformed);
        }
        self.collected += count;
        if self.stage < Stage::Topic {
            for &byte in bytes {
                self.field = self.field << 8 | u32::from(byte);
            }
        }
        if self.collected < needed {
            return Ok(());
        }
        match self.stage {
            Stage::FixedHeader => {
                if self.needed == FIXED_HEADER_MIN {
                    self.first = (self.field >> 8) as u8;
                }
                self.fixed_header()
            }
            Stage::TopicLength => self.topic_length(),
            Stage::Topic => {
                check_topic_name(bytes).map_err(|_| Error::Malformed)?;
                if self.qos() == QoS::AtMostOnce {
                    self.field <<= 16; // as if an identifier of 0 had followed
                    self.message();
                } else {
                    self.begin(Stage::Identifier, 2);
                }
                Ok(())
            }
            Stage::Identifier => {
                self.message();
                self.check_identifier()
            }
            Stage::Acknowledgement => self.acknowledgement(),
            _ => {
                self.complete();
                Ok(())
            }
        }
    }

    /// [`take_whole`](Self::take_whole), which gives the packet.
    pub fn whole(&mut self, packet: &[u8]) -> Result<Packet, Error> {
        self.take_whole(packet)?;
        Ok(self.packet())
    }

    /// Takes a packet that is there as a whole, where one may begin: all that it [wants](Self::want), and nothing else. Topic and
    /// message of PUBLISH: see [`places`](Self::places).
    pub fn take_whole(&mut self, packet: &[u8]) -> Result<(), Error> {
        let mut rest = packet;
        loop {
            let wanted = self.needed() - self.collected;
            let (bytes, after) = rest.split_at_checked(wanted as usize).ok_or(Error::Malformed)?;
            self.take(wanted, bytes)?;
            rest = after;
            if !self.is_within_packet() {
                return if rest.is_empty() { Ok(()) } else { Err(Error::Malformed) };
            }
        }
    }

    /// Of the PUBLISH packet that was there as a [whole](Self::whole): the length of its topic, which begins at its byte 4,
    /// and where its message begins.
    pub fn places(&self) -> (usize, usize) {
        let topic_length = (self.field >> 16) as usize;
        (topic_length, 4 + topic_length + if self.identifier() == 0 { 0 } else { 2 })
    }

    /// Gives up the message that is arriving: what is left of it will be skipped.
    #[inline(never)]
    pub fn give_up(&mut self) {
        if self.stage != Stage::FixedHeader {
            self.first = GIVEN_UP.first_byte();
            self.skip();
        }
    }

    /// Skips what is left of the message that is arriving.
    #[inline(never)]
    pub fn skip(&mut self) {
        self.length = self.rest();
        self.begin(Stage::Skip, 0);
    }

    /// The packet identifier of a QoS 2 message of which everything has arrived but its first byte.
    pub fn exactly_once_message(&self) -> Option<u16> {
        let begins = self.stage == Stage::Message && self.collected == 0;
        (begins && self.qos().is_exactly_once()).then_some(self.identifier())
    }

    fn qos(&self) -> QoS {
        QoS::of(self.first)
    }

    /// Begins the next stage, of so many bytes of those beyond the one before; 0 for all of them.
    #[inline(never)]
    fn begin(&mut self, stage: Stage, needed: u16) {
        self.length -= u32::from(needed);
        self.stage = stage;
        self.needed = needed;
        self.collected = 0;
    }

    fn complete(&mut self) {
        self.length = FIXED_HEADER_MIN.into();
        self.begin(Stage::FixedHeader, FIXED_HEADER_MIN);
    }

    #[inline(never)]
    fn message(&mut self) {
        match self.length {
            0 => self.complete(),
            _ => self.begin(Stage::Message, 0),
        }
    }

    fn topic_length(&mut self) -> Result<(), Error> {
        let topic_length = self.field as u16;
        let identifier = if self.qos() == QoS::AtMostOnce { 0 } else { 2 };
        if topic_length == 0 || self.length < u32::from(topic_length) + identifier {
            return Err(Error::Malformed);
        }
        self.begin(Stage::Topic, topic_length);
        Ok(())
    }

    #[inline(never)]
    fn check_identifier(&self) -> Result<(), Error> {
        if self.identifier() == 0 { Err(Error::Malformed) } else { Ok(()) }
    }

    fn acknowledgement(&mut self) -> Result<(), Error> {
        self.complete();
        let packet_type = PacketType::of(self.first);
        if packet_type == PacketType::CONNACK || packet_type == PacketType::SUBACK {
            // The return code to the top, and what came before it to where other acknowledgements have it.
            self.field = self.field.rotate_right(8);
        }
        let return_code = self.return_code();
        match packet_type {
            PacketType::CONNACK => {
                // Reserved flags (3.2.2.1) and reserved return codes (3.2.2.3); a refusing broker
                // cannot have a session (MQTT-3.2.2-4).
                let session_present = self.field as u8;
                if session_present > 1 || return_code > 5 || (return_code != 0 && session_present != 0) {
                    return Err(Error::Malformed);
                }
                return Ok(());
            }
            // Granted quality of service or failure, and nothing else (MQTT-3.9.3-2).
            PacketType::SUBACK if return_code > 2 && return_code != SUBSCRIBE_FAILURE => return Err(Error::Malformed),
            _ => {}
        }
        self.check_identifier()
    }

    fn fixed_header(&mut self) -> Result<(), Error> {
        // The digit that came first counts least (MQTT 3.1.1, 2.2.3).
        self.length |= (self.field & !CONTINUATION & 0xff) << (7 * (self.needed - FIXED_HEADER_MIN));
        if self.field & CONTINUATION != 0 {
            // One more byte, unless there are four.
            if self.needed == FIXED_HEADER_MAX {
                return Err(Error::Malformed);
            }
            self.needed += 1;
            return Ok(());
        }
        let length = self.length;
        let packet_type = PacketType::of(self.first);
        if packet_type == PacketType::PUBLISH {
            // QoS 3 (MQTT-3.3.1-4), or no room for a topic of one character (MQTT-4.7.3-1).
            if self.first >> 1 & 0b11 > QOS_MAX || length < 3 {
                return Err(Error::Malformed);
            }
            self.begin(Stage::TopicLength, 2);
            return Ok(());
        }
        let reserved_flags = if packet_type == PacketType::PUBREL { 0b0010 } else { 0 };
        if self.first & 0xf != reserved_flags || packet_type.length_of_answer() != Some(length) {
            return Err(Error::Malformed); // MQTT-2.2.2-2
        }
        if length == 0 {
            self.complete();
        } else {
            self.begin(Stage::Acknowledgement, length as u16);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::REMAINING_LENGTH_MAX;
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// What a caller has in hand when a packet is complete.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Arrived {
        packet: Packet,
        topic: Vec<u8>,
        message: Vec<u8>,
    }

    /// Feeds `input` to the decoder as a socket would that never has more than `piece` bytes ready.
    fn decode(input: &[u8], piece: usize) -> Result<Vec<Arrived>, Error> {
        let mut decoder = Decoder::new();
        let (mut topic, mut message) = (vec![], vec![]);
        let mut arrived = vec![];
        let mut rest = input;
        while !rest.is_empty() {
            let want = decoder.want();
            let count = ((want.len - want.offset) as usize).min(rest.len()).min(piece);
            assert!(count > 0, "the decoder always wants something: {want:?}");
            let (bytes, after) = rest.split_at(count);
            rest = after;
            let keep = |buffer: &mut Vec<u8>| {
                buffer.truncate(want.offset as usize);
                buffer.extend_from_slice(bytes);
            };
            let complete = match want.target {
                Target::Topic => {
                    keep(&mut topic);
                    decoder.received(count as u32, &topic)
                }
                Target::Message => {
                    keep(&mut message);
                    decoder.received(count as u32, &[])
                }
                Target::Header | Target::Skip => decoder.received(count as u32, bytes),
            };
            assert_within_packet(&decoder);
            if let Some(packet) = complete? {
                arrived.push(Arrived {
                    packet,
                    topic: std::mem::take(&mut topic),
                    message: std::mem::take(&mut message),
                });
            }
        }
        Ok(arrived)
    }

    /// Whatever has come, also what is refused: nothing is wanted that is not of the packet.
    fn assert_within_packet(decoder: &Decoder) {
        let want = decoder.want();
        assert!(want.offset <= want.len && want.len - want.offset <= decoder.rest(), "{decoder:?}");
    }

    fn packets(input: &[u8]) -> Result<Vec<Packet>, Error> {
        Ok(decode(input, usize::MAX)?.into_iter().map(|arrived| arrived.packet).collect())
    }

    #[cfg(feature = "qos2")]
    fn acknowledgement(packet_type: PacketType, identifier: u16, return_code: u8) -> Packet {
        Packet::Acknowledgement { packet_type, identifier, return_code }
    }

    #[test]
    fn the_rest_of_a_packet_is_known_from_its_length_on() {
        let publish = b"\x32\x09\x00\x02ab\x00\x01hey";
        let mut decoder = Decoder::new();
        let mut topic = vec![];
        for (at, &byte) in publish.iter().enumerate() {
            let left = (publish.len() - at) as u32;
            assert_eq!(decoder.rest(), if at < 2 { 2 - at as u32 } else { left });
            let shown = match decoder.want().target {
                Target::Topic => {
                    topic.push(byte);
                    &topic[..]
                }
                _ => &[byte],
            };
            assert_eq!(decoder.received(1, shown).unwrap().is_some(), left == 1);
        }
        let mut decoder = Decoder::new();
        assert_eq!(decoder.received(2, b"\x90\x03"), Ok(None));
        assert_eq!(decoder.rest(), 3);
        assert_eq!(decoder.received(1, b"\x00"), Ok(None));
        assert_eq!(decoder.rest(), 2);
    }

    #[test]
    fn connack() {
        let connack = |input: &[u8]| decode(input, usize::MAX).map(|arrived| arrived[0].packet);
        assert_eq!(connack(b"\x20\x02\x00\x00"), Ok(Packet::Connack { session_present: false, return_code: 0 }));
        assert_eq!(connack(b"\x20\x02\x01\x00"), Ok(Packet::Connack { session_present: true, return_code: 0 }));
        assert_eq!(connack(b"\x20\x02\x00\x05"), Ok(Packet::Connack { session_present: false, return_code: 5 }));
        for malformed in [&b"\x20\x02\x02\x00"[..], b"\x20\x02\x01\x05", b"\x20\x02\x00\x06", b"\x20\x03", b"\x21\x02"]
        {
            assert_eq!(decode(malformed, 1), Err(Error::Malformed), "{malformed:x?}");
        }
    }

    #[test]
    fn the_first_byte_is_known_from_the_second_one_on() {
        let mut decoder = Decoder::new();
        let mut types = vec![];
        for byte in b"\x40\x02\x00\x01\xd0\x00" {
            types.push(PacketType::of(decoder.first_byte()));
            decoder.received(1, &[*byte]).unwrap();
        }
        assert_eq!(types, [&[NO_PACKET; 2][..], &[PacketType::PUBACK; 4]].concat());
        assert_eq!(decoder.first_byte(), 0xd0);
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn messages_of_each_quality_of_service() {
        let arrived = decode(b"\x31\x05\x00\x01thi\x3b\x07\x00\x01t\x01\x02hi\x34\x05\x00\x01t\x00\x09", 99);
        let publish = |qos, identifier, message: &[u8]| Arrived {
            packet: Packet::Publish { qos, identifier },
            topic: b"t".to_vec(),
            message: message.to_vec(),
        };
        let expected = vec![
            publish(QoS::AtMostOnce, 0, b"hi"),
            publish(QoS::AtLeastOnce, 0x0102, b"hi"),
            publish(QoS::ExactlyOnce, 9, b""),
        ];
        assert_eq!(arrived, Ok(expected));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn acknowledgements() {
        assert_eq!(
            packets(b"\x40\x02\x00\x01\x50\x02\x00\x02\x62\x02\x00\x03\x70\x02\x00\x04\xb0\x02\x00\x05\x90\x03\xff\xff\x80\xd0\x00"),
            Ok(vec![
                acknowledgement(PacketType::PUBACK, 1, 0),
                acknowledgement(PacketType::PUBREC, 2, 0),
                acknowledgement(PacketType::PUBREL, 3, 0),
                acknowledgement(PacketType::PUBCOMP, 4, 0),
                acknowledgement(PacketType::UNSUBACK, 5, 0),
                acknowledgement(PacketType::SUBACK, 65535, 0x80),
                Packet::Pingresp,
            ])
        );
    }

    #[test]
    fn what_a_broker_must_not_send() {
        let table: [(&str, &[u8]); 24] = [
            ("type 0", b"\x00\x00"),
            ("type 15", b"\xf0\x00"),
            ("CONNECT", b"\x10\x00"),
            ("SUBSCRIBE", b"\x82\x03"),
            ("UNSUBSCRIBE", b"\xa2\x03"),
            ("PINGREQ", b"\xc0\x00"),
            ("DISCONNECT", b"\xe0\x00"),
            ("PUBACK with flags", b"\x41\x02"),
            ("PUBREL without its flag", b"\x60\x02"),
            ("PINGRESP with a body", b"\xd0\x01"),
            ("PUBACK with identifier 0", b"\x40\x02\x00\x00"),
            ("PUBACK of three bytes", b"\x40\x03"),
            ("SUBACK of two return codes", b"\x90\x04"),
            ("SUBACK with return code 3", b"\x90\x03\x00\x01\x03"),
            ("QoS 3", b"\x36\x05"),
            ("five bytes of remaining length", b"\x30\xff\xff\xff\xff"),
            ("PUBLISH too short for a topic", b"\x30\x01\x00\x00"),
            ("topic beyond the packet", b"\x30\x04\x00\x03"),
            ("identifier beyond the packet", b"\x32\x04\x00\x01"),
            ("empty topic", b"\x30\x02\x00\x00"),
            ("wildcard in topic", b"\x30\x04\x00\x02a#"),
            ("NUL in topic", b"\x30\x03\x00\x01\x00"),
            ("ill-formed topic", b"\x30\x03\x00\x01\xff"),
            ("QoS 1 with identifier 0", b"\x32\x05\x00\x01t\x00\x00"),
        ];
        for (what, input) in table {
            for piece in 1..4 {
                assert_eq!(decode(input, piece), Err(Error::Malformed), "{what}, {piece} bytes at a time");
            }
            let mut decoder = Decoder::new();
            assert_eq!(decoder.whole(input), Err(Error::Malformed), "{what}, whole");
            assert_within_packet(&decoder);
        }
    }

    #[test]
    fn an_announced_length_of_256_megabytes_is_only_a_number() {
        let mut decoder = Decoder::new();
        for byte in *b"\x30\xff\xff\xff\x7f\x00\x01" {
            assert_eq!(decoder.received(1, &[byte]), Ok(None));
        }
        assert_eq!(decoder.received(1, b"t"), Ok(None));
        assert_eq!(decoder.want(), Want { target: Target::Message, offset: 0, len: REMAINING_LENGTH_MAX - 3 });
    }

    #[test]
    fn a_message_given_up_is_skipped_and_the_next_one_arrives() {
        let mut decoder = Decoder::new();
        decoder.received(2, b"\x32\x0a").unwrap();
        decoder.received(2, b"\x00\x01").unwrap();
        decoder.received(1, b"t").unwrap();
        decoder.received(2, b"\x00\x07").unwrap();
        decoder.received(2, &[]).unwrap();
        decoder.give_up();
        assert_eq!(decoder.want(), Want { target: Target::Skip, offset: 0, len: 3 });
        assert_eq!(decoder.received(3, &[]), Ok(Some(Packet::GivenUp)));
        assert_eq!(decoder.received(2, b"\xd0\x00"), Ok(Some(Packet::Pingresp)));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn a_repeated_message_can_be_skipped() {
        let mut decoder = Decoder::new();
        decoder.received(2, b"\x3c\x07").unwrap();
        decoder.received(2, b"\x00\x01").unwrap();
        decoder.received(1, b"t").unwrap();
        assert_eq!(decoder.exactly_once_message(), None);
        decoder.received(2, b"\x00\x09").unwrap();
        assert_eq!(decoder.exactly_once_message(), Some(9));
        decoder.skip();
        assert_eq!(decoder.want(), Want { target: Target::Skip, offset: 0, len: 2 });
        assert_eq!(decoder.received(1, &[]), Ok(None));
        let message = Packet::Publish { qos: QoS::ExactlyOnce, identifier: 9 };
        assert_eq!(decoder.received(1, &[]), Ok(Some(message)));
    }

    #[test]
    fn more_bytes_than_wanted_are_refused() {
        assert_eq!(Decoder::new().received(3, b"\xd0\x00\xd0"), Err(Error::Malformed));
    }

    proptest! {
        #[test]
        fn no_input_panics(input in proptest::collection::vec(any::<u8>(), 0..200), piece in 1usize..8) {
            let _ = decode(&input, piece);
        }

        #[test]
        fn almost_valid_input_does_not_panic_either(
            kinds in proptest::collection::vec((0u8..16, 0u8..16, 0u8..12), 1..20),
            body in proptest::collection::vec(any::<u8>(), 12),
        ) {
            let mut input = vec![];
            for (packet_type, flags, length) in kinds {
                input.extend_from_slice(&[packet_type << 4 | flags, length]);
                input.extend_from_slice(&body[..usize::from(length)]);
            }
            let _ = decode(&input, 3);
        }

        /// The short way is a way to the same, from every packet to every packet.
        #[test]
        fn a_whole_packet_is_what_its_bytes_are(
            first in prop_oneof![any::<u8>(), 0x30u8..0x3f],
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..8),
                "[\\x00\\x01][\\x00-\\x08][a-z#]{0,6}[\\x00-a]{0,4}".prop_map(|text| text.into_bytes()),
            ],
        ) {
            let packet = [&[first, body.len() as u8], &body[..]].concat();
            let mut decoder = Decoder::new();
            let whole = decoder.whole(&packet);
            assert_within_packet(&decoder);
            let by_steps = decode(&packet, 200).map(|mut arrived| arrived.pop());
            match by_steps {
                Ok(Some(arrived)) => {
                    prop_assert_eq!(whole, Ok(arrived.packet));
                    prop_assert_eq!(decoder.want(), Decoder::new().want());
                    if let Packet::Publish { .. } = arrived.packet {
                        let (topic_length, message) = decoder.places();
                        prop_assert_eq!(&packet[4..4 + topic_length], arrived.topic);
                        prop_assert_eq!(&packet[message..], arrived.message);
                    }
                }
                Ok(None) => prop_assert_eq!(whole, Err(Error::Malformed)),
                Err(error) => prop_assert_eq!(whole, Err(error)),
            }
        }

        #[cfg(feature = "qos2")]
        #[test]
        fn segmentation_does_not_matter(
            topic in "[a-zé/]{1,200}",
            message in proptest::collection::vec(any::<u8>(), 0..300),
            qos in 0u8..3,
            piece in 1usize..40,
        ) {
            use super::super::{Outgoing, Publish, Slot, Strings};
            let mut strings = Strings::default();
            strings.0[Slot::Topic as usize] = Some(topic.as_bytes());
            strings.0[Slot::Message as usize] = Some(&message);
            let qos = QoS::from_number(qos).unwrap();
            let packet = Outgoing::publish_unchecked(Publish { dup: false, qos, retain: false, identifier: 77 });
            let mut scratch = [0; 1024];
            let (input, size) = packet.chunk(0, &strings, &mut scratch);
            prop_assert_eq!(input.len(), size);
            let arrived = decode(input, piece);
            let identifier = if qos == QoS::AtMostOnce { 0 } else { 77 };
            let expected = Arrived { packet: Packet::Publish { qos, identifier }, topic: topic.into_bytes(), message };
            prop_assert_eq!(arrived, Ok(vec![expected]));
        }
    }
}
