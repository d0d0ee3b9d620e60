//! The report for machines. The structs that are written are the ones that the published schema
//! comes from; field order is the order of keys.

use crate::engine::outcome::{InputError, ObjectRef, Report, Reported, Summary};
use crate::finding::{Edit, Fix, Safety, Severity};
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use std::io::{self, Write};

/// A crashlint report.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Report", deny_unknown_fields)]
struct JsonReport<'r> {
    /// The format's version; raised when a reader of this one would be misled.
    #[schemars(extend("const" = 1))]
    version: u8,
    /// By file, place and rule.
    findings: Vec<JsonFinding<'r>>,
    /// Counts of the run.
    summary: &'r Summary,
    /// Input that could not be read; the exit code is then 2.
    input_errors: &'r [InputError],
}

/// One thing that a rule has to say about one place.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Finding", deny_unknown_fields)]
struct JsonFinding<'r> {
    /// The rule's name.
    rule: &'r str,
    /// The severity after policy.
    severity: Severity,
    /// What is wrong.
    message: &'r str,
    /// What to do; null where the message says all.
    help: Option<&'r str>,
    /// The file as named, or `-` for standard input.
    file: &'r str,
    /// First line, from 1.
    #[schemars(range(min = 1))]
    line: u32,
    /// First column, from 1, in Unicode scalar values.
    #[schemars(range(min = 1))]
    column: u32,
    /// Line of the end, from 1.
    #[schemars(range(min = 1))]
    end_line: u32,
    /// Column of the end, exclusive.
    #[schemars(range(min = 1))]
    end_column: u32,
    /// RFC 6901 pointer into the object, to the field or to where it is missing.
    path: String,
    /// The object; null for faults of a text that holds none.
    object: Option<&'r ObjectRef>,
    /// Name of the container; null where none is meant.
    container: Option<&'r str>,
    /// How it is mended mechanically; null where only a person can.
    fix: Option<JsonFix<'r>>,
    /// Only with `--show-suppressed`, and only on suppressed findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<JsonSuppression<'r>>,
}

/// A mechanical fix.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Fix", deny_unknown_fields)]
struct JsonFix<'r> {
    /// What applying it does.
    title: &'r str,
    /// Whether it may be applied unasked.
    safety: Safety,
    /// Operations of JSON Patch (RFC 6902) on the object, in order.
    edits: Vec<JsonEdit<'r>>,
}

/// One operation of JSON Patch.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Edit", deny_unknown_fields)]
struct JsonEdit<'r> {
    op: Op,
    /// RFC 6901 pointer.
    path: String,
    /// The new value; absent where `op` is `remove`.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'r serde_json::Value>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Op {
    Add,
    Replace,
    Remove,
}

/// Why a finding does not count.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Suppression", deny_unknown_fields)]
struct JsonSuppression<'r> {
    /// The annotation or exemption.
    by: &'r str,
    /// The reason given, where one is.
    reason: Option<&'r str>,
}

impl<'r> JsonFinding<'r> {
    fn new(found: &'r Reported) -> Self {
        let finding = &found.finding;
        let range = found.at.range;
        Self {
            rule: finding.rule,
            severity: found.severity,
            message: &finding.message,
            help: finding.help.as_deref(),
            file: &found.file,
            line: range.start.line,
            column: range.start.column,
            end_line: range.end.line,
            end_column: range.end.column,
            path: found.finding.path().pointer(),
            object: found.object.as_ref(),
            container: finding.container.as_deref(),
            fix: finding.fix.as_ref().map(JsonFix::new),
            suppressed: found
                .suppressed
                .as_ref()
                .map(|why| JsonSuppression { by: &why.by, reason: why.reason.as_deref() }),
        }
    }
}

impl<'r> JsonFix<'r> {
    fn new(fix: &'r Fix) -> Self {
        let edits = fix
            .edits
            .iter()
            .map(|edit| match edit {
                Edit::Add(path, value) => JsonEdit { op: Op::Add, path: path.pointer(), value: Some(value) },
                Edit::Replace(path, value) => JsonEdit { op: Op::Replace, path: path.pointer(), value: Some(value) },
                Edit::Remove(path) => JsonEdit { op: Op::Remove, path: path.pointer(), value: None },
            })
            .collect();
        Self { title: &fix.title, safety: fix.safety, edits }
    }
}

/// Writes the report: one JSON object and a line break.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, show_suppressed: bool, out: &mut dyn Write) -> io::Result<()> {
    let findings = report
        .findings
        .iter()
        .filter(|found| show_suppressed || found.suppressed.is_none())
        .map(JsonFinding::new)
        .collect();
    let json = JsonReport { version: 1, findings, summary: &report.summary, input_errors: &report.input_errors };
    serde_json::to_writer(&mut *out, &json)?;
    writeln!(out)
}

/// The report's JSON Schema, draft 2020-12.
#[must_use]
pub fn schema() -> Schema {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<JsonReport<'static>>()
}
