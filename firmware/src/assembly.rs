//! LLVM's assembly of the engine, rewritten for GNU as and for the chip's memory.
//!
//! - **Loads.** Flash and instruction RAM can be read by aligned 32-bit words only, and a string of the user's program
//!   may lie in flash: frozen code and MicroPython's own names do. gcc has `-mforce-l32` for this, rustc has nothing, so in
//!   the module that looks into such strings ([`READS_FLASH`]) each load of 8 or 16 bits becomes a load of the word around
//!   it and a shift. Everything else that the engine reads lies in RAM, and is read as it is.
//! - **Sections.** Code goes to flash, `.irom0.text`, instead of the scarce instruction RAM; constants to
//!   `.irom0.rodata` beside it, where the loads above can read them.
//! - **Literals.** LLVM prints the literals of a function before it changes to that function's section. After a table of
//!   constants they would land among these, out of reach, so they are held back until the section is there.

use std::fmt;

/// Why an assembly cannot be rewritten.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for Fault {}

/// What the name of a function contains that may read flash: the path of the engine's module `wire::caller`, as rustc
/// mangles it.
pub const READS_FLASH: &str = "4wire6caller";

const CODE: &str = "\t.section\t.irom0.text,\"ax\",@progbits";
const CONSTANTS: &str = "\t.section\t.irom0.rodata,\"a\",@progbits";

/// Rewrites a whole file.
pub fn rewrite(llvm: &str) -> Result<String, Fault> {
    let mut writer = Writer::default();
    for (index, line) in llvm.lines().enumerate() {
        writer.line(line).map_err(|what| Fault { line: index + 1, what })?;
    }
    Ok(writer.finish())
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Literals whose section has not come yet.
    literals: Vec<String>,
    /// Whether the shift amount register SAR was set on the way to here, and no rewritten load has changed it since.
    shift_is_set: bool,
    /// Whether the function may read flash.
    reads_flash: bool,
}

impl Writer {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let statement = line.trim();
        if statement.starts_with(".literal") {
            self.literals.push(line.to_owned());
            return Ok(());
        }
        if let Some(section) = section_of(statement) {
            self.section(section, line);
            return Ok(());
        }
        if let Some(label) = statement.strip_suffix(':') {
            self.shift_is_set = false;
            if !label.starts_with(".L") {
                self.reads_flash = label.contains(READS_FLASH);
            }
        }
        match Instruction::parse(statement) {
            Some(instruction) => self.instruction(&instruction, line),
            None => {
                self.put(line);
                Ok(())
            }
        }
    }

    fn section(&mut self, name: &str, line: &str) {
        self.shift_is_set = false;
        if name == ".text" || name.starts_with(".text.") {
            self.put(CODE);
            self.put_literals();
        } else if name == ".rodata" || name.starts_with(".rodata.") {
            self.put(CONSTANTS);
        } else {
            self.put(line);
            if line.contains("\"ax\"") {
                self.put_literals();
            }
        }
    }

    fn put_literals(&mut self) {
        for literal in std::mem::take(&mut self.literals) {
            self.put(&literal);
        }
    }

    fn instruction(&mut self, instruction: &Instruction<'_>, line: &str) -> Result<(), String> {
        match instruction.name {
            "ssl" | "ssr" | "ssai" | "ssa8l" | "ssa8b" | "wsr" | "wsr.sar" | "xsr" => self.shift_is_set = true,
            "sll" | "srl" | "sra" | "src" if self.reads_flash && !self.shift_is_set => {
                return Err(format!("`{line}` takes a shift amount that a rewritten load may have changed"));
            }
            "call0" | "callx0" | "j" | "jx" | "ret" => self.shift_is_set = false,
            _ => {}
        }
        match Load::of(instruction)? {
            Some(load) if self.reads_flash && load.base != "a1" => {
                self.shift_is_set = false;
                for step in load.by_words() {
                    self.put(&format!("\t{step}"));
                }
            }
            _ => self.put(line),
        }
        Ok(())
    }

    fn put(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn finish(mut self) -> String {
        self.put_literals();
        self.out
    }
}

