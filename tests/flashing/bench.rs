//! A workbench: a virtual board whose serial port is a user's, and the tools that users have, as PyPI brings them.

use anyhow::{Context, Result, ensure};
use std::{
    fs::{self, File, OpenOptions},
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use umqtt_tests::{
    SERVER,
    board::{Board, Esp8266},
    broker::{Broker, PORT},
    children,
    control::Control,
    lines::Lines,
    repository,
    show::Show,
};

/// Where `make firmware-tools` installs it.
const ESPTOOL: &str = "build/firmware/esptool/bin/esptool.py";
/// What the boot ROM says when it starts the firmware after a reset.
const BOOT: &str = " virtual ESP8266, rst cause:2, boot mode:(3,6)";
/// How long a tool may take, on a computer that has much else to do.
const TOOL_LIMIT: Duration = Duration::from_secs(300);
/// How often it is looked after.
const WATCH: Duration = Duration::from_millis(20);
/// esptool's own time limits are those of a chip, which has nothing else to do.
const ESPTOOL_CONFIGURATION: &str = "[esptool]\ntimeout = 60\nsync_timeout = 1\nmem_end_rom_timeout = 2\n";

/// Where the serial port comes out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// On a pseudo-terminal, with GPIO0 held low when the board is switched on.
    Terminal,
    /// On an RFC 2217 server.
    Rfc2217,
}

/// A virtual board that is switched on, with an empty flash. Dropping it switches it off.
pub struct Bench {
    child: Child,
    kind: Port,
    port: String,
    messages: Lines,
    folder: TempDir,
}

/// How a tool ended.
pub struct Ran {
    /// Whether it was content.
    pub success: bool,
    /// What it said, errors too.
    pub text: String,
}

impl Ran {
    /// What it said; it must have been content.
    #[track_caller]
    pub fn well(self) -> String {
        assert!(self.success, "{}", self.text);
        self.text
    }

    /// What it said; it must not have been content.
    #[track_caller]
    pub fn badly(self) -> String {
        assert!(!self.success, "{}", self.text);
        self.text
    }
}

