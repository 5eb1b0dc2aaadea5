//! Code that ends alike stands once: what another part of the engine does too, up to where control goes elsewhere, becomes a
//! jump there, three bytes.
//!
//! Most of it are the ends of functions, which take registers back from the stack. For these to be alike, a register lies at
//! the same place in all frames of a size: where LLVM has left room above the saved registers, they are moved up into it.

use super::{AS_IT_IS, Line, dataflow, functions, invert_branches};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Bytes of a jump.
const JUMP: usize = 3;

/// Shortens a whole file, which is ready to be assembled and has all its code in one section.
pub fn share(assembly: &str) -> String {
    let mut lines: Vec<Line> = assembly.lines().map(Line::new).collect();
    share_literals(&mut lines);
    // What is moved may be farther than a narrow load reaches, so each way is tried.
    let mut moved = lines.clone();
    for range in dataflow::ranges(&moved) {
        move_saved_registers_up(&mut moved[range]);
    }
    let mut in_two_steps = moved.clone();
    leave_large_frames_in_two_steps(&mut in_two_steps);
    let ways = [lines, moved, in_two_steps].into_iter().map(|mut lines| {
        share_ends(&mut lines);
        invert_branches(&mut lines);
        lines
    });
    let mut shortest = ways.min_by_key(|lines| size(lines)).unwrap_or_default();
    call_at_once(&mut shortest);
    shortest.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect()
}

/// Has GNU as write calls of functions in this file as they are. It would load the addresses of some, and GNU ld would not take
/// back all of that.
fn call_at_once(lines: &mut [Line]) {
    let functions = functions(lines);
    for line in lines {
        if let ["call0", function] = line.words()[..]
            && functions.contains(function)
        {
            *line = Line::new(&format!("\t{AS_IT_IS}call0\t{function}"));
        }
    }
}

fn share_ends(lines: &mut Vec<Line>) {
    for number in 0.. {
        follow_jumps(lines);
        drop_unreachable(lines);
        let Some(twins) = best_twins(lines) else { break };
        replace_by_jump(lines, &twins, number);
    }
}

/// Literals of the same value are one.
fn share_literals(lines: &mut Vec<Line>) {
    let mut first_of: HashMap<String, String> = HashMap::new();
    let mut names = HashMap::new();
    lines.retain(|line| {
        let [".literal", name, value] = line.words()[..] else { return true };
        let first = first_of.entry(value.to_owned()).or_insert_with(|| name.to_owned());
        names.insert(name.to_owned(), first.clone());
        first == name
    });
    for line in lines.iter_mut() {
        if let ["l32r", register, name] = line.words()[..]
            && let Some(first) = names.get(name)
        {
            *line = Line::new(&format!("\tl32r\t{register}, {first}"));
        }
    }
}

/// Makes the saved registers those that are highest in a function's frame, a0 first.
fn move_saved_registers_up(function: &mut [Line]) {
    let Some((places, moved_up)) = saved_registers(function) else { return };
    for line in function {
        let [name @ ("l32i" | "s32i"), register, "a1", place] = line.words()[..] else { continue };
        if let Some(place) = place.parse().ok().filter(|place| places.contains(place)) {
            *line = Line::new(&format!("\t{name}\t{register}, a1, {}", place + moved_up));
        }
    }
}

/// The frame that large ones become before registers are taken back from it, so that they end as others do.
const SHARED_FRAME: i32 = 32;

