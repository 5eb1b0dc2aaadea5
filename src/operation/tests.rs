//! Operations against a scripted broker: bytes in, bytes out, no socket.

extern crate std;
use super::*;
use crate::session::IN_FLIGHT_MAX;
use crate::wire::{Slot, Strings, Target, Will};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::vec;
use std::vec::Vec;

/// One thing that the broker's side does.
#[derive(Clone, Debug)]
enum Broker {
    /// These bytes arrive.
    Sends(&'static [u8]),
    /// For now nothing arrives, and the socket does not wait.
    IsSilent,
    /// Nothing arrives for so many milliseconds, for as long as the socket waits.
    Sleeps(u32),
}
use Broker::{IsSilent, Sends, Sleeps};

/// A client whose transport is a script. What it runs is what the C shim runs: the same actions in the same loop.
struct Client {
    session: Session,
    script: VecDeque<Broker>,
    pending: VecDeque<u8>,
    sent: Vec<u8>,
    delivered: Vec<(Vec<u8>, Vec<u8>)>,
    held: Vec<(Arrived, Vec<u8>, Vec<u8>)>,
    topic: Vec<u8>,
    message: Vec<u8>,
    connect: Connect,
    now: u32,
    /// Milliseconds that pass with every read.
    tick: u32,
    /// A message of more bytes than this does not fit the heap.
    heap: u32,
    /// What the callback does with the client.
    callback: fn(&mut Client),
    /// What [`Action::Wait`] calls: the user may have overridden it.
    wait: fn(&mut Client) -> Result<Outcome, Error>,
}

fn client(script: impl IntoIterator<Item = Broker>) -> Client {
    Client {
        session: Session::new(),
        script: script.into_iter().collect(),
        pending: VecDeque::new(),
        sent: vec![],
        delivered: vec![],
        held: vec![],
        topic: vec![],
        message: vec![],
        connect: CONNECT,
        now: 0,
        tick: 0,
        heap: u32::MAX,
        callback: |_| {},
        wait: Client::wait,
    }
}

fn strings<'a>(given: &[(Slot, &'a [u8])]) -> Strings<'a> {
    let mut strings = Strings::default();
    for &(slot, bytes) in given {
        strings.0[slot as usize] = Some(bytes);
    }
    strings
}

const CONNECT: Connect = Connect { clean_session: true, keep_alive: 0, will: None };

