//! One packet from the broker: read, delivered if it is a message, acknowledged if it asks for that.
//!
//! A message is acknowledged after it was delivered. When the delivery fails, the broker keeps it and will send it
//! again (MQTT 3.1.1, 4.4). When another message above QoS 0 arrives while it is being delivered, it is acknowledged
//! before that one, for acknowledgements go out in the order of arrival (MQTT-4.6.0-2, MQTT-4.6.0-3). What arrives while a
//! callback waits for an acknowledgement of its own is held, and both happen when that callback has returned.

use super::{Action, Arrived, Due, Event, Held, Kind, Operation, Outcome};
use crate::Error;
use crate::session::{Owed, Session};
use crate::wire::{Packet, PacketType, QoS};

impl Operation {
    pub(super) fn waiting(
        &mut self,
        session: &mut Session,
        now: u32,
        event: Event<'_>,
        arrived: Option<Arrived>,
    ) -> Result<Action, Error> {
        if event == Event::Start {
            session.check_writing()?;
            match session.take_waiting_since() {
                // A wait that is called for another operation has no more time than that one.
                Some(started) => self.started = started,
                None if arrived.is_some() => {}
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
                    self.read_on(session, now)
                }
            },
            (Event::OutOfMemory, _) => {
                session.decoder.skip();
                Err(Error::OutOfMemory)
            }
            (Event::Start, Some(message)) => self.take_in_order(session, message),
            (Event::Held, Some(_)) => Ok(self.waited()),
            (Event::Delivered, Some(message)) if self.holds => {
                // It will be acknowledged in its turn, but it must not be delivered again.
                if message.qos.is_exactly_once() {
                    session.delivered(message.identifier)?;
                }
                Ok(self.waited())
            }
            (Event::Delivered, Some(message)) => self.delivered(session, message),
            (Event::Sent, Some(message)) if message.answered => Ok(self.waited()),
            // What was sent is the acknowledgement of an earlier message.
            (Event::Sent, Some(message)) => self.take(session, message),
            (Event::Start | Event::WouldBlock | Event::TimedOut, _) => self.nothing_came(session, now, event),
            _ => self.read(session, now),
        }
    }

    /// The broker is silent, or has not been listened to yet: the time to think of the keep alive interval.
    fn nothing_came(&mut self, session: &mut Session, now: u32, event: Event<'_>) -> Result<Action, Error> {
        // At the start what is due may be there to be read.
        let due = session.keep_alive.due(now);
        if due == Due::GiveUp && event != Event::Start {
            return Err(Error::BrokerSilent);
        }
        match event {
            _ if due == Due::Ping => self.read_on(session, now),
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

    /// Reads on, after PINGREQ if that is due: a packet may take longer to arrive than the keep alive interval.
    fn read_on(&mut self, session: &mut Session, now: u32) -> Result<Action, Error> {
        match session.keep_alive.due(now) {
            Due::Ping => self.send_bare(session, PacketType::PINGREQ, None),
            _ => self.read(session, now),
        }
    }

    pub(super) fn arrived(&mut self, session: &mut Session, now: u32, packet: Packet) -> Result<Action, Error> {
        let (qos, identifier, repeated) = match packet {
            Packet::Publish { qos, identifier } => (qos, identifier, false),
            Packet::Acknowledgement { identifier, .. } => (QoS::AtMostOnce, identifier, false),
            Packet::Skipped { repeated: None } => return self.read_on(session, now),
            Packet::Skipped { repeated: Some(identifier) } => (QoS::ExactlyOnce, identifier, true),
            Packet::Pingresp => return Ok(Action::Done(Outcome::Nothing)),
            Packet::Connack { .. } => return Err(Error::Malformed),
        };
        let first_byte = session.decoder.first_byte();
        let message = Arrived { first_byte, qos, identifier, repeated, answered: false };
        self.kind = Kind::Waiting { arrived: Some(message) };
        if let Packet::Acknowledgement { packet_type, return_code, .. } = packet {
            return match session.acknowledged(packet_type, identifier, return_code)? {
                Some(answer) => self.answer(session, answer, identifier),
                None => Ok(self.waited()),
            };
        }
        if self.holds {
            return Ok(Action::Hold(Held { first_byte, identifier, repeated }));
        }
        self.take_in_order(session, message)
    }

    /// Delivers the message, after acknowledging the one that the user has in hand.
    fn take_in_order(&mut self, session: &mut Session, message: Arrived) -> Result<Action, Error> {
        match session.owed {
            Some(earlier) if message.qos != QoS::AtMostOnce => {
                session.owed = None;
                self.send_bare(session, earlier.acknowledgement(), Some(earlier.identifier))
            }
            _ => self.take(session, message),
        }
    }

    /// Delivers the message, unless it was delivered before.
    fn take(&mut self, session: &mut Session, message: Arrived) -> Result<Action, Error> {
        let Some(owed) = Owed::of(message.qos, message.identifier) else { return Ok(Action::Deliver) };
        let repeated = message.repeated || message.qos.is_exactly_once() && !session.is_new(message.identifier);
        session.owed = Some(owed);
        if repeated {
            return self.delivered(session, message);
        }
        if message.qos.is_exactly_once() {
            // Noted before it is delivered: it may come again while the user has it in hand.
            session.delivered(message.identifier)?;
        }
        Ok(Action::Deliver)
    }

    fn delivered(&mut self, session: &mut Session, message: Arrived) -> Result<Action, Error> {
        match session.owed {
            Some(owed) if session.owed == Owed::of(message.qos, message.identifier) => {
                session.owed = None;
                self.answer(session, owed.acknowledgement(), owed.identifier)
            }
            // It asks for nothing, or a message within its delivery has had it acknowledged.
            _ => Ok(self.waited()),
        }
    }

    fn answer(&mut self, session: &mut Session, packet_type: PacketType, identifier: u16) -> Result<Action, Error> {
        if let Kind::Waiting { arrived: Some(arrived) } = &mut self.kind {
            arrived.answered = true;
        }
        self.send_bare(session, packet_type, Some(identifier))
    }
}

/// Sees to it that a message that was delivered before takes no memory.
fn skip_if_repeated(session: &mut Session) -> Result<(), Error> {
    match session.decoder.exactly_once_message() {
        Some(identifier) if !session.is_new(identifier) => session.decoder.skip_repeated(),
        _ => {}
    }
    Ok(())
}
