//! A client that publishes and receives for as long as it is told to, over connections that break at random: what a
//! board does in its months on a wall, in minutes.

use crate::{
    broker::{Broker, Options},
    fault::{
        Break, Direction, Fault, Manner,
        campaign::Library,
        proxy::Proxy,
        verdict::{Ending, Fail},
    },
};
use anyhow::{Context, Result, ensure};
use std::time::Duration;

/// Of the interpreter, in bytes: a leak of a few bytes for each message would fill it soon.
const HEAP: &str = "heapsize=100k";
/// A connection breaks after at most so many bytes of one of its directions.
const BYTES_MAX: usize = 6_000;
/// Bytes of heap that may be in use at the end beyond what was in use at the first tick.
const GROWTH: i64 = 1024;
/// How long one call may take, in milliseconds: the time limit of connect(), and what a busy machine adds.
const CALL_MAX: i64 = 15_000;

/// What a run was.
#[derive(Clone, Debug, Default)]
pub struct Soaked {
    /// Messages published and acknowledged.
    pub messages: u64,
    /// Connections made.
    pub connections: i64,
    /// Bytes of heap in use after a collection: at the first tick, and the most at any later one.
    pub heap: (i64, i64),
    /// The longest call, in milliseconds.
    pub longest: i64,
    /// By quality of service: sent, received, never received, received again.
    pub by_qos: Vec<(u8, [i64; 4])>,
    /// What is wrong with it.
    pub fails: Vec<Fail>,
    /// The lines that it printed, and how it ended.
    pub story: String,
}

/// Publishes `count` messages; with `breaks`, over connections that do.
pub fn run(library: Library, count: u64, breaks: bool, limit: Duration) -> Result<Soaked> {
    let broker = Broker::with(Options { quiet: true, ..Options::default() })?;
    let proxy = Proxy::start_with(
        broker.address(),
        move |_| if breaks { random_fault() } else { Fault::Whole(Manner::Plain) },
    )?;
    let timeout = if library == Library::Ours { "0.5" } else { "None" };
    let settings = format!(
        "name, host, port, timeout, count, qoses = 'soak', '{}', {}, {timeout}, {count}, {:?}\n",
        proxy.address().ip(),
        proxy.address().port(),
        library.qoses()
    );
    let (ending, printed) = library.interpret(&["-X", HEAP], &(settings + include_str!("soak.py")), limit)?;
    let mut soaked = Soaked { story: format!("{ending:?}\n{}", printed.join("\n")), ..Soaked::default() };
    soaked.read(&printed).with_context(|| soaked.story.clone())?;
    soaked.judge(&ending, &printed);
    Ok(soaked)
}

/// Any break that ends a connection, at a place that is drawn.
fn random_fault() -> Fault {
    let breaks = [Break::Cut, Break::Reset, Break::HalfClose, Break::Stall, Break::Blackhole];
    let what = breaks[fastrand::usize(..breaks.len())];
    let direction = if fastrand::bool() { Direction::ToBroker } else { Direction::ToClient };
    Fault::At { what, direction, offset: fastrand::usize(..BYTES_MAX) }
}

impl Soaked {
    fn read(&mut self, printed: &[String]) -> Result<()> {
        for line in printed {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default();
            let numbers = words.map(str::parse).collect::<Result<Vec<i64>, _>>().unwrap_or_default();
            match (name, numbers.as_slice()) {
                ("tick", &[messages, heap]) => {
                    self.messages = messages.unsigned_abs();
                    if self.heap == (0, 0) {
                        self.heap = (heap, heap);
                    }
                    self.heap.1 = self.heap.1.max(heap);
                }
                ("connections", &[connections]) => self.connections = connections,
                ("longest", &[milliseconds]) => self.longest = milliseconds,
                ("qos", &[qos, sent, received, lost, twice]) => {
                    self.by_qos.push((u8::try_from(qos)?, [sent, received, lost, twice]));
                }
                ("identifier", _) => {}
                _ => ensure!(line == "done", "not a figure: {line}"),
            }
        }
        Ok(())
    }

    fn judge(&mut self, ending: &Ending, printed: &[String]) {
        let mut check = |holds: bool, fail| {
            if !holds && !self.fails.contains(&fail) {
                self.fails.push(fail);
            }
        };
        match ending {
            Ending::Well => {}
            Ending::Hung => check(false, Fail::Hang),
            Ending::Badly(status) if status.contains("signal") => check(false, Fail::Crash),
            Ending::Badly(_) => check(false, Fail::Exception),
        }
        check(printed.last().is_some_and(|line| line == "done") || *ending != Ending::Well, Fail::GaveUp);
        check(self.heap.1 <= self.heap.0 + GROWTH, Fail::Leak);
        check(self.longest <= CALL_MAX, Fail::Hang);
        for &(qos, [_, _, lost, twice]) in &self.by_qos {
            check(qos == 0 || lost == 0, Fail::Lost);
            check(qos < 2 || twice == 0, Fail::Twice);
        }
    }
}
