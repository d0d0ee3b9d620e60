//! Objects, rules and policy make a report.
//!
//! Two passes: the first keeps what manifests say to each other, the second runs the rules file by
//! file. What only the second one learns, such as who runs which pods, is known at its end; the few files of which
//! rules have more to say then are read again. Memory holds a file for each thread, the facts, and the findings.

pub mod admission;
pub mod baseline;
mod examine;
mod file;
mod identity;
mod left_out;
pub mod outcome;
pub mod preflight;
mod read;
mod suppress;
mod survey;

pub use examine::Verdict;
pub use read::Input;

use crate::finding::{Finding, Severity};
use crate::policy::Policy;
use file::{Outcome, Second};
use outcome::{Excerpt, InputError, Report, Reported};
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use survey::Survey;

/// Stack of a worker, in bytes: the shell's grammar recurses.
const STACK: usize = 32 << 20;

/// Lints files. The report does not depend on the number of threads; 0 means one for each core.
///
/// `progress` is called after each file with the number of files that are done, from any thread.
#[must_use]
pub fn lint(inputs: &[Input], policy: &Policy, threads: usize, progress: &(dyn Fn(usize, usize) + Sync)) -> Report {
    lint_sets(&[inputs], policy, threads, progress).pop().unwrap_or_default()
}

/// Lints sets of files that know nothing of each other, such as charts that are rendered each by itself. A report for each,
/// in their order; what is said of the policy itself stands in the last.
#[must_use]
pub fn lint_sets(
    sets: &[&[Input]],
    policy: &Policy,
    threads: usize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Report> {
    let total = sets.iter().map(|inputs| inputs.len()).sum();
    let done = AtomicUsize::new(0);
    let tell = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
    let run = || sets.iter().map(|inputs| gather(one_set(inputs, policy, &tell))).collect();
    let mut reports: Vec<Report> = match pool(threads, total) {
        Some(pool) => pool.install(run),
        // No thread to be had: this one has to do.
        None => run(),
    };
    if let Some(last) = reports.last_mut() {
        last.findings.extend(unused_exemptions(policy));
        last.count();
    }
    reports
}

/// What is said of each file of a set.
fn one_set(inputs: &[Input], policy: &Policy, tell: &(dyn Fn() + Sync)) -> Vec<Outcome> {
    let mut survey = survey::survey(inputs, policy);
    let pass = |at: u32, survey: &Survey| {
        // A fault of ours in one file must not lose the others.
        catch_unwind(AssertUnwindSafe(|| file::lint(at, inputs, policy, survey))).unwrap_or_else(|_| Second {
            outcome: Outcome { input_errors: vec![crash(&inputs[at as usize])], ..Outcome::default() },
            alone: true,
            ..Second::default()
        })
    };
    let mut second: Vec<Second> = (0..inputs.len() as u32)
        .into_par_iter()
        .map(|at| {
            let linted = pass(at, &survey);
            tell();
            linted
        })
        .collect();
    survey.close(second.iter_mut().map(|linted| std::mem::take(&mut linted.facts)));
    // Now that all is known, some have to be looked at again.
    second.par_iter_mut().enumerate().for_each(|(at, linted)| {
        if linted.asked.is_worth_asking(&survey.set) {
            *linted = pass(at as u32, &survey);
        }
    });
    let both = survey.outcomes().zip(second);
    both.map(|(first, second)| if second.alone { second.outcome } else { first.and(second.outcome) }).collect()
}

/// Threads with room for deep recursion; 0 means one for each core. There are never more than files.
fn pool(threads: usize, files: usize) -> Option<rayon::ThreadPool> {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if threads == 0 { cores() } else { threads }.min(files.max(1));
    rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build().ok()
}

/// A fault of ours, as the user of the file sees it.
fn crash(input: &Input) -> InputError {
    let message = "internal error in crashlint: please report it with this file".to_owned();
    InputError { file: Arc::clone(&input.name), line: None, column: None, message }
}

fn gather(outcomes: Vec<Outcome>) -> Report {
    let mut report = Report::default();
    for mut outcome in outcomes {
        outcome.findings.sort_by(|a, b| {
            let key = |found: &Reported| (found.at.range.start, found.finding.rule);
            key(a).cmp(&key(b)).then_with(|| a.finding.message.cmp(&b.finding.message))
        });
        report.findings.append(&mut outcome.findings);
        report.input_errors.append(&mut outcome.input_errors);
        report.not_rendered.append(&mut outcome.not_rendered);
        report.summary.files += outcome.summary.files;
        report.summary.documents += outcome.summary.documents;
        report.summary.objects += outcome.summary.objects;
        report.summary.workloads += outcome.summary.workloads;
    }
    report.count();
    report
}

/// Exemptions that exempted nothing in the whole run.
fn unused_exemptions(policy: &Policy) -> impl Iterator<Item = Reported> {
    policy.unused_exemptions().filter_map(|unused| {
        let finding = Finding::in_text("unused-exemption", Severity::Warning, unused.span, unused.message);
        Some(Reported {
            file: Arc::clone(unused.source.name()),
            severity: policy.severity(&finding)?,
            at: Excerpt::of(unused.source, unused.span, ""),
            finding: finding.help("remove it, or give it a new date"),
            object: None,
            object_at: 0,
            also: Vec::new(),
            route: String::new(),
            replacements: Vec::new(),
            suppressed: None,
        })
    })
}
