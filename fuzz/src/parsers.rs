//! Packets through other people's parsers and ours: what all accept has the same fields, and what ours refuses is forbidden
//! by a statement of the specification.
//!
//! The bytes are one packet. Three opinions of it are compared: our decoder's; the specification's, written down once
//! more in [`violation`] in the plainest way; and those of two parsers from the registry, `mqttbytes` and `mqtt-proto`.
//! - Ours refuses exactly what [`violation`] names.
//! - The others accept all that ours accepts, but for what [`too_strict`] explains.
//! - Whoever accepts a packet reads the same fields.
//!
//! What the others accept and ours refuses is theirs to explain: `tests/parsers.rs` lists it.

use crate::decoder::decode;
use bytes::BytesMut;
use umqtt::wire::Packet;

/// The fields of a packet that a broker sends; 0 or empty where a packet has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The control packet type.
    pub packet_type: u8,
    /// PUBLISH: DUP, QoS and RETAIN, as in the first byte.
    pub flags: u8,
    /// The packet identifier.
    pub identifier: u16,
    /// The topic of PUBLISH.
    pub topic: Vec<u8>,
    /// The message of PUBLISH.
    pub message: Vec<u8>,
    /// The return code of CONNACK, or the only one of SUBACK.
    pub code: u8,
    /// The session present flag of CONNACK.
    pub present: bool,
}

/// The parsers beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// `mqttbytes`, version 4 of the protocol.
    Mqttbytes,
    /// `mqtt-proto`, version 3.
    MqttProto,
}

/// Compares what the parsers say of the packet, if the bytes begin with a whole one.
pub fn run(data: &[u8]) {
    let Some(packet) = first_packet(data) else { return };
    let accepted = ours(packet);
    let violation = violation(packet);
    assert_eq!(accepted.is_none(), violation.is_some(), "{violation:?}, and ours read {accepted:?}");
    for other in [Other::Mqttbytes, Other::MqttProto] {
        match (&accepted, other.read(packet)) {
            (Some(ours), Some(theirs)) => assert_eq!(*ours, theirs, "ours, and that of {other:?}"),
            (Some(ours), None) => assert!(too_strict(other, packet).is_some(), "{other:?} refuses {ours:?}"),
            (None, _) => {}
        }
    }
}

/// The packet at the start of the bytes, if it is whole and its length can be read.
pub fn first_packet(data: &[u8]) -> Option<&[u8]> {
    let (digits, length) = remaining_length(data)?;
    data.get(..1 + digits + length)
}

fn remaining_length(data: &[u8]) -> Option<(usize, usize)> {
    let digits = data.get(1..)?.iter().take(4).position(|digit| digit & 0x80 == 0)? + 1;
    let length = (0..digits).map(|at| usize::from(data[1 + at] & 0x7f) << (7 * at)).sum();
    Some((digits, length))
}

/// What our decoder reads; `None` when it refuses the packet.
pub fn ours(packet: &[u8]) -> Option<Fields> {
    let mut stream = decode(packet, || usize::MAX);
    assert!(!stream.cut, "a whole packet is not enough");
    let arrived = stream.packets.pop()?;
    let mut fields = Fields { packet_type: arrived.first >> 4, ..Fields::default() };
    match arrived.packet {
        Packet::Connack { session_present, return_code } => {
            (fields.present, fields.code) = (session_present, return_code);
        }
        Packet::Publish { qos, identifier } => {
            assert_eq!(qos.number(), arrived.first >> 1 & 3);
            fields.flags = arrived.first & 15;
            (fields.identifier, fields.topic, fields.message) = (identifier, arrived.topic, arrived.message);
        }
        Packet::Acknowledgement { identifier, return_code, .. } => {
            (fields.identifier, fields.code) = (identifier, return_code);
        }
        Packet::Pingresp => {}
        Packet::GivenUp => panic!("nobody has asked for that"),
    }
    Some(fields)
}

