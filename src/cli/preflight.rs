//! `crashlint preflight`: what the webhook would deny in mode `enforce`.

use super::args::{DataFormat, Preflight as Args};
use super::{Console, TROUBLE, collect, policy};
use crate::engine::outcome::{InputError, ObjectRef};
use crate::engine::preflight::{Denied, Preflight, preflight};
use crate::report::{pretty, safe};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

const BOLD: Style = Style::new().bold();
const DENIED: Style = AnsiColor::BrightRed.on_default().bold();

/// Runs it, and returns the exit code: 1 where something would be denied.
pub(super) fn run(args: &Args, console: &Console) -> anyhow::Result<u8> {
    let policy = match policy::read(args.policy.as_deref(), None)? {
        Ok(policy) => policy,
        Err(wrong) => return console.wrong_policy(&wrong),
    };
    let standard_input = ["-".into()];
    let paths = if args.paths.is_empty() { &standard_input } else { args.paths.as_slice() };
    let (inputs, mut errors) = collect::inputs(paths, &[], &[])?;
    let mut found = preflight(&inputs, &policy, &args.exclude_namespace);
    found.input_errors.append(&mut errors);
    found.input_errors.sort();
    let mut text = Vec::new();
    match args.format {
        DataFormat::Pretty => pretty(&found, &mut text)?,
        DataFormat::Json => json(&found, &mut text)?,
    }
    console.print(&text)?;
    Ok(if found.input_errors.is_empty() { u8::from(!found.denied.is_empty()) } else { TROUBLE })
}

fn pretty(found: &Preflight, out: &mut dyn Write) -> io::Result<()> {
    for Denied { object, rulings, .. } in &found.denied {
        let place = object.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let title = safe::sentence(&format!("{} {place}{}", object.kind, object.name));
        writeln!(out, "{DENIED}denied{DENIED:#} {BOLD}{title}{BOLD:#}")?;
        for ruling in rulings {
            let finding = &ruling.verdict.finding;
            let container = finding.container.as_ref().map(|name| format!("container {name}: ")).unwrap_or_default();
            writeln!(out, "  [{}] {}", finding.rule, safe::sentence(&format!("{container}{}", finding.message)))?;
            writeln!(out, "    at: {}", safe::sentence(&ruling.verdict.finding.path().to_string()))?;
            if let Some(help) = &finding.help {
                writeln!(out, "    fix: {}", safe::sentence(help))?;
            }
        }
        writeln!(out)?;
    }
    for error in &found.input_errors {
        pretty::input_error(error, out)?;
    }
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    writeln!(
        out,
        "{} of {} would be denied when created anew, {} admitted with a warning",
        found.denied.len(),
        count(found.workloads, "workload"),
        found.warned,
    )?;
    if found.controlled > 0 {
        writeln!(out, "{} of controllers: always admitted", count(found.controlled, "object"))?;
    }
    if found.excluded > 0 {
        writeln!(out, "{} in excluded namespaces: not looked at", count(found.excluded, "object"))?;
    }
    if !found.denied.is_empty() {
        let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
        for ruling in found.denied.iter().flat_map(|denied| &denied.rulings) {
            *by_rule.entry(ruling.verdict.finding.rule).or_default() += 1;
        }
        let rules: Vec<String> = by_rule.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
        writeln!(out, "by rule: {}", rules.join(", "))?;
        writeln!(out, "what is there already stays: an update is denied only for faults that are new")?;
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonPreflight<'p> {
    version: u8,
    denied: Vec<JsonDenied<'p>>,
    summary: JsonSummary,
    input_errors: &'p [InputError],
}

#[derive(Serialize)]
struct JsonDenied<'p> {
    file: &'p str,
    object: &'p ObjectRef,
    findings: Vec<JsonFinding<'p>>,
}

#[derive(Serialize)]
struct JsonFinding<'p> {
    rule: &'p str,
    severity: &'static str,
    message: &'p str,
    help: Option<&'p str>,
    path: String,
    container: Option<&'p str>,
}

#[derive(Serialize)]
struct JsonSummary {
    workloads: usize,
    denied: usize,
    warned: usize,
    controlled: usize,
    excluded: usize,
}

fn json(found: &Preflight, out: &mut dyn Write) -> anyhow::Result<()> {
    let denied = found.denied.iter().map(|denied| JsonDenied {
        file: &denied.file,
        object: &denied.object,
        findings: denied
            .rulings
            .iter()
            .map(|ruling| JsonFinding {
                rule: ruling.verdict.finding.rule,
                severity: ruling.verdict.severity.name(),
                message: &ruling.verdict.finding.message,
                help: ruling.verdict.finding.help.as_deref(),
                path: ruling.verdict.finding.path().pointer(),
                container: ruling.verdict.finding.container.as_deref(),
            })
            .collect(),
    });
    let summary = JsonSummary {
        workloads: found.workloads,
        denied: found.denied.len(),
        warned: found.warned,
        controlled: found.controlled,
        excluded: found.excluded,
    };
    let report = JsonPreflight { version: 1, denied: denied.collect(), summary, input_errors: &found.input_errors };
    serde_json::to_writer(&mut *out, &report)?;
    writeln!(out)?;
    Ok(())
}
