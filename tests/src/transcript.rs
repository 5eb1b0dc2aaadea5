//! The transcripts inside a tutorial: what its reader types, and what comes back.
//!
//! The tutorials in `docs/` are the only place where they are written down. Two kinds of fenced blocks count:
//!
//! - `pycon`, a session at the board's REPL: `>>> ` and `... ` lines are typed, `=== ` lines are entered in paste mode,
//!   any other line is what the board prints. As with doctest, only a traceback's header and last line are
//!   compared, and space at the end of a line does not count. A line that calls `wait_msg()` is answered by the next
//!   `mosquitto_pub` command of the text. In a block marked `pycon wifi` a board joins its Wi-Fi; boards that have none
//!   leave it out.
//! - `console`, a Linux shell: `$ mosquitto_sub …` without output starts that subscriber; the same command with output
//!   tells what it shows since it was looked at last; `$ mosquitto_pub …` publishes. Other commands are for the reader
//!   only. The server that the commands name with `-h` gives way to the test's broker.

use crate::SERVER;
use anyhow::{Context, Result, bail, ensure};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use std::{fs, path::Path};

/// What a tutorial has its reader do, in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Transcript {
    /// The steps of the board and of its subscribers.
    pub scenes: Vec<Scene>,
    /// The publications, one for each line that waits for a message.
    pub publications: Vec<ShellCommand>,
}

/// One step.
#[derive(Debug, PartialEq, Eq)]
pub enum Scene {
    /// Something entered at the board's REPL.
    Enter(Exchange),
    /// A subscriber is started.
    Watch(ShellCommand),
    /// A subscriber is looked at, and must show these lines.
    Seen {
        /// The command that started it.
        command: ShellCommand,
        /// What it shows.
        expected: Vec<String>,
        /// The line of the tutorial.
        line: usize,
    },
}

/// One statement and its answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The lines to enter.
    pub input: Vec<String>,
    /// Whether they are entered in paste mode.
    pub pasted: bool,
    /// Whether it is for boards with Wi-Fi only.
    pub wifi: bool,
    /// What the board prints.
    pub expected: Vec<String>,
    /// The line of the tutorial.
    pub line: usize,
}

impl Exchange {
    fn new(wifi: bool, line: usize) -> Self {
        Self { input: Vec::new(), pasted: false, wifi, expected: Vec::new(), line }
    }

    /// Whether the statement waits for a message.
    pub fn waits(&self) -> bool {
        self.input.iter().any(|line| line.contains(".wait_msg()"))
    }
}

/// A `mosquitto_sub` or `mosquitto_pub` command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellCommand {
    /// As it is written.
    pub text: String,
    /// Its arguments, without the host.
    pub arguments: Vec<String>,
}

