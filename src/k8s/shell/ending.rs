//! Whether a parsed script ends.

use super::parse::{MAX_DEPTH, literal, parse, pieces};
use super::{Ending, Stdin, programs};
use crate::budget::spend;
use brush_parser::ast::{
    AndOr, AndOrList, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList, FunctionBody,
    IoFileRedirectKind, IoFileRedirectTarget, IoRedirect, Pipeline, RedirectList, SeparatorOperator, SimpleCommand,
    Word,
};
use brush_parser::word::{WordPiece, WordPieceWithSource};
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

/// What a step of a script may rely on.
pub(super) struct Scope<'a> {
    pub(super) stdin: Stdin,
    functions: HashMap<&'a str, &'a FunctionBody>,
    depth: usize,
    in_script: bool,
    /// What has been done for the whole script so far: functions that call each other twice would
    /// double it with each of them.
    work: Rc<Cell<usize>>,
}

/// Commands and definitions that are looked at for one script; one that needs more is unknown.
const MAX_WORK: usize = 200_000;

impl Clone for Scope<'_> {
    fn clone(&self) -> Self {
        self.work.set(self.work.get() + self.functions.len());
        Self {
            stdin: self.stdin,
            functions: self.functions.clone(),
            depth: self.depth,
            in_script: self.in_script,
            work: Rc::clone(&self.work),
        }
    }
}

impl Scope<'_> {
    pub(super) fn new(stdin: Stdin) -> Self {
        Self { stdin, functions: HashMap::new(), depth: 0, in_script: false, work: Rc::default() }
    }

    pub(super) fn in_script(&self) -> bool {
        self.in_script
    }
}

/// Whether a script ends.
pub(super) fn ending(text: &str, scope: &Scope<'_>) -> Option<Ending> {
    // Opening a named pipe waits for its other end.
    if scope.depth >= MAX_DEPTH || text.contains("mkfifo") {
        return None;
    }
    let program = parse(text)?;
    let mut scope = Scope { functions: HashMap::new(), depth: scope.depth + 1, in_script: true, ..scope.clone() };
    let end = Ending::now("an empty script ends at once");
    let lists = program.complete_commands.iter();
    lists.into_iter().try_fold(end, |so_far, list| {
        if so_far.leaves { Some(so_far) } else { Some(so_far.then(sequence(list, &mut scope)?)) }
    })
}

fn sequence<'a>(list: &'a CompoundList, scope: &mut Scope<'a>) -> Option<Ending> {
    let mut end: Option<Ending> = None;
    for item in &list.0 {
        let next = match item.1 {
            SeparatorOperator::Async => Ending {
                abandons: true,
                ..Ending::now("the last command in the foreground ends, and the programs in the background end with it")
            },
            SeparatorOperator::Sequence => and_or(&item.0, scope)?,
        };
        let joined = match end {
            None => next,
            // The background only matters for what it leaves behind.
            Some(before) if matches!(item.1, SeparatorOperator::Async) => {
                let last = before.last.clone();
                let last = if before.abandons { next.last.clone() } else { last };
                Ending { last, ..before.then(next) }
            }
            Some(before) => before.then(next),
        };
        if joined.leaves {
            return Some(joined);
        }
        end = Some(joined);
    }
    Some(end.unwrap_or_else(|| Ending::now("an empty script ends at once")))
}

fn and_or<'a>(list: &'a AndOrList, scope: &mut Scope<'a>) -> Option<Ending> {
    let mut end = pipeline(&list.first, scope)?;
    for more in &list.additional {
        let (AndOr::And(next) | AndOr::Or(next)) = more;
        // Whether it runs at all hangs on an exit code, so that `exit` there proves nothing.
        let next = pipeline(next, scope)?;
        end = if end.leaves { end } else { Ending { leaves: false, ..end.then(next) } };
    }
    Some(end)
}

/// Whether a part of a script's main line ends by itself; functions of the script are not known.
pub(super) fn part_ends(list: &AndOrList) -> bool {
    let mut scope = Scope { in_script: true, ..Scope::new(Stdin::Empty) };
    and_or(list, &mut scope).is_some()
}

