//! What a client can be asked to do, as small state machines on the caller's stack.
//!
//! An [`Operation`] says what it wants next, an [`Action`]; the caller does that and tells what came of it, an
//! [`Event`]; and so on until it is done or has failed. The first event is [`Event::Start`]. The caller may leave an
//! operation at any point, provided that it then [abandons](Operation::abandon) it.
//!
//! | action | what the caller does | and then tells |
//! |---|---|---|
//! | [`Action::Send`] | writes the [chunks](Operation::chunk) of the packet until none is left | [`Event::Sent`] |
//! | [`Action::Read`] | reads at most so many bytes, once, to where they belong | [`Event::Received`], [`Event::WouldBlock`], [`Event::TimedOut`], [`Event::OutOfMemory`] |
//! | [`Action::Deliver`] | hands topic and message to the user | [`Event::Delivered`] |
//! | [`Action::Hold`] | keeps topic and message for later, after those that it holds already | [`Event::Held`], or [`Event::Delivered`] when that had happened |
//! | [`Action::Wait`] | runs an [`Operation::wait`] to its end | [`Event::Waited`] |
//! | [`Action::Done`], [`Action::Fail`] | nothing: the operation is over | |

mod connecting;
mod exchanging;
mod waiting;

use crate::Error;
use crate::ffi::umqtt_event_kind_t;
use crate::session::{Arrived, Exchange, Session};
use crate::wire::{Connect, Lookup, Outgoing, PacketType, Publish, QoS, Subscribe, Unsubscribe, Want};

/// What an operation wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write the packet.
    Send,
    /// Read bytes.
    Read {
        /// How many, and where they belong.
        want: Want,
        /// How long the read may block, in milliseconds; 0 for as long as it likes.
        limit: u32,
    },
    /// Deliver the message that has arrived.
    Deliver,
    /// Keep the message that has arrived, to be [delivered](Operation::deliver_held) later.
    Hold(Arrived),
    /// Wait for one packet from the broker.
    Wait,
    /// Nothing more: it succeeded.
    Done(Outcome),
    /// Nothing more: it failed.
    Fail(Error),
}

/// What a successful operation gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to tell.
    Nothing,
    /// Connected; whether the broker still knew this client.
    Connected {
        /// The session present flag of CONNACK.
        session_present: bool,
    },
    /// A packet arrived that began with this byte.
    Packet(u8),
}

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The operation begins.
    Start,
    /// The packet is written.
    Sent,
    /// Bytes were read; none at all when the broker has closed the connection.
    Received {
        /// How many.
        count: u32,
        /// As [`Decoder::received`](crate::wire::Decoder::received) takes them.
        bytes: &'a [u8],
    },
    /// No byte was there to be read, and the socket does not wait.
    WouldBlock,
    /// The socket has waited, and no byte has come.
    TimedOut,
    /// There is no memory for what is to be read.
    OutOfMemory,
    /// The message was delivered.
    Delivered,
    /// The message is held.
    Held,
    /// The wait is over.
    Waited,
}

/// What kind of [`Action`] comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Next {
    Send,
    Read,
    Deliver,
    Hold,
    Wait,
    Done,
    Fail(Error),
}

impl From<Error> for Next {
    fn from(error: Error) -> Next {
        Next::Fail(error)
    }
}

/// What is left of a step that has gone well so far, or else its failure.
impl From<Result<Next, Error>> for Next {
    fn from(result: Result<Next, Error>) -> Next {
        result.unwrap_or_else(Next::Fail)
    }
}

