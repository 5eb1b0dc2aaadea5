//! Where the instructions go: single steps through one operation, by QEMU's debugger stub, counted by function.
//!
//! The board stops at each call of `time.ticks_cpu()`. What it does from one to the next is what the other counts are
//! counts of; here without interrupts, which the stub keeps out.

use crate::{
    board::{Board, Options},
    operation::USUAL_SIZE,
    results::{BARE, OURS, PYTHON, Profile, Results},
};
use anyhow::{Context, Result, bail, ensure};
use object::{Object, ObjectSymbol, SymbolKind};
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::Path,
};
use umqtt_tests::{LIMIT, broker::Broker, repository};

/// What `time.ticks_cpu()` is called in the firmware.
const CLOCK: &str = "time_ticks_cpu";
/// Where the program counter is among the 32-bit words of the registers that the stub sends: after a0 to a15.
const PROGRAM_COUNTER: usize = 16;
/// And the stack pointer, a1.
const STACK_POINTER: usize = 1;
/// Each operation is followed so often, and the shortest counts: every now and then MicroPython looks after its events.
const ROUNDS: usize = 3;
/// No operation that is profiled has as many instructions.
const ENDLESS: usize = 1_000_000;

/// The operations that are profiled, as `measure.py` calls them.
const OPERATIONS: [(&str, &str, u8); 4] = [
    ("publish QoS 0", "Publish", 0),
    ("publish QoS 1", "Publish", 1),
    ("receive QoS 0", "Receive", 0),
    ("publish QoS 1 in a callback of one", "Nested", 1),
];

/// Profiles some operations by each subject, net of nothing.
pub fn run(broker: &Broker, folder: &Path, results: &mut Results) -> Result<()> {
    let socket = folder.join("debugger");
    let qemu = folder.join("qemu");
    let script =
        format!("#!/bin/sh\nexec qemu-system-xtensa \"$@\" -gdb unix:{},server=on,wait=off\n", socket.display());
    fs::write(&qemu, script)?;
    fs::set_permissions(&qemu, fs::Permissions::from_mode(0o755))?;
    let mut functions = Functions::read(&repository().join("build/firmware/bench/firmware.elf"), "")?;
    functions.0.extend(Functions::read(&repository().join("build/virtual-esp8266/rom.elf"), "ROM: ")?.0);
    let clock = functions.address(CLOCK)?;

    let mut board = Board::boot(Options { counting: true, qemu: Some(&qemu), ..Options::default() })?;
    board.import()?;
    board.start(broker.address())?;
    let mut debugger = Debugger::connect(&socket)?;
    debugger.set_breakpoint(clock)?;
    debugger.go()?;
    for (operation, class, qos) in OPERATIONS {
        print!("profile of {operation}");
        std::io::stdout().flush()?;
        board.begin(&format!("measure.counts(measure.{class}, {qos}, {USUAL_SIZE}, {ROUNDS})"))?;
        let mut shortest: BTreeMap<&str, Profile> = BTreeMap::new();
        for subject in [BARE, PYTHON, OURS].repeat(ROUNDS) {
            debugger.wait()?;
            if subject == PYTHON {
                // Its bytecode is no secret, and would take the most steps.
                debugger.pass(clock)?;
                debugger.wait()?;
                debugger.pass(clock)?;
                continue;
            }
            let profile = follow(&mut debugger, &functions, clock, operation, subject)?;
            print!(" {subject} {}", profile.total);
            std::io::stdout().flush()?;
            if shortest.get(subject).is_none_or(|best| profile.total < best.total) {
                shortest.insert(subject, profile);
            }
        }
        results.profiles.extend(shortest.into_values());
        println!();
        board.end()?;
    }
    Ok(())
}

/// Steps from one call of the clock, where the board has stopped, to the next, and lets it go on.
fn follow(
    debugger: &mut Debugger,
    functions: &Functions,
    clock: u32,
    operation: &str,
    subject: &str,
) -> Result<Profile> {
    let mut counts = BTreeMap::new();
    let mut total = 0;
    debugger.clear_breakpoint(clock)?;
    // The clock's own instructions are not the operation's.
    while functions.name(debugger.program_counter()?) == CLOCK {
        debugger.step()?;
    }
    let top = debugger.register(STACK_POINTER)?;
    let mut lowest = top;
    loop {
        let registers = debugger.registers()?;
        let address = word(&registers, PROGRAM_COUNTER)?;
        lowest = lowest.min(word(&registers, STACK_POINTER)?);
        if address == clock {
            break;
        }
        *counts.entry(functions.name(address).to_owned()).or_default() += 1;
        total += 1;
        ensure!(total < ENDLESS, "{operation} by {subject} does not end");
        debugger.step()?;
    }
    debugger.set_breakpoint(clock)?;
    debugger.pass(clock)?;
    Ok(Profile {
        operation: operation.to_owned(),
        subject: subject.to_owned(),
        total,
        stack: top - lowest,
        functions: counts,
    })
}

