//! A board that runs MicroPython and gives its REPL.
//!
//! What stands behind the console is a [`Machine`]. For now that is the unix port behind a pseudo-terminal; everything
//! that types and reads ([`Board::repl`]) is the same for a board on a serial port.

use crate::{children, interpreter::Interpreter, repl::Repl, show::Show};
use anyhow::Result;
use std::{net::Ipv4Addr, process::Child, sync::Arc};

/// An open board. Dropping it switches it off.
pub struct Board {
    repl: Repl,
    machine: Machine,
}

/// What stands behind a console.
enum Machine {
    Unix {
        child: Child,
        /// Keeps the folder that the interpreter runs in.
        _interpreter: Interpreter,
    },
}

impl Board {
    /// Starts MicroPython's unix port in a pseudo-terminal and waits for its prompt.
    /// It finds [`SERVER`](crate::SERVER) at `broker`.
    pub fn unix(broker: Ipv4Addr, show: &Arc<Show>) -> Result<Self> {
        let interpreter = Interpreter::find()?;
        let (repl, child) = Repl::spawn(interpreter.command(broker)?, Arc::clone(show))?;
        let mut board = Self { repl, machine: Machine::Unix { child, _interpreter: interpreter } };
        board.repl.wait_for_prompt()?;
        Ok(board)
    }

    /// The board's REPL.
    pub fn repl(&mut self) -> &mut Repl {
        &mut self.repl
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        match &mut self.machine {
            Machine::Unix { child, .. } => children::stop(child),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Board {
        Board::unix(Ipv4Addr::LOCALHOST, &Show::silent()).unwrap()
    }

    #[test]
    fn an_expression_is_answered() {
        assert_eq!(board().repl().ask("6 * 7").unwrap(), ["42"]);
    }

    #[test]
    fn a_statement_of_several_lines_is_typed_with_its_own_indentation() {
        let mut board = board();
        let lines = ["def f(x):", "    if x:", "        return 'yes'", "    return 'no'"];
        for line in lines {
            assert!(board.repl().ask(line).unwrap().is_empty());
        }
        assert!(board.repl().ask("").unwrap().is_empty());
        assert_eq!(board.repl().ask("f(0), f(1)").unwrap(), ["('no', 'yes')"]);
    }

    #[test]
    fn accents_are_pasted() {
        let mut board = board();
        board.repl().paste(&["print('21 °C')", "print(len('é'.encode()))"]).unwrap();
        assert_eq!(board.repl().answer().unwrap(), ["21 °C", "2"]);
    }

    #[test]
    fn an_accent_typed_at_the_prompt_is_refused() {
        assert!(board().repl().type_line("'é'").is_err());
    }

    #[test]
    fn a_board_that_ends_is_noticed() {
        let error = board().repl().ask("import sys; sys.exit()").unwrap_err();
        assert!(error.to_string().contains("the board ended"), "{error}");
    }
}
