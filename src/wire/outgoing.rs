//! The packets a client sends (MQTT 3.1.1, chapter 3).
//!
//! A packet's value holds its numbers and flags; its strings stay with the caller and are found by a
//! [`Lookup`] whenever they are needed.

use super::caller::{self, Kind};
use super::gather::{Gather, Lookup, Slot};
use super::{PacketType, QoS, REMAINING_LENGTH_MAX, check_topic_filter, check_topic_name};
use crate::{Error, QOS_2};

/// The message the broker publishes when the client is lost (MQTT 3.1.1, 3.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Will {
    /// The quality of service it is published with.
    pub qos: QoS,
    /// Whether the broker retains it.
    pub retain: bool,
}

/// CONNECT (MQTT 3.1.1, 3.1). Strings: client identifier; with a will its topic and message; user and password if
/// there are any. A password without a user is left out (MQTT-3.1.2-22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect {
    /// Whether the broker forgets what it knows of this client.
    pub clean_session: bool,
    /// The keep alive interval in seconds; 0 for none.
    pub keep_alive: u16,
    /// The will, if there is one.
    pub will: Option<Will>,
}

/// PUBLISH (MQTT 3.1.1, 3.3). Strings: topic and message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Whether it was sent before with the same packet identifier.
    pub dup: bool,
    /// The quality of service.
    pub qos: QoS,
    /// Whether the broker retains it.
    pub retain: bool,
    /// The packet identifier; not sent at QoS 0 (MQTT-2.3.1-5).
    pub identifier: u16,
}

/// SUBSCRIBE to one topic filter (MQTT 3.1.1, 3.8). Strings: the topic filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// The packet identifier.
    pub identifier: u16,
    /// The highest quality of service that messages may arrive with.
    pub qos: QoS,
}

/// UNSUBSCRIBE from one topic filter (MQTT 3.1.1, 3.10). Strings: the topic filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The packet identifier.
    pub identifier: u16,
}

/// A packet that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The first byte of the fixed header.
    first: u8,
    /// The slots whose strings the packet holds with their lengths, a bit for each; PUBLISH has its own.
    fields: u8,
    /// The connect flags of CONNECT, or the QoS that SUBSCRIBE asks for.
    flags: u8,
    /// The keep alive interval of CONNECT; the packet identifier of others, 0 for none.
    number: u16,
}

const PROTOCOL_LEVEL: u32 = 4;
/// "MQTT" as a number: the ESP8266 reads its constants from flash by words only.
const PROTOCOL_NAME: u32 = 0x4d51_5454;

const SHIFT_CLEAN_SESSION: u8 = 1;
const FLAG_WILL: u8 = 1 << 2;
const SHIFT_WILL_QOS: u8 = 3;
const SHIFT_WILL_RETAIN: u8 = 5;
const FLAG_PASSWORD: u8 = 1 << 6;
const FLAG_USER: u8 = 1 << 7;

const SHIFT_DUP: u8 = 3;

fn check_qos(qos: QoS) -> Result<(), Error> {
    if qos == QoS::ExactlyOnce && !QOS_2 { Err(Error::Qos2Missing) } else { Ok(()) }
}

const fn bit(slot: Slot) -> u8 {
    1 << slot as u8
}

impl Outgoing {
    /// No packet.
    pub const fn nothing() -> Outgoing {
        Outgoing { first: 0, fields: 0, flags: 0, number: 0 }
    }

    /// CONNECT with these strings.
    pub fn connect(connect: Connect, strings: &impl Lookup) -> Result<Self, Error> {
        let (mut flags, mut fields) = (u8::from(connect.clean_session) << SHIFT_CLEAN_SESSION, bit(Slot::ClientId));
        let client_id = strings.get(Slot::ClientId);
        if !connect.clean_session && client_id.is_empty() {
            return Err(Error::ClientIdMissing);
        }
        caller::check(client_id, Kind::Text)?;
        if let Some(will) = connect.will {
            flags |= FLAG_WILL | will.qos.number() << SHIFT_WILL_QOS | u8::from(will.retain) << SHIFT_WILL_RETAIN;
            fields |= bit(Slot::Topic) | bit(Slot::Message);
            caller::check(strings.get(Slot::Topic), Kind::TopicName)?;
            caller::check(strings.get(Slot::Message), Kind::Binary)?;
        }
        if let Some(user) = strings.find(Slot::User as usize) {
            flags |= FLAG_USER;
            fields |= bit(Slot::User);
            caller::check(user, Kind::Text)?;
            if let Some(password) = strings.find(Slot::Password as usize) {
                flags |= FLAG_PASSWORD;
                fields |= bit(Slot::Password);
                caller::check(password, Kind::Binary)?;
            }
        }
        Ok(Outgoing { first: PacketType::CONNECT.first_byte(), fields, flags, number: connect.keep_alive })
    }

