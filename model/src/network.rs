//! The connection between client and broker, and the clock.
//!
//! Bytes arrive late, in pieces, or not at all: every connection is given so many bytes to carry, and then it dies.
//! What was under way then arrives in part. The client notices by the end of the stream, by an error, or not at all.

use crate::broker::Broker;
use crate::random::Random;
use crate::{Breach, Rule};
use std::collections::VecDeque;

/// What a read comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// These bytes; none at the end of the stream.
    Bytes(Vec<u8>),
    /// The socket does not wait, and nothing is there.
    WouldBlock,
    /// The socket has waited.
    TimedOut,
    /// The socket raises an error.
    Broken,
}

/// How a connection that carries no more shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By the end of the stream.
    Closed,
    /// By an error.
    Reset,
    /// By nothing.
    Silence,
}

/// How the network treats what it carries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// How many bytes most connections carry, at most; 0 for all.
    pub life: u64,
    /// The longest delay in milliseconds.
    pub delay: u64,
    /// The longest gap between two bytes of the broker's, in milliseconds; 0 for packets that come at once.
    pub drip: u64,
    /// Whether connections may die unnoticed.
    pub silence: bool,
    /// Whether a connection may not come about.
    pub refusals: bool,
}

#[derive(Debug, Default)]
struct Pipe(VecDeque<(u64, Vec<u8>)>);

impl Pipe {
    fn push(&mut self, due: u64, bytes: Vec<u8>) {
        let due = self.0.back().map_or(due, |last| due.max(last.0));
        self.0.push_back((due, bytes));
    }

    fn due(&self) -> Option<u64> {
        self.0.front().map(|segment| segment.0)
    }

    fn take(&mut self, now: u64, most: usize) -> Vec<u8> {
        let mut taken = vec![];
        while let Some((due, bytes)) = self.0.front_mut() {
            if *due > now || taken.len() == most {
                break;
            }
            let count = bytes.len().min(most - taken.len());
            taken.extend(bytes.drain(..count));
            if bytes.is_empty() {
                self.0.pop_front();
            }
        }
        taken
    }
}

#[derive(Debug)]
struct Link {
    up: Pipe,
    down: Pipe,
    left: u64,
    end: Option<End>,
}

/// The network, with the broker at its other end.
#[derive(Debug)]
pub struct Network {
    /// The schedule's random numbers.
    pub random: Random,
    /// The broker.
    pub broker: Broker,
    /// How it treats what it carries.
    pub faults: Faults,
    /// Milliseconds since the schedule began.
    pub now: u64,
    /// What the client's clock showed then.
    pub clock_offset: u32,
    /// What went wrong.
    pub breaches: Vec<Breach>,
    /// Whether what happens is printed.
    pub traced: bool,
    link: Option<Link>,
}

impl Network {
    /// A network without a connection.
    pub fn new(random: Random, faults: Faults) -> Self {
        let (broker, breaches, traced) = (Broker::default(), vec![], false);
        Network { random, broker, faults, now: 0, clock_offset: 0, breaches, traced, link: None }
    }

    /// The client's clock.
    pub fn ticks(&self) -> u32 {
        self.clock_offset.wrapping_add(self.now as u32)
    }

    /// Prints what happens, when it is wanted.
    pub fn trace(&self, what: impl FnOnce() -> String) {
        if self.traced {
            println!("{:>9} ms  {}", self.now, what());
        }
    }

    /// Opens a connection. False when none comes about.
    pub fn open(&mut self) -> bool {
        self.close();
        self.now += self.random.below(50);
        if self.faults.refusals && self.random.once_in(6) {
            return false;
        }
        let left = match self.faults.life {
            0 => u64::MAX,
            // Now and then one that carries enough for whatever has to be sent again.
            life if self.random.once_in(4) => life + 20_000,
            life => self.random.below(life),
        };
        self.link = Some(Link { up: Pipe::default(), down: Pipe::default(), left, end: None });
        true
    }

    /// Closes the connection. What was sent before may still arrive.
    pub fn close(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        if self.faults.life == 0 || self.random.once_in(2) {
            let arrives = link.up.take(u64::MAX, usize::MAX);
            self.broker.receive(&arrives);
        }
        self.broker.disconnected();
    }

