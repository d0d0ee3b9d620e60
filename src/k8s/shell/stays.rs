//! Whether a shell stays the parent of a script's last command, as PID 1 that ignores SIGTERM.
//!
//! Measured with dash 0.5.12, bash 5.2 and busybox 1.35: dash runs every command as a child, whatever stands last; bash
//! takes the place of a simple command that is last in its list; busybox does the same for most that stands last, but
//! not where a line feed follows.

use super::Script;
use super::listing::{Part, visit};
use super::parse::{literal, parse, words};
use brush_parser::ast::{AndOr, Command, CommandPrefixOrSuffixItem, SeparatorOperator};

/// The last command of a script, which a shell runs as its child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stays {
    /// Its words; those with a `$` or backquote are as written.
    pub words: Vec<String>,
    /// Where `exec` would have to stand, in bytes of the script; `None` where it can't simply be put there.
    pub at: Option<usize>,
}

/// What a shell does with the last command of its script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// Dash: it always stays.
    Always,
    /// Bash: it steps aside for a plain command.
    Bash,
    /// Busybox: it steps aside where no line feed follows.
    Ash,
}

/// The last command in the foreground of a script that a shell would stay the parent of; `None` where it steps aside,
/// or sees to signals with `trap`, or where the last thing is no plain command.
#[must_use]
pub fn stays_as_parent(script: &Script<'_>, parent: Parent) -> Option<Stays> {
    let program = parse(script.text)?;
    let item = program.complete_commands.last()?.0.last()?;
    if matches!(item.1, SeparatorOperator::Async) {
        return None;
    }
    let last = item.0.additional.last().map_or(&item.0.first, |(AndOr::And(next) | AndOr::Or(next))| next);
    let Command::Simple(simple) = last.seq.last()? else { return None };
    let name = literal(simple.word_or_name.as_ref()?)?;
    let redirected = simple.suffix.iter().flat_map(|suffix| &suffix.0).any(|item| {
        matches!(item, CommandPrefixOrSuffixItem::IoRedirect(_) | CommandPrefixOrSuffixItem::ProcessSubstitution(..))
    });
    let plain = last.seq.len() == 1 && !last.bang;
    let steps_aside = match parent {
        Parent::Always => false,
        Parent::Bash => plain && !redirected,
        Parent::Ash => plain && !script.text.ends_with('\n'),
    };
    if steps_aside || matches!(&*name, "exec" | "wait" | "exit" | "trap" | "." | "source" | "eval") {
        return None;
    }
    let mut own = false;
    visit(&program, &mut |part| match part {
        Part::Function(function) => own |= function.fname.value == name,
        Part::Simple(command) => {
            own |= command.word_or_name.as_ref().and_then(literal).is_some_and(|name| name == "trap");
        }
        _ => {}
    });
    if own {
        return None;
    }
    // Before variables of its own, `exec` would take them for a program.
    let word = simple.word_or_name.as_ref().filter(|_| plain && simple.prefix.is_none());
    let start = word.and_then(|word| word.loc.as_ref()).map(|loc| loc.start.index);
    let at = start.and_then(|start| script.text.char_indices().nth(start)).map(|(at, _)| at);
    let at = at.filter(|at| script.text[*at..].starts_with(&*name));
    Some(Stays { words: words(simple)?, at })
}
