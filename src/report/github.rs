//! Workflow commands of GitHub Actions: annotations at the lines of a pull request.

use super::safe;
use super::words::{shown, title};
use crate::engine::outcome::{InputError, Report};
use crate::finding::Severity;
use std::io::{self, Write};

/// Writes the report.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for InputError { file, line, column, message } in &report.input_errors {
        let place = [("line", *line), ("col", *column)];
        let place: String =
            place.iter().filter_map(|(key, value)| value.map(|value| format!(",{key}={value}"))).collect();
        writeln!(out, "::error file={}{place}::{}", property(&safe::sentence(file)), data(&safe::sentence(message)))?;
    }
    for found in report.active() {
        let command = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let (start, end) = (found.at.range.start, found.at.range.end);
        // Columns of a range over several lines are taken for those of the first.
        let columns = if start.line == end.line {
            format!(",col={},endColumn={}", start.column, end.column)
        } else {
            String::new()
        };
        writeln!(
            out,
            "::{command} file={},line={},endLine={}{columns},title={}::{}",
            property(&safe::sentence(&found.file)),
            start.line,
            end.line,
            property(&title(found)),
            data(&shown(found)),
        )?;
    }
    Ok(())
}

/// Escapes as `escapeData` of the toolkit's `command.ts` does.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes as `escapeProperty` there does.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
