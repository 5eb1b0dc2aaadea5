//! The model broker: one client's session, messages both ways, and what it notices of the client's conduct.
//!
//! It keeps to the specification. What it may choose (when a QoS 2 message counts as accepted, whether it still has the
//! session) is chosen by the schedule.

use crate::packet::{self, FromClient, Message, PUBACK, PUBCOMP, PUBREC, PUBREL, UNSUBACK};
use crate::{Breach, Rule};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many messages the broker sends before it waits for acknowledgements.
const IN_FLIGHT_MAX: usize = 10;

/// What names a message of the model's, written into its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The message, from its sender's point of view.
    pub number: u32,
    /// Counts exchanges: a message published anew has another one, a message sent again has not.
    pub stamp: u32,
}

impl Label {
    /// A payload that carries this, of at least 16 bytes.
    pub fn payload(self, size: usize) -> Vec<u8> {
        let mut payload = format!("{:08x}{:08x}", self.number, self.stamp).into_bytes();
        payload.resize(size.max(16), b'.');
        payload
    }

    /// The label of a payload.
    pub fn of(payload: &[u8]) -> Option<Label> {
        let part = |from: usize| {
            let text = std::str::from_utf8(payload.get(from..from + 8)?).ok()?;
            u32::from_str_radix(text, 16).ok()
        };
        Some(Label { number: part(0)?, stamp: part(8)? })
    }
}

/// A message that the broker has accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Its label.
    pub label: Label,
    /// Its topic.
    pub topic: Vec<u8>,
    /// Its quality of service.
    pub qos: u8,
}

/// A message that the broker has sent and whose exchange is open.
#[derive(Clone, Debug)]
struct Sent {
    message: Message,
    /// PUBREC has come, and PUBREL was sent.
    released: bool,
    /// Its place among the messages of this connection.
    place: u64,
}

/// What the broker knows between connections.
#[derive(Clone, Debug, Default)]
struct Stored {
    /// QoS 2 messages between PUBREC and PUBREL.
    unreleased: BTreeMap<u16, Accepted>,
    /// Sent and not acknowledged, in their order.
    in_flight: Vec<Sent>,
    /// To be sent.
    queue: VecDeque<Message>,
    last_identifier: u16,
}

/// What holds for one connection only.
#[derive(Clone, Debug, Default)]
struct Connection {
    input: Vec<u8>,
    accepted: bool,
    over: bool,
    clean_session: bool,
    /// Counts what is sent and acknowledged on this connection.
    place: u64,
    /// The place of the message that was acknowledged last, for PUBACK and PUBREC.
    last_answered: [u64; 2],
    /// Places of the PUBRECs sent, by identifier, and of the last one that was answered.
    pubrecs: BTreeMap<u16, u64>,
    last_released: u64,
    /// The stamp of the last message above QoS 0.
    last_stamp: Option<u32>,
}

/// The broker.
#[derive(Clone, Debug, Default)]
pub struct Broker {
    stored: Option<Stored>,
    connection: Connection,
    /// Counts the sessions: another one when the last was forgotten.
    pub epoch: u32,
    /// Whether a QoS 2 message counts as accepted when it is released, not when it arrives.
    pub accepts_at_release: bool,
    /// Forgets the session before the next connection.
    pub forgets: bool,
    /// Everything that it has accepted, in that order.
    pub accepted: Vec<Accepted>,
    /// What went wrong.
    pub breaches: Vec<Breach>,
    seen: BTreeSet<u32>,
    released: BTreeSet<u32>,
    identifiers: BTreeMap<u32, u16>,
}

impl Broker {
    /// Whether a message can be given to it: there is a session to hold it.
    pub fn has_session(&self) -> bool {
        self.stored.is_some()
    }

    /// Whether everything that it has for the client is acknowledged.
    pub fn is_settled(&self) -> bool {
        self.stored.as_ref().is_none_or(|stored| stored.in_flight.is_empty() && stored.queue.is_empty())
    }

    /// Takes a message for the client.
    pub fn publish(&mut self, topic: &[u8], qos: u8, payload: Vec<u8>) {
        let Some(stored) = &mut self.stored else { return };
        stored.queue.push_back(Message { dup: false, qos, identifier: 0, topic: topic.to_vec(), payload });
    }

