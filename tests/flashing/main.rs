//! Flashing: the stock esptool and the stock mpremote on the virtual ESP8266, as their users run them on a chip.

mod bench;

use bench::{Bench, Port, firmware, kill_at};
use std::fs;
use umqtt_tests::{broker::Broker, repository, show::Show, transcript::Transcript, tutorial};

const EMPTY: &str = "the flash holds no firmware: it is erased";
const DOWNLOAD: &str = "download mode, because GPIO0 was low";

/// Bytes that compress badly, as a firmware's do.
fn noise(size: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(8266);
    std::iter::repeat_with(|| random.u8(..)).take(size).collect()
}

fn assert_says(text: &str, all: &[&str]) {
    for wanted in all {
        assert!(text.contains(wanted), "{wanted:?} is missing in:\n{text}");
    }
}

#[test]
fn esptool_knows_the_chip() {
    let board = Bench::new(Port::Terminal, &["--flash-size", "2M"], None).unwrap();
    for stub in [&["--no-stub"][..], &[]] {
        let run = |command| board.esptool(&[stub, &[command]].concat()).unwrap().well();
        assert_says(&run("chip_id"), &["ESP8266EX", "Features: WiFi", "Crystal is 26MHz", "Chip ID: 0x00123456"]);
        assert_says(&run("read_mac"), &["MAC: 52:54:00:12:34:56"]);
        assert_says(&run("flash_id"), &["Manufacturer: ef", "Device: 4015", "Detected flash size: 2MB"]);
    }
}

#[test]
fn what_is_written_is_read_back() {
    let board = Bench::new(Port::Terminal, &["--flash-size", "512K"], None).unwrap();
    let contents = noise(21_000);
    let file = board.file("contents", &contents).unwrap();
    let back = board.folder().join("back");
    let (file, back) = (file.to_str().unwrap(), back.to_str().unwrap());
    let same = |at: usize| board.flash().unwrap()[at..at + contents.len()] == contents;
    let erased = |range: std::ops::Range<usize>| board.flash().unwrap()[range].iter().all(|&byte| byte == 0xff);

    board.esptool(&["--no-stub", "write_flash", "0x4000", file]).unwrap().well();
    assert!(same(0x4000), "without the stub");
    board.esptool(&["write_flash", "--no-compress", "0x13000", file]).unwrap().well();
    assert!(same(0x13000), "not compressed");
    let said = board.esptool(&["--baud", "460800", "write_flash", "--compress", "0x30000", file]).unwrap().well();
    assert_says(&said, &["Changed.", "Hash of data verified."]);
    assert!(same(0x30000), "compressed");

    board.esptool(&["verify_flash", "0x13000", file]).unwrap().well();
    let said = board.esptool(&["verify_flash", "0x14000", file]).unwrap().badly();
    assert_says(&said, &["verify FAILED"]);
    board.esptool(&["read_flash", "0x30000", "21000", back]).unwrap().well();
    assert_eq!(fs::read(back).unwrap(), contents);

    board.esptool(&["erase_region", "0x14000", "0x2000"]).unwrap().well();
    assert!(erased(0x14000..0x16000) && !erased(0x13000..0x14000) && !erased(0x16000..0x17000));
    board.esptool(&["erase_flash"]).unwrap().well();
    assert!(erased(0..512 << 10));
}

#[test]
fn writing_over_what_was_there_erases_that_first() {
    let board = Bench::new(Port::Terminal, &["--flash-size", "512K"], None).unwrap();
    let old = board.file("old", &[0; 0x1_2000]).unwrap();
    let (contents, at) = (noise(5000), 0xf000);
    let new = board.file("new", &contents).unwrap();
    for stub in [&["--no-stub"][..], &[]] {
        let write = |at, file| board.esptool(&[stub, &["write_flash", at, file]].concat()).unwrap().well();
        write("0xe000", old.to_str().unwrap());
        write("0xf000", new.to_str().unwrap());
        let flash = board.flash().unwrap();
        assert_eq!(flash[at..at + contents.len()], contents);
        assert!(flash[0xe000..at].iter().all(|&byte| byte == 0), "what is before stays");
        assert!(flash[at + 0x2000..0x2_0000].iter().all(|&byte| byte == 0), "what is behind stays");
    }
}

