//! A livenessProbe that kills on one slow answer.

use super::{Check, Context, Docs, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of `aggressive-liveness-probe`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Options {
    /// Least failureThreshold that is accepted.
    min_failure_threshold: u64,
    /// Least seconds, (failureThreshold − 1) · periodSeconds + timeoutSeconds, that a running
    /// container may be silent.
    min_tolerance_seconds: u64,
    /// Least periodSeconds that is accepted.
    min_period_seconds: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { min_failure_threshold: 3, min_tolerance_seconds: 10, min_period_seconds: 1 }
    }
}

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "aggressive-liveness-probe",
    summary: "a livenessProbe that kills after a moment's silence turns load into restarts",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Safe),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A garbage collection, a slow disk or a full CPU delays an answer or two, and the kubelet kills a container \
                  that was only slow. Its load moves to the other replicas, which become slow and are killed as well: a restart \
                  storm. Exit code 137, 143 or 0, and after a few rounds CrashLoopBackOff.",
        why: "A running container may be silent for (failureThreshold − 1) · periodSeconds + timeoutSeconds. The rule asks for at \
              least 3 failures in a row, and for at least 10 s. `timeoutSeconds` is 1 by default, so that a single answer \
              slower than a second counts as a failure.",
        see: "`kubectl describe pod POD` shows `Liveness probe failed: … context deadline exceeded` and `Killing`, at times of load; \
              `kubectl get pods` shows restarts of several replicas within minutes.",
        fix: "Raise `failureThreshold` to 3 or more, then `periodSeconds`, until the sum reaches what your slowest healthy moment \
              takes. Liveness is for deadlocks, which don't get worse by waiting half a minute; readiness is what takes a \
              slow replica out of service.",
        ignore: "The rule is silent for init containers, Jobs, and for readiness and startup probes. Ignore it where a quick restart is \
                 really better than a late answer, and the check can't be delayed by load.",
        source: "Kubernetes `pkg/kubelet/prober/worker.go`, `pkg/apis/core/v1/defaults.go` (SetDefaults_Probe)",
    },
    options: OptionsType::of::<Options>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(probe) = container.killing_probe(context.tables) else { return };
    let options: &Options = context.options();
    let (period, threshold, timeout) = (probe.period(), probe.failure_threshold(), probe.timeout());
    let tolerance = probe.tolerance();
    let few = threshold < options.min_failure_threshold;
    let short = tolerance < options.min_tolerance_seconds;
    let often = period < options.min_period_seconds;
    if !few && !short && !often {
        return;
    }
    let checks = if threshold == 1 { "one failed check".to_owned() } else { format!("{threshold} failed checks") };
    let message = format!("livenessProbe kills a running container after {tolerance} s of silence ({checks})");
    // Where one failure kills, no period makes up for it.
    let least = if timeout < options.min_tolerance_seconds {
        options.min_failure_threshold.max(2)
    } else {
        options.min_failure_threshold
    };
    let wanted_threshold = threshold.max(least);
    // (F−1)·P + T ≥ tolerance, for the smallest P that is no smaller than today's.
    let missing = options.min_tolerance_seconds.saturating_sub(timeout).div_ceil((wanted_threshold - 1).max(1));
    let wanted_period = period.max(missing).max(options.min_period_seconds);
    let place = if few { probe.failure_threshold_field() } else { probe.period_field() };
    let why = if few {
        format!("fewer than {} failures in a row", options.min_failure_threshold)
    } else if short {
        format!("({threshold} − 1) · {period} s + {timeout} s is less than {} s", options.min_tolerance_seconds)
    } else {
        format!("checks every {period} s, more often than every {} s", options.min_period_seconds)
    };
    let mut edits = Vec::new();
    let mut orders = Vec::new();
    if wanted_threshold != threshold {
        edits.extend(probe.failure_threshold_field().set(wanted_threshold.into()));
        orders.push(format!("failureThreshold to {wanted_threshold}"));
    }
    if wanted_period != period {
        edits.extend(probe.period_field().set(wanted_period.into()));
        orders.push(format!("periodSeconds to {wanted_period}"));
    }
    let order = format!("raise {}", orders.join(" and "));
    let survives = (wanted_threshold - 1) * wanted_period + timeout;
    findings.push(
        Finding::new(RULE.name, Severity::Warning, place.path(), message)
            .label(why)
            .help(format!("{order}: the container may then be silent for {survives} s"))
            .fix(Safety::Safe, order, edits),
    );
}
