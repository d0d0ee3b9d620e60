//! A role that is bound to nearly the account that a workload runs as.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::object::Object;
use crate::k8s::set::{Nearly, Question, subjects};
use serde_json::Value;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "binding-subject-missing",
    summary: "a role is bound to an account that nothing runs as, and a workload runs as nearly the same one",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The application's calls to the API server are refused: `forbidden: User \
            \"system:serviceaccount:NAMESPACE:NAME\" cannot list …`. Controllers and operators end with exit code 1 and loop.",
        why: "A RoleBinding or ClusterRoleBinding names accounts by name and namespace, and nothing checks that they exist. The \
            rule speaks of a subject that no ServiceAccount and no workload of the run has, while a workload runs as an \
            account of the same name in another namespace, or of a name one letter off, to which nothing is bound; and of a \
            ClusterRoleBinding whose subject names no namespace, which is refused.",
        see: "`kubectl auth can-i list pods --as system:serviceaccount:NAMESPACE:NAME` says no; \
            `kubectl get rolebindings,clusterrolebindings -A -o wide` shows the subjects.",
        fix: "Correct `subjects`, or the account's namespace. In a RoleBinding a subject without a namespace is of the \
            binding's own; in a ClusterRoleBinding it has to be written.",
        ignore: "The rule is silent where a kustomization sets namespaces. Ignore it where another manifest binds the account.",
        source: "Kubernetes documentation: Using RBAC Authorization, Referring to subjects; \
            `pkg/registry/rbac/validation/rule.go` (appliesToUser)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Object(check),
};

fn check(object: &Object<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    for subject in subjects(*object).into_iter().flatten() {
        if context.set.has_account(&subject) || context.late(|| Question::Other).is_none() {
            continue;
        }
        let Some(nearly) = context.set.nearly_bound(&subject) else { continue };
        let (name, account) = (subject.name, nearly.account());
        let runs_as = account.namespace.as_deref().unwrap_or_default();
        let (field, right, message) = match &nearly {
            Nearly::Namespace(_) if subject.namespace.is_none() => {
                let message = format!(
                    "the subject `{name}` names no namespace: the API server refuses the ClusterRoleBinding, and the \
                     workload's calls"
                );
                (subject.namespace_field(*object), runs_as, message)
            }
            Nearly::Namespace(_) => {
                let bound = subject.namespace.unwrap_or_default();
                let message = format!(
                    "the role is bound to `{name}` in namespace `{bound}`, and the workload runs as the one in `{runs_as}`: \
                     its calls to the API server are refused"
                );
                (subject.namespace_field(*object), runs_as, message)
            }
            Nearly::Name(_) => {
                let message = format!(
                    "the role is bound to `{name}`, and the workload runs as `{}`: its calls to the API server are refused",
                    account.name
                );
                (subject.name_field(*object), &*account.name, message)
            }
        };
        let finding = Finding::new(RULE.name, Severity::Warning, field.path(), message)
            .label("nothing runs as this")
            .and_elsewhere(account.file, account.span, "the workload runs as this account");
        findings.push(if right.is_empty() {
            finding.help("write the namespace of the account")
        } else {
            finding.help(format!("did you mean `{right}`?")).fix(
                Safety::Review,
                format!("bind the role to `{right}`"),
                field.set(Value::from(right)),
            )
        });
    }
}
