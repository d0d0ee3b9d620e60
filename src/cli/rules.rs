//! `crashlint rules`: the list.

use super::args::ListFormat;
use crate::report::page;
use crate::rules::{RULES, Rule};
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use std::io::Write;

/// Writes the list of all rules.
pub(super) fn run(format: ListFormat, out: &mut dyn Write) -> anyhow::Result<()> {
    match format {
        ListFormat::Pretty => pretty(out)?,
        ListFormat::Json => {
            let rules: Vec<Value> = RULES.iter().map(|rule| describe(rule)).collect();
            serde_json::to_writer_pretty(&mut *out, &rules)?;
            writeln!(out)?;
        }
        ListFormat::Markdown => out.write_all(page::index(RULES).as_bytes())?,
    }
    Ok(())
}

fn describe(rule: &Rule) -> Value {
    let options: Vec<Value> = page::options(rule)
        .into_iter()
        .map(|option| json!({"name": option.name, "about": option.about, "default": option.default}))
        .collect();
    json!({
        "name": rule.name,
        "severity": rule.severity.name(),
        "scope": rule.scope.name(),
        "fix": page::fix(rule),
        "since": rule.since,
        "summary": rule.summary,
        "options": options,
    })
}

fn pretty(out: &mut dyn Write) -> anyhow::Result<()> {
    let bold = Style::new().bold();
    for rule in RULES {
        let colour = match rule.severity {
            crate::finding::Severity::Error => AnsiColor::BrightRed,
            crate::finding::Severity::Warning => AnsiColor::Yellow,
            crate::finding::Severity::Info => AnsiColor::BrightBlue,
        }
        .on_default();
        writeln!(
            out,
            "{bold}{}{bold:#}  {colour}{}{colour:#}, scope {}, fix {}",
            rule.name,
            rule.severity.name(),
            rule.scope.name(),
            page::fix(rule)
        )?;
        writeln!(out, "  {}", rule.summary.trim())?;
        for option in page::options(rule) {
            let default = option.default.map_or_else(String::new, |value| format!(" = {value}"));
            writeln!(out, "  option {}{default}", option.name)?;
        }
    }
    writeln!(out, "\n{} rules; `crashlint explain RULE` prints a rule's page", RULES.len())?;
    Ok(())
}
