//! Fixes written into a file's text. What comes out is read again and compared with the patched objects, so
//! that an edit which would do anything else is left out.

use super::patch::operations;
use crate::finding::{Edit, Fix};
use crate::k8s::object::Object;
use crate::node::Document;
use crate::path::{Path, Segment};
use crate::read::{Part, documents, parts};
use crate::source::Span;
use crate::yaml::edit::{Refused, Splice, splice};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// A fix, and the object that it mends.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'f> {
    /// Where the object begins in the text: the first byte of its root.
    pub object: u32,
    /// What to do.
    pub fix: &'f Fix,
}

/// What became of a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in the text.
    Done,
    /// Another one changed the same place; ask the rules again first.
    Deferred,
    /// It can't be written into this text.
    Refused(Refused),
}

/// Writes fixes into a text; what became of each, in their order.
#[must_use]
pub fn apply(text: &str, wanted: &[Wanted<'_>]) -> (String, Vec<Fate>) {
    let mut fates = vec![Fate::Refused(Refused::Unusual); wanted.len()];
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (span, json, mine) in shares(text, wanted) {
        out.push_str(&text[copied..span.start]);
        copied = span.end;
        let (edited, fate) = whole(&text[span.clone()], &chosen(wanted, &mine, span.start), json);
        mine.iter().zip(fate).for_each(|(&at, fate)| fates[at] = fate);
        out.push_str(&edited);
    }
    out.push_str(&text[copied..]);
    (out, fates)
}

/// What each fix would change of a text, were it the only one; in their order. Each is known to say what it is asked
/// to, and nothing else.
#[must_use]
pub fn proposals(text: &str, wanted: &[Wanted<'_>]) -> Vec<Result<Vec<Splice>, Refused>> {
    let mut proposals: Vec<Result<Vec<Splice>, Refused>> = vec![Err(Refused::Unusual); wanted.len()];
    for (span, json, mine) in shares(text, wanted) {
        let moved = |splice: &Splice| {
            let by = span.start as u32;
            Splice { span: Span::new(splice.span.start + by, splice.span.end + by), text: splice.text.clone() }
        };
        // Those that go together first, then those that touch them.
        let mut open = mine;
        while !open.is_empty() {
            let written = sound(&text[span.clone()], &chosen(wanted, &open, span.start), json);
            let before = open.len();
            let mut rest = Vec::new();
            for (at, (fate, splices)) in open.into_iter().zip(written) {
                match fate {
                    Fate::Done => proposals[at] = Ok(splices.iter().map(moved).collect()),
                    Fate::Deferred => rest.push(at),
                    Fate::Refused(why) => proposals[at] = Err(why),
                }
            }
            if rest.len() == before {
                break;
            }
            open = rest;
        }
    }
    proposals
}

/// The parts of a text that hold objects to mend: bytes, whether they are JSON, and which fixes are theirs.
fn shares(text: &str, wanted: &[Wanted<'_>]) -> Vec<(Range<usize>, bool, Vec<usize>)> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&at| wanted[at].object);
    let mut rest = &order[..];
    let mut shares = Vec::new();
    let mut last = 0;
    for part in parts(text) {
        let span = part.span(text).range();
        if rest.is_empty() || span.start < last {
            continue;
        }
        let before = rest.partition_point(|&at| (wanted[at].object as usize) < span.start);
        let within = rest.partition_point(|&at| (wanted[at].object as usize) < span.end);
        let mut mine = rest[before..within.max(before)].to_vec();
        rest = &rest[within.max(before)..];
        if mine.is_empty() {
            continue;
        }
        mine.sort_unstable();
        last = span.end;
        shares.push((span, matches!(part, Part::Whole), mine));
    }
    shares
}

/// Fixes by number, for a part that begins at an offset.
fn chosen<'f>(wanted: &[Wanted<'f>], which: &[usize], from: usize) -> Vec<Wanted<'f>> {
    which.iter().map(|&at| Wanted { object: wanted[at].object - from as u32, ..wanted[at] }).collect()
}