impl Client {
    /// Up to `most` bytes, as a socket gives them, none at the end of the script; or why there are none.
    fn read(&mut self, most: usize, limit: u32) -> Result<Vec<u8>, Event<'static>> {
        self.now = self.now.wrapping_add(self.tick);
        if self.pending.is_empty() {
            match self.script.pop_front() {
                Some(Sends(bytes)) => self.pending.extend(bytes),
                Some(IsSilent) => return Err(Event::WouldBlock),
                Some(Sleeps(time)) if limit == 0 || time <= limit => {
                    self.now = self.now.wrapping_add(time);
                    return self.read(most, limit);
                }
                Some(Sleeps(time)) => {
                    self.now = self.now.wrapping_add(limit);
                    self.script.push_front(Sleeps(time - limit));
                    return Err(Event::TimedOut);
                }
                None => {}
            }
        }
        let count = most.min(self.pending.len());
        Ok(self.pending.drain(..count).collect())
    }

    fn drive(&mut self, mut operation: Operation, strings: &Strings<'_>) -> Result<Outcome, Error> {
        let mut shown = vec![];
        let mut action = operation.step(&mut self.session, self.now, Event::Start);
        loop {
            let event = match action {
                Action::Send => {
                    self.write(&operation, strings);
                    Event::Sent
                }
                Action::Read { want, .. } if want.target == Target::Message && want.len > self.heap => {
                    Event::OutOfMemory
                }
                Action::Read { want, limit } => match self.read((want.len - want.offset) as usize, limit) {
                    Err(event) => event,
                    Ok(bytes) => {
                        let count = bytes.len() as u32;
                        shown = match want.target {
                            Target::Topic => keep(&mut self.topic, want.offset, &bytes),
                            Target::Message => keep(&mut self.message, want.offset, &bytes),
                            Target::Header | Target::Skip => bytes,
                        };
                        Event::Received { count, bytes: &shown }
                    }
                },
                Action::Deliver => {
                    let message = (std::mem::take(&mut self.topic), std::mem::take(&mut self.message));
                    self.delivered.push(message);
                    (self.callback)(self);
                    Event::Delivered
                }
                Action::Hold(held) => {
                    self.held.push((held, std::mem::take(&mut self.topic), std::mem::take(&mut self.message)));
                    Event::Held
                }
                Action::Wait => match (self.wait)(self) {
                    Ok(_) => Event::Waited,
                    Err(error) => {
                        operation.abandon(&mut self.session);
                        return Err(error);
                    }
                },
                Action::Done(outcome) => return Ok(outcome),
                Action::Fail(error) => {
                    // As the shim does, which cannot tell why it is left.
                    operation.abandon(&mut self.session);
                    return Err(error);
                }
            };
            action = operation.step(&mut self.session, self.now, event);
        }
    }

    fn write(&mut self, operation: &Operation, strings: &Strings<'_>) {
        let mut scratch = [0; 16];
        let mut position = 0;
        loop {
            let (bytes, size) = operation.chunk(position, strings, &mut scratch);
            if position == size {
                return;
            }
            self.sent.extend_from_slice(bytes);
            position += bytes.len();
        }
    }

    fn connect(&mut self) -> Result<Outcome, Error> {
        self.session.begin(self.connect.clean_session);
        let strings = strings(&[(Slot::ClientId, b"abc")]);
        let operation = Operation::begun(&mut self.session, |it, _| it.connect(self.connect, &strings))?;
        self.drive(operation, &strings)
    }

    /// Sends again what is in flight.
    fn resend(&mut self) {
        let strings = strings(&[(Slot::Topic, b"t"), (Slot::Message, b"m")]);
        let mut index = 0;
        while let Some(exchange) = self.session.exchanges.at(index) {
            let mut operation = Operation::default();
            if operation.resend(exchange) {
                self.drive(operation, &strings).unwrap();
            }
            index += 1;
        }
    }

    fn publish(&mut self, qos: QoS, identifier: u16) -> Result<Outcome, Error> {
        let strings = strings(&[(Slot::Topic, b"t"), (Slot::Message, b"m")]);
        let publish = Publish { dup: false, qos, retain: false, identifier };
        let operation = Operation::begun(&mut self.session, |it, session| it.publish(session, publish, &strings))?;
        self.drive(operation, &strings)
    }

    fn subscribe(&mut self, identifier: u16) -> Result<Outcome, Error> {
        let strings = strings(&[(Slot::Topic, b"t")]);
        let subscribe = Subscribe { identifier, qos: QoS::AtMostOnce };
        let operation = Operation::begun(&mut self.session, |it, session| it.subscribe(session, subscribe, &strings))?;
        self.drive(operation, &strings)
    }

    fn unsubscribe(&mut self, identifier: u16) -> Result<Outcome, Error> {
        let strings = strings(&[(Slot::Topic, b"t")]);
        let operation = Operation::begun(&mut self.session, |it, session| {
            it.unsubscribe(session, Unsubscribe { identifier }, &strings)
        })?;
        self.drive(operation, &strings)
    }

    fn wait(&mut self) -> Result<Outcome, Error> {
        let operation = waiting();
        self.drive(operation, &Strings::default())
    }
}

fn waiting() -> Operation {
    let mut operation = Operation::default();
    operation.wait(false);
    operation
}

fn ping() -> Operation {
    let mut operation = Operation::default();
    operation.bare(PacketType::PINGREQ);
    operation
}

fn keep(buffer: &mut Vec<u8>, offset: u32, bytes: &[u8]) -> Vec<u8> {
    buffer.truncate(offset as usize);
    buffer.extend_from_slice(bytes);
    buffer.clone()
}

const DONE: Result<Outcome, Error> = Ok(Outcome::Nothing);

