//! The engine's operations with arbitrary answers to what they ask for: a broker that says anything, sockets that fail
//! at any point, callbacks and waits that call again, clocks that jump.
//!
//! The caller here does what the C shim does and no more. Beside panics, these are found: packets that are not what the
//! specification allows, identifiers that are 0 or not unique, more exchanges than there may be.

use crate::input::Input;
use std::collections::VecDeque;
use umqtt::{
    Error,
    operation::{Action, Event, Operation},
    session::{Arrived, IN_FLIGHT_MAX, Session},
    wire::{Connect, PacketType, Publish, QoS, Slot, Strings, Subscribe, Target, Unsubscribe, Will},
};

const DEPTH_MAX: u8 = 4;

/// Plays the session that the bytes decide.
pub fn run(data: &[u8]) {
    let mut caller = Caller {
        input: Input::new(data),
        session: Session::new(),
        incoming: VecDeque::new(),
        topic: Vec::new(),
        held: VecDeque::new(),
        now: 0,
        last: 0,
        depth: 0,
    };
    caller.now = u32::from(caller.input.byte()) << 24;
    while !caller.input.is_empty() {
        caller.call();
        caller.check();
    }
}

struct Caller<'a> {
    input: Input<'a>,
    session: Session,
    /// What the broker has sent and nobody has read.
    incoming: VecDeque<u8>,
    topic: Vec<u8>,
    held: VecDeque<Arrived>,
    now: u32,
    last: u16,
    depth: u8,
}

