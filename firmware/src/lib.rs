//! What the ESP8266 build needs beside compilers.
//!
//! - [`assembly`] rewrites the engine's assembly, as LLVM writes it, into one for this chip.
//! - [`peephole`] shortens it.
//! - [`image`] reads a linked firmware: its ELF file and what the linker's map says of who brought which byte.
//! - [`checks`] finds what would go wrong on the chip only, where nobody can see why.
//! - [`sizes`] counts.

pub mod assembly;
pub mod checks;
pub mod image;
pub mod peephole;
pub mod sizes;
