//! Whether a shell stays the parent of a script's last command, as PID 1 that ignores SIGTERM.
//!
//! Measured with dash 0.5.12, bash 5.2.15 and 5.2.37, and busybox 1.35 and 1.37 of Debian 12 and 13, by scripts that end
//! with `sleep`: dash runs every command as a child, whatever stands last; bash takes the place of a simple command that
//! is last in its list, unless it has redirections, is part of a pipeline, or something runs in the background; busybox
//! does the same for most that stands last, but not where a line feed follows, as at the end of a YAML block.

use super::Script;
use super::ending::part_ends;
use super::listing::{Part, visit};
use super::parse::{literal, parse, words};
use brush_parser::ast::{AndOr, AndOrList, Command, CommandPrefixOrSuffixItem, SeparatorOperator};

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

/// Programs that carry on what others say.
const CARRIERS: &[&str] = &["tee", "grep", "sed", "awk", "cat", "logger", "ts", "jq", "rotatelogs"];

/// The last command in the foreground of a script that a shell would stay the parent of; `None` where it steps aside,
/// or sees to signals with `trap`, or where the last thing is no plain command, or one that ends by itself.
#[must_use]
pub fn stays_as_parent(script: &Script<'_>, parent: Parent) -> Option<Stays> {
    let program = parse(script.text)?;
    let item = program.complete_commands.last()?.0.last()?;
    if matches!(item.1, SeparatorOperator::Async) {
        return None;
    }
    let last = item.0.additional.last().map_or(&item.0.first, |(AndOr::And(next) | AndOr::Or(next))| next);
    let of = |command: &Command| match command {
        Command::Simple(simple) => Some((simple.clone(), literal(simple.word_or_name.as_ref()?)?)),
        _ => None,
    };
    // What only carries the output on is not what is meant.
    let (simple, name) = match of(last.seq.last()?)? {
        (_, name) if last.seq.len() > 1 && CARRIERS.contains(&&*name) => of(last.seq.first()?)?,
        found => found,
    };
    let redirected = simple.suffix.iter().flat_map(|suffix| &suffix.0).any(|item| {
        matches!(item, CommandPrefixOrSuffixItem::IoRedirect(_) | CommandPrefixOrSuffixItem::ProcessSubstitution(..))
    });
    let plain = last.seq.len() == 1 && !last.bang;
    let steps_aside = match parent {
        Parent::Always => false,
        Parent::Bash => plain && !redirected,
        Parent::Ash => plain && !script.text.ends_with('\n'),
    };
    let serves = !CARRIERS.contains(&&*name) && !matches!(&*name, "echo" | "printf");
    if steps_aside || !serves || matches!(&*name, "exec" | "wait" | "exit" | "trap" | "." | "source" | "eval") {
        return None;
    }
    let mut own = part_ends(&AndOrList { first: last.clone(), additional: Vec::new() });
    visit(&program, &mut |part| match part {
        Part::Function(function) => own |= function.fname.value == name,
        Part::Simple(command) => {
            own |= match command.word_or_name.as_ref().and_then(literal).as_deref() {
                Some("trap" | "alias") => true,
                // What these read may define a function of any name.
                Some("." | "source" | "eval") => !name.contains('/'),
                _ => false,
            };
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
    Some(Stays { words: words(&simple)?, at })
}
