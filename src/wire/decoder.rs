//! Incoming bytes, decoded as they arrive.
//!
//! The decoder says what it [wants](Decoder::want) next: so many bytes, for itself, for the topic or for the message.
//! Fewer may be [given](Decoder::received), even one; it goes on from there, across calls, however long that takes.
//! It never asks for a byte beyond the packet it is in, so no byte of the next packet has to be kept anywhere.
//! The bytes of topic and message stay with the caller: the decoder sees the topic once, to check it, and the message
//! never.
//!
//! What the specification forbids a broker to send ends in [`Error::Malformed`]; nothing in here panics.

use super::{PacketType, QoS, check_topic_name};
use crate::{Error, QOS_2};

/// The fixed header's largest size in bytes: one of type and flags, four of remaining length.
const FIXED_HEADER_MAX: u8 = 5;
const QOS_MAX: u8 = if QOS_2 { 2 } else { 1 };
const CONTINUATION: u32 = 0x80;
const SUBSCRIBE_FAILURE: u8 = 0x80;

/// Where wanted bytes belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into any buffer, from which the decoder copies them.
    Header,
    /// Into the topic.
    Topic,
    /// Into the message.
    Message,
    /// Nowhere: they are to be read and forgotten.
    Skip,
}

/// The next bytes that the decoder wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Where they belong.
    pub target: Target,
    /// How many bytes of the topic or message have arrived already.
    pub offset: u32,
    /// How long the topic or message is as a whole; for other targets how many bytes are wanted.
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
    /// A message whose bytes were skipped.
    Skipped {
        /// Its packet identifier, if it was skipped because it had been delivered before.
        repeated: Option<u16>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    FixedHeader,
    TopicLength,
    Topic,
    Identifier,
    Message,
    Acknowledgement,
    Skip,
}

/// The state of one connection's incoming bytes.
#[derive(Clone, Debug)]
pub struct Decoder {
    stage: Stage,
    /// Until it has come, CONNACK is the only packet allowed; then it is no longer (MQTT-3.2.0-1).
    awaits_connack: bool,
    /// The first byte of the packet.
    first: u8,
    /// The field that is being collected, as a number whose most significant byte came first; of the fixed header, what
    /// follows its first byte.
    field: u32,
    /// How many of its bytes have come, of `needed`.
    collected: u8,
    needed: u8,
    /// Bytes of the packet after the fields that are complete.
    remaining: u32,
    /// Bytes of the topic or message that have arrived.
    offset: u32,
    topic_length: u16,
    identifier: u16,
    /// What is skipped was delivered before.
    repeated: bool,
}

impl Decoder {
    /// The state at the start of a connection, on which CONNACK comes first if `awaits_connack`.
    pub const fn new(awaits_connack: bool) -> Self {
        Decoder {
            stage: Stage::FixedHeader,
            awaits_connack,
            first: 0,
            field: 0,
            collected: 0,
            needed: 2,
            remaining: 0,
            offset: 0,
            topic_length: 0,
            identifier: 0,
            repeated: false,
        }
    }

    /// The first byte of the packet that arrived last or is arriving.
    pub fn first_byte(&self) -> u8 {
        self.first
    }

    /// Whether a packet has begun and is not complete.
    pub fn is_within_packet(&self) -> bool {
        self.stage != Stage::FixedHeader || self.collected != 0
    }

    /// What has to be read next.
    pub fn want(&self) -> Want {
        match self.stage {
            Stage::Topic => Want { target: Target::Topic, offset: self.offset, len: self.topic_length.into() },
            Stage::Message => Want { target: Target::Message, offset: self.offset, len: self.remaining },
            Stage::Skip => Want { target: Target::Skip, offset: 0, len: self.remaining },
            _ => Want { target: Target::Header, offset: 0, len: u32::from(self.needed - self.collected) },
        }
    }

    /// How many bytes are still to come of the packet, as far as is known: never more than it has, and what is wanted is
    /// among them. A caller may read so many at once, if it then gives them as they are wanted.
    pub fn rest(&self) -> u32 {
        match self.stage {
            Stage::FixedHeader => u32::from(self.needed - self.collected),
            Stage::Topic | Stage::Message => self.remaining - self.offset,
            Stage::Skip => self.remaining,
            Stage::TopicLength | Stage::Identifier | Stage::Acknowledgement => {
                self.remaining - u32::from(self.collected)
            }
        }
    }

