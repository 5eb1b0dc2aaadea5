//! The packets a client sends (MQTT 3.1.1, chapter 3).
//!
//! A packet's value holds its numbers and flags; its strings stay with the caller and are passed in as [`Strings`]
//! whenever they are needed.

use super::gather::{Chunk, Gather, Slot, Strings};
use super::{FIELD_MAX, PacketType, QoS, REMAINING_LENGTH_MAX, check_text, check_topic_filter, check_topic_name};
use crate::{ArgumentError, QOS_2};

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

/// A packet without strings: PINGREQ, DISCONNECT, or an acknowledgement with its packet identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bare {
    /// Which packet.
    pub packet_type: PacketType,
    /// The packet identifier that it acknowledges.
    pub identifier: Option<u16>,
}

/// Any packet that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Outgoing {
    Connect(Connect),
    Publish(Publish),
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
    Bare(Bare),
}

const PROTOCOL_LEVEL: u8 = 4;
/// "MQTT" as a number: the ESP8266 reads its constants from flash by words only.
const PROTOCOL_NAME: u32 = 0x4d51_5454;

const FLAG_CLEAN_SESSION: u8 = 1 << 1;
const FLAG_WILL: u8 = 1 << 2;
const SHIFT_WILL_QOS: u8 = 3;
const FLAG_WILL_RETAIN: u8 = 1 << 5;
const FLAG_PASSWORD: u8 = 1 << 6;
const FLAG_USER: u8 = 1 << 7;

const FLAG_RETAIN: u8 = 1 << 0;
const SHIFT_QOS: u8 = 1;
const FLAG_DUP: u8 = 1 << 3;

impl Outgoing {
    /// Checks that the packet may be sent with these strings.
    pub fn check(&self, strings: &Strings<'_>) -> Result<(), ArgumentError> {
        match self {
            Outgoing::Publish(Publish { qos: QoS::ExactlyOnce, .. })
            | Outgoing::Subscribe(Subscribe { qos: QoS::ExactlyOnce, .. })
                if !QOS_2 =>
            {
                return Err(ArgumentError::Qos2Missing);
            }
            Outgoing::Connect(connect) => connect.check(strings)?,
            Outgoing::Publish(_) => check_topic_name(strings.get(Slot::Topic))?,
            Outgoing::Subscribe(_) | Outgoing::Unsubscribe(_) => check_topic_filter(strings.get(Slot::Topic))?,
            Outgoing::Bare(_) => {}
        }
        match self.remaining_length(strings) {
            0..=REMAINING_LENGTH_MAX => Ok(()),
            _ => Err(ArgumentError::PacketTooLong),
        }
    }

    /// The size of the whole packet in bytes.
    pub fn size(&self, strings: &Strings<'_>) -> usize {
        let remaining = self.remaining_length(strings);
        let digits = match remaining {
            0..=0x7f => 1,
            0x80..=0x3fff => 2,
            0x4000..=0x1f_ffff => 3,
            _ => 4,
        };
        1 + digits + remaining as usize
    }

    /// The next bytes to write when the first `position` bytes of the packet are written. Short ones are put into
    /// `scratch`.
    pub fn chunk(&self, position: usize, strings: &Strings<'_>, scratch: &mut [u8]) -> Chunk {
        let mut gather = Gather::new(position, scratch);
        let to = &mut gather;
        to.put(&[self.first_byte()]);
        to.put_remaining_length(self.remaining_length(strings));
        match self {
            Outgoing::Connect(connect) => connect.put_rest(strings, to),
            Outgoing::Publish(publish) => {
                to.put_string(strings, Slot::Topic);
                if publish.qos != QoS::AtMostOnce {
                    to.put_u16(publish.identifier);
                }
                to.put_caller(strings, Slot::Message);
            }
            Outgoing::Subscribe(subscribe) => {
                to.put_u16(subscribe.identifier);
                to.put_string(strings, Slot::Topic);
                to.put(&[subscribe.qos as u8]);
            }
            Outgoing::Unsubscribe(unsubscribe) => {
                to.put_u16(unsubscribe.identifier);
                to.put_string(strings, Slot::Topic);
            }
            Outgoing::Bare(bare) => {
                if let Some(identifier) = bare.identifier {
                    to.put_u16(identifier);
                }
            }
        }
        gather.finish()
    }

