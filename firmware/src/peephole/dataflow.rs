//! Shorter code by knowing what registers hold, and which of them are still wanted.
//!
//! Of each function it is computed, over all ways through it: what numbers and addresses are in the registers before an
//! instruction, and how many of their lowest bits may be set; and which registers are read after it, before they are written
//! again. What is known of the arguments of a function that only the engine calls is what is known in all its calls. What follows
//! from that:
//!
//! - a call of a register that holds the address of a function of the engine is a call of that function;
//! - `and` with so many ones is nothing when no other bit can be set, else `extui`, which needs no register for the ones;
//! - bits that are shifted down and then masked are taken out by one `extui`;
//! - a comparison with a register that holds a small number is one with that number; a test of one bit is `bbci` or `bbsi`; bits
//!   that are only compared are taken out, and compared with the number that they are then;
//! - what was copied is read from where it came from, and what two registers hold from one of them;
//! - a copy of a small number is that number, and what a register holds already is not put there;
//! - what nobody reads is not computed.
//!
//! A function with an instruction that is not known here stays as it is.

use super::{Line, functions};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Shortens each function, in place. A line that goes is left empty.
pub(super) fn shorten(lines: &mut [Line]) {
    let functions = functions(lines);
    let literals = literals(lines);
    // What is known of a function's arguments grows with what is known of those who call it.
    let mut arguments = HashMap::new();
    loop {
        for range in ranges(lines) {
            let entry = entry(lines, &range, &arguments);
            let steps = [
                mask_shortly,
                shift_and_mask,
                compare_with_numbers,
                test_bits,
                compare_fields,
                copy_numbers,
                read_originals,
                read_others,
                drop_known,
                drop_unread,
            ];
            while let Some(flow) = Flow::of(&lines[range.clone()], &literals, &entry, &Callees::new()) {
                let function = &mut lines[range.clone()];
                if !call_directly(function, &flow, &functions) && !steps.iter().any(|step| step(function, &flow)) {
                    break;
                }
            }
        }
        let found = find_arguments(lines, &literals, &arguments);
        if found == arguments {
            return;
        }
        arguments = found;
    }
}

/// What the literals are, by their names.
type Literals = HashMap<String, Value>;

pub(super) fn literals(lines: &[Line]) -> Literals {
    let mut literals = Literals::new();
    for line in lines {
        if let [".literal", name, value] = line.words()[..] {
            literals.insert(name.to_owned(), Value::of_literal(value));
        }
    }
    literals
}

/// What a call does of a function that is known: the registers that are read before they are written, and those that hold
/// something else after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Callee {
    pub(super) reads: Set,
    pub(super) lost: Set,
}

pub(super) type Callees = HashMap<String, Callee>;

type Arguments = HashMap<String, State>;

/// Where a function begins of which nothing is known.
pub(super) fn initial() -> State {
    std::array::from_fn(|register| Known { value: Some(Value::Initial(register)), bits: 32 })
}

/// What is known where the function of these lines begins.
fn entry(lines: &[Line], range: &Range<usize>, arguments: &Arguments) -> State {
    let name = lines[range.start - 1].label().unwrap_or_default();
    let mut entry = initial();
    for (known, argument) in entry.iter_mut().zip(arguments.get(name).into_iter().flatten()) {
        known.bits = argument.bits;
        known.value = argument.value.clone().or(known.value.take());
    }
    entry
}

/// What is known of the arguments of the functions that are called by nothing but `call0`: what holds for each call.
fn find_arguments(lines: &[Line], literals: &Literals, arguments: &Arguments) -> Arguments {
    let mut found = Arguments::new();
    for range in ranges(lines) {
        let entry = entry(lines, &range, arguments);
        let Some(flow) = Flow::of(&lines[range], literals, &entry, &Callees::new()) else {
            // Whom it calls with what is not known.
            return Arguments::new();
        };
        for step in &flow.0 {
            let ("call0", [function], Some(known)) =
                (step.instruction.name.as_str(), &step.instruction.operands[..], &step.known)
            else {
                continue;
            };
            let given = std::array::from_fn(|register| match &known[register] {
                _ if READ_BY_CALL >> register & 1 == 0 => Known::NOTHING,
                Known { value: Some(Value::Initial(_) | Value::Result(..)), bits } => Known::of_bits(*bits),
                known => known.clone(),
            });
            let met = match found.get(function) {
                Some(other) => std::array::from_fn(|register| Known::meet(&given[register], &other[register])),
                None => given,
            };
            found.insert(function.clone(), met);
        }
    }
    // Others can call what they can name.
    for line in lines {
        match line.words()[..] {
            [".global" | ".globl" | ".weak", name] | [".literal", _, name] => found.remove(name),
            _ => None,
        };
    }
    found
}

/// The lines of each function.
pub(super) fn ranges(lines: &[Line]) -> Vec<Range<usize>> {
    let begins: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].is_function()).collect();
    let end_of = |begin: usize| {
        let ends =
            |line: &Line| line.is_function() || line.label().is_some_and(|label| label.starts_with(".Lfunc_end"));
        (begin + 1..lines.len()).find(|&at| ends(&lines[at])).unwrap_or(lines.len())
    };
    begins.into_iter().map(|begin| begin + 1..end_of(begin)).collect()
}

pub(super) type Register = usize;
/// Those of the chip, and one more: a place on the stack, while a register is looked for that may hold the same.
pub(super) const REGISTERS: usize = 17;
pub(super) const ON_STACK: Register = 16;
/// Sets of registers, a bit for each.
pub(super) type Set = u32;

pub(super) const STACK_POINTER: Register = 1;
/// What a call reads, and a function's end: the arguments, or the results and what belongs to the caller.
pub(super) const READ_BY_CALL: Set = 0b0000_0000_1111_1110;
pub(super) const READ_BY_RETURN: Set = 0b1111_0000_0011_1111;
/// What a call leaves in no known state.
pub(super) const LOST_IN_CALL: Set = 0b0000_1111_1111_1101;

