//! A packet that is acknowledged: PUBLISH above QoS 0, SUBSCRIBE, UNSUBSCRIBE.
//!
//! The operation does not read. It waits, as often as it takes, for whoever reads to note the acknowledgement in the
//! session: so a wait within a callback within this wait can do that too.

use super::{Next, Operation};
use crate::Error;
use crate::session::{LOST, NOTHING, REFUSED, Session};

impl Operation {
    #[inline(never)]
    pub(super) fn exchanging(&mut self, session: &mut Session) -> Result<Next, Error> {
        session.set_waiting_since(None);
        match session.exchanges.find(self.packet.number()).map(|exchange| exchange.awaits()) {
            None | Some(LOST) => Err(Error::NotConnected),
            Some(REFUSED) => Err(Error::SubscribeRefused),
            Some(NOTHING) => {
                self.abandon(session);
                Ok(Next::Done)
            }
            Some(_) => {
                self.check_time(session)?;
                session.set_waiting_since(Some(self.started));
                Ok(Next::Wait)
            }
        }
    }
}
