//! A board's REPL in raw mode, to which programs are sent instead of typed.
//!
//! MicroPython's protocol: a program is sent as the board makes room for it ("raw paste"), since a serial line forgets what
//! comes too fast, and is ended with Ctrl-D. The board answers with what the program prints, then its traceback if it has
//! one, each of the two ended with Ctrl-D. An empty program resets the interpreter.

use crate::{
    LIMIT,
    board::{Power, WIFI},
};
use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    fs::File,
    io::{Read, Write},
    time::{Duration, Instant},
};

const PROMPT: &[u8] = b">>> ";
const RAW_PROMPT: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";
const CTRL_A: &[u8] = b"\x01";
/// Asks for the board to say for how many bytes it has room, and then for so many more.
const PASTE: &[u8] = b"\x05A\x01";
const PASTE_GRANTED: &[u8] = b"R\x01";
const MORE: u8 = 1;
const CTRL_D: u8 = 4;
/// What a board says when it starts.
const BANNER: &[u8] = b"MicroPython v";

/// A board that waits for programs. Dropping it switches it off.
pub struct RawRepl {
    wire: File,
    unread: Vec<u8>,
    _power: Power,
}

/// How a program ended that was [watched](RawRepl::watch).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It came to its end.
    Well,
    /// With this traceback.
    Traceback(String),
    /// The board started anew meanwhile, or ended; this is what it said last.
    Restarted(String),
    /// It did not end within its limit, and still runs.
    Running,
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
        self.run_with_input(program, &[])
    }

    /// The same with something for the program to read, which is sent while the board begins with it.
    pub fn run_with_input(&mut self, program: &str, input: &[u8]) -> Result<String> {
        self.send(program)?;
        self.wire.write_all(input)?;
        let printed = text(self.read_until(&[CTRL_D])?);
        let traceback = text(self.read_until(&[CTRL_D])?);
        self.read_until(b">")?;
        if !traceback.is_empty() {
            bail!("the program failed:\n{printed}{traceback}");
        }
        Ok(printed)
    }

    /// Joins the virtual board's Wi-Fi, and waits until the board has its address.
    pub fn join_wifi(&mut self) -> Result<()> {
        self.run(&format!("{}\nwhile not wlan.isconnected(): pass", WIFI.join("\n"))).map(drop)
    }

    /// Runs a program for as long as `limit`, and gives each line that it prints to `see` as it comes. After any other end
    /// than [`End::Well`] and [`End::Traceback`] the board takes no more programs.
    pub fn watch(&mut self, program: &str, limit: Duration, mut see: impl FnMut(&str)) -> Result<End> {
        self.send(program)?;
        let deadline = Instant::now() + limit;
        loop {
            while let Some(at) = self.unread.iter().position(|&byte| byte == b'\n' || byte == CTRL_D) {
                let rest = self.unread.split_off(at + 1);
                let line = text(std::mem::replace(&mut self.unread, rest));
                let Some(line) = line.strip_suffix('\n') else {
                    let traceback = text(self.read_until(&[CTRL_D])?);
                    self.read_until(b">")?;
                    return Ok(if traceback.is_empty() { End::Well } else { End::Traceback(traceback) });
                };
                if line.as_bytes().starts_with(BANNER) {
                    return Ok(End::Restarted(line.to_owned()));
                }
                see(line);
            }
            match self.read_more(deadline) {
                Ok(true) => {}
                Ok(false) => return Ok(End::Running),
                Err(error) => return Ok(End::Restarted(format!("{error:#}"))),
            }
        }
    }

    fn send(&mut self, program: &str) -> Result<()> {
        self.wire.write_all(PASTE)?;
        self.read_until(PASTE_GRANTED)?;
        let window = usize::from(self.read_byte()?) | usize::from(self.read_byte()?) << 8;
        // It says at once that there is room for a second one, but the ESP8266's buffer holds one byte less than two.
        self.read_byte()?;
        for piece in program.as_bytes().chunks(window.max(1)) {
            self.wire.write_all(piece)?;
            // It may know before the end that it cannot compile the program, and says why below.
            if piece.len() == window && self.read_byte()? != MORE {
                return Ok(self.wire.write_all(&[CTRL_D])?);
            }
        }
        self.wire.write_all(&[CTRL_D])?;
        self.read_until(&[CTRL_D]).map(drop).with_context(|| format!("the board does not take the program {program}"))
    }

    fn read_byte(&mut self) -> Result<u8> {
        let deadline = Instant::now() + LIMIT;
        while self.unread.is_empty() {
            if !self.read_more(deadline)? {
                bail!("waited for the board to say that it has room, but {LIMIT:?} passed");
            }
        }
        Ok(self.unread.remove(0))
    }

    /// How many bytes a sender in raw paste mode may have under way, as the board says: two windows.
    pub fn under_way(&mut self) -> Result<usize> {
        self.wire.write_all(PASTE)?;
        self.read_until(PASTE_GRANTED)?;
        let window = usize::from(self.read_byte()?) | usize::from(self.read_byte()?) << 8;
        self.read_byte()?;
        // The program is empty. The board acknowledges its end, and has nothing to print and no traceback.
        self.wire.write_all(&[CTRL_D])?;
        self.read_until(&[CTRL_D; 3])?;
        self.read_until(b">")?;
        Ok(2 * window)
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
            if !self.read_more(deadline).with_context(|| format!("waited for {}", end.escape_ascii()))? {
                let (awaited, seen) = (end.escape_ascii(), self.unread.escape_ascii());
                bail!("waited for {awaited}, but {LIMIT:?} passed; the board said: {seen}");
            }
        }
    }

    /// Takes what comes next; false when nothing has come before the deadline.
    fn read_more(&mut self, deadline: Instant) -> Result<bool> {
        loop {
            let left = Timespec::try_from(deadline.saturating_duration_since(Instant::now()))?;
            match poll(&mut [PollFd::new(&self.wire, PollFlags::IN)], Some(&left)) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error).context("cannot wait for the board"),
            }
            let mut buffer = [0; 4096];
            match self.wire.read(&mut buffer) {
                Ok(count @ 1..) => self.unread.extend_from_slice(&buffer[..count]),
                _ => bail!("the board ended; it said: {}", self.unread.escape_ascii()),
            }
            return Ok(true);
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}
