//! Shorter code by knowing what a function of the engine does to registers that any function may change.
//!
//! Functions are gone through after those that they call. Of each it is known then which of the arguments it reads, and which
//! registers it leaves as they were. What follows from that:
//!
//! - what is in a register over a call is read from there, and not from one that is saved for it;
//! - what is in a saved register is put into one that need not be, where no call changes that;
//! - a register that is not used any more is not saved;
//! - a function that calls others only as the last thing it does jumps there, and they return to its caller: it needs no frame;
//! - a return address that would be all that is in a frame stays in a register.

use super::Line;
use super::dataflow::{
    Callee, Callees, Flow, Flows, Instruction, LOST_IN_CALL, ON_STACK, READ_BY_CALL, REGISTERS, Register, Set,
    drop_known, drop_unread, initial, literals, ranges, read_originals, read_others, register,
};
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

/// The registers that any function may change, but for the return address.
const FREE: RangeInclusive<Register> = 2..=11;
/// Those of them that may hold results.
const RESULTS: RangeInclusive<Register> = 2..=5;

/// Shortens each function. A line that goes is left empty.
pub(super) fn shorten(lines: &mut [Line]) {
    let literals = literals(lines);
    let mut callees = Callees::new();
    for (name, range) in callees_first(lines) {
        let function = &mut lines[range];
        let flow_of = |function: &[Line]| Flow::of(function, &literals, &initial(), &callees);
        let steps = [read_originals, read_others, drop_known, drop_unread];
        let mut flow = flow_of(function);
        while let Some(known) = &flow {
            let has_changed = steps.iter().any(|step| step(function, known))
                || drop_saves(function)
                || use_free_registers(function, known, flow_of);
            if !has_changed {
                break;
            }
            flow = flow_of(function);
        }
        let mut callee = Callee { reads: READ_BY_CALL, lost: LOST_IN_CALL };
        if let Some(mut flow) = flow.filter(|flow| !flow.0.is_empty()) {
            move_saves_together(function, flow_of);
            callee = find_callee(&mut flow);
            if let Some(frame) = Frame::of(function) {
                callee.lost |= frame.drop(function, &flow, callee.lost);
            }
        }
        callees.insert(name, callee);
    }
}

/// The functions, each after those that it calls, unless they call one another.
fn callees_first(lines: &[Line]) -> Vec<(String, Range<usize>)> {
    fn visit(
        name: &str,
        lines: &[Line],
        open: &mut Vec<(String, Range<usize>)>,
        ordered: &mut Vec<(String, Range<usize>)>,
    ) {
        let Some(at) = open.iter().position(|(other, _)| other == name) else { return };
        let (name, range) = open.remove(at);
        for line in &lines[range.clone()] {
            if let ["call0", callee] = line.words()[..] {
                visit(callee, lines, open, ordered);
            }
        }
        ordered.push((name, range));
    }
    let name_of = |range: &Range<usize>| lines[range.start - 1].label().unwrap_or_default().to_owned();
    let mut open: Vec<_> = ranges(lines).into_iter().map(|range| (name_of(&range), range)).collect();
    let mut ordered = vec![];
    while let Some((name, _)) = open.first().cloned() {
        visit(&name, lines, &mut open, &mut ordered);
    }
    ordered
}

/// What whoever calls the function can know of it.
fn find_callee(flow: &mut Flow) -> Callee {
    let changes = changes(flow);
    read_at_ends(flow, results(changes));
    Callee { reads: flow.wanted_before(0) & READ_BY_CALL, lost: changes & LOST_IN_CALL }
}

fn changes(flow: &Flow) -> Set {
    flow.0.iter().fold(0, |changes, step| changes | step.instruction.changes())
}

/// What the ends of a function may read that makes these changes: what it leaves as it was is no result of its.
fn results(changes: Set) -> Set {
    changes | !READ_BY_CALL
}

/// Has the ends of a function read no other registers than these.
fn read_at_ends(flow: &mut Flow, only: Set) {
    for step in flow.0.iter_mut() {
        if step.instruction.flows == Flows::Nowhere {
            step.instruction.reads &= only;
        }
        step.wanted = 0;
    }
    flow.find_wanted();
}

