//! A type in a version that Kubernetes serves no more.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::object::Object;
use crate::k8s::removed::removed;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "api-version-removed",
    summary: "an apiVersion that Kubernetes serves no more",
    severity: Severity::Error,
    // The API server comes first where an object is already on its way.
    scope: Scope::File,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "`kubectl apply` says `no matches for kind \"Deployment\" in version \"extensions/v1beta1\"`, and nothing of the \
            object is stored. What is there already goes on running as it was; what is new never starts.",
        why: "Versions before `v1` are taken away some releases after their successor has come. The objects themselves stay, \
            and are readable in the new version; only manifests have to change. It is an error where the policy's \
            `kubernetesVersion` serves the version no more, and a warning where it does, or where the policy names none.",
        see: "`kubectl apply --dry-run=server -f FILE`; `kubectl api-resources` lists what the cluster serves.",
        fix: "Write the version that the message names. Some types changed with it: a Deployment of `apps/v1` needs \
            `spec.selector`, an Ingress of `networking.k8s.io/v1` needs `pathType` and names its backend as \
            `service.name` and `service.port`. The migration guide lists the changes; `kubectl convert` makes most of them.",
        ignore: "Ignore it for manifests that are kept for old clusters, and say so with `kubernetesVersion`.",
        source: "Kubernetes documentation: Deprecated API Migration Guide; `APILifecycleRemoved` in `k8s.io/api`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Object(check),
};

fn check(object: &Object<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (version, kind) = (object.api_version, object.kind);
    let Some(row) = removed(version, kind) else { return };
    let gone = context.kubernetes_minor.is_some_and(|minor| minor >= row.since_minor);
    let severity = if gone { Severity::Error } else { Severity::Warning };
    let message = format!("`{version}` of {kind} is served no more from Kubernetes 1.{} on", row.since_minor);
    let finding = Finding::new(RULE.name, severity, object.api_version_field().path(), message);
    let finding = match context.kubernetes_minor {
        Some(minor) if gone => finding.note(format!("the policy says `kubernetesVersion: \"1.{minor}\"`")),
        Some(minor) => finding.note(format!("the policy's version, 1.{minor}, still serves it")),
        None => finding,
    };
    findings.push(if row.instead.is_empty() {
        finding.help("look its successor up in the migration guide, if it has one")
    } else {
        finding.help(format!("write `apiVersion: {}`; its fields may differ", row.instead))
    });
}
