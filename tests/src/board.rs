//! A board that runs MicroPython and gives its REPL.
//!
//! What stands behind the console is a [`Machine`]: the unix port behind a pseudo-terminal, or the virtual ESP8266 with
//! its firmware ([`Esp8266`]). Everything that types and reads ([`Board::repl`]) is the same for all.

use crate::{
    SERVER,
    broker::PORT,
    children,
    interpreter::Interpreter,
    lines::Lines,
    raw::RawRepl,
    repl::{Repl, open_console},
    repository,
    show::Show,
};
use anyhow::{Context, Result, bail};
use rustix::fs::{Mode, OFlags, open};
use std::{
    env,
    ffi::OsStr,
    fs::File,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};
use tempfile::TempDir;

/// What is typed at the virtual ESP8266 to have it join its Wi-Fi. After these lines it takes a moment.
pub const WIFI: [&str; 4] =
    ["import network", "wlan = network.WLAN(network.STA_IF)", "wlan.active(True)", "wlan.connect('home', 'secret')"];

/// Whether the virtual ESP8266 allows what the chip would not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Flash and IRAM can be read by bytes.
    Lenient,
    /// Any access to flash or IRAM that the chip refuses stops the board.
    Strict,
}

/// A virtual ESP8266 that is switched off, and what it finds around it once it is on.
pub struct Esp8266 {
    command: Command,
    folder: TempDir,
}

/// A virtual ESP8266 that is switched on. Dropping it switches it off.
pub struct Power {
    child: Child,
    /// Holds its flash, which goes with it.
    _folder: TempDir,
}

impl Drop for Power {
    fn drop(&mut self) {
        children::stop(&mut self.child);
    }
}

impl Esp8266 {
    /// A board with our firmware and an empty file system.
    pub fn new() -> Result<Self> {
        Self::with_firmware("2MiB", "firmware-image")
    }

    /// A board with another firmware: the folder in `build/firmware`, and what `make` is asked for when it is missing.
    pub fn with_firmware(variant: &str, target: &str) -> Result<Self> {
        let firmware = repository().join("build/firmware").join(variant).join("firmware.bin");
        if !firmware.exists() {
            bail!("there is no firmware at {}; to build it: make {target}", firmware.display());
        }
        let folder = TempDir::new().context("cannot make a folder for the virtual board")?;
        let mut command = children::command(&Self::program()?);
        command.env("TMPDIR", folder.path()).arg("--firmware").arg(firmware);
        Ok(Self { command, folder })
    }

    /// The command that boots it. Cargo builds it beside the programs of this package.
    pub fn program() -> Result<PathBuf> {
        let ourselves = env::current_exe().context("cannot find this program")?;
        ourselves
            .ancestors()
            .skip(1)
            .take(2)
            .map(|folder| folder.join("virtual-esp8266"))
            .find(|program| program.is_file())
            .context("the command virtual-esp8266 is missing; to build it: cargo build -p virtual-esp8266")
    }

    /// When it has joined the Wi-Fi, it finds [`SERVER`] at this address.
    pub fn server(mut self, broker: Ipv4Addr) -> Self {
        self.command.arg("--host").arg(format!("{SERVER}={broker}:{PORT}"));
        self
    }

    /// How it minds accesses to memory.
    pub fn memory(mut self, memory: Memory) -> Self {
        if memory == Memory::Strict {
            self.command.arg("--strict");
        }
        self
    }

    /// Keeps its flash, with the file system, in this file.
    pub fn flash(mut self, file: &Path) -> Self {
        self.command.arg("--flash").arg(file);
        self
    }

    /// With more arguments for the command `virtual-esp8266`.
    pub fn arguments(mut self, arguments: &[&dyn AsRef<OsStr>]) -> Self {
        self.command.args(arguments.iter().map(|argument| argument.as_ref()));
        self
    }

    /// Boots it and waits for its prompt.
    pub fn boot(self, show: &Arc<Show>) -> Result<Board> {
        let (repl, child) = Repl::spawn(self.command, Arc::clone(show))?;
        let power = Power { child, _folder: self.folder };
        let mut board = Board { repl, machine: Machine::Esp8266 { _power: power } };
        board.repl.wait_for_prompt()?;
        Ok(board)
    }

    /// Boots it for programs that are sent to it.
    pub fn boot_raw(self) -> Result<RawRepl> {
        let (wire, child) = open_console(self.command)?;
        RawRepl::enter(wire, Power { child, _folder: self.folder })
    }

    /// Boots it with its serial port on a pseudo-terminal, for programs that talk to boards, and waits for its prompt.
    pub fn boot_on_port(mut self) -> Result<SerialPort> {
        let mut child = self.command.arg("--pty").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = Lines::new("virtual-esp8266", child.stdout.take().expect("it is piped"), |_| ());
        let power = Power { child, _folder: self.folder };
        let port = SerialPort { name: output.next()?, _power: power };
        port.wait_for_prompt()?;
        Ok(port)
    }
}

impl SerialPort {
    /// Reads what the board says as it starts, up to its prompt: until then it loses what it is told.
    pub fn wait_for_prompt(&self) -> Result<()> {
        let port = open(&self.name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())
            .with_context(|| format!("cannot open {}", self.name))?;
        Repl::new(File::from(port), Show::silent()).wait_for_prompt()
    }
}