    fn first_byte(&self) -> u8 {
        match self {
            Outgoing::Connect(_) => PacketType::CONNECT.first_byte(),
            Outgoing::Publish(publish) => {
                PacketType::PUBLISH.first_byte()
                    | if publish.dup { FLAG_DUP } else { 0 }
                    | (publish.qos as u8) << SHIFT_QOS
                    | if publish.retain { FLAG_RETAIN } else { 0 }
            }
            Outgoing::Subscribe(_) => PacketType::SUBSCRIBE.first_byte(),
            Outgoing::Unsubscribe(_) => PacketType::UNSUBSCRIBE.first_byte(),
            Outgoing::Bare(bare) => bare.packet_type.first_byte(),
        }
    }

    fn remaining_length(&self, strings: &Strings<'_>) -> u32 {
        let length = match self {
            Outgoing::Connect(connect) => connect.remaining_length(strings),
            Outgoing::Publish(publish) => {
                let identifier = if publish.qos == QoS::AtMostOnce { 0 } else { 2 };
                string_length(strings, Slot::Topic) + identifier + strings.get(Slot::Message).len()
            }
            Outgoing::Subscribe(_) => 2 + string_length(strings, Slot::Topic) + 1,
            Outgoing::Unsubscribe(_) => 2 + string_length(strings, Slot::Topic),
            Outgoing::Bare(bare) => bare.identifier.map_or(0, |_| 2),
        };
        u32::try_from(length).unwrap_or(u32::MAX)
    }
}

impl Connect {
    fn check(&self, strings: &Strings<'_>) -> Result<(), ArgumentError> {
        let client_id = strings.get(Slot::ClientId);
        if client_id.is_empty() && !self.clean_session {
            return Err(ArgumentError::ClientIdMissing);
        }
        check_text(client_id)?;
        check_text(strings.get(Slot::User))?;
        if self.will.is_some() {
            check_topic_name(strings.get(Slot::Topic))?;
        }
        for binary in [Slot::Message, Slot::Password] {
            if strings.get(binary).len() > FIELD_MAX {
                return Err(ArgumentError::FieldTooLong);
            }
        }
        Ok(())
    }

    fn remaining_length(&self, strings: &Strings<'_>) -> usize {
        let mut length = 10 + string_length(strings, Slot::ClientId);
        if self.will.is_some() {
            length += string_length(strings, Slot::Topic) + string_length(strings, Slot::Message);
        }
        for slot in credentials(strings).into_iter().flatten() {
            length += string_length(strings, slot);
        }
        length
    }

    fn put_rest(&self, strings: &Strings<'_>, to: &mut Gather<'_>) {
        let [user, password] = credentials(strings);
        let mut flags = 0;
        if self.clean_session {
            flags |= FLAG_CLEAN_SESSION;
        }
        if let Some(will) = self.will {
            flags |= FLAG_WILL | (will.qos as u8) << SHIFT_WILL_QOS;
            if will.retain {
                flags |= FLAG_WILL_RETAIN;
            }
        }
        if user.is_some() {
            flags |= FLAG_USER;
        }
        if password.is_some() {
            flags |= FLAG_PASSWORD;
        }
        to.put_u16(4);
        to.put(&PROTOCOL_NAME.to_be_bytes());
        to.put(&[PROTOCOL_LEVEL, flags]);
        to.put_u16(self.keep_alive);
        to.put_string(strings, Slot::ClientId);
        if self.will.is_some() {
            to.put_string(strings, Slot::Topic);
            to.put_string(strings, Slot::Message);
        }
        for slot in [user, password].into_iter().flatten() {
            to.put_string(strings, slot);
        }
    }
}

/// The slots of user and password that CONNECT holds.
fn credentials(strings: &Strings<'_>) -> [Option<Slot>; 2] {
    match (strings.find(Slot::User), strings.find(Slot::Password)) {
        (None, _) => [None, None],
        (Some(_), None) => [Some(Slot::User), None],
        (Some(_), Some(_)) => [Some(Slot::User), Some(Slot::Password)],
    }
}

fn string_length(strings: &Strings<'_>, slot: Slot) -> usize {
    2 + strings.get(slot).len()
}

