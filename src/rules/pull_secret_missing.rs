//! A pull secret that is not there, or is none.

use super::references::{Absent, absent};
use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::pod::Workload;
use crate::k8s::set::references::{Reference, Use};
use crate::k8s::set::{Fact, Sort};
use crate::node::Node;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "pull-secret-missing",
    summary: "a Secret named for pulling images is not among the manifests, or is of another type",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A private image can't be pulled: ErrImagePull, then ImagePullBackOff. Nodes that hold the image already \
            start it, so the fault shows on the next node.",
        why: "The kubelet leaves out a pull secret that it can't read, and pulls without it. Only types \
            `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg` are read. Other manifests may exist \
            elsewhere, so unless the policy says `set: complete` the rule speaks only of a near miss: a name that is \
            one letter off from one that is there.",
        see: "`kubectl describe pod POD` shows FailedToRetrieveImagePullSecret, then `pull access denied` or \
            `unauthorized`.",
        fix: "Correct the name, or make the Secret with `kubectl create secret docker-registry`.",
        ignore: "The rule is silent about a Secret that the Pod's ServiceAccount names as well. (The account's own Secrets are given to \
            Pods that name none, and to no others.) Where the images are public, or the nodes have credentials of their own, the name does no harm: remove \
            it.",
        source: "Kubernetes `pkg/kubelet/kubelet_pods.go` (getPullSecretsForPod), `pkg/credentialprovider/secrets/secrets.go`; \
            `plugin/pkg/admission/serviceaccount/admission.go`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    // What the account names as well is meant: somebody gave it to the account, by hand perhaps.
    let account = workload.account().and_then(Node::as_str).unwrap_or("default");
    let namespace = workload.object.namespace();
    let supplied = |name: &str| {
        let mut accounts = context.set.named(Sort::ServiceAccount, account, namespace);
        accounts.any(|fact| fact.pull_secrets().iter().any(|secret| **secret == *name))
    };
    let wanted = |reference: &Reference<'_>| reference.how == Use::Pull && !supplied(reference.name);
    let secret = Absent { rule: RULE.name, sort: Sort::Secret, severity: Severity::Warning, wanted: &wanted };
    absent(&secret, workload, context, findings);
    for reference in context.references(workload).iter().filter(|reference| reference.how == Use::Pull) {
        let facts: Vec<&Fact> = context.set.referred(reference).collect();
        let home = context.home(workload.object);
        // Of several states of the Secret, one of the right type is enough.
        let beside = |fact: &&&Fact| context.set.neighbours((fact.namespace.as_deref(), fact.file), home).is_some();
        let Some(first) = facts.iter().find(beside).filter(|_| facts.iter().all(|fact| fact.is_no_pull_secret()))
        else {
            continue;
        };
        let wrong = first.secret_type().unwrap_or_default();
        let message = format!("Secret `{}` is of type `{wrong}`, which is not read for pulling images", reference.name);
        findings.push(
            Finding::new(RULE.name, Severity::Warning, reference.path(), message)
                .and_elsewhere(first.file, first.span, "the Secret is here")
                .help("make it `type: kubernetes.io/dockerconfigjson`, with the key `.dockerconfigjson`"),
        );
    }
}
