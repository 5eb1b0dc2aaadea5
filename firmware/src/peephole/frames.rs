//! What every function owes its caller: it returns where it was called from, with the stack as it was, and with a12 to a15 as
//! they were. It is checked on every way through the finished code, jumps into other functions' ends included; and that no
//! instruction reads a register where nothing has been put, or where a function that was called since may have put something else.
//!
//! LLVM's backend for this chip does not always see to it: with `-enable-ipra`, functions lose their return address.

use super::Line;
use super::dataflow::{Flows, Instruction, LOST_IN_CALL, REGISTERS, Register, STACK_POINTER, Set};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What belongs to the caller.
const OWED: [Register; 5] = [0, 12, 13, 14, 15];

/// What a function is given: what belongs to its caller, the stack, and arguments.
const GIVEN: Set = 0b1111_0000_1111_1111;
/// Where a call may leave results.
const RESULTS: Set = 0b0011_1100;

/// Where things are that belong to the caller: how far down the stack is, and which register holds what of it, as does the stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    stack: i32,
    registers: [Option<Register>; REGISTERS],
    /// The registers that hold something that the function knows.
    given: Set,
    saved: BTreeMap<i32, Register>,
}

/// Checks a whole file, ready to be assembled. Says which function does not return as it should.
pub fn check(assembly: &str) -> Result<(), String> {
    let lines: Vec<Line> = assembly.lines().map(Line::new).collect();
    let mut labels = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(label) = line.label() {
            labels.insert(label, at);
        }
    }
    let changed = changed(&lines, &labels);
    let is_data = |label: &str| lines.iter().any(|line| line.words() == [".type", label, "@object"]);
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.is_function()) {
        if line.label().is_some_and(is_data) {
            continue;
        }
        let fault = |what| format!("{} {what}", line.label().unwrap_or_default());
        check_function(&lines, &labels, &changed, at).map_err(fault)?;
    }
    Ok(())
}

/// The registers that each function may change, by name: all that any function may, if something in it is not known.
fn changed(lines: &[Line], labels: &HashMap<&str, usize>) -> HashMap<String, Set> {
    let mut changed: HashMap<String, Set> = HashMap::new();
    let mut has_grown = true;
    while has_grown {
        has_grown = false;
        for (begin, line) in lines.iter().enumerate().filter(|(_, line)| line.is_function()) {
            let mut changes = 0;
            let mut seen = HashSet::new();
            let mut open = vec![begin];
            while let Some(at) = open.pop() {
                let Some(line) = lines.get(at).filter(|_| seen.insert(at)) else { continue };
                if !line.is_instruction() {
                    open.push(at + 1);
                    continue;
                }
                let Some(instruction) = Instruction::of(line) else {
                    changes |= LOST_IN_CALL;
                    break;
                };
                changes |= match called(&instruction) {
                    Some(function) if labels.contains_key(function.as_str()) => {
                        1 | changed.get(function).copied().unwrap_or(0)
                    }
                    _ => instruction.changes(),
                };
                match &instruction.flows {
                    Flows::To(label) => open.extend(labels.get(label.as_str())),
                    Flows::OnOrTo(label) => open.extend(labels.get(label.as_str()).into_iter().chain(&[at + 1])),
                    Flows::On => open.push(at + 1),
                    Flows::Nowhere => {}
                }
            }
            let name = line.label().unwrap_or_default().to_owned();
            has_grown |= changed.insert(name, changes) != Some(changes);
        }
    }
    changed
}

/// The function that is called by its name.
fn called(instruction: &Instruction) -> Option<&String> {
    instruction.operands.first().filter(|_| instruction.name == "call0")
}

fn check_function(
    lines: &[Line],
    labels: &HashMap<&str, usize>,
    changed: &HashMap<String, Set>,
    begin: usize,
) -> Result<(), String> {
    let registers = std::array::from_fn(|register| OWED.contains(&register).then_some(register));
    let first = State { stack: 0, registers, given: GIVEN, saved: BTreeMap::new() };
    let mut seen = HashSet::new();
    let mut open = vec![(begin, first)];
    while let Some((mut at, mut state)) = open.pop() {
        let mut is_after_call = false;
        loop {
            let line = lines.get(at).filter(|line| line.label().is_none_or(|label| !label.starts_with(".Lfunc_end")));
            let line = match line {
                Some(line) => line,
                // What was called last does not return.
                None if is_after_call => break,
                None => return Err("goes on after its end".to_owned()),
            };
            at += 1;
            if !line.is_instruction() {
                continue;
            }
            if !seen.insert((at, state.clone())) {
                break;
            }
            let mut instruction =
                Instruction::of(line).ok_or_else(|| format!("has `{}`, which is not known", line.text))?;
            if let Some(lost) = called(&instruction).and_then(|function| changed.get(function)) {
                // And the return address, by the call itself.
                instruction.lost = (lost | 1) & LOST_IN_CALL;
            }
            if matches!(instruction.name.as_str(), "ret" | "jx") {
                let address = instruction.at(0).unwrap_or(OWED[0]);
                let is_owed = |register: Register, owed| state.registers[register] == Some(owed);
                if state.stack != 0 || !is_owed(address, OWED[0]) || !OWED[1..].iter().all(|&owed| is_owed(owed, owed))
                {
                    return Err(format!("returns without what it owes its caller: {state:?}"));
                }
                break;
            }
            if instruction.lost == 0 && instruction.reads & !state.given != 0 {
                return Err(format!("has `{}`, which reads what nobody has put there", line.text));
            }
            state.follow(&instruction);
            is_after_call = instruction.lost != 0;
            let to = |label: &String| labels.get(label.as_str()).copied().ok_or(format!("goes to {label}"));
            match &instruction.flows {
                Flows::To(label) => at = to(label)?,
                Flows::OnOrTo(label) => open.push((to(label)?, state.clone())),
                Flows::On | Flows::Nowhere => {}
            }
        }
    }
    Ok(())
}