/// The registers that may hold anything, first those that are lost anyway.
fn candidates(lost: Set) -> Vec<Register> {
    let mut candidates: Vec<Register> = FREE.collect();
    candidates.sort_by_key(|&to| (lost >> to & 1 == 0, to));
    candidates
}

/// Where a register of the caller's is saved and taken back, and the other lines that name it. `None` when it is not saved.
struct Saved {
    place: String,
    saves: Vec<usize>,
    uses: Vec<usize>,
}

impl Saved {
    fn of(function: &[Line], register: &str) -> Option<Saved> {
        let named: Vec<usize> = (0..function.len()).filter(|&at| function[at].words().contains(&register)).collect();
        let &save = named.first()?;
        let ["s32i", _, "a1", place] = function[save].words()[..] else { return None };
        let is_restore = |at: usize| function[at].words() == ["l32i", register, "a1", place];
        let (saves, uses): (Vec<usize>, Vec<usize>) = named.into_iter().partition(|&at| at == save || is_restore(at));
        if saves.len() == 1 {
            return None;
        }
        Some(Saved { place: place.to_owned(), saves, uses })
    }
}

const SAVED: [&str; 4] = ["a12", "a13", "a14", "a15"];

/// A register of the caller's that is not used is not saved.
fn drop_saves(function: &mut [Line]) -> bool {
    let mut has_changed = false;
    for register in SAVED {
        if let Some(saved) = Saved::of(function, register).filter(|saved| saved.uses.is_empty()) {
            saved.saves.into_iter().for_each(|at| function[at] = Line::new(""));
            has_changed = true;
        }
    }
    has_changed
}

/// Puts what is in a saved register, or on the stack, into a register that need not be saved, and holds nothing else at the time.
fn use_free_registers(function: &mut [Line], flow: &Flow, flow_of: impl Fn(&[Line]) -> Option<Flow>) -> bool {
    let lost = changes(flow);
    let saved = SAVED.iter().filter_map(|name| Some((register(name)?, without_saves(function, name)?)));
    let on_stack = places_on_stack(function).into_iter().map(|place| (ON_STACK, with_register(function, place)));
    for (from, mut renamed) in saved.chain(on_stack).collect::<Vec<_>>() {
        let Some(mut flow) = flow_of(&renamed) else { continue };
        read_at_ends(&mut flow, results(lost) & !(1 << from));
        if flow.wanted_before(0) >> from & 1 != 0 {
            continue;
        }
        if let Some(to) = candidates(lost).into_iter().find(|&to| is_free(&flow, from, to)) {
            renamed.iter_mut().for_each(|line| rename(line, &format!("a{from}"), &format!("a{to}")));
            function.clone_from_slice(&renamed);
            return true;
        }
    }
    false
}

/// The function as if it did not save that register.
fn without_saves(function: &[Line], name: &str) -> Option<Vec<Line>> {
    let mut without = function.to_vec();
    Saved::of(function, name)?.saves.into_iter().for_each(|at| without[at] = Line::new(""));
    Some(without)
}

/// The places in a function's frame where a word is kept and nothing else. What is only stored there may be an argument of
/// a function that is called.
fn places_on_stack(function: &[Line]) -> Vec<i32> {
    let (mut stored, mut loaded) = (BTreeSet::new(), BTreeSet::new());
    // What lies from here on may be reached by its address.
    let mut end = i32::MAX;
    for line in function {
        match line.words()[..] {
            ["l32i" | "s32i", "a0" | "a12" | "a13" | "a14" | "a15", "a1", place]
                if Saved::of(function, &line.words[1]).is_some_and(|saved| saved.place == place) =>
            {
                end = end.min(place.parse().unwrap_or(0));
            }
            ["s32i", register, "a1", place] if register != "a1" => stored.extend(place.parse::<i32>().ok()),
            ["l32i", _, "a1", place] => loaded.extend(place.parse::<i32>().ok()),
            ["addi", "a1", "a1", _] => {}
            ["addi", _, "a1", place] => end = end.min(place.parse().unwrap_or(0)),
            ref words if words.contains(&"a1") => return vec![],
            _ => {}
        }
    }
    stored.intersection(&loaded).copied().filter(|&place| place + 4 <= end).collect()
}

