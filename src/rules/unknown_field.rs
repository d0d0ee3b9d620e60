//! `unknown-field`: a field that the type does not have.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::object::Object;
use crate::k8s::validate;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "unknown-field",
    summary: "a field that the type does not have: mistyped, or at the wrong indentation",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The field has no effect: a `livenessProbe` one level too high probes nothing, `resource:` limits nothing, \
            a `subpath` mounts the whole volume. Which of the two follows depends on who sends the manifest: \
            `kubectl apply` refuses it by default, while Helm and most controllers get a warning that nobody reads, \
            and the field is dropped.",
        why: "The API server decodes an object into its type and leaves out what the type lacks. Whether it also \
            complains is the request's choice (`fieldValidation=Strict|Warn|Ignore`). Names are case-sensitive. The fields \
            known are those of Kubernetes 1.36; of custom resources nothing is known, so nothing is reported.",
        see: "`kubectl apply --dry-run=server --validate=strict -f FILE` prints `unknown field \"…\"`. What was stored shows \
            `kubectl get … -o yaml`: the field is missing.",
        fix: "Correct the name, or move the field to where the message says that it belongs. Mistakes of indentation come \
            in groups: look at the lines next to it.",
        ignore: "Fields that your cluster's fork of Kubernetes adds, and keys that a tool removes before it applies the \
            manifest; most such tools accept annotations as well.",
        source: "Kubernetes API conventions, \"Field validation\"; apimachinery `pkg/runtime/serializer/json/json.go`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Object(check),
};

fn check(object: &Object<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    for misfit in validate::unknown_fields(object, &context.tables.kinds) {
        let mut finding = Finding::new(RULE.name, Severity::Warning, misfit.path, misfit.message);
        finding.help = misfit.help;
        findings.push(finding);
    }
}
