//! Writes the C header of the engine's foreign function interface (`src/ffi.rs`) with cbindgen.
//!
//! The header goes to Cargo's output folder, which dependent build scripts know as `DEP_UMQTT_INCLUDE`.
//! A build outside Cargo (MicroPython's make or CMake) names a folder of its own in `UMQTT_INCLUDE_DIR`.

use std::{env, path::PathBuf};

const HEADER: &str = "umqtt_engine.h";

fn main() {
    let source = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by Cargo"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by Cargo"));
    println!("cargo::rerun-if-changed=src/ffi.rs");
    println!("cargo::rerun-if-changed=cbindgen.toml");
    println!("cargo::rerun-if-env-changed=UMQTT_INCLUDE_DIR");
    println!("cargo::metadata=include={}", out.display());

    let mut config = cbindgen::Config::from_file(source.join("cbindgen.toml")).expect("cbindgen.toml is readable");
    if env::var_os("CARGO_FEATURE_QOS2").is_some() {
        config.after_includes = Some("\n// QoS 2 is part of this build.\n#define UMQTT_QOS2 1".to_owned());
    }
    let header = cbindgen::Builder::new()
        .with_config(config)
        .with_src(source.join("src/ffi.rs"))
        .generate()
        .expect("src/ffi.rs is within what cbindgen understands");
    header.write_to_file(out.join(HEADER));
    if let Some(folder) = env::var_os("UMQTT_INCLUDE_DIR") {
        header.write_to_file(PathBuf::from(folder).join(HEADER));
    }
}