fn leave_large_frames_in_two_steps(lines: &mut Vec<Line>) {
    for at in (1..lines.len()).rev() {
        let (["addi", "a1", "a1", size], ["ret"]) = (&lines[at - 1].words()[..], &lines[at].words()[..]) else {
            continue;
        };
        let Some(above) = size.parse::<i32>().ok().map(|size| size - SHARED_FRAME).filter(|above| *above > 0) else {
            continue;
        };
        let restored = |line: &Line| match line.words()[..] {
            ["l32i", _, "a1", place] => place.parse::<i32>().ok().filter(|place| *place >= above),
            _ => None,
        };
        let begin = (0..at - 1).rev().take_while(|&at| restored(&lines[at]).is_some()).last().unwrap_or(at - 1);
        for line in &mut lines[begin..at - 1] {
            if let Some(place) = restored(line) {
                *line = Line::new(&format!("\tl32i\t{}, a1, {}", line.words[1], place - above));
            }
        }
        lines[at - 1] = Line::new(&format!("\taddi\ta1, a1, {SHARED_FRAME}"));
        lines.insert(begin, Line::new(&format!("\taddi\ta1, a1, {above}")));
    }
}

/// Where in a function's frame its saved registers are, and by how many bytes they can be moved up. `None` when there is
/// something in the frame that is not known.
fn saved_registers(function: &[Line]) -> Option<(Range<i32>, i32)> {
    let mut code = function.iter().map(Line::words).filter(|words| !words.is_empty());
    let ["addi", "a1", "a1", size] = code.next()?[..] else { return None };
    let size = -size.parse::<i32>().ok()?;
    let mut saved: HashMap<i32, String> = HashMap::new();
    for words in code {
        match words[..] {
            ["s32i", register @ ("a0" | "a12" | "a13" | "a14" | "a15"), "a1", place]
                if !saved.values().any(|other| other == register) =>
            {
                saved.insert(place.parse().ok()?, register.to_owned());
            }
            _ => break,
        }
    }
    let (first, last) = (*saved.keys().min()?, *saved.keys().max()?);
    if last - first != 4 * (saved.len() as i32 - 1) {
        return None;
    }
    for words in function.iter().map(Line::words) {
        let is_known = match words[..] {
            ["addi", "a1", "a1", _] => true,
            ["addi", _, "a1", place] => place.parse::<i32>().ok()? < first,
            ["l32i" | "s32i", register, "a1", place] => {
                let place = place.parse().ok()?;
                register != "a1" && (place < first || saved.get(&place).is_some_and(|saved| saved == register))
            }
            ["l8ui" | "l16ui" | "s8i" | "s16i", register, "a1", place] => {
                register != "a1" && place.parse::<i32>().ok()? < first
            }
            ["or", to, "a1", "a1"] => to != "a1" && first > 0,
            _ => !words.contains(&"a1"),
        };
        if !is_known {
            return None;
        }
    }
    Some((first..last + 1, size - (last + 4)))
}

/// Where straight code ends: at an instruction after which control goes elsewhere, or before a label.
struct End {
    /// The line of the last instruction.
    last: usize,
    /// What control does then, as an instruction.
    leaves: String,
    /// Whether that instruction is the last one itself.
    is_written: bool,
}

/// Two parts that are alike.
struct Twins {
    /// The lines that go.
    removed: Range<usize>,
    /// The line that begins those that stay.
    kept: usize,
}

fn best_twins(lines: &[Line]) -> Option<Twins> {
    let mut alike: HashMap<String, Vec<End>> = HashMap::new();
    for end in ends(lines) {
        alike.entry(end.leaves.clone()).or_default().push(end);
    }
    let mut best = None;
    let mut most = 0;
    for ends in alike.values() {
        for removed in ends {
            for kept in ends.iter().filter(|kept| kept.last != removed.last) {
                let (saved, twins) = compare(lines, removed, kept);
                // The same every time, whatever the order of the map.
                let is_better = |other: &Twins| (twins.removed.start, twins.kept) < (other.removed.start, other.kept);
                if saved > most || saved == most && best.as_ref().is_some_and(is_better) {
                    most = saved;
                    best = Some(twins);
                }
            }
        }
    }
    best
}

