//! A reference to an object of another namespace.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::pod::Workload;
use crate::k8s::set::{Question, Standing};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "reference-in-other-namespace",
    summary: "what a pod refers to exists only in another namespace",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A pod sees only its own namespace. Variables: CreateContainerConfigError; volumes: ContainerCreating \
            with FailedMount; a ServiceAccount: no pod is created; a claim: Pending.",
        why: "ConfigMaps, Secrets, ServiceAccounts and PersistentVolumeClaims are looked up in the pod's namespace, \
            and references have no field for another one. The rule compares namespaces as they are written: where \
            either is absent, or a kustomization sets it, nothing is said; nor where the same workload is in the other \
            namespace as well, as then these are two environments.",
        see: "`kubectl describe pod POD` says `not found`, while `kubectl get … -A` shows the object elsewhere.",
        fix: "Move one of the two, or make a copy in the pod's namespace.",
        ignore: "Ignore it where an operator copies the object between namespaces (reflector, kubed, an ExternalSecret in \
            the cluster).",
        source: "Kubernetes `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables): the pod's namespace",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen = Vec::new();
    for reference in context.references(workload).iter().filter(|reference| !reference.optional) {
        let Standing::OtherNamespace(fact, there) = context.set.standing(reference) else { continue };
        // A volume's items name the object once each.
        if seen.contains(&reference.node) {
            continue;
        }
        seen.push(reference.node);
        // The same workload is there, too: of this environment, not all is among the manifests.
        let Some(late) = context.late(|| Question::Other) else { continue };
        if late.has_workload(workload.object.kind, workload.object.name(), there) {
            continue;
        }
        let (kind, here) = (reference.sort.kind(), reference.namespace().unwrap_or_default());
        let message = format!(
            "{kind} `{}` is in namespace `{there}`, and the pod is in `{here}`: it is not found",
            reference.name
        );
        findings.push(
            Finding::new(RULE.name, Severity::Warning, reference.path(), message)
                .and_elsewhere(fact.file, fact.span, format!("in `{there}`"))
                .help(format!("put a {kind} of this name into `{here}`, or the workload into `{there}`")),
        );
    }
}