/// The functions of a firmware by their addresses.
struct Functions(BTreeMap<u32, String>);

impl Functions {
    fn read(elf: &Path, prefix: &str) -> Result<Self> {
        let data = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
        let file = object::File::parse(&*data).with_context(|| format!("{} is no ELF file", elf.display()))?;
        let symbols =
            file.symbols().filter(|s| s.is_definition() && matches!(s.kind(), SymbolKind::Text | SymbolKind::Label));
        // A label within a function has no size and begins with a dot or is a number.
        let named = symbols.filter_map(|symbol| {
            let name = symbol.name().ok()?;
            let address = u32::try_from(symbol.address()).ok()?;
            let real = symbol.kind() == SymbolKind::Text || symbol.is_global();
            (real && !name.is_empty() && !name.starts_with('.')).then(|| (address, format!("{prefix}{name}")))
        });
        Ok(Self(named.collect()))
    }

    fn address(&self, name: &str) -> Result<u32> {
        let found = self.0.iter().find(|(_, function)| *function == name);
        found.map(|(&address, _)| address).with_context(|| format!("the firmware has no {name}"))
    }

    fn name(&self, address: u32) -> &str {
        self.0.range(..=address).next_back().map_or("?", |(_, name)| name)
    }
}

/// The client's half of the protocol of gdb, as far as it is needed.
struct Debugger(UnixStream);

impl Debugger {
    fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).context("QEMU's debugger stub does not listen")?;
        stream.set_read_timeout(Some(LIMIT))?;
        let mut debugger = Self(stream);
        debugger.send("?")?;
        // The board stops when somebody connects, which QEMU may tell of its own accord as well.
        debugger.wait()?;
        debugger.0.set_read_timeout(Some(std::time::Duration::from_millis(300)))?;
        let _ = debugger.receive();
        debugger.0.set_read_timeout(Some(LIMIT))?;
        Ok(debugger)
    }

    fn send(&mut self, packet: &str) -> Result<()> {
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        Ok(self.0.write_all(format!("${packet}#{sum:02x}").as_bytes())?)
    }

    fn receive(&mut self) -> Result<String> {
        let mut byte = [0];
        let mut packet = Vec::new();
        // What comes before a packet are acknowledgements.
        while byte != *b"$" {
            self.0.read_exact(&mut byte).context("QEMU's debugger stub is silent")?;
        }
        loop {
            self.0.read_exact(&mut byte)?;
            if byte == *b"#" {
                break;
            }
            packet.push(byte[0]);
        }
        self.0.read_exact(&mut [0; 2])?;
        self.0.write_all(b"+")?;
        Ok(String::from_utf8(packet)?)
    }

    fn wait(&mut self) -> Result<()> {
        let reply = self.receive()?;
        ensure!(reply.starts_with('T'), "QEMU's debugger stub says {reply} where the board should have stopped");
        Ok(())
    }

    fn ask(&mut self, packet: &str) -> Result<()> {
        self.send(packet)?;
        let reply = self.receive()?;
        ensure!(reply == "OK", "QEMU's debugger stub answers {packet} with {reply:?}");
        Ok(())
    }

    fn set_breakpoint(&mut self, address: u32) -> Result<()> {
        self.ask(&format!("Z0,{address:x},1"))
    }

    fn clear_breakpoint(&mut self, address: u32) -> Result<()> {
        self.ask(&format!("z0,{address:x},1"))
    }

    fn go(&mut self) -> Result<()> {
        self.send("c")
    }

    fn step(&mut self) -> Result<()> {
        self.send("s")?;
        self.wait()
    }

    /// Goes on from a breakpoint.
    fn pass(&mut self, address: u32) -> Result<()> {
        self.clear_breakpoint(address)?;
        self.step()?;
        self.set_breakpoint(address)?;
        self.go()
    }

    fn registers(&mut self) -> Result<String> {
        self.send("g")?;
        self.receive()
    }

    fn register(&mut self, number: usize) -> Result<u32> {
        word(&self.registers()?, number)
    }

    fn program_counter(&mut self) -> Result<u32> {
        self.register(PROGRAM_COUNTER)
    }
}

/// One register of those that the stub has sent.
fn word(registers: &str, number: usize) -> Result<u32> {
    let Some(word) = registers.get(8 * number..8 * number + 8) else {
        bail!("QEMU's debugger stub has sent too few registers: {registers}");
    };
    Ok(u32::from_str_radix(word, 16)?.swap_bytes())
}
