//! A command that ends, in a workload that always restarts it.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::command::{self, Run};
use crate::k8s::container::Container;
use crate::k8s::kinds::Runs;
use crate::k8s::shell::{self, Stdin, Sure};

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
              with its first process, and a daemon that puts itself into the background is such an end); a warning where it is a tool that \
              does one job, such as a migration, or a daemon whose configuration may say otherwise, such as nginx.",
        see: "`kubectl get pods` shows `Completed` and a growing number of restarts; `kubectl logs POD` shows the whole output, and no error.",
        fix: "Run it as a Job or CronJob; or let the command stay: `exec` the server at the end, `wait` for what runs in the background, run a \
              daemon in the foreground (`nginx -g \"daemon off;\"`, `sshd -D`, `cron -f`, `supervisord -n`, `apachectl -D FOREGROUND`, `catalina.sh run`).",
        ignore: "The rule is silent for Jobs, init containers, restart policies other than Always, `exec`, `wait`, endless loops, `sleep infinity`, \
                 `tail -f`, and whenever a program is unknown. A `sleep` of ten minutes and more is info, and so is `supervisord -c FILE`: its \
                 file mostly says `nodaemon=true`.",
        source: "Kubernetes documentation: Pod Lifecycle (restartPolicy); POSIX.1-2017, Shell Command Language; of each daemon \
                 its own documentation, named row by row in `src/k8s/shell/daemons.rs`",
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
    let Some(run) = Run::written(*container, context.tables) else { return };
    let Some(words) = run.texts() else { return };
    // An image named like the program may hold a program of its own under that name.
    let program = command::base_name(words[0]);
    let own = container.image().is_some_and(|image| !image.official && image.short_name() == program);
    if container.redefines_programs() || (own && !shell::is_shell(program)) {
        return;
    }
    let stdin = if container.has_stdin() { Stdin::Open } else { Stdin::Empty };
    let Some(end) = shell::ending(&words, stdin) else { return };
    // `daemon off;` may stand in a file that is mounted.
    if end.settings.is_some_and(|file| container.has_mount_around(file)) {
        return;
    }
    let as_shipped = end.settings.is_some() && is_as_shipped(*container, &words);
    let severity = match (end.sleeps, end.sure) {
        (600.., _) | (_, Sure::Possible) => Severity::Info,
        (0, sure) if (sure == Sure::Certain || as_shipped) && runs == Runs::Always => Severity::Error,
        _ => Severity::Warning,
    };
    let kind = &container.workload.kind.kind;
    let when = if end.sleeps > 0 { format!(" after {} s", end.sleeps) } else { String::new() };
    let what = if run.is_as_written() { end.last } else { said(&run, stdin) };
    let message = format!("the command ends{when}, and the {kind} restarts it for ever: {what}");
    let script = shell::script(&words);
    let help = match end.advice {
        Some(advice) => advice,
        None if end.abandons => "end the script with `wait`, or `exec` the server in the foreground".to_owned(),
        None if runs == Runs::Pod => "set `restartPolicy: Never` or `OnFailure` if it is meant to end".to_owned(),
        None => "make it a Job or CronJob if it is meant to end; else `exec` the server as the last command".to_owned(),
    };
    let label = if script.is_some() { "this script ends" } else { "this ends" };
    // A script stands in the word after `-c`; without one, the program is what ends.
    let at = script.map_or(0, |script| script.at);
    let mut finding = Finding::new(RULE.name, severity, run.path(at), message).label(label).help(help);
    if let Some(assumed) = end.assumed.filter(|_| !as_shipped) {
        finding = finding.note(format!("assumed that {assumed}"));
    }
    findings.push(finding);
}

/// Whether a program that is started without options has the configuration of its official image.
fn is_as_shipped(container: Container<'_>, words: &[&str]) -> bool {
    let image = container.image();
    words.len() == 1 && image.is_some_and(|image| image.official && image.short_name() == command::base_name(words[0]))
}

/// What is said of the end where values of variables are in the command. They are not repeated: they may be secrets,
/// and what is said here goes to logs.
fn said(run: &Run<'_>, stdin: Stdin) -> String {
    let written = run.as_written().unwrap_or_default();
    let same = shell::ending(&written, stdin).map(|end| end.last);
    same.unwrap_or_else(|| {
        format!("`{}` is a program that ends, once its variables are filled in", written.first().unwrap_or(&"it"))
    })
}
