//! What the C shim is to the engine, in Rust: the loop that does what an operation wants, and what is kept beside it.
//!
//! The methods have the names of the class `MQTTClient`, and fail when those raise.

use crate::application::Program;
use crate::broker::Label;
use crate::network::{Network, Read};
use crate::packet::{self, PUBACK, PUBCOMP, SUBACK, UNSUBACK};
use crate::{Breach, Rule};
use std::collections::{BTreeMap, VecDeque};
use umqtt::Error;
use umqtt::operation::{Action, Event, Operation, Outcome};
use umqtt::session::{Arrived, Session};
use umqtt::wire::{Connect, PacketType, Publish, QoS, Slot, Strings, Subscribe, Target, Unsubscribe};

/// How much later than its limit a call may end: the socket's calls take time of their own.
const TOLERANCE: u64 = 50;

/// No schedule comes near to so many steps.
const STEPS_MAX: u64 = 10_000_000;

/// Why a call ends by an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The engine says so.
    Engine(Error),
    /// The socket raises an error, and nobody has closed it.
    Socket,
    /// The callback raises an exception.
    Callback,
}

/// A message that the application publishes.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing {
    /// Names it among the application's messages.
    pub number: u32,
    /// Its topic.
    pub topic: &'static str,
    /// Its quality of service.
    pub qos: QoS,
    /// The size of its payload.
    pub size: usize,
}

/// A message in flight whose bytes are kept.
#[derive(Clone, Debug)]
struct Kept {
    identifier: u16,
    message: Outgoing,
    payload: Vec<u8>,
}

/// A message that arrived while a callback waited.
#[derive(Clone, Debug)]
struct HeldMessage {
    number: u32,
    held: Arrived,
    topic: Vec<u8>,
    message: Vec<u8>,
}

/// What an operation is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// Itself.
    Itself,
    /// An exchange, which is to be left alone when it fails.
    Exchange,
    /// The delivery of the message that was held first.
    Held,
}

/// A message that was published anew, that is with another exchange.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// Which message.
    pub message: Outgoing,
    /// Its label on the wire.
    pub label: Label,
    /// The broker's session then.
    pub epoch: u32,
    /// Whether publish has returned without a failure.
    pub confirmed: bool,
}

/// The client, with all that it touches.
#[derive(Debug)]
pub struct Client {
    /// The network and the broker.
    pub network: Network,
    /// What the application does.
    pub program: Program,
    /// What was published, once for each exchange.
    pub published: Vec<Published>,
    /// Counts the engine's steps.
    pub steps: u64,
    /// What went wrong.
    pub breaches: Vec<Breach>,
    /// A message of more bytes than this finds no memory.
    pub heap: u32,
    /// The broker has forgotten the session, and CONNACK, which would have said so, was lost: the next one found the
    /// session that had begun then. No client can know.
    pub deceived: bool,
    /// The broker's session that this client knows of.
    epoch: u32,
    session: Session,
    open: bool,
    /// CONNACK has come.
    connected: bool,
    kept: Vec<Kept>,
    last_identifier: u16,
    in_use: BTreeMap<u16, bool>,
    heard: Vec<u8>,
    heard_at: u64,
    sent_at: u64,
    topic: Vec<u8>,
    message: Vec<u8>,
    /// When a callback ended last.
    called_back: u64,
    /// Messages that arrived while a callback waited.
    held: VecDeque<HeldMessage>,
    held_number: u32,
    /// A callback has a message in hand.
    in_callback: bool,
    /// The wait under way is that of a call within a callback.
    holding: bool,
}

impl Client {
    /// A client without a connection.
    pub fn new(network: Network, program: Program) -> Self {
        Client {
            network,
            program,
            published: vec![],
            steps: 0,
            breaches: vec![],
            heap: u32::MAX,
            deceived: false,
            epoch: 0,
            session: Session::new(),
            open: false,
            connected: false,
            kept: vec![],
            last_identifier: 0,
            in_use: BTreeMap::new(),
            heard: vec![],
            heard_at: 0,
            sent_at: 0,
            topic: vec![],
            message: vec![],
            called_back: 0,
            held: VecDeque::new(),
            held_number: 0,
            in_callback: false,
            holding: false,
        }
    }

