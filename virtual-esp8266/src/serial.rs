//! The board's serial port, on this terminal or on a pseudo-terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::fs::{Mode, OFlags};
use rustix::io::ioctl_fionread;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};

use crate::Event;

/// Ctrl-]
const OFF_KEY: u8 = 0x1d;
/// The speed of a serial port whose user has not set one.
const BAUD: u32 = 115_200;
/// What is late by less than this is caught up with. MicroPython's input buffer has 256 bytes and no flow control.
const BURST: Duration = Duration::from_millis(10);

/// A board that takes nothing for so long does not listen, and misses what is sent.
const DEAF: Duration = Duration::from_millis(200);

/// Gives the board its bytes no faster than a serial port does, with 10 bits for each.
pub struct Pace {
    /// When the line has carried everything so far.
    free: Instant,
}

impl Pace {
    /// A line that carries nothing yet.
    pub fn new() -> Self {
        Pace { free: Instant::now() }
    }

    /// How many bytes to send at once at this speed: what a millisecond carries.
    pub fn portion(baud: u32) -> usize {
        baud.div_ceil(10_000).clamp(1, 1024) as usize
    }

    /// Waits until the line has carried these bytes too.
    pub fn wait(&mut self, bytes: usize, baud: u32) {
        let now = Instant::now();
        self.free = self.free.max(now.checked_sub(BURST).unwrap_or(now)) + Self::carrying(bytes, baud);
        std::thread::sleep(self.free.saturating_duration_since(now));
    }

    fn carrying(bytes: usize, baud: u32) -> Duration {
        Duration::from_secs_f64(bytes as f64 * 10.0 / f64::from(baud.max(300)))
    }
}

/// Where the serial port comes out. Dropping it puts the terminal back as it was.
pub struct Port {
    terminal: Option<Termios>,
    /// The pseudo-terminal's two ends. The second is held so that it stays there while nobody has it open.
    pseudo: Option<(OwnedFd, OwnedFd)>,
}

impl Port {
    /// On standard input and output. A terminal is made raw, so that Ctrl-C reaches the board.
    pub fn this_terminal() -> Result<Self> {
        let stdin = rustix::stdio::stdin();
        if !isatty(stdin) {
            return Ok(Port { terminal: None, pseudo: None });
        }
        let before = tcgetattr(stdin)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin, OptionalActions::Now, &raw)?;
        Ok(Port { terminal: Some(before), pseudo: None })
    }

    /// On a new pseudo-terminal, whose name is printed.
    pub fn pseudo_terminal() -> Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).context("no pseudo-terminal to be had")?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
        let mut raw = tcgetattr(&slave)?;
        raw.make_raw();
        raw.set_speed(BAUD)?;
        tcsetattr(&slave, OptionalActions::Now, &raw)?;
        println!("{}", name.to_string_lossy());
        Ok(Port { terminal: None, pseudo: Some((master, slave)) })
    }

    /// Passes bytes on in both directions, until one side ends. What is returned ends when the board has said its last.
    pub fn connect(
        &self,
        to_board: ChildStdin,
        from_board: ChildStdout,
        events: Sender<Event>,
    ) -> Result<JoinHandle<()>> {
        let Some((master, _)) = &self.pseudo else {
            let off_key = self.terminal.as_ref().map(|_| OFF_KEY);
            std::thread::spawn(move || {
                send(std::io::stdin(), to_board, off_key, || BAUD);
                // Nobody listens any more when the board has ended.
                events.send(Event::Off).ok();
            });
            return Ok(std::thread::spawn(move || receive(from_board, std::io::stdout())));
        };
        let (input, output) = (File::from(master.try_clone()?), File::from(master.try_clone()?));
        let settings = master.try_clone()?;
        // Whoever opens a pseudo-terminal sets its speed as that of a serial port.
        let speed = move || tcgetattr(&settings).map_or(BAUD, |settings| settings.output_speed());
        std::thread::spawn(move || send(input, to_board, None, speed));
        Ok(std::thread::spawn(move || receive(from_board, output)))
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some(before) = &self.terminal {
            // There is nobody to tell when this fails.
            tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, before).ok();
        }
    }
}

/// What the board says.
fn receive(mut from_board: ChildStdout, mut output: impl Write) {
    let mut buffer = [0; 4096];
    while let Ok(size @ 1..) = from_board.read(&mut buffer) {
        if output.write_all(&buffer[..size]).and_then(|()| output.flush()).is_err() {
            return;
        }
    }
}

/// What the board is told, no faster than its serial port is. Ends with the input, or at the key.
fn send(mut input: impl Read, mut to_board: ChildStdin, off_key: Option<u8>, baud: impl Fn() -> u32) {
    let mut pace = Pace::new();
    let mut buffer = [0; 4096];
    while let Ok(size @ 1..) = input.read(&mut buffer) {
        let baud = baud();
        for typed in buffer[..size].chunks(Pace::portion(baud)) {
            if off_key.is_some_and(|key| typed.contains(&key)) || to_board.write_all(typed).is_err() {
                return;
            }
            pace.wait(typed.len(), baud);
            wait_until_taken(&to_board);
        }
    }
}

/// Waits until QEMU has taken what was sent. When the computer gives it no time, bytes would pile up and reach the board
/// all at once, with no time of its own between them.
fn wait_until_taken(to_board: &ChildStdin) {
    let start = Instant::now();
    while ioctl_fionread(to_board).is_ok_and(|waiting| waiting > 0) && start.elapsed() < DEAF {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_takes_ten_bits() {
        assert_eq!(Pace::carrying(11_520, 115_200), Duration::from_secs(1));
        assert_eq!(Pace::portion(115_200), 12);
        assert_eq!(Pace::portion(300), 1);
    }

    #[test]
    fn a_line_that_was_idle_owes_little() {
        let mut pace = Pace { free: Instant::now().checked_sub(Duration::from_secs(9)).unwrap() };
        pace.wait(1, 115_200);
        assert!(Instant::now().saturating_duration_since(pace.free) < Duration::from_secs(9));
    }
}
