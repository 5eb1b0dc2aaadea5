//! Lets one process, and no other, find [`SERVER`](crate::SERVER) at the test's own broker.
//!
//! `nss_wrapper`, loaded into that process, answers its name look-ups from a hosts file. The machine's own hosts file
//! and its network are not touched; a library that is missing is an error, so no test ever reaches the real server.

use crate::SERVER;
use anyhow::{Context, Result};
use std::{fs, net::Ipv4Addr, path::Path, path::PathBuf, process::Command};

const LIBRARY: &str = "libnss_wrapper.so";

/// Writes the hosts file into `folder` and sets `command` up to use it.
pub fn resolve(command: &mut Command, folder: &Path, address: Ipv4Addr) -> Result<()> {
    let hosts = folder.join("hosts");
    fs::write(&hosts, format!("{address} {SERVER}\n")).context("cannot write the hosts file")?;
    command.env("LD_PRELOAD", library()?).env("NSS_WRAPPER_HOSTS", hosts);
    Ok(())
}

fn library() -> Result<PathBuf> {
    let roots = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from);
    let nested = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    roots
        .into_iter()
        .chain(nested)
        .map(|folder| folder.join(LIBRARY))
        .find(|file| file.is_file())
        .with_context(|| format!("{LIBRARY} is missing; on Debian: sudo apt-get install libnss-wrapper"))
}
