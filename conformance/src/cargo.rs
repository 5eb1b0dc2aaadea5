//! The tests whose names carry statements, as Cargo runs them.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Where such tests are: those of the class, and those of the engine against its model broker.
pub const SUITES: [&[&str]; 2] = [
    &["--package", "micropython-sys", "--test", "conformance"],
    &["--package", "umqtt-model", "--test", "schedules", "--test", "states"],
];

/// What a run of tests gave.
pub enum Outcome {
    /// Which tests passed, by name.
    Ran(BTreeMap<String, bool>),
    /// It did not compile; the compiler's first error.
    DidNotCompile(String),
    /// It took too long.
    TookTooLong,
}

/// Runs the tests of a suite whose names contain one of the filters, all without any, in the tree at `root`.
pub fn test(root: &Path, target: Option<&Path>, suite: &[&str], filters: &[String]) -> Result<Outcome> {
    const SECONDS: &str = "600";
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new("timeout");
    command.arg(SECONDS).arg(cargo).args(["test", "--no-fail-fast"]).args(suite).arg("--").args(filters);
    command.current_dir(root).env("RUST_BACKTRACE", "0");
    if std::env::var_os("UMQTT_MICROPYTHON").is_none() {
        command.env("UMQTT_MICROPYTHON", std::env::current_dir()?.join("build/micropython"));
    }
    if let Some(target) = target {
        command.env("CARGO_TARGET_DIR", target);
    }
    let output = command.output().context("cargo test cannot be run")?;
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(124) {
        return Ok(Outcome::TookTooLong);
    }
    let tests: BTreeMap<String, bool> = printed.lines().filter_map(result).collect();
    if tests.is_empty() && !printed.contains("test result") {
        let error = errors.lines().find(|line| line.starts_with("error")).unwrap_or("").to_owned();
        if error.is_empty() {
            bail!("cargo test gave no results:\n{errors}");
        }
        return Ok(Outcome::DidNotCompile(error));
    }
    Ok(Outcome::Ran(tests))
}

/// `test name ... ok`
fn result(line: &str) -> Option<(String, bool)> {
    let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((name.to_owned(), result.starts_with("ok")))
}

/// The statements that a test's name carries: `mqtt_3_1_2_6_mqtt_4_1_0_1_…` gives 3.1.2-6 and 4.1.0-1.
pub fn statements(name: &str) -> Vec<String> {
    let after = name.split("mqtt_").skip(1);
    let numbers = after.map(|rest| rest.split('_').take_while(|part| part.parse::<u32>().is_ok()).take(4));
    numbers.filter_map(|four| statement(&four.collect::<Vec<_>>())).collect()
}

fn statement(numbers: &[&str]) -> Option<String> {
    match numbers {
        [chapter, section, part, number] => Some(format!("{chapter}.{section}.{part}-{number}")),
        _ => None,
    }
}

/// What a test's name contains when it carries the statement.
pub fn filter(statement: &str) -> String {
    format!("mqtt_{}_", statement.replace(['.', '-'], "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_statements() {
        assert_eq!(statements("connect::mqtt_3_1_2_6_forgets"), ["3.1.2-6"]);
        assert_eq!(statements("mqtt_2_3_1_3_mqtt_3_3_1_1_again"), ["2.3.1-3", "3.3.1-1"]);
        assert_eq!(statements("mqtt_1_5_3_1_ill_formed"), ["1.5.3-1"]);
        assert_eq!(statements("mqtt_3_1_forgets"), Vec::<String>::new());
        assert_eq!(filter("3.1.2-6"), "mqtt_3_1_2_6_");
    }

    #[test]
    fn lines_of_cargo() {
        assert_eq!(result("test a::b ... ok"), Some(("a::b".to_owned(), true)));
        assert_eq!(result("test a::b ... FAILED"), Some(("a::b".to_owned(), false)));
        assert_eq!(result("test result: ok. 1 passed"), None);
    }
}
