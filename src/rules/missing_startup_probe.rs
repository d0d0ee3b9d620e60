//! A livenessProbe that runs from the first second, and nothing that holds it off.

use super::{Check, Context, Docs, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity, Timeline};
use crate::k8s::container::{Container, Role};
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of `missing-startup-probe`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Options {
    /// Guaranteed seconds before a kill that are enough for a program of which nothing is known.
    unknown_needs_seconds: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { unknown_needs_seconds: 30 }
    }
}

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "missing-startup-probe",
    summary: "a livenessProbe without a startupProbe kills containers that start slowly",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Safe),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The kubelet begins to check as soon as the container runs. An application that is still starting fails \
                  the checks, is killed, starts again from nothing and is killed again: CrashLoopBackOff, with exit code 137 \
                  (it ignored SIGTERM), 143 (SIGTERM ended it) or 0 (it handled SIGTERM well, and shows `Completed`).",
        why: "Without a startupProbe the livenessProbe alone decides how long a start may take. It never kills sooner than \
              B = initialDelaySeconds + (failureThreshold − 1) · periodSeconds after the start, and often not much later: the \
              last of the failed checks counts at once. With the defaults that is 20 s, not 30. A start on a busy node, \
              with a cold cache or after a migration, takes several times what it takes on a laptop.\n\n\
              It is a warning where B is shorter than what the table of slow starters says of the image or program, or \
              below 30 s for a program of which nothing is known; else it is info.",
        see: "`kubectl describe pod POD` shows `Liveness probe failed` and `Container NAME failed liveness probe, will be \
              restarted` among the events, again and again at the same distance from the start.",
        fix: "Add a startupProbe with the same handler, and give it time: `periodSeconds: 5` and `failureThreshold: 61` \
              guarantee 300 s, and cost nothing when the start is quick, as the first success ends it. Keep \
              the livenessProbe for hangs later on. A long `initialDelaySeconds` is the worse way: every restart waits it out.",
        ignore: "When the container has no livenessProbe the rule is silent, as it is for init containers and Jobs. Ignore it for \
                 programs that answer within a second on the worst day.",
        source: "Kubernetes `pkg/kubelet/prober/worker.go` (when a check counts), `pkg/apis/core/v1/defaults.go` \
                 (SetDefaults_Probe); documentation: Configure Liveness, Readiness and Startup Probes",
    },
    options: OptionsType::of::<Options>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let startup = container.startup_probe_field();
    if startup.node().is_some() {
        return;
    }
    let Some(liveness) = container.killing_probe(context.tables) else { return };
    let options: &Options = context.options();
    let slow = context.tables.slow_starter(*container);
    let needed = slow.as_ref().map_or(options.unknown_needs_seconds, |(row, _)| row.seconds);
    let (budget, latest) = (liveness.budget(), liveness.latest_kill());
    let first_check = match liveness.initial_delay() {
        0 => "the first second".to_owned(),
        delay => format!("{delay} s"),
    };
    let severity = if budget < needed { Severity::Warning } else { Severity::Info };
    let killed = format!("killed {budget} s after start at the earliest, about {latest} s at the latest");
    let message = match &slow {
        Some((row, _)) => format!("livenessProbe without startupProbe: {killed}; {} needs about {needed} s", row.name),
        None => format!("livenessProbe without startupProbe: a start that takes longer is {killed}"),
    };
    let mut finding = Finding::new(RULE.name, severity, startup.path(), message)
        .label("no `startupProbe` here")
        .and(liveness.path(), format!("checks from {first_check} on, and kills from {budget} s on"))
        .help("add a startupProbe with the same handler: it holds the livenessProbe off until the application has started")
        .timeline(Timeline {
            probe: liveness.purpose.field(),
            first_check: liveness.initial_delay(),
            period: liveness.period(),
            checks: liveness.failure_threshold(),
            earliest_kill: budget,
            latest_kill: latest,
            needed: slow.as_ref().map(|_| needed),
        });
    if let Some((row, by)) = &slow {
        finding = finding.note(format!("taken for {} because of {by}", row.name));
    }
    // The containers behind a sidecar wait for its startupProbe: where its check needs them, both would wait.
    let alone = container.role == Role::App;
    if let Some(probe) = liveness.as_startup_probe(needed.max(300), context.tables).filter(|_| alone) {
        let title =
            format!("add a startupProbe that allows {} s ({} s × {})", probe.budget, probe.period, probe.threshold);
        finding = finding.fix(Safety::Safe, title, startup.set(probe.json));
    }
    findings.push(finding);
}
