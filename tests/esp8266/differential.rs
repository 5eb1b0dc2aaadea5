//! The differential scripts on the board: the reference library and ours, frozen into one firmware, in the same 38 KB.
//!
//! Each case is run anew after a reset of the interpreter, as each has a process of its own on the unix port. What must
//! hold: the table in `docs/differences.md` is true on the board as well, texts of exceptions included; and what happens
//! is what happens on the unix port, where only the texts of exceptions may be others, since a board's MicroPython says less.
//!
//! A case that a board's memory cannot hold is named in `tests/differential/board.txt`, and no other.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    thread,
};
use umqtt_tests::{
    board::{Esp8266, Memory},
    broker::{Broker, PORT},
    differential::{self, Comparison, OURS, diff, report},
    interpreter::Interpreter,
    raw::RawRepl,
    repository,
};

/// The version of the reference that is frozen into the firmware, and where Python finds it there.
const VERSION: &str = "1.3.4";
const FOLDER: &str = ".frozen/python";
const TOO_LARGE: &str = "tests/differential/board.txt";

/// One case with one library, here and there.
struct Run {
    board: String,
    unix: String,
}

#[test]
fn the_libraries_are_on_the_board_as_they_are_on_the_unix_port() {
    let cases = differential::cases(&Interpreter::find().unwrap()).unwrap();
    // With real brokers, the libraries use the same client identifiers: so each has its own broker, and its own board.
    let (ours, reference) = thread::scope(|scope| {
        let reference = scope.spawn(|| run(&cases, VERSION, FOLDER, Memory::Lenient));
        (run(&cases, OURS, OURS, Memory::Lenient), reference.join().unwrap())
    });
    let too_large = read_too_large();
    let mut problems = Vec::new();
    let mut comparisons = Vec::new();
    for (case, (ours, reference)) in cases.iter().zip(ours.into_iter().zip(reference)) {
        let named = too_large.contains(case);
        let short_of_memory = ours.is_short_of_memory() || reference.is_short_of_memory();
        if named != short_of_memory {
            let verb = if named { "names" } else { "does not name" };
            problems.push(format!("{TOO_LARGE} {verb} {case}; ours:\n{}\n{VERSION}:\n{}", ours.board, reference.board));
        }
        if short_of_memory {
            continue;
        }
        for (library, run) in [(OURS, &ours), (VERSION, &reference)] {
            problems.extend(run.changes().map(|diff| format!("{case} is different with {library}:\n{diff}")));
        }
        comparisons.push(Comparison {
            case: case.clone(),
            ours: ours.board,
            reference: [(VERSION, reference.board)].into(),
        });
    }
    for case in too_large.iter().filter(|case| !cases.contains(case)) {
        problems.push(format!("{TOO_LARGE} names {case}, which there is not"));
    }
    problems.extend(differential::problems(&differential::read_table(), &comparisons));
    // Past the test harness, which would keep it to itself.
    let _ = writeln!(
        io::stdout(),
        "differential: {} cases compared with umqtt.simple {VERSION} on the virtual board; {} need more memory than it has",
        comparisons.len(),
        too_large.len()
    );
    report(&problems);
}

/// The constants of frozen cases lie in flash, so here our library reads topics, messages and names from there.
#[test]
fn text_in_flash_is_read_as_the_chip_reads_it() {
    let all = differential::cases(&Interpreter::find().unwrap()).unwrap();
    let of_text = |case: &String| {
        ["connect/", "publish/", "subscribe/"].iter().any(|subject| case.starts_with(subject))
            && ["-str", "-bytes"].iter().any(|kind| case.ends_with(kind))
    };
    let cases: Vec<_> = all.into_iter().filter(of_text).collect();
    assert!(cases.len() >= 20, "only {} cases: {cases:?}", cases.len());
    let runs = run(&cases, OURS, OURS, Memory::Strict);
    let differences = cases.iter().zip(&runs).filter_map(|(case, run)| Some(format!("{case}:\n{}", run.changes()?)));
    report(&differences.collect::<Vec<_>>());
}

/// Every case with one library, on a board and on the unix port.
fn run(cases: &[String], library: &str, folder: &str, memory: Memory) -> Vec<Run> {
    let (interpreter, broker) = (Interpreter::find().unwrap(), Broker::start().unwrap());
    let mut board = boot(memory);
    cases
        .iter()
        .map(|case| {
            board.reset().unwrap();
            let program =
                format!("import runner\nrunner.run_case('{folder}', '{case}', '{}:{PORT}')", broker.address());
            let printed = match board.run(&program) {
                Ok(trace) => trace.trim_end().to_owned(),
                // It has not come back: the error has what it printed.
                Err(error) => {
                    board = boot(memory);
                    format!("hang {error:#}")
                }
            };
            let unix = differential::trace(&interpreter, broker.address(), library, case).unwrap();
            Run { board: printed, unix }
        })
        .collect()
}

fn boot(memory: Memory) -> RawRepl {
    let board = Esp8266::with_firmware("2MiB-differential", "firmware-differential").unwrap();
    let mut board = board.memory(memory).boot_raw().unwrap();
    board.join_wifi().unwrap();
    board
}

impl Run {
    /// Whether it ran out of memory on the board, and not on the unix port.
    fn is_short_of_memory(&self) -> bool {
        let ran_out = |trace: &str| trace.contains("MemoryError");
        ran_out(&self.board) && !ran_out(&self.unix)
    }

    /// What is different on the board, beside the texts of exceptions.
    fn changes(&self) -> Option<String> {
        let (unix, board) = (without_texts(&self.unix), without_texts(&self.board));
        (unix != board).then(|| diff("unix", "board", &unix, &board))
    }
}

/// A trace in which exceptions have their types only.
fn without_texts(trace: &str) -> String {
    let mut kept = String::new();
    for line in trace.lines() {
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some("raise"), Some(name)) => writeln!(kept, "raise {name}"),
            _ => writeln!(kept, "{line}"),
        }
        .expect("a String takes it");
    }
    kept
}

fn read_too_large() -> Vec<String> {
    let text = fs::read_to_string(repository().join(TOO_LARGE)).unwrap();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}