/// The section that a directive changes to.
fn section_of(statement: &str) -> Option<&str> {
    let (directive, rest) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
    match directive {
        ".text" | ".data" | ".bss" => Some(directive),
        ".section" => rest.split(',').next().map(|name| name.trim().trim_matches('"')),
        _ => None,
    }
}

struct Instruction<'a> {
    name: &'a str,
    operands: Vec<&'a str>,
}

impl<'a> Instruction<'a> {
    fn parse(statement: &'a str) -> Option<Self> {
        let statement = statement.split('#').next().unwrap_or(statement).trim();
        if !statement.starts_with(|c: char| c.is_ascii_lowercase()) || statement.ends_with(':') {
            return None;
        }
        let (name, rest) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
        Some(Instruction { name, operands: rest.split(',').map(str::trim).collect() })
    }
}

/// A load of less than a word.
struct Load<'a> {
    /// What remains to be done when the wanted bits stand lowest.
    widen: &'a [&'a str],
    to: &'a str,
    base: &'a str,
    offset: u32,
}

impl<'a> Load<'a> {
    fn of(instruction: &Instruction<'a>) -> Result<Option<Self>, String> {
        let widen: &[&str] = match instruction.name {
            "l8ui" => &["extui\tTO, TO, 0, 8"],
            "l16ui" => &["extui\tTO, TO, 0, 16"],
            "l16si" => &["slli\tTO, TO, 16", "srai\tTO, TO, 16"],
            _ => return Ok(None),
        };
        let [to, base, offset] = instruction.operands[..] else {
            return Err(format!("{} has {} operands", instruction.name, instruction.operands.len()));
        };
        let offset = offset.parse().map_err(|_| format!("{offset:?} is not an offset"))?;
        Ok(Some(Load { widen, to, base, offset }))
    }

