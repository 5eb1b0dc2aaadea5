//! What a person watches while a tutorial is played: the board, the subscriber and the publisher, told apart.
//!
//! Each stream has its name before its lines, and its colour when the output takes colour. At a terminal the board's
//! characters appear as they come; a line of another stream goes above the line that the board is in the middle of,
//! which is then drawn again. Elsewhere the board's lines are written when they are finished, as a person sees
//! them, without the line editor's escape sequences.

use crate::screen::Screen;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use std::{
    io::{self, IsTerminal, Stdout, Write, stdout},
    sync::{Arc, Mutex},
};

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// The board's console.
    Board,
    /// A `mosquitto_sub`.
    Subscriber,
    /// A `mosquitto_pub`.
    Publisher,
    /// The program that runs them all.
    Note,
}

impl Voice {
    fn name(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Subscriber => "mosquitto_sub",
            Self::Publisher => "mosquitto_pub",
            Self::Note => "",
        }
    }

    fn style(self) -> Style {
        let colour = match self {
            Self::Board => AnsiColor::Green,
            Self::Subscriber => AnsiColor::Cyan,
            Self::Publisher => AnsiColor::Magenta,
            Self::Note => AnsiColor::Yellow,
        };
        colour.on_default()
    }
}

/// The stage on which everything is shown, or which shows nothing.
pub struct Show(Option<Mutex<Live>>);

struct Live {
    out: Stdout,
    terminal: bool,
    colour: bool,
    /// The board's console belongs to the person: no name before its lines.
    handed_over: bool,
    /// The bytes of the board's unfinished line.
    unfinished: Vec<u8>,
    screen: Screen,
    shown: usize,
}

impl Show {
    /// Shows nothing: for tests.
    pub fn silent() -> Arc<Self> {
        Arc::new(Self(None))
    }

    /// Shows on the standard output.
    pub fn live() -> Arc<Self> {
        let out = stdout();
        Arc::new(Self(Some(Mutex::new(Live {
            terminal: out.is_terminal(),
            colour: AutoStream::choice(&out) != ColorChoice::Never,
            out,
            handed_over: false,
            unfinished: Vec::new(),
            screen: Screen::default(),
            shown: 0,
        }))))
    }

    /// Shows what the board's console sent.
    pub fn board(&self, bytes: &[u8]) {
        self.with(|live| live.board(bytes));
    }

    /// Shows a line of another stream.
    pub fn line(&self, voice: Voice, line: &str) {
        self.with(|live| live.line(voice, line));
    }

    /// From now on the board's lines stand alone: the console is the person's.
    pub fn hand_over(&self) {
        self.with(|live| {
            live.line(Voice::Note, "")?;
            live.handed_over = true;
            live.redraw()
        });
    }

    /// Ends the line that the board is in the middle of.
    pub fn finish(&self) {
        self.with(|live| if live.unfinished.is_empty() { Ok(()) } else { live.board(b"\r\n") });
    }

    /// An output that is closed must not fail a test: what cannot be shown is left out.
    fn with(&self, action: impl FnOnce(&mut Live) -> io::Result<()>) {
        if let Some(live) = &self.0 {
            let mut live = live.lock().expect("nothing panics while showing");
            let _ = action(&mut live).and_then(|()| live.out.flush());
        }
    }
}

impl Live {
    fn board(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.terminal {
            self.screen.feed(bytes);
            while let Some(line) = self.screen.lines().get(self.shown).cloned() {
                self.shown += 1;
                self.name(Voice::Board)?;
                writeln!(self.out, "{}", line.trim_end())?;
            }
            return Ok(());
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.unfinished.is_empty() {
                self.name(Voice::Board)?;
            }
            self.out.write_all(part)?;
            self.unfinished.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.unfinished.clear();
            }
        }
        Ok(())
    }

    fn line(&mut self, voice: Voice, line: &str) -> io::Result<()> {
        let end = if self.terminal { "\r\n" } else { "\n" };
        if self.terminal && !self.unfinished.is_empty() {
            write!(self.out, "\r\x1b[K")?;
        }
        self.name(voice)?;
        write!(self.out, "{line}{end}")?;
        self.redraw()
    }

    fn redraw(&mut self) -> io::Result<()> {
        if self.terminal && !self.unfinished.is_empty() {
            write!(self.out, "\r\x1b[K")?;
            self.name(Voice::Board)?;
            self.out.write_all(&self.unfinished)?;
        }
        Ok(())
    }

    fn name(&mut self, voice: Voice) -> io::Result<()> {
        if voice == Voice::Note || (voice == Voice::Board && self.handed_over) {
            return Ok(());
        }
        let style = if self.colour { voice.style() } else { Style::new() };
        write!(self.out, "{style}{:>13} │{style:#} ", voice.name())
    }
}
