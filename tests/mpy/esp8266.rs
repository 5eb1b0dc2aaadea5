//! On the virtual ESP8266, with a firmware that has no umqtt in it: the files are copied to the board by mpremote.

use crate::play;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};
use tempfile::TempDir;
use umqtt_tests::{
    board::{Board, Esp8266, Memory, SerialPort},
    broker::Broker,
    children,
    lines::Lines,
    loopback, repository,
    show::Show,
};

/// The firmware without umqtt.
const STOCK: &str = "2MiB-without";

fn dist() -> PathBuf {
    repository().join("dist/xtensa")
}

fn esp8266() -> Esp8266 {
    Esp8266::with_firmware(STOCK, "firmware").unwrap()
}

/// Runs mpremote in a folder. A serial line can lose a byte when the computer is busy, so as a user would
/// do, it is tried again; files that have arrived are not copied twice.
fn mpremote(port: &SerialPort, folder: &Path, arguments: &[&str]) {
    const ATTEMPTS: usize = 5;
    let program = repository().join("build/mpremote/bin/mpremote");
    let mut said = String::new();
    for _ in 0..ATTEMPTS {
        let mut command = children::command(&program);
        let output = command.args(["connect", &port.name]).args(arguments).current_dir(folder).output().unwrap();
        if output.status.success() {
            return;
        }
        said += &String::from_utf8_lossy(&output.stdout);
        said += &String::from_utf8_lossy(&output.stderr);
    }
    panic!("{arguments:?} failed {ATTEMPTS} times: {said}");
}

/// A board's flash, in a file.
struct Flash {
    /// Where it is; goes with the value.
    _folder: TempDir,
    file: PathBuf,
}

impl Flash {
    fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("flash.img");
        Self { _folder: folder, file }
    }

    /// With what docs/install.md says to copy.
    fn with_umqtt() -> Self {
        let flash = Self::empty();
        mpremote(&esp8266().flash(&flash.file).boot_on_port().unwrap(), &dist(), &["cp", "-r", "umqtt", ":"]);
        flash
    }

    fn board(&self, broker: &Broker, memory: Memory) -> Board {
        let board = esp8266().server(broker.address()).memory(memory).flash(&self.file);
        let mut board = board.boot(&Show::silent()).unwrap();
        board.join_wifi().unwrap();
        board
    }
}

#[test]
fn the_tutorial_is_true_also_after_a_soft_reset() {
    let broker = Broker::start().unwrap();
    let mut board = Flash::with_umqtt().board(&broker, Memory::Lenient);
    play("docs/tutorial.fr.md", &broker, &mut board);
    for _ in 0..2 {
        // The Wi-Fi stays.
        board.repl().reset("import machine; machine.soft_reset()").unwrap();
        play("docs/tutorial.md", &broker, &mut board);
    }
}

#[test]
fn the_tutorial_is_true_where_flash_is_read_as_the_chip_reads_it() {
    let broker = Broker::start().unwrap();
    let mut board = Flash::with_umqtt().board(&broker, Memory::Strict);
    play("docs/tutorial.md", &broker, &mut board);
}

/// Each start takes another place in flash, so that none wears out, and none is the firmware's or the file system's.
#[test]
fn the_code_lies_between_firmware_and_files() {
    let broker = Broker::start().unwrap();
    let mut board = Flash::with_umqtt().board(&broker, Memory::Lenient);
    let ours = "esp.set_native_code_location = lambda *args: print(args)";
    let firmware = fs::metadata(repository().join("build/firmware").join(STOCK).join("firmware.bin")).unwrap().len();
    let mut places = Vec::new();
    for _ in 0..6 {
        let repl = board.repl();
        repl.ask("import sys, esp").unwrap();
        repl.ask("class Esp: pass").unwrap();
        repl.ask("").unwrap();
        for name in ["flash_read", "flash_user_start"] {
            repl.ask(&format!("Esp.{name} = esp.{name}")).unwrap();
        }
        repl.ask(&ours.replace("esp.", "Esp.")).unwrap();
        repl.ask("sys.modules['esp'] = Esp").unwrap();
        let printed = repl.ask("import umqtt").unwrap().join("");
        let numbers: Vec<u64> = printed.trim_matches(['(', ')']).split(", ").map(|n| n.parse().unwrap()).collect();
        assert!(numbers[0] > firmware && numbers[0] + numbers[1] <= 0x10_0000, "{printed}");
        assert_eq!((numbers[0] % 4096, numbers[1] % 4096), (0, 0));
        places.push(numbers[0]);
        repl.reset("import machine; machine.soft_reset()").unwrap();
    }
    places.dedup();
    assert!(places.len() > 1, "{places:?}");
}

