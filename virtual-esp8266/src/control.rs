//! Commands while the board runs, on a Unix socket: `wifi down`, `wifi up`, `off`. Each is answered with `ok`, or with
//! what is wrong.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};

use crate::Event;
use crate::surroundings::Surroundings;

/// Listens at the path until the program ends.
pub fn listen(path: &Path, surroundings: Arc<Mutex<Surroundings>>, events: Sender<Event>) -> Result<()> {
    let listener = UnixListener::bind(path).with_context(|| format!("cannot listen at {}", path.display()))?;
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A peer that goes away in the middle harms nobody.
            serve(&connection, &surroundings, &events).ok();
        }
    });
    Ok(())
}

fn serve(connection: &UnixStream, surroundings: &Mutex<Surroundings>, events: &Sender<Event>) -> Result<()> {
    let mut answer = connection;
    for line in BufReader::new(connection).lines() {
        match obey(line?.trim(), surroundings, events) {
            Ok(()) => writeln!(answer, "ok")?,
            Err(error) => writeln!(answer, "{error:#}")?,
        }
    }
    Ok(())
}

fn obey(command: &str, surroundings: &Mutex<Surroundings>, events: &Sender<Event>) -> Result<()> {
    let surroundings = surroundings.lock().expect("no holder of this lock panics");
    match command {
        "wifi down" => surroundings.write(false),
        "wifi up" => surroundings.write(true),
        "off" => Ok(events.send(Event::Off)?),
        _ => bail!("the commands are: wifi down, wifi up, off"),
    }
}
