//! What is around the board: access points, and names of hosts.
//!
//! The board reads the file again and again, so things come and go by rewriting it. Its format is that of
//! `sdk/src/net80211/surroundings.h`.

use std::fmt::Write;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;

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

/// The description, and the file it goes to.
pub struct Surroundings {
    file: PathBuf,
    hosts: Vec<HostEntry>,
    access_points: Vec<AccessPoint>,
    strict: bool,
}

impl Surroundings {
    /// Without access points, the usual two are there.
    pub fn new(file: PathBuf, hosts: Vec<HostEntry>, mut access_points: Vec<AccessPoint>, strict: bool) -> Self {
        if access_points.is_empty() {
            access_points = vec![
                AccessPoint { ssid: "home".into(), password: "secret".into() },
                AccessPoint { ssid: "guest".into(), password: String::new() },
            ];
        }
        Surroundings { file, hosts, access_points, strict }
    }

    /// Writes the file; the board sees either the old contents or the new.
    pub fn write(&self, with_access_points: bool) -> Result<()> {
        let part = self.file.with_extension("part");
        fs::write(&part, self.text(with_access_points))
            .and_then(|()| fs::rename(&part, &self.file))
            .with_context(|| format!("cannot write {}", self.file.display()))
    }

    fn text(&self, with_access_points: bool) -> String {
        let mut text = String::new();
        if self.strict {
            text += "strict-memory\n";
        }
        for HostEntry { name, address } in &self.hosts {
            // Writing to a String does not fail.
            let _ = writeln!(text, "host\t{name}\t{address}");
        }
        let visible = if with_access_points { &self.access_points[..] } else { &[] };
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
        let surroundings = Surroundings::new(
            PathBuf::new(),
            vec!["test.mosquitto.org=127.83.1.2:1883".parse().unwrap()],
            vec!["home:secret".parse().unwrap()],
            true,
        );
        let host = "strict-memory\nhost\ttest.mosquitto.org\t127.83.1.2\n";
        assert_eq!(surroundings.text(true), format!("{host}ap\thome\tsecret\t1\t-45\t02:00:00:00:00:00\n"));
        assert_eq!(surroundings.text(false), host);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!("test.mosquitto.org".parse::<HostEntry>().is_err());
        assert!("a=b".parse::<HostEntry>().is_err());
        assert!("a=127.0.0.1:b".parse::<HostEntry>().is_err());
        assert!(":secret".parse::<AccessPoint>().is_err());
    }
}