    /// Takes `count` bytes that were read as [`want`](Self::want) asked. For [`Target::Header`], `bytes` are these
    /// bytes; for [`Target::Topic`], all of the topic that has arrived. More bytes than were wanted are refused as
    /// malformed, for the caller has lost its place.
    pub fn received(&mut self, count: u32, bytes: &[u8]) -> Result<Option<Packet>, Error> {
        let want = self.want();
        if count > want.len - want.offset {
            return Err(Error::Malformed);
        }
        match want.target {
            Target::Header => {
                for &byte in bytes.iter().take(count as usize) {
                    if self.stage == Stage::FixedHeader && self.collected == 0 {
                        self.first = byte;
                    } else {
                        self.field = self.field << 8 | u32::from(byte);
                    }
                    self.collected += 1;
                }
                if self.collected < self.needed { Ok(None) } else { self.field_complete() }
            }
            Target::Topic => {
                self.offset += count;
                if self.offset < want.len {
                    return Ok(None);
                }
                check_topic_name(bytes).map_err(|_| Error::Malformed)?;
                self.remaining -= want.len;
                if self.qos() == QoS::AtMostOnce { self.message() } else { self.collect(Stage::Identifier, 2) }
            }
            Target::Message => {
                self.offset += count;
                if self.offset < want.len { Ok(None) } else { self.complete(self.publish()) }
            }
            Target::Skip => {
                self.remaining -= count;
                if self.remaining > 0 { Ok(None) } else { self.complete(self.skipped()) }
            }
        }
    }

    /// Takes a packet that is there as a whole, where one may begin, and whose size fits into one byte; the short way to what
    /// [`received`](Self::received) would find in the end. Topic and message of PUBLISH: see [`places`](Self::places).
    pub fn whole(&mut self, packet: &[u8]) -> Result<Packet, Error> {
        let [first, length, body @ ..] = packet else { return Err(Error::Malformed) };
        if self.is_within_packet() || usize::from(*length) != body.len() || *length as u32 & CONTINUATION != 0 {
            return Err(Error::Malformed);
        }
        self.first = *first;
        self.field = u32::from(*length);
        self.collected = 2;
        let mut complete = self.fixed_header()?;
        if let Stage::Acknowledgement = self.stage {
            self.field = body.iter().fold(0, |field, byte| field << 8 | u32::from(*byte));
            complete = self.acknowledgement()?;
        }
        if let (Stage::TopicLength, [high, low, body @ ..]) = (self.stage, body) {
            self.field = u32::from(*high) << 8 | u32::from(*low);
            self.field_complete()?;
            let (topic, rest) = body.split_at_checked(self.topic_length.into()).unwrap_or_default();
            check_topic_name(topic).map_err(|_| Error::Malformed)?;
            if let (true, [high, low, ..]) = (self.qos() != QoS::AtMostOnce, rest) {
                self.field = u32::from(*high) << 8 | u32::from(*low);
                self.stage = Stage::Identifier;
                self.field_complete()?;
            }
            complete = self.complete(self.publish())?;
        }
        complete.ok_or(Error::Malformed)
    }

    /// Of the PUBLISH packet that was there as a [whole](Self::whole): the length of its topic, which begins at its byte 4,
    /// and where its message begins.
    pub fn places(&self) -> (usize, usize) {
        let topic_length = usize::from(self.topic_length);
        (topic_length, 4 + topic_length + if self.identifier == 0 { 0 } else { 2 })
    }

    /// Gives up the message that is arriving: what is left of it will be skipped.
    pub fn skip(&mut self) {
        match self.stage {
            Stage::Topic | Stage::Message => self.remaining -= self.offset,
            Stage::Identifier => {}
            _ => return,
        }
        self.stage = Stage::Skip;
        self.repeated = false;
        self.collected = 0;
    }

    /// The packet identifier of a QoS 2 message of which everything has arrived but its first byte.
    pub fn exactly_once_message(&self) -> Option<u16> {
        let begins = self.stage == Stage::Message && self.offset == 0;
        (begins && self.qos().is_exactly_once()).then_some(self.identifier)
    }

