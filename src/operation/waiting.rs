//! One packet from the broker: read, delivered if it is a message, acknowledged if it asks for that.
//!
//! A message is acknowledged after it was delivered. When the delivery fails, the broker keeps it and will send it
//! again (MQTT 3.1.1, 4.4).

use super::{Action, Arrived, Event, Kind, Operation, Outcome};
use crate::wire::{Bare, Outgoing, Packet, PacketType, QoS};
use crate::{Error, session::Session};

impl Operation {
    pub(super) fn waiting(
        &mut self,
        session: &mut Session,
        now: u32,
        event: Event<'_>,
        arrived: Option<Arrived>,
    ) -> Result<Action, Error> {
        match (event, arrived) {
            (Event::Received { count: 0, .. }, _) => Err(Error::PeerClosed),
            (Event::Received { count, bytes }, _) => match session.decoder.received(count, bytes)? {
                Some(packet) => self.arrived(session, now, packet),
                None => self.read(session, now),
            },
            (Event::WouldBlock, _) => Ok(Action::Done(Outcome::Nothing)),
            (Event::OutOfMemory, _) => {
                session.decoder.skip();
                Err(Error::OutOfMemory)
            }
            (Event::Delivered, Some(message)) => self.delivered(session, message),
            (Event::Sent, _) => Ok(self.waited()),
            (Event::Start, _) if session.is_interrupted() => Ok(Action::Done(Outcome::Nothing)),
            _ => self.read(session, now),
        }
    }

    /// The end of a wait that a packet has come to.
    pub(super) fn waited(&self) -> Action {
        Action::Done(match self.kind {
            Kind::Waiting { arrived: Some(arrived) } => Outcome::Packet(arrived.first_byte),
            _ => Outcome::Nothing,
        })
    }

    fn arrived(&mut self, session: &mut Session, now: u32, packet: Packet) -> Result<Action, Error> {
        let (qos, identifier) = match packet {
            Packet::Publish { qos, identifier } => (qos, identifier),
            Packet::Acknowledgement { identifier, .. } => (QoS::AtMostOnce, identifier),
            Packet::Skipped => return self.read(session, now),
            Packet::Pingresp => return Ok(Action::Done(Outcome::Nothing)),
            Packet::Connack { .. } => return Err(Error::Malformed),
        };
        let arrived = Arrived { first_byte: session.decoder.first_byte(), qos, identifier };
        self.kind = Kind::Waiting { arrived: Some(arrived) };
        if let Packet::Acknowledgement { packet_type, return_code, .. } = packet {
            return match session.acknowledged(packet_type, identifier, return_code) {
                Some(answer) => self.answer(session, answer, identifier),
                None => Ok(self.waited()),
            };
        }
        if qos == QoS::ExactlyOnce && !session.is_new(identifier)? {
            return self.answer(session, PacketType::PUBREC, identifier);
        }
        Ok(Action::Deliver)
    }

    fn delivered(&mut self, session: &mut Session, message: Arrived) -> Result<Action, Error> {
        match message.qos {
            QoS::AtMostOnce => Ok(self.waited()),
            QoS::AtLeastOnce => self.answer(session, PacketType::PUBACK, message.identifier),
            QoS::ExactlyOnce => {
                session.delivered(message.identifier)?;
                self.answer(session, PacketType::PUBREC, message.identifier)
            }
        }
    }

    fn answer(&mut self, session: &mut Session, packet_type: PacketType, identifier: u16) -> Result<Action, Error> {
        self.packet = Some(Outgoing::Bare(Bare { packet_type, identifier: Some(identifier) }));
        self.send(session)
    }
}
