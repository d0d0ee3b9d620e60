//! What tells one finding from the others, and stays the same when lines move.

use crate::engine::outcome::Reported;
use crate::finding::Place;
use crate::path::{Path, Segment};
use std::collections::BTreeMap;

/// Fingerprints of a report, each given out once for a file.
#[derive(Debug, Default)]
pub(super) struct Fingerprints(BTreeMap<String, usize>);

impl Fingerprints {
    /// The next finding's; equal faults of one file are told apart by their order.
    pub(super) fn of(&mut self, found: &Reported) -> String {
        let fingerprint = plain(found);
        let count = self.0.entry(format!("{}\n{fingerprint}", found.file)).or_insert(0);
        *count += 1;
        if *count == 1 { fingerprint } else { format!("{fingerprint}#{count}") }
    }
}

/// What stays the same when lines move, list items change places, or numbers in messages change.
fn plain(found: &Reported) -> String {
    let object = found.object.clone().unwrap_or_default();
    let container = found.finding.container.as_deref();
    let place = match &found.finding.place {
        Place::Path(path) => steps(path, container),
        Place::Span(_) | Place::Elsewhere(..) => "text".to_owned(),
    };
    // A kind outlives the versions of its group.
    let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
    [found.finding.rule, group, &object.kind, object.namespace.as_deref().unwrap_or(""), &object.name, &place]
        .map(|part| part.replace('|', "%7C"))
        .join("|")
}

/// The path, with the container's name for its index, and no other index.
fn steps(path: &Path, container: Option<&str>) -> String {
    let mut text = String::new();
    let mut last = "";
    for segment in path.segments() {
        text.push('/');
        match segment {
            Segment::Key(key) => {
                text.push_str(key);
                last = key;
            }
            Segment::Index(_) => {
                text.push_str(container.filter(|_| last.to_lowercase().ends_with("containers")).unwrap_or("*"));
            }
        }
    }
    text
}
