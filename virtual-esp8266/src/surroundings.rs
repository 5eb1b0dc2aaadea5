//! What is around the board: access points, names of hosts, and what its boot ROM finds at its pins.
//!
//! The board reads the file again and again, so things come and go by rewriting it. The format of access points and hosts
//! is that of `sdk/src/net80211/surroundings.h`; the other lines are read by the boot ROM (`rom/boot.c`, `rom/flash.c`).

use std::fmt::Write;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};

/// A name that the board can look up.
#[derive(Clone)]
pub struct HostEntry {
    name: String,
    address: Ipv4Addr,
}

impl FromStr for HostEntry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, server) = text.split_once('=').ok_or("write NAME=ADDRESS or NAME=ADDRESS:PORT")?;
        // All ports of the address can be reached, so the port says nothing more.
        let (address, port) = server.split_once(':').unwrap_or((server, "0"));
        port.parse::<u16>().map_err(|_| format!("{port} is no port"))?;
        let address = address.parse().map_err(|_| format!("{address} is no IPv4 address"))?;
        if name.is_empty() || name.len() > 63 {
            return Err("a name has 1 to 63 characters".into());
        }
        Ok(HostEntry { name: name.into(), address })
    }
}

/// An access point in reach.
#[derive(Clone)]
pub struct AccessPoint {
    ssid: String,
    /// Empty: an open network.
    password: String,
}

impl FromStr for AccessPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (ssid, password) = text.split_once(':').unwrap_or((text, ""));
        if ssid.is_empty() || ssid.len() > 32 || password.len() > 64 {
            return Err("an SSID has 1 to 32 bytes, a password up to 64".into());
        }
        if text.contains(['\t', '\n']) {
            return Err("no tabs or line ends, please".into());
        }
        Ok(AccessPoint { ssid: ssid.into(), password: password.into() })
    }
}

/// The description.
pub struct Surroundings {
    /// Names that the board can look up.
    pub hosts: Vec<HostEntry>,
    /// Access points that exist.
    pub access_points: Vec<AccessPoint>,
    /// Whether they are in reach.
    pub wifi: bool,
    /// Whether the board starts in strict memory mode.
    pub strict: bool,
    /// Bytes of flash on the board.
    pub flash_size: u32,
    /// Whether somebody can reset the board from outside: without a firmware it then waits for that.
    pub can_be_reset: bool,
    /// The level of GPIO0 when the board was switched on, or last came out of a reset from outside.
    pub gpio0_low_at_reset: bool,
}

/// The access points when none are asked for.
pub fn usual_access_points() -> Vec<AccessPoint> {
    vec![
        AccessPoint { ssid: "home".into(), password: "secret".into() },
        AccessPoint { ssid: "guest".into(), password: String::new() },
    ]
}

/// The description in its file, for all who change it.
#[derive(Clone)]
pub struct SharedSurroundings(Arc<Mutex<(Surroundings, PathBuf)>>);

impl SharedSurroundings {
    /// Writes the file.
    pub fn new(surroundings: Surroundings, file: PathBuf) -> Result<Self> {
        let shared = SharedSurroundings(Arc::new(Mutex::new((surroundings, file))));
        shared.change(|_| ())?;
        Ok(shared)
    }

    /// Changes the description and writes the file. The board sees either the old contents or the new.
    pub fn change(&self, change: impl FnOnce(&mut Surroundings)) -> Result<()> {
        let (surroundings, file) = &mut *self.0.lock().expect("no holder of this lock panics");
        change(surroundings);
        let part = file.with_extension("part");
        fs::write(&part, surroundings.text())
            .and_then(|()| fs::rename(&part, &*file))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Surroundings {
    fn text(&self) -> String {
        let mut text = format!("flash-size\t{}\n", self.flash_size);
        for (line, is_so) in [
            ("strict-memory\n", self.strict),
            ("can-be-reset\n", self.can_be_reset),
            ("gpio0-low-at-reset\n", self.gpio0_low_at_reset),
        ] {
            if is_so {
                text += line;
            }
        }
        for HostEntry { name, address } in &self.hosts {
            // Writing to a String does not fail.
            let _ = writeln!(text, "host\t{name}\t{address}");
        }
        let visible = if self.wifi { &self.access_points[..] } else { &[] };
        for (number, AccessPoint { ssid, password }) in visible.iter().enumerate() {
            let (channel, signal) = (1 + number * 5 % 13, 45 + 10 * number % 50);
            let _ = writeln!(text, "ap\t{ssid}\t{password}\t{channel}\t-{signal}\t02:00:00:00:00:{number:02x}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_board_can_read_it() {
        let mut surroundings = Surroundings {
            hosts: vec!["test.mosquitto.org=127.83.1.2:1883".parse().unwrap()],
            access_points: vec!["home:secret".parse().unwrap()],
            wifi: true,
            strict: true,
            flash_size: 2 << 20,
            can_be_reset: false,
            gpio0_low_at_reset: false,
        };
        let host = "flash-size\t2097152\nstrict-memory\nhost\ttest.mosquitto.org\t127.83.1.2\n";
        assert_eq!(surroundings.text(), format!("{host}ap\thome\tsecret\t1\t-45\t02:00:00:00:00:00\n"));
        surroundings.wifi = false;
        assert_eq!(surroundings.text(), host);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!("test.mosquitto.org".parse::<HostEntry>().is_err());
        assert!("a=b".parse::<HostEntry>().is_err());
        assert!("a=127.0.0.1:b".parse::<HostEntry>().is_err());
        assert!(":secret".parse::<AccessPoint>().is_err());
    }
}