pub(super) fn register(word: &str) -> Option<Register> {
    let number = word.strip_prefix('a')?.parse().ok()?;
    (number < REGISTERS).then_some(number)
}

fn set(registers: impl IntoIterator<Item = Register>) -> Set {
    registers.into_iter().fold(0, |set, register| set | 1 << register)
}

/// Where control goes after an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flows {
    On,
    /// To this label.
    To(String),
    /// On, or to this label.
    OnOrTo(String),
    Nowhere,
}

/// An instruction: what it does to registers, and where control goes.
#[derive(Clone, Debug)]
pub(super) struct Instruction {
    pub(super) name: String,
    pub(super) operands: Vec<String>,
    pub(super) writes: Option<Register>,
    pub(super) reads: Set,
    pub(super) lost: Set,
    pub(super) flows: Flows,
    /// It does nothing but write its register.
    is_pure: bool,
}

impl Instruction {
    pub(super) fn of(line: &Line) -> Option<Self> {
        let (name, operands) = line.words.split_first()?;
        let all = || set(operands.iter().filter_map(|word| register(word)));
        let after_first = || set(operands.iter().skip(1).filter_map(|word| register(word)));
        let mut instruction = Instruction {
            name: name.clone(),
            operands: operands.to_vec(),
            writes: None,
            reads: all(),
            lost: 0,
            flows: Flows::On,
            is_pure: false,
        };
        match name.as_str() {
            "movi" | "l32r" | "l32i" | "l16ui" | "l8ui" | "or" | "and" | "xor" | "add" | "addi" | "addmi" | "addx2"
            | "addx4" | "addx8" | "sub" | "subx8" | "neg" | "slli" | "srli" | "srai" | "extui" | "mull" | "sll"
            | "srl" | "sra" | "src" => {
                instruction.writes = Some(register(operands.first()?)?);
                instruction.reads = after_first();
                instruction.is_pure = instruction.writes != Some(STACK_POINTER);
            }
            "s32i" | "s16i" | "s8i" | "ssl" | "ssr" | "ssai" | "ssa8l" => {}
            "call0" => (instruction.reads, instruction.lost) = (READ_BY_CALL, LOST_IN_CALL),
            "callx0" => (instruction.reads, instruction.lost) = (READ_BY_CALL | all(), LOST_IN_CALL),
            "ret" => (instruction.reads, instruction.flows) = (READ_BY_RETURN, Flows::Nowhere),
            "jx" => (instruction.reads, instruction.flows) = (READ_BY_RETURN | all(), Flows::Nowhere),
            "j" => instruction.flows = Flows::To(operands.first()?.clone()),
            "beq" | "bne" | "beqz" | "bnez" | "beqi" | "bnei" | "blt" | "bge" | "bltu" | "bgeu" | "blti" | "bgei"
            | "bltui" | "bgeui" | "bltz" | "bgez" | "bbci" | "bbsi" => {
                instruction.flows = Flows::OnOrTo(operands.last()?.clone());
            }
            _ => return None,
        }
        Some(instruction)
    }

    /// The registers that hold something else after it.
    pub(super) fn changes(&self) -> Set {
        set(self.writes) | self.lost
    }

    /// The register operand at that place.
    pub(super) fn at(&self, place: usize) -> Option<Register> {
        register(self.operands.get(place)?)
    }

    pub(super) fn number(&self, place: usize) -> Option<u32> {
        Some(self.operands.get(place)?.parse::<i64>().ok()? as u32)
    }

    /// From where to where it copies.
    pub(super) fn copy(&self) -> Option<(Register, Register)> {
        let is_copy = self.name == "or" && self.operands.get(1) == self.operands.get(2);
        if is_copy { Some((self.at(1)?, self.at(0)?)) } else { None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(u32),
    Address(String),
    /// What this register held where the function began.
    Initial(Register),
    /// What the step of this place has left in this register, when it was last gone through.
    Result(usize, Register),
}

impl Value {
    fn of_literal(text: &str) -> Value {
        text.parse::<i64>().map_or_else(|_| Value::Address(text.to_owned()), |number| Value::Number(number as u32))
    }
}

/// What is known of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    value: Option<Value>,
    /// How many of its lowest bits may be set.
    bits: u32,
}

impl Known {
    const NOTHING: Known = Known { value: None, bits: 32 };

    fn number(number: u32) -> Known {
        Known { value: Some(Value::Number(number)), bits: 32 - number.leading_zeros() }
    }

    fn of_bits(bits: u32) -> Known {
        Known { value: None, bits: bits.min(32) }
    }

    /// What is known where two ways meet.
    fn meet(&self, other: &Known) -> Known {
        let value = if self.value == other.value { self.value.clone() } else { None };
        Known { value, bits: self.bits.max(other.bits) }
    }

