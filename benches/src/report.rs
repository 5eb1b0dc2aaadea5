//! The results as tables, in `docs/benchmarks.md`.

use crate::{
    operation::{OPERATIONS, USUAL_SIZE},
    results::{BARE, LWIP, Measurement, OURS, PYTHON, Results},
};
use anyhow::{Context, Result};
use std::{fmt::Write, fs, path::Path};

const BEGIN: &str = "<!-- Written by make bench, from here -->\n";
const END: &str = "<!-- to here -->\n";

/// Puts the tables into a file that has a place for them, and leaves the rest of it as it is.
pub fn write(file: &Path, results: &Results) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{} has no {BEGIN}", file.display()))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{} has no {END}", file.display()))?;
    fs::write(file, format!("{before}{BEGIN}{}{END}{after}", tables(results)))?;
    Ok(())
}

fn tables(results: &Results) -> String {
    let mut text = String::new();
    operations(&mut text, results);
    payloads(&mut text, results);
    closer(&mut text, results);
    peers(&mut text, results);
    memory(&mut text, results);
    speeds(&mut text, results);
    text.push_str(&profiles(results));
    text
}

/// Functions that are named in a profile; the others are summed up.
const NAMED: usize = 24;

/// Tables of the functions in which our instructions are.
pub fn profiles(results: &Results) -> String {
    let mut text = String::from(
        "### Where the instructions go\n\nOne operation, stepped through by QEMU's debugger stub, without interrupts. \
        Each function's own instructions, the call of the program's function and the bytecode around it included; the stack is \
        counted from there, down into lwIP.\n",
    );
    for (operation, profile) in results.profiles.iter().filter(|p| p.subject == OURS).map(|p| (&p.operation, p)) {
        let bare = results.profiles.iter().find(|p| p.operation == *operation && p.subject == BARE);
        let in_bare = |function: &str| bare.and_then(|p| p.functions.get(function)).copied().unwrap_or(0);
        let _ = write!(
            text,
            "\n**{operation}**: {} instructions, by the bare socket {}; {} bytes of stack at the deepest, by the bare socket {}.\n\n\
            | | umqtt-rs | bare socket |\n|---|--:|--:|\n",
            count(Some(profile.total as f64)),
            count(bare.map(|p| p.total as f64)),
            count(Some(profile.stack.into())),
            count(bare.map(|p| p.stack.into())),
        );
        let mut functions: Vec<(&str, usize)> =
            profile.functions.iter().map(|(name, &own)| (name.as_str(), own)).collect();
        functions.sort_by_key(|&(name, own)| (std::cmp::Reverse(own), name));
        let (named, others) = functions.split_at(NAMED.min(functions.len()));
        for (function, own) in named {
            let _ = writeln!(text, "| {} | {own} | {} |", readable(function), in_bare(function));
        }
        let rest: usize = others.iter().map(|(_, own)| own).sum();
        let named: usize = named.iter().map(|(function, _)| in_bare(function)).sum();
        let rest_of_bare = bare.map_or(0, |p| p.total - named);
        let _ = writeln!(text, "| all others | {rest} | {rest_of_bare} |");
    }
    text.push('\n');
    text
}

/// The function's name in Rust, if it is Rust's.
fn readable(function: &str) -> String {
    match rustc_demangle::try_demangle(function) {
        Ok(name) => format!("`{name:#}`"),
        Err(_) => format!("`{function}`"),
    }
}

fn count(figure: Option<f64>) -> String {
    let Some(figure) = figure else { return "–".into() };
    let digits = format!("{:.0}", figure.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if figure <= -0.5 { format!("−{text}") } else { text }
}

fn short(figure: Option<f64>) -> String {
    figure.map_or_else(|| "–".into(), |figure| format!("{:.1}", figure).trim_end_matches(".0").to_owned())
}

fn ratio(results: &Results, measurement: Option<&Measurement>) -> String {
    let Some(measurement) = measurement else { return "–".into() };
    match (results.ratio(measurement), &measurement.cannot) {
        (Some(ratio), _) => format!("{ratio:.2}"),
        (None, Some(why)) => why.clone(),
        _ => "–".into(),
    }
}

fn operations(text: &mut String, results: &Results) {
    let _ = write!(
        text,
        "\n### Instructions of each operation\n\nPayload {USUAL_SIZE} B, topic 10 B, net of an empty call; × is how many \
        times the bare socket's median.\n\n\
        | | bare socket, min | median | Python, min | median | × | umqtt-rs, min | median | × |\n\
        |---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    );
    for operation in &OPERATIONS {
        let find = |subject| results.find(operation.name, USUAL_SIZE, subject);
        let _ = write!(text, "| {} ", operation.name);
        for subject in [BARE, PYTHON, OURS] {
            let measurement = find(subject);
            let _ = write!(
                text,
                "| {} | {} ",
                count(measurement.and_then(|m| m.least)),
                count(measurement.and_then(|m| m.median))
            );
            if subject != BARE {
                let _ = write!(text, "| {} ", ratio(results, measurement));
            }
        }
        text.push_str("|\n");
    }
    text.push_str("\n![Cost of each operation](benchmarks-operations.svg)\n");
}

fn payloads(text: &mut String, results: &Results) {
    text.push_str(
        "\n### Instructions by payload\n\nMedians, net of an empty call.\n\n\
        | | payload, B | bare socket | Python | × | umqtt-rs | × |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for operation in OPERATIONS.iter().filter(|operation| operation.has_payload) {
        for &size in operation.sizes() {
            let find = |subject| results.find(operation.name, size, subject);
            if find(BARE).is_none() {
                let _ = writeln!(text, "| {} | {} | does not fit | | | | |", operation.name, count(Some(size as f64)));
                continue;
            }
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} |",
                operation.name,
                count(Some(size as f64)),
                count(find(BARE).and_then(|m| m.median)),
                count(find(PYTHON).and_then(|m| m.median)),
                ratio(results, find(PYTHON)),
                count(find(OURS).and_then(|m| m.median)),
                ratio(results, find(OURS)),
            );
        }
    }
    text.push_str(
        "\n![Publishing at QoS 0 by payload](benchmarks-publish.svg)\n\n\
        ![Receiving at QoS 0 by payload](benchmarks-receive.svg)\n",
    );
}