impl Caller<'_> {
    fn call(&mut self) {
        const TOPICS: [&[u8]; 4] = [b"t", b"a/b", b"+/#", b""];
        const MESSAGES: [&[u8]; 3] = [b"", b"message", &[b'm'; 300]];
        let mut strings = Strings::default();
        let mut set = |slot: Slot, text| strings.0[slot as usize] = Some(text);
        let choice = self.input.byte();
        set(Slot::Topic, TOPICS[usize::from(choice >> 4 & 3)]);
        set(Slot::Message, MESSAGES[usize::from(choice >> 6) % 3]);
        let qos = QoS::from_number(self.input.below(3)).unwrap_or(QoS::AtMostOnce);
        if matches!(choice & 15, 2..=6) {
            let Ok(room) = Operation::begun(&mut self.session, Operation::make_room) else { return };
            self.drive(room, &Strings::default());
        }
        let session = &mut self.session;
        let identifier = session.exchanges.next_identifier(self.last);
        let operation = match choice & 15 {
            0 | 1 => {
                set(Slot::ClientId, b"id");
                let keep_alive = u16::from(self.input.byte());
                let will = (qos != QoS::AtMostOnce).then_some(Will { qos, retain: choice & 16 != 0 });
                let connect = Connect { clean_session: choice & 1 != 0, keep_alive, will };
                session.begin(connect.clean_session);
                self.incoming.clear();
                Operation::begun(session, |it, _| it.connect(connect, &strings))
            }
            2..=4 => {
                let publish = Publish { dup: false, qos, retain: choice & 16 != 0, identifier };
                let mut resumed = Operation::default();
                match resumed.resume(session, Publish { identifier: self.last, ..publish }).then_some(resumed) {
                    Some(resumed) if choice & 3 == 3 => Ok(resumed),
                    Some(mut resumed) => {
                        resumed.abandon(session);
                        Operation::begun(session, |it, session| it.publish(session, publish, &strings))
                    }
                    None => Operation::begun(session, |it, session| it.publish(session, publish, &strings)),
                }
            }
            5 => {
                Operation::begun(session, |it, session| it.subscribe(session, Subscribe { identifier, qos }, &strings))
            }
            6 => Operation::begun(session, |it, session| it.unsubscribe(session, Unsubscribe { identifier }, &strings)),
            7 => self.begun(|it| it.bare(PacketType::PINGREQ)),
            8 => self.begun(|it| it.bare(PacketType::DISCONNECT)),
            9 => return session.lost(),
            10 => return session.replaced(),
            11 => return session.set_time_limit(u32::from(self.input.byte()) << (choice >> 4)),
            12 => {
                self.now = self.now.wrapping_add(u32::from(self.input.byte()) << (choice >> 4));
                return;
            }
            13 => {
                // As connect() does when the broker has kept the session.
                for index in 0.. {
                    let Some(exchange) = self.session.exchanges.at(index) else { return };
                    let mut resent = Operation::default();
                    if resent.resend(exchange) {
                        self.drive(resent, &strings);
                    }
                }
                return;
            }
            14 => match self.held.pop_front() {
                Some(held) => self.begun(|it| it.deliver_held(held)),
                None => self.begun(|it| it.wait(false)),
            },
            _ if self.depth > 0 && choice & 16 != 0 => self.begun(|it| it.wait(true)),
            _ => self.begun(|it| it.wait(false)),
        };
        if matches!(choice & 15, 2..=6) && qos != QoS::AtMostOnce {
            self.last = identifier;
        }
        if let Ok(operation) = operation {
            self.drive(operation, &strings);
        }
    }

    fn begun(&self, begin: impl FnOnce(&mut Operation)) -> Result<Operation, Error> {
        let mut operation = Operation::default();
        begin(&mut operation);
        Ok(operation)
    }

    fn drive(&mut self, mut operation: Operation, strings: &Strings<'_>) {
        let mut event = Event::Start;
        let mut topic;
        loop {
            let action = operation.step(&mut self.session, self.now, event);
            if self.input.is_empty() && !matches!(action, Action::Done(_) | Action::Fail(_)) {
                // Whatever comes next raises.
                operation.abandon(&mut self.session);
                return;
            }
            event = match action {
                Action::Send => {
                    check_packet(&gather(&operation, strings, self.input.byte()));
                    if self.input.below(16) == 1 {
                        operation.abandon(&mut self.session);
                        return;
                    }
                    Event::Sent
                }
                Action::Read { want, limit } => {
                    assert!(want.offset < want.len, "it wants nothing: {want:?}");
                    match self.input.below(16) {
                        0 => {
                            operation.abandon(&mut self.session);
                            return;
                        }
                        1 => Event::WouldBlock,
                        2 => {
                            self.now = self.now.wrapping_add(limit);
                            Event::TimedOut
                        }
                        3 => Event::OutOfMemory,
                        4 => Event::Received { count: 0, bytes: &[] },
                        5 => Event::Received { count: u32::from(self.input.byte()) << 20, bytes: &[1; 40] },
                        6 if want.target == Target::Message => {
                            let count = u32::from(self.input.byte()).min(want.len - want.offset);
                            Operation::give_up_message(&mut self.session, count);
                            operation.abandon(&mut self.session);
                            return;
                        }
                        choice => {
                            let most = if choice < 10 { 1 } else { (want.len - want.offset).min(4096) as usize };
                            let bytes = self.receive(most);
                            let count = bytes.len() as u32;
                            match want.target {
                                Target::Topic => {
                                    self.topic.truncate(want.offset as usize);
                                    self.topic.extend_from_slice(&bytes);
                                    topic = self.topic.clone();
                                }
                                _ => topic = bytes,
                            }
                            Event::Received { count, bytes: &topic }
                        }
                    }
                }
                Action::Deliver => {
                    self.nest();
                    if self.input.below(8) == 1 {
                        operation.abandon(&mut self.session);
                        return;
                    }
                    Event::Delivered
                }
                Action::Hold(held) => {
                    if self.input.below(8) == 1 {
                        Event::Delivered
                    } else {
                        self.held.push_back(held);
                        Event::Held
                    }
                }
                Action::Wait => {
                    if self.input.below(4) == 1 {
                        self.nest();
                    } else {
                        let mut wait = Operation::default();
                        wait.wait(false);
                        self.drive(wait, &Strings::default());
                    }
                    if self.input.below(16) == 1 {
                        operation.abandon(&mut self.session);
                        return;
                    }
                    Event::Waited
                }
                Action::Done(_) => return,
                Action::Fail(error) => {
                    if matches!(
                        error,
                        Error::PeerClosed
                            | Error::Malformed
                            | Error::Desynchronised
                            | Error::BrokerSilent
                            | Error::TooManyInFlight
                    ) {
                        self.session.lost();
                        self.incoming.clear();
                    }
                    return;
                }
            };
            self.check();
        }
    }

    /// What a callback or an overridden method does.
    fn nest(&mut self) {
        if self.depth < DEPTH_MAX {
            self.depth += 1;
            for _ in 0..self.input.below(3) {
                self.call();
            }
            self.depth -= 1;
        }
    }

    /// At least one byte from the broker, and at most so many.
    fn receive(&mut self, most: usize) -> Vec<u8> {
        if self.incoming.is_empty() {
            let packet = self.packet();
            self.incoming.extend(packet);
        }
        let count = most.min(self.incoming.len());
        self.incoming.drain(..count).collect()
    }

    /// What the broker sends next: mostly packets, of identifiers that mean something.
    fn packet(&mut self) -> Vec<u8> {
        let choice = self.input.byte();
        let [high, low] = match choice >> 4 & 3 {
            0 => self.last,
            1 => self.last.wrapping_sub(1),
            2 => u16::from(self.input.byte()),
            _ => u16::from(self.input.byte()) << 8 | 1,
        }
        .to_be_bytes();
        match choice & 15 {
            0 | 1 => vec![0x20, 2, choice >> 7, 0],
            2 => vec![0x20, 2, 0, self.input.byte()],
            3 => vec![0x40, 2, high, low],
            4 => vec![0x50, 2, high, low],
            5 => vec![0x62, 2, high, low],
            6 => vec![0x70, 2, high, low],
            7 => vec![0x90, 3, high, low, [0, 1, 2, 0x80][usize::from(choice >> 6)]],
            8 => vec![0xb0, 2, high, low],
            9 => vec![0xd0, 0],
            10 => vec![0x30, 4, 0, 1, b't', b'm'],
            11 => vec![0x32, 6, 0, 1, b't', high, low, b'm'],
            12 => vec![0x34, 6, 0, 1, b't', high, low, b'm'],
            13 => vec![0x3c, 5, 0, 1, b't', high, low],
            14 => [&[0x34, 0x84, 2, 0, 1, b't', high, low], [b'm'; 255].as_slice()].concat(),
            _ => {
                let count = usize::from(self.input.below(8)) + 1;
                let mut bytes = self.input.take(count).to_vec();
                bytes.resize(count, 0);
                bytes
            }
        }
    }

    fn check(&self) {
        let open: Vec<_> = (0..).map_while(|index| self.session.exchanges.at(index)).collect();
        assert!(open.len() <= IN_FLIGHT_MAX);
        for (at, exchange) in open.iter().enumerate() {
            assert_ne!(exchange.identifier(), 0, "MQTT-2.3.1-1");
            assert!(
                open[..at].iter().all(|other| other.identifier() != exchange.identifier()),
                "MQTT-2.3.1-2: {open:?}"
            );
        }
    }
}

