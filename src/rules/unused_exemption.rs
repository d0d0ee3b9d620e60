//! An exemption of the policy that is expired or matches nothing.

use super::{Check, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::Severity;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "unused-exemption",
    summary: "an exemption of the policy that is expired, or that matches nothing",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "An expired exemption exempts nothing any more; one that matches nothing stays behind until it matches something that it was not \
                  written for.",
        why: "Exemptions are promises to look again. The date is compared with today, or with SOURCE_DATE_EPOCH where that is set.",
        see: "`crashlint --show-suppressed` lists what exemptions take out.",
        fix: "Remove the exemption, mend what it exempts, or give it a new date and reason.",
        ignore: "When one policy serves several repositories, and this run sees one of them.",
        source: "",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Engine,
};