impl Transcript {
    /// Reads the tutorial at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Reads the tutorial `markdown`.
    pub fn parse(markdown: &str) -> Result<Self> {
        let mut transcript = Self { scenes: Vec::new(), publications: Vec::new() };
        let mut language = String::new();
        for (event, range) in Parser::new(markdown).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => language = info.to_string(),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => language.clear(),
                Event::End(pulldown_cmark::TagEnd::CodeBlock) => language.clear(),
                Event::Text(_) if matches!(language.as_str(), "pycon" | "pycon wifi" | "console") => {
                    let first = markdown[..range.start].matches('\n').count() + 1;
                    let lines = markdown[range].lines().map(str::trim_end).zip(first..);
                    match language.as_str() {
                        "console" => transcript.add_shell(lines)?,
                        session => transcript.add_session(session == "pycon wifi", lines)?,
                    }
                }
                _ => {}
            }
        }
        let waiting = transcript.exchanges().filter(|exchange| exchange.waits()).count();
        let published = transcript.publications.len();
        ensure!(waiting == published, "{waiting} lines wait for a message, but {published} are published");
        Ok(transcript)
    }

    /// What is entered at the board, in order.
    pub fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        self.scenes.iter().filter_map(|scene| match scene {
            Scene::Enter(exchange) => Some(exchange),
            _ => None,
        })
    }

    fn add_session<'a>(&mut self, wifi: bool, lines: impl Iterator<Item = (&'a str, usize)>) -> Result<()> {
        let mut current: Option<Exchange> = None;
        for (text, line) in lines {
            if let Some(input) = entered(text, ">>>") {
                self.scenes.extend(current.take().map(Scene::Enter));
                if !input.is_empty() {
                    current = Some(Exchange { input: vec![input], ..Exchange::new(wifi, line) });
                }
            } else if let (Some(exchange), Some(input)) = (&mut current, entered(text, "...")) {
                exchange.input.push(input);
            } else if let Some(input) = entered(text, "===") {
                let pasting = current.get_or_insert(Exchange { pasted: true, ..Exchange::new(wifi, line) });
                ensure!(pasting.pasted, "line {line}: paste mode begins at an empty prompt");
                pasting.input.push(input);
            } else if let Some(exchange) = &mut current {
                exchange.expected.push(text.to_owned());
            } else {
                ensure!(text.starts_with("paste mode"), "line {line}: output before any input: {text}");
            }
        }
        self.scenes.extend(current.map(Scene::Enter));
        Ok(())
    }

    fn add_shell<'a>(&mut self, lines: impl Iterator<Item = (&'a str, usize)>) -> Result<()> {
        let mut lines = lines.peekable();
        while let Some((text, line)) = lines.next() {
            let mut output = Vec::new();
            while let Some((printed, _)) = lines.next_if(|(text, _)| !text.starts_with("$ ")) {
                output.push(printed.to_owned());
            }
            let Some(command) = text.strip_prefix("$ ") else { continue };
            match command.split(' ').next() {
                Some("mosquitto_sub") => {
                    let command = ShellCommand::parse(command).with_context(|| format!("line {line}"))?;
                    self.scenes.push(match output.is_empty() {
                        true => Scene::Watch(command),
                        false => Scene::Seen { command, expected: output, line },
                    });
                }
                Some("mosquitto_pub") => {
                    ensure!(output.is_empty(), "line {line}: mosquitto_pub prints nothing");
                    self.publications.push(ShellCommand::parse(command).with_context(|| format!("line {line}"))?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl ShellCommand {
    fn parse(text: &str) -> Result<Self> {
        let mut arguments = shell_words::split(text)?;
        arguments.remove(0);
        let Some(host) = arguments.iter().position(|argument| argument == "-h") else {
            bail!("no -h in: {text}");
        };
        ensure!(arguments.get(host + 1).is_some_and(|name| name == SERVER), "the server is not {SERVER}: {text}");
        arguments.drain(host..host + 2);
        Ok(Self { text: text.to_owned(), arguments })
    }
}

/// The text behind `prompt`, when that is what the line begins with.
fn entered(line: &str, prompt: &str) -> Option<String> {
    match line.strip_prefix(prompt)? {
        "" => Some(String::new()),
        rest => rest.strip_prefix(' ').map(str::to_owned),
    }
}

/// The lines that are compared: without space at their ends, and without the inner frames of tracebacks.
pub fn comparable<L: AsRef<str>>(lines: &[L]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut in_traceback = false;
    for line in lines.iter().map(|line| line.as_ref().trim_end()) {
        in_traceback &= line.starts_with(' ');
        if !in_traceback {
            kept.push(line.to_owned());
        }
        in_traceback |= line == "Traceback (most recent call last):";
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchanges(markdown: &str) -> Vec<(Vec<String>, Vec<String>)> {
        let transcript = Transcript::parse(markdown).unwrap();
        transcript.exchanges().map(|exchange| (exchange.input.clone(), exchange.expected.clone())).collect()
    }

    fn strings(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| line.to_string()).collect()
    }

    #[test]
    fn output_belongs_to_the_statement_before_it() {
        let found = exchanges("```pycon\n>>> q.connect()\n0\n>>> q.ping()\n>>> \n```\n");
        assert_eq!(found, [(strings(&["q.connect()"]), strings(&["0"])), (strings(&["q.ping()"]), vec![])]);
    }

    #[test]
    fn continuation_lines_keep_their_indentation() {
        let found = exchanges("```pycon\n>>> def f():\n...     pass\n...\n```\n");
        assert_eq!(found, [(strings(&["def f():", "    pass", ""]), vec![])]);
    }

    #[test]
    fn paste_mode_is_one_statement() {
        let transcript =
            Transcript::parse("```pycon\n>>>\npaste mode; Ctrl-C\n=== print('é')\n=== print(1)\né\n1\n```").unwrap();
        let [Scene::Enter(exchange)] = transcript.scenes.as_slice() else { panic!("{transcript:?}") };
        assert!(exchange.pasted);
        assert_eq!(exchange.input, ["print('é')", "print(1)"]);
        assert_eq!(exchange.expected, ["é", "1"]);
        assert_eq!(exchange.line, 4);
    }

    #[test]
    fn what_is_for_boards_with_wifi_is_marked() {
        let transcript = Transcript::parse("```pycon wifi\n>>> a()\n```\n\n```pycon\n>>> b()\n```\n").unwrap();
        assert_eq!(transcript.exchanges().map(|exchange| exchange.wifi).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn a_subscriber_is_started_and_looked_at_later() {
        let command = "$ mosquitto_sub -h test.mosquitto.org -t \"domeu/#\" -v";
        let transcript =
            Transcript::parse(&format!("```console\n{command}\n```\n\n```console\n{command}\ndomeu/test 1\n```\n"))
                .unwrap();
        let [Scene::Watch(started), Scene::Seen { command, expected, line }] = transcript.scenes.as_slice() else {
            panic!("{transcript:?}")
        };
        assert_eq!(started, command);
        assert_eq!(command.arguments, ["-t", "domeu/#", "-v"]);
        assert_eq!((expected.as_slice(), *line), (["domeu/test 1".to_owned()].as_slice(), 6));
    }

    #[test]
    fn every_wait_has_its_publication() {
        let wait = "```pycon\n>>> q.wait_msg()\n```\n";
        let publish = "```console\n$ mosquitto_pub -h test.mosquitto.org -t a -m b\n```\n";
        assert!(Transcript::parse(wait).is_err());
        assert_eq!(Transcript::parse(&format!("{wait}{publish}")).unwrap().publications.len(), 1);
    }

    #[test]
    fn other_commands_and_other_blocks_are_for_the_reader() {
        let transcript =
            Transcript::parse("```console\n$ make run\n```\n\n```python\n>>> 1\n```\n\n    >>> 2\n").unwrap();
        assert_eq!(transcript, Transcript { scenes: vec![], publications: vec![] });
    }

    #[test]
    fn frames_of_a_traceback_are_left_out() {
        let lines =
            ["Traceback (most recent call last):", "  File \"<stdin>\", line 1, in <module>", "TypeError: no", "  x "];
        assert_eq!(comparable(&lines), ["Traceback (most recent call last):", "TypeError: no", "  x"]);
    }
}
