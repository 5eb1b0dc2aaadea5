//! Commands to QEMU, through its machine protocol (QMP): JSON, one object a line.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// How long QEMU may take to open its socket, or to answer.
const LIMIT: Duration = Duration::from_secs(30);
/// How often it is looked for until then.
const PAUSE: Duration = Duration::from_millis(5);

/// A connection.
pub struct Qmp {
    answers: BufReader<UnixStream>,
}

impl Qmp {
    /// Connects to the socket that QEMU opens when it starts.
    pub fn connect(socket: &Path) -> Result<Self> {
        let deadline = Instant::now() + LIMIT;
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(_) if Instant::now() < deadline => std::thread::sleep(PAUSE),
                Err(error) => return Err(error).context("QEMU takes no commands"),
            }
        };
        stream.set_read_timeout(Some(LIMIT))?;
        let mut qmp = Qmp { answers: BufReader::new(stream) };
        qmp.execute("qmp_capabilities")?;
        Ok(qmp)
    }

    /// Has QEMU carry out a command without arguments.
    pub fn execute(&mut self, command: &str) -> Result<()> {
        writeln!(self.answers.get_mut(), "{}", json!({ "execute": command }))?;
        loop {
            let mut line = String::new();
            if self.answers.read_line(&mut line).context("QEMU does not answer")? == 0 {
                bail!("QEMU has ended");
            }
            // Events come in between, and a greeting before all.
            let answer: Value = serde_json::from_str(&line).with_context(|| format!("QEMU has answered {line}"))?;
            if let Some(error) = answer.get("error") {
                bail!("QEMU refuses {command}: {error}");
            }
            if answer.get("return").is_some() {
                return Ok(());
            }
        }
    }
}