    /// Whether it has a socket that nobody has closed.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether no message of its waits for an acknowledgement.
    pub fn is_settled(&self) -> bool {
        (0..).map_while(|index| self.session.exchanges.at(index)).all(|exchange| !exchange.is_in_flight())
    }

    /// Sets what the next packet identifier is counted from, as users may.
    pub fn set_pid(&mut self, pid: u16) {
        self.last_identifier = pid;
    }

    /// Records a breach.
    pub fn breach(&mut self, rule: Rule, what: impl Into<String>) {
        let what = what.into();
        self.network.trace(|| format!("{rule:?}: {what}"));
        self.breaches.push(Breach { rule, what });
    }

    /// `connect()`.
    pub fn connect(&mut self) -> Result<bool, Failure> {
        self.shut();
        if !self.network.open() {
            return Err(Failure::Socket);
        }
        let result = self.open_connection();
        if result.is_err() {
            self.open = true;
            self.close();
        }
        result
    }

    fn open_connection(&mut self) -> Result<bool, Failure> {
        let Program { clean_session, keep_alive, time_limit, .. } = self.program;
        self.session.set_time_limit(time_limit);
        let strings = strings(&[(Slot::ClientId, b"model")]);
        self.session.begin(clean_session);
        self.open = true;
        self.forget_arriving();
        self.held.clear();
        let connect = Connect { clean_session, keep_alive, will: None };
        let operation =
            Operation::begun(&mut self.session, |it, _| it.connect(connect, &strings)).map_err(Failure::Engine)?;
        let Outcome::Connected { session_present } = self.drive(operation, &strings)? else {
            panic!("connect gave something else");
        };
        self.connected = true;
        let epoch = self.network.broker.epoch;
        self.deceived |= session_present && self.epoch != epoch;
        self.epoch = epoch;
        if !session_present {
            self.in_use.clear();
        }
        self.release_kept();
        if session_present {
            self.resend()?;
        }
        Ok(session_present)
    }

    fn resend(&mut self) -> Result<(), Failure> {
        let mut index = 0;
        while let Some(exchange) = self.session.exchanges.at(index) {
            let kept = self.kept.iter().find(|kept| kept.identifier == exchange.identifier()).cloned();
            let mut operation = Operation::default();
            if let (true, Some(kept)) = (operation.resend(exchange), kept) {
                let strings = strings(&[(Slot::Topic, kept.message.topic.as_bytes()), (Slot::Message, &kept.payload)]);
                self.drive(operation, &strings)?;
            }
            index += 1;
        }
        Ok(())
    }

    /// `disconnect()`.
    pub fn disconnect(&mut self) -> Result<(), Failure> {
        self.require_connection()?;
        let operation = self.bare(PacketType::DISCONNECT);
        let result = self.drive(operation, &Strings::default());
        self.close();
        result.map(|_| ())
    }

    /// `ping()`.
    pub fn ping(&mut self) -> Result<(), Failure> {
        self.require_connection()?;
        let operation = self.bare(PacketType::PINGREQ);
        self.drive(operation, &Strings::default()).map(|_| ())
    }

    fn bare(&self, packet_type: PacketType) -> Operation {
        let mut operation = Operation::default();
        operation.bare(packet_type);
        operation
    }

