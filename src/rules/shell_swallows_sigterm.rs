//! A shell that stays in front of a server and hears no SIGTERM.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::command::{Run, base_name};
use crate::k8s::container::Container;
use crate::k8s::kinds::Runs;
use crate::k8s::program::parents;
use crate::k8s::shell::{self, Parent, Stays, Stdin, stays_as_parent};
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "shell-swallows-sigterm",
    summary: "a shell in front of a server, which never hears SIGTERM",
    severity: Severity::Info,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "At every stop (rollout, drain, a liveness probe that failed) nothing happens for the whole grace period; then SIGKILL: exit \
                  code 137, reason `Error`. The server is never told, and ends without closing connections or files.",
        why: "The runtime sends SIGTERM to the container's first process alone. That is the shell, if it stays the parent of the server; \
              and for PID 1 the kernel drops every signal that the process has no handler for. A shell has none unless a `trap` sets it, \
              and passes nothing on. Measured with `sh -c` of Debian 12 and 13: dash 0.5.12 always stays, also for a single command; bash 5.2 takes \
              the place of a simple command that stands last, but stays for one with redirections, in a pipeline or with something in the \
              background; busybox 1.35 and 1.37 take the place of what stands last, unless a line feed follows, as at the end of a YAML block.",
        see: "`kubectl delete pod POD` takes the whole grace period; afterwards exit code 137 without `OOMKilled`. `kubectl exec POD -- ps` shows `sh -c` as PID 1.",
        fix: "Write `exec` before the server, so that it takes the shell's place; or run it without a shell; or let an init process such as `tini` \
              pass signals on.",
        ignore: "The rule is silent where the shell is known to step aside, or may be such a one; with `trap`, `wait`, a preStop command, a `stopSignal` \
                 of one's own, or a shared process namespace (PID 1 is another process then); for what ends by itself; and for `sleep` and `tail`, which \
                 hear no SIGTERM as PID 1 either. Where the image is not known, it speaks only of what all three shells do.",
        source: "signal(7) and pid_namespaces(7): signals for PID 1; containerd `internal/cri/server/container_stop.go`; the shells as \
                 measured, in `src/k8s/shell/stays.rs`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let workload = container.workload;
    let stays_on = container.is_long_running() && matches!(workload.runs(), Runs::Always | Runs::Pod);
    if !stays_on || workload.is_windows() || workload.shares_processes() {
        return;
    }
    if container.pre_stop().is_some() || container.has_stop_signal() || container.redefines_programs() {
        return;
    }
    let Some(run) = Run::written(*container, context.tables) else { return };
    let Some(words) = run.as_written() else { return };
    // Other programs in front of the shell may do anything with a signal.
    let first = base_name(words[0]);
    let Some(script) = shell::script(&words).filter(|script| !script.under_init && !script.limited) else { return };
    if !(shell::is_shell(first) || matches!(first, "env" | "busybox")) {
        return;
    }
    let parents = parents(*container, context.tables, script.shell);
    let Some(stays) = stays(&script, parents) else { return };
    let last: Vec<&str> = stays.words.iter().map(String::as_str).collect();
    let stdin = if container.has_stdin() { Stdin::Open } else { Stdin::Empty };
    if shell::ending(&words, stdin).is_some() || shell::endless(&last).is_some_and(|end| end.certain) {
        return;
    }
    let program = base_name(last[0]);
    let grace = workload.grace_period().unwrap_or(crate::k8s::lifecycle::DEFAULT_GRACE);
    let message = format!(
        "`{}` stays PID 1 in front of `{program}` and drops SIGTERM: it is killed at every stop, {grace} s later (exit code 137)",
        script.shell
    );
    let finding = Finding::new(RULE.name, Severity::Info, run.path(script.at), message).label("no `exec`, no `trap`");
    let mended = stays.at.map(|at| format!("{}exec {}", &script.text[..at], &script.text[at..]));
    let edits = mended.and_then(|text| run.replace(script.at, json!(text)));
    findings.push(match edits {
        Some(edits) => finding.help(format!("write `exec {program} …`")).fix(
            Safety::Review,
            format!("let `{program}` take the shell's place"),
            edits,
        ),
        None => finding.help("let the server take the shell's place with `exec`, or pass signals on with `trap`"),
    });
}

/// The last command, where every shell that may run the script stays its parent.
fn stays(script: &shell::Script<'_>, parents: &[Parent]) -> Option<Stays> {
    let mut last = None;
    for parent in parents {
        last = Some(stays_as_parent(script, *parent)?);
    }
    last
}
