//! The board's two lines to the outside: reset, and GPIO0, whose level at the end of a reset decides what the boot ROM
//! does: high, it starts the firmware; low, it enters download mode and waits for esptool.
//!
//! Two ways lead to them: a button and a jumper, which are the control socket's, and the serial port's DTR and RTS, which
//! work through the two transistors that NodeMCU boards have for it ([`AutoReset`]).

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;

use crate::qmp::Qmp;
use crate::surroundings::SharedSurroundings;

/// The lines of a board that runs.
pub struct Lines {
    state: Mutex<State>,
}

struct State {
    command_socket: PathBuf,
    /// Connected when it is needed first: most boards are never reset from outside.
    qemu: Option<Qmp>,
    surroundings: SharedSurroundings,
    in_reset: bool,
    jumper: bool,
    transistor: bool,
}

impl Lines {
    /// Of the board whose QEMU takes commands on this socket. `gpio0_low`: GPIO0's jumper is set.
    pub fn new(command_socket: &Path, surroundings: SharedSurroundings, gpio0_low: bool) -> Self {
        Lines {
            state: Mutex::new(State {
                command_socket: command_socket.to_owned(),
                qemu: None,
                surroundings,
                in_reset: false,
                jumper: gpio0_low,
                transistor: false,
            }),
        }
    }

    /// Sets GPIO0's jumper, which holds it low, or takes it away.
    pub fn set_jumper(&self, low: bool) {
        self.state.lock().expect("no holder of this lock panics").jumper = low;
    }

    /// Presses the reset button and lets it go.
    pub fn press_reset(&self) -> Result<()> {
        let mut state = self.state.lock().expect("no holder of this lock panics");
        state.set_reset(true)?;
        state.set_reset(false)
    }

    /// Applies what the transistors do.
    pub fn apply(&self, levels: Levels) -> Result<()> {
        let mut state = self.state.lock().expect("no holder of this lock panics");
        state.transistor = levels.gpio0_low;
        state.set_reset(levels.reset_low)
    }
}

impl State {
    fn set_reset(&mut self, low: bool) -> Result<()> {
        if low == self.in_reset {
            return Ok(());
        }
        let qemu = match &mut self.qemu {
            Some(qemu) => qemu,
            none => none.insert(Qmp::connect(&self.command_socket)?),
        };
        if low {
            qemu.execute("stop")?;
            qemu.execute("system_reset")?;
        } else {
            let gpio0_low = self.jumper || self.transistor;
            self.surroundings.change(|surroundings| surroundings.gpio0_low_at_reset = gpio0_low)?;
            qemu.execute("cont")?;
        }
        self.in_reset = low;
        Ok(())
    }
}

/// The levels of the two lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// The chip is held in reset.
    pub reset_low: bool,
    /// GPIO0 is pulled low.
    pub gpio0_low: bool,
}

/// The circuit between the serial port's DTR and RTS and the lines: RTS alone resets, DTR alone pulls GPIO0 low, both or
/// none do nothing.
///
/// esptool goes from RTS alone to DTR alone in two steps, one signal after the other. With both set in between, a
/// capacitor keeps the chip in reset; here, until the next step, or until [`AutoReset::charge`] is called.
#[derive(Default)]
pub struct AutoReset {
    dtr: bool,
    rts: bool,
    levels: Levels,
}

impl AutoReset {
    /// Sets DTR.
    pub fn set_dtr(&mut self, on: bool) -> Levels {
        self.dtr = on;
        self.step()
    }

    /// Sets RTS.
    pub fn set_rts(&mut self, on: bool) -> Levels {
        self.rts = on;
        self.step()
    }

    /// The port is closed: both signals are gone.
    pub fn release(&mut self) -> Levels {
        (self.dtr, self.rts) = (false, false);
        self.step()
    }

    /// Much time has passed without a step: the capacitor is charged.
    pub fn charge(&mut self) -> Levels {
        if self.dtr && self.rts {
            self.levels.reset_low = false;
        }
        self.levels
    }

    fn step(&mut self) -> Levels {
        let both = self.dtr && self.rts;
        self.levels = Levels {
            reset_low: self.rts && !self.dtr || both && self.levels.reset_low,
            gpio0_low: self.dtr && !self.rts,
        };
        self.levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNS: Levels = Levels { reset_low: false, gpio0_low: false };
    const IN_RESET: Levels = Levels { reset_low: true, gpio0_low: false };
    const DOWNLOAD: Levels = Levels { reset_low: false, gpio0_low: true };

    #[test]
    fn esptool_resets_into_download_mode() {
        let mut port = AutoReset::default();
        // Opening the port sets both.
        assert_eq!(port.set_dtr(true), DOWNLOAD);
        assert_eq!(port.set_rts(true), RUNS);
        assert_eq!(port.set_dtr(false), IN_RESET);
        assert_eq!(port.set_rts(true), IN_RESET);
        assert_eq!(port.set_dtr(true), IN_RESET, "the capacitor holds the chip");
        assert_eq!(port.set_rts(false), DOWNLOAD);
        assert_eq!(port.set_dtr(false), RUNS);
    }

    #[test]
    fn esptool_resets_into_the_firmware() {
        let mut port = AutoReset::default();
        assert_eq!(port.set_rts(true), IN_RESET);
        assert_eq!(port.set_rts(false), RUNS);
    }

    #[test]
    fn opening_and_closing_a_terminal_does_not_reset() {
        let mut port = AutoReset::default();
        port.set_dtr(true);
        assert_eq!(port.set_rts(true), RUNS);
        assert_eq!(port.release(), RUNS);
    }

    #[test]
    fn a_capacitor_does_not_hold_for_ever() {
        let mut port = AutoReset::default();
        port.set_rts(true);
        assert_eq!(port.set_dtr(true), IN_RESET);
        assert_eq!(port.charge(), RUNS);
    }

    #[test]
    fn a_closed_port_lets_the_chip_run() {
        let mut port = AutoReset::default();
        assert_eq!(port.set_rts(true), IN_RESET);
        assert_eq!(port.charge(), IN_RESET, "RTS is still set");
        assert_eq!(port.release(), RUNS);
    }
}