#[test]
fn connects_and_tells_whether_the_session_was_kept() {
    let mut fresh = client([Sends(b"\x20\x02\x00\x00")]);
    assert_eq!(fresh.connect(), Ok(Outcome::Connected { session_present: false }));
    assert_eq!(fresh.sent, b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x00\x00\x03abc");
    let mut kept = client([Sends(b"\x20\x02\x01\x00")]);
    assert_eq!(kept.connect(), Ok(Outcome::Connected { session_present: true }));
}

#[test]
fn a_refused_connection_gives_the_brokers_reason() {
    for (answer, code) in [(b"\x20\x02\x00\x01", 1), (b"\x20\x02\x00\x05", 5)] {
        let mut client = client([Sends(answer)]);
        assert_eq!(client.connect(), Err(Error::ConnectRefused));
        assert_eq!(client.session.decoder.return_code(), code);
    }
}

#[test]
fn a_broker_that_closes_at_once_differs_from_one_that_stops_in_mid_answer() {
    assert_eq!(client([]).connect(), Err(Error::PeerClosed));
    assert_eq!(client([Sends(b"\x20")]).connect(), Err(Error::Malformed));
    assert_eq!(client([Sends(b"\x20\x02\x00")]).connect(), Err(Error::Malformed));
}

#[test]
fn garbage_instead_of_connack() {
    assert_eq!(client([Sends(b"HTTP/1.1 400 Bad Request\r\n")]).connect(), Err(Error::Malformed));
    assert_eq!(client([Sends(b"\x30\x03\x00\x01t")]).connect(), Err(Error::Malformed));
    assert_eq!(client([Sends(b"\xd0\x00")]).connect(), Err(Error::Malformed));
    // However long it says that it is, it is not read.
    assert_eq!(client([Sends(b"\x30\xff"), IsSilent]).connect(), Err(Error::Malformed));
}

#[test]
fn arguments_are_checked_before_anything_is_sent() {
    let mut client = client([]);
    let topic = strings(&[(Slot::Topic, b"a/#")]);
    let publish = Publish { dup: false, qos: QoS::AtLeastOnce, retain: false, identifier: 1 };
    let refused = Operation::begun(&mut client.session, |it, session| it.publish(session, publish, &topic));
    assert_eq!(refused.err(), Some(Error::WildcardInTopic));
    assert_eq!(client.session.exchanges.find(1), None);

    let will = Connect { will: Some(Will { qos: QoS::AtMostOnce, retain: false }), ..CONNECT };
    let refused = Operation::begun(&mut client.session, |it, _| {
        it.connect(will, &strings(&[(Slot::ClientId, b"c"), (Slot::Topic, b"")]))
    });
    assert_eq!(refused.err(), Some(Error::EmptyTopic));
}

#[test]
fn qos_0_is_sent_and_forgotten() {
    let mut client = client([]);
    assert_eq!(client.publish(QoS::AtMostOnce, 0), DONE);
    assert_eq!(client.sent, b"\x30\x04\x00\x01tm");
}

#[test]
fn qos_1_waits_for_its_own_acknowledgement() {
    let mut client = client([Sends(b"\x40\x02\x00\x63"), Sends(b"\xd0\x00"), Sends(b"\x40\x02\x00\x07")]);
    assert_eq!(client.publish(QoS::AtLeastOnce, 7), DONE);
    assert_eq!(client.sent, b"\x32\x06\x00\x01t\x00\x07m");
    assert_eq!(client.session.exchanges.find(7), None);
}

#[cfg(feature = "qos2")]
#[test]
fn qos_2_goes_through_its_four_packets() {
    let mut client = client([Sends(b"\x50\x02\x00\x07"), Sends(b"\x70\x02\x00\x07")]);
    assert_eq!(client.publish(QoS::ExactlyOnce, 7), DONE);
    assert_eq!(client.sent, b"\x34\x06\x00\x01t\x00\x07m\x62\x02\x00\x07");
}

#[test]
fn subscribe_and_unsubscribe_wait_for_their_acknowledgements() {
    let mut client = client([Sends(b"\xb0\x02\x00\x01"), Sends(b"\x90\x03\x00\x01\x00"), Sends(b"\xb0\x02\x00\x02")]);
    assert_eq!(client.subscribe(1), DONE);
    assert_eq!(client.unsubscribe(2), DONE);
    assert_eq!(client.sent, b"\x82\x06\x00\x01\x00\x01t\x00\xa2\x05\x00\x02\x00\x01t");
}

#[test]
fn a_refused_subscription() {
    let mut client = client([Sends(b"\x90\x03\x00\x01\x80")]);
    assert_eq!(client.subscribe(1), Err(Error::SubscribeRefused));
    assert_eq!(client.session.exchanges.find(1), None);
}

#[cfg(feature = "qos2")]
#[test]
fn messages_are_delivered_and_then_acknowledged() {
    let mut client =
        client([Sends(b"\x30\x04\x00\x01ta\x32\x06\x00\x01t\x00\x09b\x34\x06\x00\x01t\x00\x0ac\x62\x02\x00\x0a")]);
    assert_eq!(client.wait(), Ok(Outcome::Packet(0x30)));
    assert_eq!(client.sent, b"");
    assert_eq!(client.wait(), Ok(Outcome::Packet(0x32)));
    assert_eq!(client.sent, b"\x40\x02\x00\x09");
    assert_eq!(client.wait(), Ok(Outcome::Packet(0x34)));
    assert_eq!(client.wait(), Ok(Outcome::Packet(0x62)));
    assert_eq!(client.sent, b"\x40\x02\x00\x09\x50\x02\x00\x0a\x70\x02\x00\x0a");
    let messages: Vec<_> = client.delivered.iter().map(|(_, message)| message[0]).collect();
    assert_eq!(messages, b"abc");
}

#[cfg(feature = "qos2")]
#[test]
fn a_repeated_qos_2_message_is_delivered_once() {
    let mut client = client([Sends(b"\x34\x06\x00\x01t\x00\x0ac"), Sends(b"\x3c\x06\x00\x01t\x00\x0ac")]);
    client.wait().unwrap();
    client.wait().unwrap();
    assert_eq!(client.delivered.len(), 1);
    assert_eq!(client.sent, b"\x50\x02\x00\x0a\x50\x02\x00\x0a");
}

#[cfg(feature = "qos2")]
#[test]
fn a_repeated_qos_2_message_is_skipped_without_memory_for_it() {
    let mut client = client([Sends(b"\x34\x06\x00\x01t\x00\x0ac"), Sends(b"\x3c\x0a\x00\x01t\x00\x0alarge")]);
    client.wait().unwrap();
    client.heap = 1;
    assert_eq!(client.wait(), Ok(Outcome::Packet(0x3c)));
    assert_eq!(client.delivered.len(), 1);
    assert_eq!(client.sent, b"\x50\x02\x00\x0a\x50\x02\x00\x0a");
}

#[test]
fn a_message_given_up_is_not_acknowledged_and_the_next_one_arrives() {
    for (read, left) in [(2, &b"345"[..]), (5, b"")] {
        let mut client = client([]);
        let received = |session: &mut Session, bytes: &[u8], shown: &[u8]| {
            session.decoder.received(bytes.len() as u32, shown).unwrap();
        };
        received(&mut client.session, b"\x32\x0a", b"\x32\x0a");
        received(&mut client.session, b"\x00\x01", b"\x00\x01");
        received(&mut client.session, b"t", b"t");
        received(&mut client.session, b"\x00\x07", b"\x00\x07");
        Operation::give_up_message(&mut client.session, read);
        client.pending.extend(left);
        client.pending.extend(b"\x30\x04\x00\x01ta");
        assert_eq!(client.wait(), Ok(Outcome::Packet(0x30)));
        assert_eq!((client.sent.len(), client.delivered.len()), (0, 1));
    }
}

#[test]
fn a_silent_socket_interrupts_a_packet_anywhere_and_nothing_is_lost() {
    let packet: &[u8] = b"\x32\x08\x00\x03a/b\x00\x09m";
    let pieces = packet.chunks(1).flat_map(|byte| [IsSilent, Sends(byte)]);
    let mut client = client(pieces);
    let mut silences = 0;
    while client.wait() == DONE {
        silences += 1;
    }
    assert_eq!(silences, packet.len());
    assert_eq!(client.delivered, [(b"a/b".to_vec(), b"m".to_vec())]);
    assert_eq!(client.sent, b"\x40\x02\x00\x09");
}

#[test]
fn each_nested_call_gets_its_own_acknowledgement() {
    let mut client = client([Sends(b"\x30\x03\x00\x01t\x40\x02\x00\x01\x40\x02\x00\x02")]);
    client.callback = |client| {
        let identifier = client.session.exchanges.next_identifier(1);
        assert_eq!(identifier, 2);
        assert_eq!(client.publish(QoS::AtLeastOnce, identifier), DONE);
    };
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), DONE);
    assert_eq!(client.delivered.len(), 1);
}

