//! How much of each memory a firmware takes, side by side with others.

use crate::image::{Image, Memory, Part};
use anyhow::Result;
use serde_json::{Map, Value};
use std::fmt::Write;

/// The sizes of one firmware, in bytes, each with its name.
pub struct Sizes(Vec<(&'static str, u32)>);

impl Sizes {
    /// Counts.
    pub fn of(image: &Image) -> Result<Self> {
        let share = |belongs: fn(&Part) -> bool, constants: bool| {
            let parts = image.parts.iter().filter(|part| belongs(part) && part.is_constant() == constants);
            parts.filter(|part| Memory::at(part.address) == Some(Memory::Flash)).map(|part| part.size).sum()
        };
        let in_ram = |belongs: fn(&Part) -> bool| {
            let parts = image.parts.iter().filter(|part| belongs(part));
            parts.filter(|part| Memory::at(part.address) != Some(Memory::Flash)).map(|part| part.size).sum()
        };
        Ok(Sizes(vec![
            ("irom0", image.size_of(".irom0.text")),
            (
                "irom0 free",
                (image.symbol("_firmware_size")? + 0x4020_0000).saturating_sub(image.symbol("_irom0_text_end")?),
            ),
            ("iram text", image.size_of(".text") + image.size_of(".lit4")),
            ("data", image.size_of(".data")),
            ("rodata", image.size_of(".rodata")),
            ("bss", image.size_of(".bss")),
            ("dram free", image.symbol("_heap_end")?.saturating_sub(image.symbol("_heap_start")?)),
            ("engine code", share(Part::is_engine, false)),
            ("engine constants", share(Part::is_engine, true)),
            ("engine in ram", in_ram(Part::is_engine)),
            ("shim code", share(Part::is_shim, false)),
            ("shim constants", share(Part::is_shim, true)),
            ("shim in ram", in_ram(Part::is_shim)),
        ]))
    }
}

/// A table for people: a row for each size, a column for each firmware.
pub fn table(columns: &[(String, Sizes)]) -> String {
    let width = columns.iter().map(|(name, _)| name.len() + 2).max().unwrap_or(0).max(10);
    let mut out = format!("{:<18}", "bytes");
    for (name, _) in columns {
        let _ = write!(out, "{name:>width$}");
    }
    let rows = columns.first().map_or(0, |(_, sizes)| sizes.0.len());
    for row in 0..rows {
        let _ = write!(out, "\n{:<18}", columns[0].1.0[row].0);
        for (_, sizes) in columns {
            let _ = write!(out, "{:>width$}", sizes.0[row].1);
        }
    }
    out.push('\n');
    out
}

/// The same for programs: an object for each firmware, with a number for each size.
pub fn json(columns: &[(String, Sizes)]) -> String {
    let of = |sizes: &Sizes| sizes.0.iter().map(|(name, size)| (name.replace(' ', "_"), Value::from(*size))).collect();
    let all: Map<_, _> = columns.iter().map(|(name, sizes)| (name.clone(), Value::Object(of(sizes)))).collect();
    let mut text = format!("{:#}", Value::Object(all));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<(String, Sizes)> {
        [("2MiB", 7), ("2MiB-without", 5)].map(|(name, size)| (name.into(), Sizes(vec![("iram text", size)]))).into()
    }

    #[test]
    fn people_get_a_table() {
        assert_eq!(
            table(&columns()),
            "bytes                       2MiB  2MiB-without\niram text                      7             5\n"
        );
    }

    #[test]
    fn programs_get_json() {
        let read: Value = serde_json::from_str(&json(&columns())).unwrap();
        assert_eq!(read["2MiB-without"]["iram_text"], 5);
    }
}
