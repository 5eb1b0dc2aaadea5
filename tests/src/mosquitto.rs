//! The people at the other end: `mosquitto_sub` and `mosquitto_pub`, as the tutorials run them.
//!
//! A [`Subscriber`] is ready when the broker has confirmed its subscription, so nothing that is published afterwards
//! can be missed. [`Subscriber::since_last`] is exact: it lets a message of its own follow all others and reads
//! up to that one, so a line too many is noticed as surely as a line too few.

use crate::{
    broker::Broker,
    children,
    lines::Lines,
    show::{Show, Voice},
    transcript::ShellCommand,
};
use anyhow::{Context, Result, bail};
use std::{
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

const MARK: &str = "umqtt-tests/mark";
static MARKS: AtomicU32 = AtomicU32::new(0);
static SUBSCRIBERS: AtomicU32 = AtomicU32::new(0);

/// A running `mosquitto_sub`.
pub struct Subscriber {
    child: Child,
    lines: Lines,
}

impl Subscriber {
    /// Runs `mosquitto_sub` with `arguments` (no host: it is the broker's) and waits for the subscription.
    pub fn start<A: AsRef<str>>(broker: &Broker, arguments: &[A], show: &Arc<Show>) -> Result<Self> {
        let name = format!("watcher-{}", SUBSCRIBERS.fetch_add(1, Ordering::Relaxed));
        let mut all = vec!["-i", name.as_str(), "-t", MARK];
        all.extend(arguments.iter().map(AsRef::as_ref));
        let show = Arc::clone(show);
        let (child, lines) = start("mosquitto_sub", broker, &all, move |line| {
            if !line.contains(MARK) {
                show.line(Voice::Subscriber, line);
            }
        })?;
        let subscriber = Self { child, lines };
        broker.wait_for_subscription(&name)?;
        Ok(subscriber)
    }

    /// The next message, as `mosquitto_sub` prints it.
    pub fn next(&self) -> Result<String> {
        self.lines.next()
    }

    /// The lines printed since the last call; waits until there are at least `expected` of them, within the limit.
    pub fn since_last(&self, broker: &Broker, expected: usize) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        while lines.len() < expected {
            match self.lines.next() {
                Ok(line) => lines.push(line),
                Err(_) => break,
            }
        }
        let mark = format!("{MARK}-{}", MARKS.fetch_add(1, Ordering::Relaxed));
        publish(broker, &["-t", MARK, "-m", &mark])?;
        loop {
            let line = self.lines.next()?;
            if line.ends_with(&mark) {
                return Ok(lines);
            }
            lines.push(line);
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        children::stop(&mut self.child);
    }
}

/// Runs `mosquitto_pub` with `arguments` (no host: it is the broker's) to its end.
pub fn publish<A: AsRef<str>>(broker: &Broker, arguments: &[A]) -> Result<()> {
    run("mosquitto_pub", broker, arguments).map(drop)
}

/// Runs a `mosquitto_sub` that ends by itself (`-E`, `-C count`) and returns what it printed.
pub fn subscribe_once<A: AsRef<str>>(broker: &Broker, arguments: &[A]) -> Result<Vec<String>> {
    run("mosquitto_sub", broker, arguments)
}

/// Runs `mosquitto_sub` until it prints `last`, and returns what it printed, `last` included.
pub fn subscribe_until<A: AsRef<str>>(broker: &Broker, arguments: &[A], last: &str) -> Result<Vec<String>> {
    let (mut child, lines) = start("mosquitto_sub", broker, arguments, |_| ())?;
    let found = lines.find(last, |line| line == last);
    children::stop(&mut child);
    found?;
    Ok(lines.seen().lines().map(str::to_owned).collect())
}

/// Runs a publication of the tutorial, and shows it.
pub fn play(broker: &Broker, command: &ShellCommand, show: &Show) -> Result<()> {
    show.line(Voice::Publisher, &format!("$ {}", command.text));
    publish(broker, &command.arguments)
}

fn run<A: AsRef<str>>(program: &str, broker: &Broker, arguments: &[A]) -> Result<Vec<String>> {
    let (mut child, lines) = start(program, broker, arguments, |_| ())?;
    if let Err(error) = lines.end() {
        children::stop(&mut child);
        return Err(error);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{program} ended with {status}; its output:\n{}", lines.seen());
    }
    Ok(lines.seen().lines().map(str::to_owned).collect())
}

fn start<A: AsRef<str>>(
    program: &str,
    broker: &Broker,
    arguments: &[A],
    echo: impl FnMut(&str) + Send + 'static,
) -> Result<(Child, Lines)> {
    let mut child = children::command(&children::find(program, "mosquitto-clients")?)
        .args(["-h", &broker.address().to_string()])
        .args(arguments.iter().map(AsRef::as_ref))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let lines = Lines::new(program, child.stdout.take().expect("it is piped"), echo);
    Ok((child, lines))
}
