//! What was measured, as it is kept: `build/bench.json`, and in the repository `docs/benchmarks.json`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that one run has measured.
#[derive(Default, Serialize, Deserialize)]
pub struct Results {
    /// Each operation with each payload by each subject.
    pub measurements: Vec<Measurement>,
    /// What a subject keeps of the heap, in bytes, by its name.
    pub footprints: BTreeMap<String, Footprint>,
    /// The size report of the firmwares: bytes, by firmware and kind of memory.
    pub sizes: BTreeMap<String, BTreeMap<String, u32>>,
    /// Messages end to end, in the host's time.
    pub speeds: Vec<Speed>,
    /// Where the instructions of some operations go.
    #[serde(default)]
    pub profiles: Vec<Profile>,
}

/// The instructions of one operation by one subject, without interrupts.
#[derive(Clone, Serialize, Deserialize)]
pub struct Profile {
    /// Its name.
    pub operation: String,
    /// Who did it.
    pub subject: String,
    /// All of them.
    pub total: usize,
    /// How deep the stack gets below where the operation begins, in bytes.
    #[serde(default)]
    pub stack: u32,
    /// Those of each function itself, without those it calls.
    pub functions: BTreeMap<String, usize>,
}

/// One operation with one payload by one subject. What was not measured is absent.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Measurement {
    /// Its name.
    pub operation: String,
    /// The payload, in bytes.
    pub size: usize,
    /// Who did it.
    pub subject: String,
    /// Why it could not, else nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cannot: Option<String>,
    /// Instructions, net of an empty call: the least of all rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// The median of all rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<f64>,
    /// The mean of rounds with the garbage collector on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collecting: Option<f64>,
    /// Bytes of the heap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap: Option<f64>,
    /// Calls of the socket's write().
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<f64>,
    /// TCP segments with data that the board sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<f64>,
    /// Bytes of the Ethernet frames of these segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_bytes: Option<f64>,
}

/// Bytes of the heap, after a collection.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Footprint {
    /// Kept by `from umqtt.simple import MQTTClient`.
    pub import: u32,
    /// Kept by an instance that is not connected yet.
    pub instance: u32,
}

/// Messages in a row.
#[derive(Clone, Serialize, Deserialize)]
pub struct Speed {
    /// "publish QoS 1" and the like.
    pub operation: String,
    /// Who did it.
    pub subject: String,
    /// How many there were.
    pub messages: usize,
    /// How many a second.
    pub per_second: f64,
}

impl Results {
    /// The measurement, if it was made.
    pub fn find(&self, operation: &str, size: usize, subject: &str) -> Option<&Measurement> {
        self.measurements.iter().find(|m| m.operation == operation && m.size == size && m.subject == subject)
    }

    /// How many times the bare socket's cost it is.
    pub fn ratio(&self, measurement: &Measurement) -> Option<f64> {
        let bare = self.find(&measurement.operation, measurement.size, BARE)?.median?;
        Some(measurement.median? / bare)
    }
}

/// The subjects as `measure.py` calls them.
pub const BARE: &str = "bare";
/// The reference library.
pub const PYTHON: &str = "pyth";
/// This project's.
pub const OURS: &str = "ours";

/// lwIP's own client.
pub const LWIP: &str = "lwip";

/// The middle one; `None` of nothing.
pub fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 0 => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
        _ => Some(sorted[middle]),
    }
}

/// The sum divided by the number; `None` of nothing.
pub fn mean(figures: &[f64]) -> Option<f64> {
    if figures.is_empty() { None } else { Some(figures.iter().sum::<f64>() / figures.len() as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_ratio_is_taken_of_the_same_operation_and_size() {
        let measurement = |subject: &str, size, median| Measurement {
            operation: "ping".into(),
            size,
            subject: subject.into(),
            median: Some(median),
            ..Measurement::default()
        };
        let results = Results {
            measurements: vec![measurement(BARE, 0, 100.0), measurement(BARE, 24, 200.0), measurement(OURS, 24, 300.0)],
            ..Results::default()
        };
        assert_eq!(results.ratio(&results.measurements[2]), Some(1.5));
    }
}
