//! A PersistentVolumeClaim that the run does not hold.

use super::references::{Absent, absent};
use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::pod::Workload;
use crate::k8s::set::Sort;
use crate::k8s::set::references::{Reference, Use};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "claim-missing",
    summary: "a PersistentVolumeClaim that a pod mounts is not among the manifests",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The pod stays Pending: the scheduler finds no node for a volume that is not there.",
        why: "A pod that names a claim waits for it. Claims of a StatefulSet's `volumeClaimTemplates` are made for it \
            and need no manifest. Other manifests may exist elsewhere, so unless the policy says `set: complete` the \
            rule speaks only of a near miss: a name that is one letter off from one that is there.",
        see: "`kubectl describe pod POD` shows `persistentvolumeclaim \"NAME\" not found` under FailedScheduling.",
        fix: "Correct `claimName`, or add the PersistentVolumeClaim to the manifests.",
        ignore: "Ignore it where the claim outlives the manifests: restored from a backup, or made by an operator.",
        source: "Kubernetes `pkg/scheduler/framework/plugins/volumebinding/volume_binding.go` (PreFilter)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let wanted = |reference: &Reference<'_>| reference.how == Use::Object;
    let claim = Absent { rule: RULE.name, sort: Sort::Claim, severity: Severity::Warning, wanted: &wanted };
    absent(&claim, workload, context, findings);
}