    fn as_number(&self) -> Option<u32> {
        match self.value {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }
}

pub(super) type State = [Known; REGISTERS];

/// An instruction where it stands, with what is known before it and what is wanted after it.
pub(super) struct Step {
    /// Its place among the function's lines.
    at: usize,
    pub(super) instruction: Instruction,
    next: Vec<usize>,
    /// `None` where no way leads.
    known: Option<State>,
    pub(super) wanted: Set,
    /// Another way than from the step before may lead here.
    is_met: bool,
}

/// A function's steps.
pub(super) struct Flow(pub(super) Vec<Step>);

impl Flow {
    pub(super) fn of(lines: &[Line], literals: &Literals, entry: &State, callees: &Callees) -> Option<Flow> {
        let mut steps: Vec<Step> = vec![];
        let mut labels = HashMap::new();
        let mut is_met = true;
        for (at, line) in lines.iter().enumerate() {
            if let Some(label) = line.label() {
                labels.insert(label.to_owned(), steps.len());
                is_met = true;
            } else if line.is_instruction() {
                let mut instruction = Instruction::of(line)?;
                if let ["call0", callee] = line.words()[..]
                    && let Some(callee) = callees.get(callee)
                {
                    (instruction.reads, instruction.lost) = (callee.reads, callee.lost | 1);
                }
                steps.push(Step { at, instruction, next: vec![], known: None, wanted: 0, is_met });
                is_met = false;
            }
        }
        for at in 0..steps.len() {
            let on = || (at + 1 < steps.len()).then_some(at + 1);
            let to = |label: &String| labels.get(label).copied().filter(|&to| to < steps.len());
            steps[at].next = match &steps[at].instruction.flows {
                Flows::On => vec![on()?],
                Flows::To(label) => vec![to(label)?],
                Flows::OnOrTo(label) => vec![on()?, to(label)?],
                Flows::Nowhere => vec![],
            };
        }
        let mut flow = Flow(steps);
        flow.find_known(literals, entry);
        flow.find_wanted();
        Some(flow)
    }

    fn find_known(&mut self, literals: &Literals, entry: &State) {
        let Some(first) = self.0.first_mut() else { return };
        first.known = Some(entry.clone());
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            let step = &self.0[at];
            let Some(known) = &step.known else { continue };
            let after = after(at, &step.instruction, known, literals);
            for next in step.next.clone() {
                let known = &mut self.0[next].known;
                let met = match known {
                    Some(before) => std::array::from_fn(|register| before[register].meet(&after[register])),
                    None => after.clone(),
                };
                if known.as_ref() != Some(&met) {
                    *known = Some(met);
                    open.push(next);
                }
            }
        }
    }

    pub(super) fn find_wanted(&mut self) {
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for at in (0..self.0.len()).rev() {
                let wanted = self.0[at].next.iter().fold(0, |wanted, &next| wanted | self.wanted_before(next));
                has_changed |= wanted != self.0[at].wanted;
                self.0[at].wanted = wanted;
            }
        }
    }

    pub(super) fn wanted_before(&self, at: usize) -> Set {
        let Step { instruction, wanted, .. } = &self.0[at];
        wanted & !instruction.changes() | instruction.reads
    }

    /// The steps after this one to which no other way leads, up to the first that changes one of these registers, or sends
    /// control away: that one may still read them.
    fn until_changed(&self, at: usize, registers: Set) -> impl Iterator<Item = &Step> {
        let mut holds = true;
        self.0[at + 1..].iter().take_while(move |step| {
            let Instruction { flows, .. } = &step.instruction;
            let is_reached = holds && !step.is_met;
            holds &= step.instruction.changes() & registers == 0 && !matches!(flows, Flows::To(_) | Flows::Nowhere);
            is_reached
        })
    }

    /// The steps that read what the step at this place has left in its register. `None` when one of them reads it without
    /// naming it.
    fn reads_of(&self, at: usize, register: Register) -> Option<Vec<usize>> {
        let mut reads = vec![];
        let mut seen = HashSet::new();
        let mut open = self.0[at].next.clone();
        while let Some(at) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            let Step { instruction, next, .. } = &self.0[at];
            if instruction.reads >> register & 1 != 0 {
                let first_read = usize::from(instruction.writes.is_some());
                let is_named =
                    (first_read..instruction.operands.len()).any(|place| instruction.at(place) == Some(register));
                if !is_named || instruction.lost != 0 {
                    return None;
                }
                reads.push(at);
            }
            if instruction.changes() >> register & 1 == 0 {
                open.extend(next);
            }
        }
        Some(reads)
    }

    /// What is known of the operand at that place of a step, if it is a register.
    fn operand(&self, at: usize, place: usize) -> Option<&Known> {
        Some(&self.0[at].known.as_ref()?[self.0[at].instruction.at(place)?])
    }
}

/// What is known after the instruction of the step at this place.
fn after(at: usize, instruction: &Instruction, before: &State, literals: &Literals) -> State {
    let mut after = before.clone();
    for known in &mut after {
        // It was left by this step when it was gone through before.
        if matches!(known.value, Some(Value::Result(from, _)) if from == at) {
            known.value = None;
        }
    }
    for (register, known) in after.iter_mut().enumerate() {
        if instruction.lost >> register & 1 != 0 {
            *known = Known { value: Some(Value::Result(at, register)), bits: 32 };
        }
    }
    let Some(writes) = instruction.writes else { return after };
    if let Some((from, to)) = instruction.copy() {
        let result = Some(Value::Result(at, to));
        after[from].value = after[from].value.take().or(result);
        after[to] = after[from].clone();
        return after;
    }
    let operand = |place| instruction.at(place).map_or(Known::NOTHING, |register| before[register].clone());
    let number = |place| instruction.number(place).unwrap_or(32);
    after[writes] = match instruction.name.as_str() {
        "movi" => instruction.number(1).map_or(Known::NOTHING, Known::number),
        "l32r" => match instruction.operands.get(1).and_then(|name| literals.get(name)) {
            Some(Value::Number(number)) => Known::number(*number),
            address => Known { value: address.cloned(), bits: 32 },
        },
        "l8ui" => Known::of_bits(8),
        "l16ui" => Known::of_bits(16),
        "extui" => Known::of_bits(number(3).min(operand(1).bits.saturating_sub(number(2)))),
        "srli" => Known::of_bits(operand(1).bits.saturating_sub(number(2))),
        "slli" => Known::of_bits(operand(1).bits + number(2)),
        "and" => Known::of_bits(operand(1).bits.min(operand(2).bits)),
        "or" | "xor" => Known::of_bits(operand(1).bits.max(operand(2).bits)),
        _ => Known::NOTHING,
    };
    after[writes].value = after[writes].value.take().or(Some(Value::Result(at, writes)));
    after
}