/// The statement of the specification that forbids a broker to send this packet to a client that subscribes to one topic
/// at a time.
pub fn violation(packet: &[u8]) -> Option<&'static str> {
    let (first, digits) = (packet[0], remaining_length(packet)?.0);
    let body = &packet[1 + digits..];
    let (packet_type, flags) = (first >> 4, first & 15);
    let number = |at: usize| body.get(at..at + 2).map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    match packet_type {
        2..=7 | 9 | 11 | 13 => {}
        _ => return Some("table 2.1: no packet from a broker"),
    }
    if packet_type == 3 {
        let qos = flags >> 1 & 3;
        if qos == 3 {
            return Some("MQTT-3.3.1-4: QoS 3");
        }
        let identifier = if qos == 0 { 0 } else { 2 };
        let topic = usize::from(number(0));
        if body.len() < 2 + topic + identifier {
            return Some("3.3.2: shorter than its fields");
        }
        if topic == 0 {
            return Some("MQTT-4.7.3-1: no topic");
        }
        let name = &body[2..2 + topic];
        let Ok(name) = std::str::from_utf8(name) else { return Some("MQTT-1.5.3-1: not UTF-8") };
        if name.contains('\0') {
            return Some("MQTT-1.5.3-2: U+0000");
        }
        if name.contains(['+', '#']) {
            return Some("MQTT-3.3.2-2: a wildcard");
        }
        return (qos != 0 && number(2 + topic) == 0).then_some("MQTT-2.3.1-1: identifier 0");
    }
    if flags != if packet_type == 6 { 2 } else { 0 } {
        return Some("MQTT-2.2.2-2: reserved flags");
    }
    let length = match packet_type {
        13 => 0,
        9 => 3,
        _ => 2,
    };
    if body.len() != length {
        return Some("chapter 3: a length that this packet cannot have");
    }
    match packet_type {
        2 if body[0] > 1 => Some("3.2.2.1: reserved flags of CONNACK"),
        2 if body[1] > 5 => Some("3.2.2.3: a reserved return code"),
        2 if body[1] != 0 && body[0] != 0 => Some("MQTT-3.2.2-4: a session of a refused client"),
        2 | 13 => None,
        _ if number(0) == 0 => Some("MQTT-2.3.1-1: identifier 0"),
        9 if !matches!(body[2], 0..=2 | 0x80) => Some("MQTT-3.9.3-2: a reserved return code"),
        _ => None,
    }
}

/// Why that parser may refuse a packet that nothing forbids.
pub fn too_strict(other: Other, packet: &[u8]) -> Option<&'static str> {
    let publish_at_qos_0 = packet[0] & 0b1111_0110 == 0b0011_0000;
    match other {
        _ if publish_at_qos_0 && packet[0] & 8 != 0 => Some("DUP at QoS 0 (MQTT-3.3.1-2), which harms nobody"),
        _ => None,
    }
}

impl Other {
    /// What this parser reads; `None` when it refuses the packet.
    pub fn read(self, packet: &[u8]) -> Option<Fields> {
        let mut fields = Fields { packet_type: packet[0] >> 4, ..Fields::default() };
        match self {
            Other::Mqttbytes => read_mqttbytes(packet, &mut fields)?,
            Other::MqttProto => read_mqtt_proto(packet, &mut fields)?,
        }
        Some(fields)
    }
}

fn read_mqttbytes(packet: &[u8], fields: &mut Fields) -> Option<()> {
    use mqttbytes::v4::{Packet, SubscribeReasonCode};
    match mqttbytes::v4::read(&mut BytesMut::from(packet), packet.len()).ok()? {
        Packet::ConnAck(connack) => {
            (fields.present, fields.code) = (connack.session_present, connack.code as u8);
        }
        Packet::Publish(publish) => {
            fields.flags = u8::from(publish.dup) << 3 | (publish.qos as u8) << 1 | u8::from(publish.retain);
            fields.identifier = publish.pkid;
            (fields.topic, fields.message) = (publish.topic.into_bytes(), publish.payload.to_vec());
        }
        Packet::PubAck(ack) => fields.identifier = ack.pkid,
        Packet::PubRec(ack) => fields.identifier = ack.pkid,
        Packet::PubRel(ack) => fields.identifier = ack.pkid,
        Packet::PubComp(ack) => fields.identifier = ack.pkid,
        Packet::UnsubAck(ack) => fields.identifier = ack.pkid,
        Packet::SubAck(ack) => {
            fields.identifier = ack.pkid;
            fields.code = match ack.return_codes.first()? {
                SubscribeReasonCode::Success(qos) => *qos as u8,
                SubscribeReasonCode::Failure => 0x80,
            };
        }
        _ => {}
    }
    Some(())
}

fn read_mqtt_proto(packet: &[u8], fields: &mut Fields) -> Option<()> {
    use mqtt_proto::{
        QosPid,
        v3::{Packet, SubscribeReturnCode},
    };
    match Packet::decode(packet).ok()?? {
        Packet::Connack(connack) => {
            (fields.present, fields.code) = (connack.session_present, connack.code as u8);
        }
        Packet::Publish(publish) => {
            let (qos, identifier) = match publish.qos_pid {
                QosPid::Level0 => (0, 0),
                QosPid::Level1(pid) => (1, pid.value()),
                QosPid::Level2(pid) => (2, pid.value()),
            };
            fields.flags = u8::from(publish.dup) << 3 | qos << 1 | u8::from(publish.retain);
            fields.identifier = identifier;
            (fields.topic, fields.message) = (publish.topic_name.as_bytes().to_vec(), publish.payload.to_vec());
        }
        Packet::Puback(pid)
        | Packet::Pubrec(pid)
        | Packet::Pubrel(pid)
        | Packet::Pubcomp(pid)
        | Packet::Unsuback(pid) => fields.identifier = pid.value(),
        Packet::Suback(suback) => {
            fields.identifier = suback.pid.value();
            fields.code = match suback.topics.first()? {
                SubscribeReturnCode::MaxLevel0 => 0,
                SubscribeReturnCode::MaxLevel1 => 1,
                SubscribeReturnCode::MaxLevel2 => 2,
                SubscribeReturnCode::Failure => 0x80,
            };
        }
        _ => {}
    }
    Some(())
}
