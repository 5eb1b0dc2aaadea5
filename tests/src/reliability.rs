//! The tables of `docs/reliability.md`: what our class and the Python one come through, under the same treatment.

use crate::{
    broker::Broker,
    fault::{
        Fault,
        campaign::{Campaign, Library, Summary, sample},
        stage::{Place, Stage},
        verdict::Fail,
    },
    fragmented::{self, LARGEST, OPERATIONS},
    heap::REFERENCE,
    hostile, repository, soak,
};
use anyhow::{Context, Result};
use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf, thread, time::Duration};

/// The page, and the lines in it between which the tables are.
const PAGE: &str = "docs/reliability.md";
const BEGIN: &str = "<!-- Written by `make reliability`. Do not edit. -->\n";
const END: &str = "<!-- So far. -->\n";

const LIBRARIES: [Library; 2] = [Library::Ours, Library::Reference];
/// How long a soak of the Python library may take over connections that break. It gets stuck or does not; when it does, more
/// time changes nothing.
const PATIENCE: Duration = Duration::from_secs(20);

/// The kinds of faults, in the order of the table.
const KINDS: [(&str, &str); 13] = [
    ("none", "nothing is wrong"),
    ("split", "every byte comes by itself"),
    ("coalesce", "packets come joined together"),
    ("throttle", "the connection is slow"),
    ("delay", "it pauses at any byte"),
    ("cut", "it is closed at any byte"),
    ("reset", "it is reset at any byte"),
    ("half-close", "one direction of it is closed at any byte"),
    ("stall", "one direction of it carries nothing any more, from any byte on"),
    ("blackhole", "it carries nothing any more, and nobody is told"),
    ("wifi-loss", "the board's Wi-Fi is gone for a moment, at any byte"),
    ("drop", "any one packet is lost"),
    ("duplicate", "any one packet comes twice"),
];

/// How much is tried.
#[derive(Clone, Copy)]
pub struct Extent {
    /// Of the faults that differ in their place only, every so many-th.
    pub every: usize,
    /// How long the soak is.
    pub soak: soak::Extent,
}

/// A treatment, and what came of it for each library.
#[derive(Clone)]
struct Row {
    treatment: String,
    outcomes: [String; 2],
}

