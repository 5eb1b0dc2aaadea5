//! The commands that `firmware.mk` uses. `umqtt-firmware help` lists them.

use anyhow::{Context, Result};
use clap::Parser;
use std::{fs, path::PathBuf, process::ExitCode};
use umqtt_firmware::{assembly, checks, image::Image, peephole, sizes};

/// How much flash a module can have. esptool looks how much it has, and refuses what does not fit.
const LARGEST_FLASH: usize = 16 << 20;

/// What the ESP8266 build needs beside compilers.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
enum Command {
    /// Rewrite LLVM's assembly of the engine so that GNU as and the chip accept it
    Assembly {
        /// What rustc has written
        input: PathBuf,
        /// What is to be assembled
        output: PathBuf,
    },
    /// Check a linked firmware: where the engine lies, panics, constants, vectors, segments
    Check {
        /// The firmware, with its linker map beside it (firmware.map)
        elf: PathBuf,
        /// The engine's object that is in it; without it, the firmware is one without the engine
        #[arg(long)]
        engine: Option<PathBuf>,
        /// The disassembler
        #[arg(long, default_value = "xtensa-lx106-elf-objdump")]
        objdump: String,
    },
    /// Check that every function of such an assembly gives back the stack and the registers that are its caller's
    Frames {
        /// What `assembly` has written
        assembly: PathBuf,
    },
    /// Check an image before it is written to a module: whether the ESP8266's boot ROM starts it
    Image {
        /// firmware.bin
        image: PathBuf,
    },
    /// Print the sizes of firmwares side by side
    Sizes {
        /// The same as JSON, into this file
        #[arg(long)]
        json: Option<PathBuf>,
        /// NAME=firmware.elf, with its linker map beside it
        #[arg(required = true)]
        firmware: Vec<String>,
    },
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Assembly { input, output } => {
            let llvm = fs::read_to_string(&input).with_context(|| format!("reading {}", input.display()))?;
            let rewritten = assembly::rewrite(&peephole::shorten(&llvm))
                .with_context(|| format!("rewriting {}", input.display()))?;
            let shared = peephole::tails::share(&rewritten);
            fs::write(&output, shared).with_context(|| format!("writing {}", output.display()))
        }
        Command::Check { elf, engine, objdump } => {
            let image = Image::read(&elf)?;
            let mut faults = checks::image(&image)?;
            if let Some(engine) = engine {
                faults.extend(checks::engine(&engine, &objdump)?);
            }
            if faults.is_empty() {
                return Ok(());
            }
            let list: String = faults.iter().map(|fault| format!("\n  - {fault}")).collect();
            anyhow::bail!("{} would not work on the chip:{list}", elf.display())
        }
        Command::Frames { assembly } => {
            let text = fs::read_to_string(&assembly).with_context(|| format!("reading {}", assembly.display()))?;
            peephole::frames::check(&text).map_err(|fault| anyhow::anyhow!("{}: {fault}", assembly.display()))
        }
        Command::Image { image } => {
            let bytes = fs::read(&image).with_context(|| format!("reading {}", image.display()))?;
            esp8266_image::check(&bytes, LARGEST_FLASH)
                .with_context(|| format!("{} cannot be flashed", image.display()))
        }
        Command::Sizes { json, firmware } => {
            let mut columns = Vec::new();
            for argument in &firmware {
                let (name, elf) = argument.split_once('=').context("NAME=firmware.elf is wanted")?;
                columns.push((name.to_owned(), sizes::Sizes::of(&Image::read(elf.as_ref())?)?));
            }
            print!("{}", sizes::table(&columns));
            match json {
                Some(path) => {
                    fs::write(&path, sizes::json(&columns)).with_context(|| format!("writing {}", path.display()))
                }
                None => Ok(()),
            }
        }
    }
}

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
