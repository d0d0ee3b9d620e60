//! Container limits that together exceed the Pod's own.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::{Container, Role};
use crate::k8s::pod::Workload;
use crate::k8s::quantity::Quantity;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "pod-memory-overcommitted",
    summary: "containers may together use more memory than their Pod",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A container is OOMKilled (137) although it is below its own limit: the Pod as a whole has reached the Pod's limit, and the \
                  kernel picks a process of any of its containers.",
        why: "`spec.resources.limits.memory` bounds all containers together. The API server asks that each container's limit is no more \
              than the Pod's, and not that their sum is. Counted are app containers and sidecars, which run beside each other.",
        see: "`kubectl describe pod POD` shows `OOMKilled` for a container whose usage was below its limit.",
        fix: "Raise the Pod's limit to the sum, or lower the containers' limits until they fit.",
        ignore: "Sharing can be meant: containers that are never busy at the same time may well have limits that don't add up.",
        source: "Kubernetes `pkg/apis/core/validation/validation.go` (validatePodResourceConsistency); KEP-2837, Pod Level Resource Specifications",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(pod) = workload.memory_limit() else { return };
    let running = workload.containers().into_iter().filter(|container| container.role != Role::Init);
    let limited: Vec<(Container<'_>, Quantity)> =
        running.filter_map(|container| Some((container, container.memory_limit()?))).collect();
    let sum = limited.iter().fold(Quantity::new(0), |sum, (_, limit)| sum.plus(*limit));
    // One alone above the Pod's limit is refused by the API server.
    if sum <= pod || limited.len() < 2 {
        return;
    }
    let mut finding = Finding::new(
        RULE.name,
        Severity::Warning,
        workload.memory_limit_field().path(),
        format!("the containers' memory limits add up to {sum}, and the Pod's own limit is {pod}: the first to reach it is OOMKilled below its own limit"),
    )
    .label("less than the sum of the containers' limits");
    for (container, limit) in &limited {
        finding = finding.and(container.memory_limit_field().path(), format!("{limit} of the sum"));
    }
    findings.push(finding.help(format!("raise the Pod's limit to {sum}, or lower the containers' limits")));
}
