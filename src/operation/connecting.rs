//! CONNECT, and the CONNACK that must be the first packet to come back (MQTT-3.2.0-1).

use super::{Arrived, Next, Operation, Told};
use crate::wire::PacketType;
use crate::{Error, session::Session};

impl Operation {
    pub(super) fn connecting(&mut self, session: &mut Session, told: Told) -> Next {
        match told {
            Told::WouldBlock | Told::TimedOut => return Error::TimedOut.into(),
            Told::Received if !session.decoder.is_within_packet() => {}
            _ => return self.read(session),
        }
        if PacketType::of(session.decoder.first_byte()) != PacketType::CONNACK {
            return Error::Malformed.into();
        }
        let return_code = session.decoder.return_code();
        if return_code != 0 {
            self.arrived = Arrived::from_word(return_code.into());
            return Error::ConnectRefused.into();
        }
        let session_present = session.decoder.session_present();
        self.arrived = Arrived::from_word(session_present.into());
        session.accepted(session_present);
        session.keep_alive.start(self.packet.number());
        Next::Done
    }
}
