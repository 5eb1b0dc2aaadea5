//! The class `MQTTClient` in the interpreter in this process: `driver.py` makes arbitrary calls on it, with sockets that
//! lie, callbacks that raise and call again, allocations that fail, and a broker that sends arbitrary bytes.
//!
//! The bytes are: the number of decisions, these, and what the broker sends. With the sanitizers
//! (`UMQTT_SANITIZE=address,undefined`) whatever the C code does wrong ends the process. Beside that, these are found:
//! exceptions that nobody expects, a client that cannot connect any more afterwards, memory that is not given back.

use crate::input::Input;
use micropython_sys::Interpreter;
use std::cell::RefCell;
use std::fmt::Write;

const HEAP: usize = 128 * 1024;
/// An interpreter is used for so many lives: starting one takes longer than a life.
const LIVES: u32 = 512;
/// Lives after which everything that is made once has been made.
const WARM: u32 = 64;
/// Bytes of heap that may be in use beyond what was in use then: less than a client takes.
const GROWTH: usize = 8 * 1024;

struct Process {
    python: Interpreter,
    lives: u32,
    heap: usize,
}

impl Process {
    fn new() -> Self {
        let mut python = Interpreter::new(HEAP);
        python.add_file("driver.py", include_str!("driver.py"));
        python.run("from driver import go").unwrap();
        Self { python, lives: 0, heap: 0 }
    }
}

thread_local! {
    static PROCESS: RefCell<Option<Process>> = const { RefCell::new(None) };
}

/// Lives the life that the bytes decide.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let count = usize::from(input.byte());
    let decisions = input.take(count);
    let broker = input.rest();
    let source = format!("go({}, {})", literal(decisions), literal(broker));
    PROCESS.with_borrow_mut(|process| {
        let alive = process.get_or_insert_with(Process::new);
        let outcome = alive.python.run(&source);
        assert!(outcome.exception.is_none(), "{}\n{source}", outcome.stdout);
        alive.lives += 1;
        if alive.lives == WARM || alive.lives == LIVES {
            alive.python.collect();
            let used = alive.python.heap_used();
            assert!(alive.heap == 0 || used < alive.heap + GROWTH, "{} bytes are in use, of {}", used, alive.heap);
            alive.heap = used;
        }
        if alive.lives == LIVES {
            *process = None;
        }
    });
}

/// The bytes as Python writes them.
fn literal(bytes: &[u8]) -> String {
    let mut text = String::from("b'");
    for byte in bytes {
        let _ = write!(text, "\\x{byte:02x}");
    }
    text.push('\'');
    text
}