    /// Writes some of these bytes, at least one, and says how many; `None` on a connection that shows that it is dead.
    pub fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        self.pass();
        let link = self.link.as_mut()?;
        match link.end {
            Some(End::Reset) => return None,
            Some(End::Closed) if self.random.once_in(2) => return None,
            Some(_) => return Some(bytes.len()),
            None => {}
        }
        let count = match self.random.below(4) {
            0 => 1 + self.random.below(bytes.len() as u64) as usize,
            _ => bytes.len(),
        };
        let carried = link.left.min(count as u64) as usize;
        let due = self.now + self.random.below(self.faults.delay + 1);
        link.up.push(due, bytes[..carried].to_vec());
        self.trace(|| format!("client -> {}", bytes[..carried].escape_ascii()));
        self.use_up(carried as u64);
        Some(count)
    }

    /// Reads at most so many bytes. `limit` is how long it may wait, in milliseconds; 0 for as long as it likes.
    /// `acknowledged` says that somebody waits for what the broker owes.
    pub fn read(&mut self, most: usize, waits: bool, limit: u32, acknowledged: bool) -> Read {
        self.pass();
        let deadline = self.now + u64::from(limit);
        loop {
            self.serve();
            let Some(link) = &mut self.link else { return Read::Broken };
            let most = match self.random.below(4) {
                0 => 1 + self.random.below(most as u64) as usize,
                _ => most,
            };
            let bytes = link.down.take(self.now, most);
            if !bytes.is_empty() {
                return Read::Bytes(bytes);
            }
            let next = [link.up.due(), link.down.due()].into_iter().flatten().min();
            match (link.end, next) {
                (Some(End::Closed), None) => return Read::Bytes(vec![]),
                (Some(End::Reset), _) => return Read::Broken,
                _ if !waits => return Read::WouldBlock,
                (None, None) if acknowledged => {
                    let what = format!("the broker has answered everything, and somebody waits at {} ms", self.now);
                    link.end = Some(End::Closed);
                    self.trace(|| format!("{:?}: {what}", Rule::Deadlock));
                    self.breaches.push(Breach { rule: Rule::Deadlock, what });
                }
                (_, Some(next)) if limit == 0 || next <= deadline => self.now = next,
                _ if limit != 0 => {
                    self.now = deadline;
                    return Read::TimedOut;
                }
                // Nobody but the model can end this wait.
                (None, _) => {
                    link.down.push(self.now, self.broker.small_talk());
                }
                (Some(_), _) => {
                    self.now += 3_600_000;
                    link.end = Some(End::Closed);
                }
            }
        }
    }

    /// Lets the broker act on what has arrived, and send what it has.
    pub fn serve(&mut self) {
        let Some(link) = &mut self.link else { return };
        let arrived = link.up.take(self.now, usize::MAX);
        let mut output = self.broker.receive(&arrived);
        self.broker.send_queued(&mut output);
        self.send_down(output);
        if let Some(link) = &mut self.link
            && self.broker.has_closed()
            && link.end.is_none()
        {
            link.end = Some(End::Closed);
        }
    }

    fn send_down(&mut self, output: Vec<u8>) {
        let Some(link) = &mut self.link else { return };
        if output.is_empty() || link.end.is_some() {
            return;
        }
        let carried = link.left.min(output.len() as u64) as usize;
        self.trace(|| format!("                                broker -> {}", output[..carried].escape_ascii()));
        let Some(link) = &mut self.link else { return };
        let mut due = self.now + self.random.below(self.faults.delay + 1);
        if self.faults.drip == 0 {
            link.down.push(due, output[..carried].to_vec());
        } else {
            for &byte in &output[..carried] {
                link.down.push(due, vec![byte]);
                due += self.random.below(self.faults.drip + 1);
            }
        }
        self.use_up(carried as u64);
    }

    /// Time that a call of the socket takes.
    fn pass(&mut self) {
        self.now += u64::from(self.random.once_in(8));
    }

    fn use_up(&mut self, count: u64) {
        let Some(link) = &mut self.link else { return };
        link.left -= count;
        if link.left > 0 {
            return;
        }
        let ends = [End::Closed, End::Reset, End::Silence];
        let choices = if self.faults.silence { &ends[..] } else { &ends[..2] };
        link.end = Some(self.random.one_of(choices));
        for pipe in [&mut link.up, &mut link.down] {
            if self.random.once_in(2) {
                let left = self.random.below(pipe.0.len() as u64 + 1) as usize;
                pipe.0.truncate(left);
            }
        }
    }
}
