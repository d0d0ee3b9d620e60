//! A key that stands twice in one mapping.

use super::{Check, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Label, Place, Severity};
use crate::node::{Document, Node};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "duplicate-key",
    summary: "a key that stands twice in one mapping: the last one wins",
    severity: Severity::Warning,
    scope: Scope::File,
    fix: None,
    since: "0.1.0",
    widened: None,
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
    let mut keys = Vec::new();
    while let Some(node) = open.pop().filter(|node| !node.is_aliased()) {
        repeated(node, node.span() == document.tree.root().span(), &mut keys, findings);
        open.extend(node.entries().map(|(_, value)| value).filter(|value| !value.is_aliased()));
        open.extend(node.items().filter(|item| !item.is_aliased()));
    }
}

/// Sorted by name, equal keys are neighbours, in the order of the file.
fn repeated<'t>(mapping: Node<'t>, is_root: bool, keys: &mut Vec<(&'t str, Node<'t>)>, findings: &mut Vec<Finding>) {
    if mapping.has_distinct_keys() {
        return;
    }
    keys.clear();
    keys.extend(
        mapping.entries().filter(|(key, _)| !key.is_aliased()).filter_map(|(key, _)| Some((key.scalar()?, key))),
    );
    keys.sort_by_key(|(name, key)| (*name, key.span().start));
    // A key that stands a thousand times is one fault.
    for same in keys.chunk_by(|a, b| a.0 == b.0) {
        let ([(_, first), (name, second)] | [(_, first), .., (name, second)]) = same else { continue };
        let mut finding = Finding::in_text(
            RULE.name,
            Severity::Warning,
            second.span(),
            format!("key `{name}` stands twice: only the last one counts"),
        )
        .label("this one wins")
        .help(if is_root && matches!(*name, "apiVersion" | "kind") {
            "if two objects are meant, put a line `---` between them: without it the first one is lost"
        } else {
            "keep one of them, or join their contents"
        });
        finding.labels.push(Label { place: Place::Span(first.span()), message: "dropped".into() });
        findings.push(finding);
    }
}