/// All bytes of the operation's packet, in chunks that need so much scratch memory.
fn gather(operation: &Operation, strings: &Strings<'_>, scratch: u8) -> Vec<u8> {
    let mut scratch = vec![0; usize::from(scratch).max(1)];
    let mut packet = Vec::new();
    loop {
        let (bytes, size) = operation.chunk(packet.len(), strings, &mut scratch);
        if packet.len() >= size {
            assert_eq!(packet.len(), size);
            return packet;
        }
        assert!(!bytes.is_empty(), "nothing, of a packet that is not whole");
        packet.extend_from_slice(bytes);
    }
}

/// Whether a client may send it: the fixed header, and the identifier where there is one.
fn check_packet(packet: &[u8]) {
    let digits = packet[1..].iter().position(|digit| digit & 0x80 == 0).expect("a length") + 1;
    let length: usize = (0..digits).map(|at| usize::from(packet[1 + at] & 0x7f) << (7 * at)).sum();
    let body = &packet[1 + digits..];
    assert_eq!(body.len(), length, "the remaining length");
    let identifier = match packet[0] {
        0x10 | 0xc0 | 0xe0 => return,
        0x30 | 0x31 => return,
        0x32..=0x35 | 0x3a..=0x3d => 2 + usize::from(u16::from_be_bytes([body[0], body[1]])),
        0x40 | 0x50 | 0x62 | 0x70 | 0x82 | 0xa2 => 0,
        first => panic!("a client may not send a packet that begins with {first:#x}"),
    };
    assert_ne!(body[identifier..identifier + 2], [0, 0], "MQTT-2.3.1-1");
}