/// The function with a register for that place.
fn with_register(function: &[Line], place: i32) -> Vec<Line> {
    let mut renamed = function.to_vec();
    for line in &mut renamed {
        let text = match line.words()[..] {
            ["l32i", to, "a1", from] if from == place.to_string() => format!("\tor\t{to}, a{ON_STACK}, a{ON_STACK}"),
            ["s32i", from, "a1", to] if to == place.to_string() => format!("\tor\ta{ON_STACK}, {from}, {from}"),
            _ => continue,
        };
        *line = Line::new(&text);
    }
    renamed
}

/// Whether one register holds nothing that is still wanted whenever the other one does.
fn is_free(flow: &Flow, from: Register, to: Register) -> bool {
    flow.0.iter().all(|step| {
        let (changes, is_wanted) = (step.instruction.changes(), |register: Register| step.wanted >> register & 1 != 0);
        let is_overwritten = is_wanted(from) && changes >> to & 1 != 0;
        let overwrites = is_wanted(to) && step.instruction.writes == Some(from);
        !is_overwritten && (!overwrites || step.instruction.copy() == Some((to, from)))
    })
}

fn rename(line: &mut Line, from: &str, to: &str) {
    let [name, operands @ ..] = &line.words[..] else { return };
    if !operands.iter().any(|word| word == from) {
        return;
    }
    let operands: Vec<&str> = operands.iter().map(|word| if word == from { to } else { word }).collect();
    *line = Line::new(&format!("\t{name}\t{}", operands.join(", ")));
}

/// Has the saved registers be the first ones, side by side, so that functions end alike.
fn move_saves_together(function: &mut [Line], flow_of: impl Fn(&[Line]) -> Option<Flow>) {
    let is_its_own = |function: &[Line], name: &str| {
        let flow = without_saves(function, name).and_then(|without| flow_of(&without));
        flow.zip(register(name)).is_some_and(|(mut flow, register)| {
            read_at_ends(&mut flow, !(1 << register));
            flow.wanted_before(0) >> register & 1 == 0
        })
    };
    for (at, to) in SAVED.iter().enumerate() {
        if Saved::of(function, to).is_some() || function.iter().any(|line| line.words().contains(to)) {
            continue;
        }
        let Some(from) = SAVED[at + 1..].iter().find(|from| is_its_own(function, from)) else { break };
        for line in function.iter_mut().filter(|line| line.words().contains(from)) {
            rename(line, from, to);
        }
    }
    let place_of = |function: &[Line], register| Saved::of(function, register)?.place.parse::<i32>().ok();
    let Some(mut above) = place_of(function, "a0") else { return };
    for register in SAVED {
        let Some(place) = place_of(function, register) else { return };
        let wanted = (above - 4).to_string();
        let is_taken = function.iter().any(|line| line.words().ends_with(&["a1", &wanted]));
        if place < above - 4 && !is_taken {
            let Some(saved) = Saved::of(function, register) else { return };
            saved.saves.iter().for_each(|&at| rename(&mut function[at], &saved.place, &wanted));
        }
        above = place_of(function, register).unwrap_or(place);
    }
}

/// A frame that holds the return address and nothing else.
struct Frame {
    begin: [usize; 2],
    /// The three instructions of each end.
    ends: Vec<[usize; 3]>,
    calls: Vec<usize>,
}

impl Frame {
    fn of(function: &[Line]) -> Option<Frame> {
        let mut code = (0..function.len()).filter(|&at| function[at].is_instruction());
        let begin = [code.next()?, code.next()?];
        let (first, second) = (function[begin[0]].words(), function[begin[1]].words());
        let (["addi", "a1", "a1", _], ["s32i", "a0", "a1", place]) = (&first[..], &second[..]) else { return None };
        let mut frame = Frame { begin, ends: vec![], calls: vec![] };
        while let Some(at) = code.next() {
            match function[at].words()[..] {
                ["l32i", "a0", "a1", from] if from == *place => {
                    let end = [at, code.next()?, code.next()?];
                    let (["addi", "a1", "a1", _], ["ret"]) =
                        (&function[end[1]].words()[..], &function[end[2]].words()[..])
                    else {
                        return None;
                    };
                    if function[at..end[2]].iter().any(|line| line.label().is_some()) {
                        return None;
                    }
                    frame.ends.push(end);
                }
                ["call0" | "callx0", ..] => frame.calls.push(at),
                ref words if words.iter().any(|word| matches!(*word, "a0" | "a1" | "ret")) => return None,
                _ => {}
            }
        }
        Some(frame)
    }