    /// PUBLISH with these strings.
    pub fn publish(publish: Publish, strings: &impl Lookup) -> Result<Self, Error> {
        check_qos(publish.qos)?;
        check_topic_name(strings.get(Slot::Topic))?;
        let packet = Self::publish_unchecked(publish);
        if packet.length(strings) > REMAINING_LENGTH_MAX as usize {
            return Err(Error::PacketTooLong);
        }
        Ok(packet)
    }

    /// PUBLISH with strings that were checked before.
    pub fn publish_unchecked(publish: Publish) -> Self {
        let first =
            PacketType::PUBLISH.first_byte() | u8::from(publish.dup) << SHIFT_DUP | publish.qos.flags(publish.retain);
        let number = if publish.qos == QoS::AtMostOnce { 0 } else { publish.identifier };
        Outgoing { first, fields: 0, flags: 0, number }
    }

    /// SUBSCRIBE with these strings.
    pub fn subscribe(subscribe: Subscribe, strings: &impl Lookup) -> Result<Self, Error> {
        check_qos(subscribe.qos)?;
        Self::with_filter(PacketType::SUBSCRIBE, subscribe.qos.number(), subscribe.identifier, strings)
    }

    /// UNSUBSCRIBE with these strings.
    pub fn unsubscribe(unsubscribe: Unsubscribe, strings: &impl Lookup) -> Result<Self, Error> {
        Self::with_filter(PacketType::UNSUBSCRIBE, 0, unsubscribe.identifier, strings)
    }

    fn with_filter(packet_type: PacketType, flags: u8, number: u16, strings: &impl Lookup) -> Result<Self, Error> {
        check_topic_filter(strings.get(Slot::Topic))?;
        Ok(Outgoing { first: packet_type.first_byte(), fields: bit(Slot::Topic), flags, number })
    }

    /// A packet without strings: PINGREQ or DISCONNECT, whose packet identifier is 0, or an acknowledgement.
    pub fn bare(packet_type: PacketType, identifier: u16) -> Self {
        Outgoing { first: packet_type.first_byte(), fields: 0, flags: 0, number: identifier }
    }

    /// Whether it is none.
    pub fn is_nothing(&self) -> bool {
        self.first == 0
    }

    /// The keep alive interval of CONNECT in seconds, or the packet identifier, 0 for none.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Changes that number, which may be had without a packet too.
    pub fn set_number(&mut self, number: u16) {
        self.number = number;
    }

    /// Which packet it is.
    pub fn packet_type(&self) -> PacketType {
        PacketType::of(self.first)
    }

