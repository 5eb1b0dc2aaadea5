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

use crate::session::{Awaiting, Due, Exchange, Owed, Session};
use crate::wire::{Chunk, Connect, Lookup, Outgoing, PacketType, Publish, QoS, Subscribe, Unsubscribe, Want};
use crate::{Error, QOS_2};

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
    Hold(Held),
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

/// What is to be known of a message that is held, beside its topic and message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The first byte of its packet.
    pub first_byte: u8,
    /// Its packet identifier; 0 at QoS 0.
    pub identifier: u16,
    /// It was delivered before: it is only to be acknowledged when its turn comes.
    pub repeated: bool,
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

/// One call of the user's, from its beginning to its end.
#[derive(Clone, Debug)]
pub struct Operation {
    kind: Kind,
    /// The packet to write at the next [`Action::Send`].
    packet: Option<Outgoing>,
    /// When it began, in milliseconds.
    started: u32,
    /// When it last asked to read, in milliseconds.
    reading_since: u32,
    /// The connection it began on.
    connection: u8,
    /// A message that arrives is to be held.
    holds: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Send the packet, and that is all.
    Sending,
    /// Send CONNECT and await CONNACK.
    Connecting { keep_alive: u16 },
    /// Send the packet and await what ends the exchange of this identifier.
    Exchanging { identifier: u16 },
    /// Await one packet, deliver it and acknowledge it, unless it is to be held. What it is, once it is there.
    Waiting { arrived: Option<Arrived> },
    /// Nothing is left to do.
    Over,
}

#[derive(Clone, Copy, Debug)]
struct Arrived {
    first_byte: u8,
    qos: QoS,
    identifier: u16,
    /// It was delivered before.
    repeated: bool,
    /// The answer that ends the wait is being sent.
    answered: bool,
}

impl Operation {
    fn new(kind: Kind, packet: Option<Outgoing>, session: &Session) -> Self {
        Operation { kind, packet, started: 0, reading_since: 0, connection: session.connection(), holds: false }
    }

    /// Connects on a session whose connection [begins](Session::begin).
    pub fn connect(session: &Session, connect: Connect, strings: &impl Lookup) -> Result<Self, Error> {
        let packet = Outgoing::connect(connect, strings)?;
        Ok(Self::new(Kind::Connecting { keep_alive: connect.keep_alive }, Some(packet), session))
    }

    /// Makes sure that another exchange can be opened: done at once when there is room, else when the oldest message in
    /// flight that nobody attends to is acknowledged.
    pub fn make_room(session: &mut Session) -> Result<Self, Error> {
        if session.exchanges.have_room() {
            return Ok(Self::new(Kind::Over, None, session));
        }
        // When nobody left one alone, they are all of calls that this one is nested in.
        let identifier = session.exchanges.attend_to_oldest().ok_or(Error::TooManyInFlight)?;
        Ok(Self::new(Kind::Exchanging { identifier }, None, session))
    }

    /// Publishes a message; above QoS 0, done when the broker has acknowledged it. When it ends otherwise, and the session
    /// is kept, the message stays in flight.
    pub fn publish(session: &mut Session, publish: Publish, strings: &impl Lookup) -> Result<Self, Error> {
        let packet = Outgoing::publish(publish, strings)?;
        let Some(awaiting) = Awaiting::first_of(publish.qos) else {
            return Ok(Self::new(Kind::Sending, Some(packet), session));
        };
        session.exchanges.open(publish.identifier, awaiting, publish.retain)?;
        Ok(Self::new(Kind::Exchanging { identifier: publish.identifier }, Some(packet), session))
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
        if session.check_writing().is_err() {
            return (0, 0);
        }
        let chunk = self.packet.and_then(|packet| packet.publish_chunk(strings, scratch));
        if chunk.is_some() {
            self.started = now;
            let _ = session.begin_writing();
        }
        chunk.unwrap_or((0, 0))
    }

    /// Goes on with a message that is in flight and that nobody attends to: done when the broker has acknowledged it.
    /// Nothing is sent. `None` when there is no such message.
    pub fn resume(session: &mut Session, publish: Publish) -> Option<Self> {
        let Publish { identifier, qos, retain, .. } = publish;
        session
            .exchanges
            .resume(identifier, qos, retain)
            .then(|| Self::new(Kind::Exchanging { identifier }, None, session))
    }

