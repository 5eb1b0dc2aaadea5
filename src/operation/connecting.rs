//! CONNECT, and the CONNACK that must be the first packet to come back (MQTT-3.2.0-1).

use super::{Arrived, Next, Operation, Told};
use crate::wire::{NO_PACKET, PacketType};
use crate::{Error, session::Session};

impl Operation {
    pub(super) fn connecting(&mut self, session: &mut Session, told: Told) -> Next {
        if told == Told::WouldBlock || told == Told::TimedOut {
            return Error::TimedOut.into();
        }
        match PacketType::of(session.decoder.first_byte()) {
            PacketType::CONNACK if !session.decoder.is_within_packet() => {}
            PacketType::CONNACK | NO_PACKET => return self.read(session),
            _ => return Error::Malformed.into(),
        }
        let return_code = session.decoder.return_code();
        if return_code != 0 {
            self.arrived = Arrived::from_word(return_code.into());
            return Error::ConnectRefused.into();
        }
        let session_present = session.decoder.session_present();
        self.arrived = Arrived::from_word(session_present.into());
        session.accepted(session_present);
        session.connection.accepted(self.packet.number());
        Next::Done
    }
}
