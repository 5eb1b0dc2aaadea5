//! A linked firmware: its ELF file, and the linker's map, which says who brought which byte.

use anyhow::{Context, Result};
use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, ops::Range};

/// The chip's memories, as far as a firmware lies in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// RAM for data, read and written in any width.
    DataRam,
    /// RAM for code, read and written by aligned words.
    InstructionRam,
    /// The flash chip seen through its cache, read by aligned words.
    Flash,
}

impl Memory {
    /// Where it lies.
    pub fn addresses(self) -> Range<u32> {
        match self {
            Memory::DataRam => 0x3ffe_8000..0x4000_0000,
            Memory::InstructionRam => 0x4010_0000..0x4010_8000,
            Memory::Flash => 0x4020_0000..0x4030_0000,
        }
    }

    /// The memory at an address.
    pub fn at(address: u32) -> Option<Self> {
        [Memory::DataRam, Memory::InstructionRam, Memory::Flash]
            .into_iter()
            .find(|memory| memory.addresses().contains(&address))
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Memory::DataRam => "static RAM",
            Memory::InstructionRam => "instruction RAM",
            Memory::Flash => "flash",
        })
    }
}

/// A section of the firmware.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: u32,
    /// Its size.
    pub size: u32,
}

/// What one object brought to the firmware: one of its sections, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The object: `path/x.o`, or `path/libx.a(x.o)`.
    pub object: String,
    /// The name of the section in that object.
    pub section: String,
    /// Where it lies now.
    pub address: u32,
    /// Its size.
    pub size: u32,
}

impl Part {
    /// Whether the engine brought it.
    pub fn is_engine(&self) -> bool {
        self.object.contains("libumqtt.a")
    }

    /// Whether the C part of the module brought it.
    pub fn is_shim(&self) -> bool {
        self.object.contains("/mpy_module/")
    }

    /// Whether it holds constants.
    pub fn is_constant(&self) -> bool {
        self.section.contains(".rodata")
    }
}

/// A linked firmware.
pub struct Image {
    /// Its ELF file.
    pub path: PathBuf,
    /// Its sections that are not empty and have an address.
    pub sections: Vec<Section>,
    /// The values of its symbols.
    pub symbols: HashMap<String, u32>,
    /// Who brought what.
    pub parts: Vec<Part>,
    /// The contents of its sections in instruction RAM, by address.
    pub instruction_ram: Vec<(u32, Vec<u8>)>,
}

impl Image {
    /// Reads `firmware.elf`, and `firmware.map` beside it.
    pub fn read(elf: &Path) -> Result<Self> {
        let bytes = fs::read(elf).with_context(|| format!("reading {}", elf.display()))?;
        let file: ElfFile32 = ElfFile32::parse(&*bytes).with_context(|| format!("reading {}", elf.display()))?;
        let mut sections = Vec::new();
        let mut instruction_ram = Vec::new();
        for section in file.sections() {
            let address = section.address() as u32;
            if section.size() == 0 || Memory::at(address).is_none() {
                continue;
            }
            sections.push(Section { name: section.name()?.to_owned(), address, size: section.size() as u32 });
            if Memory::at(address) == Some(Memory::InstructionRam) {
                instruction_ram.push((address, section.data()?.to_vec()));
            }
        }
        let symbols = file
            .symbols()
            .filter(|symbol| !symbol.is_undefined())
            .filter_map(|symbol| Some((symbol.name().ok()?.to_owned(), symbol.address() as u32)))
            .collect();
        let map = elf.with_extension("map");
        let parts = parts(&fs::read_to_string(&map).with_context(|| format!("reading {}", map.display()))?);
        Ok(Image { path: elf.to_owned(), sections, symbols, parts, instruction_ram })
    }

    /// The value of a symbol.
    pub fn symbol(&self, name: &str) -> Result<u32> {
        self.symbols.get(name).copied().with_context(|| format!("{} has no {name}", self.path.display()))
    }

    /// The size of a section; 0 when there is none of this name.
    pub fn size_of(&self, section: &str) -> u32 {
        self.sections.iter().filter(|found| found.name == section).map(|found| found.size).sum()
    }
}

/// Reads GNU ld's map: after a headline, a line for each part, ` .section 0xaddress 0xsize object`, whose section's
/// name stands on a line of its own when it is long.
fn parts(map: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut long_name = None;
    for line in map.lines().skip_while(|line| !line.starts_with("Linker script and memory map")) {
        let name_before = long_name.take();
        let Some(indented) = line.strip_prefix(' ') else { continue };
        let (section, rest) = if indented.starts_with(' ') {
            let Some(name) = name_before else { continue };
            (name, indented.trim_start())
        } else if let Some((name, rest)) = indented.split_once(' ') {
            (name, rest.trim_start())
        } else {
            long_name = Some(indented);
            continue;
        };
        parts.extend(part(section, rest));
    }
    parts
}

fn part(section: &str, rest: &str) -> Option<Part> {
    let (address, rest) = rest.split_once(' ')?;
    let (size, object) = rest.trim_start().split_once(' ')?;
    let hexadecimal = |text: &str| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    let part = Part {
        object: object.trim().to_owned(),
        section: section.to_owned(),
        address: hexadecimal(address)?,
        size: hexadecimal(size)?,
    };
    (part.size > 0 && !part.object.is_empty() && Memory::at(part.address).is_some()).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "\
Discarded input sections

 .text.unused   0x40209000       0x10 build/gone.o

Linker script and memory map

.irom0.text     0x40209000    0x8f69c
                0x40209000                        _irom0_text_start = ABSOLUTE (.)
 *(.irom0.literal .irom.literal)
 .irom0.text    0x40209010       0x24 build/umqtt/libumqtt.a(umqtt_engine.o)
                                 0x30 (size before relaxing)
 .text.umqtt_client_publish
                0x40209034       0x30 build/firmware/2MiB/mpy_module/umqtt_client.o
                0x40209034                umqtt_client_publish
 *fill*         0x40209064        0x4 
 .bss           0x3ffe8010        0x0 build/empty.o
 .debug_info    0x00000000     0x1234 build/x.o
";

    #[test]
    fn a_map_says_who_brought_what() {
        let parts = parts(MAP);
        assert_eq!(parts.len(), 2, "{parts:?}");
        assert!(parts[0].is_engine());
        assert_eq!((parts[0].section.as_str(), parts[0].address, parts[0].size), (".irom0.text", 0x4020_9010, 0x24));
        assert!(parts[1].is_shim());
        assert_eq!((parts[1].section.as_str(), parts[1].size), (".text.umqtt_client_publish", 0x30));
    }

    #[test]
    fn memories_are_told_by_their_addresses() {
        assert_eq!(Memory::at(0x3ffe_8000), Some(Memory::DataRam));
        assert_eq!(Memory::at(0x4010_7fff), Some(Memory::InstructionRam));
        assert_eq!(Memory::at(0x4020_9000), Some(Memory::Flash));
        assert_eq!(Memory::at(0x4000_c538), None);
    }
}