/// Says what the line is from now on.
fn replace(lines: &mut [Line], at: usize, text: &str) {
    lines[at] = Line::new(text);
}

fn call_directly(lines: &mut [Line], flow: &Flow, functions: &HashSet<String>) -> bool {
    let mut has_changed = false;
    for (at, step) in flow.0.iter().enumerate() {
        if step.instruction.name == "callx0"
            && let Some(Known { value: Some(Value::Address(function)), .. }) = flow.operand(at, 0)
            && functions.contains(function)
        {
            replace(lines, step.at, &format!("\tcall0\t{function}"));
            has_changed = true;
        }
    }
    has_changed
}

fn mask_shortly(lines: &mut [Line], flow: &Flow) -> bool {
    let mut has_changed = false;
    for (at, step) in flow.0.iter().enumerate() {
        let Instruction { name, operands, .. } = &step.instruction;
        if name == "extui" && step.instruction.number(2) == Some(0) {
            let bits = step.instruction.number(3).unwrap_or(0);
            if flow.operand(at, 1).is_some_and(|known| known.bits <= bits) {
                replace(lines, step.at, &format!("\tor\t{}, {from}, {from}", operands[0], from = operands[1]));
                has_changed = true;
            }
        }
        if name != "and" {
            continue;
        }
        for (masked, mask) in [(1, 2), (2, 1)] {
            let (Some(known), Some(mask)) = (flow.operand(at, masked), flow.operand(at, mask)) else { continue };
            let Some(ones) = mask.as_number().filter(|mask| (mask & mask.wrapping_add(1)) == 0 && *mask != 0) else {
                continue;
            };
            let (to, from) = (&step.instruction.operands[0], &step.instruction.operands[masked]);
            let text = match ones.count_ones() {
                bits if known.bits <= bits => format!("\tor\t{to}, {from}, {from}"),
                bits @ 1..=16 => format!("\textui\t{to}, {from}, 0, {bits}"),
                _ => continue,
            };
            replace(lines, step.at, &text);
            has_changed = true;
            break;
        }
    }
    has_changed
}

fn shift_and_mask(lines: &mut [Line], flow: &Flow) -> bool {
    for (at, step) in flow.0.iter().enumerate() {
        let Instruction { name, operands, .. } = &step.instruction;
        let (Some(to), Some(from)) = (step.instruction.at(0), step.instruction.at(1)) else { continue };
        let shift = step.instruction.number(2).filter(|_| name == "srli");
        // Of a mask without gaps, the bits up to its highest one: those below are shifted out.
        let highest = flow.operand(at, 2).and_then(Known::as_number).filter(|_| name == "and");
        if to == from {
            continue;
        }
        for later in flow.until_changed(at, set([from, to])) {
            let Instruction { name, operands: read, .. } = &later.instruction;
            if later.instruction.at(1) != Some(to) {
                continue;
            }
            let text = match (shift, highest, name.as_str(), later.instruction.number(2)) {
                (Some(shift), _, "extui", Some(0)) => {
                    format!("\textui\t{}, {}, {shift}, {}", read[0], operands[1], read[3])
                }
                (_, Some(mask), "srli", Some(shift)) if (mask >> shift).wrapping_add(1).is_power_of_two() => {
                    let bits = (mask >> shift).count_ones();
                    if !(1..=16).contains(&bits) {
                        continue;
                    }
                    format!("\textui\t{}, {}, {shift}, {bits}", read[0], operands[1])
                }
                _ => continue,
            };
            replace(lines, later.at, &text);
            return true;
        }
    }
    false
}

/// A copy of a small number is that number.
fn copy_numbers(lines: &mut [Line], flow: &Flow) -> bool {
    let mut has_changed = false;
    for (at, step) in flow.0.iter().enumerate() {
        let Some((_, to)) = step.instruction.copy() else { continue };
        let number = flow.operand(at, 1).and_then(Known::as_number).map(|number| number as i32);
        if let Some(number @ -32..=95) = number {
            replace(lines, step.at, &format!("\tmovi\ta{to}, {number}"));
            has_changed = true;
        }
    }
    has_changed
}

/// The numbers that branches compare with, of their two kinds.
const SIGNED: [i32; 16] = [-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256];
const UNSIGNED: [i32; 16] = [32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256];

fn compare_with_numbers(lines: &mut [Line], flow: &Flow) -> bool {
    let mut has_changed = false;
    for (at, step) in flow.0.iter().enumerate() {
        let Instruction { name, operands, .. } = &step.instruction;
        let places: &[_] = match name.as_str() {
            "beq" | "bne" => &[(0, 1), (1, 0)],
            "blt" | "bge" | "bltu" | "bgeu" => &[(0, 1)],
            _ => continue,
        };
        let shorter = places.iter().find_map(|&(compared, with)| {
            let number = flow.operand(at, with)?.as_number()?;
            with_number(name, &operands[compared], number as i32, &operands[2])
        });
        if let Some(text) = shorter {
            replace(lines, step.at, &text);
            has_changed = true;
        }
    }
    has_changed
}

/// The branch of that name that compares a register with a number instead of another register, if there is one.
fn with_number(branch: &str, compared: &str, number: i32, target: &str) -> Option<String> {
    let (name, numbers) = match (branch.strip_suffix('u'), branch) {
        (None, "beq" | "bne") if number == 0 => return Some(format!("\t{branch}z\t{compared}, {target}")),
        (Some(signed), _) => (format!("{signed}ui"), UNSIGNED),
        (None, _) => (format!("{branch}i"), SIGNED),
    };
    numbers.contains(&number).then(|| format!("\t{name}\t{compared}, {number}, {target}"))
}

