//! Breaks the source on purpose, one change at a time, and sees whether the tests of the statement notice.
//!
//! `conformance/mutants.txt` lists the changes. Each is made in a copy of the tree, `build/mutants`, where nobody else
//! builds; only the tests that carry one of its statements are run. A change is *killed* when one of them fails that
//! passes without it, for each of its statements. What came of it is written to `conformance/mutants.result.txt`, which the table shows.

use crate::cargo::{self, Outcome, SUITES};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

const LIST: &str = "conformance/mutants.txt";
const RESULTS: &str = "conformance/mutants.result.txt";
const COPY: &str = "build/mutants/tree";
const TARGET: &str = "build/mutants/target";

/// What breaks some statements.
struct Mutant {
    statements: Vec<String>,
    what: String,
    changes: Vec<Change>,
}

/// A change to one file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    file: String,
    old: String,
    new: String,
}

/// Blocks of lines: statements and file; what it breaks; the old lines behind `-`, the new ones behind `+`. A line with
/// `@` and a file begins another change of the same block.
fn read(list: &str) -> Result<Vec<Mutant>> {
    let mut mutants = vec![];
    for block in list.split("\n\n").map(str::trim).filter(|block| !block.is_empty() && !block.starts_with('#')) {
        let mut lines = block.lines();
        let head = lines.next().context("a block without lines")?;
        let (statements, file) = head.rsplit_once(' ').with_context(|| format!("{head}: statements and file"))?;
        let what = lines.next().with_context(|| format!("{head}: says nothing"))?.to_owned();
        let (mut changes, mut current) = (vec![], Change { file: file.to_owned(), ..Change::default() });
        for line in lines {
            let change = &mut current;
            match line.split_at_checked(1) {
                Some(("-", text)) => change.old = format!("{}{text}\n", change.old),
                Some(("+", text)) => change.new = format!("{}{text}\n", change.new),
                Some(("@", file)) => {
                    let next = Change { file: file.trim().to_owned(), ..Change::default() };
                    changes.push(std::mem::replace(&mut current, next));
                }
                _ => bail!("{what}: a line begins with none of -, + and @: {line}"),
            }
        }
        changes.push(current);
        for change in &mut changes {
            ensure!(!change.old.is_empty(), "{what}: changes nothing");
            // A part of a line may be given.
            change.old.pop();
            change.new.pop();
        }
        mutants.push(Mutant { statements: statements.split(' ').map(str::to_owned).collect(), what, changes });
    }
    Ok(mutants)
}

/// Makes the changes whose statements or description contain `only`.
pub fn run(only: &str) -> Result<()> {
    let list = fs::read_to_string(LIST).context("run this from the repository's root")?;
    let mutants = read(&list)?;
    copy_tree()?;
    let (root, target) = (Path::new(COPY), std::env::current_dir()?.join(TARGET));
    let mut failing = BTreeSet::new();
    for suite in SUITES {
        match cargo::test(root, Some(&target), suite, &[])? {
            Outcome::Ran(results) => {
                failing.extend(results.into_iter().filter(|(_, passed)| !passed).map(|(name, _)| name))
            }
            Outcome::DidNotCompile(error) => bail!("the unchanged tree does not compile: {error}"),
            Outcome::TookTooLong => bail!("the tests of the unchanged tree take too long"),
        }
    }
    for name in &failing {
        println!("fails without any change, so it kills nothing: {name}");
    }
    let mut results = String::new();
    let (mut killed, mut made) = (0, 0);
    for mutant in &mutants {
        let named = mutant.what.contains(only) || mutant.statements.iter().any(|statement| statement.contains(only));
        if !named {
            continue;
        }
        let verdicts = match apply(root, mutant)? {
            Ok(sources) => {
                let verdicts = judge(root, &target, mutant, &failing);
                for (file, source) in sources {
                    fs::write(root.join(file), source)?;
                }
                verdicts?
            }
            Err(why) => vec![why; mutant.statements.len()],
        };
        for (statement, verdict) in mutant.statements.iter().zip(verdicts) {
            made += 1;
            killed += usize::from(verdict.starts_with("killed"));
            println!("{statement:<9} {}: {verdict}", mutant.what);
            let mut files: Vec<_> = mutant.changes.iter().map(|change| format!("`{}`", change.file)).collect();
            files.dedup();
            writeln!(results, "| {statement} | {} | {} | {verdict} |", mutant.what, files.join(", "))?;
        }
    }
    println!("{killed} of {made} killed");
    if only.is_empty() {
        fs::write(RESULTS, results)?;
    }
    Ok(())
}

