//! Liveness and readiness that ask the same, and give up at the same time.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "liveness-same-as-readiness",
    summary: "a livenessProbe that asks what the readinessProbe asks, and gives up no later",
    severity: Severity::Info,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A replica that is overloaded, or waits for something, is killed in the moment in which it should only get no more traffic. \
                  Its load moves on to the others, its caches are empty when it comes back: overload becomes restarts.",
        why: "Readiness is for \"not now\", liveness for \"never again without a restart\". Where both ask the same and give up after the same \
              failureThreshold · periodSeconds, the first is never given a chance.",
        see: "`kubectl describe pod POD` shows `Readiness probe failed` and `Liveness probe failed` in the same seconds, then `Killing`.",
        fix: "Let the livenessProbe ask something simpler, that needs nobody else; or give it a failureThreshold several times as large.",
        ignore: "Where the process has only two states, and asking one port is all that there is to ask, give the livenessProbe the longer \
                 budget: the rule is silent then.",
        source: "Kubernetes documentation: Liveness, Readiness, and Startup Probes; `pkg/apis/core/v1/defaults.go` (SetDefaults_Probe, \
                 SetDefaults_HTTPGetAction)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(liveness), Some(readiness)) = (container.liveness_probe(), container.readiness_probe()) else { return };
    if !container.is_long_running() || !liveness.is_readable() || !readiness.is_readable() {
        return;
    }
    let same = liveness.handler().zip(readiness.handler()).is_some_and(|(a, b)| a.asks_the_same_as(b));
    let spent = |threshold: u64, period: u64| threshold * period;
    let kills = spent(liveness.failure_threshold(), liveness.period());
    let parks = spent(readiness.failure_threshold(), readiness.period());
    if !same || kills > parks {
        return;
    }
    let when = if kills == parks { "as soon as".to_owned() } else { format!("{} s before", parks - kills) };
    let wanted = (parks * 3).div_ceil(liveness.period()).max(liveness.failure_threshold() + 1);
    findings.push(
        Finding::new(
            RULE.name,
            Severity::Info,
            liveness.path(),
            format!("livenessProbe asks what the readinessProbe asks, and kills {when} that takes the Pod out of its Services"),
        )
        .label(format!("gives up after {kills} s"))
        .and(readiness.path(), format!("gives up after {parks} s"))
        .help(format!("ask something simpler, or raise the livenessProbe's failureThreshold, for instance to {wanted}")),
    );
}
