//! What would go wrong on the chip only: each fault is one sentence that names its cause.

use crate::assembly::READS_FLASH;
use crate::image::{Image, Memory, Part};
use anyhow::{Context, Result, bail};
use object::read::archive::ArchiveFile;
use object::read::elf::ElfFile32;
use object::{Object, ObjectSymbol};
use std::collections::{BTreeMap, BTreeSet};
use std::{fs, path::Path, process::Command};

/// What the engine may want from outside: copying and filling memory, and arithmetic that the chip lacks.
const PROVIDED: [&str; 12] = [
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "__mulsi3",
    "__muldi3",
    "__divsi3",
    "__modsi3",
    "__udivsi3",
    "__umodsi3",
    "__udivdi3",
    "__umoddi3",
];

/// Where the exceptions' code must stand, since the chip jumps there.
const VECTORS: [(&str, u32); 5] = [
    ("_DebugExceptionVector", 0x4010_0010),
    ("_NMIExceptionVector", 0x4010_0020),
    ("_KernelExceptionVector", 0x4010_0030),
    ("_UserExceptionVector", 0x4010_0050),
    ("_DoubleExceptionVector", 0x4010_0070),
];

/// What MicroPython's makeimg.py leaves before the code in flash for all that the boot ROM copies to RAM.
const COPIED_AT_BOOT: u32 = 0x9000;
/// The header of the boot ROM's image, those of its segments, its checksum, and the size that makeimg.py adds.
const IMAGE_OVERHEAD: u32 = 8 + 4 * 8 + 16 + 4;

/// Everything that can be said of a linked firmware.
pub fn image(image: &Image) -> Result<Vec<String>> {
    let mut faults = placement(&image.parts);
    faults.extend(panics(image.symbols.keys().map(String::as_str)));
    faults.extend(constants(&image.parts));
    faults.extend(vectors(image));
    faults.extend(segments(image)?);
    Ok(faults)
}

/// Everything that can be said of the engine's library alone.
pub fn engine(library: &Path, objdump: &str) -> Result<Vec<String>> {
    let mut faults = wanted(library)?;
    let listing = Command::new(objdump)
        .args(["--disassemble", "--no-show-raw-insn"])
        .arg(library)
        .output()
        .with_context(|| format!("running {objdump}"))?;
    if !listing.status.success() {
        bail!("{objdump}: {}", String::from_utf8_lossy(&listing.stderr));
    }
    faults.extend(narrow_loads(&String::from_utf8_lossy(&listing.stdout)));
    Ok(faults)
}

/// The engine and the shim belong into flash, and nowhere else.
fn placement(parts: &[Part]) -> Vec<String> {
    let mut found = BTreeMap::new();
    for part in parts.iter().filter(|part| part.is_engine() || part.is_shim()) {
        let memory = Memory::at(part.address).filter(|memory| *memory != Memory::Flash);
        if let Some(memory) = memory {
            let who = if part.is_engine() { "the engine (Rust)" } else { "the shim (C)" };
            *found.entry((memory.to_string(), who, part.section.as_str())).or_insert(0) += part.size;
        }
    }
    found
        .into_iter()
        .map(|((memory, who, section), size)| format!("{size} bytes of {who} are in {memory}: its section {section}"))
        .collect()
}

fn panics<'a>(symbols: impl Iterator<Item = &'a str>) -> Vec<String> {
    let of_panics =
        ["panicking", "rust_begin_unwind", "rust_panic", "panic_is_linked", "core3fmt", "4core6result13unwrap"];
    let found: BTreeSet<_> = symbols.filter(|name| of_panics.iter().any(|part| name.contains(part))).collect();
    found.into_iter().map(|name| format!("a panic is linked: {name}")).collect()
}

/// What the engine wants and nobody has promised.
fn wanted(library: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(library).with_context(|| format!("reading {}", library.display()))?;
    let archive = ArchiveFile::parse(&*bytes).with_context(|| format!("reading {}", library.display()))?;
    let mut wanted = BTreeSet::new();
    let mut defined = BTreeSet::new();
    for member in archive.members() {
        let file: ElfFile32 = ElfFile32::parse(member?.data(&*bytes)?)?;
        for symbol in file.symbols() {
            let name = symbol.name()?.to_owned();
            if name.is_empty() {
            } else if symbol.is_undefined() {
                wanted.insert(name);
            } else {
                defined.insert(name);
            }
        }
    }
    let mut faults = panics(wanted.iter().chain(&defined).map(String::as_str));
    for name in wanted.difference(&defined).filter(|name| !PROVIDED.contains(&name.as_str())) {
        if name == "abort" {
            faults
                .push("a panic is linked: the engine calls abort, which LLVM writes for a way that must not be".into());
        } else if panics([name.as_str()].into_iter()).is_empty() {
            faults.push(format!("the engine wants {name}, which the firmware does not promise"));
        }
    }
    Ok(faults)
}