    /// Does without it, if that is possible. Gives the registers that the function then changes beside those that it has.
    fn drop(self, function: &mut [Line], flow: &Flow, lost: Set) -> Set {
        let is_last = |&call: &usize| {
            function[call].words[0] == "call0" && self.ends.iter().any(|end| leads(function, call, end[0]))
        };
        if self.calls.iter().all(is_last) {
            for &at in &self.calls {
                function[at] = Line::new(&format!("\tj\t{}", function[at].words[1]));
            }
            self.erase(function);
            return 0;
        }
        let is_named = |to: Register| function.iter().any(|line| line.words().contains(&format!("a{to}").as_str()));
        let is_used = |to: Register| {
            flow.0
                .iter()
                .map(|step| &step.instruction)
                .any(|Instruction { lost, reads, .. }| *lost != 0 && (lost | reads) >> to & 1 != 0)
        };
        let Some(to) = candidates(lost).into_iter().find(|&to| !is_named(to) && !is_used(to)) else { return 0 };
        self.erase(function);
        function[self.begin[0]] = Line::new(&format!("\tor\ta{to}, a0, a0"));
        for [.., end] in self.ends {
            function[end] = Line::new(&format!("\tjx\ta{to}"));
        }
        1 << to
    }

    /// Leaves of it the returns alone.
    fn erase(&self, function: &mut [Line]) {
        let ends = self.ends.iter().flat_map(|[restore, leave, _]| [restore, leave]);
        self.begin.iter().chain(ends).for_each(|&at| function[at] = Line::new(""));
    }
}