#[test]
fn a_callback_that_ends_the_connection_ends_the_calls_around_it() {
    let mut client = client([Sends(b"\x32\x05\x00\x01t\x00\x05")]);
    client.callback = |client| client.session.lost();
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), Err(Error::NotConnected));
    assert_eq!(client.sent, b"\x32\x06\x00\x01t\x00\x01m", "no PUBACK on a connection that is gone");
}

/// What the stock umqtt.robust does: its wait_msg() connects anew when the connection is lost, and waits on.
fn wait_robustly(client: &mut Client) -> Result<Outcome, Error> {
    client.wait().or_else(|_| {
        client.session.lost();
        client.connect()?;
        client.wait()
    })
}

#[test]
fn a_wait_that_has_connected_anew_returns_to_the_call_that_lost_its_connection() {
    let mut client = client([Sends(b""), Sends(b"\x20\x02\x00\x00"), IsSilent]);
    client.wait = wait_robustly;
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), Err(Error::NotConnected));
    assert!(!client.session.exchanges.any_over());
    assert_eq!(client.script.len(), 1, "nothing was read on the new connection");
    client.wait = Client::wait;
    assert_eq!(client.wait(), DONE);
}

#[test]
fn each_call_that_lost_its_connection_is_told_once() {
    let mut client = client([Sends(b"\x30\x03\x00\x01t"), Sends(b""), Sends(b"\x20\x02\x00\x00"), IsSilent, IsSilent]);
    client.wait = wait_robustly;
    client.callback = |client| {
        assert_eq!(client.publish(QoS::AtLeastOnce, 2), Err(Error::NotConnected));
        assert!(client.session.exchanges.any_over(), "the publish around the callback has not acted yet");
    };
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), Err(Error::NotConnected));
    assert!(!client.session.exchanges.any_over());
}

#[test]
fn a_message_larger_than_the_heap_is_skipped_and_the_next_one_arrives() {
    let mut client = client([Sends(b"\x30\x09\x00\x01t012345\x30\x04\x00\x01ta")]);
    client.heap = 5;
    assert_eq!(client.wait(), Err(Error::OutOfMemory));
    assert_eq!(client.wait(), Ok(Outcome::Packet(0x30)));
    assert_eq!(client.delivered, [(b"t".to_vec(), b"a".to_vec())]);
}