/// What kind of [`Event`] has come. Numbered as in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
#[allow(missing_docs)]
pub enum Told {
    Start = umqtt_event_kind_t::UMQTT_START as isize,
    Sent = umqtt_event_kind_t::UMQTT_SENT as isize,
    Received = umqtt_event_kind_t::UMQTT_RECEIVED as isize,
    WouldBlock = umqtt_event_kind_t::UMQTT_WOULD_BLOCK as isize,
    TimedOut = umqtt_event_kind_t::UMQTT_WAITED_IN_VAIN as isize,
    OutOfMemory = umqtt_event_kind_t::UMQTT_NO_MEMORY as isize,
    Delivered = umqtt_event_kind_t::UMQTT_DELIVERED as isize,
    Held = umqtt_event_kind_t::UMQTT_HELD as isize,
    Waited = umqtt_event_kind_t::UMQTT_WAITED as isize,
}

/// One call of the user's, from its beginning to its end.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What time it is, in milliseconds.
    now: u32,
    /// When it began.
    started: u32,
    /// When it last asked to read.
    reading_since: u32,
    /// While it waits for a packet: the one that has arrived. Of CONNACK, session present or, when it refuses, the return code.
    arrived: Arrived,
    /// The packet to write at the next [`Action::Send`]. Its number is that of the exchange, if the operation has one.
    packet: Outgoing,
    kind: Kind,
    /// The connection it has started on.
    connection: u8,
    /// A message that arrives is to be held.
    holds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing is left to do.
    Over,
    /// Send the packet, and that is all.
    Sending,
    /// Send CONNECT and await CONNACK.
    Connecting,
    /// Send the packet and await what ends the exchange.
    Exchanging,
    /// Await one packet, deliver it and acknowledge it, unless it is to be held.
    Waiting,
}

impl Default for Operation {
    /// Nothing: what a call has whose operation has not begun.
    fn default() -> Self {
        // Time and connection it is told when it starts. Until then this is as good as 0, for which compilers would call
        // memset().
        const SOMETIME: u32 = 1;
        Operation {
            now: SOMETIME,
            started: SOMETIME,
            reading_since: SOMETIME,
            arrived: Arrived::NOTHING,
            packet: Outgoing::nothing(),
            kind: Kind::Over,
            connection: 0,
            holds: false,
        }
    }
}

/// Operations as they begin. Each of these takes a [new](Operation::default) one.
impl Operation {
    /// One that `begin` has begun, which is to be one of these, unless it fails.
    pub fn begun(
        session: &mut Session,
        begin: impl FnOnce(&mut Self, &mut Session) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut operation = Self::default();
        begin(&mut operation, session).map(|()| operation)
    }

    /// Connects on a session whose connection [begins](Session::begin).
    pub fn connect(&mut self, connect: Connect, strings: &impl Lookup) -> Result<(), Error> {
        self.packet = Outgoing::connect(connect, strings)?;
        self.kind = Kind::Connecting;
        Ok(())
    }

    /// Makes sure that another exchange can be opened: done at once when there is room, else when the oldest message in
    /// flight that nobody attends to is acknowledged.
    pub fn make_room(&mut self, session: &mut Session) -> Result<(), Error> {
        if session.exchanges.have_room() {
            return Ok(());
        }
        // When nobody left one alone, they are all of calls that this one is nested in.
        let identifier = session.exchanges.attend_to_oldest().ok_or(Error::TooManyInFlight)?;
        self.await_end(identifier);
        Ok(())
    }

    /// Publishes a message; above QoS 0, done when the broker has acknowledged it. When it ends otherwise, and the session
    /// is kept, the message stays in flight.
    pub fn publish(&mut self, session: &mut Session, publish: Publish, strings: &impl Lookup) -> Result<(), Error> {
        let packet = Outgoing::publish(publish, strings)?;
        self.send_only(packet);
        if publish.qos == QoS::AtMostOnce {
            return Ok(());
        }
        self.exchange(session, Exchange::of_message(publish.identifier, publish.qos, publish.retain))
    }

