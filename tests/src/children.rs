//! Child processes that never outlive this one.
//!
//! Whoever starts a child stops it through its handle. For the case that this process is killed before it can, the kernel is
//! asked (by `setpriv`, of util-linux) to end the child with the thread that started it. So a child must be
//! dropped by the thread that started it, or before that thread ends.

use anyhow::{Context, Result};
use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command},
};

/// Debian keeps the broker where only root's `PATH` leads.
const BEYOND_PATH: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// Finds the program `name`; the error names the Debian package that brings it.
pub fn find(name: &str, package: &str) -> Result<PathBuf> {
    search(name).with_context(|| format!("{name} is missing; on Debian: sudo apt-get install {package}"))
}

/// A command for `program` that ends with this process.
pub fn command(program: &Path) -> Command {
    let Some(setpriv) = search("setpriv") else { return Command::new(program) };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Stops a child that may be gone already, and takes its status.
pub fn stop(child: &mut Child) {
    // Both fail only for a child that was waited for before.
    let _ = child.kill();
    let _ = child.wait();
}

fn search(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(BEYOND_PATH.map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