fn test_bits(lines: &mut [Line], flow: &Flow) -> bool {
    let mut has_changed = false;
    for (at, pair) in flow.0.windows(2).enumerate() {
        let [mask, branch] = pair else { continue };
        let name = match branch.instruction.name.as_str() {
            "beqz" => "bbci",
            "bnez" => "bbsi",
            _ => continue,
        };
        let tested = branch.instruction.at(0);
        let masks = mask.instruction.name == "and" || mask.instruction.name == "extui";
        let is_read_later = tested.is_none_or(|tested| branch.wanted >> tested & 1 != 0);
        if !masks || mask.instruction.writes != tested || branch.is_met || is_read_later {
            continue;
        }
        let (from, bit) = if mask.instruction.name == "extui" {
            if mask.instruction.number(3) != Some(1) {
                continue;
            }
            (1, mask.instruction.number(2))
        } else {
            let bit = |place| {
                let number = flow.operand(at, place)?.as_number()?;
                number.is_power_of_two().then(|| number.trailing_zeros())
            };
            if bit(2).is_some() { (1, bit(2)) } else { (2, bit(1)) }
        };
        let Some(bit) = bit else { continue };
        let from = &mask.instruction.operands[from];
        let target = &branch.instruction.operands[1];
        replace(lines, branch.at, &format!("\t{name}\t{from}, {bit}, {target}"));
        replace(lines, mask.at, "");
        has_changed = true;
    }
    has_changed
}

/// Some bits that are only compared with numbers are taken out by `extui`, and compared with smaller numbers.
fn compare_fields(lines: &mut [Line], flow: &Flow) -> bool {
    for (at, step) in flow.0.iter().enumerate() {
        let Some(masked) = step.instruction.writes.filter(|_| step.instruction.name == "and") else { continue };
        for (from, mask) in [(1, 2), (2, 1)] {
            let Some(mask) = flow.operand(at, mask).and_then(Known::as_number).filter(|&mask| mask != 0) else {
                continue;
            };
            let (lowest, ones) = (mask.trailing_zeros(), mask >> mask.trailing_zeros());
            if lowest == 0 || !(ones + 1).is_power_of_two() || ones.count_ones() > 16 {
                continue;
            }
            let Some(reads) = flow.reads_of(at, masked) else { continue };
            let shorter = |&read: &usize| {
                let (branch, number) = comparison(flow, read, at, masked)?;
                let step = &flow.0[read];
                let target = step.instruction.operands.last()?;
                let number = (number & !mask == 0).then_some((number >> lowest) as i32)?;
                Some((step.at, with_number(branch, &format!("a{masked}"), number, target)?))
            };
            let Some(shorter) = reads.iter().map(shorter).collect::<Option<Vec<_>>>() else { continue };
            let from = &step.instruction.operands[from];
            let text = format!("\textui\ta{masked}, {from}, {lowest}, {}", ones.count_ones());
            replace(lines, step.at, &text);
            shorter.iter().for_each(|(line, text)| replace(lines, *line, text));
            return true;
        }
    }
    false
}

/// The branch for two registers, and the number, if the step `read` compares with a number what the step `at` has left in that
/// register.
fn comparison(flow: &Flow, read: usize, at: usize, register: Register) -> Option<(&str, u32)> {
    let Step { instruction, known, .. } = &flow.0[read];
    let result = Some(Value::Result(at, register));
    let holds_it =
        |place| instruction.at(place).zip(known.as_ref()).is_some_and(|(at, known)| known[at].value == result);
    let name = instruction.name.as_str();
    match name {
        "beqz" | "bnez" if holds_it(0) => Some((name.trim_end_matches('z'), 0)),
        "beqi" | "bnei" if holds_it(0) => Some((name.trim_end_matches('i'), instruction.number(1)?)),
        "beq" | "bne" => {
            let (_, with) = [(0, 1), (1, 0)].into_iter().find(|&(compared, _)| holds_it(compared))?;
            Some((name, flow.operand(read, with)?.as_number()?))
        }
        _ => None,
    }
}

pub(super) fn read_originals(lines: &mut [Line], flow: &Flow) -> bool {
    let mut has_changed = false;
    for (at, step) in flow.0.iter().enumerate() {
        let Some((from, to)) = step.instruction.copy() else { continue };
        if from == STACK_POINTER || to == STACK_POINTER {
            continue;
        }
        if from == to {
            replace(lines, step.at, "");
            return true;
        }
        for later in flow.until_changed(at, set([from, to])) {
            let writes = later.instruction.writes;
            if later.instruction.copy() == Some((to, from)) {
                replace(lines, later.at, "");
                return true;
            }
            has_changed |= read_from(lines, later.at, writes.is_some(), to, from);
        }
    }
    has_changed
}

/// Has the line read one register where it reads another one.
fn read_from(lines: &mut [Line], at: usize, writes: bool, read: Register, from: Register) -> bool {
    // As the line is by now.
    let [name, operands @ ..] = &lines[at].words[..] else { return false };
    let renamed: Vec<String> = operands
        .iter()
        .enumerate()
        .map(|(place, word)| {
            let is_read = place >= usize::from(writes) && register(word) == Some(read);
            if is_read { format!("a{from}") } else { word.clone() }
        })
        .collect();
    let is_changed = renamed != operands;
    if is_changed {
        let text = format!("\t{name}\t{}", renamed.join(", "));
        replace(lines, at, &text);
    }
    is_changed
}

/// What a register is given is not needed when, wherever it is read, another one holds the same.
pub(super) fn read_others(lines: &mut [Line], flow: &Flow) -> bool {
    for (at, step) in flow.0.iter().enumerate() {
        let Some(to) = step.instruction.writes.filter(|&to| to != STACK_POINTER) else { continue };
        let is_given = step.instruction.name == "movi" || step.instruction.copy().is_some();
        let Some(reads) = flow.reads_of(at, to).filter(|reads| is_given && !reads.is_empty()) else { continue };
        let holds_the_same = |other: &Register| {
            reads.iter().all(|&read| {
                let known = flow.0[read].known.as_ref();
                known.is_some_and(|known| known[to].value.is_some() && known[to].value == known[*other].value)
            })
        };
        let others = (0..REGISTERS).filter(|&other| other > STACK_POINTER && other != to);
        if let Some(other) = others.into_iter().find(holds_the_same) {
            for &read in &reads {
                let Step { at, instruction, .. } = &flow.0[read];
                read_from(lines, *at, instruction.writes.is_some(), to, other);
            }
            replace(lines, step.at, "");
            return true;
        }
    }
    false
}

