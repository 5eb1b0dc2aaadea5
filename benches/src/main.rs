//! What `make bench` runs: measures the three subjects on the virtual ESP8266, and writes down what it found.
//!
//! [`board`] boots the firmware that has both libraries and `board/measure.py`; [`measure`] counts instructions, heap and
//! segments ([`capture`]) of each [`operation`]; [`speed`] counts messages a second. The [`results`] become tables
//! ([`report`]) and pictures ([`plot`]), and are compared with those of the last commit ([`compare`]).

mod board;
mod capture;
mod compare;
mod measure;
mod operation;
mod plot;
mod profile;
mod report;
mod results;
mod speed;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use clap::Parser;
use results::Results;
use std::fs;
use umqtt_tests::{broker::Broker, repository};

const COMMITTED: &str = "docs/benchmarks.json";
const SIZES: &str = "build/firmware/2MiB/sizes.json";

/// Measures umqtt.simple on the virtual ESP8266, beside the bare socket and the Python library.
#[derive(Parser)]
struct Options {
    /// Measure only operations with this in their name, and write no documentation
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Only profile, and print where the instructions go
    #[arg(long)]
    profile: bool,
    /// Write the documentation anew from the last run's build/bench.json
    #[arg(long)]
    report: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    if options.profile {
        let mut results = Results::default();
        profile::run(&Broker::start()?, tempfile::tempdir()?.path(), &mut results)?;
        println!("{}", report::profiles(&results));
        return Ok(());
    }
    let repository = repository();
    let kept = repository.join("build/bench.json");
    let results = if options.report {
        serde_json::from_str(&fs::read_to_string(&kept).context("there is no last run; make bench")?)?
    } else {
        let mut results = Results::default();
        let ran = run(options.only.as_deref(), &mut results);
        // What was measured before something failed is kept.
        fs::write(&kept, json(&results)?)?;
        ran?;
        results
    };
    if options.only.is_none() {
        let docs = repository.join("docs");
        report::write(&docs.join("benchmarks.md"), &results)?;
        plot::operations(&docs.join("benchmarks-operations.svg"), &results)?;
        plot::payloads(&docs.join("benchmarks-publish.svg"), &results, "publish QoS 0")?;
        plot::payloads(&docs.join("benchmarks-receive.svg"), &results, "receive QoS 0")?;
        fs::write(repository.join(COMMITTED), json(&results)?)?;
    }
    match compare::committed(&repository, COMMITTED)? {
        None => println!("{COMMITTED} is not committed yet, so there is nothing to compare with"),
        Some(before) => {
            let red = AnsiColor::Red.on_default();
            for line in compare::worse(&results, &before) {
                anstream::println!("{red}worse: {line}{:#}", Style::new());
            }
        }
    }
    Ok(())
}

fn json(results: &Results) -> Result<String> {
    Ok(serde_json::to_string_pretty(results)? + "\n")
}

fn run(only: Option<&str>, results: &mut Results) -> Result<()> {
    let sizes = fs::read_to_string(repository().join(SIZES)).with_context(|| format!("no {SIZES}; make firmware"))?;
    results.sizes = serde_json::from_str(&sizes).with_context(|| format!("{SIZES} is not a size report"))?;
    let broker = Broker::start()?;
    let folder = tempfile::tempdir()?;
    println!("instructions, net of an empty call     bare     Python          umqtt-rs");
    measure::run(&broker, folder.path(), only, results)?;
    profile::run(&broker, folder.path(), results)?;
    speed::run(&broker, results)
}