    /// The steps need no register but the one that is loaded, since after the first the base is not needed any more.
    fn by_words(&self) -> Vec<String> {
        let mut steps = Vec::new();
        // addmi adds a multiple of 256, addi what remains, from -128 to 127.
        let far = (self.offset + 128) & !0xff;
        let near = i64::from(self.offset) - i64::from(far);
        let mut address = self.base;
        if far != 0 {
            steps.push(format!("addmi\tTO, {address}, {far}"));
            address = "TO";
        }
        if near != 0 {
            steps.push(format!("addi\tTO, {address}, {near}"));
            address = "TO";
        }
        steps.push(format!("ssa8l\t{address}"));
        steps.push(format!("srli\tTO, {address}, 2"));
        steps.push("slli\tTO, TO, 2".to_owned());
        steps.push("l32i\tTO, TO, 0".to_owned());
        steps.push("srl\tTO, TO".to_owned());
        steps.extend(self.widen.iter().map(|step| (*step).to_owned()));
        steps.iter().map(|step| step.replace("TO", self.to)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instructions(llvm: &str) -> Vec<String> {
        rewrite(llvm).unwrap().lines().map(|line| line.trim().replace('\t', " ")).collect()
    }

    const READER: &str = "_RNvNtNtCs3ORxJlLLHIK_5umqtt4wire6caller5check:\n";

    /// What becomes of instructions in a function that may read flash.
    fn in_reader(code: &str) -> Vec<String> {
        instructions(&format!("{READER}{code}")).split_off(1)
    }

    #[test]
    fn a_byte_is_taken_from_the_word_around_it() {
        assert_eq!(
            in_reader("\tl8ui\ta8, a2, 5"),
            [
                "addi a8, a2, 5",
                "ssa8l a8",
                "srli a8, a8, 2",
                "slli a8, a8, 2",
                "l32i a8, a8, 0",
                "srl a8, a8",
                "extui a8, a8, 0, 8"
            ]
        );
    }

    #[test]
    fn without_an_offset_nothing_is_added() {
        assert_eq!(in_reader("\tl16ui\ta8, a2, 0")[..2], ["ssa8l a2", "srli a8, a2, 2"]);
    }

    #[test]
    fn offsets_beyond_addi_are_added_in_two_steps() {
        let first_two = |offset: u32| {
            let steps = in_reader(&format!("\tl16ui\ta3, a2, {offset}"));
            [steps[0].clone(), steps[1].clone()]
        };
        assert_eq!(first_two(127)[0], "addi a3, a2, 127");
        assert_eq!(first_two(128), ["addmi a3, a2, 256", "addi a3, a3, -128"]);
        assert_eq!(first_two(256), ["addmi a3, a2, 256", "ssa8l a3"]);
        assert_eq!(first_two(510), ["addmi a3, a2, 512", "addi a3, a3, -2"]);
    }

    #[test]
    fn signed_halfwords_keep_their_sign() {
        let steps = in_reader("\tl16si\ta3, a3, 2");
        assert_eq!(steps[steps.len() - 2..], ["slli a3, a3, 16", "srai a3, a3, 16"]);
    }

    #[test]
    fn the_stack_and_words_are_read_as_they_are() {
        assert_eq!(in_reader("\tl8ui\ta8, a1, 12\n\tl32i\ta9, a2, 4"), ["l8ui a8, a1, 12", "l32i a9, a2, 4"]);
    }

    #[test]
    fn a_load_between_a_shift_and_its_amount_is_refused() {
        let fault = rewrite(&format!("{READER}\tssl\ta2\n\tl8ui\ta4, a5, 0\n\tsll\ta3, a3\n")).unwrap_err();
        assert_eq!(fault.line, 4);
        assert!(rewrite(&format!("{READER}\tl8ui\ta4, a5, 0\n\tssl\ta2\n\tsll\ta3, a3\n")).is_ok());
        assert!(rewrite(&format!("{READER}\tssl\ta2\n.LBB0_1:\n\tsll\ta3, a3\n")).is_err());
    }

    #[test]
    fn other_functions_read_ram_as_it_is() {
        let code = format!("{READER}\tl8ui\ta8, a2, 0\n.LBB0_1:\n\tl8ui\ta8, a2, 0\nother:\n\tl8ui\ta8, a2, 0\n");
        let loads = instructions(&code).iter().filter(|line| line.starts_with("l8ui")).count();
        assert_eq!(loads, 1);
    }

    #[test]
    fn code_and_constants_go_to_flash_and_data_stays_to_be_found() {
        let sections = "\t.section\t.text.f,\"ax\",@progbits\n\t.section\t.rodata.str1.1,\"aMS\",@progbits,1\n\
            \t.text\n\t.section\t.bss.counter,\"aw\",@nobits\n";
        assert_eq!(
            instructions(sections),
            [
                ".section .irom0.text,\"ax\",@progbits",
                ".section .irom0.rodata,\"a\",@progbits",
                ".section .irom0.text,\"ax\",@progbits",
                ".section .bss.counter,\"aw\",@nobits",
            ]
        );
    }

    #[test]
    fn literals_wait_for_the_section_of_their_function() {
        let llvm = "\t.section\t.rodata.f,\"a\",@progbits\n.LJTI0_0:\n\t.long\t.LBB0_1\n\t.literal_position\n\
            \t.literal\t.LCPI1_0, memcpy\n\t.section\t.rodata.f,\"a\",@progbits\n\
            \t.section\t.text.g,\"ax\",@progbits\ng:\n";
        let lines = instructions(llvm);
        let place = |wanted: &str| lines.iter().position(|line| line.starts_with(wanted)).unwrap();
        assert!(place(".literal .LCPI1_0") > place(".section .irom0.text"));
        assert!(place(".literal .LCPI1_0") < place("g:"));
    }
}
