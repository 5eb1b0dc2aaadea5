//! A client that publishes and receives for as long as it is told to, over connections that break at random: what a
//! board does in its months on a wall, in minutes.

use crate::{
    broker::{Broker, Options},
    fault::{
        Break, Direction, Fault, Manner,
        campaign::Library,
        proxy::Proxy,
        stage::{Place, Stage},
        verdict::{Ending, Fail},
    },
    progress::Progress,
};
use anyhow::{Context, Result, ensure};
use std::{env, fmt, str::FromStr, time::Duration};

/// A connection breaks after at most so many bytes of one of its directions: less than the shortest run has in either.
const BYTES_MAX: usize = 3_000;
/// Bytes of heap that may be in use at the end beyond what was in use at the first tick.
const GROWTH: i64 = 1024;
/// How long one call may take, in milliseconds: the time limit of connect(), and what a busy machine adds.
const CALL_MAX: i64 = 15_000;

/// For how long one goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// So many messages.
    Messages(u64),
    /// So many minutes.
    Minutes(u64),
}

/// How long a message may take on a machine that has other things to do, and all the rest beside them.
const PACE: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(60);

impl Extent {
    /// How long a run may take before it counts as hung.
    pub fn limit(self) -> Duration {
        PATIENCE
            + match self {
                Extent::Messages(count) => PACE * u32::try_from(count).unwrap_or(u32::MAX),
                Extent::Minutes(minutes) => Duration::from_secs(60 * minutes),
            }
    }
}

impl FromStr for Extent {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || format!("{text} is neither a number of messages nor one of minutes, as in 1000 and 30min");
        match text.strip_suffix("min") {
            Some(minutes) => minutes.parse().map(Extent::Minutes).with_context(wrong),
            None => text.parse().map(Extent::Messages).with_context(wrong),
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Messages(count) => write!(f, "{count} messages each way"),
            Extent::Minutes(minutes) => write!(f, "{minutes} minutes of messages each way"),
        }
    }
}

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

/// Publishes messages; with `breaks`, over connections that do.
pub fn run(library: Library, place: Place, extent: Extent, breaks: bool, limit: Duration) -> Result<Soaked> {
    let broker = Broker::with(Options { quiet: true, ..Options::default() })?;
    let mut stage = Stage::small(library, place);
    let fault = move |_| if breaks { random_fault(place) } else { Fault::Whole(Manner::Plain) };
    let proxy = Proxy::start_in(stage.wifi(), broker.address(), fault)?;
    let timeout = match (library, place) {
        (Library::Ours, Place::Unix) => "0.5",
        (Library::Ours, Place::Esp8266) => "1",
        (Library::Reference, _) => "None",
    };
    let (count, minutes) = match extent {
        Extent::Messages(count) => (count.to_string(), "None".to_owned()),
        Extent::Minutes(minutes) => ("1 << 29".to_owned(), minutes.to_string()),
    };
    let settings = format!(
        "name, host, port, timeout, count, minutes, qoses = 'soak', '{}', {}, {timeout}, {count}, {minutes}, {:?}\n",
        proxy.address().ip(),
        proxy.address().port(),
        library.qoses()
    );
    let (ending, printed) = stage.play_seen(&(settings + include_str!("soak.py")), limit, tell)?;
    let mut soaked = Soaked { story: format!("{ending:?}\n{}", printed.join("\n")), ..Soaked::default() };
    soaked.read(&printed).with_context(|| soaked.story.clone())?;
    soaked.judge(&ending, &printed);
    Ok(soaked)
}

/// The run that `UMQTT_SOAK` asks for (`1000`, `30min`), else this one.
pub fn chosen(usual: Extent) -> Extent {
    env::var("UMQTT_SOAK").map_or(usual, |text| text.parse().unwrap_or_else(|error| panic!("UMQTT_SOAK: {error}")))
}

/// Asserts that our class comes through a run over connections that break.
pub fn assert_well_soaked(place: Place, extent: Extent) {
    let soaked = run(Library::Ours, place, extent, true, extent.limit()).unwrap();
    println!("soak: {soaked}");
    assert!(soaked.connections > 1, "no connection broke");
    assert!(soaked.fails.is_empty(), "{:?}\n{}", soaked.fails, soaked.story);
}

static PROGRESS: Progress = Progress::new();

/// Shows how far it is.
fn tell(line: &str) {
    if let Some((messages, heap)) = line.strip_prefix("tick ").and_then(|figures| figures.split_once(' ')) {
        PROGRESS.tell(|| format!("soak: {messages} messages, {heap} bytes of heap"));
    }
}

/// Any break that ends a connection, at a place that is drawn.
fn random_fault(place: Place) -> Fault {
    let breaks = [Break::Cut, Break::Reset, Break::HalfClose, Break::Stall, Break::Blackhole, Break::WifiLoss];
    let possible = if place == Place::Esp8266 { breaks.len() } else { breaks.len() - 1 };
    let what = breaks[fastrand::usize(..possible)];
    let direction = if fastrand::bool() { Direction::ToBroker } else { Direction::ToClient };
    Fault::At { what, direction, offset: fastrand::usize(..BYTES_MAX) }
}

impl fmt::Display for Soaked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Soaked { messages, connections, heap: (first, most), longest, .. } = self;
        write!(
            f,
            "{messages} messages, {connections} connections, heap {first} to {most} bytes, longest call {longest} ms"
        )
    }
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
            Ending::Crashed(_) => check(false, Fail::Crash),
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
