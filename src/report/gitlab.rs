//! GitLab's code quality report: a JSON array, after the Code Climate specification.

use super::fingerprint::Fingerprints;
use super::words::{about, shown};
use crate::engine::outcome::Report;
use crate::finding::Severity;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Writes the report.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut seen = Fingerprints::default();
    let errors = report.input_errors.iter().map(|error| {
        json!({
            "description": super::safe::sentence(&error.message),
            "check_name": "input-error",
            "fingerprint": format!("input-error|{}|{}", error.file, error.line.unwrap_or(0)),
            "severity": "blocker",
            "location": {"path": path(&error.file), "lines": {"begin": error.line.unwrap_or(1)}},
        })
    });
    let findings = report.active().map(|found| {
        let severity = match found.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Info => "info",
        };
        let about = about(found);
        let of = if about.is_empty() { String::new() } else { format!("{about}: ") };
        json!({
            "description": format!("{of}{}", shown(found)),
            "check_name": found.finding.rule,
            "fingerprint": format!("{}|{}", found.file, seen.of(found)),
            "severity": severity,
            "location": {
                "path": path(&found.file),
                "lines": {"begin": found.at.range.start.line, "end": found.at.range.end.line},
            },
        })
    });
    let all: Vec<Value> = errors.chain(findings).collect();
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

/// A path that GitLab finds in the repository: without `./`.
fn path(file: &str) -> &str {
    file.strip_prefix("./").unwrap_or(file)
}
