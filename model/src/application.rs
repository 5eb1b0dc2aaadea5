//! A program that uses the client, at random: its calls, its callback, and what it does about failures.
//!
//! Either it is a plain program, which tries a failed publish again at once or gives the message up, or it has the
//! methods of the stock `umqtt.robust`, which connect again and go on.

use crate::Rule;
use crate::broker::Label;
use crate::client::{Client, Failure, Outgoing};
use std::collections::BTreeMap;
use umqtt::Error;
use umqtt::operation::Outcome;
use umqtt::wire::QoS;

const TOPICS: [&str; 2] = ["a/one", "a/two"];
/// How deep calls nest in callbacks: less than the engine's table is long.
const DEPTH_MAX: u32 = 2;
/// How often a robust method tries: the real one has no limit, and a schedule always offers a connection before that.
const TRIES_MAX: u32 = 200;

/// A message that the broker had for this client.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Its topic.
    pub topic: &'static str,
    /// Its quality of service.
    pub qos: u8,
    /// The broker's session that it was given to.
    pub epoch: u32,
}

/// What the program is, what it is about to do, and what it has seen.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// How it connects.
    pub clean_session: bool,
    /// In seconds.
    pub keep_alive: u16,
    /// In milliseconds; 0 for none.
    pub time_limit: u32,
    /// Whether it has the methods of `umqtt.robust`.
    pub robust: bool,
    /// Whether its callback calls the client.
    pub nests: bool,
    /// Whether its callback raises exceptions.
    pub raises: bool,
    /// Whether it runs out of memory.
    pub runs_out_of_memory: bool,
    /// Whether the broker forgets the session now and then.
    pub forgotten: bool,
    /// Counts the calls that wait for an acknowledgement, up to the innermost callback.
    pub exchanges: u32,
    /// Messages that the broker had, by number.
    pub incoming: BTreeMap<u32, Incoming>,
    /// How often each went to the callback and the callback took it, in the order of the first time.
    pub taken: Vec<(u32, u32)>,
    pub(crate) depth: u32,
    pub(crate) next_number: u32,
}

impl Client {
    /// Runs a program of so many calls.
    pub fn run_program(&mut self, calls: u32) {
        let _ = self.reconnect();
        for _ in 0..calls {
            self.have_messages();
            let _ = self.call_something();
        }
    }

    /// Brings everything that is under way to its end, on a network without faults.
    pub fn settle(&mut self) {
        self.network.faults = Default::default();
        self.network.broker.forgets = false;
        self.heap = u32::MAX;
        (self.program.nests, self.program.raises) = (false, false);
        (self.program.runs_out_of_memory, self.program.forgotten) = (false, false);
        if self.reconnect().is_err() {
            return self.breach(Rule::Deadlock, "it cannot connect on a network without faults");
        }
        for _ in 0..2000 {
            if self.is_settled() && self.network.broker.is_settled() {
                // What lies in the pipes still.
                for _ in 0..20 {
                    self.network.now += 5;
                    let _ = self.wait_msg(false);
                }
                return;
            }
            self.network.now += 5;
            if let Err(failure) = self.wait_msg(false) {
                return self.breach(Rule::Deadlock, format!("{failure:?} on a network without faults"));
            }
        }
        self.breach(Rule::Deadlock, "what is in flight does not come to its end");
    }

    /// One call, chosen at random.
    fn call_something(&mut self) -> Result<(), Failure> {
        if !self.is_open() && !self.program.robust && self.network.random.once_in(2) {
            self.reconnect()?;
        }
        match self.network.random.below(16) {
            0..6 => self.publish_something(),
            6..8 => self.wait_overridden().map(|_| ()),
            8..11 => self.check_msg().map(|_| ()),
            11 => self.subscribe(),
            12 => self.unsubscribe(),
            13 => self.ping(),
            14 => {
                let longest = if self.program.keep_alive > 0 { u64::from(self.program.keep_alive) * 200 } else { 3000 };
                self.network.now += self.network.random.below(longest);
                self.check_msg().map(|_| ())
            }
            _ if self.network.random.once_in(3) => self.disconnect(),
            _ => self.reconnect().map(|_| ()),
        }
    }

    fn have_messages(&mut self) {
        if !self.network.broker.has_session() || !self.network.random.once_in(3) {
            return;
        }
        for _ in 0..self.network.random.below(4) {
            let number = self.program.incoming.len() as u32;
            let (topic, qos) = (self.network.random.one_of(&TOPICS), self.network.random.below(3) as u8);
            let size = self.network.random.one_of(&[16, 16, 60, 400]);
            let epoch = self.network.broker.epoch;
            self.network.broker.publish(topic.as_bytes(), qos, Label { number, stamp: number }.payload(size));
            self.program.incoming.insert(number, Incoming { topic, qos, epoch });
        }
    }