#[test]
fn the_tutorial_runs_on_a_board_that_was_flashed() {
    let (broker, show) = (Broker::start().unwrap(), Show::silent());
    let board = Bench::new(Port::Terminal, &["--flash-size", "2M"], Some(&broker)).unwrap();
    board.wait_for(DOWNLOAD).unwrap();
    board.flash_script(&firmware().unwrap()).unwrap().well();

    // The new firmware has started by itself.
    let said = board.mpremote(&["exec", "import esp, sys; print(sys.platform, esp.check_fw())"]).unwrap().well();
    assert_says(&said, &["esp8266 True"]);
    let main =
        "import network\nwlan = network.WLAN(network.STA_IF)\nwlan.active(True)\nwlan.connect('home', 'secret')\n";
    let main = board.file("main.py", main.as_bytes()).unwrap();
    board.mpremote(&["fs", "cp", main.to_str().unwrap(), ":main.py"]).unwrap().well();
    assert_says(&board.mpremote(&["fs", "ls"]).unwrap().well(), &["main.py"]);

    let mut console = board.restart(&show).unwrap();
    assert_eq!(console.repl().ask("wlan.active()").unwrap(), ["True"], "main.py has run");
    console.join_wifi().unwrap();
    let transcript = Transcript::read(&repository().join("docs/tutorial.md")).unwrap();
    let played = tutorial::play(&transcript, &broker, &mut console, &show).unwrap();
    let differences: String = played.differences.iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn dtr_and_rts_reset_as_on_a_board_with_a_usb_socket() {
    let board = Bench::new(Port::Rfc2217, &[], None).unwrap();
    board.wait_for(EMPTY).unwrap();
    board.flash_script(&firmware().unwrap()).unwrap().well();
    board.wait_for(DOWNLOAD).unwrap();

    let print = |what: &str| {
        let text =
            board.mpremote(&["exec", &format!("import machine; r = machine.RTC(); print({what})")]).unwrap().well();
        text.trim().to_owned()
    };
    assert_eq!(print("machine.reset_cause() == machine.HARD_RESET"), "True");
    assert_eq!(print("r.memory('kept')"), "None");
    // Into download mode, and back into the firmware.
    let said = board.esptool(&["chip_id"]).unwrap().well();
    assert_says(&said, &["Chip ID: 0x00123456", "Hard resetting via RTS pin..."]);
    assert_eq!(print("r.memory()"), "b'kept'", "the clock's memory outlives a reset");
    assert_eq!(print("machine.reset_cause() == machine.HARD_RESET"), "True");
    board.mpremote(&["reset"]).unwrap().well();
    assert_eq!(print("machine.reset_cause() == machine.SOFT_RESET"), "True");
}

#[test]
fn an_interrupted_flash_is_said_and_can_be_repeated() {
    let board = Bench::new(Port::Terminal, &[], None).unwrap();
    let firmware = firmware().unwrap();
    let mut command = board.esptool_command().unwrap();
    command.args(["--port", board.port(), "--before", "no_reset", "write_flash", "0"]).arg(&firmware);
    kill_at(command, "Writing at 0x0001").unwrap();

    board.control("gpio0 high").unwrap();
    board.control("reset").unwrap();
    board.wait_for("the firmware in flash is not complete").unwrap();

    board.control("gpio0 low").unwrap();
    board.control("reset").unwrap();
    board.wait_for(DOWNLOAD).unwrap();
    board.flash_script(&firmware).unwrap().well();
    assert_says(&board.mpremote(&["exec", "import esp; print(esp.check_fw())"]).unwrap().well(), &["True"]);
}

#[test]
fn the_port_of_make_flash_may_be_a_url() {
    // The variable PORT reaches every makefile that is called, and a makefile does not stand any value everywhere.
    let build = repository().join("build/virtual-esp8266");
    let output = std::process::Command::new("make")
        .args(["--dry-run", "PORT=rfc2217://127.0.0.1:2217", "rom", "sdk", &format!("BUILD={}", build.display()), "-C"])
        .arg(repository().join("virtual-esp8266"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn make_flash_refuses_a_wrong_file_before_it_erases() {
    let board = Bench::new(Port::Terminal, &["--flash-size", "512K"], None).unwrap();
    let good = fs::read(firmware().unwrap()).unwrap();
    let mut damaged = good.clone();
    damaged[1000] ^= 1;
    // An ESP32's image: its header goes on with pins and the number of the chip.
    let esp32 = [&[0xe9, 2, 2, 0x20, 0, 0, 8, 0x40, 0xee, 0, 0, 0][..], &[0; 500]].concat();
    // Padding behind a firmware does no harm but to its size.
    let large = [&good[..], &[0xff; 100 << 10]].concat();
    for (contents, why) in [
        (&b"#!/bin/sh\n"[..], "it is no firmware image: it begins with 0x23"),
        (&esp32[..], "it is for another chip"),
        (&damaged[..], "it is damaged: its checksum is"),
        (&good[..100_000], "it is not complete: it has 100000 bytes"),
        (&large[..], "will not fit in"),
    ] {
        let file = board.file("wrong.bin", contents).unwrap();
        assert_says(&board.flash_script(&file).unwrap().badly(), &[why]);
    }
    assert!(board.flash().unwrap().iter().all(|&byte| byte == 0xff), "the flash was not touched");
}

#[test]
fn a_board_says_what_is_wrong_with_its_firmware() {
    let board = Bench::new(Port::Terminal, &[], None).unwrap();
    let good = fs::read(firmware().unwrap()).unwrap();
    let mut damaged = good[..0x3000].to_vec();
    damaged[1000] ^= 1;
    let esp32 = [&[0xe9, 2, 2, 0x20, 0, 0, 8, 0x40, 0xee, 0, 0, 0][..], &[0; 500]].concat();
    for (contents, why) in [
        (&b"#!/bin/sh\n"[..], "the flash holds no firmware: it begins with 0x23"),
        (&esp32[..], "the firmware in flash is damaged, or not for the ESP8266"),
        (&damaged[..], "the firmware in flash is damaged: its checksum is"),
    ] {
        let file = board.file("wrong.bin", contents).unwrap();
        let write = ["--chip", "esp8266", "write_flash", "--flash_size", "keep", "0", file.to_str().unwrap()];
        // esptool itself refuses an ESP32's image, unless it is forced.
        let write = [&write[..3], &["--force"], &write[3..]].concat();
        board.esptool_in(&["no_reset", "soft_reset"], &write).unwrap().well();
        board.wait_for(why).unwrap();
        board.control("reset").unwrap();
        board.wait_for(DOWNLOAD).unwrap();
    }
}