fn pipeline<'a>(pipeline: &'a Pipeline, scope: &mut Scope<'a>) -> Option<Ending> {
    if let [only] = &pipeline.seq[..] {
        return command(only, scope);
    }
    // The parts behind the first read from the part before, which ends.
    let mut end: Option<Ending> = None;
    for part in &pipeline.seq {
        let mut inner = scope.clone();
        if end.is_some() {
            inner.stdin = Stdin::Fed;
        }
        let next = Ending { leaves: false, ..command(part, &mut inner)? };
        end = Some(match end {
            None => next,
            Some(before) => before.then(next),
        });
    }
    end
}

fn command<'a>(command: &'a Command, scope: &mut Scope<'a>) -> Option<Ending> {
    match command {
        Command::Simple(simple) => self::simple(simple, scope),
        Command::Compound(inner, redirects) => {
            redirects_end(redirects.as_ref(), scope)?;
            compound(inner, scope)
        }
        Command::Function(function) => {
            scope.functions.insert(&function.fname.value, &function.body);
            Some(Ending::now("a definition ends at once"))
        }
        Command::ExtendedTest(..) => Some(Ending::now("a test ends at once")),
    }
}

fn compound<'a>(command: &'a CompoundCommand, scope: &mut Scope<'a>) -> Option<Ending> {
    match command {
        CompoundCommand::BraceGroup(group) => sequence(&group.list, scope),
        CompoundCommand::Subshell(group) => {
            Some(Ending { leaves: false, ..sequence(&group.list, &mut scope.clone())? })
        }
        CompoundCommand::ForClause(clause) => {
            for word in clause.values.iter().flatten() {
                words_end(word, scope)?;
            }
            Some(Ending { leaves: false, ..sequence(&clause.body.list, scope)? })
        }
        CompoundCommand::IfClause(clause) => {
            let mut end = sequence(&clause.condition, scope)?;
            let mut branches: Option<Ending> = None;
            let mut otherwise = false;
            let mut add = |branch: Ending| {
                branches = Some(match branches.take() {
                    None => branch,
                    Some(before) => before.or(branch),
                });
            };
            add(sequence(&clause.then, scope)?);
            for clause in clause.elses.iter().flatten() {
                match &clause.condition {
                    Some(condition) => end = end.then(sequence(condition, scope)?),
                    None => otherwise = true,
                }
                add(sequence(&clause.body, scope)?);
            }
            let branches = branches?;
            Some(end.then(Ending { leaves: branches.leaves && otherwise, ..branches }))
        }
        CompoundCommand::CaseClause(clause) => {
            words_end(&clause.value, scope)?;
            let mut end = Ending::now("`case` ends at once");
            for case in &clause.cases {
                if let Some(list) = &case.cmd {
                    end = end.or(sequence(list, scope)?);
                }
            }
            Some(Ending { leaves: false, ..end })
        }
        CompoundCommand::Arithmetic(_) => Some(Ending::now("arithmetic ends at once")),
        // How often a loop turns is not known; a coprocess runs beside.
        CompoundCommand::ArithmeticForClause(_)
        | CompoundCommand::WhileClause(_)
        | CompoundCommand::UntilClause(_)
        | CompoundCommand::Coprocess(_) => None,
    }
}

