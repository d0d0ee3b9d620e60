//! Scripts that a shell refuses: exit 2.

use super::differ::{is_agreed, is_beyond};
use super::ending::{Scope, ending};
pub use super::parse::Fault;
use super::parse::{Parsed, STEPS_PER_BYTE, outcome, parse_anew, words};
use super::{Stdin, Sure};
use crate::budget::spend;
use brush_parser::ast::{Command, Program, SeparatorOperator};

/// Why a script is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxFault {
    /// What is wrong.
    pub fault: Fault,
    /// The line of the script, from 1, where that shows, if it is known.
    pub line: Option<usize>,
    /// Whether it is of a class that dash, bash and busybox are known to refuse as well.
    pub agreed: bool,
    /// Whether the shell comes to it.
    pub reached: Reached,
}

/// Whether a shell comes to a fault: it runs each command as soon as the lines read so far make a whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// All that comes before is certain to end.
    Surely,
    /// Nobody knows.
    Perhaps,
    /// It is left before, by `exec` or `exit`.
    Never,
}

/// Why a script is refused; `None` where it is not, or is too large to be parsed, or where shells take it in spite of
/// the fault, or may.
#[must_use]
pub fn syntax_fault(script: &str) -> Option<SyntaxFault> {
    let Parsed::Wrong(fault, line) = outcome(script) else { return None };
    if fault == Fault::Taken || is_beyond(script, fault) {
        return None;
    }
    Some(SyntaxFault { fault, line, agreed: is_agreed(script, fault), reached: reached(script) })
}

/// Lines that are looked at one after another, and bytes that are parsed in all.
const MAX_LINES: usize = 200;
const MAX_PARSED: usize = 64 << 10;

/// Whether a shell comes to the fault.
fn reached(script: &str) -> Reached {
    let ends: Vec<usize> = script.match_indices('\n').map(|(at, _)| at + 1).chain([script.len()]).collect();
    let (mut from, mut parsed) = (0, 0);
    let mut so_far = Reached::Surely;
    for &end in ends.iter().take(MAX_LINES) {
        let piece = &script[from..end];
        parsed += piece.len();
        spend(piece.len() as u64 * STEPS_PER_BYTE);
        if parsed > MAX_PARSED {
            return Reached::Perhaps;
        }
        if let Parsed::Program(program) = parse_anew(piece) {
            match ending(piece, &Scope::new(Stdin::Empty)) {
                Some(end) if end.leaves => return Reached::Never,
                Some(end) if end.sure == Sure::Certain => {}
                _ if leaves(&program) => return Reached::Never,
                _ => so_far = Reached::Perhaps,
            }
            from = end;
        }
    }
    // The last piece never became whole.
    if ends.len() <= MAX_LINES && from < script.len() { so_far } else { Reached::Perhaps }
}

/// Whether a piece leaves the script on its main line: `exec server`, whatever the server does then.
fn leaves(program: &Program) -> bool {
    program.complete_commands.iter().flat_map(|list| &list.0).any(|item| {
        let plain = item.0.additional.is_empty() && matches!(item.1, SeparatorOperator::Sequence);
        let [Command::Simple(command)] = &item.0.first.seq[..] else { return false };
        let words = words(command).unwrap_or_default();
        plain && matches!((words.first().map(String::as_str), words.len()), (Some("exec"), 2..) | (Some("exit"), _))
    })
}
