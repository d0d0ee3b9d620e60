//! `crashlint [PATHS…]`: collects, lints, prints, and decides the exit code.

use super::args::{FailOn, Format, Lint};
use super::{Console, TROUBLE, collect, policy};
use crate::engine;
use crate::engine::outcome::Report;
use crate::finding::Severity;
use crate::report::{checkstyle, github, gitlab, json, junit, markdown, pretty, sarif, tap};
use crate::rules::RULES;
use anyhow::Context as _;
use std::io::IsTerminal as _;
use std::sync::Mutex;
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

    let progress = Progress::new(console, started, args.selection.quiet);
    let mut report = engine::lint(&inputs, &policy, args.selection.threads, &|done, total| progress.tell(done, total));
    progress.erase();
    report.input_errors.append(&mut errors);
    report.input_errors.sort();

    for output in &args.output {
        let mut text = Vec::new();
        render(output.format, &report, args, 100, &mut text)?;
        let name = output.file.display();
        super::write_file(&output.file, &anstream::adapter::strip_bytes(&text).into_vec())
            .with_context(|| format!("--output {name}"))?;
    }
    let mut text = Vec::new();
    render(args.format, &report, args, width(), &mut text)?;
    console.print(&text)?;

    let mut aside = Vec::new();
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

/// Writes a report in a format; `width` is that of the lines that people read.
fn render(format: Format, report: &Report, args: &Lint, width: usize, out: &mut Vec<u8>) -> std::io::Result<()> {
    match format {
        Format::Pretty => {
            let options = pretty::Options { suppressed: args.show_suppressed, verbose: args.verbose, width };
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
