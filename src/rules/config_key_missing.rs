//! A key that a ConfigMap or Secret of the run does not have.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::decode::nearest;
use crate::k8s::pod::Workload;
use crate::k8s::set::Standing;
use crate::k8s::set::references::Use;
use crate::node::Node;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "config-key-missing",
    summary: "a pod asks a ConfigMap or Secret for a key that it does not have",
    severity: Severity::Error,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A variable: the container is never created, CreateContainerConfigError. A volume's `items`: the pod \
            stays in ContainerCreating, with an event FailedMount.",
        why: "The kubelet finds the object and not the key. Keys are compared letter by letter; a variable reads \
            `data` of a ConfigMap only, a volume `binaryData` as well. It is an error where the policy says `set: \
            complete`, else a warning: another tool may add the key.",
        see: "`kubectl describe pod POD` shows `couldn't find key KEY in ConfigMap NAMESPACE/NAME`, or `references \
            non-existent config key`.",
        fix: "Correct the key on either side. A file given to `kubectl create configmap --from-file` is a key by its \
            file name: `config.yml` is not `config.yaml`.",
        ignore: "The rule is silent for `optional: true`, where several objects of the name exist and one has the key, \
            and for what operators and env files fill. Ignore it where something adds keys at run time.",
        source: "Kubernetes `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables), `pkg/volume/configmap/configmap.go` (MakePayload)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    for reference in context.references(workload).iter().filter(|reference| !reference.optional) {
        let Standing::NoKey(fact, keys) = context.set.standing(reference) else { continue };
        let Some(wanted) = reference.key.and_then(Node::as_str) else { continue };
        let kind = reference.sort.kind();
        let happens = match reference.how {
            Use::Volume => "the volume can't be mounted (FailedMount)",
            _ => "the container can't be created (CreateContainerConfigError)",
        };
        let severity = if context.set.is_complete() { Severity::Error } else { Severity::Warning };
        let message = format!("{kind} `{}` has no key `{wanted}`: {happens}", reference.name);
        let mut finding = Finding::new(RULE.name, severity, reference.key_path(), message).label("no such key");
        let binary = keys.iter().find(|key| *key.name == *wanted && key.binary);
        let near = nearest(wanted, keys.iter().map(|key| &*key.name));
        finding = match (binary, near) {
            (Some(key), _) => finding
                .and_elsewhere(fact.file, key.span, "in `binaryData`, which variables don't read")
                .help("move the key to `data`, or mount it as a file"),
            (None, Some(near)) => {
                let span = keys.iter().find(|key| *key.name == *near).map_or(fact.span, |key| key.span);
                finding
                    .and_elsewhere(fact.file, span, format!("its key is `{near}`"))
                    .help(format!("did you mean `{near}`?"))
            }
            (None, None) => {
                let all: Vec<String> = keys.iter().take(MAX_NAMED).map(|key| format!("`{}`", key.name)).collect();
                let there = match keys.len() {
                    0 => "it has no keys".to_owned(),
                    count if count > MAX_NAMED => {
                        format!("its keys are {} and {} more", all.join(", "), count - MAX_NAMED)
                    }
                    _ => format!("its keys are {}", all.join(", ")),
                };
                finding.and_elsewhere(fact.file, fact.span, format!("the {kind} is here; {there}"))
            }
        };
        findings.push(finding);
    }
}

/// How many keys are named.
const MAX_NAMED: usize = 6;
