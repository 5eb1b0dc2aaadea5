//! `umqtt-conformance table` writes docs/conformance.md from the statements, the tests' names and their results.
//! `umqtt-conformance mutants` breaks a copy of the tree, one change at a time, and says which tests notice.
//!
//! Both are run from the repository's root. Cargo and the environment it is run in are those of the caller.

mod cargo;
mod mutants;
mod table;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["table"] => table::write(),
        ["mutants"] => mutants::run(""),
        ["mutants", only] => mutants::run(only),
        _ => bail!("usage: umqtt-conformance table | mutants [what its change or statement contains]"),
    }
}
