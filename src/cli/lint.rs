//! `crashlint [PATHS…]`: collects, lints, prints, and decides the exit code.

use super::args::{FailOn, Format, Lint, When};
use super::render::{Options, Rendering};
use super::{Console, TROUBLE, collect, policy};
use crate::engine;
use crate::engine::Input;
use crate::engine::baseline::Baseline;
use crate::engine::outcome::{InputError, Report};
use crate::finding::Severity;
use crate::fix::files::propose;
use crate::policy::Policy;
use crate::report::{checkstyle, github, gitlab, html, json, junit, markdown, pretty, safe, sarif, tap};
use crate::rules::RULES;
use crate::source::Source;
use anyhow::Context as _;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Lints, and returns the exit code.
pub(super) fn run(args: &Lint, console: &Console) -> anyhow::Result<u8> {
    let started = Instant::now();
    let policy = match policy::read(args.selection.policy.as_deref(), args.selection.profile)? {
        Ok(policy) => policy,
        Err(wrong) => return console.wrong_policy(&wrong),
    };
    let (inputs, mut errors) =
        collect::inputs(&args.selection.paths, &args.selection.include, &args.selection.exclude)?;

    let rendering = match args.render.render {
        When::Never => Rendering::none(inputs),
        _ => {
            let options = Options { args: &args.render, kubernetes_minor: policy.kubernetes_minor };
            Rendering::of(inputs, options)
        }
    };
    let inputs = &rendering.plain;

    let progress = Progress::new(console, started, args.selection.quiet);
    let threads = args.selection.threads;
    let reports = engine::lint_sets(&rendering.sets(), &policy, threads, &|done, total| progress.tell(done, total));
    progress.erase();
    let mut report = rendering.join(reports);
    report.input_errors.append(&mut errors);
    let mut aside = Vec::new();
    if args.render.render == When::Always {
        report.input_errors.append(&mut rendering.errors());
    } else if !args.selection.quiet {
        rendering.complaints().iter().for_each(|line| aside.extend(format!("{}\n", safe::sentence(line)).bytes()));
    }
    report.input_errors.sort();
    if let Some(wrong) = baseline(args, inputs, &policy, &mut report, &mut aside)? {
        return console.wrong_policy(&wrong);
    }
    if std::iter::once(args.format)
        .chain(args.output.iter().map(|output| output.format))
        .any(|format| format == Format::Sarif)
    {
        propose(inputs, &mut report);
    }

    for output in &args.output {
        let mut text = Vec::new();
        render(output.format, &report, args, (false, 100), &mut text)?;
        let name = output.file.display();
        super::write_file(&output.file, &text).with_context(|| format!("--output {name}"))?;
    }
    let mut text = Vec::new();
    render(args.format, &report, args, (console.colored(), width()), &mut text)?;
    console.print(&text)?;

    if args.format != Format::Pretty {
        // Whoever writes the log to a file still sees why the exit code is 2.
        for error in &report.input_errors {
            pretty::input_error(error, &mut aside)?;
        }
    } else if !args.selection.quiet {
        let files = report.summary.files;
        let plural = if files == 1 { "" } else { "s" };
        let seconds = started.elapsed().as_secs_f64();
        aside.extend(format!("checked {files} file{plural} in {seconds:.2} s\n").bytes());
    }
    console.error(&aside)?;
    Ok(code(&report, args.fail_on))
}

/// Reads or writes the baseline and takes out what it names; what is wrong in its file, where something is.
fn baseline(
    args: &Lint,
    inputs: &[Input],
    policy: &Policy,
    report: &mut Report,
    aside: &mut Vec<u8>,
) -> anyhow::Result<Option<Vec<InputError>>> {
    let (file, text) = match (&args.baseline, &args.write_baseline) {
        (None, None) => return Ok(None),
        (Some(file), _) => {
            (file, std::fs::read_to_string(file).with_context(|| format!("--baseline {}", file.display()))?)
        }
        (None, Some(file)) => {
            let (text, count) = Baseline::write(report);
            super::write_file(file, text.as_bytes()).with_context(|| format!("--write-baseline {}", file.display()))?;
            if !args.selection.quiet {
                let plural = if count == 1 { "" } else { "s" };
                let name = safe::sentence(&file.display().to_string());
                aside.extend(format!("wrote {count} finding{plural} to {name}\n").bytes());
            }
            (file, text)
        }
    };
    let source = Arc::new(Source::new(file.to_string_lossy(), text));
    // Where single files are named, the others that the baseline speaks of are not seen.
    let whole = inputs.iter().any(|input| !input.named || input.path.is_none());
    match Baseline::load(&source) {
        Ok(baseline) => baseline.apply(report, policy, whole),
        Err(wrong) => return Ok(Some(wrong)),
    }
    Ok(None)
}

/// Writes a report in a format; where people read it, with colours or without, and so many columns wide.
fn render(
    format: Format,
    report: &Report,
    args: &Lint,
    (color, width): (bool, usize),
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    match format {
        Format::Pretty => {
            let options = pretty::Options { suppressed: args.show_suppressed, verbose: args.verbose, color, width };
            pretty::render(report, &options, out)
        }
        Format::Json => json::render(report, args.show_suppressed, out),
        Format::Sarif => sarif::render(report, RULES, args.show_suppressed, out),
        Format::Junit => junit::render(report, out),
        Format::Github => github::render(report, out),
        Format::Gitlab => gitlab::render(report, out),
        Format::Checkstyle => checkstyle::render(report, out),
        Format::Tap => tap::render(report, out),
        Format::Markdown => markdown::render(report, out),
        Format::Html => html::render(report, out),
    }
}

/// Unreadable input beats findings.
fn code(report: &Report, fail_on: FailOn) -> u8 {
    if !report.input_errors.is_empty() {
        return TROUBLE;
    }
    let least = match fail_on {
        FailOn::Never => return 0,
        FailOn::Info => Severity::Info,
        FailOn::Warning => Severity::Warning,
        FailOn::Error => Severity::Error,
    };
    u8::from(report.active().any(|found| found.severity >= least))
}

/// Columns to cut long lines to. A file gets the same bytes wherever it is written.
fn width() -> usize {
    let terminal = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    terminal.map_or(100, |(width, _)| usize::from(width.0).clamp(60, 160))
}

/// How long a run may take before it says how far it is.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two words of it.
const PACE: Duration = Duration::from_millis(100);

/// A line on standard error that is written over, and erased at the end.
struct Progress<'c> {
    console: &'c Console,
    started: Instant,
    wanted: bool,
    last: Mutex<Option<Instant>>,
}

impl<'c> Progress<'c> {
    fn new(console: &'c Console, started: Instant, quiet: bool) -> Self {
        let wanted = !quiet && std::io::stderr().is_terminal();
        Self { console, started, wanted, last: Mutex::new(None) }
    }

    fn tell(&self, done: usize, total: usize) {
        if !self.wanted || self.started.elapsed() < PATIENCE {
            return;
        }
        // Who finds the line in use has nothing newer to say.
        let Ok(mut last) = self.last.try_lock() else { return };
        if last.is_none_or(|at| at.elapsed() >= PACE) {
            *last = Some(Instant::now());
            let _ = self.console.error(format!("\rchecked {done} of {total} files").as_bytes());
        }
    }

    fn erase(&self) {
        if self.last.lock().is_ok_and(|last| last.is_some()) {
            // By spaces, as a terminal without colours may know no sequences either.
            let _ = self.console.error(format!("\r{:40}\r", "").as_bytes());
        }
    }
}
