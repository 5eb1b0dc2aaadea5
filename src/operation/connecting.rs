//! CONNECT, and the CONNACK that must be the first packet to come back (MQTT-3.2.0-1).

use super::{Next, Operation, Told};
use crate::wire::PacketType;
use crate::{Error, session::Session};

impl Operation {
    pub(super) fn connecting(&mut self, session: &mut Session, told: Told) -> Result<Next, Error> {
        match told {
            Told::WouldBlock | Told::TimedOut => return Err(Error::TimedOut),
            Told::Received if !session.decoder.is_within_packet() => {}
            _ => return self.read(session),
        }
        if PacketType::of(session.decoder.first_byte()) != PacketType::CONNACK {
            return Err(Error::Malformed);
        }
        if session.decoder.return_code() != 0 {
            return Err(Error::ConnectRefused);
        }
        session.accepted(session.decoder.session_present());
        session.keep_alive.start(self.packet.number());
        Ok(Next::Done)
    }
}
