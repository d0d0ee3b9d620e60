//! Scripts that a shell refuses: exit 2.

use super::ending::{Scope, ending};
pub use super::parse::Fault;
use super::parse::{Parsed, STEPS_PER_BYTE, outcome, parse_anew};
use super::{Stdin, Sure};
use crate::budget::spend;

/// Why a script is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxFault {
    /// What is wrong.
    pub fault: Fault,
    /// The line of the script, from 1, where that shows, if it is known.
    pub line: Option<usize>,
    /// Whether dash and bash are known to refuse it as well, before anything that might run on.
    pub certain: bool,
}

/// Why a script is refused; `None` where it is not, or is too large to be parsed, or where shells take it in spite of
/// the fault.
#[must_use]
pub fn syntax_fault(script: &str) -> Option<SyntaxFault> {
    let Parsed::Wrong(fault, line) = outcome(script) else { return None };
    if fault == Fault::Taken || is_beyond(script) {
        return None;
    }
    Some(SyntaxFault { fault, line, certain: is_agreed(script, fault) && is_reached(script) })
}

/// Whether a script holds what bash understands, and the parser does not: `for ((;;))`, `select`.
fn is_beyond(script: &str) -> bool {
    script.contains(";;") && script.contains("((") || has_word(script, &["select", "coproc"])
}

fn has_word(script: &str, words: &[&str]) -> bool {
    script.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| words.contains(&word))
}

/// Signs of what the parser and the shells do not always see alike.
const MAY_DIFFER: &[&str] =
    &["[[", "<<", "((", "$'", "$\"", "=(", "<(", ">(", "&>", "|&", ";&", "@(", "!(", "?(", "+(", "*(", "$$"];

/// Whether the fault is of a class on which the parser, dash and bash agree: `tests/shell` holds it, with some 10,000
/// damaged scripts behind it. In `${…}` dash is content with less.
fn is_agreed(script: &str, fault: Fault) -> bool {
    let differs = MAY_DIFFER.iter().any(|sign| script.contains(sign)) || has_word(script, &["function", "time"]);
    let braces = |sign: char| script.matches(sign).count();
    let quotes = matches!(fault, Fault::DoubleQuote | Fault::Backquote);
    let open = quotes && script.contains("${") && braces('{') != braces('}');
    !(differs || open)
}

/// Lines that are looked at one after another, and bytes that are parsed in all.
const MAX_LINES: usize = 200;
const MAX_PARSED: usize = 64 << 10;

/// Whether the shell comes to the fault: it runs each command as soon as the lines read so far make a whole one. All
/// that comes before must be certain to end.
fn is_reached(script: &str) -> bool {
    let ends: Vec<usize> = script.match_indices('\n').map(|(at, _)| at + 1).chain([script.len()]).collect();
    let (mut from, mut parsed) = (0, 0);
    for &end in ends.iter().take(MAX_LINES) {
        let piece = &script[from..end];
        parsed += piece.len();
        spend(piece.len() as u64 * STEPS_PER_BYTE);
        if parsed > MAX_PARSED {
            return false;
        }
        if matches!(parse_anew(piece), Parsed::Program(_)) {
            let goes_on =
                ending(piece, &Scope::new(Stdin::Empty)).is_some_and(|end| end.sure == Sure::Certain && !end.leaves);
            if !goes_on {
                return false;
            }
            from = end;
        }
    }
    // The last piece never became whole.
    ends.len() <= MAX_LINES && from < script.len()
}
