//! A page for a browser that needs nothing but itself: no script, style, font or picture is asked for elsewhere.

mod timeline;

use super::safe;
use crate::engine::outcome::{Excerpt, ObjectRef, Report, Reported};
use crate::finding::Safety;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Lines of a snippet that are shown, and characters of a line.
const MAX_LINES: usize = 12;
const MAX_LINE: usize = 240;

/// Writes the report.
///
/// # Errors
/// The writer's.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut page = String::new();
    head(report, &mut page);
    form(report, &mut page);
    page.push_str("<main>\n");
    for (title, findings) in groups(report) {
        let _ = writeln!(page, "<section>\n<div><h2>{}</h2></div>", text(&title));
        findings.into_iter().for_each(|found| finding(found, &mut page));
        page.push_str("</section>\n");
    }
    page.push_str("<p id=\"none\" class=\"soft\" hidden>Nothing fits.</p>\n</main>\n");
    foot(report, &mut page);
    out.write_all(page.as_bytes())
}

fn head(report: &Report, page: &mut String) {
    let summary = &report.summary;
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>crashlint: {}</title>\n\
        <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>crashlint</h1>\n<p class=\"soft\">{} checked in {}, {} in all</p>\n",
        counts(report).iter().map(|(_, count, word)| plural(*count, word)).collect::<Vec<_>>().join(", "),
        plural(summary.workloads, "workload"),
        plural(summary.files, "file"),
        plural(summary.objects, "object"),
    );
    page.push_str("<ul class=\"counts\">\n");
    for (class, count, word) in counts(report) {
        let _ = writeln!(
            page,
            "<li class=\"{class}\"><b>{count}</b>{}</li>",
            plural(count, word).split_once(' ').map_or("", |(_, word)| word)
        );
    }
    for (count, word) in [
        (summary.suppressed, "suppressed"),
        (summary.baselined, "in the baseline"),
        (summary.not_rendered, "not rendered"),
    ] {
        if count > 0 {
            let _ = writeln!(page, "<li><b>{count}</b>{word}</li>");
        }
    }
    page.push_str("</ul>\n");
    if !report.input_errors.is_empty() {
        page.push_str("<ul class=\"errors\">\n");
        for error in &report.input_errors {
            let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
            let place = format!("{}{line}", error.file);
            let _ = writeln!(
                page,
                "<li class=\"error\"><span class=\"severity\">not read</span> <span class=\"place\">{}</span>: {}</li>",
                text(&place),
                text(&error.message)
            );
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</header>\n");
}

fn counts(report: &Report) -> [(&'static str, usize, &'static str); 3] {
    let summary = &report.summary;
    [("error", summary.errors, "error"), ("warning", summary.warnings, "warning"), ("info", summary.infos, "info")]
}

fn form(report: &Report, page: &mut String) {
    let rules: BTreeSet<&str> = report.active().map(|found| found.finding.rule).collect();
    page.push_str(
        "<header>\n<form hidden>\n<input type=\"search\" name=\"search\" placeholder=\"search\" aria-label=\"search\" autocomplete=\"off\">\n",
    );
    for severity in ["error", "warning", "info"] {
        let _ = writeln!(
            page,
            "<label><input type=\"checkbox\" name=\"severity\" value=\"{severity}\" checked> {severity}</label>"
        );
    }
    page.push_str("<select name=\"rule\" aria-label=\"rule\">\n<option value=\"\">every rule</option>\n");
    for rule in rules {
        let _ = writeln!(page, "<option>{rule}</option>");
    }
    page.push_str("</select>\n<output id=\"shown\" class=\"soft\"></output>\n</form>\n</header>\n");
}

/// Findings by what they are about: the gravest first, then by name.
fn groups(report: &Report) -> Vec<(String, Vec<&Reported>)> {
    let mut groups: BTreeMap<String, Vec<&Reported>> = BTreeMap::new();
    for found in report.active() {
        let title = found.object.as_ref().map_or_else(|| found.file.to_string(), title);
        groups.entry(title).or_default().push(found);
    }
    let mut groups: Vec<(String, Vec<&Reported>)> = groups.into_iter().collect();
    for (_, findings) in &mut groups {
        findings.sort_by_key(|found| std::cmp::Reverse(found.severity));
    }
    groups.sort_by_key(|(_, findings)| std::cmp::Reverse(findings.first().map(|found| found.severity)));
    groups
}

fn title(object: &ObjectRef) -> String {
    let name = if object.name.is_empty() { "(no name)" } else { &object.name };
    match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{name}", object.kind),
        None => format!("{} {name}", object.kind),
    }
}

