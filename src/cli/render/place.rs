//! Where what was found in a rendered object stands in the file that it comes from.
//!
//! In a manifest that a kustomization takes in, by the object and the field. In a template, which is no YAML, by the nearest line
//! that writes the field's key: the finding itself never depends on that.

use super::text;
use crate::engine::outcome::{Excerpt, Report, Reported};
use crate::k8s::field::item_name;
use crate::k8s::object::Object;
use crate::node::Kind;
use crate::path::{Path, Segment};
use crate::read;
use crate::source::{Source, Span};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Findings that stand where their files have them.
#[derive(Default)]
pub(super) struct Placed {
    sources: HashMap<Arc<str>, Option<Source>>,
    /// What has been said already of the same line, such as by another overlay.
    seen: HashSet<String>,
}

impl Placed {
    /// Moves a rendering's findings into their files. What another rendering said of the same place is not said again.
    pub(super) fn settle(&mut self, report: &mut Report, command: &str) {
        for found in &mut report.findings {
            let source = self.sources.entry(Arc::clone(&found.file)).or_insert_with(|| {
                let text = text(std::path::Path::new(&*found.file))?;
                Some(Source::new(Arc::clone(&found.file), text))
            });
            let rendered = found.at.lines.first().map(|(_, text)| text.trim().to_owned()).unwrap_or_default();
            found.object_at = 0;
            let note = match source {
                Some(source) => {
                    move_into(found, source);
                    format!("as `{command}` renders it: `{rendered}`")
                }
                None => format!("line {} of what `{command}` renders", found.at.range.start.line),
            };
            found.finding.notes.push(note);
        }
        report.findings.retain(|found| {
            let object = found.object.clone().unwrap_or_default();
            let key = format!(
                "{}\n{:?}\n{}\n{}\n{}\n{:?}",
                found.file,
                found.at.range.start,
                found.finding.rule,
                found.finding.message,
                object.kind,
                found.finding.container
            );
            self.seen.insert(key)
        });
        report.count();
    }
}

fn move_into(found: &mut Reported, source: &Source) {
    let message = found.at.message.clone();
    let span = in_manifest(found, source).unwrap_or_else(|| in_template(found, source));
    found.at = Excerpt::of(source, span, &message);
    // Other places are told by their words alone.
    found.also.retain(|place| place.file.is_some());
}

/// The field of the object that the rendered one comes from; none where the file is no manifest.
fn in_manifest(found: &Reported, source: &Source) -> Option<Span> {
    let wanted = found.object.as_ref()?;
    let documents: Vec<_> = read::documents(source.text()).collect::<Result<_, _>>().ok()?;
    let objects = documents.iter().flat_map(|document| Object::all(document.tree.root()));
    let alike: Vec<Object<'_>> = objects.filter(|object| object.kind == wanted.kind).collect();
    // Prefixes and suffixes may have come.
    let object = alike
        .iter()
        .find(|object| object.name() == wanted.name)
        .or_else(|| alike.iter().find(|object| !object.name().is_empty() && wanted.name.contains(object.name())))
        .or(alike.first())?;
    let mut path = Path::root();
    let mut node = Some(object.root);
    for step in found.route.split('/').skip(1) {
        let Some(at) = node else { break };
        if at.kind() == Kind::Sequence {
            let Some(index) = at.items().position(|item| item_name(item) == Some(step)) else { break };
            node = at.items().nth(index);
            path.push(index);
        } else {
            node = at.get(step);
            path.push(step.to_owned());
        }
    }
    Some(object.root.locate(&path))
}

/// The nearest line of a template.
fn in_template(found: &Reported, source: &Source) -> Span {
    let lines: Vec<(u32, &str)> = source
        .text()
        .split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len() as u32;
            Some((start, line.trim_end()))
        })
        .collect();
    let only = |wanted: &dyn Fn(&str) -> bool| {
        let mut those = (0..lines.len()).filter(|&at| wanted(lines[at].1.trim_start()));
        those.next().filter(|_| those.next().is_none())
    };
    let rendered = found.at.lines.first().map_or("", |(_, text)| text.trim());
    let path = found.finding.path();
    let at = only(&|line| !rendered.is_empty() && line == rendered)
        .or_else(|| {
            let mut index = None;
            path.segments().iter().rev().find_map(|segment| match segment {
                Segment::Index(at) => {
                    index = Some(*at);
                    None
                }
                Segment::Key(key) => {
                    let own = only(&|line| begins(line, key))?;
                    // Of a list's first item, the line of its dash.
                    let dash = (own + 1..lines.len()).find(|&at| lines[at].1.trim_start().starts_with("- "));
                    Some(dash.filter(|_| index.take() == Some(0)).unwrap_or(own))
                }
            })
        })
        .or_else(|| {
            let kind = found.object.as_ref().map_or("", |object| &object.kind);
            (0..lines.len())
                .find(|&at| lines[at].1.trim_start().strip_prefix("kind:").is_some_and(|rest| rest.trim() == kind))
        })
        .or_else(|| (0..lines.len()).find(|&at| lines[at].1.starts_with("kind:")))
        .unwrap_or(0);
    let Some((start, line)) = lines.get(at) else { return Span::default() };
    let indent = (line.len() - line.trim_start().len()) as u32;
    Span::new(start + indent, start + line.len() as u32)
}

/// Whether a line writes a key, perhaps as the first of a list's item.
fn begins(line: &str, key: &str) -> bool {
    let line = line.strip_prefix("- ").unwrap_or(line);
    line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))
}
