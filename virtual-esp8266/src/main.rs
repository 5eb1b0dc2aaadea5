//! The command `virtual-esp8266`: boots an ESP8266 firmware image in QEMU.
//!
//! [`flash`] makes the flash's contents, [`surroundings`] describes the access points and hosts around the board,
//! [`board`] runs QEMU and [`qmp`] gives it commands, [`serial`] joins the board's serial port to this terminal or to a
//! pseudo-terminal and [`rfc2217`] to TCP, [`lines`] are the board's reset and GPIO0, and [`control`] takes commands while
//! the board runs.

mod board;
mod control;
mod flash;
mod lines;
mod qmp;
mod rfc2217;
mod serial;
mod surroundings;

use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use anyhow::{Context, Result};
use clap::Parser;

use board::Board;
use lines::Lines;
use surroundings::{AccessPoint, HostEntry, SharedSurroundings, Surroundings};

/// Boots an ESP8266 firmware image in a virtual board.
///
/// The board's REPL appears on this terminal (Ctrl-] switches the board off), or with --pty on a pseudo-terminal that
/// mpremote, picocom or Thonny open as they open a board's serial port. The board reaches this computer as 10.0.2.2, its
/// loopback addresses as they are, and the Internet through it.
///
/// esptool can flash the board, too: through a port of --rfc2217 as it flashes a board with a USB socket, or, with
/// --download, through any other.
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Flashing a board that has nothing in its flash yet:
  virtual-esp8266 --flash flash.img --rfc2217 2217
  esptool.py --port rfc2217://127.0.0.1:2217 write_flash 0 firmware.bin
  mpremote connect rfc2217://127.0.0.1:2217

Commands on the control socket: wifi down, wifi up; gpio0 low, gpio0 high: GPIO0's jumper, which the boot ROM looks at \
when a reset ends; reset: the reset button; off.

Exit status: 0 the board was switched off; 1 it could not be started; 3 the flash holds no firmware, and there is neither \
--rfc2217 nor --control with which one could reset and flash it; 4 strict memory mode has stopped it."
)]
struct Options {
    /// The firmware to flash before the board starts: firmware.bin as esptool would write it to address 0
    #[arg(long, value_name = "FILE", required_unless_present = "flash")]
    firmware: Option<PathBuf>,

    /// The flash, kept in this file; created when missing. Without it the board forgets everything
    #[arg(long, value_name = "FILE")]
    flash: Option<PathBuf>,

    /// How much flash the board has
    #[arg(long, value_name = "SIZE", default_value = "4M", value_parser = flash::parse_size)]
    flash_size: flash::Size,

    /// Put the serial port on a pseudo-terminal and print its name. It has no DTR and RTS
    #[arg(long)]
    pty: bool,

    /// Put the serial port on this port of 127.0.0.1, as an RFC 2217 server, and print its URL; 0 takes any port. DTR and
    /// RTS work on reset and GPIO0 as on a board with a USB socket
    #[arg(long, value_name = "PORT", conflicts_with = "pty")]
    rfc2217: Option<u16>,

    /// Start in download mode, in which esptool can read and write the flash: GPIO0 is held low, until the control socket
    /// lets it go
    #[arg(long)]
    download: bool,

    /// A name the board can look up, for instance test.mosquitto.org=127.0.0.1; may be given again
    #[arg(long = "host", value_name = "NAME=ADDRESS[:PORT]")]
    hosts: Vec<HostEntry>,

    /// An access point in reach, instead of the usual two (home with password secret, and guest, open)
    #[arg(long = "access-point", value_name = "SSID[:PASSWORD]")]
    access_points: Vec<AccessPoint>,

    /// Pass TCP connections to a port of 127.0.0.1 on to a port of the board, for instance 8266:8266
    #[arg(long = "forward", value_name = "PORT:BOARD_PORT")]
    forwards: Vec<board::Forward>,

    /// Write all network traffic to this file, for Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,

    /// Count instructions instead of time: 16 ns for each, the same in every run
    #[arg(long)]
    icount: bool,

    /// Stop the board at any access to flash or IRAM that the chip would not allow, and say which instruction it was
    #[arg(long)]
    strict: bool,

    /// Take commands on a Unix socket at this path, one a line: see below
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,

    /// The virtual board's boot ROM
    #[arg(long, value_name = "FILE", env = "VIRTUAL_ESP8266_ROM",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../build/virtual-esp8266/rom.elf"), hide_default_value = true)]
    rom: PathBuf,

    /// QEMU's program
    #[arg(long, value_name = "PROGRAM", default_value = "qemu-system-xtensa")]
    qemu: PathBuf,
}

/// What ends a run.
enum Event {
    /// QEMU has ended, by itself.
    Ended(i32),
    /// The person, or a signal, or the control socket wants the board off.
    Off,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("virtual-esp8266: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<u8> {
    let scratch = tempfile::tempdir().context("no temporary folder")?;
    // A flash that nobody keeps has no name, so that nothing is left of it, however this program ends.
    let nameless = tempfile::tempfile().context("no temporary file")?;
    let flash = options.flash.clone().unwrap_or_else(|| format!("/proc/self/fd/{}", nameless.as_raw_fd()).into());
    rustix::io::fcntl_setfd(&nameless, rustix::io::FdFlags::empty()).context("QEMU cannot inherit the flash")?;
    flash::prepare(&flash, options.firmware.as_deref(), options.flash_size)?;

    let access_points = match options.access_points.as_slice() {
        [] => surroundings::usual_access_points(),
        some => some.to_vec(),
    };
    let surroundings_file = scratch.path().join("surroundings");
    let surroundings = SharedSurroundings::new(
        Surroundings {
            hosts: options.hosts.clone(),
            access_points,
            wifi: true,
            strict: options.strict,
            flash_size: options.flash_size.bytes(),
            can_be_reset: options.rfc2217.is_some() || options.control.is_some(),
            gpio0_low_at_reset: options.download,
        },
        surroundings_file.clone(),
    )?;

    let mut board = Board::start(options, &flash, &surroundings_file, scratch.path())?;
    let lines = Arc::new(Lines::new(board.command_socket(), surroundings.clone(), options.download));
    let (sender, events) = mpsc::channel();
    stop_on_signals(sender.clone())?;
    if let Some(path) = &options.control {
        let controls = control::Controls { surroundings, lines: Arc::clone(&lines), events: sender.clone() };
        control::listen(path, controls)?;
    }
    let (input, output) = board.serial();
    // Dropping the terminal puts it back as it was.
    let (_terminal, last_words) = match options.rfc2217 {
        Some(port) => (None, rfc2217::Port::new(port)?.connect(input, output, lines)?),
        None => {
            let port = if options.pty { serial::Port::pseudo_terminal()? } else { serial::Port::this_terminal()? };
            let last_words = port.connect(input, output, sender.clone())?;
            (Some(port), last_words)
        }
    };
    board.report_end(sender)?;

    let event = events.recv().context("nobody is left who could end the board")?;
    match event {
        Event::Off => {
            board.stop();
            Ok(0)
        }
        Event::Ended(status) => {
            // A thread that has panicked has said so itself.
            last_words.join().ok();
            Ok(u8::try_from(status).unwrap_or(1))
        }
    }
}

/// Lets the usual signals switch the board off.
fn stop_on_signals(events: mpsc::Sender<Event>) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            // Nobody listens any more when the board has ended.
            events.send(Event::Off).ok();
        }
    });
    Ok(())
}
