//! What is fuzzed. Each module has one function, `run`, that takes arbitrary bytes and panics when something is wrong:
//! `fuzz_targets/` gives them to libFuzzer, `tests/` runs the seeds and all former findings through them.
//!
//! | | |
//! |---|---|
//! | [`decoder`] | incoming bytes in arbitrary chunks |
//! | [`session`] | the engine's operations, nested, with arbitrary answers to what they ask for |
//! | [`class`] | `MQTTClient` in a MicroPython in this process: arbitrary calls, brokers, sockets that lie |
//! | [`parsers`] | packets through other people's parsers and ours |

#[cfg(feature = "class")]
pub mod class;
pub mod decoder;
pub mod input;
pub mod parsers;
pub mod session;