/// Writes the tables into their page.
pub fn write(unix: Extent, board: Extent) -> Result<()> {
    // Somebody may change the page while this runs, so it is read again at the end.
    Page::read()?;
    // On the unix port it is mostly a matter of waiting.
    let (unix, board, pieces) = thread::scope(|scope| {
        let unix = scope.spawn(|| table(Place::Unix, unix));
        let (pieces, board) = (pieces(), table(Place::Esp8266, board));
        (unix.join().expect("it does not panic"), board, pieces)
    });
    let (unix, board, pieces) = (unix?, board?, pieces?);
    let Page { path, before, after } = Page::read()?;
    fs::write(&path, format!("{before}{BEGIN}\n{unix}\n{board}\n{pieces}\n{END}{after}"))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// What is around the tables.
struct Page {
    path: PathBuf,
    before: String,
    after: String,
}

impl Page {
    fn read() -> Result<Self> {
        let path = repository().join(PAGE);
        let page = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let missing = || format!("{PAGE} has not the lines {BEGIN}and {END}between which the tables are written");
        let (before, rest) = page.split_once(BEGIN).with_context(missing)?;
        let (_, after) = rest.split_once(END).with_context(missing)?;
        Ok(Self { path, before: before.to_owned(), after: after.to_owned() })
    }
}

/// What is tried in one place, in Markdown.
pub fn table(place: Place, extent: Extent) -> Result<String> {
    let name = match place {
        Place::Unix => "MicroPython's unix port",
        Place::Esp8266 => "The virtual ESP8266",
    };
    let places = match extent.every {
        1 => "Every place at which a connection can break was tried.".to_owned(),
        every => format!("Of the places at which a connection can break, every {every}th was tried."),
    };
    let rows = [faults(place, extent.every)?, vec![hostilities(place)?], soaks(place, extent.soak)?].concat();
    let mut table = format!("**{name}.** {places}\n\n| treatment | umqtt-rs | Python {REFERENCE} |\n|---|---|---|\n");
    for Row { treatment, outcomes: [ours, reference] } in rows {
        writeln!(table, "| {treatment} | {ours} | {reference} |")?;
    }
    Ok(table)
}

/// What works on the board while its heap is in pieces, in Markdown.
fn pieces() -> Result<String> {
    let try_all = |library| -> Result<Vec<String>> {
        let (broker, mut stage) = (Broker::start()?, Stage::new(library, Place::Esp8266));
        let mut outcomes = Vec::new();
        for (number, (operation, _)) in OPERATIONS.into_iter().enumerate() {
            for largest in LARGEST {
                eprintln!("== A heap in pieces of {largest} bytes, {operation}: {library:?}");
                let name = format!("f{number}-{largest}");
                outcomes.push(fragmented::attempt(&mut stage, &broker, &name, largest, operation)?.to_string());
            }
        }
        Ok(outcomes)
    };
    let [ours, reference] = LIBRARIES.map(try_all);
    let (ours, reference) = (ours?, reference?);
    let heads = |who: &str| LARGEST.map(|largest| format!(" {who}, {largest} bytes |")).concat();
    let mut table = format!(
        "**A heap in pieces, on the virtual ESP8266.** Its largest free block has so many bytes.\n\n\
         | operation |{}{}\n|---|{}\n",
        heads("umqtt-rs"),
        heads(&format!("Python {REFERENCE}")),
        "---|".repeat(2 * LARGEST.len())
    );
    let rows = ours.chunks(LARGEST.len()).zip(reference.chunks(LARGEST.len()));
    for ((_, name), (ours, reference)) in OPERATIONS.iter().zip(rows) {
        writeln!(table, "| {name} | {} | {} |", ours.join(" | "), reference.join(" | "))?;
    }
    Ok(table)
}

fn faults(place: Place, every: usize) -> Result<Vec<Row>> {
    let mut summaries = Vec::new();
    for library in LIBRARIES {
        eprintln!("== Connections that break: {library:?}, {place:?}");
        let campaign = Campaign::new(library, place)?;
        let extent = campaign.extent()?;
        let mut all = Fault::all(extent);
        if place == Place::Esp8266 {
            all.extend(Fault::losses_of_wifi(extent));
        }
        summaries.push(campaign.run_all(&sample(all, every))?);
    }
    let tried = |(kind, _): &&(&str, &str)| summaries.iter().any(|summary| summary.sessions.contains_key(kind));
    let row = |&(kind, treatment): &(&str, &str)| Row {
        treatment: treatment.to_owned(),
        outcomes: [0, 1].map(|at| outcome(&summaries[at], kind)),
    };
    Ok(KINDS.iter().filter(tried).map(row).collect())
}

fn outcome(summary: &Summary, kind: &str) -> String {
    let sessions = summary.sessions.get(kind).copied().unwrap_or(0);
    let failed = summary.failed(kind, None);
    let counts = Fail::ALL.map(|fail| (fail, summary.failed(kind, Some(fail))));
    told(sessions, failed, &counts)
}

/// `36 of 36`, or `10 of 36: hang 20, lost 6`.
fn told(tried: usize, failed: usize, counts: &[(Fail, usize)]) -> String {
    let reasons: Vec<_> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(fail, count)| format!("{fail} {count}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    format!("{} of {tried}{reasons}", tried - failed)
}

fn hostilities(place: Place) -> Result<Row> {
    let all = hostile::all();
    let mut outcomes = Vec::new();
    for library in LIBRARIES {
        eprintln!("== Hostile brokers: {library:?}, {place:?}");
        let mut stage = Stage::small(library, place);
        let (mut counts, mut failed) = (BTreeMap::new(), 0);
        for &hostility in &all {
            let (fails, _) = hostile::meet(&mut stage, hostility)?;
            failed += usize::from(!fails.is_empty());
            fails.into_iter().for_each(|fail| *counts.entry(fail).or_insert(0) += 1);
        }
        outcomes.push(told(all.len(), failed, &counts.into_iter().collect::<Vec<_>>()));
    }
    Ok(Row {
        treatment: "a broker that breaks the protocol, or a limit, in one of these ways".to_owned(),
        outcomes: [outcomes.remove(0), outcomes.remove(0)],
    })
}

fn soaks(place: Place, extent: soak::Extent) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (breaks, connections) in [(false, "a sound connection"), (true, "connections that break at random")] {
        let treatment = format!("{extent} over {connections}");
        let outcomes = LIBRARIES.map(|library| -> Result<String> {
            eprintln!("== {treatment}: {library:?}, {place:?}");
            let limit = if breaks && library == Library::Reference { PATIENCE } else { extent.limit() };
            let soaked = soak::run(library, place, extent, breaks, limit)?;
            if soaked.fails.is_empty() {
                return Ok(format!("none lost: {soaked}"));
            }
            let fails: Vec<_> = soaked.fails.iter().map(Fail::to_string).collect();
            Ok(format!("{} after {} messages", fails.join(", "), soaked.messages))
        });
        let [ours, reference] = outcomes;
        rows.push(Row { treatment, outcomes: [ours?, reference?] });
    }
    Ok(rows)
}