#[test]
fn an_operation_ends_within_its_time_however_slowly_bytes_drip() {
    let drip = b"\x30\x7f\x00\x7daaaaaaaaaaaaaaaaaaaaaaaaa".chunks(1).map(Sends);
    let mut client = client(drip);
    client.session.set_time_limit(1000);
    client.tick = 300;
    assert_eq!(client.wait(), Err(Error::TimedOut));
    assert_eq!(client.now, 1200);
}

#[test]
fn the_wait_of_a_publish_has_no_time_of_its_own() {
    let mut client = client([Sleeps(900), Sends(b"\x40\x02\x00\x63"), Sleeps(900), Sends(b"\x40\x02\x00\x01")]);
    client.session.set_time_limit(1000);
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), Err(Error::TimedOut));
    // The wait knows when the publish has begun as a Moment, which is up to a millisecond early.
    assert_eq!(client.now, 999);
    client.script = [Sleeps(900), Sends(b"\xd0\x00")].into_iter().collect();
    assert_eq!(client.wait(), DONE, "the next wait has its own time");
}

#[test]
fn a_wait_that_connects_and_subscribes_anew_returns_to_the_publish_that_was_lost() {
    let mut client = client([Sends(b""), SESSION_NEW, Sends(b"\x90\x03\x00\x02\x00"), IsSilent]);
    client.wait = |client| {
        client.wait().or_else(|_| {
            client.session.lost();
            client.connect()?;
            client.wait = Client::wait;
            client.subscribe(2)?;
            client.wait()
        })
    };
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), Err(Error::NotConnected));
    assert_eq!(client.script.len(), 1, "nothing was read after the subscription");
}

#[cfg(feature = "qos2")]
#[test]
fn a_qos_2_message_whose_callback_connects_again_is_not_delivered_again() {
    const MESSAGE: Broker = Sends(b"\x34\x06\x00\x01t\x00\x0ac");
    const AGAIN: Broker = Sends(b"\x3c\x06\x00\x01t\x00\x0ac");
    let mut client = client([SESSION_NEW, MESSAGE, SESSION_PRESENT, AGAIN]);
    client.connect = KEPT;
    client.connect().unwrap();
    client.callback = |client| {
        client.session.lost();
        client.connect().unwrap();
    };
    client.wait().unwrap();
    client.wait().unwrap();
    assert_eq!(client.delivered.len(), 1);
}

#[cfg(feature = "qos2")]
#[test]
fn a_qos_2_message_whose_delivery_fails_is_delivered_when_it_comes_again() {
    let mut client = client([]);
    let mut operation = waiting();
    operation.step(&mut client.session, 0, Event::Start);
    for piece in [&b"\x34\x06"[..], b"\x00\x01", b"t", b"\x00\x0a"] {
        operation.step(&mut client.session, 0, Event::Received { count: piece.len() as u32, bytes: piece });
    }
    let last = operation.step(&mut client.session, 0, Event::Received { count: 1, bytes: b"c" });
    assert_eq!(last, Action::Deliver);
    assert!(!client.session.is_new(10));
    operation.abandon(&mut client.session);
    assert!(client.session.is_new(10));
}

#[test]
fn a_callback_that_connects_again_can_use_the_new_connection() {
    let mut client = client([Sends(b"\x30\x03\x00\x01t"), SESSION_NEW, Sends(b"\x90\x03\x00\x02\x00")]);
    client.callback = |client| {
        client.connect().unwrap();
        assert_eq!(client.subscribe(2), DONE);
    };
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), Err(Error::NotConnected));
}

#[test]
fn a_publish_ends_within_its_time_however_chatty_the_broker() {
    let mut client = client((0..100).map(|_| Sends(b"\x40\x02\x00\x63")));
    client.session.set_time_limit(1000);
    client.tick = 300;
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), Err(Error::TimedOut));
    assert_eq!(client.session.exchanges.find(1), None);
}

#[test]
fn the_end_of_the_stream_is_an_error_everywhere() {
    assert_eq!(client([]).wait(), Err(Error::PeerClosed));
    assert_eq!(client([Sends(b"\x30\x09\x00")]).wait(), Err(Error::PeerClosed));
    assert_eq!(client([]).publish(QoS::AtLeastOnce, 1), Err(Error::PeerClosed));
}

#[test]
fn a_packet_left_in_mid_write_ends_the_use_of_the_connection() {
    let mut client = client([]);
    let mut cut = ping();
    assert_eq!(cut.step(&mut client.session, 0, Event::Start), Action::Send);
    assert_eq!(client.publish(QoS::AtMostOnce, 0), Err(Error::Desynchronised));
}

const KEPT: Connect = Connect { clean_session: false, ..CONNECT };
const SESSION_PRESENT: Broker = Sends(b"\x20\x02\x01\x00");
const SESSION_NEW: Broker = Sends(b"\x20\x02\x00\x00");

