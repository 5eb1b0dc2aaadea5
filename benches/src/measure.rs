//! Runs every operation on the board and collects what it prints.

use crate::{
    board::{Answer, Board, Options},
    capture,
    operation::{OPERATIONS, Operation, USUAL_SIZE},
    results::{self, Footprint, Measurement, OURS, PYTHON, Results},
};
use anyhow::{Context, Result, bail, ensure};
use std::{collections::BTreeMap, io::Write, path::Path, time::Instant};
use umqtt_tests::broker::Broker;

/// `time.ticks_cpu()` counts 40 MHz, an instruction takes 16 ns.
const INSTRUCTIONS_PER_COUNT: f64 = 25.0 / 16.0;
/// Rounds of what is exactly the same each time.
const FEW: usize = 3;
/// Rounds with the garbage collector on, in so many parts: so many that it runs several times.
const MANY: usize = 25;
const PARTS: usize = 4;
/// Payloads at which heap, writes and segments are measured.
const CLOSER: [usize; 3] = [USUAL_SIZE, 1024, 4096];

/// What lwIP's own client does, at sizes that its buffer of 256 bytes holds.
const PEER: [(&str, &str, u8, usize); 8] = [
    ("publish", "publish QoS 0", 0, USUAL_SIZE),
    ("publish", "publish QoS 0", 0, 100),
    ("publish", "publish QoS 1", 1, USUAL_SIZE),
    ("publish", "publish QoS 1", 1, 100),
    ("receive", "receive QoS 0", 0, USUAL_SIZE),
    ("receive", "receive QoS 0", 0, 256),
    ("receive", "receive QoS 1", 1, USUAL_SIZE),
    ("receive", "receive QoS 1", 1, 256),
];

/// The figures of each subject, in the board's order.
type Figures = Vec<(String, Result<Vec<f64>, String>)>;

