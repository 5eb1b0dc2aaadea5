//! docs/conformance.md

use crate::cargo::{self, Outcome, SUITES};
use crate::mutants;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const PAGE: &str = "docs/conformance.md";

/// A statement of the specification.
struct Statement {
    identifier: String,
    demand: String,
    note: Option<String>,
}

fn statements() -> Result<Vec<Statement>> {
    let text = fs::read_to_string("conformance/statements.txt").context("run this from the repository's root")?;
    let mut found: Vec<Statement> = vec![];
    for line in text.lines() {
        if let Some(note) = line.strip_prefix("! ") {
            found.last_mut().context("a note without its statement")?.note = Some(note.to_owned());
        } else if let Some((identifier, demand)) = line.split_once(' ')
            && identifier.starts_with(|first: char| first.is_ascii_digit())
        {
            found.push(Statement { identifier: identifier.to_owned(), demand: demand.to_owned(), note: None });
        }
    }
    Ok(found)
}

/// Runs the tests and writes the page. Fails when a statement has no test or a test has no statement.
pub fn write() -> Result<()> {
    let mut tests: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for suite in SUITES {
        let results = match cargo::test(Path::new("."), None, suite, &[])? {
            Outcome::Ran(results) => results,
            Outcome::DidNotCompile(error) => bail!("the tests do not compile: {error}"),
            Outcome::TookTooLong => bail!("the tests take too long"),
        };
        for (name, passed) in results {
            for identifier in cargo::statements(&name) {
                tests.entry(identifier).or_default().push((name.clone(), passed));
            }
        }
    }
    let statements = statements()?;
    let mut page = String::from(
        "# Conformance to MQTT 3.1.1\n\n\
         <!-- Written by `make conformance` from the tests' names and results. Do not edit. -->\n\n\
         Every normative statement of MQTT 3.1.1 that binds a client, by its identifier, what it demands in our words, \
         and the tests that carry its identifier. Tests with `::` run the class in an interpreter \
         (`micropython-sys/tests/conformance/`), the others run the engine against a model broker (`model/tests/`).\n\n\
         | statement | demands | test | result |\n|---|---|---|---|\n",
    );
    let (mut missing, mut failing) = (vec![], 0);
    for Statement { identifier, demand, note } in &statements {
        let Some(tests) = tests.remove(identifier) else {
            missing.push(identifier.clone());
            continue;
        };
        let note = note.as_ref().map(|note| format!("<br>*{note}*")).unwrap_or_default();
        let names = tests.iter().map(|(name, _)| format!("`{}`", short(name))).collect::<Vec<_>>().join("<br>");
        let results = tests.iter().map(|(_, passed)| if *passed { "passes" } else { "**fails**" });
        failing += tests.iter().filter(|(_, passed)| !passed).count();
        let results = results.collect::<Vec<_>>().join("<br>");
        writeln!(page, "| {identifier} | {demand}{note} | {names} | {results} |")?;
    }
    page.push_str(&mutants::chapter()?);
    fs::write(PAGE, page)?;
    println!("{PAGE}: {} statements, {failing} tests fail", statements.len());
    if !missing.is_empty() {
        bail!("no test carries {}", missing.join(", "));
    }
    if let Some(unknown) = tests.keys().next() {
        bail!("a test carries {unknown}, which conformance/statements.txt does not have");
    }
    Ok(())
}

/// The name as a reader looks for it: without the statements' identifiers.
pub fn short(name: &str) -> String {
    let (module, name) = name.split_once("::").unwrap_or(("", name));
    let mut rest = name;
    while let Some(after) = rest.strip_prefix("mqtt_") {
        let numbers = after.split('_').take(4).map(|part| part.len() + 1).sum::<usize>();
        rest = after.get(numbers..).unwrap_or("");
    }
    if module.is_empty() { rest.to_owned() } else { format!("{module}::{rest}") }
}
