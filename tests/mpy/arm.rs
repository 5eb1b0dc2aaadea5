//! In MicroPython's qemu port, a board with a Cortex-M3 (`armv7m`) and without network: the exchange of `exchange.py`
//! ends as it does in the unix port.

use std::{fs, net::Ipv4Addr};
use umqtt_tests::{board, interpreter::Interpreter, repository, script::Script};

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

#[test]
fn an_exchange_is_as_in_the_unix_port() {
    let unix = Script::start(Interpreter::with_native_module().unwrap(), Ipv4Addr::LOCALHOST, EXCHANGE).unwrap();
    let expected = unix.finish().unwrap();
    assert!(expected.len() > 10, "{expected:?}");

    let mut board = board::cortex_m3().unwrap();
    let module = fs::read(repository().join("dist/armv7m/umqtt/simple.mpy")).unwrap();
    board.run(&format!("file = bytearray({})", module.len())).unwrap();
    for (number, piece) in module.chunks(64).enumerate() {
        let bytes: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        let start = number * 64;
        board.run(&format!("file[{start}:{}] = bytes.fromhex('{bytes}')", start + piece.len())).unwrap();
    }
    board.run(FILE_SYSTEM).unwrap();
    let printed = board.run(EXCHANGE).unwrap();
    assert_eq!(printed.lines().map(str::trim_end).collect::<Vec<_>>(), expected);
}