    /// `publish()`.
    pub fn publish(&mut self, message: Outgoing) -> Result<(), Failure> {
        self.require_connection()?;
        let Outgoing { number, topic, qos, size } = message;
        let resumed = self.kept.iter().filter(|kept| kept.message.number == number).find_map(|kept| {
            let publish = Publish { dup: false, qos, retain: false, identifier: kept.identifier };
            let mut operation = Operation::default();
            operation.resume(&mut self.session, publish).then(|| (operation, kept.clone()))
        });
        if let Some((operation, kept)) = resumed {
            let result = self.run_exchange(operation, kept.identifier, &Strings::default());
            return self.confirm(&kept.payload, result);
        }
        let identifier = match qos {
            QoS::AtMostOnce => 0,
            _ => {
                self.make_room()?;
                self.session.exchanges.next_identifier(self.last_identifier)
            }
        };
        let label = Label { number, stamp: self.published.len() as u32 };
        let payload = label.payload(size);
        let strings = strings(&[(Slot::Topic, topic.as_bytes()), (Slot::Message, &payload)]);
        let publish = Publish { dup: false, qos, retain: false, identifier };
        let operation = Operation::begun(&mut self.session, |it, session| it.publish(session, publish, &strings))
            .map_err(Failure::Engine)?;
        self.published.push(Published { message, label, epoch: self.network.broker.epoch, confirmed: false });
        if qos == QoS::AtMostOnce {
            return self.drive(operation, &strings).map(|_| ());
        }
        self.take_identifier(identifier, true);
        if self.session.is_kept() {
            self.kept.push(Kept { identifier, message, payload: payload.clone() });
        }
        let result = self.run_exchange(operation, identifier, &strings);
        self.confirm(&payload, result)
    }

    fn confirm(&mut self, payload: &[u8], result: Result<(), Failure>) -> Result<(), Failure> {
        if result.is_ok() {
            let label = Label::of(payload).expect("the model's own payload");
            self.published[label.stamp as usize].confirmed = true;
        }
        result
    }

    fn make_room(&mut self) -> Result<(), Failure> {
        let operation = Operation::begun(&mut self.session, Operation::make_room).map_err(Failure::Engine)?;
        let result = self.drive_on(operation, &Strings::default(), true, For::Exchange);
        self.release_kept();
        result.map(|_| ())
    }

    /// `subscribe()`.
    pub fn subscribe(&mut self) -> Result<(), Failure> {
        self.require_connection()?;
        self.make_room()?;
        let identifier = self.session.exchanges.next_identifier(self.last_identifier);
        let strings = strings(&[(Slot::Topic, b"a/#")]);
        let subscribe = Subscribe { identifier, qos: QoS::ExactlyOnce };
        let operation = Operation::begun(&mut self.session, |it, session| it.subscribe(session, subscribe, &strings))
            .map_err(Failure::Engine)?;
        self.take_identifier(identifier, false);
        self.run_exchange(operation, identifier, &strings)
    }

    /// `unsubscribe()`.
    pub fn unsubscribe(&mut self) -> Result<(), Failure> {
        self.require_connection()?;
        self.make_room()?;
        let identifier = self.session.exchanges.next_identifier(self.last_identifier);
        let strings = strings(&[(Slot::Topic, b"b/#")]);
        let operation = Operation::begun(&mut self.session, |it, session| {
            it.unsubscribe(session, Unsubscribe { identifier }, &strings)
        });
        let operation = operation.map_err(Failure::Engine)?;
        self.take_identifier(identifier, false);
        self.run_exchange(operation, identifier, &strings)
    }

    /// `wait_msg()` of the class itself, on a socket that waits or does not.
    pub fn wait_msg(&mut self, waits: bool) -> Result<Outcome, Failure> {
        self.require_connection()?;
        let (begun, called_back) = (self.network.now, self.called_back);
        let result = if !self.holding && !self.held.is_empty() {
            self.deliver_held(waits)
        } else {
            let mut operation = Operation::default();
            operation.wait(self.holding);
            self.drive_on(operation, &Strings::default(), waits, For::Itself)
        };
        let limit = u64::from(self.program.time_limit);
        while result.is_ok() && !self.in_callback && !self.held.is_empty() {
            if limit > 0 && self.network.now - begun >= limit {
                break;
            }
            self.deliver_held(waits)?;
        }
        self.release_kept();
        let period = u64::from(self.program.keep_alive) * 1000;
        let silence = self.network.now - begun.max(self.heard_at);
        if period > 0 && called_back == self.called_back && silence > period * 3 / 2 + TOLERANCE {
            self.breach(Rule::KeepAlive, format!("a wait has heard nothing for {silence} ms"));
        }
        result
    }

