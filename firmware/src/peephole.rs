//! Shorter code for the same: what LLVM's Xtensa backend leaves to be done, instruction by instruction.
//!
//! - **What registers hold** ([`dataflow`]). LLVM loads every function's address from a literal and calls the register: six
//!   bytes of code and four of literal. The engine lies within reach of `call0`, three bytes. It loads masks and small numbers
//!   into registers, for which there are instructions that have them in themselves.
//! - **Branches around a jump.** `beqz a2, .LBB0_1`, `j .LBB0_2`, `.LBB0_1:` is `bnez a2, .LBB0_2`. GNU as puts a jump back
//!   where a branch does not reach.
//! - **Stack frames.** LLVM computes the new stack pointer in another register and copies it.
//! - **Ends** ([`tails`]), once everything else is done: what ends alike stands once. What comes of it all is checked ([`frames`]).

mod calls;
mod dataflow;
pub mod frames;
#[cfg(test)]
mod machine;
pub mod tails;

use std::collections::HashSet;

/// Rewrites a whole file.
pub fn shorten(llvm: &str) -> String {
    let mut lines: Vec<Line> = llvm.lines().map(Line::new).collect();
    shorten_frames(&mut lines);
    dataflow::shorten(&mut lines);
    calls::shorten(&mut lines);
    drop_unused_literals(&mut lines);
    lines.retain(|line| !line.text.is_empty());
    invert_branches(&mut lines);
    lines.iter().flat_map(|line| [line.text.as_str(), "\n"]).filter(|text| !text.is_empty()).collect()
}

/// What stands before an instruction that GNU as is to write as it is.
const AS_IT_IS: char = '_';

/// A line, cut into words: an instruction or directive and its operands.
#[derive(Clone)]
struct Line {
    text: String,
    words: Vec<String>,
}

impl Line {
    fn new(text: &str) -> Self {
        let code = text.split('#').next().unwrap_or(text);
        let words = code.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        if let Some(name) = words.first_mut().filter(|word| !word.ends_with(':')) {
            *name = name.trim_start_matches(AS_IT_IS).to_owned();
        }
        Line { text: text.to_owned(), words }
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

    fn is_instruction(&self) -> bool {
        self.label().is_none() && self.words.first().is_some_and(|word| !word.starts_with('.'))
    }

    /// Whether control goes elsewhere after it, whatever happens.
    fn leaves(&self) -> bool {
        matches!(self.words()[..], ["ret"] | ["j" | "jx", _])
    }
}

/// The names of the functions that stand here.
fn functions(lines: &[Line]) -> HashSet<String> {
    lines.iter().filter(|line| line.is_function()).filter_map(Line::label).map(str::to_owned).collect()
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

    #[test]
    fn a_literal_that_is_not_loaded_any_more_goes() {
        let code = ["\t.literal\t.LCPI0_0, f", "f:", "\tl32r\ta8, .LCPI0_0", "\tcallx0\ta8", "\tret"];
        assert_eq!(short(&code), ["f:", "call0 f", "ret"]);
        let elsewhere = [".literal .LCPI0_0, memcpy", "f:", "l32r a8, .LCPI0_0", "callx0 a8", "ret"];
        assert_eq!(short(&elsewhere), elsewhere);
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
