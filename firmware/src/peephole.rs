//! Shorter code for the same: what LLVM's Xtensa backend leaves to be done, instruction by instruction.
//!
//! - **Calls within the engine.** LLVM loads every function's address from a literal and calls the register: six bytes of
//!   code and four of literal. The engine lies within reach of `call0`, three bytes. Only where the address is loaded in
//!   the same run of instructions, into a register that calls do not preserve, and is used for nothing else.
//! - **Branches around a jump.** `beqz a2, .LBB0_1`, `j .LBB0_2`, `.LBB0_1:` is `bnez a2, .LBB0_2`. GNU as puts a jump back
//!   where a branch does not reach.
//! - **Stack frames.** LLVM computes the new stack pointer in another register and copies it.

use std::collections::{HashMap, HashSet};

/// Rewrites a whole file.
pub fn shorten(llvm: &str) -> String {
    let mut lines: Vec<Line> = llvm.lines().map(Line::new).collect();
    call_directly(&mut lines);
    drop_unused_literals(&mut lines);
    lines.retain(|line| !line.text.is_empty());
    shorten_frames(&mut lines);
    invert_branches(&mut lines);
    lines.iter().flat_map(|line| [line.text.as_str(), "\n"]).filter(|text| !text.is_empty()).collect()
}

/// A line, cut into words: an instruction or directive and its operands.
struct Line {
    text: String,
    words: Vec<String>,
}

impl Line {
    fn new(text: &str) -> Self {
        let code = text.split('#').next().unwrap_or(text);
        let words = code.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        Line { text: text.to_owned(), words: words.map(str::to_owned).collect() }
    }

    fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// The label that stands here.
    fn label(&self) -> Option<&str> {
        self.words.first()?.strip_suffix(':')
    }

    fn is_function(&self) -> bool {
        self.label().is_some_and(|label| !label.starts_with(".L"))
    }

    fn mentions(&self, word: &str) -> bool {
        self.words.iter().skip(1).any(|operand| operand == word)
    }
}

/// Whether a call leaves nothing of what was in the register.
fn is_lost_in_calls(register: &str) -> bool {
    let number = register.strip_prefix('a').and_then(|number| number.parse::<u8>().ok());
    number.is_some_and(|number| (2..=11).contains(&number))
}

fn call_directly(lines: &mut [Line]) {
    let functions: HashSet<String> =
        lines.iter().filter(|line| line.is_function()).filter_map(Line::label).map(str::to_owned).collect();
    let mut literals = HashMap::new();
    for line in lines.iter() {
        if let [".literal", name, function] = line.words()[..]
            && functions.contains(function)
        {
            literals.insert(name.to_owned(), function.to_owned());
        }
    }
    // Which register holds which function's address, and where it was loaded.
    let mut known: HashMap<String, (String, usize)> = HashMap::new();
    for at in 0..lines.len() {
        let words = lines[at].words();
        match words[..] {
            // Another way may lead here, or from here to a use of the register.
            _ if lines[at].label().is_some() => known.clear(),
            [branch, ..] if branch.starts_with(['b', 'j']) => known.clear(),
            ["l32r", register, literal] if is_lost_in_calls(register) => {
                match literals.get(literal) {
                    Some(function) => known.insert(register.to_owned(), (function.clone(), at)),
                    None => known.remove(register),
                };
            }
            ["callx0", register] => {
                if let Some((function, loaded)) = known.get(register).cloned() {
                    lines[at] = Line::new(&format!("\tcall0\t{function}"));
                    lines[loaded] = Line::new("");
                }
                known.clear();
            }
            _ => known.retain(|register, _| !lines[at].mentions(register)),
        }
    }
}

fn drop_unused_literals(lines: &mut [Line]) {
    let loaded: HashSet<String> = lines
        .iter()
        .filter(|line| line.words()[..].first() == Some(&"l32r"))
        .map(|line| line.words[2].clone())
        .collect();
    for line in lines.iter_mut() {
        if let [".literal", name, _] = line.words()[..]
            && !loaded.contains(name)
        {
            *line = Line::new("");
        }
    }
}

fn shorten_frames(lines: &mut Vec<Line>) {
    let mut at = 1;
    while at + 1 < lines.len() {
        let (first, second) = (lines[at].words(), lines[at + 1].words());
        if let (["addi", register, "a1", size], ["or", "a1", from, also]) = (&first[..], &second[..])
            && register == from
            && register == also
        {
            // The register is free where a function begins, and where it returns.
            let begins = lines[at - 1].is_function();
            let returns = lines.get(at + 2).is_some_and(|line| line.words() == ["ret"]);
            let is_scratch = matches!(*register, "a8" | "a9" | "a10" | "a11");
            if (begins || returns) && is_scratch {
                lines[at] = Line::new(&format!("\taddi\ta1, a1, {size}"));
                lines.remove(at + 1);
            }
        }
        at += 1;
    }
}

fn invert_branches(lines: &mut Vec<Line>) {
    let mut at = 0;
    while at + 2 < lines.len() {
        if let Some(branch) = inverted(&lines[at], &lines[at + 1], &lines[at + 2]) {
            lines[at] = Line::new(&branch);
            lines.remove(at + 1);
        }
        at += 1;
    }
}

