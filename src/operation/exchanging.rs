//! A packet that is acknowledged: PUBLISH above QoS 0, SUBSCRIBE, UNSUBSCRIBE.
//!
//! The operation does not read. It waits, as often as it takes, for whoever reads to note the acknowledgement in the
//! session: so a wait within a callback within this wait can do that too.

use super::{Next, Operation};
use crate::Error;
use crate::session::{LOST, NOTHING, REFUSED, Session};

impl Operation {
    pub(super) fn exchanging(&mut self, session: &mut Session) -> Next {
        session.set_waiting_since(None);
        match session.exchanges.find(self.packet.number()).map(|exchange| exchange.awaits()) {
            None | Some(LOST) => Error::NotConnected.into(),
            Some(REFUSED) => Error::SubscribeRefused.into(),
            Some(NOTHING) => {
                self.abandon(session);
                Next::Done
            }
            Some(_) => {
                session.set_waiting_since(Some(self.started));
                self.in_time(session, Next::Wait)
            }
        }
    }
}
