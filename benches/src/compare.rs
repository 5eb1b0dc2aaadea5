//! What has become worse since the results that are committed.

use crate::results::{OURS, Results};
use anyhow::{Context, Result};
use std::{path::Path, process::Command};

/// A ratio may grow by this factor: counts vary by as much from run to run.
const TOLERANCE: f64 = 1.03;
/// An operation that waits for the broker is not compared: its count is that of the wait.
const WAITING: &str = "connect";
/// Payloads beyond this are sent and received in parts, with waits between them.
const WITHOUT_WAITS: usize = 1024;

/// The results in the last commit, if there are any.
pub fn committed(repository: &Path, file: &str) -> Result<Option<Results>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(["show", &format!("HEAD:{file}")])
        .output()
        .context("cannot run git")?;
    if !output.status.success() {
        return Ok(None);
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{file} in the last commit is not what it was"))
        .map(Some)
}

/// A line for each of our ratios that is worse by more than the tolerance.
pub fn worse(now: &Results, before: &Results) -> Vec<String> {
    let ours = now.measurements.iter().filter(|m| m.subject == OURS);
    ours.filter(|m| m.operation != WAITING && m.size <= WITHOUT_WAITS)
        .filter_map(|m| {
            let ratio = now.ratio(m)?;
            let last = before.ratio(before.find(&m.operation, m.size, OURS)?)?;
            (ratio > last * TOLERANCE).then(|| {
                format!("{} with {} B: {ratio:.2} times the bare socket, and {last:.2} before", m.operation, m.size)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{BARE, Measurement};

    fn results(ours: f64) -> Results {
        let measurement = |subject: &str, median| Measurement {
            operation: "ping".into(),
            size: 24,
            subject: subject.into(),
            median: Some(median),
            ..Measurement::default()
        };
        Results { measurements: vec![measurement(BARE, 100.0), measurement(OURS, ours)], ..Results::default() }
    }

    #[test]
    fn more_than_three_per_cent_is_worse() {
        assert!(worse(&results(102.0), &results(100.0)).is_empty());
        assert_eq!(
            worse(&results(104.0), &results(100.0)),
            ["ping with 24 B: 1.04 times the bare socket, and 1.00 before"]
        );
    }
}