/// What a register holds already is not put there.
pub(super) fn drop_known(lines: &mut [Line], flow: &Flow) -> bool {
    for (at, step) in flow.0.iter().enumerate() {
        let (Some(to), Some(known)) = (step.instruction.writes, &step.known) else { continue };
        let given = match step.instruction.copy() {
            Some((from, _)) => known[from].value.clone(),
            None if step.instruction.name == "movi" => step.instruction.number(1).map(Value::Number),
            None => None,
        };
        if step.instruction.is_pure && given.is_some() && given == known[to].value {
            replace(lines, flow.0[at].at, "");
            return true;
        }
    }
    false
}

pub(super) fn drop_unread(lines: &mut [Line], flow: &Flow) -> bool {
    let mut has_changed = false;
    for step in &flow.0 {
        let Some(writes) = step.instruction.writes else { continue };
        if step.instruction.is_pure && step.wanted >> writes & 1 == 0 {
            replace(lines, step.at, "");
            has_changed = true;
        }
    }
    has_changed
}

#[cfg(test)]
mod tests {
    use super::super::machine::{Machine, program};
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    /// What becomes of these instructions, in a function that then returns; beside it there is the function `g`.
    fn shortened(code: &[&str]) -> Vec<String> {
        let mut lines: Vec<Line> = [
            ".literal .Lg, g",
            ".literal .Lmemcpy, memcpy",
            ".literal .Lwide, 65535",
            "g:",
            "ret",
            ".Lfunc_end0:",
            "f:",
        ]
        .iter()
        .chain(code)
        .chain(&["ret", ".Lfunc_end1:"])
        .map(|text| Line::new(text))
        .collect();
        shorten(&mut lines);
        let begin = lines.iter().position(|line| line.label() == Some("f")).unwrap() + 1;
        let words = lines[begin..lines.len() - 2].iter().filter(|line| !line.text.is_empty());
        words.map(|line| line.text.trim().replace('\t', " ")).collect()
    }

    #[track_caller]
    fn stays(code: &[&str]) {
        assert_eq!(shortened(code), code);
    }

    #[test]
    fn a_function_whose_address_is_known_is_called_directly() {
        assert_eq!(shortened(&["l32r a8, .Lg", "addi a2, a2, 1", "callx0 a8"]), ["addi a2, a2, 1", "call0 g"]);
        let on_both_ways =
            ["l32r a12, .Lg", "beqz a2, .L1", "callx0 a12", "j .L2", ".L1:", "callx0 a12", ".L2:", "movi a12, 0"];
        let expected = ["beqz a2, .L1", "call0 g", "j .L2", ".L1:", "call0 g", ".L2:", "movi a12, 0"];
        assert_eq!(shortened(&on_both_ways), expected);
    }

    #[test]
    fn what_may_be_another_function_is_called_by_the_register() {
        stays(&["l32r a8, .Lmemcpy", "callx0 a8"]);
        stays(&["l32r a8, .Lg", "beqz a2, .L1", "l32r a8, .Lmemcpy", ".L1:", "callx0 a8"]);
        stays(&["callx0 a8"]);
        // The first call has changed it.
        stays(&["l32r a8, .Lmemcpy", "callx0 a8", "callx0 a8"]);
    }

    #[test]
    fn an_address_that_is_read_otherwise_stays() {
        let code = ["l32r a8, .Lg", "s32i a8, a1, 0", "callx0 a8"];
        assert_eq!(shortened(&code), ["l32r a8, .Lg", "s32i a8, a1, 0", "call0 g"]);
    }

    #[test]
    fn ones_need_no_register() {
        assert_eq!(shortened(&["movi a8, 255", "and a2, a3, a8"]), ["extui a2, a3, 0, 8"]);
        assert_eq!(shortened(&["l32r a8, .Lwide", "and a2, a8, a3"]), ["extui a2, a3, 0, 16"]);
        stays(&["movi a8, 240", "and a2, a3, a8"]);
        stays(&["movi a8, -1", "srli a8, a8, 12", "and a2, a3, a8"]);
    }

    #[test]
    fn no_bits_are_masked_that_cannot_be_set() {
        let loaded = ["l8ui a2, a3, 0", "movi a8, 255", "and a2, a2, a8"];
        assert_eq!(shortened(&loaded), ["l8ui a2, a3, 0"]);
        let perhaps = ["beqz a2, .L1", "l8ui a2, a3, 0", ".L1:", "movi a8, 255", "and a2, a2, a8"];
        assert_eq!(shortened(&perhaps)[3..], ["extui a2, a2, 0, 8"]);
        let shifted = ["l16ui a2, a3, 0", "srli a2, a2, 12", "movi a8, 15", "and a2, a2, a8"];
        assert_eq!(shortened(&shifted), ["l16ui a2, a3, 0", "srli a2, a2, 12"]);
    }

    #[test]
    fn bits_are_taken_out_at_once() {
        let code = ["srli a8, a3, 1", "movi a9, 3", "and a2, a8, a9"];
        assert_eq!(shortened(&code), ["extui a2, a3, 1, 2"]);
        assert_eq!(shortened(&["srli a8, a3, 20", "extui a2, a8, 0, 4"]), ["extui a2, a3, 20, 4"]);
        // Where the number came from is gone, or another way leads here.
        stays(&["srli a3, a3, 1", "extui a2, a3, 0, 2"]);
        stays(&["srli a8, a3, 1", "movi a3, 1", "extui a2, a8, 0, 2"]);
        stays(&["beqz a4, .L1", "srli a8, a3, 1", ".L1:", "extui a2, a8, 0, 2"]);
    }