    /// Skips the message that is arriving, for it was delivered before.
    pub fn skip_repeated(&mut self) {
        self.skip();
        self.repeated = true;
    }

    fn skipped(&self) -> Packet {
        Packet::Skipped { repeated: self.repeated.then_some(self.identifier) }
    }

    fn qos(&self) -> QoS {
        QoS::of(self.first)
    }

    fn publish(&self) -> Packet {
        Packet::Publish { qos: self.qos(), identifier: self.identifier }
    }

    fn collect(&mut self, stage: Stage, needed: u8) -> Result<Option<Packet>, Error> {
        self.stage = stage;
        self.needed = needed;
        self.collected = 0;
        self.field = 0;
        Ok(None)
    }

    fn complete(&mut self, packet: Packet) -> Result<Option<Packet>, Error> {
        self.collect(Stage::FixedHeader, 2)?;
        Ok(Some(packet))
    }

    fn message(&mut self) -> Result<Option<Packet>, Error> {
        self.offset = 0;
        self.stage = Stage::Message;
        if self.remaining == 0 { self.complete(self.publish()) } else { Ok(None) }
    }

    fn field_complete(&mut self) -> Result<Option<Packet>, Error> {
        match self.stage {
            Stage::FixedHeader => self.fixed_header(),
            Stage::TopicLength => {
                self.topic_length = self.field as u16;
                let identifier = if self.qos() == QoS::AtMostOnce { 0 } else { 2 };
                if self.topic_length == 0 || self.remaining < 2 + u32::from(self.topic_length) + identifier {
                    return Err(Error::Malformed);
                }
                self.remaining -= 2;
                self.offset = 0;
                self.stage = Stage::Topic;
                Ok(None)
            }
            Stage::Identifier => {
                self.identifier = self.field as u16;
                if self.identifier == 0 {
                    return Err(Error::Malformed);
                }
                self.remaining -= 2;
                self.message()
            }
            _ => self.acknowledgement(),
        }
    }

    fn acknowledgement(&mut self) -> Result<Option<Packet>, Error> {
        let packet_type = PacketType::of(self.first);
        if packet_type == PacketType::CONNACK {
            let (session_present, return_code) = (self.field >> 8, self.field as u8);
            // Reserved flags (3.2.2.1) and reserved return codes (3.2.2.3); a refusing broker
            // cannot have a session (MQTT-3.2.2-4).
            if session_present > 1 || return_code > 5 || (return_code != 0 && session_present != 0) {
                return Err(Error::Malformed);
            }
            self.awaits_connack = false;
            return self.complete(Packet::Connack { session_present: session_present != 0, return_code });
        }
        let (identifier, return_code) = match packet_type {
            PacketType::SUBACK => ((self.field >> 8) as u16, self.field as u8),
            _ => (self.field as u16, 0),
        };
        // Granted quality of service or failure, and nothing else (MQTT-3.9.3-2).
        if identifier == 0 || (return_code > 2 && return_code != SUBSCRIBE_FAILURE) {
            return Err(Error::Malformed);
        }
        self.complete(Packet::Acknowledgement { packet_type, identifier, return_code })
    }

