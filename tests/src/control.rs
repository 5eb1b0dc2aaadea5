//! The control socket of the virtual ESP8266: `wifi down` and the like, while the board runs.

use crate::LIMIT;
use anyhow::{Context, Result, ensure};
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
};

/// A connection to the socket that `virtual-esp8266 --control` has made.
pub struct Control(BufReader<UnixStream>);

impl Control {
    /// Connects to a board that runs.
    pub fn connect(path: &Path) -> Result<Self> {
        let stream = UnixStream::connect(path).with_context(|| format!("no board listens at {}", path.display()))?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Gives a command; an error is what the board has against it.
    pub fn tell(&mut self, command: &str) -> Result<()> {
        writeln!(self.0.get_mut(), "{command}").context("the board does not listen any more")?;
        let mut answer = String::new();
        self.0.read_line(&mut answer).with_context(|| format!("no answer to {command}"))?;
        ensure!(answer.trim_end() == "ok", "{command}: {}", answer.trim_end());
        Ok(())
    }
}