/// A client that has published, lost the connection before the acknowledgement, and connected again.
fn reconnected(qos: QoS, before: &'static [u8], connack: Broker, after: Broker) -> Client {
    let before = before.chunks(64).map(Sends);
    let mut client = client([SESSION_NEW].into_iter().chain(before).chain([Sends(b""), connack, after]));
    client.connect = KEPT;
    client.connect().unwrap();
    assert!(client.publish(qos, 1).is_err());
    client.session.lost();
    client.sent.clear();
    client.connect().unwrap();
    client.sent.clear();
    client.resend();
    client
}

#[test]
fn an_unacknowledged_message_is_sent_again_with_dup_and_the_same_identifier() {
    let mut client = reconnected(QoS::AtLeastOnce, b"", SESSION_PRESENT, Sends(b"\x40\x02\x00\x01"));
    assert_eq!(client.sent, b"\x3a\x06\x00\x01t\x00\x01m");
    client.wait().unwrap();
    assert!(
        !client.session.exchanges.at(0).unwrap().is_in_flight(),
        "its acknowledgement needs nobody who attends to it"
    );
}

#[cfg(feature = "qos2")]
#[test]
fn after_pubrec_only_pubrel_is_sent_again() {
    let client = reconnected(QoS::ExactlyOnce, b"\x50\x02\x00\x01", SESSION_PRESENT, Sends(b"\x70\x02\x00\x01"));
    assert_eq!(client.sent, b"\x62\x02\x00\x01");
}

#[cfg(feature = "qos2")]
#[test]
fn nothing_is_sent_again_to_a_broker_that_has_lost_the_session() {
    let client = reconnected(QoS::ExactlyOnce, b"", SESSION_NEW, IsSilent);
    assert_eq!(client.sent, b"");
    assert_eq!(client.session.exchanges.find(1), None);
}

#[cfg(feature = "qos2")]
#[test]
fn publishing_the_same_message_again_attends_to_the_one_in_flight() {
    let mut client = reconnected(QoS::ExactlyOnce, b"", SESSION_PRESENT, Sends(b"\x50\x02\x00\x01\x70\x02\x00\x01"));
    client.sent.clear();
    let publish = Publish { dup: false, qos: QoS::ExactlyOnce, retain: false, identifier: 1 };
    let mut resumed = Operation::default();
    assert!(resumed.resume(&mut client.session, publish));
    assert_eq!(client.drive(resumed, &Strings::default()), DONE);
    assert_eq!(client.sent, b"\x62\x02\x00\x01", "no second PUBLISH");
}

#[test]
fn messages_are_sent_again_in_their_order() {
    let mut client = client([SESSION_NEW, Sends(b"")]);
    client.connect = KEPT;
    client.connect().unwrap();
    for identifier in [7, 3, 9] {
        assert!(client.publish(QoS::AtLeastOnce, identifier).is_err());
        client.session.connection.end_writing(client.now, false);
    }
    client.session.lost();
    client.sent.clear();
    client.resend();
    let identifiers: Vec<_> = client.sent.chunks(8).map(|packet| packet[6]).collect();
    assert_eq!(identifiers, [7, 3, 9]);
}

#[test]
fn a_publish_whose_wait_reconnects_ends_well_when_the_session_is_kept() {
    let mut client = client([SESSION_NEW, Sends(b""), SESSION_PRESENT, Sends(b"\x40\x02\x00\x01")]);
    client.connect = KEPT;
    client.connect().unwrap();
    client.wait = |client| {
        client.wait().or_else(|_| {
            client.session.lost();
            client.connect()?;
            client.resend();
            client.wait()
        })
    };
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), DONE);
}

/// A client that is connected with a keep alive interval of 60 seconds.
fn kept_alive(script: impl IntoIterator<Item = Broker>) -> Client {
    let mut client = client([SESSION_NEW].into_iter().chain(script));
    client.connect.keep_alive = 60;
    client.connect().unwrap();
    client.sent.clear();
    client
}

#[test]
fn a_wait_pings_in_time_and_goes_on() {
    let mut client = kept_alive([Sleeps(40_000), Sends(b"\xd0\x00"), Sleeps(10_000), Sends(b"\x30\x03\x00\x01t")]);
    assert_eq!(client.wait(), DONE, "PINGRESP");
    assert_eq!(client.sent, b"\xc0\x00");
    assert_eq!(client.wait(), Ok(Outcome::Packet(0x30)));
    assert_eq!(client.sent, b"\xc0\x00");
    assert_eq!(client.now, 50_000);
}

#[test]
fn a_wait_gives_a_silent_broker_up_half_a_period_after_its_ping() {
    let mut client = kept_alive([Sleeps(1_000_000)]);
    assert_eq!(client.wait(), Err(Error::BrokerSilent));
    assert_eq!(client.sent, b"\xc0\x00");
    assert_eq!(client.now, 60_000);
}