    /// Begins to write at once: what [`Event::Start`] would, at `now`, when its answer can only be [`Action::Send`], and then
    /// [`chunk`](Self::chunk). Returns how many bytes of `scratch` are to be written, and the size of the whole packet; 0
    /// and 0 when the operation is to be started.
    pub fn publish_at_once(
        &mut self,
        session: &mut Session,
        now: u32,
        strings: &impl Lookup,
        scratch: &mut [u8],
    ) -> (usize, usize) {
        if scratch.is_empty() || session.connection.check_writing().is_err() {
            return (0, 0);
        }
        self.now = now;
        self.start(session);
        let _ = session.connection.begin_writing();
        let (bytes, size) = self.chunk(0, strings, scratch);
        (bytes.len(), size)
    }

    /// Goes on with a message that is in flight and that nobody attends to: done when the broker has acknowledged it.
    /// Nothing is sent. False when there is no such message.
    pub fn resume(&mut self, session: &mut Session, publish: Publish) -> bool {
        let Publish { identifier, qos, retain, .. } = publish;
        let resumed = session.exchanges.resume(identifier, qos, retain);
        if resumed {
            self.await_end(identifier);
        }
        resumed
    }

    /// Sends again what is in flight, to be asked for each exchange in their order after the session was found present
    /// (MQTT-4.4.0-1, MQTT-4.6.0-1). False for an exchange of which nothing has to be sent.
    pub fn resend(&mut self, exchange: Exchange) -> bool {
        if !exchange.is_in_flight() {
            return false;
        }
        let (identifier, qos, retain) = (exchange.identifier(), exchange.qos(), exchange.retain());
        self.send_only(match exchange.awaits() {
            PacketType::PUBCOMP => Outgoing::bare(PacketType::PUBREL, identifier),
            _ => Outgoing::publish_unchecked(Publish { dup: true, qos, retain, identifier }),
        });
        true
    }

    /// Subscribes; done when the broker has granted it.
    pub fn subscribe(
        &mut self,
        session: &mut Session,
        subscribe: Subscribe,
        strings: &impl Lookup,
    ) -> Result<(), Error> {
        self.send_only(Outgoing::subscribe(subscribe, strings)?);
        self.exchange(session, Exchange::awaiting(PacketType::SUBACK, subscribe.identifier))
    }

    /// Unsubscribes; done when the broker has acknowledged it.
    pub fn unsubscribe(
        &mut self,
        session: &mut Session,
        unsubscribe: Unsubscribe,
        strings: &impl Lookup,
    ) -> Result<(), Error> {
        self.send_only(Outgoing::unsubscribe(unsubscribe, strings)?);
        self.exchange(session, Exchange::awaiting(PacketType::UNSUBACK, unsubscribe.identifier))
    }

    /// Sends PINGREQ, whose answer is left to whoever waits next; or DISCONNECT, after which the connection is to be closed
    /// (MQTT-3.14.4-1).
    pub fn bare(&mut self, packet_type: PacketType) {
        self.send_only(Outgoing::bare(packet_type, 0));
    }

    /// Awaits one packet. Gives its first byte; nothing for PINGRESP, and when a read would block. With `holds`, which is for
    /// waits within a callback for an exchange, a message is [held](Action::Hold): so those that a callback's own waits come
    /// across are delivered after it has returned, in their order, however many they are.
    pub fn wait(&mut self, holds: bool) {
        self.kind = Kind::Waiting;
        self.holds = holds;
    }

    /// Delivers and acknowledges a message that was held, if its connection is still there. The caller owns topic and
    /// message until [`Action::Deliver`] says that they are to be delivered.
    pub fn deliver_held(&mut self, held: Arrived) {
        self.kind = Kind::Waiting;
        self.arrived = held;
    }

    fn send_only(&mut self, packet: Outgoing) {
        self.packet = packet;
        self.kind = Kind::Sending;
    }

    /// Opens the exchange of the packet; what cannot be opened is not to be sent.
    fn exchange(&mut self, session: &mut Session, exchange: Exchange) -> Result<(), Error> {
        let opened = session.exchanges.open(exchange);
        self.kind = if opened.is_ok() { Kind::Exchanging } else { Kind::Over };
        opened
    }

