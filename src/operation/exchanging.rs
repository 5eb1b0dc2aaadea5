//! A packet that is acknowledged: PUBLISH above QoS 0, SUBSCRIBE, UNSUBSCRIBE.
//!
//! The operation does not read. It waits, as often as it takes, for whoever reads to note the acknowledgement in the
//! session: so a wait within a callback within this wait can do that too.

use super::{Action, Operation, Outcome};
use crate::Error;
use crate::session::{Awaiting, Session};

const SUBSCRIBE_FAILURE: u8 = 0x80;

impl Operation {
    pub(super) fn exchanging(&mut self, session: &mut Session, now: u32, identifier: u16) -> Result<Action, Error> {
        session.set_waiting_since(None);
        match session.exchanges.find(identifier).map(|exchange| exchange.awaiting) {
            None | Some(Awaiting::Lost) => Err(Error::NotConnected),
            Some(Awaiting::Nothing(SUBSCRIBE_FAILURE)) => Err(Error::SubscribeRefused),
            Some(Awaiting::Nothing(_) | Awaiting::Claim(_)) => {
                self.abandon(session);
                Ok(Action::Done(Outcome::Nothing))
            }
            Some(_) => {
                self.check_time(session, now)?;
                session.set_waiting_since(Some(self.started));
                Ok(Action::Wait)
            }
        }
    }
}