/// Where the engine looks into strings that may lie in flash, loads of less than a word from elsewhere than the stack stop
/// the chip. What else it reads lies in RAM, for it has no constants.
fn narrow_loads(listing: &str) -> Vec<String> {
    let mut function = "";
    let mut readers = 0;
    let mut found = BTreeMap::new();
    for line in listing.lines() {
        if let Some((_, name)) = line.strip_suffix(">:").and_then(|head| head.split_once(" <")) {
            function = name;
            readers += usize::from(function.contains(READS_FLASH));
            continue;
        }
        let Some((_, instruction)) = line.split_once(":\t") else { continue };
        let (name, operands) = instruction.split_once('\t').unwrap_or((instruction, ""));
        let base = operands.split(',').nth(1).map(str::trim);
        let narrow = matches!(name.trim(), "l8ui" | "l16ui" | "l16si") && base != Some("a1");
        if narrow && function.contains(READS_FLASH) {
            *found.entry(function).or_insert(0) += 1;
        }
    }
    let mut faults: Vec<_> = found
        .into_iter()
        .map(|(function, count)| {
            format!("flash would be read by bytes: {count} loads of less than a word in the engine's {function}")
        })
        .collect();
    if readers == 0 {
        faults.push(format!(
            "flash would be read by bytes: the engine has no functions of {READS_FLASH} to do it by words"
        ));
    }
    faults
}

/// Constants in flash are read by words only where gcc was told -mforce-l32, which it notes in what it compiles.
fn constants(parts: &[Part]) -> Vec<String> {
    const OPTION: &[u8] = b"-mforce-l32";
    let in_flash = |part: &&Part| part.is_constant() && Memory::at(part.address) == Some(Memory::Flash);
    let mut sizes = BTreeMap::new();
    let mut of_the_engine = 0;
    for part in parts.iter().filter(in_flash) {
        if part.is_engine() {
            of_the_engine += part.size;
        } else {
            *sizes.entry(part.object.as_str()).or_insert(0) += part.size;
        }
    }
    let mut faults = Vec::new();
    if of_the_engine > 0 {
        faults.push(format!("flash would be read by bytes: {of_the_engine} bytes of constants of the engine (Rust)"));
    }
    for (object, size) in sizes {
        match fs::read(object) {
            Ok(bytes) if bytes.windows(OPTION.len()).any(|window| window == OPTION) => {}
            Ok(_) => faults.push(format!(
                "flash would be read by bytes: {size} bytes of constants of {object}, not compiled with -mforce-l32"
            )),
            Err(error) => faults.push(format!("{object}, which has constants in flash, cannot be read: {error}")),
        }
    }
    faults
}

fn vectors(image: &Image) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, place) in VECTORS {
        match image.symbols.get(name) {
            Some(&address) if address != place => faults
                .push(format!("an exception vector is missing: {name} is at {address:#010x} instead of {place:#010x}")),
            None => faults.push(format!("an exception vector is missing: there is no {name}")),
            Some(_) if !has_code(image, place) => {
                faults.push(format!("an exception vector is missing: there is no code at {place:#010x} ({name})"));
            }
            Some(_) => {}
        }
    }
    faults
}

fn has_code(image: &Image, address: u32) -> bool {
    image.instruction_ram.iter().any(|(start, bytes)| {
        let offset = address.checked_sub(*start).map(|offset| offset as usize);
        offset.and_then(|offset| bytes.get(offset..offset + 3)).is_some_and(|code| code.iter().any(|&byte| byte != 0))
    })
}