/// Measures everything that is counted in instructions, bytes and segments.
pub fn run(broker: &Broker, folder: &Path, only: Option<&str>, results: &mut Results) -> Result<()> {
    let mut session = Session::open(broker, folder)?;
    let wanted = |operation: &&Operation| only.is_none_or(|only| operation.name.contains(only));
    for operation in OPERATIONS.iter().filter(wanted) {
        for &size in operation.sizes() {
            let start = Instant::now();
            print!("{:<22} {size:>6} B ", operation.name);
            std::io::stdout().flush()?;
            match session.measure(operation, size)? {
                Some(measurements) => {
                    results.measurements.extend(measurements);
                    println!("{} {:>5.1} s", summary(results, operation.name, size), start.elapsed().as_secs_f64());
                }
                None => {
                    println!("is more than the heap holds");
                    // Who was in the middle of a message is of no use any more.
                    drop(session);
                    session = Session::open(broker, folder)?;
                    break;
                }
            }
        }
    }
    // Apart from the others: what its client has received, it has received before they would have asked.
    drop(session);
    let mut session = Session::open(broker, folder)?;
    for (operation, name, qos, size) in PEER {
        let line = format!("measure.lwip('{operation}', {qos}, {size}, 9)");
        print!("{name:<22} {size:>6} B by lwIP's client ");
        std::io::stdout().flush()?;
        for (subject, figures) in session.figures("counts", &line)?.context("lwIP's client needs no heap")? {
            let figures = figures.map_err(anyhow::Error::msg)?;
            let (operation, median) = (name.to_owned(), results::median(&figures));
            let least = figures.iter().copied().reduce(f64::min);
            println!("{:.0}", median.unwrap_or_default());
            results.measurements.push(Measurement {
                operation,
                size,
                subject,
                least,
                median,
                ..Measurement::default()
            });
        }
    }
    drop(session);
    for (subject, module) in [(PYTHON, "umqtt_reference.simple"), (OURS, "umqtt.simple")] {
        let mut board = Board::boot(Options { counting: true, ..Options::default() })?;
        board.import()?;
        let printed = board.ask(&format!("measure.footprint('{module}', 'MQTTClient')"))?;
        let printed = printed.join(" ");
        let ["footprint", import, instance] = words(&printed)[..] else {
            bail!("no footprint: {printed:?}");
        };
        results.footprints.insert(subject.into(), Footprint { import: import.parse()?, instance: instance.parse()? });
    }
    Ok(())
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

fn summary(results: &Results, operation: &str, size: usize) -> String {
    let mut text = String::new();
    for subject in [results::BARE, PYTHON, OURS] {
        let measurement = results.find(operation, size, subject);
        let shown = measurement.and_then(|m| m.median).map_or_else(|| "-".into(), |median| format!("{median:.0}"));
        text += &format!("{shown:>9}");
        let ratio = measurement.and_then(|m| results.ratio(m)).filter(|_| subject != results::BARE);
        text += &ratio.map_or_else(String::new, |ratio| format!(" ({ratio:>5.2})"));
    }
    text
}

/// A board with its subjects connected.
struct Session {
    board: Board,
    capture: std::path::PathBuf,
    /// Frames of the capture that are done with.
    frames: usize,
    /// What an empty call takes.
    empty: f64,
}

impl Session {
    fn open(broker: &Broker, folder: &Path) -> Result<Self> {
        let capture = folder.join("capture.pcap");
        let mut board = Board::boot(Options { counting: true, capture: Some(&capture), ..Options::default() })?;
        board.import()?;
        board.start(broker.address())?;
        let mut session = Self { board, capture, frames: 0, empty: 0.0 };
        let empty = session.call("counts", "Empty", 0, 0, "15")?.context("an empty call needs no memory")?;
        let all: Vec<f64> = empty.into_iter().filter_map(|(_, figures)| figures.ok()).flatten().collect();
        session.empty = results::median(&all).context("nothing was counted")? * INSTRUCTIONS_PER_COUNT;
        Ok(session)
    }

    /// Has `measure.py` do something. Returns `None` when the memory is not enough.
    fn call(&mut self, word: &str, class: &str, qos: u8, size: usize, more: &str) -> Result<Option<Figures>> {
        self.figures(word, &format!("measure.{word}(measure.{class}, {qos}, {size}, {more})"))
    }

    /// Types a line that prints a line of figures for each subject.
    fn figures(&mut self, word: &str, line: &str) -> Result<Option<Figures>> {
        let printed = match self.board.try_ask(line)? {
            Answer::Lines(lines) => lines,
            Answer::Raised(traceback) if traceback.last().is_some_and(|line| line.starts_with("MemoryError")) => {
                return Ok(None);
            }
            Answer::Raised(traceback) => bail!("{line}: {}", traceback.join("\n")),
        };
        let mut all = Vec::new();
        for printed in &printed {
            match words(printed)[..] {
                ["cannot", subject, why] => all.push((subject.to_owned(), Err(why.to_owned()))),
                [first, subject, steps, ref figures @ ..] if first == word => {
                    let steps: f64 = steps.parse()?;
                    let net = |figure: &&str| {
                        let figure: f64 = figure.parse()?;
                        Ok(if word == "counts" { figure * INSTRUCTIONS_PER_COUNT - steps * self.empty } else { figure })
                    };
                    let figures = figures.iter().map(net).collect::<Result<Vec<f64>>>()?;
                    all.push((subject.to_owned(), Ok(figures)));
                }
                _ => bail!("{line} printed {printed:?}"),
            }
        }
        Ok(Some(all))
    }

    fn measure(&mut self, operation: &Operation, size: usize) -> Result<Option<Vec<Measurement>>> {
        let (class, qos) = (operation.class, operation.qos);
        let Some(counts) = self.call("counts", class, qos, size, &operation.rounds(size).to_string())? else {
            return Ok(None);
        };
        let mut all: Vec<Measurement> = Vec::new();
        for (subject, figures) in counts {
            let mut measurement =
                Measurement { operation: operation.name.into(), size, subject, ..Measurement::default() };
            match figures {
                Ok(figures) => {
                    measurement.least = figures.iter().copied().reduce(f64::min);
                    measurement.median = results::median(&figures);
                }
                Err(why) => measurement.cannot = Some(why),
            }
            all.push(measurement);
        }
        if !CLOSER.contains(&size) {
            return Ok(Some(all));
        }
        let mut add = |figures: Option<Figures>, put: fn(&mut Measurement, &[f64])| -> Result<()> {
            for (subject, figures) in figures.context("the second time there was no memory for it")? {
                let measurement = all.iter_mut().find(|m| m.subject == subject).context("a subject too many")?;
                if let Ok(figures) = figures {
                    put(measurement, &figures);
                }
            }
            Ok(())
        };
        add(self.call("heap", class, qos, size, &FEW.to_string())?, |m, heap| m.heap = results::median(heap))?;
        if operation.class != "Connect" {
            let writes = self.call("writes", class, qos, size, &FEW.to_string())?;
            add(writes, |m, writes| m.writes = results::median(writes))?;
            if size == USUAL_SIZE {
                for _ in 0..PARTS {
                    let collecting = self.call("counts", class, qos, size, &format!("{MANY}, True"))?;
                    add(collecting, |m, counts| {
                        let part = results::mean(counts).unwrap_or_default() / PARTS as f64;
                        m.collecting = Some(m.collecting.unwrap_or_default() + part);
                    })?;
                }
            }
        }
        self.call("capture", class, qos, size, &FEW.to_string())?;
        let (sent, frames) = capture::read(&self.capture, self.frames)?;
        self.frames = frames;
        self.share(&mut all, &sent)?;
        Ok(Some(all))
    }

    /// Notes the segments with each subject.
    fn share(&self, all: &mut [Measurement], sent: &BTreeMap<String, capture::Sent>) -> Result<()> {
        for measurement in all.iter_mut().filter(|m| m.cannot.is_none()) {
            let sent = sent.get(&measurement.subject).context("the capture lacks a subject")?;
            ensure!(sent.steps >= FEW, "the capture has {} steps of {}", sent.steps, measurement.subject);
            measurement.segments = Some(sent.segments as f64 / FEW as f64);
            measurement.frame_bytes = Some(sent.frame_bytes as f64 / FEW as f64);
        }
        Ok(())
    }
}
