//! The output of a child process, line by line, with a limit on every wait.
//!
//! [`Lines`] reads a pipe to its end on a thread of its own, so that the child never blocks on a full pipe. It keeps
//! every line: one reader may consume them in order ([`Lines::next`], [`Lines::find`]) while others look for an event
//! anywhere ([`Lines::anywhere`]).

use crate::LIMIT;
use anyhow::{Result, bail};
use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Instant,
};

/// What a child process has printed so far, and what it still prints.
pub struct Lines {
    name: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<String>,
    consumed: usize,
    ended: bool,
}

impl Lines {
    /// Reads `pipe`, called `name` in errors. `echo` is given each line as it comes.
    pub fn new(
        name: impl Into<String>,
        pipe: impl Read + Send + 'static,
        mut echo: impl FnMut(&str) + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let writer = Arc::clone(&shared);
        thread::spawn(move || {
            for bytes in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned();
                echo(&line);
                writer.lock().lines.push(line);
                writer.news.notify_all();
            }
            writer.lock().ended = true;
            writer.news.notify_all();
        });
        Self { name: name.into(), shared }
    }

    /// Consumes the next line.
    pub fn next(&self) -> Result<String> {
        self.find("a line", |_| true)
    }

    /// Consumes lines up to and including the first that `wanted` accepts, and returns that one.
    pub fn find(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        self.wait(what, |state| {
            let at = state.consumed + state.lines[state.consumed..].iter().position(|line| wanted(line))?;
            state.consumed = at + 1;
            Some(state.lines[at].clone())
        })
    }

    /// Waits for a line that `wanted` accepts, consumed or not, and consumes nothing.
    pub fn anywhere(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        self.wait(what, |state| state.lines.iter().find(|line| wanted(line)).cloned())
    }

    /// Waits for the end of the output, which comes when the child process ends.
    pub fn end(&self) -> Result<()> {
        self.wait("its end", |state| state.ended.then_some(()))
    }

    /// Whether the output ends before `deadline`; waits until then.
    pub fn ends_before(&self, deadline: Instant) -> bool {
        let mut state = self.shared.lock();
        while !state.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.shared.news.wait_timeout(state, left).expect("no reader of lines panics").0;
        }
        true
    }

    /// Everything printed so far.
    pub fn seen(&self) -> String {
        self.shared.lock().lines.join("\n")
    }

    fn wait<T>(&self, what: &str, mut check: impl FnMut(&mut State) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + LIMIT;
        let mut state = self.shared.lock();
        loop {
            if let Some(found) = check(&mut state) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                let why = if state.ended { "it ended".to_owned() } else { format!("{LIMIT:?} passed") };
                bail!("{}: waited for {what}, but {why}; its output:\n{}", self.name, state.lines.join("\n"));
            }
            state = self.shared.news.wait_timeout(state, left).expect("no reader of lines panics").0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no reader of lines panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static str) -> Lines {
        Lines::new("text", text.as_bytes(), |_| ())
    }

    #[test]
    fn lines_are_consumed_in_order() {
        let lines = lines("one\r\ntwo\nthree");
        assert_eq!(lines.next().unwrap(), "one");
        assert_eq!(lines.find("th", |line| line.starts_with("th")).unwrap(), "three");
        lines.end().unwrap();
    }

    #[test]
    fn an_event_is_found_again_after_it_was_consumed() {
        let lines = lines("ready\n");
        assert_eq!(lines.next().unwrap(), "ready");
        assert_eq!(lines.anywhere("ready", |line| line == "ready").unwrap(), "ready");
    }

    #[test]
    fn a_wait_in_vain_tells_what_was_seen() {
        let error = lines("one\ntwo\n").find("three", |line| line == "three").unwrap_err().to_string();
        assert!(error.contains("waited for three") && error.contains("one\ntwo"), "{error}");
    }
}
