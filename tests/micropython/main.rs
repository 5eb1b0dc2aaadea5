//! MicroPython's own tests on the virtual ESP8266: what this project adds to the firmware breaks nothing.
//!
//! MicroPython's `run-tests.py` runs them over the board's serial port, on our firmware and on the same firmware without
//! MQTT. The results must be exactly the same: each test passes, fails or is skipped on both, and what fails prints the same on
//! both. Which tests fail is written down in `failures.txt`, each with its reason.
//!
//! It takes minutes, so what is found with a firmware is kept in `build/micropython-tests`, with the checksums of all that it
//! depends on, and stands until one of them changes.

use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};
use umqtt_tests::{board::Esp8266, children, repository};

const TESTS: &str = "build/micropython/tests";
const PYTHON: &str = "build/mpremote/bin/python";
const RESULTS: &str = "build/micropython-tests";
const FAILURES: &str = "tests/micropython/failures.txt";
/// The folders of tests: none of them needs a network.
const FOLDERS: [&str; 4] = ["basics", "extmod", "float", "micropython"];
/// The firmwares: the folder in `build/firmware`, what it is, and how it is made.
const OURS: (&str, &str, &str) = ("2MiB", "our firmware", "firmware-image");
const WITHOUT: (&str, &str, &str) = ("2MiB-without", "the firmware without MQTT", "firmware-without");
/// What the results depend on, beside the firmware, the board's command and the tests.
const PARTS: [&str; 3] =
    ["build/virtual-esp8266/rom.elf", "build/micropython/tests/run-tests.py", "build/micropython/tools/pyboard.py"];
/// Some tests measure time, on a computer that is busy: so a few that fail unexpectedly are tried again, up to so many times.
const ROUNDS: usize = 5;
const FEW: usize = 10;
const PROGRESS: usize = 100;

/// What became of each test.
type Results = BTreeMap<String, Verdict>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    Fail,
    Skip,
}

fn main() -> Result<()> {
    let (unittest, tests): (Vec<_>, Vec<_>) = files()?.into_iter().partition(|file| needs_unittest(file));
    let expected = read_failures()?;
    let (ours, without) = thread::scope(|scope| {
        let without = scope.spawn(|| settle(WITHOUT, &tests, &expected));
        (settle(OURS, &tests, &expected), without.join().expect("it does not panic"))
    });
    let (ours, without) = (ours?, without?);
    compare(&tests, &ours, &without, &expected)?;
    let count = |verdict| ours.values().filter(|found| **found == verdict).count();
    println!(
        "micropython: {} tests pass with and without umqtt, {} fail on both, {} are skipped, {} need unittest, which is not there",
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Skip),
        unittest.len()
    );
    Ok(())
}

/// The checksums of all that the results with a firmware depend on.
fn key(variant: &str) -> Result<String> {
    let firmware = Path::new("build/firmware").join(variant).join("firmware.bin");
    let mut parts: Vec<PathBuf> = PARTS.iter().map(PathBuf::from).chain([firmware, Esp8266::program()?]).collect();
    for folder in FOLDERS.iter().chain(&["feature_check"]) {
        parts.extend(python_files(folder)?);
    }
    let output = Command::new("sha256sum")
        .args(parts)
        .current_dir(repository())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start sha256sum")?;
    ensure!(
        output.status.success(),
        "something is missing for MicroPython's tests; to build it: make firmware-without mpremote"
    );
    let qemu = Command::new(children::find("qemu-system-xtensa", "qemu-system-misc")?).arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)? + &String::from_utf8(qemu.stdout)?)
}

/// The tests, named as run-tests.py does.
fn files() -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        for path in python_files(folder)? {
            files.push(path.strip_prefix(TESTS)?.display().to_string());
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "there are no tests in {TESTS}");
    Ok(files)
}

fn python_files(folder: &str) -> Result<Vec<PathBuf>> {
    let relative = Path::new(TESTS).join(folder);
    let entries = fs::read_dir(repository().join(&relative)).with_context(|| relative.display().to_string())?;
    let mut files = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "py") {
            files.push(relative.join(name));
        }
    }
    files.sort();
    Ok(files)
}

/// Such tests need a module of micropython-lib on the board; run-tests.py stops at the first when it is not there.
fn needs_unittest(file: &str) -> bool {
    let source = fs::read(repository().join(TESTS).join(file)).unwrap_or_default();
    String::from_utf8_lossy(&source).lines().any(|line| line.trim_start() == "import unittest")
}