/// The branch that does both, when a branch goes around a jump.
fn inverted(branch: &Line, jump: &Line, label: &Line) -> Option<String> {
    let (name, operands) = branch.words.split_first()?;
    let (around, compared) = operands.split_last()?;
    let ["j", target] = jump.words()[..] else { return None };
    if label.label()? != around {
        return None;
    }
    let opposite = match name.as_str() {
        "beq" => "bne",
        "bne" => "beq",
        "beqz" => "bnez",
        "bnez" => "beqz",
        "beqi" => "bnei",
        "bnei" => "beqi",
        "blt" => "bge",
        "bge" => "blt",
        "bltu" => "bgeu",
        "bgeu" => "bltu",
        "blti" => "bgei",
        "bgei" => "blti",
        "bltui" => "bgeui",
        "bgeui" => "bltui",
        "bltz" => "bgez",
        "bgez" => "bltz",
        _ => return None,
    };
    Some(format!("\t{opposite}\t{}, {target}", compared.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(llvm: &[&str]) -> Vec<String> {
        shorten(&llvm.join("\n")).lines().map(|line| line.trim().replace('\t', " ")).collect()
    }

    const FUNCTION: [&str; 2] = ["\t.literal\t.LCPI0_0, f", "f:"];

    fn after_function(code: &[&str]) -> Vec<String> {
        short(&[&FUNCTION, code].concat())
    }

    #[test]
    fn a_call_within_the_engine_needs_no_literal() {
        assert_eq!(
            after_function(&["g:", "\tl32r\ta8, .LCPI0_0", "\tor\ta2, a12, a12", "\tcallx0\ta8"]),
            ["f:", "g:", "or a2, a12, a12", "call0 f"]
        );
    }

    #[test]
    fn a_function_of_somebody_else_is_called_as_before() {
        let code = ["\t.literal\t.LCPI0_0, memcpy", "f:", "\tl32r\ta8, .LCPI0_0", "\tcallx0\ta8"];
        assert_eq!(short(&code), [".literal .LCPI0_0, memcpy", "f:", "l32r a8, .LCPI0_0", "callx0 a8"]);
    }

    #[test]
    fn an_address_that_is_used_otherwise_stays() {
        for code in [
            // Another way may lead to the call, or to another one.
            ["\tl32r\ta8, .LCPI0_0", ".LBB0_1:", "\tcallx0\ta8"],
            ["\tl32r\ta8, .LCPI0_0", "\tbeqz\ta2, .LBB0_1", "\tcallx0\ta8"],
            // Stored, or changed.
            ["\tl32r\ta8, .LCPI0_0", "\ts32i\ta8, a1, 0", "\tcallx0\ta8"],
            ["\tl32r\ta8, .LCPI0_0", "\tmovi\ta8, 0", "\tcallx0\ta8"],
            // Kept over the call, for another one.
            ["\tl32r\ta12, .LCPI0_0", "\tmovi\ta2, 0", "\tcallx0\ta12"],
        ] {
            let all: Vec<_> = [&FUNCTION[..], &code].concat().iter().map(|l| l.trim().replace('\t', " ")).collect();
            assert_eq!(after_function(&code), all);
        }
    }

    #[test]
    fn a_call_ends_what_is_known() {
        let code = ["\tl32r\ta8, .LCPI0_0", "\tl32r\ta9, .LCPI0_0", "\tcallx0\ta9", "\tcallx0\ta8"];
        assert_eq!(after_function(&code)[1..], ["f:", "l32r a8, .LCPI0_0", "call0 f", "callx0 a8"]);
    }

    #[test]
    fn a_branch_around_a_jump_becomes_the_opposite_branch() {
        let code = ["\tbltui\ta8, 5, .LBB0_1", "\tj\t.LBB0_2", ".LBB0_1:"];
        assert_eq!(short(&code), ["bgeui a8, 5, .LBB0_2", ".LBB0_1:"]);
        let elsewhere = ["beqz a8, .LBB0_3", "j .LBB0_2", ".LBB0_1:"];
        assert_eq!(short(&elsewhere), elsewhere);
    }

    #[test]
    fn every_branch_has_its_opposite_and_back() {
        for name in ["beq", "beqz", "beqi", "blt", "bltu", "blti", "bltui", "bltz"] {
            let inverse = |name: &str| {
                let branch = Line::new(&format!("\t{name}\ta2, a3, .LBB0_1"));
                let branch = inverted(&branch, &Line::new("\tj\t.LBB0_2"), &Line::new(".LBB0_1:")).unwrap();
                Line::new(&branch).words[0].clone()
            };
            assert_ne!(inverse(name), name);
            assert_eq!(inverse(&inverse(name)), name);
        }
    }

    #[test]
    fn frames_are_made_in_one_step() {
        let code = [
            "f:",
            "\taddi\ta8, a1, -16",
            "\tor\ta1, a8, a8",
            "\ts32i\ta0, a1, 0",
            "\taddi\ta8, a1, 16",
            "\tor\ta1, a8, a8",
            "\tret",
        ];
        assert_eq!(short(&code), ["f:", "addi a1, a1, -16", "s32i a0, a1, 0", "addi a1, a1, 16", "ret"]);
        let in_the_middle = ["movi a8, 0", "addi a8, a1, 16", "or a1, a8, a8", "movi a2, 0"];
        assert_eq!(short(&in_the_middle), in_the_middle);
    }
}
