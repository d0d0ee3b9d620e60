//! The simple commands of a script, wherever they stand in it.

use super::script::{literal, parse};
use brush_parser::ast::{
    AndOr, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList, Pipeline, SimpleCommand,
};

/// Every simple command of a script as its words; a word that an expansion decides is kept as it is
/// written, with its `$` or backquote. Empty where the script does not parse.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for list in parse(text).iter().flat_map(|program| &program.complete_commands) {
        self::list(list, &mut found);
    }
    found
}

fn list(list: &CompoundList, found: &mut Vec<Vec<String>>) {
    for item in &list.0 {
        pipeline(&item.0.first, found);
        for AndOr::And(next) | AndOr::Or(next) in &item.0.additional {
            pipeline(next, found);
        }
    }
}

fn pipeline(pipeline: &Pipeline, found: &mut Vec<Vec<String>>) {
    for part in &pipeline.seq {
        match part {
            Command::Simple(simple) => found.extend(words(simple)),
            Command::Compound(inner, _) => compound(inner, found),
            Command::Function(function) => compound(&function.body.0, found),
            Command::ExtendedTest(..) => {}
        }
    }
}

fn compound(command: &CompoundCommand, found: &mut Vec<Vec<String>>) {
    match command {
        CompoundCommand::BraceGroup(group) => list(&group.list, found),
        CompoundCommand::Subshell(group) => list(&group.list, found),
        CompoundCommand::ForClause(clause) => list(&clause.body.list, found),
        CompoundCommand::ArithmeticForClause(clause) => list(&clause.body.list, found),
        CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
            list(&clause.0, found);
            list(&clause.1.list, found);
        }
        CompoundCommand::IfClause(clause) => {
            list(&clause.condition, found);
            list(&clause.then, found);
            for clause in clause.elses.iter().flatten() {
                clause.condition.iter().for_each(|condition| list(condition, found));
                list(&clause.body, found);
            }
        }
        CompoundCommand::CaseClause(clause) => {
            clause.cases.iter().filter_map(|case| case.cmd.as_ref()).for_each(|body| list(body, found));
        }
        CompoundCommand::Arithmetic(_) | CompoundCommand::Coprocess(_) => {}
    }
}

/// The words of a simple command; one that an expansion decides is kept as it is written.
pub(super) fn words(command: &SimpleCommand) -> Option<Vec<String>> {
    let name = command.word_or_name.as_ref()?;
    let rest = command.suffix.iter().flat_map(|suffix| &suffix.0).filter_map(|item| match item {
        CommandPrefixOrSuffixItem::Word(word) | CommandPrefixOrSuffixItem::AssignmentWord(_, word) => Some(word),
        _ => None,
    });
    Some(std::iter::once(name).chain(rest).map(|word| literal(word).unwrap_or_else(|| word.value.clone())).collect())
}
