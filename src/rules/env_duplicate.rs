//! A variable that is set twice.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Edit, Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::env::Variable;
use std::collections::{BTreeMap, HashSet};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "env-duplicate",
    summary: "a variable that is set twice in one container: the last one wins",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program sees the last value. One day the two differ, somebody changes the one that does not count, and nothing happens. \
                  Worse, `kubectl apply` merges this list by name and can drop one of the two, or both, when either is changed; \
                  server-side apply refuses the object.",
        why: "The kubelet goes through the list in order, and a later entry replaces an earlier one of its name. Such pairs come from \
              templates that add a list of their own to the user's.",
        see: "`kubectl apply` prints `Warning: spec.template.spec.containers[0].env[3]: hides previous definition of \"NAME\", which may be \
              dropped when using apply`.",
        fix: "Keep one of them.",
        ignore: "The rule is silent where the later entry builds on the earlier one (`value: /extra:$(PATH)`), as the API server is. Two entries that \
                 say the same are info.",
        source: "Kubernetes `pkg/api/pod/warnings.go` (warningsForPodSpecAndMeta: duplicate env), `pkg/kubelet/kubelet_pods.go` \
                 (makeEnvironmentVariables), `k8s.io/api/core/v1/types.go` (patchMergeKey of env)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// More than a person reads of one container.
const MOST: usize = 20;

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let all: Vec<Variable<'_>> = container.variables().collect();
    let mut by_name: BTreeMap<&str, Vec<Variable<'_>>> = BTreeMap::new();
    for variable in &all {
        by_name.entry(variable.name).or_default().push(*variable);
    }
    by_name.retain(|_, same| same.len() > 1 && !same[1..].iter().all(|later| later.extends_itself()));
    if by_name.is_empty() {
        return;
    }
    let used: HashSet<&str> = all.iter().flat_map(|variable| variable.references()).collect();
    for (name, same) in by_name.into_iter().take(MOST) {
        let Some((last, hidden)) = same.split_last() else { continue };
        let equal = hidden.iter().all(|earlier| earlier.says_the_same_as(*last));
        let times = if same.len() == 2 { "twice".to_owned() } else { format!("{} times", same.len()) };
        let (severity, message) = match equal {
            true => (Severity::Info, format!("variable `{name}` is set {times}, to the same")),
            false => (Severity::Warning, format!("variable `{name}` is set {times}: only the last one counts")),
        };
        let mut finding = Finding::new(RULE.name, severity, last.path(), message).label("this one counts");
        for earlier in hidden.iter().take(3) {
            finding = finding.and(earlier.path(), "hidden by the later one");
        }
        finding = finding.help("keep one of them: `kubectl apply` merges by name, and can drop either");
        // What refers to it may mean the earlier one.
        if !used.contains(name) && hidden.len() <= MOST {
            let removals = hidden.iter().rev().map(|earlier| Edit::Remove(earlier.path())).collect();
            finding = finding.fix(Safety::Review, "remove what is hidden", removals);
        }
        findings.push(finding);
    }
}
