//! `rejected-by-api-server`: the manifest does not decode, or validation refuses it.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::object::Object;
use crate::k8s::validate;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "rejected-by-api-server",
    summary: "the API server refuses the manifest",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "`kubectl apply` prints `error validating data`, `is invalid` or `cannot unmarshal`, and nothing changes: \
            a new workload never starts, and of an existing one the old pods go on running, perhaps those that crash. \
            A GitOps controller reports the sync as failed and tries again for ever.",
        why: "Before an object is stored it is decoded into its type, and then validated. Decoding fails where a value has \
            the wrong type: a number or boolean for a string (`value: 8080`, and in YAML 1.1 also `yes`, `no`, `on`, `off`), \
            a string for a number, a mapping for a list. Validation fails where the values contradict the rules of the \
            type: a probe with no handler or with two, a `successThreshold` above 1 on a liveness or startup probe, a \
            `restartPolicy` other than `Always` in a Deployment, a selector that does not match the template's labels. \
            Only what every version from 1.30 to 1.36 refuses is reported. StatefulSet templates are the exception in \
            time: servers before 1.36 store them unchecked, and the refusal comes as a `FailedCreate` event when the \
            controller creates the pods; so it does for custom resources with a pod template.",
        see: "`kubectl apply --dry-run=server -f FILE` says what the server says. For a StatefulSet or a custom resource: \
            `kubectl describe` on it, and look for `FailedCreate` among the events.",
        fix: "Quote what must be a string: `value: \"8080\"`, `value: \"yes\"`. Remove the quotes from numbers. For the \
            rest the message names the field and what is allowed there.",
        ignore: "Where a tool completes the manifest before the server sees it: a mutating webhook that fills in images, \
            a patch that adds the selector. Values that are still placeholders (`${NAME}`, `{{ name }}`) are left alone. \
            In the webhook the rule is off for built-in types: the server has spoken by then.",
        source: "apimachinery `pkg/runtime/serializer/json`; Kubernetes `pkg/apis/core/validation/validation.go`, \
            `pkg/apis/apps/validation/validation.go`, `pkg/apis/batch/validation/validation.go`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Object(check),
};

fn check(object: &Object<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    for misfit in validate::rejections(object, &context.tables.kinds) {
        if validate::is_selector_gap(&misfit) && context.set.gives_selectors() {
            continue;
        }
        let mut finding = Finding::new(RULE.name, Severity::Error, misfit.path, misfit.message);
        finding.help = misfit.help;
        findings.push(finding);
    }
}