/// All fixes of a part at once; by and by where they don't go together.
fn whole(text: &str, wanted: &[Wanted<'_>], json: bool) -> (String, Vec<Fate>) {
    if let Some(written) = together(text, wanted, json) {
        return (written.text, written.fates);
    }
    // Who can't be written is out, whatever the others do.
    let mut fates: Vec<Fate> = sound(text, wanted, json).into_iter().map(|(fate, _)| fate).collect();
    let able: Vec<usize> = (0..wanted.len()).filter(|&at| fates[at] == Fate::Done).collect();
    let those = chosen(wanted, &able, 0);
    if let Some(written) = together(text, &those, json) {
        able.iter().zip(written.fates).for_each(|(&at, fate)| fates[at] = fate);
        return (written.text, fates);
    }
    // Then the first alone, and the others in the next round.
    able.iter().skip(1).for_each(|&at| fates[at] = Fate::Deferred);
    let first = those.first().and_then(|first| together(text, &[*first], json));
    (first.map_or_else(|| text.to_owned(), |written| written.text), fates)
}

/// What becomes of each fix and its splices, by halves where they don't go together: few of many can't be written.
fn sound(text: &str, wanted: &[Wanted<'_>], json: bool) -> Vec<(Fate, Vec<Splice>)> {
    if let Some(written) = together(text, wanted, json) {
        return written.fates.into_iter().zip(written.splices).collect();
    }
    if wanted.len() < 2 {
        return vec![(Fate::Refused(Refused::Unusual), Vec::new()); wanted.len()];
    }
    let (first, second) = wanted.split_at(wanted.len() / 2);
    let mut fates = sound(text, first, json);
    fates.append(&mut sound(text, second, json));
    fates
}

/// A text with fixes in it.
struct Written {
    text: String,
    /// What became of each fix.
    fates: Vec<Fate>,
    /// How each was written; nothing where it was not.
    splices: Vec<Vec<Splice>>,
}

/// What has been decided about an object.
#[derive(Default)]
struct Taken<'f> {
    paths: Vec<&'f Path>,
    /// Whether items of a list move.
    moves: bool,
}

/// The text with all fixes that don't touch each other; none where it would not say what they ask for.
fn together(text: &str, wanted: &[Wanted<'_>], json: bool) -> Option<Written> {
    let documents = read(text, json)?;
    let objects: Vec<(usize, Object<'_>)> = documents
        .iter()
        .enumerate()
        .flat_map(|(at, document)| Object::all(document.tree.root()).into_iter().map(move |object| (at, object)))
        .collect();
    let mut values: Vec<Value> = objects.iter().map(|(_, object)| object.root.to_json()).collect();
    let mut numbers: HashMap<u32, usize> = HashMap::new();
    for (at, (_, object)) in objects.iter().enumerate() {
        numbers.entry(object.root.span().start).or_insert(at);
    }
    let mut taken: HashMap<usize, Taken<'_>> = HashMap::new();
    let mut cuts = Cuts::default();
    let mut fates = Vec::with_capacity(wanted.len());
    let mut written: Vec<Vec<Splice>> = Vec::with_capacity(wanted.len());
    for Wanted { object, fix } in wanted {
        let mut decide = || {
            let at = *numbers.get(object).ok_or(Fate::Refused(Refused::Unusual))?;
            let (document, root) = (&documents[objects[at].0], objects[at].1.root);
            let paths: Vec<&Path> = fix.edits.iter().map(path).collect();
            let moves = fix
                .edits
                .iter()
                .any(|edit| matches!((edit, path(edit).last()), (Edit::Remove(_), Some(Segment::Index(_)))));
            let others = taken.entry(at).or_default();
            let meet = |a: &Path| others.paths.iter().any(|b| a.starts_with(b) || b.starts_with(a));
            if !others.paths.is_empty() && (moves || others.moves || paths.iter().any(|path| meet(path))) {
                return Err(Fate::Deferred);
            }
            let own: Result<Vec<Splice>, Refused> =
                fix.edits.iter().map(|edit| splice(document, root, edit, json)).collect();
            let own = own.map_err(Fate::Refused)?;
            if own.iter().any(|splice| cuts.overlap(splice)) {
                return Err(Fate::Deferred);
            }
            own.iter().for_each(|splice| cuts.add(splice));
            others.paths.extend(paths);
            others.moves |= moves;
            Ok((at, own))
        };
        match decide() {
            Ok((at, own)) => {
                json_patch::patch(&mut values[at], &operations(&fix.edits)).ok()?;
                written.push(own);
                fates.push(Fate::Done);
            }
            Err(fate) => {
                written.push(Vec::new());
                fates.push(fate);
            }
        }
    }
    let edited = spliced(text, written.iter().flatten());
    says(&edited, &values, json, &documents).then_some(Written { text: edited, fates, splices: written })
}

/// The text with splices in it that don't overlap; of two at one place the earlier one stays first.
#[must_use]
pub fn spliced<'s>(text: &str, splices: impl Iterator<Item = &'s Splice>) -> String {
    let mut splices: Vec<&Splice> = splices.collect();
    splices.sort_by_key(|splice| splice.span.start);
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for splice in splices {
        let range = splice.span.range();
        out.push_str(&text[copied..range.start.max(copied)]);
        out.push_str(&splice.text);
        copied = range.end.max(copied);
    }
    out.push_str(&text[copied..]);
    out
}

/// The bytes that go, of all fixes so far.
#[derive(Default)]
struct Cuts(BTreeMap<u32, u32>);

impl Cuts {
    /// Whether a splice takes, or stands within, bytes that go.
    fn overlap(&self, splice: &Splice) -> bool {
        let span = splice.span;
        self.0.range(..span.end).next_back().is_some_and(|(_, end)| *end > span.start)
    }

    fn add(&mut self, splice: &Splice) {
        // An insertion takes nothing, but must stay where it is: bytes around it may not go.
        let end = self.0.entry(splice.span.start).or_insert(splice.span.end);
        *end = (*end).max(splice.span.end);
    }
}

/// Whether a text holds these objects and no others, and the comments of these documents.
fn says(text: &str, values: &[Value], json: bool, before: &[Document<'_>]) -> bool {
    let Some(after) = read(text, json) else { return false };
    let objects: Vec<Value> = after
        .iter()
        .flat_map(|document| Object::all(document.tree.root()))
        .map(|object| object.root.to_json())
        .collect();
    objects == values && comments(&after).eq(comments(before))
}

fn comments<'d>(documents: &'d [Document<'d>]) -> impl Iterator<Item = &'d str> {
    documents
        .iter()
        .flat_map(|document| document.tree.comments().iter().map(|span| document.text[span.range()].trim_end()))
}

/// The documents of a part; none where one can't be read.
fn read(text: &str, json: bool) -> Option<Vec<Document<'_>>> {
    if json {
        return documents(text).collect::<Result<_, _>>().ok();
    }
    let span = Span::new(0, text.len() as u32);
    crate::yaml::document(text, span).ok().map(|document| document.into_iter().collect())
}

fn path(edit: &Edit) -> &Path {
    match edit {
        Edit::Add(path, _) | Edit::Replace(path, _) | Edit::Remove(path) => path,
    }
}
