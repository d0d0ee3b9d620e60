//! A script for `sh -c` that is spread over several words.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::command::Run;
use crate::k8s::container::Container;
use crate::k8s::shell;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "shell-script-split",
    summary: "a script for `sh -c` of which only the first word is run",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The shell runs the first word alone: `sh -c npm start` is `npm`, which prints its usage and ends. The container is started again, and ends again: \
                  CrashLoopBackOff, with `Completed` or exit code 1.",
        why: "`-c` takes one word as the script. Those behind it become `$0`, `$1` and so on, for the script to use. `command` and `args` are one list in the end, \
              so that `command: [sh, -c]` with `args: [npm, start]` is the same.",
        see: "`kubectl logs POD` shows the usage of a program, or what it says without any argument.",
        fix: "Write the whole script as one item, `[sh, -c, \"npm start\"]`, or leave the shell out: `[npm, start]`.",
        ignore: "The rule is silent where the script has more than one word or uses `$`, as those behind it may be meant as its arguments.",
        source: "POSIX.1-2017 XCU `sh`, synopsis and operands: `sh -c command_string [command_name [argument...]]`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(run) = Run::written(*container, context.tables).or_else(|| Run::by_args(*container)) else { return };
    let Some(words) = run.as_written() else { return };
    let Some(script) = shell::script(&words) else { return };
    let rest = &words[script.at + 1..];
    // `--` before a first argument, and a name for messages, as in `sh -c script sh`, are words of the craft.
    let meant = rest.iter().any(|word| word.contains(|c: char| c.is_ascii_alphanumeric()));
    let plain = !script.text.is_empty()
        && script.text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@:".contains(c))
        && !shell::is_shell(rest.first().copied().unwrap_or_default());
    if !meant || !plain {
        return;
    }
    let behind = if rest.len() == 1 { ("the word", "is") } else { ("the words", "are") };
    let message = format!(
        "`{} -c` runs `{}` alone: {} `{}` behind it {} no part of the script",
        script.shell,
        script.text,
        behind.0,
        rest.join(" "),
        behind.1,
    );
    let finding = Finding::new(RULE.name, Severity::Warning, run.path(script.at), message)
        .label("all that is run")
        .help("write the whole script as one item behind `-c`, or leave the shell out");
    // Words that need quotes are left to whoever wrote them.
    let needs_quotes = |word: &&str| word.chars().any(|c| c.is_whitespace() || "\"'\\`".contains(c));
    let edits = run.joined(script.at).filter(|_| !rest.iter().any(needs_quotes));
    findings.push(match edits {
        Some(edits) => finding.fix(Safety::Review, "write the whole script as one item", edits),
        None => finding,
    });
}
