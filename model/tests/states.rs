//! Every state of an exchange, every packet once and twice, under its own identifier and another one, on the same
//! connection and after every kind of reconnect, with somebody who waits and with nobody: what is answered, what is
//! sent again, and how the call ends.
//!
//! What is expected is written down here once more, from the specification and not from the engine's table.

use umqtt::Error;
use umqtt::operation::{Action, Event, Operation, Outcome};
use umqtt::session::Session;
use umqtt::wire::{Connect, Publish, QoS, Slot, Strings, Subscribe, Unsubscribe};

const OWN: u16 = 7;
const OTHER: u16 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Puback,
    Pubrec,
    Pubcomp,
    Suback,
    Unsuback,
    Acknowledged,
    Refused,
    Lost,
}
use State::*;

const STATES: [State; 8] = [Puback, Pubrec, Pubcomp, Suback, Unsuback, Acknowledged, Refused, Lost];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reconnect {
    No,
    SessionPresent,
    SessionForgotten,
    Clean,
}

const RECONNECTS: [Reconnect; 4] =
    [Reconnect::No, Reconnect::SessionPresent, Reconnect::SessionForgotten, Reconnect::Clean];

/// First byte and, of SUBACK, the return code.
const PACKETS: [(u8, Option<u8>); 10] = [
    (0x40, None),
    (0x50, None),
    (0x62, None),
    (0x70, None),
    (0x90, Some(0)),
    (0x90, Some(1)),
    (0x90, Some(2)),
    (0x90, Some(0x80)),
    (0xb0, None),
    (0xd0, None),
];

/// The state after a packet with the exchange's own identifier.
fn after(state: State, packet: (u8, Option<u8>)) -> State {
    match (state, packet) {
        (Puback, (0x40, _)) | (Pubcomp, (0x70, _)) | (Unsuback, (0xb0, _)) => Acknowledged,
        (Pubrec, (0x50, _)) => Pubcomp,
        (Suback, (0x90, Some(0x80))) => Refused,
        (Suback, (0x90, _)) => Acknowledged,
        _ => state,
    }
}

/// The state after a reconnect, of a session that was kept until then.
fn after_reconnect(state: State, reconnect: Reconnect) -> State {
    match (state, reconnect) {
        (_, Reconnect::No) | (Acknowledged | Refused, _) | (Puback | Pubrec | Pubcomp, Reconnect::SessionPresent) => {
            state
        }
        _ => Lost,
    }
}

fn strings() -> Strings<'static> {
    let mut strings = Strings::default();
    strings.0[Slot::Topic as usize] = Some(b"t");
    strings.0[Slot::Message as usize] = Some(b"m");
    strings.0[Slot::ClientId as usize] = Some(b"c");
    strings
}

fn bytes(operation: &Operation) -> Vec<u8> {
    let mut scratch = [0; 64];
    operation.chunk(0, &strings(), &mut scratch).0.to_vec()
}

/// Runs an operation that finds these bytes to read. Gives what it sends and how it ends, or that it waits.
fn run(operation: &mut Operation, session: &mut Session, first: Event<'_>, mut input: &[u8]) -> (Vec<u8>, Action) {
    let mut sent = vec![];
    let mut action = operation.step(session, 0, first);
    loop {
        action = match action {
            Action::Send => {
                sent.extend(bytes(operation));
                operation.step(session, 0, Event::Sent)
            }
            Action::Read { want, .. } if !input.is_empty() => {
                let (now, later) = input.split_at(input.len().min(want.len as usize));
                input = later;
                operation.step(session, 0, Event::Received { count: now.len() as u32, bytes: now })
            }
            end => return (sent, end),
        };
    }
}

fn waiting() -> Operation {
    let mut operation = Operation::default();
    operation.wait(false);
    operation
}

fn wait(session: &mut Session, packet: &[u8]) -> Vec<u8> {
    let mut operation = waiting();
    let (sent, end) = run(&mut operation, session, Event::Start, packet);
    assert!(matches!(end, Action::Done(_)), "{end:?}");
    sent
}

fn connect(session: &mut Session, clean_session: bool, session_present: bool) {
    session.begin(clean_session);
    let connect = Connect { clean_session, keep_alive: 0, will: None };
    let mut operation = Operation::begun(session, |it, _| it.connect(connect, &strings())).unwrap();
    let (_, end) = run(&mut operation, session, Event::Start, &[0x20, 2, session_present.into(), 0]);
    assert_eq!(end, Action::Done(Outcome::Connected { session_present }));
}

