//! The report for people, as rustc prints: what, where, why, and what to do.
//!
//! What comes from files passes [`safe`] first, so every escape sequence here is our own.

use super::{safe, snippet};
use crate::engine::outcome::{InputError, NotRendered, ObjectRef, Report, Reported, Summary};
use crate::finding::{Safety, Severity};
use annotate_snippets::{Group, Level, Origin, Renderer};
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
const NOTE: Style = AnsiColor::BrightGreen.on_default().bold();

/// How many names of files that were not rendered are shown unasked.
const NAMES: usize = 5;

/// What to show, and how wide.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Shows suppressed findings, dimmed.
    pub suppressed: bool,
    /// Names every file that was not rendered, not the first few.
    pub verbose: bool,
    /// Whether anybody sees colours: whether terminal styles are written.
    pub color: bool,
    /// Columns of the terminal; longer source lines are cut around the place.
    pub width: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { suppressed: false, verbose: false, color: true, width: 100 }
    }
}

/// Writes the report.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let styled = if options.color { Renderer::styled() } else { Renderer::plain() }.term_width(options.width);
    let plain = Renderer::plain().term_width(options.width);
    for found in &report.findings {
        if found.suppressed.is_none() {
            let text = join_places(&styled.render(&[finding(found)]));
            writeln!(out, "{}\n", if options.color { text } else { unstyled(text) })?;
        } else if options.suppressed {
            let dim = if options.color { DIM } else { Style::new() };
            for line in unstyled(join_places(&plain.render(&[finding(found)]))).lines() {
                writeln!(out, "{dim}{line}{dim:#}")?;
            }
            writeln!(out)?;
        }
    }
    let mut end = Vec::new();
    for error in &report.input_errors {
        input_error(error, &mut end)?;
    }
    not_rendered(&report.not_rendered, options.verbose, &mut end)?;
    if !report.input_errors.is_empty() || !report.not_rendered.is_empty() {
        writeln!(end)?;
    }
    writeln!(end, "{}", summary(&report.summary, report.input_errors.len()))?;
    out.write_all(&if options.color { end } else { anstream::adapter::strip_bytes(&end).into_vec() })
}

/// Without terminal styles, of which most findings have none where the renderer is plain.
fn unstyled(text: String) -> String {
    if text.contains('\u{1b}') { anstream::adapter::strip_str(&text).to_string() } else { text }
}

/// Writes an input error in one line: `error: FILE:LINE:COLUMN: message`.
///
/// # Errors
/// The writer's.
pub fn input_error(error: &InputError, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{ERROR}error{ERROR:#}{BOLD}: {}", safe::sentence(&error.file))?;
    if let Some(line) = error.line {
        write!(out, ":{line}")?;
        if let Some(column) = error.column {
            write!(out, ":{column}")?;
        }
    }
    writeln!(out, ": {}{BOLD:#}", safe::sentence(&error.message))
}

/// The renderer heads each source with a line for its file (`:::`). All sources here are of the file
/// that the origin names, so the first such line goes, and the others mark a gap.
fn join_places(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut seen = false;
    for line in text.lines() {
        if line.contains(":::") && anstream::adapter::strip_str(line).to_string().trim() == ":::" {
            if seen {
                result.push_str(&line.replace(":::", "...").replace(' ', ""));
                result.push('\n');
            }
            seen = true;
        } else {
            result.push_str(line);
            result.push('\n');
        }
    }
    result.truncate(result.trim_end_matches('\n').len());
    result
}

fn finding(found: &Reported) -> Group<'_> {
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let level = if found.suppressed.is_some() {
        Level::NOTE.with_name(format!("suppressed {}", found.severity.name()))
    } else {
        level
    };
    let start = found.at.range.start;
    let finding = &found.finding;
    let mut group = level.primary_title(safe::sentence(&finding.message)).id(finding.rule).element(
        Origin::path(safe::sentence(&found.file)).line(start.line as usize).char_column(start.column as usize),
    );
    let drawn = snippet::draw(&found.at, &found.also);
    group = group.elements(drawn.snippets);
    let mut say = |level: Level<'static>, text: String| {
        // The builder takes itself by value.
        let so_far = std::mem::replace(&mut group, Group::with_level(Level::NOTE));
        group = so_far.element(level.message(text));
    };
    if let Some(object) = &found.object {
        say(Level::NOTE.with_name("in"), owner(object, finding.container.as_deref()));
    }
    if let Some(timeline) = &finding.timeline {
        say(Level::NOTE.with_name("start"), super::timeline::draw(timeline));
    }
    for note in drawn.aside.iter().chain(&finding.notes) {
        say(Level::NOTE, safe::sentence(note));
    }
    if let Some(help) = &finding.help {
        say(Level::HELP, safe::sentence(help));
    }
    if let Some(fix) = &finding.fix {
        let how = match fix.safety {
            Safety::Safe => "safe",
            Safety::Review => "needs review",
        };
        say(Level::HELP.with_name("fix"), format!("{} ({how})", safe::sentence(&fix.title)));
    }
    if let Some(suppression) = &found.suppressed {
        let reason = suppression.reason.as_deref().map_or_else(|| "no reason given".to_owned(), safe::sentence);
        say(Level::NOTE.with_name("suppressed"), format!("by {}: {reason}", safe::sentence(&suppression.by)));
    }
    group
}

