//! Runs sessions through faults, many at a time, and counts how they came out.

use super::{
    Break, Extent, Fault, Manner,
    observer::Observer,
    proxy::Proxy,
    verdict::{Account, Ending, Fail},
};
use crate::{broker::Broker, children, heap::REFERENCE, interpreter::Interpreter, lines::Lines, repository};
use anyhow::{Context, Result, ensure};
use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Sessions at a time. They mostly wait.
const AT_A_TIME: usize = 6;
/// Cases between two lines of progress.
const PROGRESS: usize = 500;

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
    fn timeout(self, fault: Fault) -> &'static str {
        match self {
            Library::Ours if fault.is_silent() => "0.3",
            Library::Ours => "20",
            // It has no such thing.
            Library::Reference => "None",
        }
    }

    /// How long a session may take before it counts as hung.
    fn limit(self) -> Duration {
        match self {
            Library::Ours => Duration::from_secs(60),
            Library::Reference => Duration::from_secs(3),
        }
    }

    fn interpreter(self) -> Result<Interpreter> {
        let mut interpreter = Interpreter::find()?;
        if self == Library::Reference {
            let path = repository().join(format!("build/reference/{REFERENCE}/umqtt/simple.py"));
            let source = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}; to fetch it: make reference", path.display()))?;
            interpreter.add_module("umqtt/simple.py", &source)?;
        }
        Ok(interpreter)
    }

    /// Runs a script to its end, or for as long as the limit: how it ended, and the lines that it printed.
    pub fn interpret(self, options: &[&str], script: &str, limit: Duration) -> Result<(Ending, Vec<String>)> {
        let interpreter = self.interpreter()?;
        let file = interpreter.folder().join("session.py");
        fs::write(&file, script).context("cannot write the session's script")?;
        let mut child = interpreter
            .command(Ipv4Addr::LOCALHOST)?
            .args(options)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the interpreter")?;
        let output = Lines::new("the session", child.stdout.take().expect("it is piped"), |_| ());
        let errors = Lines::new("the session's errors", child.stderr.take().expect("it is piped"), |_| ());
        let ended = output.ends_before(Instant::now() + limit);
        if !ended {
            children::stop(&mut child);
            output.end()?;
        }
        let status = child.wait()?;
        errors.end()?;
        let ending = match status.success() {
            _ if !ended => Ending::Hung,
            true => Ending::Well,
            false => Ending::Badly(format!("{status}\n{}", errors.seen())),
        };
        Ok((ending, output.seen().lines().map(str::to_owned).collect()))
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

/// A broker and an observer, and whose class is tried.
pub struct Campaign {
    broker: Broker,
    observer: Observer,
    library: Library,
    sessions: AtomicUsize,
}

impl Campaign {
    /// Starts the broker.
    pub fn new(library: Library) -> Result<Self> {
        let broker = Broker::start()?;
        let observer = Observer::start(&broker)?;
        Ok(Self { broker, observer, library, sessions: AtomicUsize::new(0) })
    }

    /// How much a sound session carries.
    pub fn extent(&self) -> Result<Extent> {
        let (_, account) = self.run(Fault::Whole(Manner::Plain))?;
        let fails = account.judge(Fault::Whole(Manner::Plain), self.library.qoses());
        ensure!(fails.is_empty(), "a session without a fault fails: {fails:?} {account:#?}");
        Ok(account.records[0].passed)
    }

    /// Runs a session for each of these faults.
    pub fn run_all(&self, faults: &[Fault]) -> Result<Summary> {
        let next = AtomicUsize::new(0);
        let summary = Mutex::new(Summary::default());
        thread::scope(|scope| {
            let workers: Vec<_> = (0..AT_A_TIME)
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        loop {
                            let at = next.fetch_add(1, Ordering::Relaxed);
                            let Some(&fault) = faults.get(at) else { return Ok(()) };
                            if at % PROGRESS == 0 && at > 0 {
                                eprintln!("faults: {at} of {}", faults.len());
                            }
                            let (name, account) = self.run(fault).with_context(|| fault.to_string())?;
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

    /// Runs one session; its name, and what everybody saw.
    fn run(&self, fault: Fault) -> Result<(String, Account)> {
        let name = format!("s{:06}", self.sessions.fetch_add(1, Ordering::Relaxed));
        let proxy = Proxy::start(self.broker.address(), fault)?;
        let (ending, printed) = self.interpret(&name, proxy.address(), fault)?;
        let records = proxy.end();
        let published = self.observer.settle(&self.broker, &name)?;
        let takeovers = match fault {
            Fault::At { what: Break::Reset, .. } => {
                let log = self.broker.log_of(&name)?;
                log.iter().filter(|line| line.contains("already connected")).count()
            }
            _ => 0,
        };
        Ok((name, Account { ending, printed, records, published, takeovers }))
    }

    fn interpret(&self, name: &str, address: SocketAddr, fault: Fault) -> Result<(Ending, Vec<String>)> {
        let settings = format!(
            "name, host, port, timeout, qoses = '{name}', '{}', {}, {}, {:?}\n",
            address.ip(),
            address.port(),
            self.library.timeout(fault),
            self.library.qoses()
        );
        self.library.interpret(&[], &(settings + include_str!("session.py")), self.library.limit())
    }
}
