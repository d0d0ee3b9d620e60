//! No memory limit anywhere.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::{Container, Role};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "missing-memory-limit",
    summary: "a container without a memory limit takes its neighbours down with it",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A leak or a spike grows until the node has no memory left. Then the kernel kills whatever it finds (137, OOMKilled, often \
                  another container), or the kubelet evicts Pods: those that use more than they asked for go first.",
        why: "Without a limit the only bound is the node. The container with the leak is not the one that pays; and whoever looks for \
              the cause looks at the wrong Pod.",
        see: "`kubectl describe node NODE` shows `SystemOOM` and `MemoryPressure`; `kubectl get events -A --field-selector reason=Evicted` \
              shows who had to go.",
        fix: "Set `resources.limits.memory`. Twice the request is a fair beginning; then look at what it really uses.",
        ignore: "The rule is silent where the Pod has a limit of its own (`spec.resources`), and where a LimitRange among the manifests \
                 gives a default: one of the same namespace, or one that names none and lies in the same folder or above. For init containers it is info. Ignore it where a LimitRange exists only in the cluster.",
        source: "Kubernetes documentation: Resource Management for Pods and Containers; Node-pressure Eviction",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let field = container.memory_limit_field();
    let object = container.workload.object;
    let limited = field.node().is_some()
        || container.workload.has_memory_limit()
        || context.set.gives_memory_limit(context.home(object));
    if limited || !container.resources_are_readable() {
        return;
    }
    let severity = if container.role == Role::Init { Severity::Info } else { Severity::Warning };
    let finding = Finding::new(
        RULE.name,
        severity,
        field.path(),
        "no memory limit: a leak or a spike takes the whole node's memory",
    )
    .label("no `limits.memory`")
    .help("set `resources.limits.memory`; twice the request is a fair beginning");
    findings.push(match container.memory_request().filter(|request| !request.is_zero()) {
        Some(request) => {
            let wanted = request.times(2, 1).tidy().bytes();
            finding.fix(
                Safety::Review,
                format!("set the memory limit to {wanted}, twice the request"),
                field.set(wanted.into()),
            )
        }
        None => finding,
    });
}
