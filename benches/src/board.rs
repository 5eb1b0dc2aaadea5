//! The virtual ESP8266 with the firmware of `make bench`, and the program in it, `board/measure.py`.

use anyhow::{Context, Result, bail, ensure};
use std::{
    env,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Child,
};
use umqtt_tests::{broker::PORT, children, repl::Repl, repository, show::Show};

/// How the board is run.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Count instructions instead of time.
    pub counting: bool,
    /// Where to write what passes the network.
    pub capture: Option<&'a Path>,
    /// The program to run as QEMU.
    pub qemu: Option<&'a Path>,
}

/// What a line typed at the REPL has led to.
pub enum Answer {
    /// It printed these lines.
    Lines(Vec<String>),
    /// It raised an exception: the traceback, and what came before.
    Raised(Vec<String>),
}

/// A booted board in the Wi-Fi. Dropping it switches it off.
pub struct Board {
    repl: Repl,
    child: Child,
}

impl Board {
    /// Boots the firmware and joins the Wi-Fi.
    pub fn boot(options: Options<'_>) -> Result<Self> {
        let firmware = repository().join("build/firmware/bench/firmware.bin");
        ensure!(firmware.exists(), "there is no firmware at {}; to build it: make bench", firmware.display());
        let mut command = children::command(&virtual_esp8266()?);
        command.arg("--firmware").arg(firmware);
        if options.counting {
            command.arg("--icount");
        }
        if let Some(file) = options.capture {
            command.arg("--pcap").arg(file);
        }
        if let Some(program) = options.qemu {
            command.arg("--qemu").arg(program);
        }
        let (repl, child) = Repl::spawn(command, Show::silent())?;
        let mut board = Self { repl, child };
        board.repl.wait_for_prompt()?;
        for line in
            ["import network, time", "w = network.WLAN(network.STA_IF); w.active(True); w.connect('home', 'secret')"]
        {
            board.ask(line)?;
        }
        board.repl.type_line("for _ in range(100): w.isconnected() or time.sleep_ms(100)")?;
        board.repl.answer()?;
        board.ask("")?;
        let joined = board.ask("w.isconnected()")?;
        ensure!(joined == ["True"], "the board did not join the Wi-Fi: {joined:?}");
        Ok(board)
    }

    /// Imports the program, without connecting it to the broker.
    pub fn import(&mut self) -> Result<()> {
        self.run("import measure")
    }

    /// Connects the program's subjects to the broker.
    pub fn start(&mut self, broker: Ipv4Addr) -> Result<()> {
        self.run(&format!("measure.start('{broker}', {PORT})"))
    }

    /// Types a line and returns what it prints.
    pub fn try_ask(&mut self, line: &str) -> Result<Answer> {
        let lines = self.repl.ask(line)?;
        let raised = lines.iter().any(|line| line.starts_with("Traceback"));
        Ok(if raised { Answer::Raised(lines) } else { Answer::Lines(lines) })
    }

    /// Types a line and returns what it prints. An exception is an error.
    pub fn ask(&mut self, line: &str) -> Result<Vec<String>> {
        match self.try_ask(line)? {
            Answer::Lines(lines) => Ok(lines),
            Answer::Raised(traceback) => bail!("{line}: {}", traceback.join("\n")),
        }
    }

    /// Types a line that takes its time. What it prints: see [`Board::end`].
    pub fn begin(&mut self, line: &str) -> Result<()> {
        self.repl.type_line(line)
    }

    /// Waits for the end of what was begun, and returns what it printed.
    pub fn end(&mut self) -> Result<Vec<String>> {
        let printed = self.repl.answer()?;
        ensure!(!printed.iter().any(|line| line.starts_with("Traceback")), "{}", printed.join("\n"));
        Ok(printed)
    }

    /// Types a line that prints nothing.
    pub fn run(&mut self, line: &str) -> Result<()> {
        let answer = self.ask(line)?;
        ensure!(answer.is_empty(), "{line}: {}", answer.join("\n"));
        Ok(())
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        children::stop(&mut self.child);
    }
}

/// The command that boots the virtual board. Cargo builds it beside this program.
fn virtual_esp8266() -> Result<PathBuf> {
    let program = env::current_exe().context("cannot find this program")?.with_file_name("virtual-esp8266");
    ensure!(program.is_file(), "the command virtual-esp8266 is missing; to build it: cargo build -p virtual-esp8266");
    Ok(program)
}
