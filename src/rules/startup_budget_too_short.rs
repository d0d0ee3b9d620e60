//! A startupProbe that gives up before a slow starter has started.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity, Timeline};
use crate::k8s::container::Container;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "startup-budget-too-short",
    summary: "a startupProbe that gives up sooner than such a program starts",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Safe),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container is killed while it starts, starts again from nothing and is killed again: CrashLoopBackOff, with exit code \
                  137 (it ignored SIGTERM), 143 (SIGTERM ended it) or 0 (it handled SIGTERM well).",
        why: "A startupProbe kills no sooner than B = initialDelaySeconds + (failureThreshold − 1) · periodSeconds after the start, and \
              often hardly later: `failureThreshold: 3` with the default period guarantees 20 s, not 30. The image, the program or \
              a variable says what runs here, and the table of slow starters how long such a start takes on an ordinary day.",
        see: "`kubectl describe pod POD` shows `Startup probe failed` and `Container NAME failed startup probe, will be restarted`, \
              always at the same distance from the start.",
        fix: "Raise `failureThreshold`. A long budget costs nothing when the start is quick, as the first success ends it.",
        ignore: "What is not in the table is left alone. Ignore it where you have measured your start on a busy node; the table can be \
                 extended in the policy (`slowStarters`).",
        source: "Kubernetes `pkg/kubelet/prober/worker.go` (when a check counts), `pkg/apis/core/v1/defaults.go` (SetDefaults_Probe); \
                 the table of slow starters names a source in each row",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(probe) = container.startup_probe().filter(|probe| container.is_long_running() && probe.is_readable())
    else {
        return;
    };
    let Some((row, by)) = context.tables.slow_starter(*container) else { return };
    let (budget, latest, needed) = (probe.budget(), probe.latest_kill(), row.seconds);
    if budget >= needed {
        return;
    }
    let message = format!(
        "startupProbe kills {budget} s after start at the earliest, about {latest} s at the latest; {} needs about {needed} s",
        row.name
    );
    let place = probe.failure_threshold_field();
    let threshold = needed.saturating_sub(probe.initial_delay()).div_ceil(probe.period()) + 1;
    let arithmetic = match probe.initial_delay() {
        0 => format!("({} − 1) · {} s", probe.failure_threshold(), probe.period()),
        delay => format!("{delay} s + ({} − 1) · {} s", probe.failure_threshold(), probe.period()),
    };
    let mut finding = Finding::new(RULE.name, Severity::Warning, place.path(), message)
        .label(format!("guarantees {arithmetic} = {budget} s"))
        .note(format!("taken for {} because of {by}", row.name))
        .help(format!("raise failureThreshold to {threshold}: a quick start still ends the startupProbe at once"))
        .timeline(Timeline {
            probe: probe.purpose.field(),
            first_check: probe.initial_delay(),
            period: probe.period(),
            checks: probe.failure_threshold(),
            earliest_kill: budget,
            latest_kill: latest,
            needed: Some(needed),
        });
    if threshold <= i32::MAX as u64 {
        finding =
            finding.fix(Safety::Safe, format!("raise failureThreshold to {threshold}"), place.set(threshold.into()));
    }
    findings.push(finding);
}
