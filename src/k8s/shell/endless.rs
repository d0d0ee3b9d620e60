//! Whether a command never ends by itself: the other side of [`super::ending()`], and as careful. What may leave is not
//! endless, and neither is what nobody knows.

use super::listing::{Part, visit_list};
use super::parse::{MAX_DEPTH, literal, parse, words};
use super::wrappers::{seconds, timeout, unwrap};
use super::{Endless, ShellRuns, is_shell, servers, shell_operands};
use crate::k8s::command::base_name;
use brush_parser::ast::{
    AndOr, AndOrList, Command, CompoundCommand, CompoundList, Pipeline, SeparatorOperator, SimpleCommand,
};

/// A `sleep` of this many seconds, a year, is none that anybody waits for.
const YEAR: f64 = 365.0 * 24.0 * 3600.0;

/// Why a vector never ends, where it is known not to.
pub(super) fn endless(argv: &[&str], in_script: bool, depth: usize) -> Option<Endless> {
    let argv = unwrap(argv, in_script);
    if depth > MAX_DEPTH || timeout(argv).is_some() {
        return None;
    }
    let (program, args) = argv.split_first()?;
    let name = base_name(program);
    if is_shell(name) {
        let ShellRuns::Script(at) = shell_operands(args) else { return None };
        return script(args[at], depth + 1);
    }
    let certain = |what: &str| Some(Endless { certain: true, what: what.to_owned() });
    match name {
        "sleep" if !args.is_empty() => {
            let total = args.iter().map(|arg| seconds(arg)).sum::<Option<f64>>()?;
            (total >= YEAR).then(|| Endless { certain: true, what: format!("`sleep {}` never ends", args.join(" ")) })
        }
        "tail" => {
            let short = |arg: &str| arg.starts_with('-') && !arg.starts_with("--") && arg.contains(['f', 'F']);
            let follows = args.iter().any(|arg| arg.starts_with("--follow") || short(arg));
            let ends = args.iter().any(|arg| arg.starts_with("--pid"));
            if follows && !ends { certain("`tail -f` never ends") } else { None }
        }
        "pause" if matches!(*program, "pause" | "/pause") => certain("`pause` waits for a signal"),
        _ => servers::server(argv),
    }
}

/// Why a script never ends.
fn script(text: &str, depth: usize) -> Option<Endless> {
    let program = parse(text)?;
    // A trap may leave whenever a signal comes, and an alias makes another program of a name.
    let mut known = true;
    super::listing::visit(&program, &mut |part| {
        if let Part::Simple(command) = part {
            known &= !matches!(name(command).as_deref(), Some("trap" | "alias" | "kill" | "pkill" | "killall"));
        }
    });
    let mut lists = program.complete_commands.iter().filter(|_| known);
    let end = lists.find_map(|list| sequence(list, depth).transpose()).and_then(Result::ok)?;
    // What runs beside a server may stop it.
    let beside = || program.complete_commands.iter().flat_map(|list| &list.0);
    (end.certain || !beside().any(|item| matches!(item.1, SeparatorOperator::Async))).then_some(end)
}

fn name(command: &SimpleCommand) -> Option<String> {
    literal(command.word_or_name.as_ref()?)
}

/// What a step comes to: `Ok(None)` goes on to the next, `Err` may leave, so that nothing is known from there on.
type Step = Result<Option<Endless>, ()>;

