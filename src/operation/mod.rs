//! What a client can be asked to do, as small state machines on the caller's stack.
//!
//! An [`Operation`] says what it wants next, an [`Action`]; the caller does that and tells what came of it, an
//! [`Event`]; and so on until it is done or has failed. The first event is [`Event::Start`]. The caller may leave an
//! operation at any point, provided that it then [abandons](Operation::abandon) it.
//!
//! | action | what the caller does | and then tells |
//! |---|---|---|
//! | [`Action::Send`] | writes the [chunks](Operation::chunk) of the packet until none is left | [`Event::Sent`] |
//! | [`Action::Read`] | reads at most so many bytes, once, to where they belong | [`Event::Received`], [`Event::WouldBlock`], [`Event::OutOfMemory`] |
//! | [`Action::Deliver`] | hands topic and message to the user | [`Event::Delivered`] |
//! | [`Action::Wait`] | runs an [`Operation::wait`] to its end | [`Event::Waited`] |
//! | [`Action::Done`], [`Action::Fail`] | nothing: the operation is over | |

mod connecting;
mod exchanging;
mod waiting;

use crate::Error;
use crate::session::{Awaiting, Session};
use crate::wire::{Bare, Chunk, Connect, Outgoing, PacketType, Publish, QoS, Strings, Subscribe, Unsubscribe, Want};

/// What an operation wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write the packet.
    Send,
    /// Read bytes.
    Read(Want),
    /// Deliver the message that has arrived.
    Deliver,
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
    /// No byte was there to be read.
    WouldBlock,
    /// There is no memory for what is to be read.
    OutOfMemory,
    /// The message was delivered.
    Delivered,
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
    /// The connection it began on.
    generation: u8,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Send the packet, and that is all.
    Sending,
    /// Send CONNECT and await CONNACK.
    Connecting,
    /// Send the packet and await what ends the exchange of this identifier.
    Exchanging { identifier: u16 },
    /// Await one packet, deliver it and acknowledge it. What it is, once it is there.
    Waiting { arrived: Option<Arrived> },
    /// Nothing is left to do.
    Over,
}

#[derive(Clone, Copy, Debug)]
struct Arrived {
    first_byte: u8,
    qos: QoS,
    identifier: u16,
}

impl Operation {
    fn new(kind: Kind, packet: Option<Outgoing>, session: &Session) -> Self {
        Operation { kind, packet, started: 0, generation: session.generation() }
    }

    /// Connects on a session that was [reset](Session::reset) to await CONNACK.
    pub fn connect(session: &Session, connect: Connect, strings: &Strings<'_>) -> Result<Self, Error> {
        let packet = Outgoing::Connect(connect);
        packet.check(strings)?;
        Ok(Self::new(Kind::Connecting, Some(packet), session))
    }

    /// Publishes a message; above QoS 0, done when the broker has acknowledged it.
    pub fn publish(session: &mut Session, publish: Publish, strings: &Strings<'_>) -> Result<Self, Error> {
        let packet = Outgoing::Publish(publish);
        match publish.qos {
            QoS::AtMostOnce => {
                packet.check(strings)?;
                Ok(Self::new(Kind::Sending, Some(packet), session))
            }
            QoS::AtLeastOnce => Self::exchange(session, publish.identifier, Awaiting::Puback, packet, strings),
            QoS::ExactlyOnce => Self::exchange(session, publish.identifier, Awaiting::Pubrec, packet, strings),
        }
    }

    /// Subscribes; done when the broker has granted it.
    pub fn subscribe(session: &mut Session, subscribe: Subscribe, strings: &Strings<'_>) -> Result<Self, Error> {
        let packet = Outgoing::Subscribe(subscribe);
        Self::exchange(session, subscribe.identifier, Awaiting::Suback, packet, strings)
    }

    /// Unsubscribes; done when the broker has acknowledged it.
    pub fn unsubscribe(session: &mut Session, unsubscribe: Unsubscribe, strings: &Strings<'_>) -> Result<Self, Error> {
        let packet = Outgoing::Unsubscribe(unsubscribe);
        Self::exchange(session, unsubscribe.identifier, Awaiting::Unsuback, packet, strings)
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

    fn bare(session: &Session, packet_type: PacketType) -> Self {
        Self::new(Kind::Sending, Some(Outgoing::Bare(Bare { packet_type, identifier: None })), session)
    }

    fn exchange(
        session: &mut Session,
        identifier: u16,
        awaiting: Awaiting,
        packet: Outgoing,
        strings: &Strings<'_>,
    ) -> Result<Self, Error> {
        packet.check(strings)?;
        session.exchanges.open(identifier, awaiting)?;
        Ok(Self::new(Kind::Exchanging { identifier }, Some(packet), session))
    }

    /// Tells what came of the last action, at `now` in milliseconds, and gives the next one.
    pub fn step(&mut self, session: &mut Session, now: u32, event: Event<'_>) -> Action {
        match self.next(session, now, event) {
            Ok(action) => action,
            Err(error) => {
                self.abandon(session);
                Action::Fail(error)
            }
        }
    }

    /// Leaves the operation where it is, unless it is over. An acknowledgement that still comes will be a stray one.
    pub fn abandon(&mut self, session: &mut Session) {
        if let Kind::Exchanging { identifier } = core::mem::replace(&mut self.kind, Kind::Over) {
            session.end_exchange(self.generation, identifier);
        }
    }

    /// The next bytes to write when `position` bytes of the packet are written; see [`Outgoing::chunk`].
    pub fn chunk(&self, position: usize, strings: &Strings<'_>, scratch: &mut [u8]) -> Chunk {
        match &self.packet {
            Some(packet) => packet.chunk(position, strings, scratch),
            None => Chunk::Scratch(0),
        }
    }

    /// The size of the whole packet in bytes.
    pub fn packet_size(&self, strings: &Strings<'_>) -> usize {
        self.packet.as_ref().map_or(0, |packet| packet.size(strings))
    }

    fn next(&mut self, session: &mut Session, now: u32, event: Event<'_>) -> Result<Action, Error> {
        if event == Event::Start {
            self.started = now;
        } else if session.generation() != self.generation {
            // What was delivered is delivered, even if the user closed the connection meanwhile.
            return match event {
                Event::Delivered => Ok(self.waited()),
                _ => Err(Error::NotConnected),
            };
        }
        match event {
            Event::Start if self.packet.is_some() => return self.send(session),
            Event::Sent => session.end_writing(),
            _ => {}
        }
        match self.kind {
            Kind::Sending | Kind::Over => Ok(Action::Done(Outcome::Nothing)),
            Kind::Connecting => self.connecting(session, now, event),
            Kind::Exchanging { identifier } => self.exchanging(session, now, identifier),
            Kind::Waiting { arrived } => self.waiting(session, now, event, arrived),
        }
    }

    fn send(&mut self, session: &mut Session) -> Result<Action, Error> {
        session.begin_writing()?;
        Ok(Action::Send)
    }

    /// Reads on, unless the time is over.
    fn read(&self, session: &Session, now: u32) -> Result<Action, Error> {
        self.check_time(session, now)?;
        Ok(Action::Read(session.decoder.want()))
    }

    fn check_time(&self, session: &Session, now: u32) -> Result<(), Error> {
        if session.is_over(self.started, now) { Err(Error::TimedOut) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
