//! Every seed, and every finding of the past, goes through its target; so they are tests even where nobody fuzzes.

use std::{fs, path::Path};

fn through(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        println!("{}", file.display());
        run(&fs::read(file).unwrap());
    }
}

#[test]
fn decoder() {
    through("decoder", umqtt_fuzz::decoder::run);
}

#[test]
fn session() {
    through("session", umqtt_fuzz::session::run);
}

#[test]
fn parsers() {
    through("parsers", umqtt_fuzz::parsers::run);
}

#[cfg(feature = "class")]
#[test]
fn class() {
    through("class", umqtt_fuzz::class::run);
}