fn simple<'a>(command: &'a SimpleCommand, scope: &mut Scope<'a>) -> Option<Ending> {
    spend(200);
    scope.work.set(scope.work.get() + 1);
    if scope.work.get() > MAX_WORK {
        return None;
    }
    let prefix = command.prefix.iter().flat_map(|prefix| &prefix.0);
    let suffix = command.suffix.iter().flat_map(|suffix| &suffix.0);
    let mut inner = scope.clone();
    let mut words: Vec<String> = Vec::new();
    for item in prefix {
        match item {
            CommandPrefixOrSuffixItem::AssignmentWord(_, word) | CommandPrefixOrSuffixItem::Word(word) => {
                if word.value.starts_with("PATH=") {
                    return None;
                }
                words_end(word, scope)?;
            }
            CommandPrefixOrSuffixItem::IoRedirect(redirect) => redirect_ends(redirect, &mut inner)?,
            CommandPrefixOrSuffixItem::ProcessSubstitution(..) => return None,
        }
    }
    let Some(name) = &command.word_or_name else { return Some(Ending::now("an assignment ends at once")) };
    words_end(name, scope)?;
    words.push(literal(name)?);
    for item in suffix {
        match item {
            CommandPrefixOrSuffixItem::AssignmentWord(_, word) | CommandPrefixOrSuffixItem::Word(word) => {
                words_end(word, scope)?;
                // What a variable holds is not known; where it could matter the caller sees it.
                words.push(literal(word).unwrap_or_else(|| word.value.clone()));
            }
            CommandPrefixOrSuffixItem::IoRedirect(redirect) => redirect_ends(redirect, &mut inner)?,
            CommandPrefixOrSuffixItem::ProcessSubstitution(..) => return None,
        }
    }
    let argv: Vec<&str> = words.iter().map(String::as_str).collect();
    match argv[0] {
        "exit" => return Some(Ending { leaves: true, ..Ending::now(format!("`{}` ends the script", argv.join(" "))) }),
        "exec" if argv.len() == 1 => return Some(Ending::now("`exec` with redirections only ends at once")),
        "exec" => {
            let end = programs::ending(&argv, &inner)?;
            return Some(Ending { leaves: true, ..end });
        }
        "wait" | "read" | "eval" | "." | "source" | "return" | "break" | "continue" => return None,
        // From here on a name can mean another program.
        "alias" | "shopt" => return None,
        // What a trap runs is as unknown as when.
        "trap" if argv.get(1).is_some_and(|action| !matches!(*action, "-" | "")) => return None,
        "trap" => return Some(Ending::now("`trap` ends at once")),
        "export" | "declare" if argv.iter().any(|word| word.starts_with("PATH=")) => return None,
        _ => {}
    }
    if let Some(body) = scope.functions.get(argv[0]).copied() {
        if scope.depth >= MAX_DEPTH {
            return None;
        }
        scope.depth += 1;
        redirects_end(body.1.as_ref(), scope)?;
        let end = compound(&body.0, scope);
        scope.depth -= 1;
        return end;
    }
    programs::ending(&argv, &inner)
}

fn redirects_end(redirects: Option<&RedirectList>, scope: &mut Scope<'_>) -> Option<()> {
    redirects.into_iter().flat_map(|list| &list.0).try_for_each(|redirect| redirect_ends(redirect, scope))
}

/// Whether opening a redirection returns; standard input from a file or text ends.
fn redirect_ends(redirect: &IoRedirect, scope: &mut Scope<'_>) -> Option<()> {
    match redirect {
        IoRedirect::File(_, kind, IoFileRedirectTarget::Filename(word) | IoFileRedirectTarget::Duplicate(word)) => {
            words_end(word, scope)?;
            let target = literal(word)?;
            if matches!(kind, IoFileRedirectKind::Read) && target != "/dev/null" {
                scope.stdin = Stdin::Fed;
            }
            let device = ["/dev/", "/proc/"].iter().any(|place| target.starts_with(place));
            let plain =
                ["/dev/null", "/dev/stdout", "/dev/stderr", "/proc/1/fd/1", "/proc/1/fd/2"].contains(&target.as_str());
            let waits = matches!(kind, IoFileRedirectKind::ReadAndWrite | IoFileRedirectKind::DuplicateInput);
            (!waits && (!device || plain)).then_some(())
        }
        IoRedirect::File(_, _, IoFileRedirectTarget::Fd(_)) => Some(()),
        IoRedirect::File(_, _, IoFileRedirectTarget::ProcessSubstitution(..)) => None,
        IoRedirect::HereDocument(_, document) => {
            scope.stdin = Stdin::Fed;
            if document.requires_expansion { words_end(&document.doc, scope) } else { Some(()) }
        }
        IoRedirect::HereString(_, word) => {
            scope.stdin = Stdin::Fed;
            words_end(word, scope)
        }
        IoRedirect::OutputAndError(word, _) => words_end(word, scope),
    }
}

/// Whether every command substitution in a word ends.
fn words_end(word: &Word, scope: &Scope<'_>) -> Option<()> {
    if !word.value.contains(['`', '$']) {
        return Some(());
    }
    pieces_end(&pieces(word)?, scope)
}

fn pieces_end(pieces: &[WordPieceWithSource], scope: &Scope<'_>) -> Option<()> {
    pieces.iter().try_for_each(|piece| match &piece.piece {
        WordPiece::CommandSubstitution(script) | WordPiece::BackquotedCommandSubstitution(script) => {
            ending(script, scope).map(|_| ())
        }
        WordPiece::DoubleQuotedSequence(pieces) | WordPiece::GettextDoubleQuotedSequence(pieces) => {
            pieces_end(pieces, scope)
        }
        _ => Some(()),
    })
}