fn closer(text: &mut String, results: &Results) {
    text.push_str(
        "\n### Heap, writes, segments\n\nFor one operation: bytes of the heap; calls of the socket's `write()`; TCP segments \
        with data that the board sends, and the bytes of their Ethernet frames; instructions with the garbage collector \
        on, as a mean.\n\n\
        | | payload, B | by | heap | writes | segments | frame bytes | with collector |\n|---|--:|---|--:|--:|--:|--:|--:|\n",
    );
    for measurement in results.measurements.iter().filter(|m| m.heap.is_some()) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            measurement.operation,
            count(Some(measurement.size as f64)),
            name(&measurement.subject),
            count(measurement.heap),
            short(measurement.writes),
            short(measurement.segments),
            short(measurement.frame_bytes),
            count(measurement.collecting),
        );
    }
}

/// The subject as a reader knows it.
pub fn name(subject: &str) -> &str {
    match subject {
        BARE => "bare socket",
        PYTHON => "Python",
        OURS => "umqtt-rs",
        other => other,
    }
}

fn peers(text: &mut String, results: &Results) {
    text.push_str(
        "\n### lwIP's own client\n\nThe C client in lwIP's source, on the same TCP: no socket, no Python callback, no object for \
        topic and message, so less work than any `umqtt.simple` has. Its publishing does not wait; the taking of the \
        acknowledgement is added. A packet must fit into its buffer of 256 bytes.\n\n\
        | | payload, B | bare socket | lwIP's client | umqtt-rs |\n|---|--:|--:|--:|--:|\n",
    );
    for lwip in results.measurements.iter().filter(|m| m.subject == LWIP) {
        let median = |subject| results.find(&lwip.operation, lwip.size, subject).and_then(|m| m.median);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            lwip.operation,
            lwip.size,
            count(median(BARE)),
            count(lwip.median),
            count(median(OURS))
        );
    }
}

fn memory(text: &mut String, results: &Results) {
    text.push_str("\n### Memory\n\nBytes of the heap that remain taken:\n\n| | import | instance |\n|---|--:|--:|\n");
    for (subject, footprint) in &results.footprints {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            name(subject),
            count(Some(f64::from(footprint.import))),
            count(Some(f64::from(footprint.instance)))
        );
    }
    text.push_str("\nFlash and static RAM, in bytes, as `make firmware` reports them:\n\n| ");
    for firmware in results.sizes.keys() {
        let _ = write!(text, "| {firmware} ");
    }
    text.push_str("|\n|---");
    text.push_str(&"|--:".repeat(results.sizes.len()));
    text.push_str("|\n");
    let kinds: std::collections::BTreeSet<_> = results.sizes.values().flat_map(|sizes| sizes.keys()).collect();
    for kind in kinds {
        let _ = write!(text, "| {} ", kind.replace('_', " "));
        for sizes in results.sizes.values() {
            let _ = write!(text, "| {} ", count(sizes.get(kind).map(|&size| f64::from(size))));
        }
        text.push_str("|\n");
    }
}

fn speeds(text: &mut String, results: &Results) {
    text.push_str(
        "\n### Messages a second, end to end\n\nOn a board that does not count instructions, so these are the host's seconds; \
        the best of several rows, none of which has lost a message. They tell the subjects apart, and say nothing of a \
        chip.\n\n| | bare socket | Python | umqtt-rs |\n|---|--:|--:|--:|\n",
    );
    let mut operations: Vec<&str> = results.speeds.iter().map(|speed| speed.operation.as_str()).collect();
    operations.dedup();
    for operation in operations {
        let _ = write!(text, "| {operation} ");
        for subject in [BARE, PYTHON, OURS] {
            let speed = results.speeds.iter().find(|s| s.operation == operation && s.subject == subject);
            let _ = write!(text, "| {} ", count(speed.map(|s| s.per_second)));
        }
        text.push_str("|\n");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!(count(Some(1234567.4)), "1,234,567");
        assert_eq!(count(Some(999.6)), "1,000");
        assert_eq!(count(Some(-12.0)), "−12");
        assert_eq!(count(None), "–");
    }

    #[test]
    fn what_is_not_written_by_the_program_stays() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), format!("above\n{BEGIN}old\n{END}below\n")).unwrap();
        write(file.path(), &Results::default()).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(text.starts_with("above\n") && text.ends_with("below\n") && !text.contains("old"), "{text}");
    }
}
