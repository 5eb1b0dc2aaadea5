//! A machine that runs what the tests of this module consist of. A function that is called and stands among the lines is run as
//! well, unless its name begins with `opaque`; any other changes all that a function may change.

use super::Line;
use super::dataflow::{Instruction, LOST_IN_CALL, REGISTERS, Register, STACK_POINTER, register};

const MEMORY: usize = 256;

/// The lines of a program, but for local labels that nobody goes to: they would hide much.
pub(super) fn program(text: &str) -> Vec<Line> {
    let is_wanted = |line: &&str| {
        line.strip_suffix(':').is_none_or(|label| {
            !label.starts_with(".L") || text.contains(&format!(", {label}\n")) || label.starts_with(".Lfunc")
        })
    };
    text.lines().filter(is_wanted).map(Line::new).collect()
}

pub(super) struct Machine {
    registers: [u32; REGISTERS],
    memory: [u8; MEMORY],
    calls: u32,
}

/// What whoever has called can see of a function: where it returns to, its results, what it must have left as it was, memory, and
/// what it has called.
pub(super) type Seen = (u32, [u32; 7], Vec<u8>, u32);

impl Machine {
    /// Calls a function of these lines, with the stack at a multiple of 16: what is below it is nobody's but the function's.
    /// Nothing of its program may go back, so that it ends.
    pub(super) fn call(lines: &[Line], function: &str, stack: usize) -> Seen {
        let registers = std::array::from_fn(|register| (register as u32 + 3).wrapping_mul(0x9e37_79b9));
        let memory = std::array::from_fn(|at| (at as u8).wrapping_mul(37));
        let mut machine = Machine { registers, memory, calls: 0 };
        machine.registers[STACK_POINTER] = stack as u32;
        let find = |label: &str| lines.iter().position(|line| line.label() == Some(label));
        let place_of = |label: &str| find(label).unwrap();
        let mut at = place_of(function);
        let mut depth = 0;
        loop {
            let line = &lines[at];
            at += 1;
            let words = line.words();
            match words[..] {
                ["ret"] | ["jx", _] => {
                    let to = machine.registers[words.get(1).map_or(0, |word| register(word).unwrap())];
                    if depth == 0 {
                        let seen = [1, 2, 3, 12, 13, 14, 15].map(|register: Register| machine.registers[register]);
                        return (to, seen, machine.memory[stack..].to_vec(), machine.calls);
                    }
                    depth -= 1;
                    at = to as usize;
                }
                ["call0", function] if !function.starts_with("opaque") && find(function).is_some() => {
                    machine.registers[0] = at as u32;
                    at = place_of(function);
                    depth += 1;
                }
                [] => {}
                [word, ..] if word.starts_with('.') || line.label().is_some() => {}
                _ => {
                    if let Some(label) = machine.step(&Instruction::of(line).unwrap()) {
                        at = place_of(&label);
                    }
                }
            }
        }
    }

    /// Does it. Gives the label that control goes to, if it does not go on.
    fn step(&mut self, instruction: &Instruction) -> Option<String> {
        let operand = |place: usize| match instruction.at(place) {
            Some(register) => self.registers[register],
            None => instruction.number(place).unwrap_or(0),
        };
        let (a, b, c) = (operand(0), operand(1), operand(2));
        let to = instruction.operands.last().cloned();
        let name = instruction.name.as_str();
        let size = match name {
            "l8ui" | "s8i" => 1,
            "l16ui" | "s16i" => 2,
            _ => 4,
        };
        let place = b.wrapping_add(c) as usize % (MEMORY - 3);
        let result = match name {
            "movi" => b,
            "l32r" => 0xffff,
            "l8ui" | "l16ui" | "l32i" => {
                (0..size).rev().fold(0, |number, byte| number << 8 | u32::from(self.memory[place + byte]))
            }
            "s8i" | "s16i" | "s32i" => {
                self.memory[place..place + size].copy_from_slice(&a.to_le_bytes()[..size]);
                return None;
            }
            "or" => b | c,
            "and" => b & c,
            "add" | "addi" => b.wrapping_add(c),
            "srli" => b >> c,
            "extui" => b >> c & ((1 << operand(3)) - 1),
            "call0" => {
                let call = self.registers[2..8].iter().fold(self.calls, |calls, given| calls.wrapping_mul(31) ^ given);
                self.calls = call;
                for register in (0..REGISTERS).filter(|register| LOST_IN_CALL >> register & 1 != 0) {
                    self.registers[register] = call ^ register as u32;
                }
                return None;
            }
            "j" => return to,
            "beqz" => return to.filter(|_| a == 0),
            "bnez" => return to.filter(|_| a != 0),
            "beq" | "beqi" => return to.filter(|_| a == b),
            "bne" | "bnei" => return to.filter(|_| a != b),
            "blt" | "blti" => return to.filter(|_| (a as i32) < b as i32),
            "bltu" | "bltui" => return to.filter(|_| a < b),
            "bgeu" | "bgeui" => return to.filter(|_| a >= b),
            "bbci" => return to.filter(|_| a >> b & 1 == 0),
            "bbsi" => return to.filter(|_| a >> b & 1 != 0),
            other => panic!("{other} is not among the instructions"),
        };
        self.registers[instruction.writes.unwrap()] = result;
        None
    }
}
