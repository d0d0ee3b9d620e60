//! Files mended in memory, round after round until the rules find nothing more to mend.

use super::patch::MAX_ROUNDS;
use super::text::{Fate, Wanted, apply, proposals};
use crate::engine::outcome::{Replacement, Report, Reported};
use crate::engine::{Input, lint};
use crate::finding::Safety;
use crate::policy::Policy;
use crate::yaml::edit::Splice;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was mended in a file, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file as named.
    pub file: Arc<str>,
    /// 1-based line of the finding, in the text as it was in that round.
    pub line: u32,
    /// The rule.
    pub rule: &'static str,
    /// What applying the fix does, as an order.
    pub title: String,
    /// Why it was not applied; none where it was.
    pub refused: Option<String>,
}

/// A file whose text has changed.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Which of the inputs.
    pub input: usize,
    /// Its text as it was.
    pub before: String,
    /// Its text as it is now.
    pub after: String,
}

/// All that came of mending a run's files.
#[derive(Debug, Default)]
pub struct Mended {
    /// Files that changed, in the order of the inputs.
    pub changed: Vec<Changed>,
    /// What was done and what could not be, in order.
    pub notes: Vec<Note>,
    /// What is said of the files as they are now.
    pub report: Report,
}

/// Mends files in memory. With `review`, fixes that want a person's eye are applied as well. Nothing is written.
#[must_use]
pub fn mend(inputs: &[Input], policy: &Policy, review: bool, threads: usize) -> Mended {
    let mut mended = Mended::default();
    let mut now: Vec<Input> = inputs.to_vec();
    let mut texts: BTreeMap<usize, (String, String)> = BTreeMap::new();
    for _ in 0..MAX_ROUNDS {
        mended.report = lint(&now, policy, threads, &|_, _| {});
        mended.notes.retain(|note| note.refused.is_none());
        let mut changes = false;
        let mut by_file: BTreeMap<&str, Vec<&Reported>> = BTreeMap::new();
        for found in mended.report.active().filter(|found| is_wanted(found, review)) {
            by_file.entry(&found.file).or_default().push(found);
        }
        for (at, input) in now.iter_mut().enumerate() {
            let Some(found) = by_file.remove(&*input.name) else { continue };
            let Ok(Some(source)) = input.source() else { continue };
            let wanted: Vec<Wanted<'_>> = found
                .iter()
                .filter_map(|found| Some(Wanted { object: found.object_at, fix: found.finding.fix.as_ref()? }))
                .collect();
            let (text, fates) = apply(source.text(), &wanted);
            for (found, fate) in found.iter().zip(fates) {
                let refused = match fate {
                    Fate::Done => None,
                    Fate::Deferred => continue,
                    Fate::Refused(why) => Some(why.to_string()),
                };
                let title = found.finding.fix.as_ref().map(|fix| fix.title.clone()).unwrap_or_default();
                let (file, line) = (Arc::clone(&found.file), found.at.range.start.line);
                mended.notes.push(Note { file, line, rule: found.finding.rule, title, refused });
            }
            if text == source.text() {
                continue;
            }
            changes = true;
            let before = source.text().to_owned();
            texts.entry(at).or_insert_with(|| (before, String::new())).1.clone_from(&text);
            input.text = Some(text.into_bytes());
        }
        if !changes {
            break;
        }
    }
    mended.changed = texts.into_iter().map(|(input, (before, after))| Changed { input, before, after }).collect();
    mended
}

/// Finds out how each fix of a report would change its file, were it the only one. What can't be written, and what is of
/// no input, stays without.
pub fn propose(inputs: &[Input], report: &mut Report) {
    let mut by_file: BTreeMap<Arc<str>, Vec<&mut Reported>> = BTreeMap::new();
    for found in report.findings.iter_mut().filter(|found| found.finding.fix.is_some()) {
        by_file.entry(Arc::clone(&found.file)).or_default().push(found);
    }
    for input in inputs {
        let Some(mut found) = by_file.remove(&input.name) else { continue };
        let Ok(Some(source)) = input.source() else { continue };
        let wanted: Vec<Wanted<'_>> = found
            .iter()
            .filter_map(|found| Some(Wanted { object: found.object_at, fix: found.finding.fix.as_ref()? }))
            .collect();
        let proposals = proposals(source.text(), &wanted);
        for (found, proposal) in found.iter_mut().zip(proposals) {
            let replacement = |splice: Splice| Replacement { range: source.range(splice.span), text: splice.text };
            found.replacements = proposal.unwrap_or_default().into_iter().map(replacement).collect();
        }
    }
}

fn is_wanted(found: &Reported, review: bool) -> bool {
    found.finding.fix.as_ref().is_some_and(|fix| review || fix.safety == Safety::Safe)
}
