//! The simple commands of a script with what follows when one of them fails.

use super::ending::part_ends;
use super::listing;
use super::parse::parse;
use brush_parser::ast::{AndOr, AndOrList, Command, CompoundListItem, Pipeline, SeparatorOperator};

/// What follows when a command of a script fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The script ends, with the command's exit code.
    Ends,
    /// The script goes on.
    GoesOn,
    /// Nobody knows: it hangs on others whether the command is reached, or what its failure means.
    Unknown,
}

/// A simple command of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its words; those that an expansion decides as they are written.
    pub words: Vec<String>,
    /// What its failure means.
    pub fate: Fate,
}

/// Every simple command of a script, in order. `stops` says whether the shell was told to stop at the first
/// failure (`sh -e`). Empty where the script does not parse.
pub(super) fn steps(text: &str, stops: bool) -> Vec<Step> {
    let Some(program) = parse(text) else { return Vec::new() };
    let items: Vec<&CompoundListItem> = program.complete_commands.iter().flat_map(|list| &list.0).collect();
    let mut steps = Vec::new();
    let (mut stops, mut reached) = (stops, true);
    for (at, CompoundListItem(list, separator)) in items.iter().enumerate() {
        let last = at + 1 == items.len();
        let runs_beside = matches!(separator, SeparatorOperator::Async);
        let first = steps.len();
        part(list, &mut steps);
        for step in &mut steps[first..] {
            let leaves = step.words.first().is_some_and(|word| word == "exec") && step.words.len() > 1;
            step.fate = match step.fate {
                _ if runs_beside => Fate::Unknown,
                Fate::Unknown => Fate::Unknown,
                // Whoever writes `exec` means to come there.
                _ if leaves => Fate::Ends,
                Fate::Ends if reached && (last || stops) => Fate::Ends,
                _ if !reached => Fate::Unknown,
                // The left side of `&&`: what is behind it does not run, and the code is its own.
                Fate::GoesOn if last => Fate::Ends,
                _ => Fate::GoesOn,
            };
            stops |=
                step.words.first().is_some_and(|word| word == "set") && step.words.iter().any(|word| sets_stop(word));
            reached &= !matches!(step.words.first().map(String::as_str), Some("exit" | "return"));
        }
        reached &= runs_beside || part_ends(list) || known_to_return(&steps[first..]);
    }
    steps
}

/// `-e`, also within `-eux`, and `errexit` behind `-o`.
fn sets_stop(word: &str) -> bool {
    word == "errexit" || word.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.contains('e'))
}

/// `.` reads variables, mostly.
fn known_to_return(steps: &[Step]) -> bool {
    steps.iter().all(|step| matches!(step.words.first().map(String::as_str), Some("." | "source" | "set")))
}

/// The commands of one part of the main line: those whose failure is that of the part with [`Fate::Ends`], those to
/// the left of an `&&` with [`Fate::GoesOn`].
fn part(list: &AndOrList, steps: &mut Vec<Step>) {
    let handled = list.additional.iter().any(|next| matches!(next, AndOr::Or(_)));
    let pipelines = std::iter::once(&list.first).chain(list.additional.iter().map(|next| {
        let (AndOr::And(next) | AndOr::Or(next)) = next;
        next
    }));
    let count = list.additional.len() + 1;
    for (at, pipeline) in pipelines.enumerate() {
        let fate = match (handled || pipeline.bang, at + 1 == count) {
            (true, _) => Fate::Unknown,
            (false, true) => Fate::Ends,
            (false, false) => Fate::GoesOn,
        };
        pipeline_steps(pipeline, fate, steps);
    }
}

fn pipeline_steps(pipeline: &Pipeline, fate: Fate, steps: &mut Vec<Step>) {
    for (at, command) in pipeline.seq.iter().enumerate() {
        let simple = matches!(command, Command::Simple(_));
        // A pipeline's code is that of its last command.
        let fate = if simple && at + 1 == pipeline.seq.len() { fate } else { Fate::Unknown };
        steps.extend(listing::of_command(command).into_iter().map(|words| Step { words, fate }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(script: &str) -> Vec<(String, Fate)> {
        steps(script, false).into_iter().map(|step| (step.words.join(" "), step.fate)).collect()
    }

    #[test]
    fn what_a_failure_means() {
        use Fate::{Ends, GoesOn, Unknown};
        for (script, wanted) in [
            ("a", vec![("a", Ends)]),
            ("echo x; a", vec![("echo x", GoesOn), ("a", Ends)]),
            ("a; echo x", vec![("a", GoesOn), ("echo x", Unknown)]),
            ("set -eu\na\nb", vec![("set -eu", GoesOn), ("a", Ends), ("b", Unknown)]),
            ("a && b", vec![("a", Ends), ("b", Ends)]),
            ("a && b; echo x", vec![("a", GoesOn), ("b", GoesOn), ("echo x", Unknown)]),
            ("a || b", vec![("a", Unknown), ("b", Unknown)]),
            ("server; a", vec![("server", GoesOn), ("a", Unknown)]),
            ("server; exec a", vec![("server", GoesOn), ("exec a", Ends)]),
            ("a & exec b", vec![("a", Unknown), ("exec b", Ends)]),
            ("if c; then a; fi", vec![("c", Unknown), ("a", Unknown)]),
            ("a | b", vec![("a", Unknown), ("b", Ends)]),
            ("! a", vec![("a", Unknown)]),
            ("exit 0; a", vec![("exit 0", GoesOn), ("a", Unknown)]),
            (". /x/env; a", vec![(". /x/env", GoesOn), ("a", Ends)]),
        ] {
            let wanted: Vec<_> = wanted.into_iter().map(|(words, fate)| (words.to_owned(), fate)).collect();
            assert_eq!(fates(script), wanted, "{script}");
        }
        assert_eq!(steps("a; b", true)[0].fate, Ends);
        assert!(steps("if", false).is_empty());
    }
}
