//! The same Python scripts on the reference library and on ours, in the same interpreter.
//!
//! The scripts are the cases of `tests/differential/`; its `runner.py` runs one of them against one library, in a
//! process of its own, and prints a trace of all that a user could notice. A case whose traces differ must be named by
//! exactly one row of the table in `docs/differences.md`, and a case that a row names must differ. For each row,
//! `tests/differential/differences.txt` has the traces of one case in full, of both sides.
//!
//! After a deliberate change of behaviour, `UMQTT_BLESS=1` has the traces in that file written anew, to be read in the
//! commit.

use similar::TextDiff;
use std::{
    collections::BTreeMap,
    env,
    fmt::{Display, Write as _},
    fs,
    io::{self, Write as _},
    net::Ipv4Addr,
    path::PathBuf,
    process::Stdio,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use umqtt_tests::{
    broker::{Broker, PORT},
    interpreter::Interpreter,
    lines::Lines,
    repository,
};

const VERSIONS: [&str; 2] = ["1.3.3", "1.3.4"];
const BOTH_VERSIONS: &str = "both";
const OURS: &str = "ours";
const TABLE: &str = "docs/differences.md";
const WITNESSES: &str = "tests/differential/differences.txt";
const RUNNER: &str = "tests/differential/runner.py";
/// Some cases hold a message of 2 MiB, and one is larger than this.
const HEAP: &str = "heapsize=16m";
const WORKERS: usize = 2;
/// What the project promises; a runner that finds fewer cases does not find all.
const CASES_PROMISED: usize = 150;

/// A row of the table: an intended difference.
struct Difference {
    id: String,
    versions: Vec<&'static str>,
    patterns: Vec<String>,
}

/// One case on every library.
struct Comparison {
    case: String,
    ours: String,
    reference: BTreeMap<&'static str, String>,
}

/// The traces of one case that stand for a row of the table.
struct Witness {
    id: String,
    case: String,
    reference: String,
    ours: String,
}

#[test]
fn ours_differs_from_the_reference_only_where_the_table_says_so() {
    let table = read_table();
    let mut problems = Vec::new();
    let mut rows_used = vec![false; table.len()];
    for comparison in comparisons() {
        let case = &comparison.case;
        for (version, reference) in &comparison.reference {
            let rows: Vec<_> = (0..table.len()).filter(|&row| table[row].covers(case, version)).collect();
            rows.iter().for_each(|&row| rows_used[row] = true);
            let same = *reference == comparison.ours;
            match rows[..] {
                [] if same => {}
                [] => problems.push(format!(
                    "{case} differs from {version}, and no row says so:\n{}",
                    diff(version, reference, &comparison.ours)
                )),
                [row] if same => {
                    let id = &table[row].id;
                    problems.push(format!(
                        "{case} is named by {id} but does not differ from {version}:\n{}",
                        comparison.ours
                    ));
                }
                [_] => {}
                _ => {
                    let ids: Vec<_> = rows.iter().map(|&row| table[row].id.as_str()).collect();
                    problems.push(format!("{case} is named by several rows: {}", ids.join(", ")));
                }
            }
        }
    }
    for (row, _) in table.iter().zip(rows_used).filter(|(_, used)| !used) {
        problems.push(format!("{} names no case", row.id));
    }
    report(&problems);
}

#[test]
fn every_difference_has_a_witness_of_both_sides() {
    let table = read_table();
    let mut witnesses = read_witnesses();
    let ids = |list: Vec<&String>| list.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(
        ids(table.iter().map(|row| &row.id).collect()),
        ids(witnesses.iter().map(|witness| &witness.id).collect()),
        "{TABLE} and {WITNESSES} must have the same rows in the same order"
    );
    let mut problems = Vec::new();
    for (row, witness) in table.iter().zip(&mut witnesses) {
        let (id, case) = (&witness.id, &witness.case);
        let Some(comparison) = comparisons().iter().find(|comparison| comparison.case == *case) else {
            problems.push(format!("{id}: there is no case {case}"));
            continue;
        };
        for version in &row.versions {
            if !row.covers(case, version) {
                problems.push(format!("{id} does not name {case}"));
            }
            let reference = &comparison.reference[version];
            if witness.reference != *reference {
                let changes = diff("expected", &witness.reference, reference);
                problems.push(format!("{id}: {case} on {version} is not as {WITNESSES} says:\n{changes}"));
            }
            witness.reference.clone_from(reference);
        }
        if witness.ours != comparison.ours {
            let changes = diff("expected", &witness.ours, &comparison.ours);
            problems.push(format!("{id}: {case} on ours is not as {WITNESSES} says:\n{changes}"));
        }
        witness.ours.clone_from(&comparison.ours);
    }
    if env::var_os("UMQTT_BLESS").is_some() {
        write_witnesses(&witnesses);
    }
    report(&problems);
}

#[test]
fn no_case_breaks_off() {
    let mut problems = Vec::new();
    for comparison in comparisons() {
        let traces = comparison.reference.iter().map(|(version, trace)| (*version, trace));
        for (library, trace) in traces.chain([(OURS, &comparison.ours)]) {
            if trace.lines().any(|line| line.starts_with("crash ") || line.starts_with("ended ")) {
                problems.push(format!("{} on {library}:\n{trace}", comparison.case));
            }
        }
    }
    report(&problems);
}

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

fn report(problems: &[String]) {
    let mut text = String::new();
    for problem in problems {
        let _ = writeln!(text, "\n{problem}");
    }
    assert!(problems.is_empty(), "{} problems:\n{text}", problems.len());
}

fn diff(left: impl Display, old: &str, new: &str) -> String {
    TextDiff::from_lines(format!("{old}\n").as_str(), format!("{new}\n").as_str())
        .unified_diff()
        .context_radius(100)
        .header(&left.to_string(), OURS)
        .to_string()
}

/// Every case on every library, run once for all tests.
fn comparisons() -> &'static [Comparison] {
    static COMPARISONS: OnceLock<Vec<Comparison>> = OnceLock::new();
    COMPARISONS.get_or_init(run_all)
}

