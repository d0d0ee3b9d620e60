//! A character that only Kubernetes' reader takes for a line break.

use super::{Check, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::node::Document;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "hidden-line-break",
    summary: "a character that Kubernetes takes for a line break and editors don't show as one",
    severity: Severity::Warning,
    scope: Scope::File,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "What you see is not what Kubernetes reads: text behind such a character in a comment is a line of its own to Kubernetes, and can \
                  hold a field; within a value it cuts the value in two.",
        why: "YAML 1.1, which Kubernetes reads, counts U+0085 (next line), U+2028 (line separator) and U+2029 (paragraph separator) as line \
              breaks. YAML 1.2 and nearly all editors do not. They come by copying from web pages and documents.",
        see: "`kubectl apply --dry-run=client -o yaml` shows fields that the file does not seem to hold, or an error in a line that looks right.",
        fix: "Delete the character; write `\\u2028` in double quotes where the value needs it.",
        ignore: "Never in a manifest.",
        source: "YAML 1.1, section 4.2 (line break characters); `go.yaml.in/yaml` yamlprivateh.go (is_break)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Document(check),
};

fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    for span in crate::yaml::hidden_line_breaks(document.text, document.span) {
        let name = match &document.text[span.range()] {
            "\u{85}" => "U+0085",
            "\u{2028}" => "U+2028",
            _ => "U+2029",
        };
        findings.push(
            Finding::in_text(
                RULE.name,
                Severity::Warning,
                span,
                format!("{name} is a line break to Kubernetes, and to no editor"),
            )
            .label("a line ends here")
            .help("delete the character"),
        );
    }
}
