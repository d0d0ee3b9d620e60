//! The parts of a script, wherever they stand in it.

use super::parse::{literal, parse, words};
use brush_parser::ast::{
    AndOr, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList, ExtendedTestExprCommand,
    FunctionDefinition, IoRedirect, Pipeline, Program, RedirectList, SimpleCommand, Word,
};

/// A part of a script.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    Simple(&'a SimpleCommand),
    Compound(&'a CompoundCommand),
    Function(&'a FunctionDefinition),
    /// `[[ … ]]`
    Test(&'a ExtendedTestExprCommand),
    Redirect(&'a IoRedirect),
    /// A word of a simple command, an assignment among them.
    Word(&'a CommandPrefixOrSuffixItem),
    /// The program's own word, and the words of `for`.
    Name(&'a Word),
}

/// Calls `each` for every part of a script, in its order; what stands in substitutions is left out.
pub(super) fn visit<'a>(program: &'a Program, each: &mut impl FnMut(Part<'a>)) {
    program.complete_commands.iter().for_each(|list| visit_list(list, each));
}

/// The same for a list.
pub(super) fn visit_list<'a>(list: &'a CompoundList, each: &mut impl FnMut(Part<'a>)) {
    for item in &list.0 {
        pipeline(&item.0.first, each);
        for AndOr::And(next) | AndOr::Or(next) in &item.0.additional {
            pipeline(next, each);
        }
    }
}

fn pipeline<'a>(pipeline: &'a Pipeline, each: &mut impl FnMut(Part<'a>)) {
    pipeline.seq.iter().for_each(|part| command(part, each));
}

fn command<'a>(command: &'a Command, each: &mut impl FnMut(Part<'a>)) {
    match command {
        Command::Simple(command) => simple(command, each),
        Command::Compound(inner, redirects) => {
            compound(inner, each);
            all(redirects.as_ref(), each);
        }
        Command::Function(function) => {
            each(Part::Function(function));
            compound(&function.body.0, each);
            all(function.body.1.as_ref(), each);
        }
        Command::ExtendedTest(test, redirects) => {
            each(Part::Test(test));
            all(redirects.as_ref(), each);
        }
    }
}

fn all<'a>(redirects: Option<&'a RedirectList>, each: &mut impl FnMut(Part<'a>)) {
    redirects.iter().flat_map(|list| &list.0).for_each(|redirect| each(Part::Redirect(redirect)));
}

fn simple<'a>(command: &'a SimpleCommand, each: &mut impl FnMut(Part<'a>)) {
    each(Part::Simple(command));
    if let Some(name) = &command.word_or_name {
        each(Part::Name(name));
    }
    let prefix = command.prefix.iter().flat_map(|prefix| &prefix.0);
    for item in prefix.chain(command.suffix.iter().flat_map(|suffix| &suffix.0)) {
        match item {
            CommandPrefixOrSuffixItem::IoRedirect(redirect) => each(Part::Redirect(redirect)),
            item => each(Part::Word(item)),
        }
    }
}

fn compound<'a>(command: &'a CompoundCommand, each: &mut impl FnMut(Part<'a>)) {
    each(Part::Compound(command));
    match command {
        CompoundCommand::BraceGroup(group) => visit_list(&group.list, each),
        CompoundCommand::Subshell(group) => visit_list(&group.list, each),
        CompoundCommand::ForClause(clause) => {
            clause.values.iter().flatten().for_each(|word| each(Part::Name(word)));
            visit_list(&clause.body.list, each);
        }
        CompoundCommand::ArithmeticForClause(clause) => visit_list(&clause.body.list, each),
        CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
            visit_list(&clause.0, each);
            visit_list(&clause.1.list, each);
        }
        CompoundCommand::IfClause(clause) => {
            visit_list(&clause.condition, each);
            visit_list(&clause.then, each);
            for clause in clause.elses.iter().flatten() {
                clause.condition.iter().for_each(|condition| visit_list(condition, each));
                visit_list(&clause.body, each);
            }
        }
        CompoundCommand::CaseClause(clause) => {
            each(Part::Name(&clause.value));
            clause.cases.iter().filter_map(|case| case.cmd.as_ref()).for_each(|body| visit_list(body, each));
        }
        CompoundCommand::Arithmetic(_) | CompoundCommand::Coprocess(_) => {}
    }
}

/// The simple commands of one command: itself, or those within it.
pub(super) fn of_command(part: &Command) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    command(part, &mut |part| {
        if let Part::Simple(command) = part {
            found.extend(words(command));
        }
    });
    found
}

/// Every simple command of a script as its words; a word that an expansion decides is kept as it is
/// written, with its `$` or backquote. Empty where the script does not parse.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    if let Some(program) = parse(text) {
        visit(&program, &mut |part| {
            if let Part::Simple(command) = part {
                found.extend(words(command));
            }
        });
    }
    found
}

/// The last simple command in the foreground of a script's main line, as its words; `None` where the last thing is
/// another, or its program hangs on a variable.
pub(super) fn last(text: &str) -> Option<Vec<String>> {
    let program = parse(text)?;
    let item = program.complete_commands.last()?.0.last()?;
    let last = item.0.additional.last().map_or(&item.0.first, |(AndOr::And(next) | AndOr::Or(next))| next);
    let Command::Simple(simple) = last.seq.last()? else { return None };
    literal(simple.word_or_name.as_ref()?)?;
    words(simple)
}
