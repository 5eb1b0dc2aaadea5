//! The objects that MicroPython's `mpy_ld.py` links to the file for the ESP8266, the shim's and the engine's.

use object::{Object, ObjectSection};
use std::{collections::BTreeSet, fs};
use umqtt_tests::repository;

/// The sections that `mpy_ld.py` takes.
const LINKED: [&str; 5] = [".literal", ".text", ".rodata", ".data.rel.ro", ".bss"];

fn linked_sections(object: &str) -> BTreeSet<String> {
    let bytes = fs::read(repository().join("build/natmod/xtensa").join(object)).unwrap();
    let object = object::File::parse(&*bytes).unwrap();
    let sections = object.sections().filter(|section| section.size() != 0);
    let names = sections.map(|section| section.name().unwrap().to_owned());
    names.filter(|name| LINKED.iter().any(|linked| name.starts_with(linked))).collect()
}

/// For xtensa `mpy_ld.py` knows a function that is called by its address only by its section's name and its place there.
/// Where sections of two objects have one name, the functions that happen to lie at the same place in both become one:
/// a call of the engine's has ended in the shim.
#[test]
fn no_section_of_the_engine_has_the_name_of_one_of_the_shim() {
    let shim = linked_sections("objects/umqtt.o");
    let engine = linked_sections("engine/umqtt_engine.o");
    assert!(!shim.is_empty() && !engine.is_empty());
    assert_eq!(shim.intersection(&engine).collect::<Vec<_>>(), [""; 0]);
}