fn run_all() -> Vec<Comparison> {
    for version in VERSIONS {
        let folder = reference_folder(version);
        assert!(folder.join("umqtt/simple.py").is_file(), "{} lacks the reference library", folder.display());
    }
    let broker = Broker::start().unwrap();
    let listing = run(&Interpreter::find().unwrap(), broker.address(), &["--list"]);
    let cases: Vec<&str> = listing.lines().collect();
    assert!(cases.len() >= CASES_PROMISED, "only {} cases:\n{listing}", cases.len());

    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let interpreter = Interpreter::find().unwrap();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let comparison = compare(&interpreter, broker.address(), case);
                    done.lock().unwrap().push(comparison);
                }
            });
        }
    });
    let mut comparisons = done.into_inner().unwrap();
    comparisons.sort_by(|one, other| one.case.cmp(&other.case));
    let with_broker = comparisons.iter().filter(|comparison| comparison.case.starts_with("broker/")).count();
    // Past the test harness, which would keep it to itself.
    let _ = writeln!(
        io::stdout(),
        "differential: {} cases compared with umqtt.simple {}, {with_broker} of them with a real broker",
        comparisons.len(),
        VERSIONS.join(" and ")
    );
    comparisons
}

/// One after another: with a real broker, the libraries use the same client identifiers.
fn compare(interpreter: &Interpreter, broker: Ipv4Addr, case: &str) -> Comparison {
    let reference = VERSIONS.map(|version| {
        let folder = reference_folder(version);
        (version, run(interpreter, broker, &[&folder.display().to_string(), case]))
    });
    Comparison { case: case.to_owned(), ours: run(interpreter, broker, &[OURS, case]), reference: reference.into() }
}

fn reference_folder(version: &str) -> PathBuf {
    repository().join("build/reference").join(version)
}

/// What runner.py prints. A library that does not come to an end has the line that the runner prints for it when it
/// can tell: `hang`.
fn run(interpreter: &Interpreter, broker: Ipv4Addr, arguments: &[&str]) -> String {
    let mut child = interpreter
        .command(broker)
        .unwrap()
        .args(["-X", HEAP])
        .arg(repository().join(RUNNER))
        .args(arguments)
        .env("UMQTT_BROKER", format!("{broker}:{PORT}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = Lines::new("runner.py", child.stdout.take().expect("it is piped"), |_| ());
    let in_time = lines.end().is_ok();
    if !in_time {
        // Fails only for a child that is gone already.
        let _ = child.kill();
    }
    let status = child.wait().unwrap();
    let mut trace = lines.seen();
    if !in_time {
        trace += "\nhang";
    } else if !status.success() {
        let _ = write!(trace, "\nended by {status}");
    }
    trace
}

impl Difference {
    fn covers(&self, case: &str, version: &str) -> bool {
        self.versions.contains(&version) && self.patterns.iter().any(|pattern| matches(pattern, case))
    }
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

/// The rows of the table: id, versions, patterns in backquotes, and then what people read.
fn read_table() -> Vec<Difference> {
    let text = read(TABLE);
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

/// The sections of the file: `[id] case`, then `reference` and `ours`, each followed by its trace, indented.
fn read_witnesses() -> Vec<Witness> {
    let text = read(WITNESSES);
    let sections = text.split("\n[").skip(1);
    sections
        .map(|section| {
            let parts = section.split_once("] ").and_then(|(id, rest)| {
                let (case, rest) = rest.split_once("\nreference\n")?;
                let (reference, ours) = rest.split_once("\nours\n")?;
                Some(Witness {
                    id: id.to_owned(),
                    case: case.to_owned(),
                    reference: unindented(reference),
                    ours: unindented(ours),
                })
            });
            parts.unwrap_or_else(|| panic!("{WITNESSES}: not as it should be: [{section}"))
        })
        .collect()
}

fn write_witnesses(witnesses: &[Witness]) {
    let mut text = read(WITNESSES);
    text.truncate(text.find("\n[").expect("there are sections"));
    for Witness { id, case, reference, ours } in witnesses {
        let (reference, ours) = (indented(reference), indented(ours));
        let _ = write!(text, "\n[{id}] {case}\nreference\n{reference}\nours\n{ours}\n");
    }
    fs::write(repository().join(WITNESSES), text).unwrap();
}

fn unindented(text: &str) -> String {
    text.lines().map(str::trim_start).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn indented(trace: &str) -> String {
    trace.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn read(name: &str) -> String {
    let path = repository().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
