//! Compiles what joins gcc's notes of coverage with libFuzzer (`coverage.c`), when the C code makes them.

fn main() {
    println!("cargo::rerun-if-changed=coverage.c");
    println!("cargo::rerun-if-env-changed=UMQTT_COVERAGE");
    if std::env::var_os("CARGO_FEATURE_FUZZER").is_some() && std::env::var_os("UMQTT_COVERAGE").is_some() {
        cc::Build::new().file("coverage.c").compile("coverage");
        // libFuzzer has a function of that name, which only says that it is not there any more. The first one counts.
        println!("cargo::rustc-link-arg-bin=class=-Wl,-z,muldefs");
    }
}
