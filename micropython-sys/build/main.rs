//! Builds MicroPython's core, this crate's port of it (`port/`) and the C shim (`mpy_module/`) for the host, and binds
//! the port to Rust.
//!
//! Environment:
//! - `UMQTT_MICROPYTHON`: the folder of MicroPython's source. Otherwise `micropython/` (the git submodule), or
//!   `build/micropython/` (the unpacked source package) at the repository's root.
//! - `UMQTT_SANITIZE`: sanitizers for the C code, as for gcc's `-fsanitize=`: `address`, `undefined` or both with a
//!   comma. Rust code is not instrumented by it, but what it has from malloc is watched too. With a nightly rustc's
//!   `-Zsanitizer=address`, as cargo-fuzz uses it, the C code is instrumented without being asked.
//! - `UMQTT_COVERAGE`: when set, the shim calls `__sanitizer_cov_trace_pc` at each branch and tells of comparisons, as gcc's
//!   `-fsanitize-coverage=trace-pc,trace-cmp` does, for whoever fuzzes it.
//! - `UMQTT_API`: the level of the Python API that the shim imitates, passed to it as a macro (see `mpy_module/`).
//!
//! MicroPython's folder is only read. Needs a C compiler, python3 and libclang.

mod generated_headers;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Names of the core's functions that `port/host_heap.c` stands before: what each is called inside `py/gc.c`.
const HEAP_FUNCTIONS: [(&str, &str); 3] =
    [("gc_alloc", "host_core_gc_alloc"), ("gc_realloc", "host_core_gc_realloc"), ("gc_free", "host_core_gc_free")];

/// What `py/gc.c` calls in place of functions of libc when AddressSanitizer watches the heap.
const PLAIN_FUNCTIONS: [(&str, &str); 2] = [("memset", "host_plain_memset"), ("memcpy", "host_plain_memcpy")];

/// MicroPython's sources beyond `py/`.
const EXTRA_SOURCES: [&str; 5] = [
    "extmod/modbinascii.c",
    "extmod/modselect.c",
    "extmod/modtime.c",
    "shared/runtime/gchelper_generic.c",
    "shared/runtime/sys_stdio_mphal.c",
];

fn main() {
    let package = path_from_env("CARGO_MANIFEST_DIR");
    let out = path_from_env("OUT_DIR");
    let repository = package.parent().expect("the package lies in the workspace");
    let micropython = find_micropython(repository);
    let port = package.join("port");
    let shim = repository.join("mpy_module");
    let core = ["py", "extmod", "shared"].map(|folder| micropython.join(folder));
    for path in [&port, &shim, &package.join("build")].into_iter().chain(&core) {
        println!("cargo::rerun-if-changed={}", path.display());
    }

    let core_sources = core_sources(&micropython);
    let (port_sources, shim_sources) = (files(&port, "c"), files(&shim, "c"));
    let own_sources = [port_sources.as_slice(), &shim_sources].concat();

    let mut common = cc::Build::new();
    common.std("gnu99").include(&port).include(&micropython).include(&out).include(&shim);
    common.include(env::var_os("DEP_UMQTT_INCLUDE").expect("set by the build script of the package umqtt"));
    if let Some(level) = env_tracked("UMQTT_API") {
        common.define("UMQTT_API", level.replace('.', "").as_str());
    }
    let mut heap = common.clone();
    let sanitizers = sanitize(&mut common);
    let (poisons, sanitizes_undefined) = (sanitizers.contains("address"), sanitizers.contains("undefined"));
    if poisons {
        common.define("HOST_POISONS", "1");
    }

    generated_headers::write(&micropython, &common, &[core_sources.as_slice(), &own_sources].concat(), &out);

    for (name, inner_name) in HEAP_FUNCTIONS.iter().chain(PLAIN_FUNCTIONS.iter().filter(|_| poisons)) {
        heap.define(name, *inner_name);
    }
    let (heap_sources, core_sources): (Vec<_>, Vec<_>) = core_sources.into_iter().partition(|s| s.ends_with("py/gc.c"));
    // Archives are searched once, in this order: users first.
    let mut shim_build = common.clone();
    if env_tracked("UMQTT_COVERAGE").is_some() {
        shim_build.flag("-fsanitize-coverage=trace-pc,trace-cmp");
    }
    common.clone().files(port_sources).extra_warnings(false).compile("micropython_port");
    shim_build.files(shim_sources).extra_warnings(false).compile("micropython_shim");
    let mut core_build = common.clone();
    if sanitizes_undefined {
        // The core hands memcpy a null pointer for no bytes, which harms nobody.
        core_build.flag("-fno-sanitize=nonnull-attribute");
    }
    core_build.files(core_sources).warnings(false).opt_level(1).compile("micropython_core");
    heap.files(heap_sources).warnings(false).opt_level(1).compile("micropython_heap");
    println!("cargo::rustc-link-lib=m");

    write_bindings(&port, &out);
    write_frozen_files(&shim, &out);
}

