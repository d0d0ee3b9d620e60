//! SARIF 2.1.0, for code scanning.

use super::fingerprint::Fingerprints;
use super::uri;
use crate::engine::outcome::{Excerpt, InputError, ObjectRef, Report, Reported};
use crate::finding::{Fix, Severity};
use crate::rules::Rule;
use crate::source::Range;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{self, Write};

/// Writes the report. `rules` are all rules of the tool, whether or not they found something.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, rules: &[&Rule], show_suppressed: bool, out: &mut dyn Write) -> io::Result<()> {
    let index: HashMap<&str, usize> = rules.iter().enumerate().map(|(at, rule)| (rule.name, at)).collect();
    let mut seen = Fingerprints::default();
    let results: Vec<Value> = report
        .findings
        .iter()
        .filter(|found| show_suppressed || found.suppressed.is_none())
        .map(|found| result(found, &index, &mut seen))
        .collect();
    let notifications: Vec<Value> = report.input_errors.iter().map(notification).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "crashlint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": report.input_errors.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn descriptor(rule: &Rule) -> Value {
    let page = super::page::markdown(rule, None);
    json!({
        "id": rule.name,
        "shortDescription": {"text": sentence(rule.summary)},
        "fullDescription": {"text": sentence(rule.docs.happens)},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"scope": rule.scope.name(), "since": rule.since},
    })
}

/// SARIF wants whole sentences.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let mut result: String = match chars.next() {
        // A leading `field` keeps its case.
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => return String::new(),
    };
    if !result.ends_with(['.', '!', '?', ':', '`']) {
        result.push('.');
    }
    result
}

fn result(found: &Reported, index: &HashMap<&str, usize>, seen: &mut Fingerprints) -> Value {
    let finding = &found.finding;
    let mut text = sentence(&finding.message);
    if let Some(help) = &finding.help {
        text.push(' ');
        text.push_str(&sentence(help));
    }
    let mut result = json!({"ruleId": finding.rule});
    if let Some(at) = index.get(finding.rule) {
        result["ruleIndex"] = json!(at);
    }
    result["level"] = json!(level(found.severity));
    result["message"] = json!({"text": text});
    let mut location = json!({"physicalLocation": physical(&found.file, &found.at)});
    if let Some(object) = &found.object {
        location["logicalLocations"] = json!([logical(object, finding.container.as_deref())]);
    }
    result["locations"] = json!([location]);
    if !found.also.is_empty() {
        let related = found.also.iter().enumerate().map(|(id, place)| {
            let mut related = json!({"id": id + 1, "physicalLocation": physical(place.file.as_deref().unwrap_or(&found.file), place)});
            if !place.message.is_empty() {
                related["message"] = json!({"text": sentence(&place.message)});
            }
            related
        });
        result["relatedLocations"] = related.collect();
    }
    let fingerprint = seen.of(found);
    result["partialFingerprints"] = json!({"crashlintFinding/v1": fingerprint});
    if let Some(fix) = finding.fix.as_ref().filter(|_| !found.replacements.is_empty()) {
        result["fixes"] = json!([repair(found, fix)]);
    }
    if let Some(why) = &found.suppressed {
        let reason = why.reason.as_deref().map_or_else(|| why.by.clone(), |reason| format!("{}: {reason}", why.by));
        let kind = if why.by.starts_with("annotation") { "inSource" } else { "external" };
        result["suppressions"] = json!([{"kind": kind, "justification": reason}]);
    }
    result
}

/// How a finding is mended in its file. Where `safety` is `review`, a person should look at it first.
fn repair(found: &Reported, fix: &Fix) -> Value {
    let replacements: Vec<Value> = found
        .replacements
        .iter()
        .map(|replacement| json!({"deletedRegion": region(replacement.range), "insertedContent": {"text": replacement.text}}))
        .collect();
    json!({
        "description": {"text": sentence(&fix.title)},
        "artifactChanges": [{"artifactLocation": artifact(&found.file), "replacements": replacements}],
        "properties": {"safety": fix.safety},
    })
}

fn region(range: Range) -> Value {
    json!({
        "startLine": range.start.line,
        "startColumn": range.start.column,
        "endLine": range.end.line,
        "endColumn": range.end.column,
    })
}

fn artifact(file: &str) -> Value {
    let mut artifact = json!({"uri": uri::of(file)});
    if file == "-" {
        artifact["description"] = json!({"text": "Standard input."});
    }
    artifact
}

fn physical(file: &str, place: &Excerpt) -> Value {
    json!({"artifactLocation": artifact(file), "region": region(place.range)})
}

fn logical(object: &ObjectRef, container: Option<&str>) -> Value {
    let namespace = object.namespace.as_deref().map_or_else(String::new, |namespace| format!("{namespace}/"));
    let mut full = format!("{} {namespace}{}", object.kind, object.name);
    if let Some(container) = container {
        full.push_str(", container ");
        full.push_str(container);
    }
    let name = container.unwrap_or(&object.name);
    json!({"name": name, "fullyQualifiedName": full, "kind": "resource"})
}

fn notification(error: &InputError) -> Value {
    let mut physical = json!({"artifactLocation": artifact(&error.file)});
    if let Some(line) = error.line {
        physical["region"] = json!({"startLine": line});
        if let Some(column) = error.column {
            physical["region"]["startColumn"] = json!(column);
        }
    }
    json!({
        "level": "error",
        "message": {"text": sentence(&error.message)},
        "locations": [{"physicalLocation": physical}],
        "descriptor": {"id": "input-error"},
    })
}