    fn fixed_header(&mut self) -> Result<Option<Packet>, Error> {
        if self.field & CONTINUATION != 0 {
            // One more byte, unless there are four (MQTT 3.1.1, 2.2.3).
            if self.collected == FIXED_HEADER_MAX {
                return Err(Error::Malformed);
            }
            self.needed += 1;
            return Ok(None);
        }
        // The digit that came last counts most.
        let (mut length, mut digits) = (0, self.field);
        for _ in 1..self.collected {
            length = length << 7 | digits & !CONTINUATION & 0xff;
            digits >>= 8;
        }
        self.remaining = length;
        self.identifier = 0;

        let packet_type = PacketType::of(self.first);
        if (packet_type == PacketType::CONNACK) != self.awaits_connack {
            return Err(Error::Malformed);
        }
        if packet_type == PacketType::PUBLISH {
            // QoS 3 (MQTT-3.3.1-4), or no room for a topic of one character (MQTT-4.7.3-1).
            if self.first >> 1 & 0b11 > QOS_MAX || length < 3 {
                return Err(Error::Malformed);
            }
            return self.collect(Stage::TopicLength, 2);
        }
        if self.first != packet_type.first_byte() {
            return Err(Error::Malformed); // MQTT-2.2.2-2
        }
        let expected = match packet_type {
            PacketType::PUBREC | PacketType::PUBREL | PacketType::PUBCOMP if !QOS_2 => return Err(Error::Malformed),
            PacketType::PINGRESP => 0,
            PacketType::SUBACK => 3,
            PacketType::CONNACK
            | PacketType::PUBACK
            | PacketType::PUBREC
            | PacketType::PUBREL
            | PacketType::PUBCOMP
            | PacketType::UNSUBACK => 2,
            _ => return Err(Error::Malformed), // only clients send these, or nobody
        };
        if length != expected {
            return Err(Error::Malformed);
        }
        if length == 0 { self.complete(Packet::Pingresp) } else { self.collect(Stage::Acknowledgement, expected as u8) }
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
    fn decode(awaits_connack: bool, input: &[u8], piece: usize) -> Result<Vec<Arrived>, Error> {
        let mut decoder = Decoder::new(awaits_connack);
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
                    decoder.received(count as u32, &topic)?
                }
                Target::Message => {
                    keep(&mut message);
                    decoder.received(count as u32, &[])?
                }
                Target::Header | Target::Skip => decoder.received(count as u32, bytes)?,
            };
            if let Some(packet) = complete {
                arrived.push(Arrived {
                    packet,
                    topic: std::mem::take(&mut topic),
                    message: std::mem::take(&mut message),
                });
            }
        }
        Ok(arrived)
    }

    fn packets(input: &[u8]) -> Result<Vec<Packet>, Error> {
        Ok(decode(false, input, usize::MAX)?.into_iter().map(|arrived| arrived.packet).collect())
    }

    #[cfg(feature = "qos2")]
    fn acknowledgement(packet_type: PacketType, identifier: u16, return_code: u8) -> Packet {
        Packet::Acknowledgement { packet_type, identifier, return_code }
    }

    #[test]
    fn the_rest_of_a_packet_is_known_from_its_length_on() {
        let publish = b"\x32\x09\x00\x02ab\x00\x01hey";
        let mut decoder = Decoder::new(false);
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
        let mut decoder = Decoder::new(false);
        assert_eq!(decoder.received(2, b"\x90\x03"), Ok(None));
        assert_eq!(decoder.rest(), 3);
        assert_eq!(decoder.received(1, b"\x00"), Ok(None));
        assert_eq!(decoder.rest(), 2);
    }

    #[test]
    fn connack() {
        let connack = |input: &[u8]| decode(true, input, usize::MAX).map(|arrived| arrived[0].packet);
        assert_eq!(connack(b"\x20\x02\x00\x00"), Ok(Packet::Connack { session_present: false, return_code: 0 }));
        assert_eq!(connack(b"\x20\x02\x01\x00"), Ok(Packet::Connack { session_present: true, return_code: 0 }));
        assert_eq!(connack(b"\x20\x02\x00\x05"), Ok(Packet::Connack { session_present: false, return_code: 5 }));
        for malformed in [&b"\x20\x02\x02\x00"[..], b"\x20\x02\x01\x05", b"\x20\x02\x00\x06", b"\x20\x03", b"\x21\x02"]
        {
            assert_eq!(decode(true, malformed, 1), Err(Error::Malformed), "{malformed:x?}");
        }
    }

    #[test]
    fn connack_comes_first_and_once() {
        assert_eq!(decode(true, b"\x30\x03\x00\x01t", 9), Err(Error::Malformed));
        assert_eq!(decode(true, b"\x20\x02\x00\x00\x20\x02\x00\x00", 9), Err(Error::Malformed));
        assert_eq!(packets(b"\x20\x02\x00\x00"), Err(Error::Malformed));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn messages_of_each_quality_of_service() {
        let arrived = decode(false, b"\x31\x05\x00\x01thi\x3b\x07\x00\x01t\x01\x02hi\x34\x05\x00\x01t\x00\x09", 99);
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
                assert_eq!(decode(false, input, piece), Err(Error::Malformed), "{what}, {piece} bytes at a time");
            }
        }
    }

    #[test]
    fn an_announced_length_of_256_megabytes_is_only_a_number() {
        let mut decoder = Decoder::new(false);
        for byte in *b"\x30\xff\xff\xff\x7f\x00\x01" {
            assert_eq!(decoder.received(1, &[byte]), Ok(None));
        }
        assert_eq!(decoder.received(1, b"t"), Ok(None));
        assert_eq!(decoder.want(), Want { target: Target::Message, offset: 0, len: REMAINING_LENGTH_MAX - 3 });
    }

    #[test]
    fn a_message_given_up_is_skipped_and_the_next_one_arrives() {
        let mut decoder = Decoder::new(false);
        decoder.received(2, b"\x32\x0a").unwrap();
        decoder.received(2, b"\x00\x01").unwrap();
        decoder.received(1, b"t").unwrap();
        decoder.received(2, b"\x00\x07").unwrap();
        decoder.received(2, &[]).unwrap();
        decoder.skip();
        assert_eq!(decoder.want(), Want { target: Target::Skip, offset: 0, len: 3 });
        assert_eq!(decoder.received(3, &[]), Ok(Some(Packet::Skipped { repeated: None })));
        assert_eq!(decoder.received(2, b"\xd0\x00"), Ok(Some(Packet::Pingresp)));
    }

    #[cfg(feature = "qos2")]
    #[test]
    fn a_repeated_message_is_skipped_and_told_by_its_identifier() {
        let mut decoder = Decoder::new(false);
        decoder.received(2, b"\x3c\x07").unwrap();
        decoder.received(2, b"\x00\x01").unwrap();
        decoder.received(1, b"t").unwrap();
        assert_eq!(decoder.exactly_once_message(), None);
        decoder.received(2, b"\x00\x09").unwrap();
        assert_eq!(decoder.exactly_once_message(), Some(9));
        decoder.skip_repeated();
        assert_eq!(decoder.received(1, &[]), Ok(None));
        assert_eq!(decoder.received(1, &[]), Ok(Some(Packet::Skipped { repeated: Some(9) })));
    }

    #[test]
    fn more_bytes_than_wanted_are_refused() {
        assert_eq!(Decoder::new(false).received(3, b"\xd0\x00\xd0"), Err(Error::Malformed));
    }

    proptest! {
        #[test]
        fn no_input_panics(input in proptest::collection::vec(any::<u8>(), 0..200), piece in 1usize..8, connack: bool) {
            let _ = decode(connack, &input, piece);
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
            let _ = decode(false, &input, 3);
        }

        /// The short way is a way to the same, from every packet to every packet.
        #[test]
        fn a_whole_packet_is_what_its_bytes_are(
            connack: bool,
            first in prop_oneof![any::<u8>(), 0x30u8..0x3f],
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..8),
                "[\\x00\\x01][\\x00-\\x08][a-z#]{0,6}[\\x00-a]{0,4}".prop_map(|text| text.into_bytes()),
            ],
        ) {
            let packet = [&[first, body.len() as u8], &body[..]].concat();
            let mut decoder = Decoder::new(connack);
            let whole = decoder.whole(&packet);
            let by_steps = decode(connack, &packet, 200).map(|mut arrived| arrived.pop());
            match by_steps {
                Ok(Some(arrived)) => {
                    prop_assert_eq!(whole, Ok(arrived.packet));
                    prop_assert_eq!(decoder.want(), Decoder::new(false).want());
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
            use super::super::{Chunk, Outgoing, Publish, Slot, Strings};
            let mut strings = Strings::default();
            strings.0[Slot::Topic as usize] = Some(topic.as_bytes());
            strings.0[Slot::Message as usize] = Some(&message);
            let qos = QoS::from_number(qos).unwrap();
            let packet = Outgoing::publish_unchecked(Publish { dup: false, qos, retain: false, identifier: 77 });
            let mut input = [0; 1024];
            let (Chunk::Scratch(length), _) = packet.chunk(0, &strings, &mut input) else { panic!("it fits") };
            let identifier = if qos == QoS::AtMostOnce { 0 } else { 77 };
            let expected = Arrived { packet: Packet::Publish { qos, identifier }, topic: topic.into_bytes(), message };
            prop_assert_eq!(decode(false, &input[..length], piece), Ok(vec![expected]));
        }
    }
}
