//! `crashlint fix`: mends files, or shows how it would.

use super::args::Fix as Args;
use super::{Console, TROUBLE, collect, policy};
use crate::engine::Input;
use crate::fix::files::{Changed, Mended, mend};
use crate::report::{pretty, safe};
use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};
use std::io::{self, Write};

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// Mends, and returns the exit code: with `--check` 1 where something would change.
pub(super) fn run(args: &Args, console: &Console) -> anyhow::Result<u8> {
    let selection = &args.selection;
    let policy = match policy::read(selection.policy.as_deref(), selection.profile)? {
        Ok(policy) => policy,
        Err(wrong) => return console.wrong_policy(&wrong),
    };
    let (inputs, mut errors) = collect::inputs(&selection.paths, &selection.include, &selection.exclude)?;
    let mut mended = mend(&inputs, &policy, args.r#unsafe, selection.threads);
    mended.report.input_errors.append(&mut errors);
    mended.report.input_errors.sort();

    let mut out = Vec::new();
    let mut aside = Vec::new();
    let mut trouble = false;
    let dry = args.diff || args.check;
    for changed in &mended.changed {
        let input = &inputs[changed.input];
        if args.diff {
            diff(input, changed, &mut out)?;
        } else if dry {
            writeln!(out, "{}", safe::sentence(&input.name))?;
        } else if let Some(path) = &input.path
            && let Err(error) = super::write_file(path, changed.after.as_bytes())
        {
            trouble = true;
            let name = safe::sentence(&input.name);
            writeln!(aside, "error: {name}: can't be written: {error:#}; it is as it was")?;
        }
    }
    if !dry {
        // Standard input goes through, mended or not.
        for (at, input) in inputs.iter().enumerate().filter(|(_, input)| input.path.is_none()) {
            let after =
                mended.changed.iter().find(|changed| changed.input == at).map(|changed| changed.after.as_bytes());
            out.extend_from_slice(after.or(input.text.as_deref()).unwrap_or_default());
        }
    }
    console.print(&out)?;
    for error in &mended.report.input_errors {
        pretty::input_error(error, &mut aside)?;
    }
    if !selection.quiet {
        summary(&mended, dry, args.r#unsafe, &mut aside)?;
    }
    console.error(&aside)?;
    Ok(match () {
        () if trouble || !mended.report.input_errors.is_empty() => TROUBLE,
        () if args.check => u8::from(!mended.changed.is_empty()),
        () => 0,
    })
}

/// What was done, what could not be, and what is left.
fn summary(mended: &Mended, dry: bool, review: bool, out: &mut dyn Write) -> io::Result<()> {
    for note in &mended.notes {
        let title = safe::sentence(&note.title);
        let place = format!("{}:{}", safe::sentence(&note.file), note.line);
        match &note.refused {
            None => writeln!(out, "{place}: {title} [{}]", note.rule)?,
            Some(why) => writeln!(out, "{place}: not mended [{}]: {title}: {why}", note.rule)?,
        }
    }
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let done = mended.notes.iter().filter(|note| note.refused.is_none()).count();
    let verb = if dry { "would apply" } else { "applied" };
    let left = mended.report.active().count();
    let more = mended.report.active().filter(|found| found.finding.fix.is_some()).count();
    let hint = if more > 0 && !review { format!(", of which --unsafe mends up to {more}") } else { String::new() };
    writeln!(
        out,
        "{verb} {} in {}; {} left{hint}",
        count(done, "fix").replace("fixs", "fixes"),
        count(mended.changed.len(), "file"),
        count(left, "finding"),
    )
}

/// A unified diff, as `patch` and `git apply` read it.
fn diff(input: &Input, changed: &Changed, out: &mut dyn Write) -> io::Result<()> {
    let (bold, hunk) = (Style::new().bold(), AnsiColor::Cyan.on_default());
    let (gone, new) = (AnsiColor::Red.on_default(), AnsiColor::Green.on_default());
    let name = safe::sentence(&input.name);
    writeln!(out, "{bold}--- a/{name}{bold:#}\n{bold}+++ b/{name}{bold:#}")?;
    let diff = TextDiff::from_lines(&changed.before, &changed.after);
    for part in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        writeln!(out, "{hunk}{}{hunk:#}", part.header())?;
        for change in part.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', gone),
                ChangeTag::Insert => ('+', new),
                ChangeTag::Equal => (' ', Style::new()),
            };
            let line = change.value();
            let body = line.trim_end_matches('\n');
            writeln!(out, "{style}{sign}{body}{style:#}")?;
            if !line.ends_with('\n') {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}
