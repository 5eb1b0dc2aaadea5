//! CONNECT, and the CONNACK that must be the first packet to come back (MQTT-3.2.0-1).

use super::{Action, Event, Operation, Outcome};
use crate::wire::Packet;
use crate::{Error, session::Session};

impl Operation {
    pub(super) fn connecting(
        &mut self,
        session: &mut Session,
        now: u32,
        event: Event<'_>,
        keep_alive: u16,
    ) -> Result<Action, Error> {
        let (count, bytes) = match event {
            Event::Received { count: 0, .. } if session.decoder.is_within_packet() => return Err(Error::Malformed),
            Event::Received { count: 0, .. } => return Err(Error::PeerClosed),
            Event::Received { count, bytes } => (count, bytes),
            Event::WouldBlock | Event::TimedOut => return Err(Error::TimedOut),
            _ => return self.read(session, now),
        };
        match session.decoder.received(count, bytes)? {
            Some(Packet::Connack { session_present, return_code: 0 }) => {
                session.accepted(session_present);
                session.keep_alive.start(keep_alive);
                Ok(Action::Done(Outcome::Connected { session_present }))
            }
            Some(Packet::Connack { return_code, .. }) => Err(Error::ConnectRefused(return_code)),
            Some(_) => Err(Error::Malformed),
            None => self.read(session, now),
        }
    }
}
