//! Markdown, for a comment on a pull request.

use super::safe;
use super::words::about;
use crate::engine::outcome::Report;
use crate::finding::Severity;
use std::io::{self, Write};

/// Most findings that are listed: a comment has a limit of its own.
const MAX_ROWS: usize = 200;

/// Writes the report.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let summary = &report.summary;
    let counts = [
        (summary.errors, "error"),
        (summary.warnings, "warning"),
        (summary.infos, "info"),
        (report.input_errors.len(), "input error"),
    ];
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(*n, word)).collect();
    let counts = if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") };
    writeln!(out, "### crashlint: {counts}\n")?;
    writeln!(out, "{} checked in {}.", count(summary.workloads, "workload"), count(summary.files, "file"))?;
    for error in &report.input_errors {
        let place = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        writeln!(out, "\n- :no_entry: `{}{place}`: {}", code(&error.file), text(&error.message))?;
    }
    let rows: Vec<_> = report.active().collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| | where | what | what to do |\n|---|---|---|---|")?;
    for found in rows.iter().take(MAX_ROWS) {
        let sign = match found.severity {
            Severity::Error => ":red_circle:",
            Severity::Warning => ":warning:",
            Severity::Info => ":information_source:",
        };
        writeln!(
            out,
            "| {sign} | `{}:{}` {} | **{}**: {} | {} |",
            code(&found.file),
            found.at.range.start.line,
            text(&about(found)),
            found.finding.rule,
            text(&found.finding.message),
            text(found.finding.help.as_deref().unwrap_or_default()),
        )?;
    }
    if rows.len() > MAX_ROWS {
        writeln!(out, "\nand {} more", rows.len() - MAX_ROWS)?;
    }
    Ok(())
}

/// Text of a cell: nothing in it is markup but backquotes, which messages use as Markdown does.
fn text(text: &str) -> String {
    let mut out = String::new();
    for c in safe::sentence(text).chars() {
        match c {
            '|' => out.push_str("\\|"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Nobody is called by a manifest.
            '@' => out.push_str("@\u{2060}"),
            c => out.push(c),
        }
    }
    out
}

fn code(text: &str) -> String {
    safe::sentence(text).replace('`', "'").replace('|', "\\|")
}
