//! A ServiceAccount that the run does not hold.

use super::references::{Absent, absent};
use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::pod::Workload;
use crate::k8s::set::Sort;
use crate::k8s::set::references::{Reference, Use};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "service-account-missing",
    summary: "a ServiceAccount that a pod runs as is not among the manifests",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "No pod is created at all: the ReplicaSet has an event FailedCreate, `kubectl get pods` shows nothing \
            new, and the rollout hangs.",
        why: "The API server's ServiceAccount admission refuses a Pod whose account does not exist. Other manifests \
            may exist elsewhere, so unless the policy says `set: complete` the rule speaks only of a near miss: a \
            name that is one letter off from one that is there.",
        see: "`kubectl describe replicaset NAME` ends in `error looking up service account NAMESPACE/NAME: \
            serviceaccount \"NAME\" not found`.",
        fix: "Correct `serviceAccountName`, or add the ServiceAccount to the manifests.",
        ignore: "`default` is in every namespace. Ignore it where an operator or another chart makes the account.",
        source: "Kubernetes `plugin/pkg/admission/serviceaccount/admission.go`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let wanted = |reference: &Reference<'_>| reference.how == Use::Object;
    let account = Absent { rule: RULE.name, sort: Sort::ServiceAccount, severity: Severity::Warning, wanted: &wanted };
    absent(&account, workload, context, findings);
}
