//! A command that ends, in a workload that always restarts it.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::command::{self, Word};
use crate::k8s::container::Container;
use crate::k8s::kinds::Runs;
use crate::k8s::shell::{self, Stdin};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "workload-exits",
    summary: "a command that ends, in a workload that restarts it for ever",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container ends with exit code 0, is started again, ends again: `Completed`, then CrashLoopBackOff, for ever. Nothing \
                  is wrong with the program; it is in the wrong kind of workload.",
        why: "Deployments, StatefulSets and DaemonSets restart whatever ends, success included. The command is read as the container will \
              run it, wrappers and variables considered; the script of `sh -c` is parsed by a shell parser. It is an error where every \
              step in the foreground is certain to end (also where everything runs in the background: the container ends \
              with its first process); a warning where it is a tool that does one job, such as a migration.",
        see: "`kubectl get pods` shows `Completed` and a growing number of restarts; `kubectl logs POD` shows the whole output, and no error.",
        fix: "Run it as a Job or CronJob; or let the command stay: `exec` the server at the end, or `wait` for what runs in the background.",
        ignore: "The rule is silent for Jobs, init containers, restart policies other than Always, `exec`, `wait`, endless loops, `sleep infinity`, \
                 `tail -f`, and whenever a program is unknown. A `sleep` of ten minutes and more is info.",
        source: "Kubernetes documentation: Pod Lifecycle (restartPolicy); POSIX.1-2017, Shell Command Language",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs = container.workload.runs();
    if !container.is_long_running() || !matches!(runs, Runs::Always | Runs::Pod) || container.workload.is_windows() {
        return;
    }
    // What an image does by itself is another rule's.
    if container.command_words() == (None, None) {
        return;
    }
    let Some(argv) = command::argv(*container, context.tables) else { return };
    let Some(words) = argv.iter().map(|word| word.text.as_deref()).collect::<Option<Vec<&str>>>() else { return };
    // An image named like the program may hold a program of its own under that name; these variables
    // change what a name means.
    let own = container.image().is_some_and(|image| image.short_name() == command::base_name(words[0]));
    let redefined = container.env().any(|(name, _)| matches!(name, "PATH" | "BASH_ENV" | "ENV"));
    if redefined || (own && !shell::is_shell(command::base_name(words[0]))) {
        return;
    }
    let stdin = if container.has_stdin() { Stdin::Open } else { Stdin::Empty };
    let Some(end) = shell::ending(&words, stdin) else { return };
    let severity = match end.sleeps {
        600.. => Severity::Info,
        0 if end.certain && runs == Runs::Always => Severity::Error,
        _ => Severity::Warning,
    };
    let kind = &container.workload.kind.kind;
    let when = if end.sleeps > 0 { format!(" after {} s", end.sleeps) } else { String::new() };
    let message =
        format!("the command ends{when}, and the {kind} restarts it for ever: {}", said(&argv, end.last, stdin));
    // A script stands in the word after `-c`; without one, the program is what ends.
    let script = shell::inline_script(shell::unwrap(&words));
    let at = script.and_then(|script| words.iter().position(|word| std::ptr::eq(*word, script))).unwrap_or(0);
    let node = argv[at].node.or_else(|| argv.iter().find_map(|word| word.node));
    let path = node.map_or_else(|| container.path(), |node| node.path_from(container.workload.object.root));
    let help = if end.abandons {
        "end the script with `wait`, or `exec` the server in the foreground".to_owned()
    } else if runs == Runs::Pod {
        "set `restartPolicy: Never` or `OnFailure` if it is meant to end".to_owned()
    } else {
        "make it a Job or CronJob if it is meant to end; else `exec` the server as the last command".to_owned()
    };
    let label = if script.is_some() { "this script ends" } else { "this ends" };
    findings.push(Finding::new(RULE.name, severity, path, message).label(label).help(help));
}

/// What is said of the end. The values of variables are not repeated: they may be secrets, and what
/// is said here goes to logs.
fn said(argv: &[Word<'_>], last: String, stdin: Stdin) -> String {
    if argv.iter().all(Word::is_as_written) {
        return last;
    }
    let written: Vec<&str> =
        argv.iter().filter_map(|word| word.node.map_or(word.text.as_deref(), |node| node.as_str())).collect();
    let same = shell::ending(&written, stdin).map(|end| end.last);
    same.unwrap_or_else(|| format!("`{}` is a program that ends, once its variables are filled in", written[0]))
}
