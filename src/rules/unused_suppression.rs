//! An ignore that ignores nothing.

use super::{Check, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::Severity;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "unused-suppression",
    summary: "a `crashlint.dev/ignore` annotation that names no rule, or a rule that finds nothing",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "Nothing, today. A mistyped name does not silence what it should; a left-over one will silence a real fault one day.",
        why: "Suppressions outlive what they were written for. This one names a rule that does not exist, or one that finds nothing on this object \
              or container.",
        see: "`crashlint --show-suppressed` lists what is suppressed, by whom, and why.",
        fix: "Correct the name, or remove it.",
        ignore: "When the same manifest is linted under several policies, of which one does not run the rule.",
        source: "",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Engine,
};
