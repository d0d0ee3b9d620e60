//! What people read of a decision: warnings, the message of a denial, the annotation of a patched Pod.

use crate::engine::admission::{HeldBack, Ruling};
use crate::finding::Finding;
use crate::fix::patch::Change;
use crate::path::Segment;
use crate::policy::Action;
use crate::report::safe;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Characters of a warning. The API server may cut those above 256 bytes, and drops the header of one
/// that holds a control character (`NewWarningHeader` in apimachinery `pkg/util/net/http.go`).
const MAX_WARNING: usize = 120;
/// Bytes of all warnings: what is above is dropped (`k8s.io/apiserver/pkg/endpoints/filters/warning.go`).
const MAX_WARNINGS: usize = 4096;
/// Characters of a message or path in an answer.
const MAX_MESSAGE: usize = 1000;
/// Findings that a denial spells out; the others are counted.
const MAX_SPELLED: usize = 8;
/// Entries of causes and annotations: more is no longer read by anybody, and costs the API server memory.
const MAX_LISTED: usize = 500;
/// Bytes of the annotation of a patched Pod.
const MAX_ANNOTATION: usize = 4096;

/// A sentence of at most `limit` characters.
fn cut(text: &str, limit: usize) -> String {
    let text = safe::sentence(text);
    if text.chars().count() <= limit {
        return text;
    }
    let mut cut: String = text.chars().take(limit - 1).collect();
    cut.truncate(cut.trim_end().len());
    cut + "…"
}

/// The warnings of a decision, the worst first, within what the API server passes on.
pub(super) fn warnings(rulings: &[Ruling]) -> Vec<String> {
    let mut warned: Vec<&Ruling> = rulings.iter().filter(|ruling| ruling.action == Action::Warn).collect();
    warned.sort_by_key(|ruling| std::cmp::Reverse(ruling.verdict.severity));
    fit(warned.into_iter().map(|ruling| {
        let finding = &ruling.verdict.finding;
        let container = finding.container.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
        format!("[{}] {container}{}", finding.rule, finding.message)
    }))
}

/// As many warnings as fit, and a count of the others.
pub(super) fn fit(texts: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let all = texts.len();
    let mut kept: Vec<String> = Vec::new();
    let mut bytes = 0;
    for text in texts {
        let text = cut(&text, MAX_WARNING);
        // Room for the last line is kept free.
        if bytes + text.len() > MAX_WARNINGS - 64 {
            break;
        }
        bytes += text.len();
        kept.push(text);
    }
    if kept.len() < all {
        kept.push(format!("and {} more", all - kept.len()));
    }
    kept
}

/// The message of a denial: rule, container, field and fix of each finding that denies, then what the
/// namespace's owner can do at once.
pub(super) fn denial(rulings: &[Ruling], namespace: &str) -> String {
    let denying: Vec<&Ruling> = rulings.iter().filter(|ruling| ruling.action == Action::Deny).collect();
    let mut text = String::from("crashlint:");
    for ruling in denying.iter().take(MAX_SPELLED) {
        let finding = &ruling.verdict.finding;
        let _ = write!(text, "\n[{}] ", finding.rule);
        if let Some(name) = &finding.container {
            let _ = write!(text, "container {}: ", safe::sentence(name));
        }
        let _ = write!(text, "{}", cut(&finding.message, 400));
        let _ = write!(text, "\n  at: {}", cut(&finding.path().to_string(), 200));
        if let Some(help) = &finding.help {
            let _ = write!(text, "\n  fix: {}", cut(help, 400));
        }
    }
    if denying.len() > MAX_SPELLED {
        let _ = write!(text, "\nand {} more", denying.len() - MAX_SPELLED);
    }
    let namespace = if namespace.is_empty() { "NAMESPACE".into() } else { safe::sentence(namespace) };
    let _ = write!(
        text,
        "\nto let it through all the same: kubectl label --overwrite namespace {namespace} crashlint.dev/mode=warn"
    );
    text
}

/// The causes of a denial, in full.
pub(super) fn causes(rulings: &[Ruling]) -> Vec<Value> {
    let denying = rulings.iter().filter(|ruling| ruling.action == Action::Deny);
    denying
        .take(MAX_LISTED)
        .map(|ruling| {
            let finding = &ruling.verdict.finding;
            json!({
                "reason": finding.rule,
                "field": cut(&finding.path().to_string(), MAX_MESSAGE),
                "message": cut(&finding.message, MAX_MESSAGE),
            })
        })
        .collect()
}

/// Whether a message may quote what can be a secret: commands, variables, values of a wrong type, an
/// image with credentials in it. Its author may see that; the audit log must not.
fn quotes_values(finding: &Finding) -> bool {
    let quoted = |segment: &Segment| matches!(segment, Segment::Key(key) if ["env", "envFrom", "args", "command", "exec", "data", "stringData"].contains(&&**key));
    finding.path().segments().iter().any(quoted)
        || finding.rule == "rejected-by-api-server"
        || finding.message.contains("://")
}

/// The audit annotation `findings`: a JSON array, in the words of the JSON report.
pub(super) fn findings(rulings: &[Ruling]) -> String {
    let listed = rulings.iter().take(MAX_LISTED).map(|ruling| {
        let finding = &ruling.verdict.finding;
        Listed {
            rule: finding.rule,
            severity: ruling.verdict.severity.name(),
            action: ruling.action.name(),
            container: finding.container.as_deref(),
            path: cut(&finding.path().pointer(), MAX_MESSAGE),
            message: (!quotes_values(finding)).then(|| cut(&finding.message, MAX_MESSAGE)),
            held_back: ruling.held_back.map(|held_back| match held_back {
                HeldBack::Controller => "the object has a controller",
                HeldBack::Unchanged => "the update changes nothing of what runs",
                HeldBack::Known => "it was there before",
            }),
        }
    });
    serde_json::to_string(&listed.collect::<Vec<_>>()).unwrap_or_default()
}

/// A finding of the annotation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'r> {
    rule: &'r str,
    severity: &'r str,
    action: &'r str,
    container: Option<&'r str>,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_back: Option<&'r str>,
}

/// What was changed, one sentence a change.
pub(super) fn change(change: &Change) -> String {
    let container = change.container.as_deref().map(|name| format!("@{name}")).unwrap_or_default();
    format!("{}{container}: {}", change.rule, change.title)
}

/// The annotation of a patched Pod; `before` is what an earlier call wrote.
pub(super) fn annotation(changes: &[Change], before: Option<&str>) -> String {
    let mut text = before.unwrap_or_default().to_owned();
    for (at, change) in changes.iter().enumerate() {
        let next = self::change(change);
        if text.len() + next.len() > MAX_ANNOTATION {
            let _ = write!(text, "; and {} more", changes.len() - at);
            break;
        }
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&next);
    }
    text
}