/// Makes the change. Gives the files as they were, or why it cannot be made.
#[allow(clippy::type_complexity, reason = "one use")]
fn apply<'a>(root: &Path, mutant: &'a Mutant) -> Result<std::result::Result<Vec<(&'a str, String)>, String>> {
    let mut sources = vec![];
    for Change { file, old, .. } in &mutant.changes {
        let source = fs::read_to_string(root.join(file)).with_context(|| file.clone())?;
        let places = source.matches(old).count();
        if places != 1 {
            return Ok(Err(format!("**does not apply**: its lines stand in {file} {places} times")));
        }
        sources.push((file.as_str(), source));
    }
    for Change { file, old, new } in &mutant.changes {
        // There may be several changes in one file.
        let source = fs::read_to_string(root.join(file))?;
        fs::write(root.join(file), source.replace(old, new))?;
    }
    Ok(Ok(sources))
}

/// Which tests of its statements notice the change, for each of them.
fn judge(root: &Path, target: &Path, mutant: &Mutant, failing: &BTreeSet<String>) -> Result<Vec<String>> {
    let mut verdicts: Vec<Option<String>> = vec![None; mutant.statements.len()];
    for suite in SUITES {
        let open = mutant.statements.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_none());
        let filters: Vec<String> = open.map(|(statement, _)| cargo::filter(statement)).collect();
        if filters.is_empty() {
            break;
        }
        let results = match cargo::test(root, Some(target), suite, &filters)? {
            Outcome::Ran(results) => results,
            Outcome::DidNotCompile(error) => {
                return Ok(vec![format!("**does not compile**: {error}"); mutant.statements.len()]);
            }
            Outcome::TookTooLong => {
                return Ok(vec!["killed: the tests do not end".to_owned(); mutant.statements.len()]);
            }
        };
        let kills: Vec<&String> = results
            .iter()
            .filter(|(name, passed)| !**passed && !failing.contains(*name))
            .map(|(name, _)| name)
            .collect();
        for (statement, verdict) in mutant.statements.iter().zip(&mut verdicts) {
            let filter = cargo::filter(statement);
            if verdict.is_none()
                && let Some(name) = kills.iter().find(|name| name.contains(&filter))
            {
                *verdict = Some(format!("killed by `{}`", crate::table::short(name)));
            }
        }
    }
    Ok(verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(|| "**survives**".to_owned())).collect())
}

/// Brings the copy up to date, without touching what has not changed.
fn copy_tree() -> Result<()> {
    let output = Command::new("git").args(["ls-files", "-z", "-co", "--exclude-standard"]).output()?;
    ensure!(output.status.success(), "git ls-files fails");
    let names = String::from_utf8(output.stdout)?;
    for name in names.split('\0').filter(|name| Path::new(name).is_file()) {
        let (from, to) = (fs::read(name)?, Path::new(COPY).join(name));
        if fs::read(&to).is_ok_and(|there| there == from) {
            continue;
        }
        fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
        fs::write(to, from)?;
    }
    Ok(())
}

/// The page's chapter on mutants.
pub fn chapter() -> Result<String> {
    let Ok(results) = fs::read_to_string(RESULTS) else { return Ok(String::new()) };
    let (killed, made) = (results.matches("| killed").count(), results.lines().count());
    Ok(format!(
        "\n## Do the tests notice?\n\n\
         `make mutants` makes each of these changes in a copy of the source and runs the tests of the statements that it \
         breaks. {killed} of {made} are killed: a test fails that passes without the change.\n\n\
         | statement | change | in | result |\n|---|---|---|---|\n{results}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_blocks_of_lines() {
        let mutants =
            read("# a comment\n\n1.5.3-1 1.5.3-2 src/a.rs\nbreaks it\n-old\n-  lines\n+new\n@ src/b.rs\n-c\n").unwrap();
        assert_eq!(mutants.len(), 1);
        assert_eq!(mutants[0].statements, ["1.5.3-1", "1.5.3-2"]);
        assert_eq!(mutants[0].what, "breaks it");
        let change = |file: &str, old: &str, new: &str| Change { file: file.into(), old: old.into(), new: new.into() };
        assert_eq!(mutants[0].changes, [change("src/a.rs", "old\n  lines", "new"), change("src/b.rs", "c", "")]);
    }

    #[test]
    fn every_change_of_the_committed_list_can_be_made() {
        let mutants = read(&fs::read_to_string("mutants.txt").unwrap()).unwrap();
        for Change { file, old, .. } in mutants.iter().flat_map(|mutant| &mutant.changes) {
            let source = fs::read_to_string(Path::new("..").join(file)).unwrap();
            assert_eq!(source.matches(old.as_str()).count(), 1, "in {file}: {old}");
        }
        assert!(!mutants.is_empty());
    }
}
