//! A ConfigMap that the run does not hold.

use super::references::{Absent, absent};
use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::pod::Workload;
use crate::k8s::set::Sort;
use crate::k8s::set::references::{Reference, Use};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "configmap-missing",
    summary: "a ConfigMap that a pod needs is not among the manifests",
    severity: Severity::Error,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A variable that reads it: the container is never created, and the pod shows CreateContainerConfigError. \
            A volume that shows it: the pod stays in ContainerCreating, with an event FailedMount every two minutes. \
            A rollout waits for ever; the old pods go on, until their node goes.",
        why: "The kubelet asks for the ConfigMap before it creates the container. A reference with `optional: true` is \
            let through, any other is a condition. Other manifests may exist elsewhere, so unless the policy says \
            `set: complete` the rule speaks only of a near miss: a name that is one letter off from one that is \
            there.",
        see: "`kubectl describe pod POD` ends in `configmap \"NAME\" not found`; `kubectl get configmap -n NAMESPACE` \
            shows what is there.",
        fix: "Correct the name, or add the ConfigMap to the manifests that are applied with this one. If the container \
            can do without it, say `optional: true`.",
        ignore: "The rule knows ConfigMap and Secret generators of kustomize, and what ExternalSecret, SealedSecret, \
            Certificate, VaultStaticSecret, InfisicalSecret and OnePasswordItem make. Ignore it where something else \
            makes the ConfigMap at run time.",
        source: "Kubernetes `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables), `pkg/volume/configmap/configmap.go` (SetUpAt)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let wanted = |reference: &Reference<'_>| !matches!(reference.how, Use::Pull | Use::Object);
    let absent_object = Absent { rule: RULE.name, sort: Sort::ConfigMap, severity: Severity::Error, wanted: &wanted };
    absent(&absent_object, workload, context, findings);
}