    /// Awaits the end of an exchange whose packet was sent before.
    fn await_end(&mut self, identifier: u16) {
        // The packet is none: this one is new.
        self.packet.set_number(identifier);
        self.kind = Kind::Exchanging;
    }
}

impl Operation {
    /// Tells what came of the last action, at `now` in milliseconds, and gives the next one.
    pub fn step(&mut self, session: &mut Session, now: u32, event: Event<'_>) -> Action {
        let (told, count, bytes) = match event {
            Event::Start => (Told::Start, 0, &[][..]),
            Event::Sent => (Told::Sent, 0, &[][..]),
            Event::Received { count, bytes } => (Told::Received, count, bytes),
            Event::WouldBlock => (Told::WouldBlock, 0, &[][..]),
            Event::TimedOut => (Told::TimedOut, 0, &[][..]),
            Event::OutOfMemory => (Told::OutOfMemory, 0, &[][..]),
            Event::Delivered => (Told::Delivered, 0, &[][..]),
            Event::Held => (Told::Held, 0, &[][..]),
            Event::Waited => (Told::Waited, 0, &[][..]),
        };
        let next = self.advance(session, now, told, count, bytes);
        if matches!(next, Next::Fail(_)) {
            self.abandon(session);
        }
        self.action(session, next)
    }

    /// The action of that kind, which comes next.
    fn action(&self, session: &Session, next: Next) -> Action {
        match next {
            Next::Send => Action::Send,
            Next::Read => {
                let limit = match self.limit(session) {
                    0 => session.patience(),
                    limit => limit,
                };
                Action::Read { want: session.decoder.want(), limit }
            }
            Next::Deliver => Action::Deliver,
            Next::Hold => Action::Hold(self.arrived),
            Next::Wait => Action::Wait,
            Next::Fail(error) => Action::Fail(error),
            Next::Done => Action::Done(match (self.kind, self.arrived()) {
                (Kind::Connecting, connack) => Outcome::Connected { session_present: connack != Arrived::NOTHING },
                (_, Arrived::NOTHING) => Outcome::Nothing,
                (_, arrived) => Outcome::Packet(arrived.first_byte()),
            }),
        }
    }

    /// [`step`](Self::step) in numbers, as C has it: `count` and `bytes` are those of [`Event::Received`]; what belongs to
    /// the next action is to be asked for, and an operation that has failed is to be [abandoned](Self::abandon).
    pub fn advance(&mut self, session: &mut Session, now: u32, told: Told, count: u32, bytes: &[u8]) -> Next {
        self.now = now;
        match told {
            Told::Start => {
                self.start(session);
                if self.kind != Kind::Over && !self.packet.is_nothing() {
                    return self.send(session);
                }
            }
            // What was delivered is delivered, even if the user closed the connection meanwhile; nothing is owed for it. And
            // whether an exchange is lost with the connection is for the session to say.
            Told::Delivered | Told::Waited => {}
            _ if session.connection.number() != self.connection => return Error::NotConnected.into(),
            Told::Sent => session.connection.end_writing(now, self.packet.packet_type() == PacketType::PINGREQ),
            Told::Received => {
                session.connection.received();
                if count == 0 {
                    let is_cut = self.kind == Kind::Connecting && session.decoder.is_within_packet();
                    return Next::Fail(if is_cut { Error::Malformed } else { Error::PeerClosed });
                }
                if let Err(error) = session.decoder.take(count, bytes) {
                    return error.into();
                }
            }
            _ => {}
        }
        match self.kind {
            Kind::Over | Kind::Sending => Next::Done,
            Kind::Connecting => self.connecting(session, told),
            Kind::Exchanging => self.exchanging(session),
            Kind::Waiting => self.waiting(session, told),
        }
    }