fn packet((first, return_code): (u8, Option<u8>), identifier: u16) -> Vec<u8> {
    let [high, low] = identifier.to_be_bytes();
    match (first, return_code) {
        (0xd0, _) => vec![0xd0, 0],
        (first, Some(return_code)) => vec![first, 3, high, low, return_code],
        (first, None) => vec![first, 2, high, low],
    }
}

/// A call whose exchange is in that state, on a connection with a kept session.
fn exchange(state: State) -> (Session, Operation) {
    let mut session = Session::new();
    connect(&mut session, false, false);
    let publish = |qos| Publish { dup: false, qos, retain: false, identifier: OWN };
    let mut operation = match state {
        Puback | Acknowledged => {
            Operation::begun(&mut session, |it, session| it.publish(session, publish(QoS::AtLeastOnce), &strings()))
        }
        Pubrec | Pubcomp => {
            Operation::begun(&mut session, |it, session| it.publish(session, publish(QoS::ExactlyOnce), &strings()))
        }
        Suback | Refused | Lost => {
            let subscribe = Subscribe { identifier: OWN, qos: QoS::ExactlyOnce };
            Operation::begun(&mut session, |it, session| it.subscribe(session, subscribe, &strings()))
        }
        Unsuback => Operation::begun(&mut session, |it, session| {
            it.unsubscribe(session, Unsubscribe { identifier: OWN }, &strings())
        }),
    }
    .unwrap();
    let (_, action) = run(&mut operation, &mut session, Event::Start, &[]);
    assert_eq!(action, Action::Wait);
    match state {
        Pubcomp => drop(wait(&mut session, &packet((0x50, None), OWN))),
        Acknowledged => drop(wait(&mut session, &packet((0x40, None), OWN))),
        Refused => drop(wait(&mut session, &packet((0x90, Some(0x80)), OWN))),
        Lost => {
            connect(&mut session, false, true);
            assert!(session.take_interruption(), "whoever waits is told");
        }
        _ => {}
    }
    (session, operation)
}

fn reconnected(session: &mut Session, reconnect: Reconnect) -> Vec<u8> {
    match reconnect {
        Reconnect::No => return vec![],
        Reconnect::SessionPresent => connect(session, false, true),
        Reconnect::SessionForgotten => connect(session, false, false),
        Reconnect::Clean => connect(session, true, false),
    }
    let mut sent = vec![];
    for index in 0.. {
        let Some(exchange) = session.exchanges.at(index) else { break };
        let mut operation = Operation::default();
        if operation.resend(exchange) {
            sent.extend(run(&mut operation, session, Event::Start, &[]).0);
        }
    }
    sent
}

fn resent(state: State, reconnect: Reconnect) -> &'static [u8] {
    match (state, reconnect) {
        (Puback, Reconnect::SessionPresent) => b"\x3a\x06\x00\x01t\x00\x07m",
        (Pubrec, Reconnect::SessionPresent) => b"\x3c\x06\x00\x01t\x00\x07m",
        (Pubcomp, Reconnect::SessionPresent) => b"\x62\x02\x00\x07",
        _ => b"",
    }
}

/// What a packet is answered with, whoever awaits it.
fn answer((first, _): (u8, Option<u8>), identifier: u16) -> Vec<u8> {
    match first {
        0x50 => packet((0x62, None), identifier),
        0x62 => packet((0x70, None), identifier),
        _ => vec![],
    }
}

/// Calls `check` with every case: a text that names it, the session and the operation in the state that is expected.
fn for_every_case(attended: bool, check: impl Fn(&str, &mut Session, &mut Operation, State)) -> usize {
    let mut cases = 0;
    for state in STATES {
        for arriving in PACKETS {
            for identifier in [OWN, OTHER] {
                for times in 0..=2 {
                    for reconnect in RECONNECTS {
                        for times_after in 0..=2 {
                            let case = format!(
                                "{state:?}, {times} x {arriving:x?} for {identifier}, {reconnect:?}, {times_after} x"
                            );
                            let (mut session, mut operation) = exchange(state);
                            if !attended {
                                operation.abandon(&mut session);
                            }
                            let gone = !attended && !matches!(state, Puback | Pubrec | Pubcomp);
                            let mut expected = state;
                            let take = |session: &mut Session, expected: &mut State| {
                                let sent = wait(session, &packet(arriving, identifier));
                                assert_eq!(sent, answer(arriving, identifier), "{case}");
                                if identifier == OWN {
                                    *expected = after(*expected, arriving);
                                }
                            };
                            for _ in 0..times {
                                take(&mut session, &mut expected);
                            }
                            let sent = reconnected(&mut session, reconnect);
                            let expected_sent = if gone { b"" } else { resent(expected, reconnect) };
                            assert_eq!(sent, expected_sent, "{case}");
                            session.take_interruption();
                            expected = after_reconnect(expected, reconnect);
                            if !attended && expected == Acknowledged && reconnect == Reconnect::Clean {
                                expected = Lost;
                            }
                            for _ in 0..times_after {
                                take(&mut session, &mut expected);
                            }
                            check(&case, &mut session, &mut operation, if gone { Lost } else { expected });
                            cases += 1;
                        }
                    }
                }
            }
        }
    }
    cases
}