/// Whether nothing happens from the call to that line, but that results are moved to and fro.
fn leads(function: &[Line], call: usize, end: usize) -> bool {
    let mut held: [Register; REGISTERS] = std::array::from_fn(|register| register);
    let mut at = call + 1;
    // No way is longer, unless it goes in a circle.
    for _ in 0..function.len() {
        let Some(line) = function.get(at) else { return false };
        if at == end {
            return RESULTS.into_iter().all(|register| held[register] == register);
        }
        at += 1;
        match line.words()[..] {
            _ if !line.is_instruction() => {}
            ["j", to] => {
                let Some(label) = function.iter().position(|line| line.label() == Some(to)) else { return false };
                at = label;
            }
            ["or", to, from, also] if from == also => {
                let (Some(to), Some(from)) = (register(to), register(from)) else { return false };
                if !FREE.contains(&to) {
                    return false;
                }
                held[to] = held[from];
            }
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::machine::{Machine, program};
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    /// What becomes of these instructions, in the function `f`; beside it there is `g`, which changes a8 and a9 and its result a2,
    /// of which it reads a3, and `change`, which changes what a function may.
    fn shortened(code: &[&str]) -> Vec<String> {
        let g = ["g:", "addi a8, a3, 1", "l32i a9, a8, 0", "add a2, a8, a9", "ret", ".Lfunc_end0:"];
        let change = ["change:", "callx0 a2", "ret", ".Lfunc_end1:"];
        let lines = ["f:"].into_iter().chain(code.iter().copied()).chain([".Lfunc_end2:"]).chain(g).chain(change);
        let mut lines: Vec<Line> = lines.map(Line::new).collect();
        shorten(&mut lines);
        lines[1..=code.len()]
            .iter()
            .filter(|line| !line.text.is_empty())
            .map(|line| line.text.trim().replace('\t', " "))
            .collect()
    }

    const BEGIN: [&str; 2] = ["addi a1, a1, -16", "s32i a0, a1, 12"];
    const END: [&str; 3] = ["l32i a0, a1, 12", "addi a1, a1, 16", "ret"];

    fn within(frame: &[&'static str]) -> Vec<&'static str> {
        [&BEGIN, frame, &END].concat()
    }

    #[test]
    fn what_is_called_last_is_jumped_to() {
        assert_eq!(shortened(&within(&["movi a3, 4", "call0 g"])), ["movi a3, 4", "j g", "ret"]);
        assert_eq!(shortened(&within(&["call0 opaque"])), ["j opaque", "ret"]);
        let on_one_way = within(&["beqz a2, .L1", "call0 change", "j .L2", ".L1:", "call0 g", ".L2:"]);
        assert_eq!(shortened(&on_one_way), ["beqz a2, .L1", "j change", "j .L2", ".L1:", "j g", ".L2:", "ret"]);
        // The result is moved to and fro.
        let code = within(&["call0 change", "or a8, a2, a2", "j .L1", ".L2:", "movi a8, 1", ".L1:", "or a2, a8, a8"]);
        assert_eq!(shortened(&code)[0], "j change");
    }

    #[test]
    fn a_return_address_stays_in_a_register_that_no_call_changes() {
        let code = within(&["call0 g", "movi a2, 0"]);
        assert_eq!(shortened(&code), ["or a4, a0, a0", "call0 g", "movi a2, 0", "jx a4"]);
        let several = within(&["beqz a4, .L1", "call0 g", "movi a5, 0", ".L1:", "call0 g", "s32i a5, a2, 0"]);
        assert_eq!(shortened(&several)[0], "or a6, a0, a0");
        for call in ["call0 change", "call0 opaque", "callx0 a2"] {
            let code = within(&[call, "movi a2, 0"]);
            assert_eq!(shortened(&code), code);
        }
    }

    #[test]
    fn what_a_call_leaves_as_it_was_is_read_from_there() {
        let code = [
            "addi a1, a1, -16",
            "s32i a0, a1, 12",
            "s32i a12, a1, 8",
            "or a12, a3, a3",
            "call0 g",
            "add a2, a2, a12",
            "l32i a12, a1, 8",
            "l32i a0, a1, 12",
            "addi a1, a1, 16",
            "ret",
        ];
        assert_eq!(shortened(&code), ["or a4, a0, a0", "call0 g", "add a2, a2, a3", "jx a4"]);
        let lost = code.map(|line| if line == "call0 g" { "call0 change" } else { line });
        assert_eq!(shortened(&lost), lost);
    }

    #[test]
    fn what_is_saved_or_on_the_stack_goes_to_a_register_that_is_free() {
        let code = [
            "addi a1, a1, -16",
            "s32i a0, a1, 12",
            "s32i a12, a1, 8",
            "addi a12, a3, 4",
            "s32i a5, a1, 0",
            "l8ui a5, a4, 0",
            "call0 g",
            "l32i a3, a1, 0",
            "add a2, a3, a12",
            "l32i a12, a1, 8",
            "l32i a0, a1, 12",
            "addi a1, a1, 16",
            "ret",
        ];
        let short = shortened(&code);
        assert!(
            !short.iter().any(|line| line.contains("a1") && !line.contains("a10") && !line.contains("a11")),
            "{short:#?}"
        );
        // Its address is taken, or it is read in parts.
        for other in ["addi a8, a1, 0", "l8ui a8, a1, 1", "or a8, a1, a1"] {
            let with = code.map(|line| if line == "l8ui a5, a4, 0" { other } else { line });
            let with = [&with[..6], &["s32i a8, a4, 0"], &with[6..]].concat();
            assert!(shortened(&with).contains(&"l32i a3, a1, 0".to_owned()), "{other}");
        }
    }

    #[test]
    fn functions_that_call_one_another_know_nothing_of_each_other() {
        let code = within(&["beqz a2, .L1", "call0 f", "movi a2, 0", ".L1:"]);
        assert_eq!(shortened(&code), code);
    }

    #[test]
    fn what_is_saved_still_lies_side_by_side() {
        let code = [
            "addi a1, a1, -32",
            "s32i a0, a1, 28",
            "s32i a12, a1, 24",
            "s32i a13, a1, 20",
            "movi a12, 5",
            "or a13, a2, a2",
            "call0 change",
            "add a2, a2, a13",
            "l32i a13, a1, 20",
            "l32i a12, a1, 24",
            "l32i a0, a1, 28",
            "addi a1, a1, 32",
            "ret",
        ];
        let expected = [
            "addi a1, a1, -32",
            "s32i a0, a1, 28",
            "s32i a12, a1, 24",
            "or a12, a2, a2",
            "call0 change",
            "add a2, a2, a12",
            "l32i a12, a1, 24",
            "l32i a0, a1, 28",
            "addi a1, a1, 32",
            "ret",
        ];
        assert_eq!(shortened(&code), expected);
    }

    const INSTRUCTIONS: [&str; 15] = [
        "movi A, N",
        "or A, B, B",
        "or A, B, B",
        "add A, B, C",
        "addi A, B, N",
        "l32i A, a1, 0",
        "s32i A, a1, 0",
        "l32i A, a1, 4",
        "s32i A, a1, 4",
        "movi a6, 0\nmovi a7, 0\ncall0 F\nSET",
        "movi a6, 0\nmovi a7, 0\ncall0 F\nSET",
        "movi a6, 0\nmovi a7, 0\ncall0 F\nSET",
        "movi a6, 0\nmovi a7, 0\ncall0 opaque\nSET",
        "beqz A, L",
        "bnez A, L",
    ];
    const SOME: [Register; 10] = [2, 3, 4, 5, 8, 9, 10, 12, 13, 14];
    const FUNCTIONS: usize = 4;
    /// What a call leaves in registers that hold no results, no compiler's function reads.
    const SET: &str = "movi a8, 1\nmovi a9, 2\nmovi a10, 3";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// A function calls those with higher numbers only, and branches go forward, so every program ends.
        #[test]
        fn functions_that_know_each_other_do_what_they_did(
            functions in proptest::collection::vec(
                (
                    proptest::collection::vec((0..INSTRUCTIONS.len(), 0..10usize, 0..10usize, 0..10usize, 0..8usize), 0..12),
                    0..10usize,
                ),
                FUNCTIONS,
            ),
        ) {
            let mut text = String::new();
            for (number, (body, result)) in functions.iter().enumerate() {
                write!(text, "f{number}:\naddi a1, a1, -32\ns32i a0, a1, 24\ns32i a12, a1, 20\ns32i a13, a1, 16\n").unwrap();
                writeln!(text, "s32i a14, a1, 12\n{SET}\nmovi a12, 4\nmovi a13, 5\nmovi a14, 6\ns32i a8, a1, 0\ns32i a9, a1, 4").unwrap();
                for (at, (kind, a, b, c, n)) in body.iter().enumerate() {
                    let callee = number + 1 + n;
                    let called = if callee < FUNCTIONS { format!("f{callee}") } else { "opaque".to_owned() };
                    let to = (at + 1 + n).min(body.len());
                    let instruction = INSTRUCTIONS[*kind]
                        .replace('A', &format!("a{}", SOME[*a]))
                        .replace('B', &format!("a{}", SOME[*b]))
                        .replace('C', &format!("a{}", SOME[*c]))
                        .replace('N', &n.to_string())
                        .replace('F', &called)
                        .replace("SET", SET)
                        .replace(", L", &format!(", .L{number}_{to}"));
                    writeln!(text, ".L{number}_{at}:\n{instruction}").unwrap();
                }
                writeln!(text, ".L{number}_{}:", body.len()).unwrap();
                // What a compiler's functions leave, of which these are the results.
                writeln!(text, "or a2, a{from}, a{from}\nor a3, a2, a2\nmovi a4, 0\nmovi a5, 0", from = SOME[*result]).unwrap();
                writeln!(text, "l32i a14, a1, 12\nl32i a13, a1, 16\nl32i a12, a1, 20\nl32i a0, a1, 24").unwrap();
                writeln!(text, "addi a1, a1, 32\nret\n.Lfunc_end{number}:").unwrap();
            }
            let lines = program(&text);
            let mut shorter = lines.clone();
            shorten(&mut shorter);
            let listing: String = shorter.iter().map(|line| format!("{}\n", line.text)).collect();
            prop_assert_eq!(Machine::call(&lines, "f0", 160), Machine::call(&shorter, "f0", 160), "{}\nbecame\n{}", text, listing);
        }
    }
}
