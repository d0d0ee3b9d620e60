//! A key that stands twice in one mapping.

use super::{Check, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Label, Place, Severity};
use crate::node::{Document, Node};
use std::collections::HashMap;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "duplicate-key",
    summary: "a key that stands twice in one mapping: the last one wins",
    severity: Severity::Warning,
    scope: Scope::File,
    fix: None,
    since: "0.1.0",
    docs: Docs {
        happens: "Whatever stands under the first of the two keys is dropped without a word: a second `env:` hides the first list, a second \
                  `livenessProbe:` the probe that was meant.",
        why: "Kubernetes' YAML reader keeps the last of several equal keys. Long mappings, and merges of branches, make them easy to miss.",
        see: "`kubectl get -o yaml` shows only the last one.",
        fix: "Keep one of them, or join their contents.",
        ignore: "Never on purpose. A key that overrides one of a merge key (`<<`) is no duplicate.",
        source: "`sigs.k8s.io/yaml` (Unmarshal; strict readers refuse duplicates, kubectl's does not)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Document(check),
};

fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    let mut open = vec![document.tree.root()];
    while let Some(node) = open.pop() {
        if node.is_aliased() {
            continue;
        }
        repeated(node, findings);
        open.extend(node.entries().map(|(_, value)| value));
        open.extend(node.items());
    }
}

/// Small mappings, which nearly all are, are compared pair by pair.
fn repeated(mapping: Node<'_>, findings: &mut Vec<Finding>) {
    let mut seen: HashMap<&str, Node<'_>> = HashMap::new();
    if mapping.entries().nth(1).is_none() {
        return;
    }
    for (key, _) in mapping.entries().filter(|(key, _)| !key.is_aliased()) {
        let Some(name) = key.scalar() else { continue };
        let Some(first) = seen.insert(name, key) else { continue };
        let mut finding = Finding::in_text(RULE.name, Severity::Warning, key.span(), format!("key `{name}` stands twice: only the last one counts"))
            .label("this one wins")
            .help("keep one of them, or join their contents");
        finding.labels.push(Label { place: Place::Span(first.span()), message: "dropped".into() });
        findings.push(finding);
    }
}
