//! How long a command lasts at least, and whether it always fails.

use super::parse::parse;
use super::wrappers::{seconds, unwrap};
use super::{ShellRuns, is_shell, shell_operands};
use crate::k8s::command::base_name;
use brush_parser::ast::{AndOr, AndOrList, Command, CompoundCommand, CompoundList, Pipeline, SeparatorOperator};

/// How deep scripts within scripts are followed.
const MAX_DEPTH: usize = 4;

/// Seconds that a command sleeps where each of its steps succeeds; what its other programs take is not counted,
/// nor are loops.
pub(super) fn least_sleep(argv: &[&str], depth: usize) -> Option<u64> {
    let argv = unwrap(argv, depth > 0);
    if let Some(script) = script_of(argv) {
        let program = parse(script).filter(|_| depth < MAX_DEPTH)?;
        return Some(sum(program.complete_commands.iter().map(|list| list_sleeps(list, depth + 1))));
    }
    let (program, args) = argv.split_first()?;
    if base_name(program) != "sleep" {
        return Some(0);
    }
    // Years and `infinity` are as good as any time that is too long.
    let total = args.iter().filter(|arg| **arg != "--").map(|arg| seconds(arg)).sum::<Option<f64>>()?;
    Some(total as u64)
}

/// The script of `sh -c SCRIPT`.
fn script_of<'a>(argv: &[&'a str]) -> Option<&'a str> {
    let (shell, args) = argv.split_first()?;
    match shell_operands(args) {
        ShellRuns::Script(at) if is_shell(base_name(shell)) => Some(args[at]),
        _ => None,
    }
}

fn sum(all: impl Iterator<Item = u64>) -> u64 {
    all.fold(0, u64::saturating_add)
}

fn list_sleeps(list: &CompoundList, depth: usize) -> u64 {
    let foreground = list.0.iter().filter(|item| !matches!(item.1, SeparatorOperator::Async));
    sum(foreground.map(|item| and_or_sleeps(&item.0, depth)))
}

fn and_or_sleeps(list: &AndOrList, depth: usize) -> u64 {
    // What stands behind `||` runs after a failure only.
    let further = list.additional.iter().map_while(|more| match more {
        AndOr::And(next) => Some(pipeline_sleeps(next, depth)),
        AndOr::Or(_) => None,
    });
    pipeline_sleeps(&list.first, depth).saturating_add(sum(further))
}

fn pipeline_sleeps(pipeline: &Pipeline, depth: usize) -> u64 {
    pipeline.seq.iter().map(|command| command_sleeps(command, depth)).max().unwrap_or(0)
}

fn command_sleeps(command: &Command, depth: usize) -> u64 {
    match command {
        Command::Simple(_) => {
            let words = words(command);
            least_sleep(&words.iter().map(String::as_str).collect::<Vec<_>>(), depth).unwrap_or(0)
        }
        Command::Compound(CompoundCommand::BraceGroup(group), _) => list_sleeps(&group.list, depth),
        Command::Compound(CompoundCommand::Subshell(group), _) => list_sleeps(&group.list, depth),
        _ => 0,
    }
}

/// The words of a simple command; none for any other.
fn words(command: &Command) -> Vec<String> {
    let Command::Simple(simple) = command else { return Vec::new() };
    super::parse::words(simple).unwrap_or_default()
}

/// What a step of a script comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Succeeds,
    Fails,
    Unknown,
}

/// A step, and whether the script ends with it.
type Step = (Status, bool);

/// Whether a command ends with another code than 0, whatever its programs do: `false`, or a script that comes to
/// `false` or `exit 1` on every path.
pub(super) fn always_fails(argv: &[&str], depth: usize) -> bool {
    outcome(unwrap(argv, false), depth) == Some(Status::Fails)
}

/// `None` where a script may end at a place that is not known.
fn outcome(argv: &[&str], depth: usize) -> Option<Status> {
    if let Some(script) = script_of(argv) {
        let program = parse(script).filter(|_| depth < MAX_DEPTH)?;
        let mut last = Status::Succeeds;
        for list in &program.complete_commands {
            let (status, leaves) = list_outcome(list, depth + 1)?;
            last = status;
            if leaves {
                break;
            }
        }
        return Some(last);
    }
    Some(match argv.split_first() {
        Some((program, _)) => match *program {
            "false" | "/bin/false" | "/usr/bin/false" => Status::Fails,
            "true" | ":" => Status::Succeeds,
            _ => Status::Unknown,
        },
        None => Status::Unknown,
    })
}

fn list_outcome(list: &CompoundList, depth: usize) -> Option<Step> {
    let mut last = Status::Succeeds;
    for item in &list.0 {
        if matches!(item.1, SeparatorOperator::Async) {
            last = Status::Succeeds;
            continue;
        }
        let (status, leaves) = and_or_outcome(&item.0, depth)?;
        if leaves {
            return Some((status, true));
        }
        last = status;
    }
    Some((last, false))
}

