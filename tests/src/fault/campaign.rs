//! Runs sessions through faults, many at a time, and counts how they came out.

use super::{
    Extent, Fault, Manner,
    observer::Observer,
    proxy::{Proxy, first},
    stage::{Place, Stage},
    verdict::{Account, Fail},
};
use crate::{LIMIT, broker::Broker, progress::Progress};
use anyhow::{Context, Result, ensure};
use std::{
    collections::BTreeMap,
    env,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

impl Place {
    /// Sessions at a time. They mostly wait, those that hang above all, but a virtual board takes a processor for that.
    fn at_a_time(self, library: Library) -> usize {
        match (self, library) {
            (Place::Unix, Library::Ours) => 6,
            (Place::Unix, Library::Reference) => 12,
            (Place::Esp8266, _) => 2,
        }
    }
}

/// Whose class is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// The one built into the interpreter.
    Ours,
    /// The Python one.
    Reference,
}

impl Library {
    /// The quality of service of each message that the session publishes. The Python library knows no QoS 2.
    pub fn qoses(self) -> &'static [u8] {
        match self {
            Library::Ours => &[0, 1, 2],
            Library::Reference => &[0, 1],
        }
    }

    /// For how long connect() is told to wait: short, where only waiting shows that something is wrong.
    fn timeout(self, fault: Fault, place: Place) -> &'static str {
        match self {
            Library::Ours if fault.is_silent() => match place {
                Place::Unix => "0.3",
                Place::Esp8266 => "1",
            },
            Library::Ours => "20",
            // It has no such thing.
            Library::Reference => "None",
        }
    }

    /// How long a session may take before it counts as hung.
    fn limit(self) -> Duration {
        match self {
            Library::Ours => LIMIT,
            Library::Reference => Duration::from_secs(10),
        }
    }
}

/// A session that did not come through.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which case.
    pub fault: Fault,
    /// What is wrong.
    pub fails: Vec<Fail>,
    /// What everybody saw.
    pub account: Account,
    /// What the broker's log says of it.
    pub log: Vec<String>,
}

/// How many sessions there were, and what was wrong.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Sessions by the kind of their fault.
    pub sessions: BTreeMap<&'static str, usize>,
    /// Those that failed.
    pub failures: Vec<Failure>,
}

impl Summary {
    /// All sessions.
    pub fn total(&self) -> usize {
        self.sessions.values().sum()
    }

    /// Sessions with a fault of this kind of which something was wrong: this, or anything.
    pub fn failed(&self, kind: &str, fail: Option<Fail>) -> usize {
        let matches =
            |failure: &&Failure| failure.fault.kind() == kind && fail.is_none_or(|fail| failure.fails.contains(&fail));
        self.failures.iter().filter(matches).count()
    }
}

/// The faults that `UMQTT_FAULTS` asks for: `all`, or those whose names begin with it. Without it, every `every`-th of those
/// that differ in their place only, and each of the others.
pub fn chosen(faults: Vec<Fault>, every: usize) -> Vec<Fault> {
    match env::var("UMQTT_FAULTS").as_deref() {
        Ok("all") => faults,
        Ok(beginning) => faults.into_iter().filter(|fault| fault.to_string().starts_with(beginning)).collect(),
        Err(_) => sample(faults, every),
    }
}

/// Every `every`-th of the faults that differ in their place only, and each of the others.
pub fn sample(faults: Vec<Fault>, every: usize) -> Vec<Fault> {
    let numbered = faults.into_iter().enumerate();
    numbered
        .filter(|(at, fault)| !matches!(fault, Fault::At { .. }) || at % every == 0)
        .map(|(_, fault)| fault)
        .collect()
}

/// A broker and an observer, and whose class is tried.
pub struct Campaign {
    broker: Broker,
    observer: Observer,
    library: Library,
    place: Place,
    sessions: AtomicUsize,
}

impl Campaign {
    /// Starts the broker.
    pub fn new(library: Library, place: Place) -> Result<Self> {
        let broker = Broker::start()?;
        let observer = Observer::start(&broker)?;
        Ok(Self { broker, observer, library, place, sessions: AtomicUsize::new(0) })
    }

    /// How much a sound session carries.
    pub fn extent(&self) -> Result<Extent> {
        let (_, account) = self.run(&mut Stage::new(self.library, self.place), Fault::Whole(Manner::Plain))?;
        let fails = account.judge(Fault::Whole(Manner::Plain), self.library.qoses());
        ensure!(fails.is_empty(), "a session without a fault fails: {fails:?} {account:#?}");
        Ok(account.records[0].passed)
    }

    /// Runs a session for each of these faults.
    pub fn run_all(&self, faults: &[Fault]) -> Result<Summary> {
        let next = AtomicUsize::new(0);
        let summary = Mutex::new(Summary::default());
        let progress = Progress::new();
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.place.at_a_time(self.library))
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        let mut stage = Stage::new(self.library, self.place);
                        loop {
                            let at = next.fetch_add(1, Ordering::Relaxed);
                            let Some(&fault) = faults.get(at) else { return Ok(()) };
                            progress.tell(|| format!("faults: {at} of {}", faults.len()));
                            let (name, account) = self.run(&mut stage, fault).with_context(|| {
                                // Nobody else needs to go on.
                                next.store(faults.len(), Ordering::Relaxed);
                                fault.to_string()
                            })?;
                            let fails = account.judge(fault, self.library.qoses());
                            let mut summary = summary.lock().expect("no worker panics with it");
                            *summary.sessions.entry(fault.kind()).or_default() += 1;
                            if !fails.is_empty() {
                                let log = self.broker.log_of(&name)?;
                                summary.failures.push(Failure { fault, fails, account, log });
                            }
                        }
                    })
                })
                .collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("no worker panics"))
        })?;
        Ok(summary.into_inner().expect("no worker panics with it"))
    }

    /// Asserts that a session comes through each of these faults.
    pub fn assert_all_come_through(&self, faults: &[Fault]) {
        let summary = self.run_all(faults).unwrap();
        for failure in &summary.failures {
            eprintln!("{}: {:?}", failure.fault, failure.fails);
        }
        if let Some(failure) = summary.failures.first() {
            eprintln!("{}: {:#?}\n{}", failure.fault, failure.account, failure.log.join("\n"));
        }
        let failed = summary.failures.len();
        println!("faults: {} sessions, {failed} failed: {:?}", summary.total(), summary.sessions);
        assert_eq!(failed, 0);
    }

    /// Runs one session; its name, and what everybody saw.
    fn run(&self, stage: &mut Stage, fault: Fault) -> Result<(String, Account)> {
        let name = format!("s{:06}", self.sessions.fetch_add(1, Ordering::Relaxed));
        let proxy = Proxy::start_in(stage.wifi(), self.broker.address(), first(fault))?;
        let settings = format!(
            "name, host, port, timeout, qoses = '{name}', '{}', {}, {}, {:?}\n",
            proxy.address().ip(),
            proxy.address().port(),
            self.library.timeout(fault, self.place),
            self.library.qoses()
        );
        let script = settings + include_str!("session.py");
        let (ending, printed) = stage.play(&script, self.library.limit())?;
        let records = proxy.end();
        let published = self.observer.settle(&self.broker, &name)?;
        let mut account = Account { ending, printed, records, published, takeovers: 0 };
        if fault.may_be_taken_over() && account.judge(fault, self.library.qoses()).contains(&Fail::Will) {
            let log = self.broker.log_of(&name)?;
            account.takeovers = log.iter().filter(|line| line.contains("already connected")).count();
        }
        Ok((name, account))
    }
}
