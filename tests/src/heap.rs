//! What the class takes of the heap, measured in the interpreter by `heap.py`: ours and the Python library's.
//!
//! The figures are those of a 64-bit machine, where objects are twice as large as on the ESP8266.

use crate::{broker::Broker, interpreter::Interpreter, repository, script::Script};
use anyhow::{Context, Result};
use std::fs;

/// The version of the Python library that ours is measured beside.
pub const REFERENCE: &str = "1.3.4";

/// The bytes that each thing measured takes, in the order measured.
pub struct Figures(Vec<(String, i64)>);

impl Figures {
    /// Measures the class that is built into the interpreter.
    pub fn of_ours(broker: &Broker) -> Result<Self> {
        Self::measure(broker, Interpreter::find()?)
    }

    /// Measures the Python library.
    pub fn of_reference(broker: &Broker) -> Result<Self> {
        let path = repository().join(format!("build/reference/{REFERENCE}/umqtt/simple.py"));
        let source = fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}; to fetch it: make reference", path.display()))?;
        let mut interpreter = Interpreter::find()?;
        interpreter.add_module("umqtt/simple.py", &source)?;
        Self::measure(broker, interpreter)
    }

    /// Bytes taken by the thing of that name.
    pub fn get(&self, name: &str) -> Option<i64> {
        self.0.iter().find(|(measured, _)| measured == name).map(|&(_, bytes)| bytes)
    }

    fn measure(broker: &Broker, interpreter: Interpreter) -> Result<Self> {
        let script = Script::start(interpreter, broker.address(), include_str!("heap.py"))?;
        let figures = script.finish()?.into_iter().map(|line| {
            let (name, bytes) = line.split_once('\t').with_context(|| format!("not a figure: {line}"))?;
            Ok((name.to_owned(), bytes.parse()?))
        });
        figures.collect::<Result<_>>().map(Self)
    }
}

/// A table of both, to be printed.
pub fn table(ours: &Figures, reference: &Figures) -> String {
    let mut table = format!("{:<20} {:>8} {:>14}\n", "heap, in bytes", "ours", format!("Python {REFERENCE}"));
    for (name, bytes) in &ours.0 {
        let python = reference.get(name).map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        table += &format!("{name:<20} {bytes:>8} {python:>14}\n");
    }
    table
}
