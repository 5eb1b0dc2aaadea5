//! What a person would see on the board's console.
//!
//! A [`Screen`] is fed the bytes that the console sends and keeps the lines they make visible: a character that the
//! REPL erases again is gone, an escape sequence never appears as text. It knows the few movements that MicroPython's
//! line editor uses (backspace, cursor left and right, erase to the end of the line) and ignores every other.

use vte::{Params, Parser, Perform};

/// The visible text of a console, line by line.
#[derive(Default)]
pub struct Screen {
    parser: Parser,
    paper: Paper,
}

impl Screen {
    /// Takes what the console sent.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.paper, bytes);
    }

    /// The finished lines, oldest first.
    pub fn lines(&self) -> &[String] {
        &self.paper.lines
    }

    /// The line that the cursor is on, as far as it goes.
    pub fn row(&self) -> String {
        self.paper.row.iter().collect()
    }

    /// The finished lines from number `start` on and the current row: what an error shows.
    pub fn since(&self, start: usize) -> String {
        let mut text = self.paper.lines[start.min(self.paper.lines.len())..].join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        text + &self.row()
    }
}

#[derive(Default)]
struct Paper {
    lines: Vec<String>,
    row: Vec<char>,
    column: usize,
}

impl Perform for Paper {
    fn print(&mut self, character: char) {
        if self.row.len() < self.column {
            self.row.resize(self.column, ' ');
        }
        match self.row.get_mut(self.column) {
            Some(place) => *place = character,
            None => self.row.push(character),
        }
        self.column += 1;
    }

    fn execute(&mut self, control: u8) {
        match control {
            b'\n' => {
                self.lines.push(self.row.drain(..).collect());
                self.column = 0;
            }
            b'\r' => self.column = 0,
            0x08 => self.column = self.column.saturating_sub(1),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, _intermediates: &[u8], _ignore: bool, action: char) {
        let first = params.iter().next().and_then(|values| values.first().copied()).unwrap_or(0);
        let steps = usize::from(first.max(1));
        match action {
            'D' => self.column = self.column.saturating_sub(steps),
            'C' => self.column += steps,
            'K' if first == 0 => self.row.truncate(self.column),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[u8]) -> (Vec<String>, String) {
        let mut screen = Screen::default();
        screen.feed(bytes);
        (screen.lines().to_vec(), screen.row())
    }

    #[test]
    fn a_finished_line_leaves_an_empty_row() {
        assert_eq!(seen(b">>> 1\r\n1\r\n"), (vec![">>> 1".into(), "1".into()], String::new()));
    }

    #[test]
    fn an_erased_indentation_is_not_seen() {
        assert_eq!(seen(b"...     \x08\x08\x08\x08\x1b[K").1, "... ");
    }

    #[test]
    fn a_character_inserted_in_the_middle_is_seen_there() {
        assert_eq!(seen(b"ac\x1b[1D\x1b[Kbc\x1b[1D").1, "abc");
    }

    #[test]
    fn utf_8_may_come_byte_by_byte() {
        let mut screen = Screen::default();
        for byte in "21 °C".bytes() {
            screen.feed(&[byte]);
        }
        assert_eq!(screen.row(), "21 °C");
    }
}
