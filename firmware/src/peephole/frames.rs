//! What every function owes its caller: it returns where it was called from, with the stack as it was, and with a12 to a15 as
//! they were. It is checked on every way through the finished code, jumps into other functions' ends included.
//!
//! LLVM's backend for this chip does not always see to it: with `-enable-ipra`, functions lose their return address.

use super::Line;
use super::dataflow::{Flows, Instruction, Register, STACK_POINTER};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What belongs to the caller.
const OWED: [Register; 5] = [0, 12, 13, 14, 15];

/// Where things are that belong to the caller: how far down the stack is, and which register holds what of it, as does the stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    stack: i32,
    registers: [Option<Register>; OWED.len()],
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
    let is_data = |label: &str| lines.iter().any(|line| line.words() == [".type", label, "@object"]);
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.is_function()) {
        if line.label().is_some_and(is_data) {
            continue;
        }
        let fault = |what| format!("{} {what}", line.label().unwrap_or_default());
        check_function(&lines, &labels, at).map_err(fault)?;
    }
    Ok(())
}

fn check_function(lines: &[Line], labels: &HashMap<&str, usize>, begin: usize) -> Result<(), String> {
    let first = State { stack: 0, registers: OWED.map(Some), saved: BTreeMap::new() };
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
            if line.label().is_some() || line.words.first().is_none_or(|word| word.starts_with('.')) {
                continue;
            }
            if !seen.insert((at, state.clone())) {
                break;
            }
            let instruction =
                Instruction::of(line).ok_or_else(|| format!("has `{}`, which is not known", line.text))?;
            if instruction.name == "ret" {
                if state.stack != 0 || state.registers != OWED.map(Some) {
                    return Err(format!("returns without what it owes its caller: {state:?}"));
                }
                break;
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
    fn holds(&self, register: Option<Register>) -> Option<Register> {
        let place = OWED.iter().position(|&owed| Some(owed) == register)?;
        self.registers[place]
    }

    fn follow(&mut self, instruction: &Instruction) {
        let number = |place| instruction.number(place).map_or(0, |number| number as i32);
        match instruction.name.as_str() {
            "addi" if instruction.writes == Some(STACK_POINTER) => self.stack += number(2),
            "s32i" if instruction.at(1) == Some(STACK_POINTER) => {
                let place = self.stack + number(2);
                match self.holds(instruction.at(0)) {
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
            (_, Some((from, _))) => self.holds(Some(from)),
            ("l32i", _) if instruction.at(1) == Some(STACK_POINTER) => {
                self.saved.get(&(self.stack + number(2))).copied()
            }
            _ => None,
        };
        for (&owed, register) in OWED.iter().zip(&mut self.registers) {
            if instruction.writes == Some(owed) {
                *register = held;
            } else if instruction.changes() >> owed & 1 != 0 {
                *register = None;
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
