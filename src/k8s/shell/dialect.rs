//! What bash understands and other shells don't.
//!
//! Each was tried with dash 0.5.12 and busybox 1.35 (`tests/shell`). What they merely answer with "not found", and go
//! on, is left out, but for `[[`.

use super::listing::{Part, visit};
use super::parse::{literal, parse, pieces, words};
use brush_parser::ast::{
    AssignmentName, AssignmentValue, CaseItemPostAction, CommandPrefixOrSuffixItem, CompoundCommand,
    IoFileRedirectTarget, IoRedirect, SimpleCommand, Word,
};
use brush_parser::word::{Parameter, ParameterExpr, WordPiece, WordPieceWithSource};

/// Something that only bash understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bashism {
    /// What it is, for a sentence: "an array".
    pub what: &'static str,
    /// Busybox's shell does not understand it either.
    pub in_ash: bool,
    /// What comes of it in dash.
    pub then: Then,
}

/// What another shell does with a bashism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The script is refused as a whole, or as far as the line that holds it: exit 2.
    Syntax,
    /// It stops there: exit 2.
    Stops,
    /// It goes on, with something else than was meant.
    Differs,
}

/// Definitions that are looked at for how they are written.
const MAX_FUNCTIONS: usize = 20;

/// All that a script holds of what only bash understands, each sort once, in order; empty where it does not parse.
#[must_use]
pub fn bashisms(script: &str) -> Vec<Bashism> {
    let mut found: Vec<Bashism> = Vec::new();
    let Some(program) = parse(script) else { return found };
    let mut functions = 0;
    let mut add = |what, in_ash, then| {
        if !found.iter().any(|known| known.what == what) {
            found.push(Bashism { what, in_ash, then });
        }
    };
    visit(&program, &mut |part| match part {
        Part::Simple(command) => of_command(command, &mut add),
        Part::Compound(CompoundCommand::ArithmeticForClause(_)) => add("`for ((…))`", true, Then::Syntax),
        Part::Compound(CompoundCommand::CaseClause(clause)) => {
            let goes_on = |action: &CaseItemPostAction| !matches!(action, CaseItemPostAction::ExitCase);
            if clause.cases.iter().any(|case| goes_on(&case.post_action)) {
                add("`;&`", true, Then::Syntax);
            }
        }
        Part::Compound(_) => {}
        Part::Function(function) => {
            functions += 1;
            // The parser drops the keyword.
            let keyword = || script.contains(&format!("function {}", function.fname.value));
            if functions <= MAX_FUNCTIONS && keyword() {
                add("`function`", false, Then::Syntax);
            }
        }
        Part::Test(_) => add("`[[`", false, Then::Differs),
        Part::Redirect(redirect) => of_redirect(redirect, &mut add),
        Part::Word(item) => match item {
            CommandPrefixOrSuffixItem::ProcessSubstitution(..) => add("`<(…)`", false, Then::Syntax),
            CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) => {
                if matches!(assignment.value, AssignmentValue::Array(_)) {
                    add("an array", true, Then::Syntax);
                } else if matches!(assignment.name, AssignmentName::ArrayElementName(..)) {
                    add("an array's element", true, Then::Differs);
                }
                of_word(word, &mut add);
            }
            CommandPrefixOrSuffixItem::Word(word) => of_word(word, &mut add),
            CommandPrefixOrSuffixItem::IoRedirect(_) => {}
        },
        Part::Name(word) => of_word(word, &mut add),
    });
    found
}

fn of_command(command: &SimpleCommand, add: &mut impl FnMut(&'static str, bool, Then)) {
    let name = command.word_or_name.as_ref().and_then(literal);
    if !matches!(name.as_deref(), Some("set" | "export" | "wait")) {
        return;
    }
    let words = words(command).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["set", ref options @ ..] if options.iter().any(|word| *word == "pipefail" || *word == "errtrace") => {
            add("`set -o pipefail`", false, Then::Stops);
        }
        ["export", "-f", ..] => add("`export -f`", true, Then::Stops),
        ["wait", "-n", ..] => add("`wait -n`", false, Then::Differs),
        _ => {}
    }
}

fn of_redirect(redirect: &IoRedirect, add: &mut impl FnMut(&'static str, bool, Then)) {
    match redirect {
        IoRedirect::HereString(..) => add("`<<<`", true, Then::Syntax),
        IoRedirect::OutputAndError(..) => add("`&>`", false, Then::Differs),
        IoRedirect::File(_, _, IoFileRedirectTarget::ProcessSubstitution(..)) => add("`<(…)`", false, Then::Syntax),
        // The parser's way to say `|&`.
        IoRedirect::File(Some(2), _, IoFileRedirectTarget::Fd(1)) => add("`|&`", true, Then::Syntax),
        _ => {}
    }
}

fn of_word(word: &Word, add: &mut impl FnMut(&'static str, bool, Then)) {
    if word.value.contains("${") {
        of_pieces(&pieces(word).unwrap_or_default(), add);
    }
}

fn of_pieces(pieces: &[WordPieceWithSource], add: &mut impl FnMut(&'static str, bool, Then)) {
    for piece in pieces {
        match &piece.piece {
            WordPiece::ParameterExpansion(expansion) => of_expansion(expansion, add),
            WordPiece::DoubleQuotedSequence(inner) | WordPiece::GettextDoubleQuotedSequence(inner) => {
                of_pieces(inner, add);
            }
            _ => {}
        }
    }
}

fn of_expansion(expansion: &ParameterExpr, add: &mut impl FnMut(&'static str, bool, Then)) {
    use ParameterExpr as E;
    let indexed = |parameter: &Parameter| {
        matches!(parameter, Parameter::NamedWithIndex { .. } | Parameter::NamedWithAllIndices { .. })
    };
    let (parameter, indirect) = match expansion {
        E::Parameter { parameter, indirect }
        | E::UseDefaultValues { parameter, indirect, .. }
        | E::AssignDefaultValues { parameter, indirect, .. }
        | E::IndicateErrorIfNullOrUnset { parameter, indirect, .. }
        | E::UseAlternativeValue { parameter, indirect, .. }
        | E::ParameterLength { parameter, indirect }
        | E::RemoveSmallestSuffixPattern { parameter, indirect, .. }
        | E::RemoveLargestSuffixPattern { parameter, indirect, .. }
        | E::RemoveSmallestPrefixPattern { parameter, indirect, .. }
        | E::RemoveLargestPrefixPattern { parameter, indirect, .. } => (parameter, *indirect),
        E::Substring { .. } => return add("`${x:0:1}`", false, Then::Stops),
        E::ReplaceSubstring { .. } => return add("`${x/a/b}`", false, Then::Stops),
        E::UppercaseFirstChar { .. }
        | E::UppercasePattern { .. }
        | E::LowercaseFirstChar { .. }
        | E::LowercasePattern { .. } => return add("`${x^^}`", true, Then::Stops),
        _ => return,
    };
    if indexed(parameter) {
        add("an array's element", true, Then::Stops);
    } else if indirect {
        add("`${!x}`", true, Then::Stops);
    }
}