#[cfg(test)]
mod tests {
    extern crate std;
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
            let bytes = match packet.chunk(out.len(), strings, &mut scratch) {
                Chunk::Scratch(0) => return out,
                Chunk::Scratch(filled) => &scratch[..filled],
                Chunk::Caller { slot, offset, len } => &strings.get(slot)[offset..offset + len],
            };
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
        assert_eq!(bytes(Outgoing::Connect(PLAIN_CONNECT), &strings), expected);
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
        assert_eq!(bytes(Outgoing::Connect(connect), &strings), expected);
    }

    #[test]
    fn a_user_needs_no_password_but_a_password_needs_a_user() {
        let user_only = strings(&[(Slot::ClientId, b"c"), (Slot::User, b"u")]);
        let expected = b"\x10\x10\x00\x04MQTT\x04\x82\x00\x00\x00\x01c\x00\x01u";
        assert_eq!(bytes(Outgoing::Connect(PLAIN_CONNECT), &user_only), expected);
        let password_only = strings(&[(Slot::ClientId, b"c"), (Slot::Password, b"p")]);
        let expected = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01c";
        assert_eq!(bytes(Outgoing::Connect(PLAIN_CONNECT), &password_only), expected);
    }

    #[test]
    fn an_empty_client_identifier_needs_a_clean_session() {
        let empty = strings(&[(Slot::ClientId, b"")]);
        assert_eq!(Outgoing::Connect(PLAIN_CONNECT).check(&empty), Ok(()));
        let kept = Connect { clean_session: false, ..PLAIN_CONNECT };
        assert_eq!(Outgoing::Connect(kept).check(&empty), Err(ArgumentError::ClientIdMissing));
    }

    #[test]
    fn publish_in_each_quality_of_service() {
        let strings = strings(&[(Slot::Topic, b"a/b"), (Slot::Message, b"hi")]);
        let publish = |qos, retain, dup| Outgoing::Publish(Publish { dup, qos, retain, identifier: 0x0102 });
        assert_eq!(bytes(publish(QoS::AtMostOnce, false, false), &strings), b"\x30\x07\x00\x03a/bhi");
        assert_eq!(bytes(publish(QoS::AtLeastOnce, true, false), &strings), b"\x33\x09\x00\x03a/b\x01\x02hi");
        assert_eq!(bytes(publish(QoS::ExactlyOnce, false, true), &strings), b"\x3c\x09\x00\x03a/b\x01\x02hi");
    }

    #[test]
    fn subscribe_and_unsubscribe() {
        let strings = strings(&[(Slot::Topic, b"domeu/#")]);
        let subscribe = Outgoing::Subscribe(Subscribe { identifier: 1, qos: QoS::AtLeastOnce });
        assert_eq!(bytes(subscribe, &strings), b"\x82\x0c\x00\x01\x00\x07domeu/#\x01");
        let unsubscribe = Outgoing::Unsubscribe(Unsubscribe { identifier: 2 });
        assert_eq!(bytes(unsubscribe, &strings), b"\xa2\x0b\x00\x02\x00\x07domeu/#");
    }

    #[test]
    fn packets_without_strings() {
        let bare =
            |packet_type, identifier| bytes(Outgoing::Bare(Bare { packet_type, identifier }), &Strings::default());
        assert_eq!(bare(PacketType::PINGREQ, None), b"\xc0\x00");
        assert_eq!(bare(PacketType::DISCONNECT, None), b"\xe0\x00");
        assert_eq!(bare(PacketType::PUBACK, Some(0x1234)), b"\x40\x02\x12\x34");
        assert_eq!(bare(PacketType::PUBREC, Some(1)), b"\x50\x02\x00\x01");
        assert_eq!(bare(PacketType::PUBREL, Some(1)), b"\x62\x02\x00\x01");
        assert_eq!(bare(PacketType::PUBCOMP, Some(65535)), b"\x70\x02\xff\xff");
    }

    #[test]
    fn the_size_counts_every_byte() {
        for length in [0, 124, 125, 16_380, 16_381, 2_097_148, 2_097_149] {
            let message = vec![0; length];
            let strings = strings(&[(Slot::Topic, b"t"), (Slot::Message, &message)]);
            let publish = Publish { dup: false, qos: QoS::AtMostOnce, retain: false, identifier: 0 };
            let packet = Outgoing::Publish(publish);
            assert_eq!(packet.size(&strings), bytes(packet, &strings).len());
        }
    }

    #[test]
    fn a_message_beyond_the_protocols_limit_is_refused() {
        let publish = |qos| Outgoing::Publish(Publish { dup: false, qos, retain: false, identifier: 1 });
        let largest = vec![0; REMAINING_LENGTH_MAX as usize - 3];
        let fits = strings(&[(Slot::Topic, b"t"), (Slot::Message, &largest)]);
        assert_eq!(publish(QoS::AtMostOnce).check(&fits), Ok(()));
        assert_eq!(publish(QoS::AtLeastOnce).check(&fits), Err(ArgumentError::PacketTooLong));
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
            let packet = Outgoing::Publish(
                Publish { dup: false, qos: QoS::AtLeastOnce, retain: false, identifier: 7 });
            let whole = written(&packet, &strings, 4096, usize::MAX);
            prop_assert_eq!(packet.size(&strings), whole.len());
            prop_assert_eq!(written(&packet, &strings, scratch, take), whole);
        }
    }
}