/// How much of what `removed` ends stands before `kept` too, and how many bytes a jump instead of it saves.
fn compare(lines: &[Line], removed: &End, kept: &End) -> (usize, Twins) {
    let mut size = if removed.is_written { JUMP.min(length(&lines[removed.last])) } else { 0 };
    let before = |end: &End| if end.is_written { end.last } else { end.last + 1 };
    let mut twins = Twins { removed: before(removed)..removed.last + 1, kept: before(kept) };
    let mut kept_before = twins.kept;
    for at in (0..twins.removed.start).rev() {
        if !lines[at].is_instruction() || lines[at].leaves() {
            break;
        }
        // Labels may stand within what stays.
        let Some(other) = (0..kept_before).rev().find(|&other| lines[other].label().is_none()) else { break };
        let is_twin = lines[other].words == lines[at].words && !lines[other].leaves();
        if !is_twin || twins.removed.contains(&other) || (other..=kept.last).contains(&at) {
            break;
        }
        size += length(&lines[at]);
        twins.removed.start = at;
        twins.kept = other;
        kept_before = other;
    }
    (size.saturating_sub(JUMP), twins)
}

fn ends(lines: &[Line]) -> Vec<End> {
    let mut ends = vec![];
    for (last, line) in lines.iter().enumerate().filter(|(_, line)| line.is_instruction()) {
        let next = lines.get(last + 1).and_then(Line::label);
        if line.leaves() {
            ends.push(End { last, leaves: line.words.join(" "), is_written: true });
        } else if let Some(label) = next {
            ends.push(End { last, leaves: format!("j {}", first_label(lines, label)), is_written: false });
        }
    }
    ends
}

/// Of the labels that stand where this one does, the first.
fn first_label(lines: &[Line], label: &str) -> String {
    let mut at = lines.iter().position(|line| line.label() == Some(label)).unwrap_or(0);
    while at > 0 && lines[at - 1].label().is_some() {
        at -= 1;
    }
    lines[at].label().unwrap_or(label).to_owned()
}

fn replace_by_jump(lines: &mut Vec<Line>, twins: &Twins, number: usize) {
    let name = format!(".Ltail{number}");
    let jump = Line::new(&format!("\tj\t{name}"));
    let label = Line::new(&format!("{name}:"));
    if twins.kept < twins.removed.start {
        lines.splice(twins.removed.clone(), [jump]);
        lines.insert(twins.kept, label);
    } else {
        lines.insert(twins.kept, label);
        lines.splice(twins.removed.clone(), [jump]);
    }
}

/// A jump to a jump goes where that one does; one to a return is a return.
fn follow_jumps(lines: &mut [Line]) {
    let mut leaves = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(label) = line.label() else { continue };
        let next = lines[at..].iter().find(|line| line.label().is_none());
        if let Some(next) = next.filter(|next| next.leaves()) {
            leaves.insert(label.to_owned(), next.words.clone());
        }
    }
    for line in lines.iter_mut() {
        // As often as there are labels, for jumps can go in a circle.
        for _ in 0..leaves.len() {
            let ["j", to] = line.words()[..] else { break };
            let Some(next) = leaves.get(to) else { break };
            *line = Line::new(&format!("\t{}", next.join("\t")));
        }
    }
}

/// Drops local labels that nothing names, what no way leads to, and jumps to what follows.
fn drop_unreachable(lines: &mut Vec<Line>) {
    let mut before = usize::MAX;
    while lines.len() < before {
        before = lines.len();
        let others = lines.iter().filter(|line| line.label().is_none());
        let named: HashSet<String> = others
            .flat_map(|line| line.words.iter().flat_map(|word| word.split(['-', '+'])))
            .map(str::to_owned)
            .collect();
        lines.retain(|line| line.label().is_none_or(|label| !label.starts_with(".L") || named.contains(label)));
        let mut is_reached = true;
        lines.retain(|line| {
            is_reached |= line.label().is_some();
            let stays = is_reached || !line.is_instruction();
            is_reached &= !line.leaves();
            stays
        });
        let to_the_next: Vec<bool> = (0..lines.len())
            .map(|at| match lines[at].words()[..] {
                ["j", to] => lines[at + 1..].iter().map_while(Line::label).any(|label| label == to),
                _ => false,
            })
            .collect();
        let mut goes = to_the_next.into_iter();
        lines.retain(|_| !goes.next().unwrap_or(false));
    }
}

