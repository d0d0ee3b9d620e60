//! Containers that say nothing of what a ResourceQuota counts.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::pod::Workload;
use crate::k8s::resources::Amounts;
use crate::k8s::set::{Counted, Quota, Scope as Counts};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "quota-needs-resources",
    summary: "a ResourceQuota counts what a container does not set",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "No pod is created: the ReplicaSet has an event FailedCreate, `kubectl get pods` shows nothing new, and the \
            rollout hangs. A Pod of its own is refused at once.",
        why: "Where a ResourceQuota counts CPU or memory, each container of the namespace, init containers included, has to set \
            what is counted: its request for `cpu`, `memory` and `requests.…`, its limit for `limits.…`. A limit stands for an \
            absent request. Other resources are counted without being asked for. The rule knows the defaults of LimitRanges \
            among the manifests; one that exists only in the cluster it can't see, hence the warning.",
        see: "`kubectl describe replicaset NAME` ends in `failed quota: NAME: must specify limits.memory for: CONTAINER`.",
        fix: "Set the requests and limits of every container, or give the namespace a LimitRange with defaults.",
        ignore: "Ignore it where a LimitRange of the cluster gives the defaults, or a webhook sets the amounts.",
        source: "Kubernetes `pkg/quota/v1/evaluator/core/pods.go` (Constraints, validationSet, podMatchesScopeFunc)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    // Amounts of the pod as a whole are enough.
    if workload.has_resources() {
        return;
    }
    let quotas = context.set.quotas(context.home(workload.object));
    if quotas.is_empty() {
        return;
    }
    let containers: Vec<(Container<'_>, Option<Amounts<'_>>)> =
        workload.containers().into_iter().map(|container| (container, container.amounts())).collect();
    let sets_something =
        containers.iter().any(|(_, amounts)| amounts.as_ref().is_none_or(|amounts| !amounts.is_empty()));
    for (_, states) in quotas {
        let Some((first, others)) = states.split_first() else { continue };
        if !states.iter().all(|quota| applies(quota, workload, sets_something)) {
            continue;
        }
        for (container, amounts) in &containers {
            let Some(amounts) = amounts else { continue };
            let missing = first.counts.iter().filter(|(counted, _)| {
                let set = amounts.of_pod(counted.limit, counted.resource).is_some()
                    || context.set.may_give(workload.object.namespace(), counted.limit, counted.resource);
                !set && others.iter().all(|quota| quota.counts.iter().any(|(other, _)| other == counted))
            });
            let missing: Vec<_> = missing.collect();
            let Some((counted, span)) = missing.first() else { continue };
            let names: Vec<String> = missing.iter().map(|(counted, _)| format!("`{}`", name(*counted))).collect();
            let happens = if workload.object.kind == "Pod" {
                "the API server refuses the pod"
            } else {
                "no pod is created (FailedCreate)"
            };
            let message = format!(
                "ResourceQuota `{}` counts {}, and the container does not set {}: {happens}",
                first.name,
                names.join(" and "),
                if missing.len() == 1 { "it" } else { "them" }
            );
            let path = container.amount_field(counted.limit, counted.resource).path();
            findings.push(
                Finding::new(RULE.name, Severity::Warning, path, message)
                    .container(container.name())
                    .and_elsewhere(first.file, *span, "counted here")
                    .help("set it, or give the namespace a LimitRange with defaults"),
            );
        }
    }
}

/// As a quota writes it: `requests.memory`.
fn name(counted: Counted) -> String {
    format!("{}.{}", if counted.limit { "limits" } else { "requests" }, counted.resource)
}

/// Whether a quota counts the pods of a workload.
fn applies(quota: &Quota, workload: &Workload<'_>, sets_something: bool) -> bool {
    quota.scopes.iter().all(|scope| match scope {
        Counts::Terminating(wanted) => workload.has_deadline() == *wanted,
        Counts::BestEffort(wanted) => sets_something != *wanted,
        Counts::Other => false,
    })
}
