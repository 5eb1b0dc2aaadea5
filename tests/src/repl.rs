//! A REPL and somebody who types at it.
//!
//! [`Repl`] works on any console: the pseudo-terminal of the unix port, the serial port of a board. It types as a
//! person does: only at a prompt, one key after the other, each one seen on the screen before the next is pressed.
//! The REPL indents the lines of a compound statement by itself; as a person would, the typist uses that, and takes it
//! back with backspace where the text is indented less.
//!
//! MicroPython's prompt drops every key that is not ASCII, accents among them. Such lines go through its paste mode
//! ([`Repl::paste`]); typing one is an error here, not a silent loss.

use crate::{LIMIT, screen::Screen, show::Show};
use anyhow::{Context, Result, bail};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};
use std::{
    fs::File,
    io::{ErrorKind, Read, Write, stdin},
    os::fd::OwnedFd,
    process::{Child, Command},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const PRIMARY: &str = ">>> ";
const CONTINUATION: &str = "... ";
const PASTE: &str = "=== ";
/// One press of backspace takes this much of an indentation.
const INDENT: usize = 4;

const ENTER: &str = "\r";
const BACKSPACE: &str = "\x08";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_E: &str = "\x05";

/// A board's console with a MicroPython REPL on it.
pub struct Repl {
    wire: File,
    screen: Screen,
    show: Arc<Show>,
    /// The lines typed so far of a statement that is not complete.
    statement: Vec<String>,
    /// The first screen line that belongs to the current step: where an error begins to quote.
    quoted: usize,
    pace: Duration,
}

impl Repl {
    /// Takes over the console behind `wire`.
    pub fn new(wire: File, show: Arc<Show>) -> Self {
        let screen = Screen::default();
        Self { wire, screen, show, statement: Vec::new(), quoted: 0, pace: Duration::ZERO }
    }

    /// Starts `command` behind a pseudo-terminal and takes over its console.
    pub fn spawn(command: Command, show: Arc<Show>) -> Result<(Self, Child)> {
        let (console, child) = open_console(command)?;
        Ok((Self::new(console, show), child))
    }

    /// Everything that was on the screen so far.
    pub fn seen(&self) -> String {
        self.screen.since(0)
    }

    /// Lets `pace` pass between two keys, so that a person can follow. No test needs it.
    pub fn type_slowly(&mut self, pace: Duration) {
        self.pace = pace;
    }

    /// Waits for the first prompt.
    pub fn wait_for_prompt(&mut self) -> Result<()> {
        self.wait("the prompt", |screen| screen.row() == PRIMARY)
    }

    /// Types a line at the prompt and presses Enter. Its answer is still to come: see [`Repl::answer`].
    pub fn type_line(&mut self, line: &str) -> Result<()> {
        if let Some(lost) = line.chars().find(|character| !matches!(character, ' '..='~')) {
            bail!("MicroPython's prompt drops {lost:?}, so this line can only be pasted: {line}");
        }
        self.quoted = self.screen.lines().len();
        let (prompt, mut present) = match self.statement.is_empty() {
            true => (PRIMARY, 0),
            false => (CONTINUATION, indentation(&self.statement)),
        };
        let line = line.trim_end();
        let wanted = line.len() - line.trim_start().len();
        if present != wanted {
            while present > 0 {
                self.press(BACKSPACE)?;
                present -= INDENT;
                self.wait_for_row(prompt, &line[..0], present)?;
            }
        }
        for end in present + 1..=line.len() {
            self.press(&line[end - 1..end])?;
            self.wait_for_row(prompt, &line[..end], 0)?;
        }
        self.statement.push(line.to_owned());
        self.enter()
    }

    /// Waits for the next prompt and returns the lines that the board printed before it.
    /// The prompt may be the one that asks for more of a statement; then there are no lines.
    pub fn answer(&mut self) -> Result<Vec<String>> {
        let start = self.quoted + 1;
        let more = format!("{CONTINUATION}{}", " ".repeat(indentation(&self.statement)));
        self.wait("the next prompt", |screen| {
            let row = screen.row();
            row == PRIMARY || (row == more && screen.lines().len() == start)
        })?;
        if self.screen.row() == PRIMARY {
            self.statement.clear();
        }
        Ok(self.screen.lines()[start..].to_vec())
    }

    /// Waits until the statement that runs has printed `line`.
    pub fn wait_for_line(&mut self, line: &str) -> Result<()> {
        let start = self.quoted + 1;
        self.wait(line, |screen| screen.lines().iter().skip(start).any(|seen| seen == line))
    }

    /// Waits until `text` stands somewhere since the statement was typed: what does not come by the console's own way, as the
    /// virtual board's messages do, may stand behind what was typed.
    pub fn wait_for_text(&mut self, text: &str) -> Result<()> {
        let start = self.quoted;
        self.wait(text, |screen| screen.lines().iter().skip(start).any(|seen| seen.contains(text)))
    }

    /// Types a line and returns what it prints.
    pub fn ask(&mut self, line: &str) -> Result<Vec<String>> {
        self.type_line(line)?;
        self.answer()
    }

    /// Enters paste mode with Ctrl-E, types the lines and ends it with Ctrl-D. [`Repl::answer`] has what they print.
    pub fn paste<L: AsRef<str>>(&mut self, lines: &[L]) -> Result<()> {
        self.quoted = self.screen.lines().len();
        self.press(CTRL_E)?;
        self.wait_for_row(PASTE, "", 0)?;
        for (number, line) in lines.iter().map(AsRef::as_ref).enumerate() {
            if number > 0 {
                self.enter()?;
                self.wait_for_row(PASTE, "", 0)?;
            }
            for (start, character) in line.char_indices() {
                let end = start + character.len_utf8();
                self.press(&line[start..end])?;
                self.wait_for_row(PASTE, &line[..end], 0)?;
            }
        }
        self.quoted = self.screen.lines().len();
        self.press(CTRL_D)?;
        self.wait_for_new_line()
    }

    /// Types a line after which the board starts anew, of itself or by a reset, and waits for the prompt that it then
    /// gives. An empty line is for a board that resets without being told.
    pub fn reset(&mut self, line: &str) -> Result<()> {
        if line.is_empty() {
            self.quoted = self.screen.lines().len();
        } else {
            self.type_line(line)?;
        }
        let start = self.quoted;
        self.statement.clear();
        self.wait("the board's start", |screen| {
            screen.lines().iter().skip(start).any(|line| line.starts_with("MicroPython v")) && screen.row() == PRIMARY
        })
    }

    /// Presses Ctrl-C. What the board says to that is part of the [answer](Repl::answer) that is due.
    /// A statement can be interrupted when it has begun, which [`Repl::wait_for_line`] can tell.
    pub fn interrupt(&mut self) -> Result<()> {
        self.press(CTRL_C)
    }

    /// Presses Ctrl-D at a board's prompt, which resets its interpreter, and returns what it says until the next prompt.
    pub fn soft_reset(&mut self) -> Result<Vec<String>> {
        self.quoted = self.screen.lines().len();
        self.press(CTRL_D)?;
        self.wait_for_new_line()?;
        self.answer()
    }

    /// Presses Ctrl-D at the prompt and waits for the end of the session.
    pub fn leave(&mut self) -> Result<()> {
        self.leave_with(CTRL_D)
    }

    /// Presses `key` at the prompt and waits for the end of the session.
    pub fn leave_with(&mut self, key: &str) -> Result<()> {
        self.quoted = self.screen.lines().len();
        self.press(key)?;
        while self.wait_for_news("the end of the session", Instant::now() + LIMIT)? {}
        Ok(())
    }

    /// Connects the person's terminal to the console, until the board ends the session.
    pub fn hand_over(&mut self) -> Result<()> {
        let terminal = RawTerminal::new()?;
        self.show.hand_over();
        let mut keys = [0; 256];
        loop {
            let input = stdin();
            let mut sources = [PollFd::new(&input, PollFlags::IN), PollFd::new(&self.wire, PollFlags::IN)];
            match poll(&mut sources, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error).context("cannot wait for keys"),
            }
            let (typed, printed) = (!sources[0].revents().is_empty(), !sources[1].revents().is_empty());
            if printed && !self.read()? {
                break;
            }
            if typed {
                // Past the buffer of std's Stdin, which would hide keys from poll(2).
                match rustix::io::read(&input, &mut keys).context("cannot read the keyboard")? {
                    0 => break,
                    count => self.wire.write_all(&keys[..count]).context("the board's console is closed")?,
                }
            }
        }
        drop(terminal);
        self.show.finish();
        Ok(())
    }

    fn press(&mut self, key: &str) -> Result<()> {
        if !self.pace.is_zero() {
            thread::sleep(self.pace);
        }
        self.wire.write_all(key.as_bytes()).context("the board's console is closed")
    }

    fn enter(&mut self) -> Result<()> {
        self.quoted = self.screen.lines().len();
        self.press(ENTER)?;
        self.wait_for_new_line()
    }

    fn wait_for_new_line(&mut self) -> Result<()> {
        let before = self.quoted;
        self.wait("the end of the line", |screen| screen.lines().len() > before)
    }

    fn wait_for_row(&mut self, prompt: &str, typed: &str, spaces: usize) -> Result<()> {
        let row = format!("{prompt}{typed}{}", " ".repeat(spaces));
        self.wait(&format!("{row:?}"), |screen| screen.row() == row)
    }

    fn wait(&mut self, what: &str, seen: impl Fn(&Screen) -> bool) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        while !seen(&self.screen) {
            if !self.wait_for_news(what, deadline)? {
                bail!("waited for {what}, but the board ended; on the screen:\n{}", self.screen.since(self.quoted));
            }
        }
        Ok(())
    }

    /// Takes what the board sends next; false when the console is closed.
    fn wait_for_news(&mut self, what: &str, deadline: Instant) -> Result<bool> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut source = [PollFd::new(&self.wire, PollFlags::IN)];
            match poll(&mut source, Some(&Timespec::try_from(left)?)) {
                Ok(0) => {
                    let screen = self.screen.since(self.quoted);
                    bail!("waited for {what}, but {LIMIT:?} passed; on the screen:\n{screen}");
                }
                Ok(_) => return self.read(),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error).context("cannot wait for the board"),
            }
        }
    }

    /// Takes what has come; false when the console is closed.
    fn read(&mut self) -> Result<bool> {
        let mut buffer = [0; 4096];
        match self.wire.read(&mut buffer) {
            Ok(0) => Ok(false),
            Ok(count) => {
                self.show.board(&buffer[..count]);
                self.screen.feed(&buffer[..count]);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            // What a pseudo-terminal says when the last process behind it is gone.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(false),
            Err(error) => Err(error).context("cannot read the board's console"),
        }
    }
}

