//! A secret value with a line feed at its end.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::pod::Workload;
use crate::k8s::set::references::Use;
use crate::k8s::set::{Keys, Sort};
use crate::node::Node;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "secret-trailing-newline",
    summary: "a Secret's one-line value ends in a line feed, and a variable takes it over",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The variable holds the password and a line feed. Authentication fails, a URL is malformed, and the \
            application ends with exit code 1 although the value looks right wherever it is printed.",
        why: "`echo secret | base64` encodes the line feed as well, and a YAML block scalar (`|`) ends in one. \
            Variables take values as they are. The rule looks at values of one line that are used as variables; \
            files are left alone, as a text file ends in a line feed.",
        see: "`kubectl get secret NAME -o jsonpath='{.data.KEY}' | base64 -d | xxd | tail -1` ends in `0a`.",
        fix: "Encode with `printf %s` or `echo -n`; in `stringData` write the value plainly, or with `|-`.",
        ignore: "Ignore it where the program is known to trim its variables.",
        source: "Kubernetes `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables): the bytes of the Secret are the value",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    for reference in context.references(workload) {
        if reference.sort != Sort::Secret || !matches!(reference.how, Use::Variable | Use::Variables) {
            continue;
        }
        let wanted = reference.key.and_then(Node::as_str);
        for fact in context.set.referred(reference) {
            let Keys::Known(keys) = &fact.keys else { continue };
            for key in keys.iter().filter(|key| key.value.is_line_with_feed) {
                if wanted.is_some_and(|wanted| *wanted != *key.name) {
                    continue;
                }
                let message = format!(
                    "the value of `{}` in Secret `{}` ends in a line feed, which becomes part of the variable",
                    key.name, reference.name
                );
                findings.push(
                    Finding::new(RULE.name, Severity::Warning, reference.key_path(), message)
                        .and_elsewhere(fact.file, key.span, "this value")
                        .help("encode it with `printf %s`, or write it plainly under `stringData`"),
                );
            }
        }
    }
}
