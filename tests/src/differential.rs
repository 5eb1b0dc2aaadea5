//! The differential scripts of `tests/differential/`: what runs them, and the table of intended differences.
//!
//! A case is run by `runner.py` against one library and prints a trace of all that a user could notice. Two libraries are
//! the same where their traces are equal; where they are not, a row of `docs/differences.md` must say so.

use crate::{broker::PORT, interpreter::Interpreter, lines::Lines, repository};
use anyhow::{Context, Result, ensure};
use similar::TextDiff;
use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    fs,
    net::Ipv4Addr,
    path::Path,
    process::Stdio,
};

/// The versions of the reference library.
pub const VERSIONS: [&str; 2] = ["1.3.3", "1.3.4"];
/// What `runner.py` calls this project's library.
pub const OURS: &str = "ours";
/// Where the intended differences are written down.
pub const TABLE: &str = "docs/differences.md";

const BOTH_VERSIONS: &str = "both";
const RUNNER: &str = "tests/differential/runner.py";
/// Some cases hold a message of 2 MiB, and one is larger than this.
const HEAP: &str = "heapsize=16m";
/// What the project promises; a runner that finds fewer cases does not find all.
const CASES_PROMISED: usize = 150;

/// A row of the table: an intended difference.
pub struct Difference {
    /// What the row is called.
    pub id: String,
    /// The versions of the reference from which ours differs.
    pub versions: Vec<&'static str>,
    patterns: Vec<String>,
}

/// One case on every library.
pub struct Comparison {
    /// Its name.
    pub case: String,
    /// What happened with our library.
    pub ours: String,
    /// What happened with each version of the reference.
    pub reference: BTreeMap<&'static str, String>,
}

impl Difference {
    /// Whether the row says that the case differs from this version.
    pub fn covers(&self, case: &str, version: &str) -> bool {
        self.versions.contains(&version) && self.patterns.iter().any(|pattern| matches(pattern, case))
    }
}

/// The names of all cases.
pub fn cases(interpreter: &Interpreter) -> Result<Vec<String>> {
    let listing = run(interpreter, Ipv4Addr::LOCALHOST, &["--list"])?;
    let cases: Vec<String> = listing.lines().map(str::to_owned).collect();
    ensure!(cases.len() >= CASES_PROMISED, "only {} cases:\n{listing}", cases.len());
    Ok(cases)
}

/// The trace of one case in MicroPython's unix port. `library` is [`OURS`] or a version of the reference. A library that
/// does not come to an end has, at the end of its trace, the line that the runner prints when it can tell: `hang`.
pub fn trace(interpreter: &Interpreter, broker: Ipv4Addr, library: &str, case: &str) -> Result<String> {
    let folder = repository().join("build/reference").join(library);
    if library == OURS {
        return run(interpreter, broker, &[OURS, case]);
    }
    ensure!(folder.join("umqtt/simple.py").is_file(), "{} lacks the reference library", folder.display());
    run(interpreter, broker, &[&folder.display().to_string(), case])
}

/// The same of the library in a folder, `umqtt/simple.mpy` or `umqtt/simple.py`.
pub fn trace_of_folder(interpreter: &Interpreter, broker: Ipv4Addr, folder: &Path, case: &str) -> Result<String> {
    run(interpreter, broker, &[&folder.display().to_string(), case])
}

fn run(interpreter: &Interpreter, broker: Ipv4Addr, arguments: &[&str]) -> Result<String> {
    let mut child = interpreter
        .command(broker)?
        .args(["-X", HEAP])
        .arg(repository().join(RUNNER))
        .args(arguments)
        .env("UMQTT_BROKER", format!("{broker}:{PORT}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the interpreter")?;
    let lines = Lines::new("runner.py", child.stdout.take().expect("it is piped"), |_| ());
    let in_time = lines.end().is_ok();
    if !in_time {
        // Fails only for a child that is gone already.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let mut trace = lines.seen();
    if !in_time {
        trace += "\nhang";
    } else if !status.success() {
        let _ = write!(trace, "\nended by {status}");
    }
    Ok(trace)
}

/// Where the libraries differ and no row says so, or a row says so and they do not.
pub fn problems<'a>(table: &[Difference], comparisons: impl IntoIterator<Item = &'a Comparison>) -> Vec<String> {
    let mut problems = Vec::new();
    for Comparison { case, ours, reference } in comparisons {
        for (version, reference) in reference {
            let rows: Vec<_> = table.iter().filter(|row| row.covers(case, version)).collect();
            match rows[..] {
                [] if reference == ours => {}
                [] => problems.push(format!(
                    "{case} differs from {version}, and no row says so:\n{}",
                    diff(version, OURS, reference, ours)
                )),
                [Difference { id, .. }] if reference == ours => {
                    problems.push(format!("{case} is named by {id} but does not differ from {version}:\n{ours}"));
                }
                [_] => {}
                _ => {
                    let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
                    problems.push(format!("{case} is named by several rows: {}", ids.join(", ")));
                }
            }
        }
    }
    problems
}

/// Fails when there are problems, and tells them all.
pub fn report(problems: &[String]) {
    let mut text = String::new();
    for problem in problems {
        let _ = writeln!(text, "\n{problem}");
    }
    assert!(problems.is_empty(), "{} problems:\n{text}", problems.len());
}

/// What is different between two traces, for a person.
pub fn diff(left: impl Display, right: impl Display, old: &str, new: &str) -> String {
    TextDiff::from_lines(format!("{old}\n").as_str(), format!("{new}\n").as_str())
        .unified_diff()
        .context_radius(100)
        .header(&left.to_string(), &right.to_string())
        .to_string()
}

/// Reads the table. Its rows: id, versions, patterns in backquotes, and then what people read.
pub fn read_table() -> Vec<Difference> {
    let text = fs::read_to_string(repository().join(TABLE)).unwrap_or_else(|error| panic!("{TABLE}: {error}"));
    let rows = text.lines().filter(|line| line.starts_with("| D"));
    rows.map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let mut cell = |what: &str| cells.next().unwrap_or_else(|| panic!("{TABLE}: no {what} in: {line}"));
        let id = cell("id").to_owned();
        let versions = match cell("version") {
            BOTH_VERSIONS => VERSIONS.to_vec(),
            one => {
                let known = VERSIONS.into_iter().find(|version| *version == one);
                vec![known.unwrap_or_else(|| panic!("{TABLE}: {id} is about {one}"))]
            }
        };
        let patterns = cell("cases").split('`').skip(1).step_by(2).map(str::to_owned).collect();
        for column in ["reference", "ours", "reason"] {
            assert!(!cell(column).is_empty(), "{TABLE}: {id} has no {column}");
        }
        Difference { id, versions, patterns }
    })
    .collect()
}

/// Whether the name is as the pattern says, in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).any(|at| rest.is_char_boundary(at) && matches(after, &rest[at..]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        assert!(matches("publish/*", "publish/qos-1"));
        assert!(matches("receive/*-check", "receive/cut-check-check"));
        assert!(matches("a/b", "a/b"));
        assert!(!matches("a/b", "a/bc"));
        assert!(!matches("a/b", "xa/b"));
        assert!(!matches("a/*-x", "a/y"));
        assert!(!matches("ab*ba", "aba"));
    }
}
