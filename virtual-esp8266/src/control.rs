//! Commands while the board runs, on a Unix socket, one a line. Each is answered with `ok`, or with what is wrong.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use anyhow::{Context, Result, bail};

use crate::Event;
use crate::lines::Lines;
use crate::surroundings::SharedSurroundings;

/// What the commands act on.
pub struct Controls {
    /// For `wifi`.
    pub surroundings: SharedSurroundings,
    /// For `gpio0` and `reset`.
    pub lines: Arc<Lines>,
    /// For `off`.
    pub events: Sender<Event>,
}

/// Listens at the path until the program ends.
pub fn listen(path: &Path, controls: Controls) -> Result<()> {
    let listener = UnixListener::bind(path).with_context(|| format!("cannot listen at {}", path.display()))?;
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A peer that goes away in the middle harms nobody.
            serve(&connection, &controls).ok();
        }
    });
    Ok(())
}

fn serve(connection: &UnixStream, controls: &Controls) -> Result<()> {
    let mut answer = connection;
    for line in BufReader::new(connection).lines() {
        match obey(line?.trim(), controls) {
            Ok(()) => writeln!(answer, "ok")?,
            Err(error) => writeln!(answer, "{error:#}")?,
        }
    }
    Ok(())
}

fn obey(command: &str, controls: &Controls) -> Result<()> {
    match command {
        "wifi down" => controls.surroundings.change(|surroundings| surroundings.wifi = false),
        "wifi up" => controls.surroundings.change(|surroundings| surroundings.wifi = true),
        "gpio0 low" => {
            controls.lines.set_jumper(true);
            Ok(())
        }
        "gpio0 high" => {
            controls.lines.set_jumper(false);
            Ok(())
        }
        "reset" => controls.lines.press_reset(),
        "off" => Ok(controls.events.send(Event::Off)?),
        _ => bail!("the commands are: wifi down, wifi up, gpio0 low, gpio0 high, reset, off"),
    }
}