    /// Sends again what is in flight, to be asked for each exchange in their order after the session was found present
    /// (MQTT-4.4.0-1, MQTT-4.6.0-1). `None` for an exchange of which nothing has to be sent.
    pub fn resend(session: &Session, exchange: Exchange) -> Option<Self> {
        let Exchange { identifier, awaiting, retain, .. } = exchange;
        let packet = match awaiting {
            Awaiting::Pubcomp if QOS_2 => Outgoing::bare(PacketType::PUBREL, identifier),
            _ => Outgoing::publish_unchecked(Publish { dup: true, qos: awaiting.qos()?, retain, identifier }),
        };
        Some(Self::new(Kind::Sending, Some(packet), session))
    }

    /// Subscribes; done when the broker has granted it.
    pub fn subscribe(session: &mut Session, subscribe: Subscribe, strings: &impl Lookup) -> Result<Self, Error> {
        let packet = Outgoing::subscribe(subscribe, strings)?;
        Self::exchange(session, subscribe.identifier, Awaiting::Suback, packet)
    }

    /// Unsubscribes; done when the broker has acknowledged it.
    pub fn unsubscribe(session: &mut Session, unsubscribe: Unsubscribe, strings: &impl Lookup) -> Result<Self, Error> {
        let packet = Outgoing::unsubscribe(unsubscribe, strings)?;
        Self::exchange(session, unsubscribe.identifier, Awaiting::Unsuback, packet)
    }

    /// Nothing: what a call has whose operation could not begin.
    pub fn over(session: &Session) -> Self {
        Self::new(Kind::Over, None, session)
    }

    /// Sends PINGREQ. The answer is left to whoever waits next.
    pub fn ping(session: &Session) -> Self {
        Self::bare(session, PacketType::PINGREQ)
    }

    /// Sends DISCONNECT, after which the connection is to be closed (MQTT-3.14.4-1).
    pub fn disconnect(session: &Session) -> Self {
        Self::bare(session, PacketType::DISCONNECT)
    }

    /// Awaits one packet. Gives its first byte; nothing for PINGRESP, and when a read would block.
    pub fn wait(session: &Session) -> Self {
        Self::new(Kind::Waiting { arrived: None }, None, session)
    }

    /// The same within a callback, for an exchange: a message is [held](Action::Hold). So those that a callback's own
    /// waits come across are delivered after it has returned, in their order, however many they are.
    pub fn wait_and_hold(session: &Session) -> Self {
        Operation { holds: true, ..Self::wait(session) }
    }

    /// Delivers and acknowledges a message that was held, if its connection is still there. The caller owns topic and
    /// message until [`Action::Deliver`] says that they are to be delivered.
    pub fn deliver_held(session: &Session, held: Held) -> Self {
        let Held { first_byte, identifier, repeated } = held;
        let arrived = Arrived { first_byte, qos: QoS::of(first_byte), identifier, repeated, answered: false };
        Self::new(Kind::Waiting { arrived: Some(arrived) }, None, session)
    }

    fn bare(session: &Session, packet_type: PacketType) -> Self {
        Self::new(Kind::Sending, Some(Outgoing::bare(packet_type, 0)), session)
    }

    fn exchange(session: &mut Session, identifier: u16, awaiting: Awaiting, packet: Outgoing) -> Result<Self, Error> {
        session.exchanges.open(identifier, awaiting, false)?;
        Ok(Self::new(Kind::Exchanging { identifier }, Some(packet), session))
    }

    /// Tells what came of the last action, at `now` in milliseconds, and gives the next one.
    pub fn step(&mut self, session: &mut Session, now: u32, event: Event<'_>) -> Action {
        self.try_step(session, now, event).unwrap_or_else(Action::Fail)
    }

    /// [`step`](Self::step), with [`Action::Fail`] as an error.
    #[inline(always)]
    pub fn try_step(&mut self, session: &mut Session, now: u32, event: Event<'_>) -> Result<Action, Error> {
        let next = self.next(session, now, event);
        if next.is_err() {
            self.abandon(session);
        }
        next
    }

    /// The short way through a [`wait`](Self::wait), instead of its start, in a session that is
    /// [quiet](Session::take_quiet): `packet` is there as a [whole](crate::wire::Decoder::whole).
    #[inline(always)]
    pub fn take_whole(&mut self, session: &mut Session, now: u32, packet: &[u8]) -> Result<Action, Error> {
        self.started = now;
        session.keep_alive.received();
        let next = match session.decoder.whole(packet) {
            Ok(packet) => self.arrived(session, now, packet),
            Err(error) => Err(error),
        };
        if next.is_err() {
            self.abandon(session);
        }
        next
    }