#[test]
fn checks_ping_in_time_and_give_a_silent_broker_up() {
    let mut client = kept_alive((0..100).map(|_| IsSilent));
    let outcomes: Vec<_> = (0..61)
        .map(|_| {
            client.now += 1000;
            client.wait()
        })
        .collect();
    assert_eq!(client.sent, b"\xc0\x00");
    assert_eq!(outcomes.iter().position(|outcome| *outcome != DONE), Some(59));
    assert_eq!(outcomes[59], Err(Error::BrokerSilent));
}

#[test]
fn an_answer_that_has_arrived_is_read_before_the_broker_is_given_up() {
    let mut client = kept_alive([IsSilent, Sends(b"\xd0\x00")]);
    client.now = 30_000;
    assert_eq!(client.wait(), DONE);
    client.now = 500_000;
    assert_eq!(client.wait(), DONE);
}

#[test]
fn a_publish_waits_for_its_acknowledgement_and_pings() {
    let mut client = kept_alive([Sleeps(45_000), Sends(b"\xd0\x00\x40\x02\x00\x01")]);
    assert_eq!(client.publish(QoS::AtLeastOnce, 1), DONE);
    assert_eq!(client.sent, b"\x32\x06\x00\x01t\x00\x01m\xc0\x00");
}

#[test]
fn the_users_own_time_limit_of_the_socket_ends_a_wait() {
    let mut client = kept_alive([]);
    let mut operation = waiting();
    let start = operation.step(&mut client.session, 0, Event::Start);
    assert!(matches!(start, Action::Read { limit: 15_000, .. }));
    assert_eq!(operation.step(&mut client.session, 2_000, Event::TimedOut), Action::Fail(Error::TimedOut));
}

#[test]
fn a_time_limit_is_kept_to_the_millisecond() {
    let mut client = client([Sends(b"\x30\x09\x00"), Sleeps(700), Sends(b"\x01"), Sleeps(5_000)]);
    client.session.set_time_limit(1000);
    assert_eq!(client.wait(), Err(Error::TimedOut));
    assert_eq!(client.now, 1000);
}

proptest! {
    #[test]
    fn no_broker_makes_an_operation_panic_or_run_forever(
        input in proptest::collection::vec(any::<u8>(), 0..120),
        connect: bool,
    ) {
        let input: &'static [u8] = std::vec::Vec::leak(input);
        let mut client = client(input.chunks(7).map(Sends));
        if connect {
            let _ = client.connect();
        } else {
            let _ = client.publish(QoS::ExactlyOnce, 1);
            let _ = client.subscribe(2);
        }
    }
}

#[cfg(feature = "qos2")]
#[test]
fn a_message_is_acknowledged_before_the_one_that_arrives_within_its_callback() {
    let mut client = client([Sends(b"\x32\x05\x00\x01t\x00\x05\x34\x05\x00\x01t\x00\x06\x30\x03\x00\x01t")]);
    client.callback = |client| {
        if client.delivered.len() < 3 {
            client.wait().unwrap();
        }
    };
    client.wait().unwrap();
    assert_eq!(client.delivered.len(), 3);
    assert_eq!(client.sent, b"\x40\x02\x00\x05\x50\x02\x00\x06");
}

#[test]
fn a_message_whose_callback_fails_is_not_acknowledged_later() {
    let mut client = client([Sends(b"\x32\x05\x00\x01t\x00\x06")]);
    let mut failing = waiting();
    failing.step(&mut client.session, 0, Event::Start);
    for piece in [&b"\x32\x05"[..], b"\x00\x01", b"t", b"\x00\x05"] {
        failing.step(&mut client.session, 0, Event::Received { count: piece.len() as u32, bytes: piece });
    }
    failing.abandon(&mut client.session);
    client.wait().unwrap();
    assert_eq!(client.sent, b"\x40\x02\x00\x06");
}

#[test]
fn a_wait_pings_while_a_message_takes_longer_than_the_keep_alive_interval() {
    let mut client = kept_alive((0..10).flat_map(|_| [Sleeps(10_000), Sends(b"0")]));
    client.pending.extend(b"\x30\x0d\x00\x01t");
    assert_eq!(client.wait(), Ok(Outcome::Packet(0x30)));
    assert_eq!(client.sent, b"\xc0\x00\xc0\x00\xc0\x00");
}

#[test]
fn the_keep_alive_interval_counts_from_connect_on() {
    let mut client = client([Sleeps(30_000), SESSION_NEW, Sends(b"\xd0\x00")]);
    client.connect.keep_alive = 60;
    client.connect().unwrap();
    client.sent.clear();
    assert_eq!(client.wait(), DONE);
    assert_eq!(client.sent, b"\xc0\x00");
}

