//! The files in `examples/`, which are for people, made fit for a test: impatient, above all.

use crate::repository;
use anyhow::{Context, Result, ensure};
use std::fs;

/// The text of an example, in which each of the `changes` replaces what must be there once.
pub fn read(name: &str, changes: &[(&str, &str)]) -> Result<String> {
    let path = repository().join("examples").join(name);
    let mut text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    for (from, to) in changes {
        ensure!(text.matches(from).count() == 1, "{name} has not once: {from}");
        text = text.replace(from, to);
    }
    Ok(text)
}

/// The names of all examples.
pub fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(repository().join("examples"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".py") {
            names.push(name);
        }
    }
    ensure!(!names.is_empty(), "there is no example");
    Ok(names)
}

/// So many bytes of which no piece looks like its neighbour.
pub fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}
