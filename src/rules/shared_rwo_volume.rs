//! A volume for one node, or one pod, that several pods mount.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::pod::Workload;
use crate::k8s::set::references::Reference;
use crate::k8s::set::{Fact, Neighbours, Sort};
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "shared-rwo-volume",
    summary: "several pods mount a claim that only one node, or one pod, can have",
    severity: Severity::Error,
    scope: Scope::Set,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "Pods on another node than the first stay in ContainerCreating: `Multi-Attach error for volume`. On the same \
            node both run on one data directory, and a database that locks it ends with exit code 1 and loops. Of a \
            ReadWriteOncePod claim the second pod stays Pending.",
        why: "ReadWriteOnce means one node at a time. More than one replica needs more than one node sooner or later; and a \
            rolling update of a single replica starts the new pod first (`maxSurge` is 25 %, rounded up to 1) while the \
            old one holds the volume. ReadWriteOncePod means one pod: that the second one can't run is certain, so it is an \
            error where `replicas` says so.",
        see: "`kubectl describe pod POD` shows FailedAttachVolume `Multi-Attach error`, or FailedScheduling `node has pod \
            using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode`.",
        fix: "For one replica, `strategy: {type: Recreate}`. For several, a StatefulSet with `volumeClaimTemplates`, so that \
            each pod has a claim of its own, or a volume that is ReadWriteMany.",
        ignore: "The rule is silent where the pods are bound to one node by `nodeName` or its hostname. Ignore it where the \
            storage does not enforce the mode (NFS, hostPath) and the application can share its files.",
        source: "Kubernetes documentation: Persistent Volumes, Access Modes; `pkg/scheduler/framework/plugins/volumerestrictions/\
            volume_restrictions.go`, `pkg/controller/volume/attachdetach/reconciler/reconciler.go` (reportMultiAttachError)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(replicas) = workload.replicas().filter(|count| *count > 0) else { return };
    let object = workload.object;
    let scale = context.set.scales(object.kind, object.name(), object.namespace()).max_by_key(|scale| scale.most);
    let (least, most) = scale.map_or((replicas, replicas), |scale| (scale.least, scale.most.max(replicas)));
    if most < 2 && !workload.surges() {
        return;
    }
    let mut seen = Vec::new();
    for reference in context.references(workload).iter().filter(|reference| reference.sort == Sort::Claim) {
        let states: Vec<&Fact> = context.set.referred(reference).collect();
        let Some(fact) = states.first() else { continue };
        let is = |mode: &str| states.iter().all(|fact| matches!(fact.access_modes(), [only] if **only == *mode));
        let per_pod = is("ReadWriteOncePod");
        if !(per_pod || is("ReadWriteOnce") && !workload.is_bound_to_a_node()) || seen.contains(&reference.name) {
            continue;
        }
        seen.push(reference.name);
        let mode = if per_pod { "ReadWriteOncePod" } else { "ReadWriteOnce" };
        let label = format!("the claim is here; it is {mode}");
        let finding = if most > 1 {
            let home = context.home(object);
            let certain = states.iter().any(|fact| {
                context.set.neighbours((fact.namespace.as_deref(), fact.file), home) == Some(Neighbours::Certain)
            });
            let severity = if per_pod && least > 1 && certain { Severity::Error } else { Severity::Warning };
            let finding = shared(reference, severity, mode, most, least);
            match (scale.filter(|scale| scale.most > 1), workload.replicas_field()) {
                (Some(scale), _) => finding.and_elsewhere(scale.file, scale.span, format!("up to {} pods", scale.most)),
                (None, Some(field)) => finding.and(field.path(), format!("{replicas} pods")),
                (None, None) => finding,
            }
        } else {
            surging(reference, workload, mode)
        };
        findings.push(finding.and_elsewhere(fact.file, fact.span, label));
    }
}

fn shared(reference: &Reference<'_>, severity: Severity, mode: &str, most: i64, least: i64) -> Finding {
    let pods = if least == most { format!("{most} pods") } else { format!("up to {most} pods") };
    let happens = match mode {
        "ReadWriteOncePod" => "all but one stay Pending",
        _ => "those on another node than the first never start (Multi-Attach error)",
    };
    let message = format!("{pods} mount the claim `{}`, which is {mode}: {happens}", reference.name);
    Finding::new(RULE.name, severity, reference.path(), message)
        .help("give each pod a claim of its own (StatefulSet, `volumeClaimTemplates`), or make it ReadWriteMany")
}

fn surging(reference: &Reference<'_>, workload: &Workload<'_>, mode: &str) -> Finding {
    let happens = match mode {
        "ReadWriteOncePod" => "it stays Pending",
        _ => "on another node it never starts (Multi-Attach error), on the same one both write to it",
    };
    let message = format!(
        "an update starts the new pod while the old one holds the claim `{}`, which is {mode}: {happens}",
        reference.name
    );
    let finding = Finding::new(RULE.name, Severity::Warning, reference.path(), message);
    let Some(strategy) = workload.strategy_field() else { return finding };
    finding
        .and(strategy.path(), "a rolling update that starts one pod more")
        .help("set `strategy.type` to Recreate: the old pod ends before the new one starts")
        .fix(Safety::Review, "replace pods by Recreate", strategy.set(json!({"type": "Recreate"})))
}
