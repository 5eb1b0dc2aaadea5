//! One packet from the broker: read, delivered if it is a message, acknowledged if it asks for that.
//!
//! A message is acknowledged after it was delivered. When the delivery fails, the broker keeps it and will send it
//! again (MQTT 3.1.1, 4.4).

use super::{Action, Arrived, Due, Event, Kind, Operation, Outcome};
use crate::wire::{Packet, PacketType, QoS};
use crate::{Error, session::Session};

impl Operation {
    pub(super) fn waiting(
        &mut self,
        session: &mut Session,
        now: u32,
        event: Event<'_>,
        arrived: Option<Arrived>,
    ) -> Result<Action, Error> {
        if event == Event::Start {
            match session.take_waiting_since() {
                // A wait that is called for another operation has no more time than that one.
                Some(started) => self.started = started,
                None if session.take_interruption() => return Ok(Action::Done(Outcome::Nothing)),
                None => {}
            }
        }
        match (event, arrived) {
            (Event::Received { count: 0, .. }, _) => Err(Error::PeerClosed),
            (Event::Received { count, bytes }, _) => match session.decoder.received(count, bytes)? {
                Some(packet) => self.arrived(session, now, packet),
                None => {
                    skip_if_repeated(session)?;
                    self.read(session, now)
                }
            },
            (Event::OutOfMemory, _) => {
                session.decoder.skip();
                Err(Error::OutOfMemory)
            }
            (Event::Delivered, Some(message)) => self.delivered(session, message),
            (Event::Sent, Some(_)) => Ok(self.waited()),
            (Event::Start | Event::WouldBlock | Event::TimedOut, _) => self.nothing_came(session, now, event),
            _ => self.read(session, now),
        }
    }

    /// The broker is silent, or has not been listened to yet: the time to think of the keep alive interval.
    fn nothing_came(&mut self, session: &mut Session, now: u32, event: Event<'_>) -> Result<Action, Error> {
        // At the start what is due may be there to be read.
        match session.keep_alive.due(now) {
            Due::GiveUp if event != Event::Start => return Err(Error::BrokerSilent),
            Due::Ping => return self.send_bare(session, PacketType::PINGREQ, None),
            _ => {}
        }
        match event {
            Event::WouldBlock => Ok(Action::Done(Outcome::Nothing)),
            // A socket that has waited for less than it was allowed to has a time limit of its own, the user's.
            Event::TimedOut if now.wrapping_sub(self.reading_since) < session.patience() / 8 * 7 => {
                Err(Error::TimedOut)
            }
            Event::TimedOut if session.patience() == 0 => Err(Error::TimedOut),
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
            Packet::Skipped { repeated: None } => return self.read(session, now),
            Packet::Skipped { repeated: Some(identifier) } => (QoS::ExactlyOnce, identifier),
            Packet::Pingresp => return Ok(Action::Done(Outcome::Nothing)),
            Packet::Connack { .. } => return Err(Error::Malformed),
        };
        let arrived = Arrived { first_byte: session.decoder.first_byte(), qos, identifier, acknowledged: false };
        self.kind = Kind::Waiting { arrived: Some(arrived) };
        if let Packet::Acknowledgement { packet_type, return_code, .. } = packet {
            return match session.acknowledged(packet_type, identifier, return_code) {
                Some(answer) => self.answer(session, answer, identifier),
                None => Ok(self.waited()),
            };
        }
        let repeated = matches!(packet, Packet::Skipped { .. });
        if repeated || (qos == QoS::ExactlyOnce && !session.is_new(identifier)?) {
            return self.answer(session, PacketType::PUBREC, identifier);
        }
        if qos == QoS::ExactlyOnce {
            // Noted before it is delivered: it may come again while the user has it in hand.
            session.delivered(identifier)?;
        }
        Ok(Action::Deliver)
    }

    fn delivered(&mut self, session: &mut Session, message: Arrived) -> Result<Action, Error> {
        match message.qos {
            QoS::AtMostOnce => Ok(self.waited()),
            QoS::AtLeastOnce => self.answer(session, PacketType::PUBACK, message.identifier),
            QoS::ExactlyOnce => self.answer(session, PacketType::PUBREC, message.identifier),
        }
    }

    fn answer(&mut self, session: &mut Session, packet_type: PacketType, identifier: u16) -> Result<Action, Error> {
        if let Kind::Waiting { arrived: Some(arrived) } = &mut self.kind {
            arrived.acknowledged = true;
        }
        self.send_bare(session, packet_type, Some(identifier))
    }
}

/// Sees to it that a message that was delivered before takes no memory.
fn skip_if_repeated(session: &mut Session) -> Result<(), Error> {
    match session.decoder.exactly_once_message() {
        Some(identifier) if !session.is_new(identifier)? => session.decoder.skip_repeated(),
        _ => {}
    }
    Ok(())
}