fn finding(found: &Reported, page: &mut String) {
    let (finding, severity) = (&found.finding, found.severity);
    let container = finding.container.as_ref().map_or_else(String::new, |name| format!(", container {name}"));
    let start = found.at.range.start;
    let place = format!("{}:{}:{}{container}", found.file, start.line, start.column);
    let _ = writeln!(
        page,
        "<article class=\"{0}\" data-severity=\"{0}\" data-rule=\"{1}\">\n\
        <h3><span class=\"severity\">{0}</span> {2} <span class=\"rule soft\">[{1}]</span></h3>\n<p class=\"place soft\">{3}</p>",
        severity.name(),
        finding.rule,
        markup(&finding.message),
        text(&place),
    );
    snippet(found, page);
    if let Some(timeline) = &finding.timeline {
        timeline::draw(timeline, page);
    }
    for note in &finding.notes {
        let _ = writeln!(page, "<p class=\"note\">{}</p>", markup(note));
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(page, "<p class=\"help\">{}</p>", markup(help));
    }
    if let Some(fix) = &finding.fix {
        let how = if fix.safety == Safety::Safe { "safe" } else { "needs review" };
        let _ = writeln!(page, "<p class=\"fix\">{} ({how})</p>", markup(&fix.title));
    }
    page.push_str("</article>\n");
}

/// The lines of a finding's places, each with what is to be seen there.
fn snippet(found: &Reported, page: &mut String) {
    let mut lines: BTreeMap<(bool, &str, u32), (&str, Vec<&Excerpt>)> = BTreeMap::new();
    for excerpt in std::iter::once(&found.at).chain(&found.also) {
        let file = excerpt.file.as_deref().unwrap_or(&found.file);
        for (number, line) in &excerpt.lines {
            let places =
                &mut lines.entry((file != &*found.file, file, *number)).or_insert((line.as_str(), Vec::new())).1;
            if *number == excerpt.range.start.line {
                places.push(excerpt);
            }
        }
    }
    if lines.is_empty() {
        return;
    }
    page.push_str("<pre>");
    let mut before: Option<(&str, u32)> = None;
    for ((elsewhere, file, number), (line, places)) in lines.into_iter().take(MAX_LINES) {
        if elsewhere && before.is_none_or(|(last, _)| last != file) {
            let _ = writeln!(page, "<span class=\"label\">{}</span>", text(file));
        } else if before.is_some_and(|(last, at)| last == file && number > at + 1) {
            page.push_str("<span class=\"number\">  …</span>\n");
        }
        before = Some((file, number));
        let _ = write!(page, "<span class=\"number\">{number:>5} </span>");
        let mark = places.first().map(|place| {
            let range = place.range;
            let end = if range.end.line == range.start.line { range.end.column } else { u32::MAX };
            (range.start.column as usize - 1, end as usize - 1)
        });
        marked(line, mark, page);
        let said: Vec<&str> =
            places.iter().map(|place| place.message.as_str()).filter(|said| !said.is_empty()).collect();
        if !said.is_empty() {
            let _ = write!(page, "  <span class=\"label\">← {}</span>", markup(&said.join("; ")));
        }
        page.push('\n');
    }
    page.push_str("</pre>\n");
}

/// A line with a part of it marked, cut where it is long.
fn marked(line: &str, mark: Option<(usize, usize)>, page: &mut String) {
    let chars: Vec<char> = line.chars().collect();
    let (start, end) = mark.map_or((0, 0), |(start, end)| (start.min(chars.len()), end.min(chars.len())));
    let from = if chars.len() > MAX_LINE { start.saturating_sub(MAX_LINE / 4) } else { 0 };
    let to = chars.len().min(from + MAX_LINE);
    let end = end.min(to);
    let part = |from: usize, to: usize| {
        let part: String = chars[from.min(to)..to].iter().collect();
        escaped(&safe::line(&part).replace('\t', " "))
    };
    let cut = |cut: bool| if cut { "…" } else { "" };
    page.push_str(cut(from > 0));
    page.push_str(&part(from, start));
    if end > start {
        let _ = write!(page, "<mark>{}</mark>", part(start, end));
    }
    page.push_str(&part(end.max(start), to));
    page.push_str(cut(to < chars.len()));
}

fn foot(report: &Report, page: &mut String) {
    page.push_str("<footer class=\"soft\">\n");
    if !report.not_rendered.is_empty() {
        page.push_str("<details><summary>not rendered</summary>\n<ul>\n");
        for left in &report.not_rendered {
            let _ = writeln!(page, "<li>{}: {}</li>", text(&left.file), text(left.why));
        }
        page.push_str("</ul></details>\n");
    }
    let _ = write!(
        page,
        "<p>crashlint {}; <code>crashlint explain RULE</code> prints a rule's page.</p>\n</footer>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    );
}

/// Text that is shown as it is; nothing in it is markup.
fn text(text: &str) -> String {
    escaped(&safe::sentence(text))
}

/// The same, with what stands in backquotes as code.
fn markup(sentence: &str) -> String {
    let text = text(sentence);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text;
    }
    let part =
        |(at, part): (usize, &&str)| if at % 2 == 1 { format!("<code>{part}</code>") } else { (*part).to_owned() };
    parts.iter().enumerate().map(part).collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
