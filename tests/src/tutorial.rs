//! Plays a tutorial: types its transcript at a board, runs its `mosquitto` commands, and compares.
//!
//! What does not match is collected and the play goes on, so that one report shows it all. Only when the board does not
//! come back to its prompt there is nothing to go on with; that is an error.

use crate::{
    board::Board,
    broker::Broker,
    mosquitto::{self, Subscriber},
    show::{Show, Voice},
    transcript::{Exchange, Scene, ShellCommand, Transcript, comparable},
};
use anyhow::{Context, Result};
use similar::TextDiff;
use std::{fmt, sync::Arc};

/// How a play went. The subscribers that it started still run; they end with the value.
pub struct Played {
    /// The lines that were compared and matched or should have.
    pub compared: usize,
    /// What did not match.
    pub differences: Vec<Difference>,
    subscribers: Vec<(ShellCommand, Subscriber)>,
}

/// An answer that is not the tutorial's.
pub struct Difference {
    line: usize,
    expected: String,
    seen: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diff = TextDiff::from_lines(&self.expected, &self.seen);
        let mut diff = diff.unified_diff();
        write!(formatter, "{}", diff.header(&format!("the tutorial, line {}", self.line), "seen"))
    }
}

/// Plays `transcript` at `board` against `broker`.
pub fn play(transcript: &Transcript, broker: &Broker, board: &mut Board, show: &Arc<Show>) -> Result<Played> {
    let mut played = Played { compared: 0, differences: Vec::new(), subscribers: Vec::new() };
    let mut publications = transcript.publications.iter();
    for scene in &transcript.scenes {
        match scene {
            Scene::Enter(exchange) if exchange.wifi && !board.needs_wifi() => {}
            Scene::Enter(exchange) => {
                let message = if exchange.waits() { publications.next() } else { None };
                let seen = enter(exchange, message, broker, board, show)
                    .with_context(|| format!("at line {} of the tutorial", exchange.line))?;
                played.compare(exchange.line, &exchange.expected, &seen);
            }
            Scene::Watch(command) => {
                show.line(Voice::Subscriber, &format!("$ {}", command.text));
                let subscriber = Subscriber::start(broker, &command.arguments, show)?;
                played.subscribers.push((command.clone(), subscriber));
            }
            Scene::Seen { command, expected, line } => {
                let (_, subscriber) =
                    played.subscribers.iter().find(|(started, _)| started == command).with_context(|| {
                        format!("line {line} of the tutorial: nothing has started {}", command.text)
                    })?;
                let seen = subscriber.since_last(broker, expected.len())?;
                played.compare(*line, expected, &seen);
            }
        }
    }
    Ok(played)
}

fn enter(
    exchange: &Exchange,
    message: Option<&ShellCommand>,
    broker: &Broker,
    board: &mut Board,
    show: &Show,
) -> Result<Vec<String>> {
    let repl = board.repl();
    if exchange.pasted {
        repl.paste(&exchange.input)?;
        return repl.answer();
    }
    let (last, first) = exchange.input.split_last().context("an empty statement")?;
    let mut seen = Vec::new();
    for line in first {
        seen.extend(repl.ask(line)?);
    }
    repl.type_line(last)?;
    if let Some(command) = message {
        mosquitto::play(broker, command, show)?;
    }
    seen.extend(repl.answer()?);
    Ok(seen)
}

impl Played {
    fn compare(&mut self, line: usize, expected: &[String], seen: &[String]) {
        let (expected, seen) = (comparable(expected), comparable(seen));
        self.compared += expected.len();
        if expected != seen {
            let text = |lines: Vec<String>| lines.into_iter().map(|line| line + "\n").collect();
            self.differences.push(Difference { line, expected: text(expected), seen: text(seen) });
        }
    }
}