fn and_or_outcome(list: &AndOrList, depth: usize) -> Option<Step> {
    use Status::{Fails, Succeeds, Unknown};
    let (mut status, leaves) = pipeline_outcome(&list.first, depth)?;
    if leaves {
        return Some((status, true));
    }
    for more in &list.additional {
        let (next, runs, skipped) = match more {
            AndOr::And(next) => (next, Succeeds, Fails),
            AndOr::Or(next) => (next, Fails, Succeeds),
        };
        if status == skipped {
            continue;
        }
        let (then, leaves) = pipeline_outcome(next, depth)?;
        status = match (status == runs, leaves) {
            (true, true) => return Some((then, true)),
            (true, false) => then,
            // It may leave here, and with a failure only, or go on.
            (false, true) if then == Fails => skipped,
            (false, true) => return None,
            (false, false) if then == skipped => skipped,
            (false, false) => Unknown,
        };
    }
    Some((status, false))
}

fn pipeline_outcome(pipeline: &Pipeline, depth: usize) -> Option<Step> {
    let (status, leaves) = match &pipeline.seq[..] {
        [only] => command_outcome(only, depth)?,
        [.., last] => (command_outcome(last, depth)?.0, false),
        [] => (Status::Unknown, false),
    };
    Some((
        match (pipeline.bang && !leaves, status) {
            (true, Status::Fails) => Status::Succeeds,
            (true, Status::Succeeds) => Status::Fails,
            (_, status) => status,
        },
        leaves,
    ))
}

fn command_outcome(command: &Command, depth: usize) -> Option<Step> {
    match command {
        Command::Simple(simple) => {
            let words = words(command);
            let all: Vec<&str> = words.iter().map(String::as_str).collect();
            match all[..] {
                [] => Some((if simple.word_or_name.is_none() { Status::Succeeds } else { Status::Unknown }, false)),
                ["exit", code] => code.parse::<u8>().ok().map(|code| (code_status(code), true)),
                // The code of what ran before, or a path that is not followed.
                ["exit" | "return" | "trap" | "alias" | "eval" | "source" | "." | "set", ..] => None,
                ["exec", ref rest @ ..] if !rest.is_empty() => Some((outcome(unwrap(rest, true), depth)?, true)),
                _ => Some((outcome(unwrap(&all, true), depth)?, false)),
            }
        }
        Command::Compound(CompoundCommand::BraceGroup(group), _) => list_outcome(&group.list, depth),
        Command::Compound(CompoundCommand::Subshell(group), _) => {
            list_outcome(&group.list, depth).map(|(status, _)| (status, false))
        }
        Command::ExtendedTest(..) => Some((Status::Unknown, false)),
        // Branches and loops may leave anywhere; a function may have any name.
        Command::Compound(..) | Command::Function(..) => None,
    }
}

fn code_status(code: u8) -> Status {
    if code == 0 { Status::Succeeds } else { Status::Fails }
}

#[cfg(test)]
mod tests {
    use super::super::{always_fails, least_sleep};

    #[test]
    fn sleeps_of_scripts() {
        for (script, seconds) in [
            ("sleep 30", 30),
            ("sleep 15; kill -QUIT 1", 15),
            ("sleep 10 && nginx -s quit && sleep 5", 15),
            ("nginx -s quit || sleep 60", 0),
            ("sleep 60 &", 0),
            ("/bin/sleep 1m", 60),
            ("{ sleep 5; (sleep 5); }", 10),
            ("sleep 5 | sleep 9", 9),
            ("exec sleep 20", 20),
            ("sh -c 'sleep 7'", 7),
            ("sleep $SECONDS_TO_WAIT", 0),
            ("while true; do sleep 60; done", 0),
            ("if x; then sleep 60; fi", 0),
            ("timeout 5 sleep 60", 0),
        ] {
            assert_eq!(least_sleep(&["sh", "-c", script]), Some(seconds), "{script}");
        }
        assert_eq!(least_sleep(&["sleep", "25"]), Some(25));
        assert_eq!(least_sleep(&["/bin/sleep", "1.5m"]), Some(90));
        assert_eq!(least_sleep(&["nginx", "-s", "quit"]), Some(0));
        assert!(least_sleep(&["sleep", "infinity"]).is_none_or(|seconds| seconds > 1_000_000));
    }

    #[test]
    fn failures_of_scripts() {
        for script in [
            "false",
            "exit 1",
            "echo hi; exit 3",
            "echo hi && false",
            "cp a b; false",
            "true && exit 1",
            "! true",
            "(exit 1)",
            "{ echo a; exit 1; }; echo b",
            "x=1; exec false",
            "migrate && exit 1 || exit 1",
        ] {
            assert!(always_fails(&["sh", "-c", script]), "{script}");
        }
        for script in [
            "true",
            "exit 0",
            "exit",
            "echo hi || exit 1",
            "test -f /x || exit 0; exit 1",
            "if x; then exit 0; fi; exit 1",
            "false; echo hi",
            "false || true",
            "exit 1 &",
            "false & echo",
            "trap 'exit 0' EXIT; exit 1",
            "f() { exit 0; }; f; exit 1",
            "server; exit $?",
            "eval x; exit 1",
            "grep -q x /y && exit 0; exit 1",
            "until x; do sleep 1; done; y",
            "exec server; exit 1",
            "migrate && exit 0 || exit 1",
        ] {
            assert!(!always_fails(&["sh", "-c", script]), "{script}");
        }
        assert!(always_fails(&["/bin/false"]) && always_fails(&["env", "A=b", "false"]));
        assert!(!always_fails(&["/app/false"]) && !always_fails(&["echo", "exit", "1"]));
    }
}