    fn deliver_held(&mut self, waits: bool) -> Result<Outcome, Failure> {
        let HeldMessage { number, held, .. } = *self.held.front().expect("there is one");
        let mut operation = Operation::default();
        operation.deliver_held(held);
        let result = self.drive_on(operation, &Strings::default(), waits, For::Held);
        if result.is_ok() && self.held.front().is_some_and(|front| front.number == number) {
            // It was only to be acknowledged.
            self.held.pop_front();
        }
        result
    }

    fn run_exchange(&mut self, operation: Operation, identifier: u16, strings: &Strings<'_>) -> Result<(), Failure> {
        self.last_identifier = identifier;
        let result = self.drive_on(operation, strings, true, For::Exchange);
        if result.is_err() && self.in_use.get(&identifier).is_some_and(|&message| !message || !self.session.is_kept()) {
            self.in_use.remove(&identifier);
        }
        self.release_kept();
        result.map(|_| ())
    }

    fn drive(&mut self, operation: Operation, strings: &Strings<'_>) -> Result<Outcome, Failure> {
        self.drive_on(operation, strings, true, For::Itself)
    }

    /// Does what the operation wants until it is over.
    fn drive_on(
        &mut self,
        mut operation: Operation,
        strings: &Strings<'_>,
        waits: bool,
        purpose: For,
    ) -> Result<Outcome, Failure> {
        let begun = self.network.now;
        let name = format!("{operation:?}").chars().take(70).collect::<String>();
        self.network.trace(|| format!("[ {name}"));
        let holding = self.holding;
        let result = self.act(&mut operation, strings, waits, purpose);
        self.holding = holding;
        self.network.trace(|| format!("] {result:?} of {name}"));
        let mut result = result;
        if purpose == For::Exchange
            && result.is_err()
            && operation.abandon(&mut self.session)
            && result != Err(Failure::Callback)
        {
            // It only failed after its acknowledgement had come.
            result = Ok(Outcome::Nothing);
        }
        let limit = u64::from(self.program.time_limit);
        let deadline = (begun + limit + TOLERANCE).max(self.called_back + TOLERANCE);
        if limit > 0 && self.network.now > deadline {
            let late = self.network.now - begun;
            self.breach(Rule::TimeLimit, format!("a call took {late} ms, its limit is {limit} ms: {result:?}"));
        }
        if let Err(Failure::Engine(error)) = result
            && matches!(
                error,
                Error::PeerClosed
                    | Error::Malformed
                    | Error::Desynchronised
                    | Error::BrokerSilent
                    | Error::TooManyInFlight
            )
        {
            self.close();
        }
        result
    }

    fn act(
        &mut self,
        operation: &mut Operation,
        strings: &Strings<'_>,
        waits: bool,
        purpose: For,
    ) -> Result<Outcome, Failure> {
        let mut shown = vec![];
        let mut event = Event::Start;
        loop {
            self.steps += 1;
            assert!(self.steps < STEPS_MAX, "the schedule goes on without end");
            self.check_keep_alive();
            let ticks = self.network.ticks();
            event = match operation.step(&mut self.session, ticks, event) {
                Action::Send => {
                    self.send_packet(operation, strings)?;
                    Event::Sent
                }
                Action::Read { want, .. } if want.target == Target::Message && want.len > self.heap => {
                    Event::OutOfMemory
                }
                Action::Read { want, limit } => {
                    let awaited = self.program.exchanges > 0;
                    match self.network.read((want.len - want.offset) as usize, waits, limit, awaited) {
                        Read::Broken => return Err(Failure::Socket),
                        Read::WouldBlock => Event::WouldBlock,
                        Read::TimedOut => Event::TimedOut,
                        Read::Bytes(bytes) => {
                            self.hear(&bytes);
                            let count = bytes.len() as u32;
                            shown = match want.target {
                                Target::Topic => keep(&mut self.topic, want.offset, bytes),
                                Target::Message => keep(&mut self.message, want.offset, bytes),
                                Target::Header | Target::Skip => bytes,
                            };
                            Event::Received { count, bytes: &shown }
                        }
                    }
                }
                Action::Deliver => {
                    let (topic, message) = match purpose {
                        For::Held => {
                            let first = self.held.pop_front().expect("it is delivered only once");
                            (first.topic, first.message)
                        }
                        _ => (std::mem::take(&mut self.topic), std::mem::take(&mut self.message)),
                    };
                    let before = (self.in_callback, self.holding);
                    (self.in_callback, self.holding) = (true, false);
                    let delivered = self.call_back(topic, message);
                    (self.in_callback, self.holding) = before;
                    self.called_back = self.network.now;
                    if let Err(failure) = delivered {
                        operation.abandon(&mut self.session);
                        return Err(failure);
                    }
                    Event::Delivered
                }
                Action::Hold(held) => {
                    self.held_number += 1;
                    let (topic, message) = (std::mem::take(&mut self.topic), std::mem::take(&mut self.message));
                    self.held.push_back(HeldMessage { number: self.held_number, held, topic, message });
                    Event::Held
                }
                Action::Wait => {
                    self.holding = self.in_callback;
                    self.program.exchanges += 1;
                    let waited = self.wait_overridden();
                    self.program.exchanges -= 1;
                    waited?;
                    Event::Waited
                }
                Action::Done(outcome) => return Ok(outcome),
                Action::Fail(error) => {
                    if error == Error::OutOfMemory {
                        self.forget_arriving();
                    }
                    return Err(Failure::Engine(error));
                }
            };
        }
    }

