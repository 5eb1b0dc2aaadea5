//! The command `virtual-esp8266`: what a stranger at a shell finds.

use crate::support::{board_with, run};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;
use umqtt_tests::{board::Esp8266, children, repl::Repl, repository, show::Show};

fn command() -> Command {
    children::command(&Esp8266::program().unwrap())
}

fn firmware() -> PathBuf {
    repository().join("build/firmware/2MiB/firmware.bin")
}

#[test]
fn the_end_of_the_input_switches_the_board_off() {
    let output = command().arg("--firmware").arg(firmware()).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_flash_without_firmware_is_said() {
    let folder = TempDir::new().unwrap();
    let mut without = command();
    without.arg("--flash").arg(folder.path().join("flash.img"));
    let (mut repl, mut child) = Repl::spawn(without, Show::silent()).unwrap();
    assert!(repl.wait_for_prompt().is_err());
    assert!(repl.seen().contains("the flash holds no firmware"), "{}", repl.seen());
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn what_strict_memory_has_stopped_ends_with_a_status_of_its_own() {
    let mut strict = command();
    strict.arg("--strict").arg("--firmware").arg(firmware());
    let (mut repl, mut child) = Repl::spawn(strict, Show::silent()).unwrap();
    repl.wait_for_prompt().unwrap();
    // A program of the user's own in machine code, which reads flash by bytes.
    for line in ["@micropython.viper", "def byte_at(address: int) -> int:", "    return ptr8(address)[0]", ""] {
        repl.ask(line).unwrap();
    }
    assert!(repl.ask("byte_at(0x40210001)").is_err());
    assert!(repl.seen().contains("strict memory: l8ui"), "{}", repl.seen());
    assert_eq!(child.wait().unwrap().code(), Some(4));
}

fn refuses(arguments: &[&str], why: &str) {
    let output = command().args(arguments).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(why), "{arguments:?}: {said}");
}

#[test]
fn bad_input_gets_one_clear_message() {
    refuses(&[], "--firmware");
    refuses(&["--firmware", "nowhere.bin"], "cannot read nowhere.bin");
    refuses(&["--firmware", "/dev/null"], "/dev/null cannot be flashed: it is empty");
    refuses(&["--flash", "f", "--flash-size", "3M"], "flash comes in 512K, 1M, 2M and 4M");
    refuses(&["--flash", "f", "--host", "broker"], "write NAME=ADDRESS");
    refuses(&["--flash", "f", "--access-point", ":secret"], "an SSID has 1 to 32 bytes");
    refuses(&["--flash", "f", "--forward", "80"], "write PORT:BOARD_PORT");
    assert!(!Path::new("f").exists());
}

#[test]
fn the_traffic_is_captured() {
    let folder = TempDir::new().unwrap();
    let pcap = folder.path().join("traffic.pcap");
    let mut board = board_with(&[&"--pcap", &pcap]);
    board.join_wifi().unwrap();
    drop(board);
    let captured = fs::read(&pcap).unwrap();
    assert_eq!(captured[..4], 0xa1b2c3d4u32.to_ne_bytes(), "the magic number of a pcap file");
    let dhcp_magic_cookie = [0x63, 0x82, 0x53, 0x63];
    assert!(captured.windows(4).any(|bytes| bytes == dhcp_magic_cookie), "DHCP is not in it");
}

#[test]
fn counted_instructions_are_the_same_in_every_run() {
    let count = || -> f64 {
        let program = "
            import time
            def work():
                start = time.ticks_cpu()
                for i in range(5000): i * i
                return time.ticks_diff(time.ticks_cpu(), start)
            print(min(work() for _ in range(20)))
            ";
        let lines = run(&mut board_with(&[&"--icount"]), program);
        lines.concat().parse().unwrap_or_else(|_| panic!("{lines:?}"))
    };
    let (first, second) = (count(), count());
    assert!((first / second - 1.0).abs() < 0.003, "{first} and {second}");
}