    fn publish_something(&mut self) -> Result<(), Failure> {
        let number = self.program.next_number;
        self.program.next_number += 1;
        let message = Outgoing {
            number,
            topic: self.network.random.one_of(&TOPICS),
            qos: QoS::from_number(self.network.random.below(3) as u8).unwrap_or(QoS::AtMostOnce),
            size: self.network.random.one_of(&[16, 16, 60, 300, 600]),
        };
        if !self.program.clean_session && self.network.random.once_in(4) {
            let pid = self.network.random.one_of(&[0, 1, 65_534, 65_535]);
            self.set_pid(pid);
        }
        let tries = match self.program.robust {
            true => TRIES_MAX,
            false => 1 + self.network.random.below(3) as u32,
        };
        let mut result = self.publish(message);
        for _ in 1..tries {
            if !matches!(result, Err(failure) if is_os_error(failure)) {
                return result;
            }
            if self.program.robust || !self.is_open() || self.network.random.once_in(2) {
                self.reconnect()?;
            }
            result = self.publish(message);
        }
        if self.program.robust && result.is_err() {
            self.breach(Rule::Deadlock, format!("a robust publish goes on without end: {result:?}"));
        }
        result
    }

    fn check_msg(&mut self) -> Result<Outcome, Failure> {
        let result = self.wait_msg(false);
        match result {
            Err(failure) if self.program.robust && is_os_error(failure) => {
                self.reconnect()?;
                self.wait_msg(false)
            }
            _ => result,
        }
    }

    /// `self.wait_msg()`, which the program may have overridden.
    pub fn wait_overridden(&mut self) -> Result<Outcome, Failure> {
        let mut result = self.wait_msg(true);
        for _ in 0..TRIES_MAX {
            match result {
                Err(failure) if self.program.robust && is_os_error(failure) => {
                    self.reconnect()?;
                    result = self.wait_msg(true);
                }
                _ => return result,
            }
        }
        self.breach(Rule::Deadlock, format!("a robust wait goes on without end: {result:?}"));
        result
    }

    /// Connects; a robust program tries until it is connected, a plain one a few times.
    fn reconnect(&mut self) -> Result<bool, Failure> {
        if self.program.forgotten && self.network.random.once_in(6) {
            self.network.broker.forgets = true;
        }
        let tries = if self.program.robust { TRIES_MAX } else { 5 };
        let mut result = self.connect();
        for _ in 1..tries {
            match result {
                Err(failure) if is_os_error(failure) => self.network.now += 100,
                _ => return result,
            }
            result = self.connect();
        }
        result
    }

    /// The callback.
    pub fn call_back(&mut self, topic: Vec<u8>, message: Vec<u8>) -> Result<(), Failure> {
        let Some(label) = Label::of(&message) else {
            self.breach(Rule::Delivery, format!("a message that nobody sent: {message:x?}"));
            return Ok(());
        };
        if topic == b"small" {
            return Ok(());
        }
        match self.program.incoming.get(&label.number) {
            Some(incoming) if incoming.topic.as_bytes() == topic => {}
            _ => self.breach(Rule::Delivery, format!("{label:?} to {topic:x?}")),
        }
        if self.program.raises && self.network.random.once_in(5) {
            return Err(Failure::Callback);
        }
        let taken = self.program.taken.iter_mut().find(|(number, _)| *number == label.number);
        match taken {
            Some((_, times)) => *times += 1,
            None => self.program.taken.push((label.number, 1)),
        }
        if !self.program.nests || self.program.depth >= DEPTH_MAX || self.network.random.once_in(2) {
            return Ok(());
        }
        let exchanges = std::mem::take(&mut self.program.exchanges);
        self.program.depth += 1;
        let result = self.call_something();
        self.program.depth -= 1;
        self.program.exchanges = exchanges;
        // A callback that looks after its own failures; what it has taken, it has taken.
        let _ = result;
        Ok(())
    }
}

/// Whether the class would raise `OSError`, which programs catch.
fn is_os_error(failure: Failure) -> bool {
    match failure {
        Failure::Socket => true,
        Failure::Callback => false,
        Failure::Engine(error) => matches!(
            error,
            Error::NotConnected
                | Error::PeerClosed
                | Error::Desynchronised
                | Error::TimedOut
                | Error::BrokerSilent
                | Error::TooManyInFlight
        ),
    }
}
