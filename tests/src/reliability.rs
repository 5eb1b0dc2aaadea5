//! The table of `docs/reliability.md`: what our class and the Python one come through, under the same treatment.

use crate::{
    fault::{
        Fault,
        campaign::{Campaign, Library, Summary},
        verdict::Fail,
    },
    heap::REFERENCE,
    hostile, soak,
};
use anyhow::Result;
use std::{collections::BTreeMap, time::Duration};

const LIBRARIES: [Library; 2] = [Library::Ours, Library::Reference];
/// How long a soak may take before it counts as hung: for a message, and beside that.
const PACE: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(20);

/// The kinds of faults, in the order of the table.
const KINDS: [(&str, &str); 12] = [
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
    ("drop", "any one packet is lost"),
    ("duplicate", "any one packet comes twice"),
];

/// How much is tried.
#[derive(Clone, Copy)]
pub struct Extent {
    /// Of the faults that differ in their place only, every so many-th.
    pub every: usize,
    /// Messages of the soak.
    pub messages: u64,
}

/// A treatment, and what came of it for each library.
#[derive(Clone)]
struct Row {
    treatment: String,
    outcomes: [String; 2],
}

/// Every `every`-th of the faults that differ in their place only, and each of the others.
pub fn sample(faults: Vec<Fault>, every: usize) -> Vec<Fault> {
    let numbered = faults.into_iter().enumerate();
    numbered
        .filter(|(at, fault)| !matches!(fault, Fault::At { .. }) || at % every == 0)
        .map(|(_, fault)| fault)
        .collect()
}

/// The table, in Markdown.
pub fn table(extent: Extent) -> Result<String> {
    let rows = [faults(extent.every)?, hostilities()?, soaks(extent.messages)?].concat();
    let mut table = format!("| treatment | umqtt-rs | Python {REFERENCE} |\n|---|---|---|\n");
    for Row { treatment, outcomes: [ours, reference] } in rows {
        table += &format!("| {treatment} | {ours} | {reference} |\n");
    }
    Ok(table)
}

fn faults(every: usize) -> Result<Vec<Row>> {
    let mut summaries = Vec::new();
    for library in LIBRARIES {
        eprintln!("== Connections that break: {library:?}");
        let campaign = Campaign::new(library)?;
        let faults = sample(Fault::all(campaign.extent()?), every);
        summaries.push(campaign.run_all(&faults)?);
    }
    let row = |&(kind, treatment): &(&str, &str)| Row {
        treatment: treatment.to_owned(),
        outcomes: [0, 1].map(|at| outcome(&summaries[at], kind)),
    };
    Ok(KINDS.iter().map(row).collect())
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

fn hostilities() -> Result<Vec<Row>> {
    let all = hostile::all();
    let mut outcomes = Vec::new();
    for library in LIBRARIES {
        eprintln!("== Hostile brokers: {library:?}");
        let met = all.iter().map(|&hostility| Ok(hostile::meet(library, hostility)?.0)).collect::<Result<Vec<_>>>()?;
        let mut counts = BTreeMap::new();
        met.iter().flatten().for_each(|&fail| *counts.entry(fail).or_insert(0) += 1);
        let failed = met.iter().filter(|fails| !fails.is_empty()).count();
        outcomes.push(told(all.len(), failed, &counts.into_iter().collect::<Vec<_>>()));
    }
    let outcomes = [outcomes.remove(0), outcomes.remove(0)];
    Ok(vec![Row {
        treatment: "a broker that breaks the protocol, or a limit, in one of these ways".to_owned(),
        outcomes,
    }])
}

fn soaks(messages: u64) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (breaks, connections) in [(false, "a sound connection"), (true, "connections that break at random")] {
        let treatment = format!("{messages} messages each way over {connections}");
        let outcomes = LIBRARIES.map(|library| -> Result<String> {
            eprintln!("== {treatment}: {library:?}");
            let limit = match library {
                Library::Ours => PATIENCE + PACE * u32::try_from(messages)?,
                // It gets stuck or does not; when it does, more time changes nothing.
                Library::Reference if breaks => PATIENCE,
                Library::Reference => PATIENCE + PACE * u32::try_from(messages)?,
            };
            let soaked = soak::run(library, messages, breaks, limit)?;
            if soaked.fails.is_empty() {
                let [first, most] = [soaked.heap.0, soaked.heap.1];
                return Ok(format!(
                    "all, {} connections, heap {first} to {most} bytes, longest call {} ms",
                    soaked.connections, soaked.longest
                ));
            }
            let fails: Vec<_> = soaked.fails.iter().map(Fail::to_string).collect();
            Ok(format!("{} after {} messages", fails.join(", "), soaked.messages))
        });
        let [ours, reference] = outcomes;
        rows.push(Row { treatment, outcomes: [ours?, reference?] });
    }
    Ok(rows)
}