fn path_from_env(name: &str) -> PathBuf {
    env::var_os(name).unwrap_or_else(|| panic!("{name} is set by Cargo")).into()
}

/// The variable's value, unless unset or empty; Cargo runs this script again when it changes.
fn env_tracked(name: &str) -> Option<String> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Instruments the C code, when asked to or when rustc instruments the Rust code (`-Zsanitizer=address`), which then also
/// brings the runtime library. Otherwise that is gcc's, named here since rustc links without the compiler's defaults.
/// Returns their names.
fn sanitize(build: &mut cc::Build) -> String {
    let with_rust = env::var("CARGO_CFG_SANITIZE").ok().filter(|sanitizer| sanitizer == "address");
    let runtime_is_needed = with_rust.is_none();
    let Some(sanitizers) = with_rust.or_else(|| env_tracked("UMQTT_SANITIZE")) else { return String::new() };
    build.flag(format!("-fsanitize={sanitizers}")).flag("-fno-sanitize-recover=all");
    for sanitizer in sanitizers.split(',') {
        let runtime = match sanitizer {
            "address" => "asan",
            "undefined" => "ubsan",
            _ => panic!("UMQTT_SANITIZE knows address and undefined, not {sanitizer}"),
        };
        if runtime_is_needed {
            println!("cargo::rustc-link-lib={runtime}");
        }
        if sanitizer == "address" {
            // Locals stay on the real stack, where MicroPython's collector looks for objects.
            let clang = build.get_compiler().is_like_clang();
            build.flag(if clang {
                "-fsanitize-address-use-after-return=never"
            } else {
                "--param=asan-use-after-return=0"
            });
        }
    }
    sanitizers
}

fn find_micropython(repository: &Path) -> PathBuf {
    let named = env_tracked("UMQTT_MICROPYTHON").map(PathBuf::from);
    let candidates = match named {
        Some(folder) => vec![folder],
        None => vec![repository.join("micropython"), repository.join("build/micropython")],
    };
    let has_source = |folder: &&PathBuf| folder.join("py/mpconfig.h").exists();
    // A submodule still empty may be filled later.
    for folder in candidates.iter().take_while(|folder| !has_source(folder)).filter(|folder| folder.exists()) {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    candidates.iter().find(has_source).cloned().unwrap_or_else(|| {
        let looked_in: Vec<_> = candidates.iter().map(|folder| folder.display().to_string()).collect();
        panic!(
            "no MicroPython source in {}: run `make setup`, or name its folder in UMQTT_MICROPYTHON",
            looked_in.join(" or ")
        )
    })
}

/// The files of a folder that have the extension, sorted; none when there is no such folder.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let mut found: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    found.sort();
    found
}

fn core_sources(micropython: &Path) -> Vec<PathBuf> {
    let mut sources = files(&micropython.join("py"), "c");
    // A template that other sources include.
    sources.retain(|source| !source.ends_with("emitnative.c"));
    sources.extend(EXTRA_SOURCES.map(|source| micropython.join(source)));
    sources
}

fn write_bindings(port: &Path, out: &Path) {
    bindgen::builder()
        .header(port.join("host.h").display().to_string())
        .allowlist_function("host_.*")
        .rust_edition(bindgen::RustEdition::Edition2024)
        .generate()
        .expect("bindgen understands port/host.h")
        .write_to_file(out.join("bindings.rs"))
        .expect("OUT_DIR is writable");
}

/// Writes the shim's Python files as a Rust constant: pairs of the path seen by scripts and the contents. The path is
/// that of files that are frozen into a firmware.
fn write_frozen_files(shim: &Path, out: &Path) {
    let entries: String = files(&shim.join("_umqtt"), "py")
        .iter()
        .map(|path| {
            let seen_as = Path::new(".frozen").join(path.strip_prefix(shim).expect("listed below this folder"));
            format!("    ({seen_as:?}, include_str!({path:?})),\n")
        })
        .collect();
    let constant = format!("const FROZEN_FILES: &[(&str, &str)] = &[\n{entries}];\n");
    fs::write(out.join("frozen_files.rs"), constant).expect("OUT_DIR is writable");
}