impl State {
    fn follow(&mut self, instruction: &Instruction) {
        let number = |place| instruction.number(place).map_or(0, |number| number as i32);
        match instruction.name.as_str() {
            "addi" if instruction.writes == Some(STACK_POINTER) => self.stack += number(2),
            "s32i" if instruction.at(1) == Some(STACK_POINTER) => {
                let place = self.stack + number(2);
                match instruction.at(0).and_then(|register| self.registers[register]) {
                    Some(owed) => self.saved.insert(place, owed),
                    None => self.saved.remove(&place),
                };
            }
            "s8i" | "s16i" if instruction.at(1) == Some(STACK_POINTER) => {
                self.saved.remove(&((self.stack + number(2)) & !3));
            }
            _ => {}
        }
        let held = match (instruction.name.as_str(), instruction.copy()) {
            (_, Some((from, _))) => self.registers[from],
            ("l32i", _) if instruction.at(1) == Some(STACK_POINTER) => {
                self.saved.get(&(self.stack + number(2))).copied()
            }
            _ => None,
        };
        // Some of what a call leaves are its results.
        self.given = self.given & !(instruction.lost & !RESULTS) | instruction.writes.map_or(0, |writes| 1 << writes);
        for (register, holds) in self.registers.iter_mut().enumerate() {
            if instruction.writes == Some(register) {
                *holds = held;
            } else if instruction.changes() >> register & 1 != 0 {
                *holds = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(code: &[&str]) -> bool {
        check(&[&["f:"], code].concat().join("\n")).is_err()
    }

    const SAVES: [&str; 3] = ["addi a1, a1, -16", "s32i a0, a1, 12", "s32i a12, a1, 8"];
    const RESTORES: [&str; 4] = ["l32i a12, a1, 8", "l32i a0, a1, 12", "addi a1, a1, 16", "ret"];

    #[test]
    fn a_function_that_saves_what_it_changes_is_right() {
        assert!(!faults(&["movi a2, 1", "ret"]));
        assert!(!faults(&[&SAVES[..], &["movi a12, 1", "call0 g"], &RESTORES, &["g:", "ret"]].concat()));
        assert!(!faults(&["addi a1, a1, -16", "call0 panic", ".Lfunc_end0:"]), "what it calls does not return");
        assert!(!faults(&["ret", ".type data,@object", "data:", ".long 0"]));
        // Out of the middle, and by the end of another function.
        let shared =
            [&SAVES[..], &["beqz a2, .L1", "movi a12, 1", "j .L1", "g:"], &SAVES, &[".L1:"], &RESTORES].concat();
        assert!(!faults(&shared));
    }

    #[test]
    fn a_return_address_may_stay_in_a_register() {
        let around =
            |call: &'static str| faults(&["or a8, a0, a0", call, "movi a2, 0", "jx a8", "g:", "movi a9, 1", "ret"]);
        assert!(!around("call0 g"));
        assert!(around("call0 opaque"), "it may change that register");
        assert!(around("movi a8, 1"));
        assert!(faults(&["jx a8"]), "to where nobody knows");
        assert!(!faults(&["movi a3, 1", "j g", "g:", "ret"]), "another function's end is this one's");
    }

    #[test]
    fn what_is_read_has_been_put_there() {
        assert!(!faults(&["add a2, a2, a7", "ret"]));
        assert!(faults(&["add a2, a2, a8", "ret"]));
        assert!(faults(&["beqz a2, .L1", "movi a8, 1", ".L1:", "add a2, a2, a8", "ret"]), "on one way only");
        let over_call = |call: &'static str, read: &'static str| {
            faults(&[&SAVES[..], &["movi a9, 1", call, read], &RESTORES, &["g:", "movi a8, 1", "ret"]].concat())
        };
        assert!(!over_call("call0 g", "add a2, a2, a9"));
        assert!(over_call("call0 g", "add a2, a2, a8"), "what it leaves is no result");
        assert!(over_call("call0 opaque", "add a2, a2, a9"));
        assert!(!over_call("call0 opaque", "add a2, a2, a5"), "which may be a result");
    }

    #[test]
    fn whatever_is_not_given_back_is_found() {
        assert!(faults(&["call0 g", "ret", "g:", "ret"]), "the return address");
        assert!(faults(&["movi a15, 1", "ret"]));
        assert!(faults(&["addi a1, a1, -16", "ret"]));
        assert!(faults(&[&SAVES[..], &["s32i a2, a1, 8"], &RESTORES].concat()), "overwritten where it was saved");
        assert!(faults(&[&SAVES[..], &["s8i a2, a1, 14"], &RESTORES].concat()));
        let on_one_way = ["beqz a2, .L1", "movi a12, 1", "l32i a12, a1, 8", "j .L2", ".L1:", "movi a12, 2", ".L2:"];
        assert!(faults(&[&SAVES[..], &on_one_way, &RESTORES[1..]].concat()), "not taken back on one way");
        let larger = ["addi a1, a1, -32", "s32i a0, a1, 12", "s32i a12, a1, 8", "j .L1", "g:"];
        assert!(faults(&[&larger[..], &SAVES, &[".L1:"], &RESTORES].concat()), "the end of another frame");
        assert!(faults(&["movi a2, 1"]), "no end");
        assert!(faults(&["movi a2, 1", ".Lfunc_end0:", "ret"]), "another one's end");
        assert!(faults(&["rsil a2, 15", "ret"]));
    }
}