/// What the linker does not refuse itself.
fn segments(image: &Image) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut limit = |what: &str, size: u32, limit: u32| {
        if size > limit {
            faults.push(format!("{what} overflows: {size} bytes, {} too many", size - limit));
        }
    };
    let taken = |memory: Memory| {
        let sections = image.sections.iter().filter(|section| Memory::at(section.address) == Some(memory));
        let end = sections.map(|section| section.address + section.size).max();
        end.map_or(0, |end| end - memory.addresses().start)
    };
    limit("flash", taken(Memory::Flash), image.symbol("_firmware_size")?);
    limit("instruction RAM", taken(Memory::InstructionRam), 0x8000);
    limit("static RAM", taken(Memory::DataRam), image.symbol("_heap_end")? - Memory::DataRam.addresses().start);
    let copied: u32 = [".text", ".lit4", ".data", ".rodata"].iter().map(|section| image.size_of(section)).sum();
    limit("the part that the boot ROM copies to RAM", copied + IMAGE_OVERHEAD, COPIED_AT_BOOT);
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn part(object: &str, section: &str, address: u32) -> Part {
        Part { object: object.into(), section: section.into(), address, size: 8 }
    }

    fn sound() -> Image {
        let mut symbols: HashMap<String, u32> = VECTORS.iter().map(|(name, at)| (name.to_string(), *at)).collect();
        symbols.insert("_firmware_size".into(), 0x10_0000);
        symbols.insert("_heap_end".into(), 0x3fff_c000);
        Image {
            path: "firmware.elf".into(),
            sections: vec![],
            symbols,
            parts: vec![part("b/libumqtt.a(e.o)", ".irom0.text", 0x4020_9000)],
            instruction_ram: vec![(0x4010_0000, vec![1; 0x100])],
        }
    }

    fn faults(change: impl FnOnce(&mut Image)) -> Vec<String> {
        let mut firmware = sound();
        change(&mut firmware);
        image(&firmware).unwrap()
    }

    fn one_fault(change: impl FnOnce(&mut Image)) -> String {
        let found = faults(change);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn a_sound_firmware_has_no_faults() {
        assert_eq!(faults(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn the_engine_in_instruction_ram() {
        let fault = one_fault(|image| image.parts[0].address = 0x4010_1000);
        assert_eq!(fault, "8 bytes of the engine (Rust) are in instruction RAM: its section .irom0.text");
    }

    #[test]
    fn the_engine_in_static_ram() {
        let fault = one_fault(|image| image.parts.push(part("b/libumqtt.a(e.o)", ".bss.COUNTER", 0x3ffe_9000)));
        assert_eq!(fault, "8 bytes of the engine (Rust) are in static RAM: its section .bss.COUNTER");
    }

    #[test]
    fn the_shim_in_instruction_ram() {
        let fault = one_fault(|image| image.parts.push(part("b/mpy_module/x.o", ".text.run", 0x4010_2000)));
        assert_eq!(fault, "8 bytes of the shim (C) are in instruction RAM: its section .text.run");
    }

    #[test]
    fn a_panic() {
        let fault = one_fault(|image| {
            image.symbols.insert("_RNvNtCs1_4core9panicking18panic_bounds_check".into(), 0x4020_9100);
        });
        assert_eq!(fault, "a panic is linked: _RNvNtCs1_4core9panicking18panic_bounds_check");
    }

    #[test]
    fn constants_compiled_for_reading_by_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let compiled = |name: &str, producer: &str| {
            let path = folder.path().join(name);
            fs::write(&path, format!("\x7fELF GNU C99 12.2.0 -Os {producer}-mlongcalls")).unwrap();
            part(path.to_str().unwrap(), ".rodata.table", 0x4020_9200)
        };
        let (by_words, by_bytes) = (compiled("words.o", "-mforce-l32 "), compiled("bytes.o", ""));
        let fault = one_fault(|image| image.parts.extend([by_words, by_bytes]));
        assert!(fault.contains("8 bytes of constants") && fault.contains("bytes.o"), "{fault}");
    }

    #[test]
    fn constants_of_the_engine() {
        let fault = one_fault(|image| image.parts.push(part("b/libumqtt.a(e.o)", ".irom0.rodata", 0x4020_9200)));
        assert_eq!(fault, "flash would be read by bytes: 8 bytes of constants of the engine (Rust)");
    }

    #[test]
    fn loads_of_less_than_a_word_where_flash_may_be_read() {
        let listing = "00000000 <_RN_4wire6caller5check>:\n   0:\tl8ui\ta8, a2, 0\n   3:\tl32i.n\ta9, a2, 4\n\
            00000010 <_RN_4wire6caller4copy>:\n  10:\tl8ui\ta8, a1, 0\n00000020 <own>:\n  20:\tl8ui\ta8, a2, 0\n";
        assert_eq!(
            narrow_loads(listing),
            ["flash would be read by bytes: 1 loads of less than a word in the engine's _RN_4wire6caller5check"]
        );
        assert!(narrow_loads("00000020 <own>:\n  20:\tl8ui\ta8, a2, 0\n")[0].contains("no functions of 4wire6caller"));
    }

    #[test]
    fn vectors_elsewhere_or_empty_or_absent() {
        let elsewhere = one_fault(|image| {
            image.symbols.insert("_UserExceptionVector".into(), 0x4000_0050);
        });
        assert!(elsewhere.contains("_UserExceptionVector is at 0x40000050 instead of 0x40100050"), "{elsewhere}");
        let empty = one_fault(|image| image.instruction_ram[0].1[0x70..0x80].fill(0));
        assert!(empty.contains("no code at 0x40100070"), "{empty}");
        let absent = one_fault(|image| {
            image.symbols.remove("_NMIExceptionVector");
        });
        assert!(absent.contains("there is no _NMIExceptionVector"), "{absent}");
    }

    #[test]
    fn segments_that_overflow() {
        let section = |name: &str, address, size| crate::image::Section { name: name.into(), address, size };
        let boot = one_fault(|image| {
            image.sections.push(section(".text", 0x4010_0000, 0x8000));
            image.sections.push(section(".rodata", 0x3ffe_8000, 0x1000));
        });
        assert_eq!(boot, "the part that the boot ROM copies to RAM overflows: 36924 bytes, 60 too many");
        let ram = one_fault(|image| image.sections.push(section(".bss", 0x3ffe_8000, 0x14004)));
        assert_eq!(ram, "static RAM overflows: 81924 bytes, 4 too many");
    }
}