    /// What the operation gives as the packet's first byte, if nothing but the delivery of the message is left to be done.
    pub fn value_after_delivery(&self) -> Option<u8> {
        match self.kind {
            Kind::Waiting { arrived: Some(Arrived { first_byte, qos: QoS::AtMostOnce, .. }) } => Some(first_byte),
            _ => None,
        }
    }

    /// Leaves the operation where it is, unless it is over. A message of a kept session stays in flight; any other
    /// acknowledgement that still comes will be a stray one. A message that could not be delivered is a new one when it
    /// comes again. True when what the operation waited for has come: it only was not asked any more.
    pub fn abandon(&mut self, session: &mut Session) -> bool {
        match core::mem::replace(&mut self.kind, Kind::Over) {
            Kind::Exchanging { identifier } => return session.leave(identifier),
            Kind::Waiting { arrived: Some(Arrived { qos, identifier, repeated: false, answered: false, .. }) } => {
                // Unless it was acknowledged meanwhile, before another message.
                let unanswered = session.owed == Owed::of(qos, identifier);
                if unanswered {
                    session.owed = None;
                }
                if qos.is_exactly_once() && (unanswered || session.connection() != self.connection) {
                    // It was noted a moment ago, so there is room to take it back.
                    let _ = session.released(identifier);
                }
            }
            _ => {}
        }
        false
    }

    /// The next bytes to write when `position` bytes of the packet are written, and the size of the whole packet; see
    /// [`Outgoing::chunk`].
    pub fn chunk(&self, position: usize, strings: &impl Lookup, scratch: &mut [u8]) -> (Chunk, usize) {
        self.packet.map_or((Chunk::Scratch(0), 0), |packet| packet.chunk(position, strings, scratch))
    }

    fn next(&mut self, session: &mut Session, now: u32, event: Event<'_>) -> Result<Action, Error> {
        let begins = event == Event::Start;
        if begins {
            self.started = now;
        } else if session.connection() != self.connection {
            match (self.kind, event) {
                // Whether the exchange is lost with the connection is for the session to say.
                (Kind::Exchanging { .. }, Event::Waited) => {}
                // What was delivered is delivered, even if the user closed the connection meanwhile; nothing is owed for it.
                (_, Event::Delivered) => {}
                _ => return Err(Error::NotConnected),
            }
        }
        if begins && self.packet.is_some() {
            return self.send(session);
        }
        match event {
            Event::Sent => {
                session.end_writing();
                session.keep_alive.sent(now, self.is_ping());
            }
            Event::Received { .. } => session.keep_alive.received(),
            _ => {}
        }
        match self.kind {
            Kind::Sending | Kind::Over => Ok(Action::Done(Outcome::Nothing)),
            Kind::Connecting { keep_alive } => self.connecting(session, now, event, keep_alive),
            Kind::Exchanging { identifier } => self.exchanging(session, now, identifier),
            Kind::Waiting { arrived } => self.waiting(session, now, event, arrived),
        }
    }

    /// Gives up the message that is arriving, of which `count` bytes more were read: it could not be delivered. The
    /// rest will be skipped, and it will not be acknowledged.
    pub fn give_up_message(session: &mut Session, count: u32) {
        // When these bytes complete it, nothing is left to be skipped.
        if let Ok(None) = session.decoder.received(count, &[]) {
            session.decoder.skip();
        }
    }

    fn send(&mut self, session: &mut Session) -> Result<Action, Error> {
        session.begin_writing()?;
        Ok(Action::Send)
    }

    fn send_bare(
        &mut self,
        session: &mut Session,
        packet_type: PacketType,
        identifier: Option<u16>,
    ) -> Result<Action, Error> {
        self.packet = Some(Outgoing::bare(packet_type, identifier.unwrap_or(0)));
        self.send(session)
    }

    fn is_ping(&self) -> bool {
        self.packet.is_some_and(|packet| packet.packet_type() == PacketType::PINGREQ)
    }

    /// Reads on, unless the time is over.
    fn read(&mut self, session: &Session, now: u32) -> Result<Action, Error> {
        let left = self.check_time(session, now)?;
        self.reading_since = now;
        let limit = match (session.patience(), left) {
            (patience, Some(left)) => patience.min(left),
            (patience, None) => patience,
        };
        Ok(Action::Read { want: session.decoder.want(), limit })
    }

    /// What is left of the time.
    fn check_time(&self, session: &Session, now: u32) -> Result<Option<u32>, Error> {
        match session.time_left(self.started, now) {
            Some(0) => Err(Error::TimedOut),
            left => Ok(left),
        }
    }
}

#[cfg(test)]
mod tests;
