//! An entry of a baseline that lets nothing pass any more.

use super::{Check, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::Severity;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "unused-baseline-entry",
    summary: "an entry of the baseline that matches nothing any more",
    severity: Severity::Info,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "What the entry let pass has been mended, renamed or removed. The entry stays behind, and lets the same fault pass again.",
        why: "A baseline says which findings are old. It is worth keeping only while it shrinks: an entry that matches nothing is room for a \
              fault to come back unseen. Where only single files are linted, nothing is said, as the others may still match.",
        see: "`crashlint --baseline FILE --show-suppressed` lists what the entries match.",
        fix: "Write the baseline anew with `crashlint --write-baseline FILE`, or take the entry out by hand.",
        ignore: "When one baseline serves several runs, each of which sees a part of the manifests.",
        source: "",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Engine,
};
