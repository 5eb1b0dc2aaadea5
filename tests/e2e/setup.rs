//! The set-up, where it cannot do its work.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;
use umqtt_tests::repository;

/// Runs a set-up script for somebody who is not root and may not become it.
fn run_without_rights(script: &str, arguments: &[&str]) -> Output {
    let programs = TempDir::new().unwrap();
    for (name, contents) in [("id", "#!/bin/sh\necho 1000\n"), ("sudo", "#!/bin/sh\nexit 1\n")] {
        let program = programs.path().join(name);
        fs::write(&program, contents).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    Command::new(repository().join("scripts").join(script))
        .args(arguments)
        .env("PATH", format!("{}:{path}", programs.path().display()))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn missing_packages_are_named_when_they_cannot_be_installed() {
    let output = run_without_rights("packages.sh", &["dpkg", "no-such-package-a", "no-such-package-b"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(message.contains("missing, and could not be installed here: no-such-package-a no-such-package-b"));
    assert!(message.contains("apt-get install no-such-package-a no-such-package-b"));
}

#[test]
fn nothing_is_said_when_all_is_there() {
    let output = run_without_rights("packages.sh", &["dpkg"]);
    assert!(output.status.success());
    assert_eq!((output.stdout.len(), output.stderr.len()), (0, 0));
}

#[test]
fn the_engines_check_refuses_an_object_that_can_panic() {
    let folder = TempDir::new().unwrap();
    let object = folder.path().join("panics.o");
    compile("int core_panicking_panic(void); int element(void) { return core_panicking_panic(); }", &object);
    let check = Command::new(repository().join("scripts/check-engine.sh")).arg(&object).output().unwrap();
    assert!(!check.status.success());
    assert!(String::from_utf8(check.stderr).unwrap().contains("core_panicking_panic"));
}

#[test]
fn the_engines_check_refuses_static_ram() {
    let folder = TempDir::new().unwrap();
    let object = folder.path().join("static.o");
    compile("int counter = 1; int count(void) { return counter++; }", &object);
    let check = Command::new(repository().join("scripts/check-engine.sh")).arg(&object).output().unwrap();
    assert!(!check.status.success());
    assert!(String::from_utf8(check.stderr).unwrap().contains(".data"));
}

fn compile(source: &str, object: &Path) {
    let file = object.with_extension("c");
    fs::write(&file, source).unwrap();
    let compiled = Command::new("cc").arg("-c").arg(&file).arg("-o").arg(object).status().unwrap();
    assert!(compiled.success());
}