#[test]
fn mip_installs_it_from_a_server() {
    let (address, listener) = loopback::listen(8000).unwrap();
    drop(listener);
    let mut server = children::command(&children::find("python3", "python3").unwrap())
        .args(["-u", "-m", "http.server", "8000", "--bind", &address.to_string(), "--directory"])
        .arg(dist())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = Lines::new("http.server", server.stdout.take().unwrap(), |_| ());
    lines.find("its start", |line| line.starts_with("Serving HTTP")).unwrap();
    let flash = Flash::empty();
    let package = format!("http://{address}:8000/package.json");
    mpremote(&esp8266().flash(&flash.file).boot_on_port().unwrap(), &dist(), &["mip", "install", &package]);
    children::stop(&mut server);

    let broker = Broker::start().unwrap();
    let mut board = flash.board(&broker, Memory::Lenient);
    assert_eq!(sha256_on_the_board(&mut board, "/lib/umqtt/simple.mpy"), sha256(&dist().join("umqtt/simple.mpy")));
    // The import needs much of the heap in one piece.
    board.repl().reset("import machine; machine.soft_reset()").unwrap();
    assert_eq!(board.repl().ask("import umqtt.simple").unwrap(), [""; 0]);
    let list = "sorted(__import__('os').listdir('/lib/umqtt'))";
    assert_eq!(board.repl().ask(list).unwrap(), ["['__init__.mpy', 'robust.mpy', 'simple.mpy']"]);
    play("docs/tutorial.md", &broker, &mut board);
}

fn sha256(file: &Path) -> String {
    let output = children::command(Path::new("sha256sum")).arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

fn sha256_on_the_board(board: &mut Board, file: &str) -> String {
    let repl = board.repl();
    repl.paste(&[
        "import hashlib",
        "h = hashlib.sha256()",
        &format!("with open('{file}', 'rb') as f:"),
        "    piece = f.read(256)",
        "    while piece:",
        "        h.update(piece)",
        "        piece = f.read(256)",
        "print(h.digest().hex())",
    ])
    .unwrap();
    repl.answer().unwrap().concat()
}

/// What docs/install.md says of the three ways. `make mpy-costs` prints it.
#[test]
fn the_file_costs_less_heap_than_the_python_file() {
    let linked = Costs::of(Esp8266::new().unwrap(), &Flash::empty());
    let native = Costs::of(esp8266(), &Flash::with_umqtt());
    let python = Flash::empty();
    let files = repository().join("build/reference/1.3.4");
    mpremote(&esp8266().flash(&python.file).boot_on_port().unwrap(), &files, &["cp", "-r", "umqtt", ":"]);
    let python = Costs::of(esp8266(), &python);
    for (name, costs) in [("linked in", &linked), ("native file", &native), ("Python file", &python)] {
        println!("{name:<12} {costs:?}");
    }
    assert!(linked.keeps < native.keeps && native.keeps < python.keeps);
}

/// What `from umqtt.simple import MQTTClient` costs a board that has just been started.
#[derive(Debug)]
struct Costs {
    /// The heap that stays taken, in bytes.
    keeps: usize,
    /// The heap that must be free in one piece meanwhile, in KiB.
    #[expect(dead_code, reason = "it is printed")]
    needs_kib: usize,
    #[expect(dead_code, reason = "it is printed")]
    milliseconds: usize,
}

impl Costs {
    fn of(esp8266: Esp8266, flash: &Flash) -> Self {
        // What the import brings for any program, not for this one alone.
        const PREPARE: &str = "import gc, time, socket, struct, binascii, errno, sys, os, esp";
        let mut board = esp8266.flash(&flash.file).boot(&Show::silent()).unwrap();
        let repl = board.repl();
        repl.ask(PREPARE).unwrap();
        // Pasted, for the history of what was typed takes heap too; and names that are stored have their room before.
        repl.paste(&[
            "took = free = MQTTClient = None",
            "gc.collect(); free = gc.mem_free()",
            "took = time.ticks_us()",
            "from umqtt.simple import MQTTClient",
            "took = time.ticks_diff(time.ticks_us(), took)",
            "gc.collect(); free -= gc.mem_free()",
            "print(free, took // 1000)",
        ])
        .unwrap();
        let answers = repl.answer().unwrap();
        let [answer] = answers.as_slice() else { panic!("{answers:?}") };
        let (keeps, milliseconds) = answer.split_once(' ').unwrap();
        // The import succeeds with so much, and not with so much.
        let (mut enough, mut too_little) = (32, 0);
        while enough - too_little > 1 {
            let kib = (enough + too_little) / 2;
            repl.reset("import machine; machine.soft_reset()").unwrap();
            repl.ask(PREPARE).unwrap();
            repl.paste(&[
                &format!("hole = bytearray({kib} * 1024)"),
                "rest = None",
                "for size in (1024, 64, 16):",
                "    try:",
                "        while True: rest = [rest, bytearray(size)]",
                "    except MemoryError: pass",
                "hole = None",
                "try:",
                "    from umqtt.simple import MQTTClient",
                "    print('enough')",
                "except MemoryError: print('too little')",
            ])
            .unwrap();
            match repl.answer().unwrap().last().map(String::as_str) {
                Some("enough") => enough = kib,
                Some("too little") => too_little = kib,
                other => panic!("{other:?}"),
            }
        }
        Self { keeps: keeps.parse().unwrap(), needs_kib: enough, milliseconds: milliseconds.parse().unwrap() }
    }
}