fn sequence(list: &CompoundList, depth: usize) -> Step {
    for item in list.0.iter().filter(|item| !matches!(item.1, SeparatorOperator::Async)) {
        if let Some(end) = and_or(&item.0, depth)? {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

fn and_or(list: &AndOrList, depth: usize) -> Step {
    if let Some(end) = pipeline(&list.first, depth)? {
        return Ok(Some(end));
    }
    // Where a step before it fails, so does the whole: it never comes to a good end.
    let all_and = list.additional.iter().all(|more| matches!(more, AndOr::And(_)));
    for more in &list.additional {
        let (AndOr::And(next) | AndOr::Or(next)) = more;
        match pipeline(next, depth)? {
            Some(end) if all_and => return Ok(Some(end)),
            Some(_) => return Err(()),
            None => {}
        }
    }
    Ok(None)
}

fn pipeline(pipeline: &Pipeline, depth: usize) -> Step {
    match &pipeline.seq[..] {
        [only] => command(only, depth),
        // What reads may close the pipe, and end what writes.
        several => {
            let leaves = several.iter().any(|part| matches!(command(part, depth), Err(())));
            if leaves { Err(()) } else { Ok(None) }
        }
    }
}

fn command(command: &Command, depth: usize) -> Step {
    match command {
        Command::Simple(command) => simple(command, depth),
        Command::Compound(inner, _) => compound(inner, depth + 1),
        // What is defined may be called anywhere.
        Command::Function(function) => match &function.body.0 {
            CompoundCommand::BraceGroup(group) if !leaves(&group.list) && !is_own(&function.fname.value) => Ok(None),
            _ => Err(()),
        },
        Command::ExtendedTest(..) => Ok(None),
    }
}

/// A name that this module goes by.
fn is_own(name: &str) -> bool {
    matches!(name, "sleep" | "tail" | "true" | "false" | "test" | "pause") || servers::server(&[name]).is_some()
}

fn compound(command: &CompoundCommand, depth: usize) -> Step {
    if depth > MAX_DEPTH {
        return Err(());
    }
    match command {
        CompoundCommand::BraceGroup(group) => sequence(&group.list, depth),
        CompoundCommand::Subshell(group) => Ok(sequence(&group.list, depth).unwrap_or(None)),
        CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
            let forever = if matches!(command, CompoundCommand::WhileClause(_)) { "true" } else { "false" };
            if leaves(&clause.1.list) || leaves(&clause.0) {
                return Err(());
            }
            let always = is_always(&clause.0, forever);
            Ok(always.then(|| Endless { certain: true, what: "its loop never ends".to_owned() }))
        }
        CompoundCommand::ArithmeticForClause(clause) => {
            if leaves(&clause.body.list) {
                return Err(());
            }
            let empty = clause.condition.as_ref().is_none_or(|condition| condition.value.trim().is_empty());
            Ok(empty.then(|| Endless { certain: true, what: "its loop never ends".to_owned() }))
        }
        CompoundCommand::IfClause(clause) => {
            let mut branches = vec![&clause.then];
            branches.extend(clause.elses.iter().flatten().map(|clause| &clause.body));
            let whole = clause.elses.iter().flatten().any(|clause| clause.condition.is_none());
            let mut ends = Vec::new();
            for branch in branches {
                ends.push(sequence(branch, depth)?);
            }
            let endless = ends.iter().filter(|end| end.is_some()).count();
            match endless {
                0 => Ok(None),
                count if whole && count == ends.len() => Ok(ends.into_iter().next().flatten()),
                // One branch stays, another goes on.
                _ => Err(()),
            }
        }
        CompoundCommand::ForClause(clause) if !leaves(&clause.body.list) => Ok(None),
        CompoundCommand::CaseClause(clause) => {
            let leave = clause.cases.iter().filter_map(|case| case.cmd.as_ref()).any(leaves);
            if leave { Err(()) } else { Ok(None) }
        }
        CompoundCommand::Arithmetic(_) => Ok(None),
        CompoundCommand::ForClause(_) | CompoundCommand::Coprocess(_) => Err(()),
    }
}

/// Whether a condition always holds: `true`, `:`, `[ 1 ]` for `while`; `false` for `until`.
fn is_always(list: &CompoundList, forever: &str) -> bool {
    let [item] = &list.0[..] else { return false };
    let [Command::Simple(simple)] = &item.0.first.seq[..] else { return false };
    if !item.0.additional.is_empty() || item.0.first.bang {
        return false;
    }
    let words = words(simple).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [word] => base_name(word) == forever || (word == ":" && forever == "true"),
        ["[" | "test", operand, "]"] => forever == "true" && !operand.is_empty() && !operand.contains(['$', '`']),
        _ => false,
    }
}

/// Whether something in a list may leave the loop or the script.
fn leaves(list: &CompoundList) -> bool {
    let mut found = false;
    visit_list(list, &mut |part| match part {
        Part::Simple(command) => {
            let name = name(command);
            // A program that a variable names may be anything.
            found |= command.word_or_name.is_some() && name.is_none();
            found |= matches!(
                name.as_deref(),
                Some("exit" | "return" | "break" | "exec" | "eval" | "." | "source" | "kill" | "set")
            );
        }
        Part::Compound(CompoundCommand::Coprocess(_)) => found = true,
        _ => {}
    });
    found
}

fn simple(command: &SimpleCommand, depth: usize) -> Step {
    let Some(name) = name(command) else {
        // An assignment, or a program that a variable names.
        return if command.word_or_name.is_none() { Ok(None) } else { Err(()) };
    };
    let words = words(command).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match &*name {
        "exit" | "return" | "eval" | "." | "source" => Err(()),
        "exec" if words.len() > 1 => Ok(Some(endless(&words, true, depth + 1).ok_or(())?)),
        _ => Ok(endless(&words, true, depth + 1)),
    }
}
