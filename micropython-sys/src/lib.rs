//! MicroPython inside the process, with the native module `umqtt` built in: the ground on which the shim is tested,
//! fuzzed and run under sanitizers.
//!
//! ```
//! use micropython_sys::Interpreter;
//!
//! let mut python = Interpreter::new(64 * 1024);
//! assert_eq!(python.run("print(1 + 1)").stdout, "2\n");
//! assert_eq!(python.run("1 // 0").exception.as_deref(), Some("ZeroDivisionError: divide by zero"));
//! ```
//!
//! The interpreter speaks the ESP8266 port's language. There is no file system, no network and no real time: files for
//! import come from [`Interpreter::add_file`], sockets are played by the scripts, and the clock stands still unless it
//! is set, slept or waited on. Besides MicroPython's modules, scripts find `_host`:
//!
//! - `_host.interrupt()` presses Ctrl-C;
//! - `_host.allocations()` is [`Interpreter::allocations`], and asking allocates nothing;
//! - `_host.fail_allocation_after(n)` is [`Interpreter::fail_allocation_after`]; a negative `n` disarms it;
//! - `_host.collect_always(flag)` has a collection precede each allocation;
//! - `_host.Socket(script)` is a native stream that plays a connected socket without allocating: reads give the bytes of
//!   the script and then nothing (after a thousand such reads, `OSError(104)`), writes take everything, and `written()`
//!   says how much that was.

// The shim's calls into the engine are resolved from this crate.
use umqtt as _;

mod interpreter;

pub use interpreter::{Interpreter, Outcome};