/// A client with as many messages in flight as there can be, to which nobody attends.
fn full(script: impl IntoIterator<Item = Broker>) -> Client {
    let mut client = client([SESSION_NEW].into_iter().chain((0..IN_FLIGHT_MAX).map(|_| IsSilent)).chain(script));
    client.connect = KEPT;
    client.connect().unwrap();
    client.wait = |client| client.wait().and(Err(Error::TimedOut));
    for identifier in 1..=IN_FLIGHT_MAX as u16 {
        assert_eq!(client.publish(QoS::AtLeastOnce, identifier), Err(Error::TimedOut));
    }
    client.wait = Client::wait;
    client
}

#[test]
fn room_for_another_message_is_waited_for() {
    let mut client = full([Sends(b"\x30\x03\x00\x01t\x40\x02\x00\x01")]);
    let operation = Operation::begun(&mut client.session, Operation::make_room).unwrap();
    assert_eq!(client.drive(operation, &Strings::default()), DONE);
    assert_eq!(client.session.exchanges.find(1), None);
    let operation = Operation::begun(&mut client.session, Operation::make_room).unwrap();
    assert_eq!(client.drive(operation, &Strings::default()), DONE, "at once when there is room");
}

#[test]
fn room_is_waited_for_no_longer_than_the_time_limit() {
    let mut client = full([Sleeps(5_000)]);
    client.session.set_time_limit(1_000);
    let operation = Operation::begun(&mut client.session, Operation::make_room).unwrap();
    assert_eq!(client.drive(operation, &Strings::default()), Err(Error::TimedOut));
}

#[test]
fn room_cannot_come_when_the_calls_around_this_one_take_all_of_it() {
    let mut client = client([]);
    for identifier in 1..=IN_FLIGHT_MAX as u16 {
        client.session.exchanges.open(Exchange::of_message(identifier, QoS::AtLeastOnce, false)).unwrap();
    }
    assert_eq!(Operation::begun(&mut client.session, Operation::make_room).err(), Some(Error::TooManyInFlight));
}

#[test]
fn whoever_waits_for_room_hears_that_the_session_is_forgotten() {
    let mut client = full([Sends(b""), SESSION_NEW]);
    client.wait = wait_robustly;
    let operation = Operation::begun(&mut client.session, Operation::make_room).unwrap();
    assert_eq!(client.drive(operation, &Strings::default()), Err(Error::NotConnected));
    assert!(client.script.is_empty(), "nothing was read on the new connection");
}

#[test]
fn a_call_that_is_left_says_whether_its_acknowledgement_has_come() {
    for (arrives, has_come) in [(&b"\x40\x02\x00\x01"[..], true), (b"\x40\x02\x00\x02", false)] {
        let mut client = client([Sends(arrives)]);
        let publish = Publish { dup: false, qos: QoS::AtLeastOnce, retain: false, identifier: 1 };
        let topic = strings(&[(Slot::Topic, b"t")]);
        let mut left =
            Operation::begun(&mut client.session, |it, session| it.publish(session, publish, &topic)).unwrap();
        client.wait().unwrap();
        assert_eq!(left.abandon(&mut client.session), has_come);
    }
}

#[test]
fn nothing_is_read_after_a_packet_that_was_cut_off() {
    let mut client = client([Sends(b"\x30\x03\x00\x01t")]);
    ping().step(&mut client.session, 0, Event::Start);
    assert_eq!(client.wait(), Err(Error::Desynchronised));
}

/// A build without QoS 2.
#[cfg(not(feature = "qos2"))]
mod without_qos_2 {
    use super::*;

    #[test]
    fn nothing_can_be_published_or_subscribed_to_with_it() {
        let mut client = client([]);
        let missing = Err(Error::Qos2Missing);
        assert_eq!(client.publish(QoS::ExactlyOnce, 1), missing);
        let topic = strings(&[(Slot::Topic, b"t")]);
        let subscribe = Subscribe { identifier: 1, qos: QoS::ExactlyOnce };
        assert_eq!(
            Operation::begun(&mut client.session, |it, session| it.subscribe(session, subscribe, &topic)).err(),
            missing.err()
        );
        assert_eq!(client.sent, b"");
        assert_eq!(client.session.exchanges.find(1), None);
    }

    #[test]
    fn a_broker_that_sends_with_it_breaks_the_protocol() {
        for packet in
            [&b"\x34\x06\x00\x01t\x00\x05m"[..], b"\x50\x02\x00\x01", b"\x62\x02\x00\x01", b"\x70\x02\x00\x01"]
        {
            let mut client = client([Sends(packet)]);
            assert_eq!(client.wait(), Err(Error::Malformed), "{packet:x?}");
            assert_eq!(client.delivered.len() + client.sent.len(), 0);
        }
    }

    #[test]
    fn a_will_may_have_it() {
        let will = Connect { will: Some(Will { qos: QoS::ExactlyOnce, retain: false }), ..CONNECT };
        let names = strings(&[(Slot::ClientId, b"c"), (Slot::Topic, b"t"), (Slot::Message, b"m")]);
        assert!(Operation::begun(&mut Session::new(), |it, _| it.connect(will, &names)).is_ok());
    }
}
