//! Scripts to trees: each is parsed once, within bounds; and why one does not parse.

use crate::budget::spend;
use brush_parser::ast::{CommandPrefixOrSuffixItem, Program, SimpleCommand, Word};
use brush_parser::word::{WordPiece, WordPieceWithSource};
use brush_parser::{ParseError, Parser, ParserOptions, TokenizerError};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Longest script that is parsed, in bytes, and deepest nesting: the parser recurses.
const MAX_BYTES: usize = 64 << 10;
pub(super) const MAX_DEPTH: usize = 40;
/// Round brackets alone: the parser tries each of them in several ways, so that time doubles with
/// each that is left open.
const MAX_ROUND: usize = 10;
/// Steps of the allowance that a byte of script costs to parse: some 2 µs.
pub(super) const STEPS_PER_BYTE: u64 = 400;

/// Why a script does not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A `'` without its other half.
    SingleQuote,
    /// A `"` without its other half.
    DoubleQuote,
    /// A backquote without its other half.
    Backquote,
    /// `$(`, `$((` or `${` that is not closed.
    Expansion,
    /// A word or sign where none can stand: `fi` without `if`, `| |`, `)`.
    Unexpected,
    /// It ends where more is needed: `if` without `fi`, `a &&`.
    Unfinished,
    /// A here-document without its end, a backslash at the end: shells take both, with a warning at most.
    Taken,
}

/// What parsing a script came to.
#[derive(Clone, Debug)]
pub(super) enum Parsed {
    Program(Rc<Program>),
    /// It does not parse; the line, from 1, where that shows, if the parser says.
    Wrong(Fault, Option<usize>),
    /// It is too large or too deep.
    Beyond,
}

thread_local! {
    /// The scripts that this thread parsed last: one rule after another asks for the same.
    static RECENT: RefCell<VecDeque<(Box<str>, Parsed)>> = const { RefCell::new(VecDeque::new()) };
}

/// How many scripts are kept: those of one pod, mostly.
const MAX_RECENT: usize = 16;

pub(super) fn options() -> ParserOptions {
    ParserOptions::default()
}

/// Parses a script. It costs the same steps whether it is parsed anew or not, so that an allowance does not hang
/// on what came before.
pub(super) fn outcome(text: &str) -> Parsed {
    spend(text.len() as u64 * STEPS_PER_BYTE);
    if text.len() > MAX_BYTES {
        return Parsed::Beyond;
    }
    let known = |recent: &VecDeque<(Box<str>, Parsed)>| {
        recent.iter().find(|(known, _)| **known == *text).map(|(_, parsed)| parsed.clone())
    };
    if let Some(parsed) = RECENT.with_borrow(known) {
        return parsed;
    }
    let parsed = parse_anew(text);
    RECENT.with_borrow_mut(|recent| {
        recent.truncate(MAX_RECENT - 1);
        recent.push_front((text.into(), parsed.clone()));
    });
    parsed
}

/// The tree of a script; `None` where it does not parse or is too large to.
pub(super) fn parse(text: &str) -> Option<Rc<Program>> {
    match outcome(text) {
        Parsed::Program(program) => Some(program),
        Parsed::Wrong(..) | Parsed::Beyond => None,
    }
}

pub(super) fn parse_anew(text: &str) -> Parsed {
    if nesting(text) > MAX_DEPTH {
        return Parsed::Beyond;
    }
    match Parser::new(std::io::Cursor::new(text.as_bytes()), &options()).parse_program() {
        Ok(program) => Parsed::Program(Rc::new(program)),
        Err(error) => wrong(&error),
    }
}

fn wrong(error: &ParseError) -> Parsed {
    let (fault, line) = match error {
        ParseError::ParsingNear(at) => (Fault::Unexpected, Some(at.line)),
        ParseError::ParsingAtEndOfInput => (Fault::Unfinished, None),
        ParseError::Tokenizing { inner, .. } => match inner {
            TokenizerError::UnterminatedSingleQuote(at) | TokenizerError::UnterminatedAnsiCQuote(at) => {
                (Fault::SingleQuote, Some(at.line))
            }
            TokenizerError::UnterminatedDoubleQuote(at) => (Fault::DoubleQuote, Some(at.line)),
            TokenizerError::UnterminatedBackquote(at) => (Fault::Backquote, Some(at.line)),
            TokenizerError::UnterminatedVariable
            | TokenizerError::UnterminatedCommandSubstitution
            | TokenizerError::UnterminatedExpansion => (Fault::Expansion, None),
            TokenizerError::UnterminatedEscapeSequence
            | TokenizerError::UnterminatedHereDocuments(..)
            | TokenizerError::MissingHereTagForDocumentBody
            | TokenizerError::MissingHereTag(_)
            | TokenizerError::UnterminatedExtendedGlob(_) => (Fault::Taken, None),
            TokenizerError::FailedDecoding | TokenizerError::ReadError(_) => return Parsed::Beyond,
        },
    };
    Parsed::Wrong(fault, line)
}

/// An upper bound of how deep a script nests: brackets and compound keywords, opened and not
/// closed again.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut round) = (0usize, 0usize, 0usize);
    for c in text.bytes() {
        match c {
            b'(' => round += 1,
            b')' => round = round.saturating_sub(1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth + round * MAX_DEPTH / MAX_ROUND);
    }
    let (mut open, mut words) = (0usize, 0usize);
    for word in text.split(|c: char| c.is_whitespace() || c == ';') {
        match word {
            "if" | "while" | "until" | "for" | "case" | "select" | "!" => open += 1,
            "fi" | "done" | "esac" => open = open.saturating_sub(1),
            _ => {}
        }
        words = words.max(open);
    }
    deepest + words
}

/// The pieces of a word, quotes and expansions told apart.
pub(super) fn pieces(word: &Word) -> Option<Vec<WordPieceWithSource>> {
    brush_parser::word::parse(&word.value, &options()).ok()
}

/// A word's text, where no expansion decides it.
pub(super) fn literal(word: &Word) -> Option<String> {
    // Most words are plain.
    if word.value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&b)) {
        return Some(word.value.clone());
    }
    let mut text = String::new();
    pieces(word)?.iter().try_for_each(|piece| push_literal(&piece.piece, &mut text))?;
    Some(text)
}

fn push_literal(piece: &WordPiece, text: &mut String) -> Option<()> {
    match piece {
        WordPiece::Text(piece) | WordPiece::SingleQuotedText(piece) | WordPiece::AnsiCQuotedText(piece) => {
            text.push_str(piece)
        }
        WordPiece::EscapeSequence(piece) => text.push_str(piece.strip_prefix('\\').unwrap_or(piece)),
        WordPiece::DoubleQuotedSequence(pieces) => {
            pieces.iter().try_for_each(|piece| push_literal(&piece.piece, text))?
        }
        _ => return None,
    }
    Some(())
}

/// The words of a simple command, redirections and assignments before it left out; a word that an expansion decides
/// is kept as it is written, with its `$` or backquote. `None` without a program.
pub(super) fn words(command: &SimpleCommand) -> Option<Vec<String>> {
    let name = command.word_or_name.as_ref()?;
    let rest = command.suffix.iter().flat_map(|suffix| &suffix.0).filter_map(|item| match item {
        CommandPrefixOrSuffixItem::Word(word) | CommandPrefixOrSuffixItem::AssignmentWord(_, word) => Some(word),
        _ => None,
    });
    Some(std::iter::once(name).chain(rest).map(|word| literal(word).unwrap_or_else(|| word.value.clone())).collect())
}
