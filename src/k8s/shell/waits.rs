//! What a script asks besides the commands of its main line: what programs wait for before they run another, and what
//! stands in substitutions.

use super::listing::{self, Part, visit};
use super::parse::{parse, pieces};
use crate::k8s::command::base_name;
use brush_parser::ast::CommandPrefixOrSuffixItem;
use brush_parser::word::{WordPiece, WordPieceWithSource};

/// The commands of a script that wait for a server before they run another program, as they are written: elsewhere they
/// are taken for wrappers of that one.
#[must_use]
pub fn waiters(script: &str) -> Vec<Vec<String>> {
    let waits = |words: &Vec<String>| {
        words.iter().any(|word| base_name(word).starts_with("wait-for")) && words.iter().any(|word| word == "--")
    };
    listing::commands(script).into_iter().filter(waits).collect()
}

/// The scripts in the substitutions of a script's commands: `[ $(curl …) = 200 ]`.
#[must_use]
pub fn substituted(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !script.contains("$(") && !script.contains('`') {
        return found;
    }
    let Some(program) = parse(script) else { return found };
    visit(&program, &mut |part| {
        let word = match part {
            Part::Word(CommandPrefixOrSuffixItem::Word(word) | CommandPrefixOrSuffixItem::AssignmentWord(_, word)) => {
                word
            }
            Part::Name(word) => word,
            _ => return,
        };
        if found.len() < MAX_SCRIPTS {
            within(&pieces(word).unwrap_or_default(), &mut found);
        }
    });
    found
}

/// Substitutions that are looked at.
const MAX_SCRIPTS: usize = 50;

fn within(pieces: &[WordPieceWithSource], found: &mut Vec<String>) {
    for piece in pieces {
        match &piece.piece {
            WordPiece::CommandSubstitution(script) | WordPiece::BackquotedCommandSubstitution(script) => {
                found.push(script.clone());
            }
            WordPiece::DoubleQuotedSequence(inner) => within(inner, found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_in_substitutions() {
        let script = "while [ $(curl -s http://a) != 200 ] || x=\"`wget b`\"; do sleep 1; done; echo '$(no)'";
        assert_eq!(substituted(script), ["curl -s http://a", "wget b"]);
        assert_eq!(waiters("wait-for-it db:1 -- run; wait-for-it db:2").len(), 1);
    }
}