impl Bench {
    /// Switches a board on. It finds [`SERVER`] at `broker`.
    pub fn new(kind: Port, arguments: &[&str], broker: Option<&Broker>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = children::command(&Esp8266::program()?);
        command.arg("--flash").arg(folder.path().join("flash.img"));
        command.arg("--control").arg(folder.path().join("control"));
        match kind {
            Port::Terminal => command.args(["--pty", "--download"]),
            Port::Rfc2217 => command.args(["--rfc2217", "0"]),
        };
        if let Some(broker) = broker {
            command.arg("--host").arg(format!("{SERVER}={}:{PORT}", broker.address()));
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start the virtual board")?;
        let output = child.stdout.take().context("it has an output")?;
        let messages = Lines::new("the board's messages", child.stderr.take().context("it has one")?, |_| ());
        let port = Lines::new("the port's name", output, |_| ()).next()?;
        Ok(Self { child, kind, port, messages, folder })
    }

    /// The folder of this board.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file in it with these contents.
    pub fn file(&self, name: &str, contents: &[u8]) -> Result<PathBuf> {
        let path = self.folder().join(name);
        fs::write(&path, contents)?;
        Ok(path)
    }

    /// The name of the serial port.
    pub fn port(&self) -> &str {
        &self.port
    }

    /// What is in the flash.
    pub fn flash(&self) -> Result<Vec<u8>> {
        Ok(fs::read(self.folder().join("flash.img"))?)
    }

    /// Waits until the board has said this on standard error, since the last time it was waited for something.
    pub fn wait_for(&self, message: &str) -> Result<String> {
        self.messages.find(message, |line| line.contains(message))
    }

    /// Gives a command to the control socket.
    pub fn control(&self, command: &str) -> Result<()> {
        Control::connect(&self.folder().join("control"))?.tell(command)
    }

    /// Runs the stock esptool. On a pseudo-terminal nothing is reset.
    pub fn esptool(&self, arguments: &[&str]) -> Result<Ran> {
        self.esptool_in(&["no_reset", "no_reset"], arguments)
    }

    /// The same with these arguments for `--before` and `--after`, on a pseudo-terminal.
    pub fn esptool_in(&self, [before, after]: &[&str; 2], arguments: &[&str]) -> Result<Ran> {
        let mut command = self.esptool_command()?;
        command.args(["--port", &self.port]);
        if self.kind == Port::Terminal {
            command.args(["--before", before, "--after", after]);
        }
        self.run(command.args(arguments))
    }

    /// esptool without arguments.
    pub fn esptool_command(&self) -> Result<Command> {
        let mut command = tool(ESPTOOL, "make firmware-tools")?;
        command.env("ESPTOOL_CFGFILE", self.file("esptool.cfg", ESPTOOL_CONFIGURATION.as_bytes())?);
        Ok(command)
    }

    /// Runs the stock mpremote on this board.
    pub fn mpremote(&self, arguments: &[&str]) -> Result<Ran> {
        // A board that is starting loses what it is told; a person would try again.
        for _ in 0..5 {
            let ran = self.mpremote_once(arguments)?;
            if !ran.text.contains("could not enter raw repl") {
                return Ok(ran);
            }
        }
        self.mpremote_once(arguments)
    }

    fn mpremote_once(&self, arguments: &[&str]) -> Result<Ran> {
        let mut command = tool("build/mpremote/bin/mpremote", "make mpremote")?;
        self.run(command.args(["connect", &self.port]).args(arguments))
    }

    /// Writes a firmware as `make flash` does.
    pub fn flash_script(&self, image: &Path) -> Result<Ran> {
        let mut command = children::command(&repository().join("firmware/flash.sh"));
        command
            .env("ESPTOOL", repository().join(ESPTOOL))
            .env("ESPTOOL_CFGFILE", self.file("esptool.cfg", ESPTOOL_CONFIGURATION.as_bytes())?)
            .env("TOOL", repository().join("build/firmware/tool/release/umqtt-firmware"))
            .args([&self.port, "460800"])
            .arg(image);
        self.run(&mut command)
    }

    /// Runs a tool to its end.
    pub fn run(&self, command: &mut Command) -> Result<Ran> {
        let said = self.folder().join("said");
        let file = File::create(&said)?;
        let mut child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        let deadline = Instant::now() + TOOL_LIMIT;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() > deadline {
                children::stop(&mut child);
                ensure!(false, "{command:?} has not ended; it said:\n{}", fs::read_to_string(&said)?);
            }
            thread::sleep(WATCH);
        };
        let text = fs::read_to_string(&said)?.replace('\r', "\n");
        Ok(Ran { success: status.success(), text })
    }

    /// Resets the board into its firmware, and waits for its prompt on the pseudo-terminal.
    pub fn restart(&self, show: &Arc<Show>) -> Result<Board> {
        let console = OpenOptions::new().read(true).write(true).open(&self.port)?;
        self.control("gpio0 high")?;
        self.control("reset")?;
        Board::on_console(console, BOOT, show)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        children::stop(&mut self.child);
    }
}

/// A tool in a folder of the repository.
fn tool(path: &str, made_by: &str) -> Result<Command> {
    let path = repository().join(path);
    ensure!(path.exists(), "there is no {}; to install it: {made_by}", path.display());
    Ok(children::command(&path))
}

/// The firmware that is flashed.
pub fn firmware() -> Result<PathBuf> {
    let path = repository().join("build/firmware/2MiB/firmware.bin");
    ensure!(path.exists(), "there is no {}; to build it: make firmware-image", path.display());
    Ok(path)
}

/// Runs a tool, reads what it says until that contains `until`, and kills it then.
pub fn kill_at(mut command: Command, until: &str) -> Result<()> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().context("it has an output")?;
    let mut said = Vec::new();
    let mut buffer = [0; 256];
    while !String::from_utf8_lossy(&said).contains(until) {
        let count = output.read(&mut buffer)?;
        ensure!(count > 0, "it ended before it said {until:?}:\n{}", String::from_utf8_lossy(&said));
        said.extend(&buffer[..count]);
    }
    children::stop(&mut child);
    Ok(())
}