/// The results with one firmware: those that are kept, and those of the tests that have still to pass.
fn settle(firmware: (&str, &str, &str), tests: &[String], expected: &[String]) -> Result<Results> {
    let folder = repository().join(RESULTS).join(firmware.0);
    let (kept_key, kept_results, key) = (folder.join("key"), folder.join("results"), key(firmware.0)?);
    let mut results = Results::new();
    if fs::read_to_string(&kept_key).is_ok_and(|kept| kept == key) {
        for line in fs::read_to_string(&kept_results).unwrap_or_default().lines() {
            results.extend(parse(line));
        }
        println!("micropython: {} results on {} are known from before", results.len(), firmware.1);
    }
    fs::create_dir_all(&folder)?;
    fs::write(&kept_key, key)?;
    for round in 0..ROUNDS {
        let settled = |test: &String| match results.get(test) {
            Some(Verdict::Fail) => expected.contains(test),
            known => known.is_some(),
        };
        let open: Vec<String> = tests.iter().filter(|test| !settled(test)).cloned().collect();
        if open.is_empty() || (round > 0 && open.len() > FEW) {
            break;
        }
        match round {
            0 => println!("micropython: {} tests on {}; all of them take minutes", open.len(), firmware.1),
            _ => println!("micropython: again on {}: {}", firmware.1, open.join(", ")),
        }
        results.extend(run(firmware, &folder, &open)?);
        let lines: String = results.iter().map(|(test, verdict)| format!("{} {test}\n", verdict.name())).collect();
        fs::write(&kept_results, lines)?;
    }
    Ok(results)
}

/// Runs these tests on a board of its own.
fn run((variant, what, target): (&str, &str, &str), folder: &Path, tests: &[String]) -> Result<Results> {
    let port = Esp8266::with_firmware(variant, target)?.boot_on_port()?;
    let mut child = children::command(&repository().join(PYTHON))
        .current_dir(repository().join(TESTS))
        // The source tree stays as it is, and progress is seen at once.
        .envs([("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONUNBUFFERED", "1")])
        .args(["run-tests.py", "-t", &port.name, "-r"])
        .arg(folder)
        .args(tests)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start MicroPython's run-tests.py")?;
    let output = io::BufRead::lines(io::BufReader::new(child.stdout.take().expect("it is piped")));
    let mut results = Results::new();
    let mut last = String::new();
    for line in output {
        last = line?;
        let Some((test, verdict)) = parse(&last) else { continue };
        results.insert(test, verdict);
        if results.len() % PROGRESS == 0 {
            println!("micropython: {} of {} on {what}", results.len(), tests.len());
            io::stdout().flush()?;
        }
    }
    child.wait()?;
    if let Some(missing) = tests.iter().find(|test| !results.contains_key(*test)) {
        bail!("run-tests.py has stopped before {missing}, on {what}; it said last: {last}");
    }
    Ok(results)
}

/// What a line of run-tests.py says of a test.
fn parse(line: &str) -> Option<(String, Verdict)> {
    let (verdict, rest) = line.split_once(' ')?;
    let verdict = [Verdict::Pass, Verdict::Fail, Verdict::Skip].into_iter().find(|it| it.name() == verdict)?;
    Some((rest.split_whitespace().next()?.to_owned(), verdict))
}

impl Verdict {
    /// As run-tests.py calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Skip => "skip",
        }
    }
}

fn compare(tests: &[String], ours: &Results, without: &Results, expected: &[String]) -> Result<()> {
    let mut problems = Vec::new();
    for test in tests {
        let (here, there) = (ours[test], without[test]);
        if here != there {
            problems.push(format!("{test}: {here:?} on our firmware, {there:?} on the one without MQTT"));
        } else if here == Verdict::Fail && printed(OURS.0, test)? != printed(WITHOUT.0, test)? {
            problems.push(format!("{test} fails on both firmwares, but prints different things"));
        }
        let named = expected.contains(test);
        if named != (here == Verdict::Fail) {
            let verb = if named { "names" } else { "does not name" };
            problems.push(format!("{FAILURES} {verb} {test}: {here:?} on our firmware"));
        }
    }
    for test in expected.iter().filter(|test| !tests.contains(test)) {
        problems.push(format!("{FAILURES} names {test}, which there is not"));
    }
    ensure!(problems.is_empty(), "what the tests print is in {RESULTS}:\n{}", problems.join("\n"));
    Ok(())
}

/// What a test that has failed has printed.
fn printed(variant: &str, test: &str) -> Result<String> {
    let file = repository().join(RESULTS).join(variant).join(format!("{}.out", test.replace('/', "_")));
    let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The tests that fail on any firmware for this board: the first word of each line that is not a comment.
fn read_failures() -> Result<Vec<String>> {
    let text = fs::read_to_string(repository().join(FAILURES)).context(FAILURES)?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (test, reason) = line.split_once(' ').with_context(|| format!("{FAILURES}: no reason in: {line}"))?;
            ensure!(!reason.trim().is_empty(), "{FAILURES}: no reason in: {line}");
            Ok(test.to_owned())
        })
        .collect()
}
