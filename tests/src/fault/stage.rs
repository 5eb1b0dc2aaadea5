//! Where scripts are played: each in a process of its own on this computer, or one after the other on a virtual ESP8266.
//!
//! A script finds `online()`, which returns once there is a network.

use super::{campaign::Library, verdict::Ending};
use crate::{
    board::{Esp8266, WIFI},
    children,
    control::Control,
    heap::REFERENCE,
    interpreter::Interpreter,
    lines::Lines,
    raw::{End, RawRepl},
    repository,
};
use anyhow::{Context, Result};
use std::{
    fs,
    net::Ipv4Addr,
    os::unix::process::ExitStatusExt,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// What runs MicroPython.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// MicroPython's unix port.
    Unix,
    /// The virtual ESP8266 with its firmware.
    Esp8266,
}

/// The heap of the unix port where it has to be small, in bytes: some of what an ESP8266 has, whose objects are half as
/// large.
const SMALL_HEAP: [&str; 2] = ["-X", "heapsize=100k"];

const ONLINE_ON_UNIX: &str = "def online(): pass\n";
/// The line by which a script on the board tells that it waits for the Wi-Fi.
const OFFLINE: &str = "offline";
const ONLINE_ON_BOARD: &str = "
import network
wlan = network.WLAN(network.STA_IF)
def online():
    if not wlan.isconnected():
        print('offline')
        while not wlan.isconnected(): pass
";

/// Somebody who plays scripts, one at a time, each with nothing of the others left.
pub struct Stage {
    library: Library,
    machine: Machine,
}

enum Machine {
    Unix { small: bool },
    Esp8266(Box<Board>),
}

/// A board, booted when it is needed.
struct Board {
    wifi: Wifi,
    running: Option<(RawRepl, TempDir)>,
}

/// The Wi-Fi around a board, which anybody can take away.
#[derive(Clone, Default)]
pub struct Wifi(Arc<Mutex<Option<Control>>>);

impl Wifi {
    /// Takes the access points away, or brings them back. Nothing happens when no board is on.
    pub fn set(&self, up: bool) -> Result<()> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(control) => control.tell(if up { "wifi up" } else { "wifi down" }),
            None => Ok(()),
        }
    }
}

impl Stage {
    /// A stage for scripts that use this library.
    pub fn new(library: Library, place: Place) -> Self {
        let machine = match place {
            Place::Unix => Machine::Unix { small: false },
            Place::Esp8266 => Machine::Esp8266(Box::new(Board { wifi: Wifi::default(), running: None })),
        };
        Self { library, machine }
    }

    /// The same, with a heap on the unix port that is as small as a board's.
    pub fn small(library: Library, place: Place) -> Self {
        let mut stage = Self::new(library, place);
        if let Machine::Unix { small } = &mut stage.machine {
            *small = true;
        }
        stage
    }

    /// Whose class is tried on it.
    pub fn library(&self) -> Library {
        self.library
    }

    /// The Wi-Fi of the board; nobody's on the unix port.
    pub fn wifi(&self) -> Wifi {
        match &self.machine {
            Machine::Unix { .. } => Wifi::default(),
            Machine::Esp8266(board) => board.wifi.clone(),
        }
    }

    /// Plays a script to its end, or for as long as the limit: how it ended, and the lines that it printed.
    pub fn play(&mut self, script: &str, limit: Duration) -> Result<(Ending, Vec<String>)> {
        self.play_seen(script, limit, |_| ())
    }

    /// The same, and gives each line to `see` as it comes.
    pub fn play_seen(&mut self, script: &str, limit: Duration, see: fn(&str)) -> Result<(Ending, Vec<String>)> {
        match &mut self.machine {
            Machine::Unix { small } => {
                let options: &[_] = if *small { &SMALL_HEAP } else { &[] };
                process(self.library, options, &format!("{ONLINE_ON_UNIX}{script}"), limit, see)
            }
            Machine::Esp8266(board) => board.play(self.library, script, limit, see),
        }
    }
}

fn process(
    library: Library,
    options: &[&str],
    script: &str,
    limit: Duration,
    see: fn(&str),
) -> Result<(Ending, Vec<String>)> {
    let mut interpreter = Interpreter::find()?;
    if library == Library::Reference {
        let path = repository().join(format!("build/reference/{REFERENCE}/umqtt/simple.py"));
        let source = fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}; to fetch it: make reference", path.display()))?;
        interpreter.add_module("umqtt/simple.py", &source)?;
    }
    let file = interpreter.folder().join("session.py");
    fs::write(&file, script).context("cannot write the session's script")?;
    let mut child = interpreter
        .command(Ipv4Addr::LOCALHOST)?
        .args(options)
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the interpreter")?;
    let output = Lines::new("the session", child.stdout.take().expect("it is piped"), see);
    let errors = Lines::new("the session's errors", child.stderr.take().expect("it is piped"), |_| ());
    let ended = output.ends_before(Instant::now() + limit);
    if !ended {
        children::stop(&mut child);
        output.end()?;
    }
    let status = child.wait()?;
    errors.end()?;
    let ending = match status.success() {
        _ if !ended => Ending::Hung,
        true => Ending::Well,
        false if status.signal().is_some() => Ending::Crashed(format!("{status}\n{}", errors.seen())),
        false => Ending::Badly(format!("{status}\n{}", errors.seen())),
    };
    Ok((ending, output.seen().lines().map(str::to_owned).collect()))
}

impl Board {
    fn play(
        &mut self,
        library: Library,
        script: &str,
        limit: Duration,
        see: fn(&str),
    ) -> Result<(Ending, Vec<String>)> {
        let (mut repl, folder) = match self.running.take() {
            Some(running) => running,
            None => self.boot(library)?,
        };
        // It may still be down from the session before.
        self.wifi.set(true)?;
        let (mut printed, mut trouble) = (Vec::new(), Ok(()));
        let end = repl.watch(&format!("{ONLINE_ON_BOARD}{script}"), limit, |line| match line {
            OFFLINE => trouble = self.wifi.set(true),
            _ => {
                see(line);
                printed.push(line.to_owned());
            }
        })?;
        trouble?;
        let ending = match end {
            End::Well => Ending::Well,
            End::Traceback(traceback) => Ending::Badly(traceback),
            End::Restarted(last_words) => Ending::Crashed(last_words),
            End::Running => Ending::Hung,
        };
        if matches!(ending, Ending::Well | Ending::Badly(_)) {
            repl.reset()?;
            self.running = Some((repl, folder));
        }
        Ok((ending, printed))
    }

    fn boot(&mut self, library: Library) -> Result<(RawRepl, TempDir)> {
        let (variant, target) = match library {
            Library::Ours => ("2MiB", "firmware-image"),
            Library::Reference => ("2MiB-python", "firmware-comparison"),
        };
        let folder = TempDir::new().context("cannot make a folder for the virtual board")?;
        let path = folder.path().join("control");
        let mut repl = Esp8266::with_firmware(variant, target)?.arguments(&[&"--control", &path]).boot_raw()?;
        *self.wifi.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Control::connect(&path)?);
        repl.run(&WIFI.join("\n"))?;
        Ok((repl, folder))
    }
}
