//! The board itself: a QEMU process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::{Event, Options};

/// How often a board that runs is looked after.
const WATCH: Duration = Duration::from_millis(20);

/// TCP connections to a port of 127.0.0.1 that the board answers.
#[derive(Clone)]
pub struct Forward {
    host: u16,
    board: u16,
}

impl FromStr for Forward {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let port = |text: &str| text.parse().map_err(|_| format!("{text} is no port"));
        let (host, board) = text.split_once(':').ok_or("write PORT:BOARD_PORT")?;
        Ok(Forward { host: port(host)?, board: port(board)? })
    }
}

/// A board that runs. Dropping it stops it.
pub struct Board {
    qemu: Arc<Mutex<Child>>,
    serial: Option<(ChildStdin, ChildStdout)>,
    command_socket: PathBuf,
}

impl Board {
    /// Starts QEMU with this flash and these surroundings. In the folder it puts the socket for commands to it.
    pub fn start(options: &Options, flash: &Path, surroundings: &Path, scratch: &Path) -> Result<Self> {
        ensure!(
            options.rom.exists(),
            "the boot ROM {} is not there; make -C virtual-esp8266 rom makes it",
            options.rom.display()
        );
        let command_socket = scratch.join("qemu");
        // QEMU ends with this program, however that ends.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(&options.qemu)
            .args(arguments(options, flash, surroundings, &command_socket))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {} (Debian: qemu-system-misc)", options.qemu.display()))?;
        let serial = child.stdin.take().zip(child.stdout.take());
        Ok(Board { qemu: Arc::new(Mutex::new(child)), serial, command_socket })
    }

    /// The socket on which QEMU takes commands.
    pub fn command_socket(&self) -> &Path {
        &self.command_socket
    }

    /// The serial port's two ends: what is written to the first, the board receives; the second has what it sends.
    pub fn serial(&mut self) -> (ChildStdin, ChildStdout) {
        self.serial.take().expect("the serial port is connected once")
    }

    /// Says when QEMU ends by itself, and with what status.
    pub fn report_end(&self, events: Sender<Event>) -> Result<()> {
        let qemu = Arc::clone(&self.qemu);
        std::thread::Builder::new().spawn(move || {
            loop {
                let ended = qemu.lock().expect("no holder of this lock panics").try_wait();
                match ended {
                    Ok(None) => std::thread::sleep(WATCH),
                    Ok(Some(status)) => break events.send(Event::Ended(status.code().unwrap_or(1))).ok(),
                    Err(_) => break events.send(Event::Ended(1)).ok(),
                };
            }
        })?;
        Ok(())
    }

    /// Switches the board off, as pulling its plug does.
    pub fn stop(&mut self) {
        let mut qemu = self.qemu.lock().expect("no holder of this lock panics");
        // It may have ended at this very moment; either way it is gone afterwards.
        qemu.kill().ok();
        qemu.wait().ok();
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.stop();
    }
}

fn arguments(options: &Options, flash: &Path, surroundings: &Path, command_socket: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        "-M lx60-nommu -cpu lx106 -m 4M -display none -monitor none -serial stdio".split(' ').map(Into::into).collect();
    let mut add = |name: &str, value: OsString| arguments.extend([name.into(), value]);
    let joined = |prefix: &str, path: &Path| {
        let mut value = OsString::from(prefix);
        value.push(escape_commas(path));
        value
    };
    add("-kernel", options.rom.clone().into());
    let mut socket = joined("unix:", command_socket);
    socket.push(",server=on,wait=off");
    add("-qmp", socket);
    add("-drive", joined("if=pflash,format=raw,file=", flash));
    add("-semihosting-config", joined("enable=on,target=native,arg=board,arg=", surroundings));
    let mut network = String::from("user,model=open_eth,id=wifi");
    for Forward { host, board } in &options.forwards {
        network += &format!(",hostfwd=tcp:127.0.0.1:{host}-:{board}");
    }
    add("-nic", network.into());
    if let Some(file) = &options.pcap {
        add("-object", joined("filter-dump,id=pcap,netdev=wifi,file=", file));
    }
    if options.icount {
        add("-icount", "shift=4".into());
    }
    arguments
}

/// In QEMU's options a comma separates, and two stand for one.
fn escape_commas(path: &Path) -> OsString {
    match path.to_str() {
        Some(text) => text.replace(',', ",,").into(),
        None => path.into(),
    }
}
