//! MicroPython's unix port, the board that needs no hardware.
//!
//! The interpreter runs in an empty folder and finds only the modules that are frozen into it (and those that a test
//! adds), so nothing that lies on the machine can stand in for the module under test.
//!
//! - `UMQTT_UNIX` names another interpreter than `build/unix/micropython`.
//! - `UMQTT_MICROPYPATH` puts folders before the frozen modules. It is for work on the harness itself: with it, what
//!   is tested is what lies in those folders.

use crate::{children, hosts, repository};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// An interpreter with the folder that it runs in.
pub struct Interpreter {
    program: PathBuf,
    home: TempDir,
    modules: Vec<PathBuf>,
}

impl Interpreter {
    /// Finds the interpreter, and says how to build it when it is not there.
    pub fn find() -> Result<Self> {
        Self::at(env::var_os("UMQTT_UNIX").map_or_else(|| repository().join("build/unix/micropython"), PathBuf::from))
    }

    /// The interpreter with the public interface of umqtt.simple 1.8.
    pub fn with_api_1_8() -> Result<Self> {
        Self::at(repository().join("build/unix-1.8/micropython"))
    }

    /// An interpreter as anybody has it, in which umqtt is the native module: a file.
    pub fn with_native_module() -> Result<Self> {
        let mut interpreter = Self::at(repository().join("build/unix-stock/micropython"))?;
        interpreter.modules.push(repository().join("dist/x64"));
        Ok(interpreter)
    }

    /// The same for processors with 32 bits. It has no TLS, and finds no broker by its name.
    pub fn with_native_module_x86() -> Result<Self> {
        let mut interpreter = Self::at(repository().join("build/unix-x86/micropython"))?;
        interpreter.modules.push(repository().join("dist/x86"));
        Ok(interpreter)
    }

    fn at(program: PathBuf) -> Result<Self> {
        let Ok(program) = program.canonicalize() else {
            bail!("there is no interpreter at {}; to build one: make unix unix-1.8", program.display());
        };
        let modules = env::var_os("UMQTT_MICROPYPATH").iter().flat_map(env::split_paths).collect();
        let home = TempDir::new().context("cannot make a folder for the interpreter")?;
        Ok(Self { program, home, modules })
    }

    /// Adds a module of the test's own, `name` being its path (`package/module.py`). Such modules are found first.
    pub fn add_module(&mut self, name: &str, source: &str) -> Result<()> {
        let folder = self.home.path().join("modules");
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("the name is below the folder"))?;
        fs::write(&file, source).with_context(|| format!("cannot write {}", file.display()))?;
        if !self.modules.contains(&folder) {
            self.modules.insert(0, folder);
        }
        Ok(())
    }

    /// The folder that the interpreter runs in; it is removed with the value.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// A command for the interpreter, whose name look-ups find the broker at `address`.
    pub fn command(&self, address: Ipv4Addr) -> Result<Command> {
        let path = self.modules.iter().map(PathBuf::as_path).chain([Path::new(".frozen")]);
        let mut command = children::command(&self.program);
        command
            .current_dir(self.folder())
            .env("HOME", self.folder())
            .env("MICROPYPATH", env::join_paths(path).context("a module folder has a colon in its name")?);
        hosts::resolve(&mut command, self.folder(), address)?;
        Ok(command)
    }
}
