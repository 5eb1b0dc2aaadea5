//! A Python script in the interpreter, and a conversation with it by lines.
//!
//! A test that acts between the script's steps waits for the line by which the script tells where it is
//! ([`Script::expect`]) and lets it go on with a line of its own ([`Script::say`], read by `sys.stdin.readline()`).

use crate::{children, interpreter::Interpreter, lines::Lines};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::Write,
    net::Ipv4Addr,
    process::{Child, ChildStdin, Stdio},
};

/// A running script. Dropping it ends it.
pub struct Script {
    child: Child,
    input: ChildStdin,
    output: Lines,
    errors: Lines,
    /// Keeps the folder that the script runs in.
    _interpreter: Interpreter,
}

impl Script {
    /// Starts `source` in `interpreter`, which finds [`SERVER`](crate::SERVER) at `broker`.
    pub fn start(interpreter: Interpreter, broker: Ipv4Addr, source: &str) -> Result<Self> {
        let file = interpreter.folder().join("script.py");
        fs::write(&file, source).context("cannot write the script")?;
        let mut child = interpreter
            .command(broker)?
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the interpreter")?;
        let input = child.stdin.take().expect("it is piped");
        let output = Lines::new("the script", child.stdout.take().expect("it is piped"), |_| ());
        let errors = Lines::new("the script's errors", child.stderr.take().expect("it is piped"), |_| ());
        Ok(Self { child, input, output, errors, _interpreter: interpreter })
    }

    /// Skips lines up to the first that is `line`.
    pub fn expect(&self, line: &str) -> Result<()> {
        self.output.find(line, |seen| seen == line).map(drop).map_err(|error| self.with_errors(error))
    }

    /// The next line.
    pub fn next(&self) -> Result<String> {
        self.output.next().map_err(|error| self.with_errors(error))
    }

    /// Sends a line to the script's standard input.
    pub fn say(&mut self, line: &str) -> Result<()> {
        writeln!(self.input, "{line}").context("the script does not listen any more").map_err(|e| self.with_errors(e))
    }

    /// Waits for the script's end, which must be a good one, and returns all that it printed.
    pub fn finish(mut self) -> Result<Vec<String>> {
        self.output.end().map_err(|error| self.with_errors(error))?;
        let status = self.child.wait()?;
        self.errors.end()?;
        if !status.success() {
            let (output, errors) = (self.output.seen(), self.errors.seen());
            bail!("the script ended with {status}; its output:\n{output}\nits errors:\n{errors}");
        }
        Ok(self.output.seen().lines().map(str::to_owned).collect())
    }

    fn with_errors(&self, error: anyhow::Error) -> anyhow::Error {
        anyhow::anyhow!("{error:#}\nits errors:\n{}", self.errors.seen())
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        children::stop(&mut self.child);
    }
}
