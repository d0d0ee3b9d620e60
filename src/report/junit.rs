//! JUnit's XML: a suite a file, a failed case a finding.

use super::safe;
use super::words::{shown, title};
use crate::engine::outcome::{Report, Reported};
use crate::finding::Severity;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io::{self, Write};

/// Writes the report. What is info is no failure.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let found: Vec<&Reported> = report.active().filter(|found| found.severity > Severity::Info).collect();
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let clean = found.is_empty() && report.input_errors.is_empty();
    let tests = found.len() + report.input_errors.len() + usize::from(clean);
    xml.create_element("testsuites")
        .with_attribute(("name", "crashlint"))
        .with_attribute(("tests", &*tests.to_string()))
        .with_attribute(("failures", &*found.len().to_string()))
        .with_attribute(("errors", &*report.input_errors.len().to_string()))
        .write_inner_content(|xml| {
            if clean {
                // A report without a case is taken for a run that never was.
                suite(xml, "crashlint", 1, 0, 0, |xml| case(xml, "no findings", "crashlint").write_empty().map(drop))?;
            }
            for findings in found.chunk_by(|a, b| a.file == b.file) {
                let file = safe::sentence(&findings[0].file);
                suite(xml, &file, findings.len(), findings.len(), 0, |xml| {
                    findings.iter().try_for_each(|found| failure(xml, found))
                })?;
            }
            for error in &report.input_errors {
                let file = safe::sentence(&error.file);
                suite(xml, &file, 1, 0, 1, |xml| {
                    let message = safe::sentence(&error.message);
                    case(xml, "input-error", &file)
                        .write_inner_content(|xml| {
                            xml.create_element("error").with_attribute(("message", &*message)).write_empty().map(drop)
                        })
                        .map(drop)
                })?;
            }
            Ok(())
        })?;
    writeln!(out)
}

fn suite<W: Write>(
    xml: &mut Writer<W>,
    name: &str,
    tests: usize,
    failures: usize,
    errors: usize,
    inner: impl Fn(&mut Writer<W>) -> io::Result<()>,
) -> io::Result<()> {
    xml.create_element("testsuite")
        .with_attribute(("name", name))
        .with_attribute(("tests", &*tests.to_string()))
        .with_attribute(("failures", &*failures.to_string()))
        .with_attribute(("errors", &*errors.to_string()))
        .write_inner_content(inner)
        .map(drop)
}

fn case<'x, W: Write>(xml: &'x mut Writer<W>, name: &str, class: &str) -> quick_xml::writer::ElementWriter<'x, W> {
    xml.create_element("testcase").with_attribute(("name", name)).with_attribute(("classname", class))
}

fn failure<W: Write>(xml: &mut Writer<W>, found: &Reported) -> io::Result<()> {
    let start = found.at.range.start;
    let file = safe::sentence(&found.file);
    let place = format!("{file}:{}:{}", start.line, start.column);
    let name = format!("{} ({}:{})", title(found), start.line, start.column);
    let text = format!("{place}: {}", shown(found));
    case(xml, &name, &file)
        .write_inner_content(|xml| {
            xml.create_element("failure")
                .with_attribute(("type", found.severity.name()))
                .with_attribute(("message", &*safe::sentence(&found.finding.message)))
                .write_text_content(BytesText::new(&text))
                .map(drop)
        })
        .map(drop)
}
