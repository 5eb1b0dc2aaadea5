//! Lines that show how far a long run is, on standard error: none in a short one.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const PAUSE: Duration = Duration::from_secs(20);

/// Says something every now and then.
pub struct Progress(Mutex<Option<Instant>>);

impl Progress {
    /// Nothing was said yet.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Says it, unless something was said a short while ago, or this is the beginning.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get_or_insert_with(Instant::now).elapsed() >= PAUSE {
            *last = Some(Instant::now());
            eprintln!("{}", line());
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
