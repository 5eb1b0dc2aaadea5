//! The safe face of `port/host.h`, and the only file with `unsafe`.
//!
//! Soundness rests on three facts. MicroPython's state is global, so an [`Interpreter`] holds a process-wide lock for
//! as long as it lives. The port catches every exception in C, so none unwinds or jumps across a Rust frame. And the
//! port never calls back into Rust.

use std::sync::{Mutex, MutexGuard, PoisonError};

#[allow(clippy::undocumented_unsafe_blocks, reason = "written by bindgen")]
mod port {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

include!(concat!(env!("OUT_DIR"), "/frozen_files.rs"));

static STATE: Mutex<()> = Mutex::new(());

/// A running MicroPython.
///
/// There is one per process at a time: [`Interpreter::new`] waits until the last one is dropped, so a thread that makes
/// a second one while it holds the first waits for ever. Scripts use up to 512 KiB of the calling thread's stack and
/// get `RuntimeError` beyond that.
pub struct Interpreter {
    _state: MutexGuard<'static, ()>,
}

/// What a script left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it printed, including the traceback of an uncaught exception, as a REPL shows it.
    pub stdout: String,
    /// The uncaught exception as the last line of its traceback: `OSError: -1`.
    pub exception: Option<String>,
}

impl Outcome {
    /// What the script printed.
    ///
    /// # Panics
    /// When it ended by an exception; the panic shows the traceback.
    #[track_caller]
    pub fn unwrap(self) -> String {
        assert!(self.exception.is_none(), "the script raised an exception:\n{}", self.stdout);
        self.stdout
    }
}

impl Interpreter {
    /// Starts an interpreter with a heap of this many bytes, the clock at zero, and the shim's Python files to import.
    /// Objects are twice as large as on a 32-bit board.
    ///
    /// # Panics
    /// When the heap does not hold even the empty interpreter, which needs somewhat less than 1 KiB.
    pub fn new(heap_bytes: usize) -> Self {
        let state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest heap that MicroPython's allocator can lay out.
        assert!(heap_bytes >= 256, "a heap of {heap_bytes} bytes is too small");
        // SAFETY: the lock is held, and no interpreter is running: each ends, in drop, before its lock is given back.
        let started = unsafe { port::host_init(heap_bytes) };
        assert!(started, "a heap of {heap_bytes} bytes is too small");
        let mut interpreter = Self { _state: state };
        for (path, contents) in FROZEN_FILES {
            interpreter.add_file(path, contents);
        }
        interpreter
    }

    /// Runs a script in `__main__`, whose names stay for the next one.
    pub fn run(&mut self, source: &str) -> Outcome {
        // SAFETY: the interpreter runs, and the pointer and length are one str's, which is only read.
        let completed = unsafe { port::host_run(source.as_ptr().cast(), source.len()) };
        // SAFETY: the interpreter runs.
        let (stdout, exception) = unsafe { (port::host_stdout(), port::host_exception()) };
        Outcome { stdout: self.copy(stdout), exception: (!completed).then(|| self.copy(exception)) }
    }

    /// Lets scripts import a file from this path (`package/module.py`), in place of one added there before.
    pub fn add_file(&mut self, path: &str, contents: &str) {
        // SAFETY: each pointer and length are one str's; the port copies both.
        unsafe {
            port::host_add_file(path.as_ptr().cast(), path.len(), contents.as_ptr().cast(), contents.len());
        }
    }

    /// Sets the clock, in milliseconds; it wraps after 2^32 as the board's does.
    pub fn set_ticks_ms(&mut self, ms: u32) {
        // SAFETY: writes a number.
        unsafe { port::host_set_ticks_ms(ms) }
    }

    /// The clock in milliseconds: what was set, and what scripts have slept and waited since.
    pub fn ticks_ms(&self) -> u32 {
        // SAFETY: reads a number.
        unsafe { port::host_get_ticks_ms() }
    }

    /// Presses Ctrl-C: the next script gets `KeyboardInterrupt` at its first loop, wait or end.
    pub fn interrupt(&mut self) {
        // SAFETY: the interpreter runs.
        unsafe { port::host_interrupt() }
    }

    /// Collects garbage: what no name reaches is freed.
    pub fn collect(&mut self) {
        // SAFETY: the interpreter runs, and no Rust variable holds a Python object.
        unsafe { port::host_collect() }
    }

    /// Bytes of heap in use, garbage included unless [collected](Self::collect) before.
    pub fn heap_used(&self) -> usize {
        // SAFETY: the interpreter runs; the heap is only read.
        unsafe { port::host_heap_used() }
    }

    /// Bytes of heap that objects can have in all: what was given to [`new`](Self::new), less the allocator's tables.
    pub fn heap_total(&self) -> usize {
        // SAFETY: the interpreter runs; the heap is only read.
        unsafe { port::host_heap_total() }
    }

    /// How often memory was asked of the heap since the start, for new or for growing objects.
    pub fn allocations(&self) -> u64 {
        // SAFETY: reads a number.
        unsafe { port::host_allocations() }
    }

    /// Lets `n` allocations pass and makes the one after them fail with `MemoryError`, once. Compiling a script allocates
    /// too; `_host.fail_allocation_after(n)` inside it counts from there. A script that raises disarms it.
    pub fn fail_allocation_after(&mut self, n: u32) {
        // SAFETY: writes a number.
        unsafe { port::host_fail_allocation_after(n.into()) }
    }

    /// Whether a collection precedes each allocation from now on.
    pub fn collect_always(&mut self, always: bool) {
        // SAFETY: writes a flag.
        unsafe { port::host_collect_always(always) }
    }

    /// A text of the port; what is not UTF-8 is replaced.
    fn copy(&self, text: port::host_text_t) -> String {
        if text.len == 0 {
            return String::new();
        }
        // SAFETY: the port's text is valid until the next run, and the slice is gone before.
        let bytes = unsafe { std::slice::from_raw_parts(text.data.cast(), text.len) };
        String::from_utf8_lossy(bytes).into_owned()
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        // SAFETY: the interpreter runs, and nothing can reach it after this.
        unsafe { port::host_deinit() }
    }
}
