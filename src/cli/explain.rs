//! `crashlint explain RULE`: a rule's page, for the terminal.

use crate::report::page;
use crate::rules;
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

/// Columns that paragraphs are broken to.
const WIDTH: usize = 80;

/// Writes a rule's page.
pub(super) fn run(name: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(rule) = rules::find(name) else {
        let hint = rules::nearest(name)
            .map_or_else(|| "`crashlint rules` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        anyhow::bail!("unknown rule `{name}`; {hint}");
    };
    terminal(&page::markdown(rule, None), out)?;
    Ok(())
}

/// Markdown as a terminal shows it: headings bold, paragraphs broken, code as it is.
fn terminal(markdown: &str, out: &mut dyn Write) -> io::Result<()> {
    let bold = Style::new().bold();
    let heading = AnsiColor::Green.on_default().bold();
    let mut code = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            code = !code;
        } else if code {
            writeln!(out, "    {line}")?;
        } else if let Some(title) = line.strip_prefix("# ") {
            writeln!(out, "{bold}{title}{bold:#}")?;
        } else if let Some(title) = line.strip_prefix("## ") {
            writeln!(out, "{heading}{title}{heading:#}")?;
        } else {
            broken(line, out)?;
        }
    }
    Ok(())
}

/// Breaks a line at spaces; what follows a list's dash hangs below its text.
fn broken(line: &str, out: &mut dyn Write) -> io::Result<()> {
    let indent = line.len() - line.trim_start().len();
    let hang = indent + if line.trim_start().starts_with("- ") { 2 } else { 0 };
    let mut column = 0;
    for word in line.split_whitespace() {
        let long = word.chars().count();
        if column == 0 {
            write!(out, "{:indent$}", "")?;
            column = indent;
        } else if column + 1 + long > WIDTH {
            write!(out, "\n{:hang$}", "")?;
            column = hang;
        } else {
            write!(out, " ")?;
            column += 1;
        }
        write!(out, "{word}")?;
        column += long;
    }
    writeln!(out)
}