#[test]
fn whoever_waits_gets_what_the_table_says() {
    let cases = for_every_case(true, |case, session, operation, state| {
        let (sent, end) = run(operation, session, Event::Waited, &[]);
        let expected = match state {
            Acknowledged => Action::Done(Outcome::Nothing),
            Refused => Action::Fail(Error::SubscribeRefused),
            Lost => Action::Fail(Error::NotConnected),
            _ => Action::Wait,
        };
        assert_eq!((sent.len(), end), (0, expected), "{case}");
        let stays = end == Action::Wait;
        assert_eq!(session.exchanges.find(OWN).is_some(), stays, "{case}: its identifier is free when it has ended");
    });
    assert_eq!(cases, 8 * 10 * 2 * 3 * 4 * 3);
}

#[test]
fn with_nobody_waiting_what_was_acknowledged_can_be_claimed_and_all_else_that_is_over_is_forgotten() {
    for_every_case(false, |case, session, _, state| {
        let stays = matches!(state, Puback | Pubrec | Pubcomp | Acknowledged);
        assert_eq!(session.exchanges.find(OWN).is_some(), stays, "{case}");
        let resumed = |session: &mut Session, qos| {
            let publish = Publish { dup: false, qos, retain: false, identifier: OWN };
            Operation::default().resume(session, publish)
        };
        let (at_least, exactly) = (resumed(session, QoS::AtLeastOnce), resumed(session, QoS::ExactlyOnce));
        match state {
            Acknowledged => assert!(at_least != exactly, "{case}: as it was published"),
            _ => assert_eq!((at_least, exactly), (state == Puback, matches!(state, Pubrec | Pubcomp)), "{case}"),
        }
    });
}

/// A message that is arriving, in the two states that a receiver knows: not yet delivered, and delivered but not
/// released. In each: again, its release, and a reconnect that keeps the session or does not.
#[test]
fn a_message_that_arrives_is_new_until_delivered_and_after_its_release() {
    const MESSAGE: &[u8] = b"\x34\x06\x00\x01t\x00\x07m";
    /// How often it is delivered, when everything in `history` happens in turn.
    fn deliveries(history: &[&str]) -> usize {
        let mut session = Session::new();
        connect(&mut session, false, false);
        let mut delivered = 0;
        for &event in history {
            match event {
                "message" => {
                    let mut operation = waiting();
                    let (mut input, mut action) = (MESSAGE, operation.step(&mut session, 0, Event::Start));
                    loop {
                        let event = match action {
                            Action::Read { want, .. } => {
                                let (now, later) = input.split_at((want.len - want.offset) as usize);
                                input = later;
                                Event::Received { count: now.len() as u32, bytes: now }
                            }
                            Action::Deliver => {
                                delivered += 1;
                                Event::Delivered
                            }
                            Action::Send => {
                                assert_eq!(bytes(&operation), b"\x50\x02\x00\x07");
                                Event::Sent
                            }
                            end => break assert_eq!(end, Action::Done(Outcome::Packet(0x34))),
                        };
                        action = operation.step(&mut session, 0, event);
                    }
                }
                "release" => assert_eq!(wait(&mut session, b"\x62\x02\x00\x07"), b"\x70\x02\x00\x07"),
                "present" => connect(&mut session, false, true),
                "forgotten" => connect(&mut session, false, false),
                "clean" => connect(&mut session, true, false),
                _ => unreachable!(),
            }
        }
        delivered
    }
    let events = ["message", "release", "present", "forgotten", "clean"];
    for code in 0..5usize.pow(6) {
        let history: Vec<_> = (0..6).map(|place| events[code / 5usize.pow(place) % 5]).collect();
        let (mut open, mut kept, mut expected) = (false, true, 0);
        for event in &history {
            match *event {
                "message" if !open => (open, expected) = (true, expected + 1),
                "message" => {}
                // A connection that finds a session present is what it was before; without one both begin anew.
                "present" => (open, kept) = (open && kept, true),
                "clean" => (open, kept) = (false, false),
                "forgotten" => (open, kept) = (false, true),
                _ => open = false,
            }
        }
        assert_eq!(deliveries(&history), expected, "{history:?}");
    }
}