/// Starts `command` behind a pseudo-terminal and returns the other end of that.
pub fn open_console(command: Command) -> Result<(File, Child)> {
    let (pty, console) = pty_process::blocking::open().context("cannot open a pseudo-terminal")?;
    let child = pty_process::blocking::Command::from(command).spawn(console).context("cannot start the program")?;
    Ok((File::from(OwnedFd::from(pty)), child))
}

/// How far MicroPython's line editor indents the line after `statement`: as far as the line before,
/// one step more after a colon, not at all after two blank lines.
fn indentation(statement: &[String]) -> usize {
    let Some(last) = statement.last() else { return 0 };
    let blank = |line: &String| line.trim().is_empty();
    if statement.len() > 2 && statement.iter().rev().take(2).all(blank) {
        return 0;
    }
    let spaces = last.len() - last.trim_start().len();
    (spaces / INDENT + usize::from(last.ends_with(':'))) * INDENT
}

/// The person's terminal in raw mode; dropping it puts it back.
struct RawTerminal(Termios);

impl RawTerminal {
    fn new() -> Result<Self> {
        let before = tcgetattr(stdin()).context("the standard input is no terminal")?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).context("cannot set the terminal up")?;
        Ok(Self(before))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // A terminal that is gone needs no repair.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lines: &[&str]) -> usize {
        indentation(&lines.iter().map(|line| line.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn a_colon_indents_the_next_line() {
        assert_eq!(after(&["def f():"]), 4);
        assert_eq!(after(&["def f():", "    if x:"]), 8);
    }

    #[test]
    fn an_indentation_lasts_until_an_empty_line() {
        assert_eq!(after(&["def f():", "    g()"]), 4);
        assert_eq!(after(&["def f():", "    g()", ""]), 0);
    }
}