    #[test]
    fn branches_compare_with_numbers() {
        let branch = |number: &str, branch: &str| {
            let code = [&format!("movi a8, {number}"), branch, "movi a2, 1", ".L1:"];
            shortened(&code)[0].clone()
        };
        assert_eq!(branch("0", "beq a3, a8, .L1"), "beqz a3, .L1");
        assert_eq!(branch("0", "bne a8, a3, .L1"), "bnez a3, .L1");
        assert_eq!(branch("-1", "beq a8, a3, .L1"), "beqi a3, -1, .L1");
        assert_eq!(branch("16", "bge a3, a8, .L1"), "bgei a3, 16, .L1");
        assert_eq!(branch("3", "bltu a3, a8, .L1"), "bltui a3, 3, .L1");
        for (number, unchanged) in
            [("9", "beq a3, a8, .L1"), ("1", "bltu a3, a8, .L1"), ("3", "bltu a8, a3, .L1"), ("0", "blt a3, a8, .L1")]
        {
            assert_eq!(branch(number, unchanged), format!("movi a8, {number}"), "{unchanged}");
        }
    }

    #[test]
    fn a_bit_is_tested_where_it_is() {
        let test = ["movi a8, 128", "and a9, a3, a8", "bnez a9, .L1", "movi a2, 1", ".L1:"];
        assert_eq!(shortened(&test)[0], "bbsi a3, 7, .L1");
        let lowest = ["extui a9, a3, 0, 1", "beqz a9, .L1", "movi a2, 1", ".L1:"];
        assert_eq!(shortened(&lowest)[0], "bbci a3, 0, .L1");
        stays(&["extui a2, a3, 0, 1", "beqz a2, .L1", "movi a3, 1", ".L1:"]);
        stays(&["extui a9, a3, 0, 2", "beqz a9, .L1", "movi a2, 1", ".L1:"]);
        stays(&["beqz a2, .L2", "extui a2, a3, 0, 1", ".L2:", "beqz a2, .L1", "movi a2, 1", ".L1:"]);
    }

    #[test]
    fn bits_that_are_compared_are_compared_as_a_small_number() {
        let field =
            ["movi a8, 240", "and a9, a3, a8", "movi a8, 48", "beq a9, a8, .L1", "beqz a9, .L1", "movi a2, 1", ".L1:"];
        assert_eq!(shortened(&field)[..3], ["extui a9, a3, 4, 4", "beqi a9, 3, .L1", "beqz a9, .L1"]);
        let qos = ["movi a8, 6", "and a9, a8, a3", "bnei a9, 4, .L1", "movi a2, 1", ".L1:"];
        assert_eq!(shortened(&qos)[..2], ["extui a9, a3, 1, 2", "bnei a9, 2, .L1"]);
        // Not only compared, compared with something else, with bits that it cannot have, or with what no branch has.
        stays(&["movi a8, 6", "and a2, a8, a3", "bnei a2, 4, .L1", "movi a3, 1", ".L1:"]);
        stays(&["movi a8, 6", "and a9, a8, a3", "beq a9, a4, .L1", "movi a3, 1", ".L1:"]);
        stays(&["movi a8, 6", "and a9, a8, a3", "bnei a9, 5, .L1", "movi a3, 1", ".L1:"]);
        stays(&["movi a8, 240", "and a9, a8, a3", "movi a8, 144", "beq a9, a8, .L1", "movi a3, 1", ".L1:"]);
        // Another way leads to the comparison.
        stays(&[
            "movi a8, 6",
            "movi a9, 2",
            "beqz a2, .L2",
            "and a9, a8, a3",
            ".L2:",
            "bnei a9, 4, .L1",
            "movi a3, 1",
            ".L1:",
        ]);
    }

    #[test]
    fn what_was_copied_is_read_where_it_came_from() {
        assert_eq!(shortened(&["or a8, a3, a3", "add a2, a8, a4"]), ["add a2, a3, a4"]);
        assert_eq!(shortened(&["or a12, a2, a2", "or a2, a12, a12", "movi a12, 0"]), ["movi a12, 0"]);
        // Changed meanwhile, here or there.
        stays(&["or a8, a3, a3", "movi a3, 1", "add a2, a8, a4"]);
        assert_eq!(
            shortened(&["or a8, a3, a3", "add a4, a8, a4", "movi a8, 1", "add a2, a8, a4"]),
            ["add a4, a3, a4", "movi a8, 1", "add a2, a8, a4"]
        );
        // Another way leads to the reading.
        stays(&["beqz a4, .L1", "or a8, a3, a3", ".L1:", "add a2, a8, a4"]);
        stays(&["or a8, a1, a1", "s32i a2, a8, 0"]);
    }

    #[test]
    fn what_nobody_reads_is_not_computed() {
        assert_eq!(shortened(&["movi a8, 1", "l32i a9, a1, 0"]), [""; 0]);
        stays(&["movi a2, 1"]);
        stays(&["movi a5, 1", "call0 g", "movi a12, 3"]);
        assert_eq!(shortened(&["movi a8, 1", "call0 g"]), ["call0 g"]);
        stays(&["addi a1, a1, -16", "movi a8, 1", "s32i a8, a1, 0", "addi a1, a1, 16"]);
        stays(&["movi a8, 1", ".L1:", "s32i a8, a2, 0", "addi a8, a8, 1", "bnez a8, .L1"]);
    }

