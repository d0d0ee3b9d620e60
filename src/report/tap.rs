//! The Test Anything Protocol, version 13: what later ones add is not needed, and not every consumer reads them.

use super::safe;
use super::words::{about, shown};
use crate::engine::outcome::Report;
use crate::finding::Severity;
use serde_json::Value;
use std::io::{self, Write};

/// Writes the report: a point for each finding and each input error; what is info passes.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let total = report.active().count() + report.input_errors.len();
    writeln!(out, "TAP version 13\n1..{}", total.max(1))?;
    if total == 0 {
        return writeln!(out, "ok 1 - no findings");
    }
    let mut number = 0;
    for error in &report.input_errors {
        number += 1;
        let place = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        let text = description(&format!("{}{place}: {}", error.file, error.message));
        writeln!(out, "not ok {number} - {text}")?;
    }
    for found in report.active() {
        number += 1;
        let start = found.at.range.start;
        let verdict = if found.severity > Severity::Info { "not ok" } else { "ok" };
        let rule = found.finding.rule;
        let text = description(&format!("{}:{}:{}: {rule}", found.file, start.line, start.column));
        writeln!(out, "{verdict} {number} - {text}")?;
        let quoted = |text: String| Value::from(text).to_string();
        writeln!(out, "  ---\n  severity: {}\n  message: {}", found.severity.name(), quoted(shown(found)))?;
        if !about(found).is_empty() {
            writeln!(out, "  object: {}", quoted(about(found)))?;
        }
        writeln!(out, "  ...")?;
    }
    Ok(())
}

/// A description, in which `#` would begin a directive.
fn description(text: &str) -> String {
    safe::sentence(text).replace('\\', "\\\\").replace('#', "\\#")
}