    /// A message at QoS 0 that nobody has to take.
    pub fn small_talk(&self) -> Vec<u8> {
        let (topic, payload) = (b"small".to_vec(), Label { number: u32::MAX, stamp: u32::MAX }.payload(16));
        packet::publish(&Message { dup: false, qos: 0, identifier: 0, topic, payload })
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) {
        if self.connection.clean_session {
            self.stored = None;
        }
        self.connection = Connection::default();
    }

    /// Whether the broker has ended the connection.
    pub fn has_closed(&self) -> bool {
        self.connection.over
    }

    /// Takes bytes from the client, and gives those for it.
    pub fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut output = vec![];
        self.connection.input.extend(bytes);
        while let Some((size, rest)) = packet::frame(&self.connection.input) {
            let whole: Vec<u8> = self.connection.input.drain(..size).collect();
            if self.connection.over {
                self.breach(Rule::WellFormed, format!("{whole:x?} after DISCONNECT"));
                return output;
            }
            match packet::read(&whole, rest) {
                Ok(packet) => self.take(packet, &mut output),
                Err(why) => {
                    self.breach(Rule::WellFormed, why);
                    self.connection.over = true;
                }
            }
        }
        self.send_queued(&mut output);
        output
    }

    fn breach(&mut self, rule: Rule, what: impl Into<String>) {
        self.breaches.push(Breach { rule, what: what.into() });
    }

    fn take(&mut self, packet: FromClient, output: &mut Vec<u8>) {
        if let FromClient::Connect { clean_session } = packet {
            return self.connect(clean_session, output);
        }
        if !self.connection.accepted {
            self.connection.over = true;
            return self.breach(Rule::WellFormed, format!("{packet:?} before CONNECT"));
        }
        match packet {
            FromClient::Connect { .. } => {}
            FromClient::Publish(message) => self.message(message, output),
            FromClient::Acknowledgement(PUBREL, identifier) => self.release(identifier, output),
            FromClient::Acknowledgement(first, identifier) => self.acknowledged(first, identifier, output),
            FromClient::Subscribe(identifier, qos) => output.extend(packet::suback(identifier, qos)),
            FromClient::Unsubscribe(identifier) => output.extend(packet::acknowledgement(UNSUBACK, identifier)),
            FromClient::Pingreq => output.extend(packet::pingresp()),
            FromClient::Disconnect => self.connection.over = true,
        }
    }

    fn connect(&mut self, clean_session: bool, output: &mut Vec<u8>) {
        if self.connection.accepted {
            self.connection.over = true;
            return self.breach(Rule::WellFormed, "a second CONNECT");
        }
        if clean_session || std::mem::take(&mut self.forgets) {
            self.stored = None;
        }
        let session_present = self.stored.is_some();
        if !session_present {
            self.epoch += 1;
        }
        self.connection.accepted = true;
        self.connection.clean_session = clean_session;
        output.extend(packet::connack(session_present));
        let stored = self.stored.get_or_insert_default();
        for sent in &mut stored.in_flight {
            self.connection.place += 1;
            sent.place = self.connection.place;
            sent.message.dup = true;
            output.extend(match sent.released {
                true => packet::acknowledgement(PUBREL, sent.message.identifier),
                false => packet::publish(&sent.message),
            });
        }
    }

    /// Sends what waits to be sent, when the client is there.
    pub fn send_queued(&mut self, output: &mut Vec<u8>) {
        if !self.connection.accepted || self.connection.over {
            return;
        }
        let Some(stored) = &mut self.stored else { return };
        while stored.in_flight.len() < IN_FLIGHT_MAX {
            let Some(mut message) = stored.queue.pop_front() else { return };
            if message.qos > 0 {
                let taken = |identifier| stored.in_flight.iter().any(|sent| sent.message.identifier == identifier);
                // A small range, so that identifiers are soon used again.
                message.identifier = stored.last_identifier % 20 + 1;
                while taken(message.identifier) {
                    message.identifier = message.identifier % 20 + 1;
                }
                stored.last_identifier = message.identifier;
                self.connection.place += 1;
                let place = self.connection.place;
                stored.in_flight.push(Sent { message: message.clone(), released: false, place });
            }
            output.extend(packet::publish(&message));
        }
    }

    fn message(&mut self, message: Message, output: &mut Vec<u8>) {
        let Some(label) = Label::of(&message.payload) else {
            return self.breach(Rule::WellFormed, "a message that nobody has published");
        };
        let Message { dup, qos, identifier, topic, .. } = message;
        let accepted = Accepted { label, topic, qos };
        if qos > 0 {
            self.check_resend(label, dup, identifier);
        }
        let Some(stored) = &mut self.stored else { return };
        match qos {
            0 => self.accepted.push(accepted),
            1 => {
                self.accepted.push(accepted);
                output.extend(packet::acknowledgement(PUBACK, identifier));
            }
            _ => {
                let before = stored.unreleased.get(&identifier).map(|held| held.label.stamp);
                match before {
                    Some(stamp) if stamp != label.stamp => {
                        self.breach(Rule::Identifier, format!("identifier {identifier} is in use for another message"));
                    }
                    Some(_) => {}
                    None => {
                        stored.unreleased.insert(identifier, accepted.clone());
                        if !self.accepts_at_release {
                            self.accepted.push(accepted);
                        }
                    }
                }
                self.connection.place += 1;
                self.connection.pubrecs.insert(identifier, self.connection.place);
                output.extend(packet::acknowledgement(PUBREC, identifier));
            }
        }
    }

    fn check_resend(&mut self, label: Label, dup: bool, identifier: u16) {
        let stamp = label.stamp;
        if !dup && self.seen.contains(&stamp) {
            self.breach(Rule::Resend, format!("{label:?} comes again without DUP"));
        }
        if self.released.contains(&stamp) {
            self.breach(Rule::Resend, format!("{label:?} comes again after its PUBREL"));
        }
        if *self.identifiers.entry(stamp).or_insert(identifier) != identifier {
            self.breach(Rule::Resend, format!("{label:?} comes again as {identifier}"));
        }
        if self.connection.last_stamp.is_some_and(|last| last >= stamp) {
            self.breach(Rule::ResendOrder, format!("{label:?} comes after {:?}", self.connection.last_stamp));
        }
        self.connection.last_stamp = Some(stamp);
        self.seen.insert(stamp);
    }

    fn release(&mut self, identifier: u16, output: &mut Vec<u8>) {
        if let Some(place) = self.connection.pubrecs.remove(&identifier) {
            if place < self.connection.last_released {
                self.breach(Rule::AcknowledgementOrder, format!("PUBREL of {identifier} comes late"));
            }
            self.connection.last_released = place;
        }
        if let Some(held) = self.stored.as_mut().and_then(|stored| stored.unreleased.remove(&identifier)) {
            self.released.insert(held.label.stamp);
            if self.accepts_at_release {
                self.accepted.push(held);
            }
        }
        output.extend(packet::acknowledgement(PUBCOMP, identifier));
    }

    fn acknowledged(&mut self, first: u8, identifier: u16, output: &mut Vec<u8>) {
        let Some(stored) = &mut self.stored else { return };
        let Some(index) = stored.in_flight.iter().position(|sent| sent.message.identifier == identifier) else {
            return self.breach(Rule::Identifier, format!("{first:x} for {identifier}, which is not in flight"));
        };
        let sent = &mut stored.in_flight[index];
        let awaited = match (sent.message.qos, sent.released) {
            (1, _) => first == PUBACK,
            (_, false) => first == PUBREC,
            // PUBREC again, when the message came twice.
            (_, true) => first == PUBCOMP || first == PUBREC,
        };
        let place = sent.place;
        if !awaited {
            return self.breach(Rule::Identifier, format!("{first:x} for {identifier}, which does not await it"));
        }
        if first == PUBREC {
            sent.released = true;
            output.extend(packet::acknowledgement(PUBREL, identifier));
        } else {
            stored.in_flight.remove(index);
        }
        if first != PUBCOMP {
            let last = &mut self.connection.last_answered[usize::from(first == PUBREC)];
            let late = place < *last;
            *last = place;
            if late {
                self.breach(Rule::AcknowledgementOrder, format!("{first:x} of {identifier} comes late"));
            }
        }
    }
}
