//! A probe that waits longer for one answer than until the next question.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::probe::{Probe, Purpose};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "probe-timeout-exceeds-period",
    summary: "a probe that waits longer for one answer than its period lasts",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A program that hangs is killed much later than the period and the threshold promise, or stays in its Service for longer. One \
                  that refuses at once is killed as soon as they promise: the same probe means two very different times.",
        why: "The kubelet runs one check of a probe at a time, and ticks that pass meanwhile are lost. Where every check runs into its \
              timeout, (failureThreshold − 1) · max(periodSeconds, timeoutSeconds) + timeoutSeconds go by, and `periodSeconds` means nothing.",
        see: "`kubectl describe pod POD` shows `probe failed: … context deadline exceeded` at distances of timeoutSeconds.",
        fix: "Raise `periodSeconds` to the timeout, or lower the timeout below the period: an answer that takes longer than a few \
              seconds is mostly none.",
        ignore: "For a readinessProbe, which kills nothing, it is info. Ignore it where a slow answer is normal, and a late kill is what you want.",
        source: "Kubernetes `pkg/kubelet/prober/worker.go` (one check at a time; a time.Ticker drops ticks that nobody waits for)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(container.probes().filter_map(judge));
}

fn judge(probe: Probe<'_>) -> Option<Finding> {
    let (period, timeout, threshold) = (probe.period(), probe.timeout(), probe.failure_threshold());
    if timeout <= period || !probe.is_readable() {
        return None;
    }
    let what = probe.purpose.field();
    let promised = (threshold - 1) * period + timeout;
    let real = (threshold - 1) * timeout + timeout;
    let (severity, end) = match probe.purpose {
        Purpose::Readiness => (Severity::Info, "out of its Services"),
        _ => (Severity::Warning, "killed"),
    };
    let message = format!(
        "{what} waits {timeout} s for an answer and asks every {period} s: a program that hangs is {end} after about {real} s"
    );
    let place = probe.period_field();
    Some(
        Finding::new(RULE.name, severity, probe.timeout_field().path(), message)
            .label(format!("longer than the period of {period} s"))
            .note(format!("{threshold} checks of {timeout} s each follow each other; the numbers promise {promised} s"))
            .help(format!("raise periodSeconds to {timeout}, or lower timeoutSeconds to {period} or less"))
            .fix(Safety::Review, format!("raise periodSeconds to {timeout}"), place.set(timeout.into())),
    )
}
