//! An init container that waits in a loop without an end.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::command::Run;
use crate::k8s::container::{Container, Role};
use crate::k8s::shell;
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "init-waits-forever",
    summary: "an init container waits in a loop that has no limit",
    severity: Severity::Info,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "Where what it waits for never comes (a wrong name, another namespace, a network policy), the pod stays in `Init:0/1` for ever. \
                  Nothing restarts, no event tells of it, and no alert on restarts fires.",
        why: "An `until` or `while` loop ends by its condition alone. With a limit the init container fails, is restarted with back-off, and the \
              failure can be seen: `Init:Error`, `Init:CrashLoopBackOff`, a count of restarts. A loop counts as limited by a number that is \
              counted or compared, a clock (`$SECONDS`, `date +%s`), an `exit` with a code, `timeout` around it, or the pod's or Job's \
              `activeDeadlineSeconds`.",
        see: "`kubectl get pods` shows `Init:0/1` with a growing age; `kubectl logs POD -c INIT` shows the same line again and again.",
        fix: "Run the script under `timeout` (coreutils, busybox 1.30 and later), or count: `for i in $(seq 60); do nc -z db 5432 && exit 0; sleep 2; \
              done; exit 1`. Mostly the application itself should try again, and no init container is needed.",
        ignore: "The rule is silent for loops over input, for what has a limit of any of these kinds, and for scripts that kill. Ignore it where somebody watches pods \
                 that are not ready.",
        source: "Kubernetes documentation: Init Containers; timeout(1) of coreutils: exit code 124",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// Seconds that the fix allows.
const LIMIT: u32 = 600;

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some((at, count)) = container.init_position().filter(|_| container.role == Role::Init) else { return };
    if container.workload.is_windows() || container.workload.is_limited_in_time() {
        return;
    }
    let Some(run) = Run::written(*container, context.tables) else { return };
    let Some(words) = run.as_written() else { return };
    let Some(asked) = shell::waits_forever(&words) else { return };
    let place = shell::script(&words).map_or(0, |script| script.at);
    let asked = shown(&asked);
    let message = format!(
        "the init container waits for `{asked}` without a limit: the pod may stay in `Init:{at}/{count}` for ever"
    );
    let finding = Finding::new(RULE.name, Severity::Info, run.path(place), message).label("a loop without a limit");
    let limit = LIMIT.to_string();
    let mut limited = vec!["timeout", &limit];
    limited.extend(&words);
    // What stands in `args` stays there.
    let (command, args) = container.command_words();
    let own = limited.len() - args.as_ref().map_or(0, Vec::len);
    findings.push(match command {
        Some(_) => finding.help("run it under `timeout`, so that it fails and can be seen").fix(
            Safety::Review,
            format!("end it after {LIMIT} s"),
            container.command_field().set(json!(limited[..own])),
        ),
        None => finding.help("count the tries, and end with an error"),
    });
}

/// A command as a person would quote it, cut where it is long.
fn shown(words: &[String]) -> String {
    let line = words.join(" ").replace(['\n', '\r', '`'], " ");
    if line.chars().count() > 60 { line.chars().take(59).chain(['…']).collect() } else { line }
}
