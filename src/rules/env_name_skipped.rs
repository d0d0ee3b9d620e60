//! A key that is no name of a variable.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::env::is_name;
use crate::k8s::pod::Workload;
use crate::k8s::set::references::Use;
use crate::k8s::set::{Fact, Keys};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "env-name-skipped",
    summary: "a key that `envFrom` leaves out, as it is no name of a variable",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container starts without the variable. An application that needs it ends with exit code 1, and a look \
            at the ConfigMap shows that the value is there.",
        why: "Until Kubernetes 1.31 `envFrom` leaves out keys that are no name of a variable: such as begin with a digit. \
            Letters, digits, `_`, `-` and `.` are allowed otherwise. From 1.32 on nearly every key is taken, so the rule is \
            silent where the policy's `kubernetesVersion` is 1.32 or later; where the policy names none, it assumes an \
            older one.",
        see: "`kubectl describe pod POD` shows an event InvalidEnvironmentVariableNames that lists the keys.",
        fix: "Rename the key, or give `envFrom` a `prefix`: with one, `1ST` becomes `APP_1ST`.",
        ignore: "Ignore it on Kubernetes 1.32 and later; better, say `kubernetesVersion` in the policy.",
        source: "Kubernetes 1.31 `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables), apimachinery \
            `pkg/util/validation/validation.go` (IsEnvVarName); feature gate RelaxedEnvironmentVariableValidation",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

/// The version in which RelaxedEnvironmentVariableValidation became the default.
const RELAXED: u32 = 32;
/// Keys that are named.
const MOST: usize = 5;

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.kubernetes_minor.is_some_and(|minor| minor >= RELAXED) {
        return;
    }
    for reference in context.references(workload).iter().filter(|reference| reference.how == Use::Variables) {
        let states: Vec<&Fact> = context.set.referred(reference).collect();
        let Some((first, others)) = states.split_first() else { continue };
        let Keys::Known(keys) = &first.keys else { continue };
        let skipped = keys.iter().filter(|key| !key.binary && !is_name(&format!("{}{}", reference.prefix, key.name)));
        // Another state of the object may be the one that is used.
        let everywhere = skipped.filter(|key| {
            others
                .iter()
                .all(|other| matches!(&other.keys, Keys::Known(keys) if keys.iter().any(|one| one.name == key.name)))
        });
        for key in everywhere.take(MOST) {
            let message = format!(
                "key `{}` of {} `{}` is no name of a variable: `envFrom` leaves it out before Kubernetes 1.32",
                key.name,
                reference.sort.kind(),
                reference.name
            );
            findings.push(
                Finding::new(RULE.name, Severity::Warning, reference.path(), message)
                    .and_elsewhere(first.file, key.span, "this key")
                    .help("rename the key, or give `envFrom` a `prefix`"),
            );
        }
    }
}