    /// The short way through a [`wait`](Self::wait), instead of that and its start, in a session that is
    /// [quiet](Session::take_quiet): `packet` is there as a [whole](crate::wire::Decoder::take_whole).
    pub fn take_whole(&mut self, session: &mut Session, now: u32, packet: &[u8]) -> Next {
        self.kind = Kind::Waiting;
        self.now = now;
        self.start(session);
        session.connection.received();
        match session.decoder.take_whole(packet) {
            Ok(()) => self.has_arrived(session),
            Err(error) => error.into(),
        }
    }

    /// The packet that it waited for, if that has arrived: with [`Next::Hold`], [`Next::Deliver`] and [`Next::Done`]. Of CONNACK,
    /// session present as a number or, when it refuses, the return code.
    pub fn arrived(&self) -> Arrived {
        self.arrived
    }

    /// How long the read may block that comes next, in milliseconds, when the time limit leaves less than the socket may wait
    /// anyway, its [patience](Session::patience); else 0.
    pub fn limit(&self, session: &Session) -> u32 {
        let left = session.time_left(self.started, self.now);
        if left < session.patience() { left } else { 0 }
    }

    /// Leaves the operation where it is, unless it is over. A message of a kept session stays in flight; any other
    /// acknowledgement that still comes will be a stray one. A message that could not be delivered is a new one when it
    /// comes again. True when what the operation waited for has come: it only was not asked any more.
    pub fn abandon(&mut self, session: &mut Session) -> bool {
        match core::mem::replace(&mut self.kind, Kind::Over) {
            Kind::Exchanging => return session.leave(self.packet.number()),
            Kind::Waiting if !self.arrived.has(Arrived::REPEATED | Arrived::ANSWERED) => {
                // Unless it was acknowledged meanwhile, before another message.
                let unanswered = session.in_hand == self.arrived.message();
                if unanswered {
                    session.in_hand = Arrived::NOTHING;
                }
                if self.arrived.qos().is_exactly_once()
                    && (unanswered || session.connection.number() != self.connection)
                {
                    // It was noted a moment ago, so there is room to take it back.
                    let _ = session.released(self.arrived.identifier());
                }
            }
            _ => {}
        }
        false
    }

    /// The next bytes to write when `position` bytes of the packet are written, and the size of the whole packet; see
    /// [`Outgoing::chunk`].
    pub fn chunk<'a>(&self, position: usize, strings: &'a impl Lookup, scratch: &'a mut [u8]) -> (&'a [u8], usize) {
        self.packet.chunk(position, strings, scratch)
    }

    /// Gives up the message that is arriving, of which `count` bytes more were read: it could not be delivered. The
    /// rest will be skipped, and it will not be acknowledged.
    pub fn give_up_message(session: &mut Session, count: u32) {
        // When these bytes complete it, nothing is left to be skipped.
        if session.decoder.take(count, &[]).is_ok() {
            session.decoder.give_up();
        }
    }

    /// What is left of a message to be written; see [`Outgoing::rest_of_message`].
    pub fn rest_of_message<'a>(&self, position: usize, size: usize, strings: &'a impl Lookup) -> Option<&'a [u8]> {
        self.packet.rest_of_message(position, size, strings)
    }

    fn start(&mut self, session: &Session) {
        self.started = self.now;
        self.connection = session.connection.number();
    }

    #[inline(never)]
    fn send(&mut self, session: &mut Session) -> Next {
        session.connection.begin_writing().map(|()| Next::Send).into()
    }

    fn send_bare(&mut self, session: &mut Session, packet_type: PacketType, identifier: u16) -> Next {
        self.packet = Outgoing::bare(packet_type, identifier);
        self.send(session)
    }

    /// Reads on, unless the time is over.
    fn read(&mut self, session: &Session) -> Next {
        self.reading_since = self.now;
        self.in_time(session, Next::Read)
    }

    /// This comes next, unless the time is over.
    fn in_time(&self, session: &Session, next: Next) -> Next {
        if session.time_left(self.started, self.now) == 0 { Error::TimedOut.into() } else { next }
    }
}

#[cfg(test)]
mod tests;
