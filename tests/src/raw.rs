//! A board's REPL in raw mode, to which programs are sent instead of typed.
//!
//! MicroPython's protocol: a program is sent as it is and ended with Ctrl-D. The board answers `OK`, then what the program
//! prints, then its traceback if it has one, each of the two ended with Ctrl-D. An empty program resets the interpreter.

use crate::{LIMIT, board::Power};
use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    fs::File,
    io::{Read, Write},
    time::Instant,
};

const PROMPT: &[u8] = b">>> ";
const RAW_PROMPT: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
const CTRL_A: &[u8] = b"\x01";
const CTRL_D: u8 = 4;

/// A board that waits for programs. Dropping it switches it off.
pub struct RawRepl {
    wire: File,
    unread: Vec<u8>,
    _power: Power,
}

impl RawRepl {
    /// Waits for the prompt of a board whose console is behind `wire`, and has it enter raw mode.
    pub fn enter(wire: File, power: Power) -> Result<Self> {
        let mut board = Self { wire, unread: Vec::new(), _power: power };
        board.read_until(PROMPT)?;
        board.wire.write_all(CTRL_A)?;
        board.read_until(RAW_PROMPT)?;
        Ok(board)
    }

    /// Runs a program and returns what it prints. A traceback is an error.
    pub fn run(&mut self, program: &str) -> Result<String> {
        self.wire.write_all(program.as_bytes())?;
        self.wire.write_all(&[CTRL_D])?;
        self.read_until(b"OK").with_context(|| format!("the board does not take the program {program}"))?;
        let printed = text(self.read_until(&[CTRL_D])?);
        let traceback = text(self.read_until(&[CTRL_D])?);
        self.read_until(b">")?;
        if !traceback.is_empty() {
            bail!("the program failed:\n{printed}{traceback}");
        }
        Ok(printed)
    }

    /// Resets the interpreter: what programs have left behind is gone, connections and all. The Wi-Fi stays.
    pub fn reset(&mut self) -> Result<()> {
        self.wire.write_all(&[CTRL_D])?;
        self.read_until(RAW_PROMPT).map(drop)
    }

    /// What comes before `end`, which is taken too.
    fn read_until(&mut self, end: &[u8]) -> Result<Vec<u8>> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.unread.windows(end.len()).position(|window| window == end) {
                let rest = self.unread.split_off(at + end.len());
                let mut before = std::mem::replace(&mut self.unread, rest);
                before.truncate(at);
                return Ok(before);
            }
            let (awaited, seen) = (end.escape_ascii(), self.unread.escape_ascii());
            let left = Timespec::try_from(deadline.saturating_duration_since(Instant::now()))?;
            match poll(&mut [PollFd::new(&self.wire, PollFlags::IN)], Some(&left)) {
                Ok(0) => bail!("waited for {awaited}, but {LIMIT:?} passed; the board said: {seen}"),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error).context("cannot wait for the board"),
            }
            let mut buffer = [0; 4096];
            match self.wire.read(&mut buffer) {
                Ok(count @ 1..) => self.unread.extend_from_slice(&buffer[..count]),
                _ => bail!("waited for {awaited}, but the board ended; it said: {seen}"),
            }
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}