fn size(lines: &[Line]) -> usize {
    lines.iter().filter(|line| line.is_instruction()).map(length).sum()
}

/// The bytes of an instruction, as GNU as writes it: two where there is a narrow form.
fn length(line: &Line) -> usize {
    let number = |word: &str| word.parse::<i32>().unwrap_or(i32::MAX);
    let is_narrow = match line.words()[..] {
        ["ret"] | ["add", ..] | ["beqz" | "bnez", ..] => true,
        ["or", _, from, also] => from == also,
        ["movi", _, value] => (-32..96).contains(&number(value)),
        ["l32i" | "s32i", _, _, offset] => number(offset) <= 60,
        ["addi", _, _, value] => number(value) == -1 || (1..16).contains(&number(value)),
        _ => false,
    };
    if is_narrow { 2 } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::super::machine::Machine;
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    fn shared(code: &[&str]) -> Vec<String> {
        share(&code.join("\n")).lines().map(|line| line.trim().replace('\t', " ")).collect()
    }

    const BODY: [&str; 3] = ["l32i a8, a2, 4", "s32i a8, a3, 8", "movi a2, 1"];

    #[test]
    fn what_ends_two_functions_stands_once() {
        let code = [&["f:", "movi a4, 2"], &BODY[..], &["ret", ".p2align 2", "g:"], &BODY, &["ret"]].concat();
        let expected =
            [&["f:", "movi a4, 2", "j .Ltail0", ".p2align 2", "g:", ".Ltail0:"], &BODY[..], &["ret"]].concat();
        assert_eq!(shared(&code), expected);
    }

    #[test]
    fn a_jump_takes_the_place_of_more_bytes_than_it_has() {
        let two = ["f:", "movi a3, 1", "movi a2, 2", "ret", ".p2align 2", "g:", "movi a3, 3", "movi a2, 2", "ret"];
        assert_eq!(shared(&two).iter().filter(|line| *line == "movi a2, 2").count(), 1);
        let none = ["f:", "movi a3, 1", "ret", ".p2align 2", "g:", "movi a3, 3", "ret"];
        assert_eq!(shared(&none), none);
    }

    #[test]
    fn what_falls_through_is_like_what_jumps() {
        let code = [
            &["f:", "beqz a2, .L1"],
            &BODY[..],
            &["j .L2", ".L1:", "movi a9, 1"],
            &BODY,
            &[".L2:", "addi a2, a2, 1", "s32i a2, a3, 0", "ret"],
        ]
        .concat();
        let short = shared(&code);
        assert_eq!(short.iter().filter(|line| *line == BODY[0]).count(), 1, "{short:#?}");
    }

    #[test]
    fn what_others_jump_to_stays_where_it_is() {
        let code = [
            &["f:", "bnez a2, .L1", "movi a4, 1"],
            &BODY[..2],
            &[".L1:", BODY[2], "ret", "g:", "movi a5, 1"],
            &BODY[..],
            &["ret"],
        ]
        .concat();
        let short = shared(&code);
        assert!(short.contains(&".L1:".to_owned()) || short.contains(&"bnez a2, .Ltail0".to_owned()), "{short:#?}");
    }

    #[test]
    fn jumps_to_jumps_and_to_returns_are_short() {
        let code = [
            "f:",
            "beqz a2, .L1",
            "j .L2",
            ".L1:",
            "movi a2, 1",
            "j .L2",
            ".L2:",
            "j .L3",
            ".L4:",
            "ret",
            ".L3:",
            "ret",
        ];
        assert_eq!(shared(&code), ["f:", "beqz a2, .L1", "ret", ".L1:", "movi a2, 1", "ret"]);
    }

    #[test]
    fn literals_of_a_value_are_one() {
        let code =
            [".literal .La, 7", ".literal .Lb, 7", ".literal .Lc, 8", "f:", "l32r a2, .Lb", "l32r a3, .Lc", "ret"];
        let expected = [".literal .La, 7", ".literal .Lc, 8", "f:", "l32r a2, .La", "l32r a3, .Lc", "ret"];
        assert_eq!(shared(&code), expected);
    }

    #[test]
    fn saved_registers_are_moved_up_unless_something_is_above_them() {
        let frame = |other: &'static str| {
            let code = ["addi a1, a1, -16", "s32i a0, a1, 8", "s32i a12, a1, 4", other, "l32i a0, a1, 8", "ret"];
            let mut function = code.map(Line::new);
            move_saved_registers_up(&mut function);
            function[1].text.trim().replace('\t', " ")
        };
        for other in ["s32i a3, a1, 0", "call0 g", "or a2, a1, a1", "s8i a3, a1, 3"] {
            assert_eq!(frame(other), "s32i a0, a1, 12", "{other}");
        }
        for other in ["s32i a3, a1, 12", "addi a2, a1, 12", "s8i a3, a1, 12", "add a2, a1, a3", "s32i a1, a2, 0"] {
            assert_eq!(frame(other), "s32i a0, a1, 8", "{other}");
        }
    }

    const INSTRUCTIONS: [&str; 8] = [
        "movi a8, 1",
        "s32i a8, a1, 0",
        "l8ui a8, a1, 3",
        "addi a12, a8, 1",
        "or a2, a12, a12",
        "call0 other",
        "beqz a8, L",
        "j L",
    ];

    /// A function: it saves so many registers, and has a frame that is as large as need be and so many times 16 bytes more.
    fn write_function(text: &mut String, name: &str, saved: usize, more: usize, body: &[(usize, usize)]) {
        let registers = &["a0", "a12", "a13", "a14", "a15"][..2 + saved];
        let top = 4 * registers.len() + 4;
        let size = top.next_multiple_of(16) + 16 * more;
        writeln!(text, "{name}:\naddi a1, a1, -{size}").unwrap();
        let place = |at: usize| top - 4 - 4 * at;
        for (at, register) in registers.iter().enumerate() {
            writeln!(text, "s32i {register}, a1, {}", place(at)).unwrap();
        }
        for (at, (kind, distance)) in body.iter().enumerate() {
            let to = (at + 1 + distance).min(body.len());
            let instruction = INSTRUCTIONS[*kind].replace(" L", &format!(" .L{name}{to}")).replace(",  ", ", ");
            writeln!(text, ".L{name}{at}:\n{instruction}").unwrap();
        }
        writeln!(text, ".L{name}{}:", body.len()).unwrap();
        for (at, register) in registers.iter().enumerate().rev() {
            writeln!(text, "l32i {register}, a1, {}", place(at)).unwrap();
        }
        writeln!(text, "addi a1, a1, {size}\nret\n.Lfunc_end{name}:").unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn functions_that_share_their_ends_do_what_they_did(
            functions in proptest::collection::vec(
                (0..4usize, 0..4usize, proptest::collection::vec((0..INSTRUCTIONS.len(), 0..3usize), 0..12)),
                2..5,
            ),
        ) {
            let mut text = String::new();
            for (number, (saved, more, body)) in functions.iter().enumerate() {
                write_function(&mut text, &format!("f{number}"), *saved, *more, body);
            }
            let lines = |text: &str| text.lines().map(Line::new).collect::<Vec<_>>();
            let (before, after) = (lines(&text), lines(&share(&text)));
            prop_assert!(size(&after) <= size(&before));
            for number in 0..functions.len() {
                let call = |lines: &[Line]| Machine::call(lines, &format!("f{number}"), 128);
                prop_assert_eq!(call(&before), call(&after), "f{} of\n{}\nbecame\n{}", number, text, share(&text));
            }
        }
    }
}
