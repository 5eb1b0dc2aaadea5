//! What travels between the two ends, read and written without the engine's help.
//!
//! Reading is strict: whatever MQTT 3.1.1 does not allow a client to send is an error that says why.

/// A packet that a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromClient {
    /// CONNECT.
    Connect {
        /// Its clean session flag.
        clean_session: bool,
    },
    /// PUBLISH.
    Publish(Message),
    /// PUBACK, PUBREC, PUBREL or PUBCOMP, told by the first byte, and its packet identifier.
    Acknowledgement(u8, u16),
    /// SUBSCRIBE: packet identifier and the quality of service asked for.
    Subscribe(u16, u8),
    /// UNSUBSCRIBE: packet identifier.
    Unsubscribe(u16),
    /// PINGREQ.
    Pingreq,
    /// DISCONNECT.
    Disconnect,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether it was sent before.
    pub dup: bool,
    /// Its quality of service.
    pub qos: u8,
    /// Its packet identifier; 0 at QoS 0.
    pub identifier: u16,
    /// Its topic.
    pub topic: Vec<u8>,
    /// What it says.
    pub payload: Vec<u8>,
}

/// The first bytes of the acknowledgements.
pub const PUBACK: u8 = 0x40;
/// See [`PUBACK`].
pub const PUBREC: u8 = 0x50;
/// See [`PUBACK`].
pub const PUBREL: u8 = 0x62;
/// See [`PUBACK`].
pub const PUBCOMP: u8 = 0x70;
/// See [`PUBACK`].
pub const SUBACK: u8 = 0x90;
/// See [`PUBACK`].
pub const UNSUBACK: u8 = 0xb0;

/// The size of the first packet in `bytes`, and where its rest begins after type and length; `None` when it has not
/// arrived whole.
pub fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let (mut length, mut at) = (0usize, 1);
    loop {
        let digit = *bytes.get(at)?;
        length |= usize::from(digit & 0x7f) << (7 * (at - 1));
        at += 1;
        if digit & 0x80 == 0 {
            break;
        }
    }
    (bytes.len() >= at + length).then_some((at + length, at))
}

/// Takes fields off the front of a packet's rest.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("a field runs beyond its packet")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u16, String> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn identifier(&mut self) -> Result<u16, String> {
        match self.number()? {
            0 => Err("a packet identifier of 0".into()),
            identifier => Ok(identifier),
        }
    }

    fn field(&mut self) -> Result<&'a [u8], String> {
        let length = self.number()?;
        self.take(length.into())
    }

    fn text(&mut self) -> Result<&'a [u8], String> {
        let text = self.field()?;
        match std::str::from_utf8(text) {
            Ok(valid) if !valid.contains('\0') => Ok(text),
            _ => Err(format!("{text:x?} is no UTF-8 encoded string")),
        }
    }

    fn end(&self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("{} bytes too many", self.0.len())) }
    }
}

/// Reads a packet that is there whole: `whole` bytes, of which the rest begins at `rest`.
pub fn read(whole: &[u8], rest: usize) -> Result<FromClient, String> {
    let (first, mut fields) = (whole[0], Fields(&whole[rest..]));
    let packet = match first {
        0x10 => {
            if fields.field()? != b"MQTT" || fields.byte()? != 4 {
                return Err("not MQTT 3.1.1".into());
            }
            let flags = fields.byte()?;
            fields.number()?;
            if flags & 1 != 0 {
                return Err("the reserved flag of CONNECT".into());
            }
            let will = flags & 1 << 2 != 0;
            if (!will && flags & 0b11_1000 != 0) || flags >> 3 & 3 == 3 {
                return Err("the will flags of CONNECT".into());
            }
            if flags & 1 << 7 == 0 && flags & 1 << 6 != 0 {
                return Err("a password without a user".into());
            }
            let client = fields.text()?;
            if client.is_empty() && flags & 2 == 0 {
                return Err("a kept session without a client identifier".into());
            }
            if will {
                fields.text()?;
                fields.field()?;
            }
            if flags & 1 << 7 != 0 {
                fields.text()?;
            }
            if flags & 1 << 6 != 0 {
                fields.field()?;
            }
            FromClient::Connect { clean_session: flags & 2 != 0 }
        }
        0x30..=0x3f => {
            let (dup, qos) = (first & 8 != 0, first >> 1 & 3);
            if qos == 3 || (qos == 0 && dup) {
                return Err(format!("PUBLISH with the flags {first:x}"));
            }
            let topic = fields.text()?;
            if topic.is_empty() || topic.iter().any(|byte| b"+#".contains(byte)) {
                return Err(format!("a message to {topic:x?}"));
            }
            let identifier = if qos == 0 { 0 } else { fields.identifier()? };
            let payload = std::mem::take(&mut fields.0);
            FromClient::Publish(Message { dup, qos, identifier, topic: topic.to_vec(), payload: payload.to_vec() })
        }
        PUBACK | PUBREC | PUBREL | PUBCOMP => FromClient::Acknowledgement(first, fields.identifier()?),
        0x82 => {
            let identifier = fields.identifier()?;
            let filter = fields.text()?;
            let qos = fields.byte()?;
            if filter.is_empty() || qos > 2 {
                return Err("SUBSCRIBE without a filter or with an odd QoS".into());
            }
            FromClient::Subscribe(identifier, qos)
        }
        0xa2 => {
            let identifier = fields.identifier()?;
            if fields.text()?.is_empty() {
                return Err("UNSUBSCRIBE without a filter".into());
            }
            FromClient::Unsubscribe(identifier)
        }
        0xc0 => FromClient::Pingreq,
        0xe0 => FromClient::Disconnect,
        _ => return Err(format!("a packet that begins with {first:x}")),
    };
    fields.end()?;
    Ok(packet)
}

/// CONNACK of a broker that accepts.
pub fn connack(session_present: bool) -> Vec<u8> {
    vec![0x20, 2, session_present.into(), 0]
}

/// PINGRESP.
pub fn pingresp() -> Vec<u8> {
    vec![0xd0, 0]
}

/// PUBACK, PUBREC, PUBREL, PUBCOMP or UNSUBACK.
pub fn acknowledgement(first: u8, identifier: u16) -> Vec<u8> {
    let [high, low] = identifier.to_be_bytes();
    vec![first, 2, high, low]
}

/// SUBACK.
pub fn suback(identifier: u16, granted: u8) -> Vec<u8> {
    let [high, low] = identifier.to_be_bytes();
    vec![SUBACK, 3, high, low, granted]
}

/// PUBLISH, of no more than 16,383 bytes after its length.
pub fn publish(message: &Message) -> Vec<u8> {
    let mut rest = (message.topic.len() as u16).to_be_bytes().to_vec();
    rest.extend(&message.topic);
    if message.qos > 0 {
        rest.extend(message.identifier.to_be_bytes());
    }
    rest.extend(&message.payload);
    let mut packet = vec![0x30 | u8::from(message.dup) << 3 | message.qos << 1];
    match rest.len() {
        short @ 0..=127 => packet.push(short as u8),
        long => packet.extend([(long & 127) as u8 | 128, (long >> 7) as u8]),
    }
    packet.extend(rest);
    packet
}
