//! One packet from the broker: read, delivered if it is a message, acknowledged if it asks for that.
//!
//! A message is acknowledged after it was delivered. When the delivery fails, the broker keeps it and will send it
//! again (MQTT 3.1.1, 4.4). When another message above QoS 0 arrives while it is being delivered, it is acknowledged
//! before that one, for acknowledgements go out in the order of arrival (MQTT-4.6.0-2, MQTT-4.6.0-3). What arrives while a
//! callback waits for an acknowledgement of its own is held, and both happen when that callback has returned.

use super::{Arrived, Next, Operation, Told};
use crate::Error;
use crate::session::{Due, Session};
use crate::wire::{GIVEN_UP, PacketType, QoS};

impl Operation {
    pub(super) fn waiting(&mut self, session: &mut Session, told: Told) -> Next {
        match told {
            Told::Start => {
                if let Err(error) = session.connection.check_writing() {
                    return error.into();
                }
                if let Some(started) = session.take_waiting_since() {
                    // A wait that is called for another operation has no more time than that one.
                    self.started = started;
                } else if self.arrived == Arrived::NOTHING && session.take_interruption() {
                    return Next::Done;
                }
                if self.arrived != Arrived::NOTHING {
                    // It may have come again, and been held too.
                    self.mark_if_repeated(session);
                    return self.take_in_order(session);
                }
                self.read_on(session, told)
            }
            Told::WouldBlock | Told::TimedOut => self.read_on(session, told),
            Told::Received if !session.decoder.is_within_packet() => self.has_arrived(session),
            Told::Received => {
                skip_if_repeated(session);
                self.read_on(session, told)
            }
            Told::OutOfMemory => {
                session.decoder.give_up();
                Error::OutOfMemory.into()
            }
            Told::Delivered if self.holds => {
                // It will be acknowledged in its turn, but it must not be delivered again.
                self.note_delivery(session, Next::Done)
            }
            Told::Delivered => self.delivered(session),
            // What was sent is PINGREQ.
            Told::Sent if self.arrived == Arrived::NOTHING => self.read(session),
            // What was sent is the acknowledgement of an earlier message.
            Told::Sent if !self.arrived.has(Arrived::ANSWERED) => self.take(session),
            Told::Sent | Told::Held | Told::Waited => Next::Done,
        }
    }

    /// Reads on, after PINGREQ if that is due: a packet may take longer to arrive than the keep alive interval. Unless the
    /// broker is silent, as [`Told::WouldBlock`] and [`Told::TimedOut`] tell; at the start what is due may be there to be read.
    fn read_on(&mut self, session: &mut Session, told: Told) -> Next {
        let due = session.connection.due(self.now);
        let is_silent = told == Told::WouldBlock || told == Told::TimedOut;
        if is_silent && due == Due::GiveUp {
            return Error::BrokerSilent.into();
        }
        if due == Due::Ping {
            return self.send_bare(session, PacketType::PINGREQ, 0);
        }
        if told == Told::WouldBlock {
            return Next::Done;
        }
        // A socket that has waited for less than it was allowed to has a time limit of its own, the user's.
        let patience = session.patience();
        let waited = self.now.wrapping_sub(self.reading_since);
        if is_silent && (patience == 0 || waited < patience / 8 * 7) {
            return Error::TimedOut.into();
        }
        self.read(session)
    }

    /// The decoder has a packet.
    pub(super) fn has_arrived(&mut self, session: &mut Session) -> Next {
        let decoder = &session.decoder;
        let packet_type = PacketType::of(decoder.first_byte());
        match packet_type {
            PacketType::PINGRESP => return Next::Done,
            PacketType::CONNACK => return Error::Malformed.into(),
            GIVEN_UP => return self.read_on(session, Told::Received),
            _ => {}
        }
        self.arrived = Arrived::new(decoder.first_byte(), decoder.identifier());
        if packet_type != PacketType::PUBLISH {
            return match session.acknowledged() {
                Ok(Some(answer)) => self.answer(session, answer),
                Ok(None) => Next::Done,
                Err(error) => error.into(),
            };
        }
        self.mark_if_repeated(session);
        if self.holds {
            return Next::Hold;
        }
        self.take_in_order(session)
    }

    /// Delivers the message, after acknowledging the one that the user has in hand.
    fn take_in_order(&mut self, session: &mut Session) -> Next {
        let earlier = session.in_hand;
        if earlier != Arrived::NOTHING && self.arrived.qos() != QoS::AtMostOnce {
            session.in_hand = Arrived::NOTHING;
            return self.send_bare(session, earlier.acknowledgement(), earlier.identifier());
        }
        self.take(session)
    }

    /// Delivers the message, unless it was delivered before.
    fn take(&mut self, session: &mut Session) -> Next {
        if self.arrived.qos() == QoS::AtMostOnce {
            return Next::Deliver;
        }
        session.in_hand = self.arrived.message();
        if self.arrived.has(Arrived::REPEATED) {
            return self.delivered(session);
        }
        // Noted before it is delivered: it may come again while the user has it in hand.
        self.note_delivery(session, Next::Deliver)
    }

    /// Marks the message if it was delivered before.
    fn mark_if_repeated(&mut self, session: &Session) {
        if self.arrived.qos().is_exactly_once() && !session.is_new(self.arrived.identifier()) {
            self.arrived = self.arrived.with(Arrived::REPEATED);
        }
    }

    /// Notes that a message has been delivered, which must not be again; then this comes next.
    fn note_delivery(&self, session: &mut Session, next: Next) -> Next {
        if !self.arrived.qos().is_exactly_once() {
            return next;
        }
        session.delivered(self.arrived.identifier()).map(|()| next).into()
    }

    fn delivered(&mut self, session: &mut Session) -> Next {
        if session.in_hand != self.arrived.message() {
            // It asks for nothing, or a message within its delivery has had it acknowledged.
            return Next::Done;
        }
        session.in_hand = Arrived::NOTHING;
        self.answer(session, self.arrived.acknowledgement())
    }

    #[inline(never)]
    fn answer(&mut self, session: &mut Session, packet_type: PacketType) -> Next {
        self.arrived = self.arrived.with(Arrived::ANSWERED);
        self.send_bare(session, packet_type, self.arrived.identifier())
    }
}

/// Sees to it that a message that was delivered before takes no memory.
fn skip_if_repeated(session: &mut Session) {
    match session.decoder.exactly_once_message() {
        Some(identifier) if !session.is_new(identifier) => session.decoder.skip(),
        _ => {}
    }
}
