//! The same Python scripts on the reference library and on ours, in the same interpreter.
//!
//! The scripts are the cases of `tests/differential/`; its `runner.py` runs one of them against one library, in a
//! process of its own, and prints a trace of all that a user could notice. A case whose traces differ must be named by
//! exactly one row of the table in `docs/differences.md`, and a case that a row names must differ. For each row,
//! `tests/differential/differences.txt` has the traces of one case in full, of both sides.
//!
//! After a deliberate change of behaviour, `UMQTT_BLESS=1` has the traces in that file written anew, to be read in the
//! commit.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    net::Ipv4Addr,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use umqtt_tests::{
    broker::Broker,
    differential::{Comparison, OURS, TABLE, VERSIONS, cases, diff, problems, read_table, report, trace},
    interpreter::Interpreter,
    repository,
};

const WITNESSES: &str = "tests/differential/differences.txt";
const WORKERS: usize = 2;

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
    let mut problems = problems(&table, comparisons());
    for row in &table {
        let names_a_case = comparisons()
            .iter()
            .any(|Comparison { case, reference, .. }| reference.keys().any(|version| row.covers(case, version)));
        if !names_a_case {
            problems.push(format!("{} names no case", row.id));
        }
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
                let changes = diff("expected", OURS, &witness.reference, reference);
                problems.push(format!("{id}: {case} on {version} is not as {WITNESSES} says:\n{changes}"));
            }
            witness.reference.clone_from(reference);
        }
        if witness.ours != comparison.ours {
            let changes = diff("expected", OURS, &witness.ours, &comparison.ours);
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

/// Every case on every library, run once for all tests.
fn comparisons() -> &'static [Comparison] {
    static COMPARISONS: OnceLock<Vec<Comparison>> = OnceLock::new();
    COMPARISONS.get_or_init(run_all)
}

fn run_all() -> Vec<Comparison> {
    let broker = Broker::start().unwrap();
    let cases = cases(&Interpreter::find().unwrap()).unwrap();

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
    let run = |library| trace(interpreter, broker, library, case).unwrap();
    let reference = VERSIONS.map(|version| (version, run(version)));
    Comparison { case: case.to_owned(), ours: run(OURS), reference: reference.into() }
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