    #[test]
    fn what_two_registers_hold_is_read_from_one_of_them() {
        let code = ["movi a8, 1", "beqz a2, .L1", "movi a9, 1", "s32i a9, a3, 0", ".L1:", "s32i a8, a3, 4"];
        assert_eq!(shortened(&code), ["movi a8, 1", "beqz a2, .L1", "s32i a8, a3, 0", ".L1:", "s32i a8, a3, 4"]);
        // Changed meanwhile, on one way to the reading.
        stays(&["movi a8, 1", "movi a9, 1", "beqz a2, .L1", "movi a8, 2", ".L1:", "s32i a9, a3, 0", "s32i a8, a3, 4"]);
        // Another number comes to the reading on another way.
        stays(&["movi a8, 1", "movi a9, 2", "beqz a2, .L1", "movi a9, 1", ".L1:", "s32i a9, a3, 0", "s32i a8, a3, 4"]);
        // What is computed in a loop is not what it was the time before.
        stays(&[".L1:", "or a8, a9, a9", "l32i a9, a3, 0", "s32i a8, a3, 4", "bnez a9, .L1"]);
    }

    #[test]
    fn a_copy_of_a_number_is_the_number() {
        let code =
            ["movi a9, 0", "beqz a2, .L1", "movi a9, 1", "or a2, a9, a9", "movi a3, 2", ".L1:", "s32i a9, a3, 0"];
        assert_eq!(shortened(&code)[3], "movi a2, 1");
    }

    #[test]
    fn what_a_register_holds_already_is_not_put_there() {
        assert_eq!(shortened(&["movi a2, 1", "s32i a2, a4, 0", "movi a2, 1"]), ["movi a2, 1", "s32i a2, a4, 0"]);
        assert_eq!(
            shortened(&["or a12, a2, a2", "beqz a3, .L1", "s32i a12, a4, 0", ".L1:", "or a2, a12, a12"]).len(),
            4
        );
        stays(&["movi a2, 1", "s32i a2, a4, 0", "beqz a3, .L1", "movi a2, 2", "s32i a2, a4, 4", ".L1:", "movi a2, 1"]);
        stays(&["movi a2, 1", "s32i a2, a4, 0", "call0 g", "movi a2, 1"]);
    }

    #[test]
    fn what_all_calls_give_is_known_where_a_function_begins() {
        let of_g = |before: &str, second_call: &str| {
            let code = [
                before,
                "g:",
                "extui a8, a2, 0, 8",
                "s32i a8, a3, 0",
                "ret",
                ".Lfunc_end0:",
                "f:",
                "l8ui a2, a4, 0",
                "call0 g",
                second_call,
                "call0 g",
                "ret",
                ".Lfunc_end1:",
            ];
            let mut lines: Vec<Line> = code.map(Line::new).into();
            shorten(&mut lines);
            lines[2..4].iter().map(|line| line.text.trim().replace('\t', " ")).collect::<Vec<_>>()
        };
        assert_eq!(of_g("", "movi a2, 200"), ["", "s32i a2, a3, 0"]);
        for (before, second_call) in
            [("", "movi a2, 300"), (".global g", "movi a2, 1"), (".literal .Lg, g", "movi a2, 1")]
        {
            assert_eq!(of_g(before, second_call)[0], "extui a8, a2, 0, 8", "{before} {second_call}");
        }
    }

    #[test]
    fn a_function_with_an_unknown_instruction_stays_as_it_is() {
        stays(&["movi a8, 1", "rsil a8, 15"]);
        stays(&["movi a8, 1", "j .Lelsewhere"]);
    }

    const INSTRUCTIONS: [&str; 27] = [
        "movi A, N",
        "movi A, 1",
        "movi A, 255",
        "movi A, 0",
        "l32r A, .Lwide",
        "l8ui A, a1, N",
        "l16ui A, a1, N",
        "l32i A, a1, N",
        "s8i A, a1, N",
        "s32i A, a1, N",
        "or A, B, B",
        "or A, B, B",
        "or A, B, C",
        "and A, B, C",
        "and A, B, C",
        "add A, B, C",
        "srli A, B, M",
        "extui A, B, 0, 1",
        "extui A, B, 0, 5",
        "call0 opaque",
        "beqz A, L",
        "bnez A, L",
        "beq A, B, L",
        "bltu A, B, L",
        "bne A, B, L",
        "beqi A, 4, L",
        "bnei A, 16, L",
    ];
    const SOME: [Register; 8] = [2, 3, 4, 8, 9, 12, 13, 14];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        /// Branches go forward only, so every program ends.
        #[test]
        fn what_is_shortened_does_the_same(
            parts in proptest::collection::vec((0..INSTRUCTIONS.len(), 0..8usize, 0..8usize, 0..8usize, 0u32..32), 1..40),
        ) {
            let mut text = ".literal .Lwide, 65535\nopaque:\nret\n.Lfunc_end0:\nf:\n".to_owned();
            for (at, (kind, a, b, c, number)) in parts.iter().enumerate() {
                let to = (at + 1 + *number as usize % 6).min(parts.len());
                let instruction = INSTRUCTIONS[*kind]
                    .replace('A', &format!("a{}", SOME[*a]))
                    .replace('B', &format!("a{}", SOME[*b]))
                    .replace('C', &format!("a{}", SOME[*c]))
                    .replace('N', &(number * 2).to_string())
                    .replace('M', &(number % 16).to_string())
                    .replace(", L", &format!(", .L{to}"));
                writeln!(text, ".L{at}:\n{instruction}").unwrap();
            }
            writeln!(text, ".L{}:\nret\n.Lfunc_end1:", parts.len()).unwrap();
            let lines = program(&text);
            let mut shorter = lines.clone();
            shorten(&mut shorter);
            let body = |lines: &[Line]| Machine::call(lines, "f", 64);
            let listing: String = shorter.iter().map(|line| format!("{}\n", line.text)).collect();
            prop_assert_eq!(body(&lines), body(&shorter), "{}\nbecame\n{}", text, listing);
        }
    }
}
