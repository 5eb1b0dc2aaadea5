//! `umqtt-run`: the tutorial as a show, or just a REPL, with a broker of its own behind it.
//!
//! `make run` and `make repl` call it. Nothing has to be set up beside it and nothing stays behind: broker,
//! subscribers and board end with it.

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand, ValueEnum};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    env, fs,
    io::{IsTerminal, stdin, stdout},
    process::{ExitCode, exit},
    sync::Arc,
    thread,
    time::Duration,
};
use tempfile::TempDir;
use umqtt_tests::{
    SERVER,
    board::{Board, Memory, WIFI},
    broker::{Broker, PORT},
    heap::{self, Figures},
    reliability, repository,
    show::{Show, Voice},
    soak,
    transcript::Transcript,
    tutorial,
};

/// Between two keys when somebody watches: a quick typist.
const PACE: Duration = Duration::from_millis(2);

/// Try umqtt.simple at a MicroPython REPL, against an MQTT broker started for the occasion.
///
/// The broker (mosquitto) listens on a free loopback address; MicroPython finds it under the name
/// test.mosquitto.org, as if it were the public test server. Nothing leaves this machine.
#[derive(Parser)]
#[command(
    version,
    after_help = "Environment:\n  UMQTT_UNIX  the interpreter of --board unix [default: build/unix/micropython]\n  \
    NO_COLOR    no colours\n\nExamples:\n  umqtt-run tutorial --language fr\n  umqtt-run repl --board unix"
)]
struct Arguments {
    /// What runs MicroPython.
    #[arg(long, global = true, value_name = "BOARD", default_value = "esp8266")]
    board: Kind,
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Play the tutorial: type it at the REPL, show the board, the subscriber and the publisher, compare every line.
    ///
    /// At a terminal the REPL is yours afterwards, with the broker still running. Without a terminal the exit status is
    /// 0 when every line matched, else 1.
    Tutorial {
        /// The tutorial's language [default: that of your locale, or English]
        #[arg(short, long)]
        language: Option<Language>,
    },
    /// Open the REPL at once.
    Repl,
    /// Print what the class takes of the heap, beside the Python library.
    Heap,
    /// Write into docs/reliability.md what the class comes through, beside the Python library: some hours
    Reliability {
        /// Of the faults that differ in their place only, try every so many-th on the unix port
        #[arg(long, default_value_t = 1)]
        every: usize,
        /// How many messages are published and received in a row there, or for how long, as in 5min
        #[arg(long, default_value = "100000")]
        soak: soak::Extent,
        /// As --every, on the virtual ESP8266
        #[arg(long, default_value_t = 13)]
        board_every: usize,
        /// As --soak, on the virtual ESP8266
        #[arg(long, default_value = "10000")]
        board_soak: soak::Extent,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The virtual ESP8266, which boots the firmware.
    Esp8266,
    /// MicroPython's unix port, on this computer itself.
    Unix,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Esp8266 => "the virtual ESP8266",
            Self::Unix => "MicroPython's unix port",
        }
    }

    fn start(self, broker: &Broker, show: &Arc<Show>) -> Result<Board> {
        match self {
            Self::Esp8266 => Board::esp8266(broker.address(), Memory::Lenient, show),
            Self::Unix => Board::unix(broker.address(), show),
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    /// docs/tutorial.md
    En,
    /// docs/tutorial.fr.md
    Fr,
}

impl Language {
    fn of_locale() -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .filter_map(|name| env::var(name).ok())
            .find(|value| !value.is_empty())
            .unwrap_or_default();
        if locale.starts_with("fr") { Self::Fr } else { Self::En }
    }

    fn file(self) -> &'static str {
        match self {
            Self::En => "docs/tutorial.md",
            Self::Fr => "docs/tutorial.fr.md",
        }
    }
}

