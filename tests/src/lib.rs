//! End-to-end tests of `umqtt.simple`: a real broker, a real board, and somebody who types at its REPL.
//!
//! The crate starts a mosquitto of its own ([`broker`]), opens a board ([`board`]), types at its REPL as a person
//! does ([`repl`]) and compares what a person would see ([`screen`]). What is typed, and what must come back, is
//! read from the tutorials in `docs/` ([`transcript`]) and played by [`tutorial`]; `umqtt-run` shows that live.
//!
//! What every part guarantees:
//!
//! - Each wait is for an event and has a limit ([`LIMIT`]); past it, the error tells what was awaited and what
//!   had been seen until then. Nothing sleeps in the hope that something is ready.
//! - Each broker has a loopback address of its own, so tests run side by side.
//! - Each child process is stopped through the handle that started it ([`children`]), each temporary folder
//!   removes itself.

pub mod board;
pub mod broker;
pub mod children;
pub mod control;
pub mod differential;
pub mod example;
pub mod fault;
pub mod flood;
pub mod fragmented;
pub mod heap;
pub mod hostile;
pub mod hosts;
pub mod interpreter;
pub mod lines;
pub mod loopback;
pub mod make;
pub mod mosquitto;
pub mod progress;
pub mod raw;
pub mod relay;
pub mod reliability;
pub mod repl;
pub mod screen;
pub mod script;
pub mod show;
pub mod soak;
pub mod transcript;
pub mod tutorial;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long anything here waits for an event before it fails.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The name under which the tutorials know the broker.
pub const SERVER: &str = "test.mosquitto.org";

/// The folder of the whole project.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is a folder of the repository").to_owned()
}
