//! Pods that a LimitRange of their namespace refuses.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::field::Field;
use crate::k8s::pod::Workload;
use crate::k8s::set::{Bound, LimitRange, Neighbours, Owner, Violation, violations};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "limitrange-violation",
    summary: "a LimitRange of the namespace refuses the pods",
    severity: Severity::Error,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "No pod is created: the ReplicaSet has an event FailedCreate, `kubectl get pods` shows nothing new, and the \
            rollout hangs. A Pod of its own is refused at once.",
        why: "A LimitRange first gives containers its defaults, then every container, or the pod as a whole, has to keep its \
            bounds: `min`, `max`, and the ratio of limit to request. An amount that a bound is about has to be set at all. \
            Where only a request is written, the default limit may lie below it: Kubernetes does not look for that before. \
            It is an error where both objects name the namespace and one file lies in the folder of the other or below it, or \
            neither names one and they stand in one file; else a warning. Where several LimitRanges give defaults for a resource, it is chance which one counts, and nothing is \
            said.",
        see: "`kubectl describe replicaset NAME` ends in `forbidden: maximum memory usage per Container is 1Gi, but limit is \
            2Gi`, or `must be less than or equal to memory limit`.",
        fix: "Set the amount within the bounds, or change the LimitRange.",
        ignore: "Ignore it where a webhook sets the amounts before (a vertical autoscaler).",
        source: "Kubernetes `plugin/pkg/admission/limitranger/admission.go` (PodMutateLimitFunc, PodValidateLimitFunc), \
            `pkg/apis/core/v1/defaults.go` (SetDefaults_LimitRangeItem, SetDefaults_Pod), \
            `pkg/apis/core/validation/validation.go` (validateContainerResourceRequirements)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let all = context.set.limit_ranges(context.home(workload.object));
    for (at, (sure, states)) in all.iter().enumerate() {
        let others =
            all.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, (_, states))| states.iter());
        let others: Vec<&LimitRange> = others.copied().collect();
        let mut found = states.iter().map(|state| violations(*workload, state, &others));
        let first = found.next().unwrap_or_default();
        // Of several states of the LimitRange, one that lets the pods through is enough.
        if found.any(|violations| violations.is_empty()) {
            continue;
        }
        let severity = if *sure == Neighbours::Certain { Severity::Error } else { Severity::Warning };
        findings.extend(first.iter().map(|violation| told(violation, workload, severity)));
    }
}

fn told(violation: &Violation<'_, '_>, workload: &Workload<'_>, severity: Severity) -> Finding {
    let Violation { resource, limit, allowed, range, .. } = *violation;
    let what = if limit { "limit" } else { "request" };
    let name = &range.name;
    let is = match (violation.amount, violation.owner) {
        (Some(amount), Owner::Pod) => format!("the {resource} {what}s of all containers together, {amount}, are"),
        (Some(amount), _) => format!("a {resource} {what} of {amount} is"),
        (None, _) => String::new(),
    };
    let says = match (violation.bound, violation.amount) {
        (Bound::Given, _) => format!("{is} above the limit of {allowed} that LimitRange `{name}` gives"),
        (Bound::Min, Some(_)) => format!("{is} below the {allowed} that LimitRange `{name}` asks for"),
        (Bound::Max, Some(_)) => format!("{is} above the {allowed} that LimitRange `{name}` allows"),
        (Bound::Ratio, Some(_)) => {
            format!("{is} more than {allowed} times the request, which LimitRange `{name}` forbids")
        }
        (_, None) => format!("no {resource} {what} is set, and LimitRange `{name}` bounds it"),
    };
    let happens = match violation.owner {
        Owner::Claim(_) => "no claim is made, and no pod (FailedCreate)",
        _ if workload.object.kind == "Pod" => "the API server refuses the pod",
        _ => "no pod is created (FailedCreate)",
    };
    let path = match violation.owner {
        Owner::Container(container) => container.amount_field(limit, resource).path(),
        Owner::Pod => workload.spec_path(),
        Owner::Claim(claim) => {
            Field::new(workload.object.root, claim, &["spec", "resources", "requests", "storage"]).path()
        }
    };
    let here = match violation.bound {
        Bound::Min => "the least",
        Bound::Max => "the most",
        Bound::Ratio => "the greatest ratio",
        Bound::Given => "the limit that it gives",
    };
    let finding = Finding::new(RULE.name, severity, path, format!("{says}: {happens}")).and_elsewhere(
        range.file,
        violation.span,
        here,
    );
    if severity == Severity::Error {
        finding
    } else {
        finding.note("one of the two names no namespace: they are taken to lie in the same one")
    }
}
