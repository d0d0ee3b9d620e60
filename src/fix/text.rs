//! Fixes written into a file's text. What comes out is read again and compared with the patched objects, so
//! that an edit which would do anything else is left out.

use super::patch::operations;
use crate::finding::{Edit, Fix};
use crate::k8s::object::Object;
use crate::node::Document;
use crate::path::{Path, Segment};
use crate::read::{Part, documents, parts};
use crate::yaml::edit::{Refused, Splice, splice};
use serde_json::Value;

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
    for part in parts(text) {
        let span = part.span(text).range();
        let json = matches!(part, Part::Whole);
        let mine: Vec<usize> = (0..wanted.len()).filter(|&at| span.contains(&(wanted[at].object as usize))).collect();
        if mine.is_empty() || span.start < copied {
            continue;
        }
        out.push_str(&text[copied..span.start]);
        copied = span.end;
        let chosen: Vec<Wanted<'_>> =
            mine.iter().map(|&at| Wanted { object: wanted[at].object - span.start as u32, ..wanted[at] }).collect();
        let (edited, fate) = whole(&text[span], &chosen, json);
        mine.iter().zip(fate).for_each(|(&at, fate)| fates[at] = fate);
        out.push_str(&edited);
    }
    out.push_str(&text[copied..]);
    (out, fates)
}

/// All fixes of a part at once; one by one where they don't go together.
fn whole(text: &str, wanted: &[Wanted<'_>], json: bool) -> (String, Vec<Fate>) {
    if let Some((edited, fates)) = together(text, wanted, json) {
        return (edited, fates);
    }
    // Each alone first: who can't be written is out, whatever the others do.
    let mut fates: Vec<Fate> = wanted
        .iter()
        .map(|one| together(text, &[*one], json).map_or(Fate::Refused(Refused::Unusual), |(_, fates)| fates[0]))
        .collect();
    let sound: Vec<usize> = (0..wanted.len()).filter(|&at| fates[at] == Fate::Done).collect();
    let chosen: Vec<Wanted<'_>> = sound.iter().map(|&at| wanted[at]).collect();
    if let Some((edited, fate)) = together(text, &chosen, json) {
        sound.iter().zip(fate).for_each(|(&at, fate)| fates[at] = fate);
        return (edited, fates);
    }
    // Then the first alone, and the others in the next round.
    sound.iter().skip(1).for_each(|&at| fates[at] = Fate::Deferred);
    let first = chosen.first().and_then(|first| together(text, &[*first], json));
    (first.map_or_else(|| text.to_owned(), |(edited, _)| edited), fates)
}

/// The text with all fixes that don't touch each other; none where it would not say what they ask for.
fn together(text: &str, wanted: &[Wanted<'_>], json: bool) -> Option<(String, Vec<Fate>)> {
    let documents = read(text, json)?;
    let objects: Vec<(usize, Object<'_>)> = documents
        .iter()
        .enumerate()
        .flat_map(|(at, document)| Object::all(document.tree.root()).into_iter().map(move |object| (at, object)))
        .collect();
    let mut values: Vec<Value> = objects.iter().map(|(_, object)| object.root.to_json()).collect();
    let mut taken: Vec<(usize, Vec<&Path>, bool)> = Vec::new();
    let mut splices: Vec<Splice> = Vec::new();
    let mut fates = Vec::with_capacity(wanted.len());
    for Wanted { object, fix } in wanted {
        let Some(at) = objects.iter().position(|(_, known)| known.root.span().start == *object) else {
            fates.push(Fate::Refused(Refused::Unusual));
            continue;
        };
        let (document, root) = (&documents[objects[at].0], objects[at].1.root);
        let paths: Vec<&Path> = fix.edits.iter().map(path).collect();
        let moves = fix
            .edits
            .iter()
            .any(|edit| matches!((edit, path(edit).last()), (Edit::Remove(_), Some(Segment::Index(_)))));
        let meets = taken.iter().any(|(other, others, moved)| {
            *other == at
                && (moves || *moved || paths.iter().any(|a| others.iter().any(|b| is_within(a, b) || is_within(b, a))))
        });
        if meets {
            fates.push(Fate::Deferred);
            continue;
        }
        let own: Result<Vec<Splice>, Refused> =
            fix.edits.iter().map(|edit| splice(document, root, edit, json)).collect();
        let own = match own {
            Ok(own) => own,
            Err(refused) => {
                fates.push(Fate::Refused(refused));
                continue;
            }
        };
        let overlap = |a: &Splice, b: &Splice| a.span.start < b.span.end && b.span.start < a.span.end;
        if own.iter().any(|a| splices.iter().any(|b| overlap(a, b))) {
            fates.push(Fate::Deferred);
            continue;
        }
        json_patch::patch(&mut values[at], &operations(&fix.edits)).ok()?;
        taken.push((at, paths, moves));
        splices.extend(own);
        fates.push(Fate::Done);
    }
    let mut edited = text.to_owned();
    // From the end on; of two at one place the earlier one stays first.
    let mut order: Vec<usize> = (0..splices.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse((splices[at].span.start, at)));
    order.iter().for_each(|&at| edited = splices[at].apply(&edited));
    says(&edited, &values, json, &documents).then_some((edited, fates))
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
    let span = crate::source::Span::new(0, text.len() as u32);
    crate::yaml::document(text, span).ok().map(|document| document.into_iter().collect())
}

fn path(edit: &Edit) -> &Path {
    match edit {
        Edit::Add(path, _) | Edit::Replace(path, _) | Edit::Remove(path) => path,
    }
}

/// Whether one path leads to another's place, or below it.
fn is_within(path: &Path, above: &Path) -> bool {
    path.segments().starts_with(above.segments())
}
