//! In MicroPython's qemu port, on processors of several kinds and without network: the exchange of `exchange.py` ends as
//! it does in the unix port, both where umqtt is a file and where it is built in.

use std::{fs, net::Ipv4Addr, sync::LazyLock};
use umqtt_tests::{board, interpreter::Interpreter, raw::RawRepl, repository, script::Script};

const EXCHANGE: &str = include_str!("exchange.py");

/// Makes a bytearray `file` a module that can be imported.
const FILE_SYSTEM: &str = "
import io, sys, vfs

class File(io.IOBase):
    def __init__(self):
        self.at = 0
    def ioctl(self, request, argument):
        return 0
    def readinto(self, buffer):
        n = min(len(buffer), len(file) - self.at)
        buffer[:n] = memoryview(file)[self.at : self.at + n]
        self.at += n
        return n

class Files:
    def mount(self, readonly, mkfs):
        pass
    def stat(self, path):
        if path.endswith('umqtt'):
            return (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        if path.endswith('umqtt/simple.mpy'):
            return (0x8000, 0, 0, 0, 0, 0, len(file), 0, 0, 0)
        raise OSError(2)
    def open(self, path, mode):
        return File()

vfs.mount(Files(), '/files')
sys.path.append('/files')
";

/// What the exchange prints in the unix port.
static EXPECTED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let unix = Script::start(Interpreter::with_native_module().unwrap(), Ipv4Addr::LOCALHOST, EXCHANGE).unwrap();
    let expected = unix.finish().unwrap();
    assert!(expected.len() > 10, "{expected:?}");
    expected
});

fn exchange(board: &mut RawRepl) {
    let printed = board.run(EXCHANGE).unwrap();
    assert_eq!(printed.lines().map(str::trim_end).collect::<Vec<_>>(), *EXPECTED);
}

/// In the firmware of this architecture, with the file for it or for one that is part of it. `number` is that of the
/// architecture, as docs/install.md has it.
fn exchange_from_file(firmware: &str, number: u8, file: &str) {
    let mut board = board::qemu(firmware).unwrap();
    let told = board.run("import sys\nprint(sys.implementation._mpy >> 10)").unwrap();
    assert_eq!(told.trim(), number.to_string());
    let module = fs::read(repository().join("dist").join(file).join("umqtt/simple.mpy")).unwrap();
    board.run(&format!("file = bytearray({})", module.len())).unwrap();
    for (number, piece) in module.chunks(512).enumerate() {
        let bytes: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        let start = number * 512;
        board.run(&format!("file[{start}:{}] = bytes.fromhex('{bytes}')", start + piece.len())).unwrap();
    }
    board.run(FILE_SYSTEM).unwrap();
    exchange(&mut board);
}

#[test]
fn armv6m() {
    exchange_from_file("armv6m", 4, "armv6m");
}

#[test]
fn armv7m() {
    exchange_from_file("armv7m", 6, "armv7m");
}

#[test]
fn files_for_less_where_the_processor_can_do_more() {
    exchange_from_file("armv7emsp", 7, "armv7m");
    exchange_from_file("armv7emdp", 8, "armv7emsp");
    exchange_from_file("armv7emdp", 8, "armv6m");
}

#[test]
fn armv7emsp() {
    exchange_from_file("armv7emsp", 7, "armv7emsp");
}

#[test]
fn armv7emdp() {
    exchange_from_file("armv7emdp", 8, "armv7emdp");
}

#[test]
fn rv32imc() {
    exchange_from_file("rv32imc", 11, "rv32imc");
}

/// No board, but the unix port. Its interpreter is linked without the libraries by which tests have names resolved.
#[test]
fn x86() {
    let interpreter = Interpreter::with_native_module_x86().unwrap();
    let printed = Script::start(interpreter, Ipv4Addr::LOCALHOST, EXCHANGE).unwrap().finish().unwrap();
    assert_eq!(printed, *EXPECTED);
}

/// Built as docs/install.md says: `make qemu-usermod` takes the command from there.
#[test]
fn built_in() {
    let mut board = board::qemu("usermod").unwrap();
    let origin = "import umqtt.simple, uumqtt\nprint(umqtt is uumqtt, umqtt.simple)";
    assert_eq!(board.run(origin).unwrap().trim(), "True <module 'umqtt.simple'>");
    board.reset().unwrap();
    exchange(&mut board);
}