    /// The next bytes to write when the first `position` bytes of the packet are written, none when that is all of it; and the
    /// size of the whole packet in bytes. Short ones are put into `scratch`. `strings` are those that the packet was made with.
    pub fn chunk<'a>(&self, position: usize, strings: &'a impl Lookup, scratch: &'a mut [u8]) -> (&'a [u8], usize) {
        let mut to = Gather::new(position, scratch);
        let length = self.length(strings);
        let size = to.put_fixed_header(self.first, length) + length;
        self.put_body(&mut to, strings);
        (to.finish(), size)
    }

    /// Puts what follows the fixed header.
    #[inline(never)]
    fn put_body<'a>(&self, to: &mut Gather<'a>, strings: &'a impl Lookup) {
        let packet_type = self.packet_type();
        if packet_type == PacketType::PUBLISH {
            to.put_string(strings.get(Slot::Topic));
            to.put(self.number.into(), self.size_of_number());
            to.put_caller(strings.get(Slot::Message));
            return;
        }
        if packet_type == PacketType::CONNECT {
            to.put(4, 2);
            to.put(PROTOCOL_NAME, 4);
            to.put(PROTOCOL_LEVEL << 24 | u32::from(self.flags) << 16 | u32::from(self.number), 4);
        } else {
            to.put(self.number.into(), self.size_of_number());
        }
        for string in strings.named(self.fields) {
            to.put_string(string);
        }
        if packet_type == PacketType::SUBSCRIBE {
            to.put(self.flags.into(), 1);
        }
    }

    /// The remaining length.
    fn length(&self, strings: &impl Lookup) -> usize {
        let packet_type = self.packet_type();
        if packet_type == PacketType::PUBLISH {
            let (topic, message) = (strings.get(Slot::Topic), strings.get(Slot::Message));
            return 2 + topic.len() + self.size_of_number() as usize + message.len();
        }
        if self.fields == 0 { self.size_of_number() as usize } else { self.count(strings) }
    }

    /// The same of any packet, put together nowhere.
    #[inline(never)]
    fn count(&self, strings: &impl Lookup) -> usize {
        let mut counted = Gather::new(usize::MAX, &mut []);
        self.put_body(&mut counted, strings);
        counted.skipped()
    }

    /// What is left to be written of PUBLISH, whose size is `size` bytes, when its first `position` bytes are written; the
    /// short way to it. `None` when that is not only a part of the message.
    pub fn rest_of_message<'a>(&self, position: usize, size: usize, strings: &'a impl Lookup) -> Option<&'a [u8]> {
        if self.packet_type() != PacketType::PUBLISH {
            return None;
        }
        let message = strings.get(Slot::Message);
        message.get(message.len().checked_sub(size.checked_sub(position)?)?..)
    }

    /// How many bytes the packet identifier has.
    fn size_of_number(&self) -> u32 {
        if self.number == 0 { 0 } else { 2 }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::Strings;
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    fn strings<'a>(given: &[(Slot, &'a [u8])]) -> Strings<'a> {
        let mut strings = Strings::default();
        for &(slot, bytes) in given {
            strings.0[slot as usize] = Some(bytes);
        }
        strings
    }

    /// The packet as it is written, by a transport that takes at most `take` bytes at a time.
    fn written(packet: &Outgoing, strings: &Strings<'_>, scratch: usize, take: usize) -> Vec<u8> {
        let mut scratch = vec![0; scratch];
        let mut out = Vec::new();
        loop {
            let (bytes, size) = packet.chunk(out.len(), strings, &mut scratch);
            assert_eq!(bytes.is_empty(), out.len() == size);
            if bytes.is_empty() {
                return out;
            }
            out.extend_from_slice(&bytes[..bytes.len().min(take)]);
        }
    }

    fn bytes(packet: Outgoing, strings: &Strings<'_>) -> Vec<u8> {
        written(&packet, strings, 256, usize::MAX)
    }

    const PLAIN_CONNECT: Connect = Connect { clean_session: true, keep_alive: 0, will: None };

    #[test]
    fn connect_of_the_tutorial() {
        let strings = strings(&[(Slot::ClientId, b"abc")]);
        let expected = b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x00\x00\x03abc";
        assert_eq!(bytes(Outgoing::connect(PLAIN_CONNECT, &strings).unwrap(), &strings), expected);
    }

    #[test]
    fn connect_with_everything() {
        let connect = Connect {
            clean_session: false,
            keep_alive: 0x1234,
            will: Some(Will { qos: QoS::ExactlyOnce, retain: true }),
        };
        let strings = strings(&[
            (Slot::ClientId, b"c"),
            (Slot::Topic, b"w/t"),
            (Slot::Message, b"gone"),
            (Slot::User, "é".as_bytes()),
            (Slot::Password, b"\xff\0"),
        ]);
        let expected =
            b"\x10\x20\x00\x04MQTT\x04\xf4\x12\x34\x00\x01c\x00\x03w/t\x00\x04gone\x00\x02\xc3\xa9\x00\x02\xff\x00";
        assert_eq!(bytes(Outgoing::connect(connect, &strings).unwrap(), &strings), expected);
    }

    #[test]
    fn a_user_needs_no_password_but_a_password_needs_a_user() {
        let user_only = strings(&[(Slot::ClientId, b"c"), (Slot::User, b"u")]);
        let expected = b"\x10\x10\x00\x04MQTT\x04\x82\x00\x00\x00\x01c\x00\x01u";
        assert_eq!(bytes(Outgoing::connect(PLAIN_CONNECT, &user_only).unwrap(), &user_only), expected);
        let password_only = strings(&[(Slot::ClientId, b"c"), (Slot::Password, b"p")]);
        let expected = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01c";
        assert_eq!(bytes(Outgoing::connect(PLAIN_CONNECT, &password_only).unwrap(), &password_only), expected);
    }

    #[test]
    fn an_empty_client_identifier_needs_a_clean_session() {
        let empty = strings(&[(Slot::ClientId, b"")]);
        assert_eq!(Outgoing::connect(PLAIN_CONNECT, &empty).map(drop), Ok(()));
        let kept = Connect { clean_session: false, ..PLAIN_CONNECT };
        assert_eq!(Outgoing::connect(kept, &empty), Err(Error::ClientIdMissing));
    }

    #[test]
    fn publish_in_each_quality_of_service() {
        let strings = strings(&[(Slot::Topic, b"a/b"), (Slot::Message, b"hi")]);
        let publish = |qos, retain, dup| Outgoing::publish_unchecked(Publish { dup, qos, retain, identifier: 0x0102 });
        assert_eq!(bytes(publish(QoS::AtMostOnce, false, false), &strings), b"\x30\x07\x00\x03a/bhi");
        assert_eq!(bytes(publish(QoS::AtLeastOnce, true, false), &strings), b"\x33\x09\x00\x03a/b\x01\x02hi");
        assert_eq!(bytes(publish(QoS::ExactlyOnce, false, true), &strings), b"\x3c\x09\x00\x03a/b\x01\x02hi");
    }

    #[test]
    fn subscribe_and_unsubscribe() {
        let strings = strings(&[(Slot::Topic, b"domeu/#")]);
        let subscribe = Outgoing::subscribe(Subscribe { identifier: 1, qos: QoS::AtLeastOnce }, &strings).unwrap();
        assert_eq!(bytes(subscribe, &strings), b"\x82\x0c\x00\x01\x00\x07domeu/#\x01");
        let unsubscribe = Outgoing::unsubscribe(Unsubscribe { identifier: 2 }, &strings).unwrap();
        assert_eq!(bytes(unsubscribe, &strings), b"\xa2\x0b\x00\x02\x00\x07domeu/#");
    }

    #[test]
    fn packets_without_strings() {
        let bare = |packet_type, identifier| bytes(Outgoing::bare(packet_type, identifier), &Strings::default());
        assert_eq!(bare(PacketType::PINGREQ, 0), b"\xc0\x00");
        assert_eq!(bare(PacketType::DISCONNECT, 0), b"\xe0\x00");
        assert_eq!(bare(PacketType::PUBACK, 0x1234), b"\x40\x02\x12\x34");
        assert_eq!(bare(PacketType::PUBREC, 1), b"\x50\x02\x00\x01");
        assert_eq!(bare(PacketType::PUBREL, 1), b"\x62\x02\x00\x01");
        assert_eq!(bare(PacketType::PUBCOMP, 65535), b"\x70\x02\xff\xff");
    }

    #[test]
    fn the_size_counts_every_byte() {
        for length in [0, 124, 125, 16_380, 16_381, 2_097_148, 2_097_149] {
            let message = vec![0; length];
            let strings = strings(&[(Slot::Topic, b"t"), (Slot::Message, &message)]);
            let publish = Publish { dup: false, qos: QoS::AtMostOnce, retain: false, identifier: 0 };
            let packet = Outgoing::publish(publish, &strings).unwrap();
            assert_eq!(packet.chunk(0, &strings, &mut [0; 8]).1, bytes(packet, &strings).len());
        }
    }

    #[test]
    fn a_message_beyond_the_protocols_limit_is_refused() {
        let publish = |qos, strings| {
            Outgoing::publish(Publish { dup: false, qos, retain: false, identifier: 1 }, strings).map(drop)
        };
        let largest = vec![0; REMAINING_LENGTH_MAX as usize - 3];
        let fits = strings(&[(Slot::Topic, b"t"), (Slot::Message, &largest)]);
        assert_eq!(publish(QoS::AtMostOnce, &fits), Ok(()));
        assert_eq!(publish(QoS::AtLeastOnce, &fits), Err(Error::PacketTooLong));
    }

    proptest! {
        #[test]
        fn partial_writes_and_small_buffers_change_no_byte(
            topic in "[a-zé/]{1,40}",
            message in proptest::collection::vec(any::<u8>(), 0..300),
            scratch in 1usize..64,
            take in 1usize..50,
        ) {
            let strings = strings(&[(Slot::Topic, topic.as_bytes()), (Slot::Message, &message)]);
            let publish = Publish { dup: false, qos: QoS::AtLeastOnce, retain: false, identifier: 7 };
            let packet = Outgoing::publish(publish, &strings).unwrap();
            let whole = written(&packet, &strings, 4096, usize::MAX);
            prop_assert_eq!(packet.chunk(take, &strings, &mut [0; 8]).1, whole.len());
            for position in 1..=whole.len() {
                let rest = packet.rest_of_message(position, whole.len(), &strings);
                let is_within_message = position >= whole.len() - message.len();
                prop_assert_eq!(rest, is_within_message.then(|| &whole[position..]), "at {}", position);
            }
            prop_assert_eq!(written(&packet, &strings, scratch, take), whole);
        }
    }
}