    fn send_packet(&mut self, operation: &Operation, strings: &Strings<'_>) -> Result<(), Failure> {
        let mut scratch = [0; 256];
        let mut position = 0;
        loop {
            let (bytes, size) = operation.chunk(position, strings, &mut scratch);
            position += self.network.write(bytes).ok_or(Failure::Socket)?;
            if position >= size {
                break;
            }
        }
        self.sent_at = self.network.now;
        Ok(())
    }

    fn require_connection(&self) -> Result<(), Failure> {
        if self.open { Ok(()) } else { Err(Failure::Engine(Error::NotConnected)) }
    }

    /// What the shim does when it gives a connection up.
    fn close(&mut self) {
        if !self.open {
            return;
        }
        self.open = false;
        self.session.lost();
        self.forget_arriving();
        self.held.clear();
        self.shut();
    }

    fn shut(&mut self) {
        self.network.close();
        self.connected = false;
        self.heard.clear();
        let kept = self.session.is_kept() && !self.program.clean_session;
        self.in_use.retain(|_, message| *message && kept);
    }

    fn forget_arriving(&mut self) {
        self.topic.clear();
        self.message.clear();
    }

    fn release_kept(&mut self) {
        self.kept.retain(|kept| self.session.exchanges.find(kept.identifier).is_some());
    }

    fn take_identifier(&mut self, identifier: u16, message: bool) {
        if identifier == 0 || self.in_use.insert(identifier, message).is_some() {
            self.breach(Rule::Identifier, format!("{identifier} was given to two exchanges"));
        }
    }

    /// Looks at what the broker sends, for the acknowledgements that set an identifier free.
    fn hear(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.heard_at = self.network.now;
        self.heard.extend(bytes);
        while let Some((size, rest)) = packet::frame(&self.heard) {
            if matches!(self.heard[0], PUBACK | PUBCOMP | SUBACK | UNSUBACK) {
                let identifier = u16::from_be_bytes([self.heard[rest], self.heard[rest + 1]]);
                self.in_use.remove(&identifier);
            }
            self.heard.drain(..size);
        }
    }

    fn check_keep_alive(&mut self) {
        let period = u64::from(self.program.keep_alive) * 1000;
        let silence = self.network.now - self.sent_at;
        if period > 0 && self.connected && silence > period + TOLERANCE {
            self.breach(Rule::KeepAlive, format!("nothing was sent for {silence} ms"));
            self.sent_at = self.network.now;
        }
    }
}

/// The strings of a packet.
fn strings<'a>(given: &[(Slot, &'a [u8])]) -> Strings<'a> {
    let mut strings = Strings::default();
    for &(slot, bytes) in given {
        strings.0[slot as usize] = Some(bytes);
    }
    strings
}

fn keep(buffer: &mut Vec<u8>, offset: u32, bytes: Vec<u8>) -> Vec<u8> {
    buffer.truncate(offset as usize);
    buffer.extend_from_slice(&bytes);
    buffer.clone()
}