/// Boots a firmware of MicroPython's qemu port, without network, for programs that are sent to it: the folder in
/// `build/qemu`, which has the name of its target of `make`, too.
pub fn qemu(name: &str) -> Result<RawRepl> {
    let firmware = repository().join("build/qemu").join(name).join("firmware.elf");
    if !firmware.exists() {
        bail!("there is no firmware at {}; to build it: make qemu-{name}", firmware.display());
    }
    let (program, machine) = match name {
        "armv6m" => ("qemu-system-arm", "microbit"),
        "armv7emsp" => ("qemu-system-arm", "mps2-an386"),
        "armv7emdp" => ("qemu-system-arm", "mps2-an500"),
        "rv32imc" => ("qemu-system-riscv32", "virt"),
        _ => ("qemu-system-arm", "mps2-an385"),
    };
    let mut command = children::command(&children::find(program, program)?);
    command.args(["-machine", machine, "-display", "none", "-monitor", "none", "-semihosting"]);
    match machine {
        // The port's firmware is too large for the chip that this board has.
        "microbit" => {
            command.args(["-global", "nrf51-soc.flash-size=1048576", "-global", "nrf51-soc.sram-size=262144"]);
        }
        "virt" => {
            command.args(["-bios", "none"]);
        }
        _ => {}
    }
    // The terminal as a serial line, which translates nothing.
    command.args(["-serial", "/dev/tty", "-kernel"]).arg(firmware);
    let (wire, child) = open_console(command)?;
    RawRepl::enter(wire, Power { child, _folder: TempDir::new()? })
}

/// The serial port of a board that runs. Dropping it switches the board off.
pub struct SerialPort {
    /// Its name, for instance `/dev/pts/3`.
    pub name: String,
    _power: Power,
}

/// An open board. Dropping it switches it off.
pub struct Board {
    repl: Repl,
    machine: Machine,
}

/// What stands behind a console.
enum Machine {
    Unix {
        child: Child,
        /// Keeps the folder that the interpreter runs in.
        _interpreter: Interpreter,
    },
    Esp8266 {
        _power: Power,
    },
    /// Somebody else's.
    Elsewhere,
}

impl Board {
    /// Starts MicroPython's unix port in a pseudo-terminal and waits for its prompt.
    /// It finds [`SERVER`](crate::SERVER) at `broker`.
    pub fn unix(broker: Ipv4Addr, show: &Arc<Show>) -> Result<Self> {
        Self::unix_with(Interpreter::find()?, broker, show)
    }

    /// The same with another interpreter than ours.
    pub fn unix_with(interpreter: Interpreter, broker: Ipv4Addr, show: &Arc<Show>) -> Result<Self> {
        let (repl, child) = Repl::spawn(interpreter.command(broker)?, Arc::clone(show))?;
        let mut board = Self { repl, machine: Machine::Unix { child, _interpreter: interpreter } };
        board.repl.wait_for_prompt()?;
        Ok(board)
    }

    /// Boots the virtual ESP8266 from our firmware, with an empty file system, and waits for its prompt.
    /// When it has [joined the Wi-Fi](Board::join_wifi), it finds [`SERVER`] at `broker`.
    pub fn esp8266(broker: Ipv4Addr, memory: Memory, show: &Arc<Show>) -> Result<Self> {
        Esp8266::new()?.server(broker).memory(memory).boot(show)
    }

    /// Whether it must join a Wi-Fi before it reaches a broker.
    pub fn needs_wifi(&self) -> bool {
        matches!(self.machine, Machine::Esp8266 { .. })
    }

    /// Takes over the console of a board that somebody else has switched on, and waits for its prompt behind this line.
    pub fn on_console(console: File, line: &str, show: &Arc<Show>) -> Result<Self> {
        let mut board = Self { repl: Repl::new(console, Arc::clone(show)), machine: Machine::Elsewhere };
        board.repl.wait_for_line(line)?;
        board.repl.wait_for_prompt()?;
        Ok(board)
    }

    /// Joins the Wi-Fi, as the tutorial's reader has done, and waits until the board has its address.
    pub fn join_wifi(&mut self) -> Result<()> {
        for line in WIFI.iter().chain(&["while not wlan.isconnected(): pass", ""]) {
            self.repl.ask(line)?;
        }
        match self.repl.ask("wlan.isconnected()")?.as_slice() {
            [answer] if answer == "True" => Ok(()),
            answer => bail!("the board did not join the Wi-Fi: {answer:?}"),
        }
    }

    /// The board's REPL.
    pub fn repl(&mut self) -> &mut Repl {
        &mut self.repl
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if let Machine::Unix { child, .. } = &mut self.machine {
            children::stop(child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Board {
        Board::unix(Ipv4Addr::LOCALHOST, &Show::silent()).unwrap()
    }

    #[test]
    fn an_expression_is_answered() {
        assert_eq!(board().repl().ask("6 * 7").unwrap(), ["42"]);
    }

    #[test]
    fn a_statement_of_several_lines_is_typed_with_its_own_indentation() {
        let mut board = board();
        let lines = ["def f(x):", "    if x:", "        return 'yes'", "    return 'no'"];
        for line in lines {
            assert!(board.repl().ask(line).unwrap().is_empty());
        }
        assert!(board.repl().ask("").unwrap().is_empty());
        assert_eq!(board.repl().ask("f(0), f(1)").unwrap(), ["('no', 'yes')"]);
    }

    #[test]
    fn accents_are_pasted() {
        let mut board = board();
        board.repl().paste(&["print('21 °C')", "print(len('é'.encode()))"]).unwrap();
        assert_eq!(board.repl().answer().unwrap(), ["21 °C", "2"]);
    }

    #[test]
    fn an_accent_typed_at_the_prompt_is_refused() {
        assert!(board().repl().type_line("'é'").is_err());
    }

    #[test]
    fn a_board_that_ends_is_noticed() {
        let error = board().repl().ask("import sys; sys.exit()").unwrap_err();
        assert!(error.to_string().contains("the board ended"), "{error}");
    }
}