fn main() -> ExitCode {
    let Arguments { board, command } = Arguments::parse();
    let result = leave_nothing_behind().and_then(|_folder| match command {
        Action::Tutorial { language } => play(language.unwrap_or_else(Language::of_locale), board),
        Action::Repl => repl(board),
        Action::Heap => heap(),
        Action::Reliability { every, soak, board_every, board_soak } => {
            let extent = |every: usize, soak| reliability::Extent { every: every.max(1), soak };
            reliability::write(extent(every, soak), extent(board_every, board_soak))?;
            Ok(ExitCode::SUCCESS)
        }
    });
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("umqtt-run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Removes every temporary folder and restores the terminal when a signal ends the program.
/// The children end with it by themselves, see [`umqtt_tests::children`].
fn leave_nothing_behind() -> Result<TempDir> {
    let root = TempDir::new().context("cannot make a temporary folder")?;
    tempfile::env::override_temp_dir(root.path()).expect("it is called once");
    let (path, terminal) = (root.path().to_owned(), tcgetattr(stdin()).ok());
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot watch for signals")?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // On the way out there is nobody left to tell about a failure.
            let _ = fs::remove_dir_all(&path);
            if let Some(before) = terminal {
                let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
            }
            exit(128 + signal);
        }
    });
    Ok(root)
}

fn play(language: Language, kind: Kind) -> Result<ExitCode> {
    let transcript = Transcript::read(&repository().join(language.file()))?;
    let person = at_terminal();
    let show = Show::live();
    let broker = Broker::start()?;
    let (file, address) = (language.file(), broker.address());
    show.line(Voice::Note, &format!("{file}, on {}, with a broker on {address}:{PORT}", kind.name()));
    let mut board = kind.start(&broker, &show)?;
    if person {
        board.repl().type_slowly(PACE);
    }
    let played = tutorial::play(&transcript, &broker, &mut board, &show)?;
    if person {
        show.line(Voice::Note, "");
    }
    for difference in &played.differences {
        for line in difference.to_string().lines() {
            show.line(Voice::Note, line);
        }
    }
    let code = if played.differences.is_empty() {
        show.line(Voice::Note, &format!("All {} lines are as the tutorial has them.", played.compared));
        ExitCode::SUCCESS
    } else {
        show.line(Voice::Note, &format!("{} answers are not the tutorial's.", played.differences.len()));
        ExitCode::FAILURE
    };
    if person {
        hand_over(&mut board, kind, true, &broker, &show)?;
    }
    Ok(code)
}

fn repl(kind: Kind) -> Result<ExitCode> {
    if !at_terminal() {
        bail!("the REPL needs a terminal for its input and output");
    }
    let show = Show::live();
    let broker = Broker::start()?;
    let mut board = kind.start(&broker, &show)?;
    hand_over(&mut board, kind, false, &broker, &show)?;
    Ok(ExitCode::SUCCESS)
}

fn heap() -> Result<ExitCode> {
    let broker = Broker::start()?;
    print!("{}", heap::table(&Figures::of_ours(&broker)?, &Figures::of_reference(&broker)?));
    Ok(ExitCode::SUCCESS)
}

/// `online`: the board has joined its Wi-Fi.
fn hand_over(board: &mut Board, kind: Kind, online: bool, broker: &Broker, show: &Arc<Show>) -> Result<()> {
    let address = broker.address();
    show.line(Voice::Note, "");
    match kind {
        Kind::Unix => show.line(Voice::Note, "The REPL is yours; Ctrl-D leaves it and stops the broker."),
        Kind::Esp8266 => {
            show.line(Voice::Note, "The REPL is yours; Ctrl-] switches the board off and stops the broker.");
            show.line(Voice::Note, "Ctrl-D resets MicroPython only, as on any board.");
        }
    }
    if board.needs_wifi() && !online {
        show.line(Voice::Note, "To join the Wi-Fi, which takes a moment:");
        WIFI.iter().for_each(|line| show.line(Voice::Note, &format!("  {line}")));
    }
    for line in [
        &format!("On the board, the broker is called {SERVER}:"),
        "  from umqtt.simple import MQTTClient",
        &format!("  q = MQTTClient('abc', '{SERVER}')"),
        "  q.connect()",
        "In another terminal, it is found by its address:",
        &format!("  mosquitto_sub -h {address} -t 'domeu/#' -v"),
        &format!("  mosquitto_pub -h {address} -t domeu -m hello"),
    ] {
        show.line(Voice::Note, line);
    }
    board.repl().hand_over()
}

fn at_terminal() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}
