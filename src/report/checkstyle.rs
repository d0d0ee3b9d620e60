//! Checkstyle's XML, which many review tools read.

use super::safe;
use super::words::shown;
use crate::engine::outcome::Report;
use crate::finding::Severity;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// A line of the report.
struct Row<'r> {
    line: u32,
    column: u32,
    severity: &'static str,
    message: String,
    rule: &'r str,
}

/// Writes the report.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut files: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    for error in &report.input_errors {
        files.entry(&error.file).or_default().push(Row {
            line: error.line.unwrap_or(1),
            column: error.column.unwrap_or(1),
            severity: "error",
            message: safe::sentence(&error.message),
            rule: "input-error",
        });
    }
    for found in report.active() {
        let start = found.at.range.start;
        let severity = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let row =
            Row { line: start.line, column: start.column, severity, message: shown(found), rule: found.finding.rule };
        files.entry(&found.file).or_default().push(row);
    }
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = xml.create_element("checkstyle").with_attribute(("version", "4.3"));
    if files.is_empty() {
        root.write_empty()?;
        return writeln!(out);
    }
    root.write_inner_content(|xml| {
        for (file, rows) in &files {
            xml.create_element("file").with_attribute(("name", &*safe::sentence(file))).write_inner_content(|xml| {
                for row in rows {
                    xml.create_element("error")
                        .with_attribute(("line", &*row.line.to_string()))
                        .with_attribute(("column", &*row.column.to_string()))
                        .with_attribute(("severity", row.severity))
                        .with_attribute(("message", &*row.message))
                        .with_attribute(("source", &*format!("crashlint.{}", row.rule)))
                        .write_empty()?;
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    writeln!(out)
}