/// `Deployment shop/cart, container main`.
fn owner(object: &ObjectRef, container: Option<&str>) -> String {
    let name = if object.name.is_empty() { "(no name)" } else { &object.name };
    let mut text = match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{name}", object.kind),
        None => format!("{} {name}", object.kind),
    };
    if let Some(container) = container {
        text.push_str(", container ");
        text.push_str(container);
    }
    safe::sentence(&text)
}

fn not_rendered(left_out: &[NotRendered], verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    if left_out.is_empty() {
        return Ok(());
    }
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    let mut files: Vec<&str> = Vec::new();
    for one in left_out {
        match kinds.iter_mut().find(|(why, _)| *why == one.why) {
            Some((_, count)) => *count += 1,
            None => kinds.push((one.why, 1)),
        }
        if files.last() != Some(&&*one.file) {
            files.push(&one.file);
        }
    }
    kinds.sort_unstable();
    let counts = kinds.iter().map(|(why, count)| counted(*count, why)).collect::<Vec<_>>().join(", ");
    let any = |word: &str| kinds.iter().any(|(why, _)| why.contains(word));
    let mut commands = Vec::new();
    if any("Helm") {
        commands.push("`helm template CHART | crashlint -`");
    }
    if any("patch") || any("kustom") {
        commands.push("`kubectl kustomize DIR | crashlint -`");
    }
    write!(out, "{NOTE}not rendered{NOTE:#}: {counts}")?;
    if commands.is_empty() {
        writeln!(out)?;
    } else {
        writeln!(out, "; render first: {}", commands.join(", "))?;
    }
    let shown = if verbose { files.len() } else { files.len().min(NAMES) };
    for file in &files[..shown] {
        writeln!(out, "  {}", safe::sentence(file))?;
    }
    if shown < files.len() {
        writeln!(out, "  … and {} more; --verbose names them", files.len() - shown)?;
    }
    Ok(())
}

/// `3 errors, 12 warnings in 14 files (37 objects, 12 workloads); 1 suppressed`.
fn summary(counts: &Summary, input_errors: usize) -> String {
    let mut found = Vec::new();
    for (count, word) in [(counts.errors, "error"), (counts.warnings, "warning"), (counts.infos, "info")] {
        if count > 0 {
            found.push(counted(count, word));
        }
    }
    let read = format!(
        "{} ({}, {})",
        counted(counts.files, "file"),
        counted(counts.objects, "object"),
        counted(counts.workloads, "workload")
    );
    let mut text = match found.is_empty() {
        false => format!("{BOLD}{}{BOLD:#} in {read}", found.join(", ")),
        true if counts.files == 0 => "no manifests found".to_owned(),
        true if counts.workloads == 0 => format!("no workloads to check in {read}"),
        true => format!("{NOTE}nothing found{NOTE:#} in {read}"),
    };
    if counts.suppressed > 0 {
        text.push_str(&format!("; {} suppressed", counts.suppressed));
    }
    if counts.baselined > 0 {
        text.push_str(&format!("; {} in the baseline", counts.baselined));
    }
    if input_errors > 0 {
        text.push_str(&format!("; {ERROR}{} not read{ERROR:#}", counted(input_errors, "input")));
    }
    text
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 {
        return format!("1 {word}");
    }
    match word.strip_suffix("ch") {
        Some(_) => format!("{count} {word}es"),
        None => format!("{count} {word}s"),
    }
}
