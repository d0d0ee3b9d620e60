//! Where a field of a right name would be at home.

use super::layout::{Layout, Shape};
use super::{Class, Misfit, words};
use crate::node::{Kind, Node};
use crate::path::{Path, Segment};

impl Shape {
    fn holds(&self, kind: Kind) -> bool {
        match self {
            Self::Anything | Self::Unknown => true,
            Self::List(_) => matches!(kind, Kind::Null | Kind::Sequence),
            Self::Struct(_) | Self::Map(_) => matches!(kind, Kind::Null | Kind::Mapping),
            Self::Scalar(_) => !matches!(kind, Kind::Sequence | Kind::Mapping),
        }
    }
}

/// A field of a type: the keys that lead to its owner (items and map values are `*`), and its name.
#[derive(Debug)]
pub(super) struct Place<'l> {
    owner: Vec<&'static str>,
    field: &'static str,
    shape: &'l Shape,
}

/// Stands for any index and any key of a map.
const ANY: &str = "*";

/// Every field of a type, those of a type within itself once.
pub(super) fn of(layout: &Layout) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    walk(layout, layout.root, &mut Vec::new(), &mut Vec::new(), &mut places);
    places
}

fn walk<'l>(
    layout: &'l Layout,
    at: usize,
    owner: &mut Vec<&'static str>,
    within: &mut Vec<usize>,
    places: &mut Vec<Place<'l>>,
) {
    match layout.shape(at) {
        Shape::Struct(fields) if !within.contains(&at) => {
            within.push(at);
            for (field, inner) in fields.iter().filter(|(field, _)| !matches!(*field, "apiVersion" | "kind")) {
                places.push(Place { owner: owner.clone(), field, shape: layout.shape(*inner) });
                owner.push(field);
                walk(layout, *inner, owner, within, places);
                owner.pop();
            }
            within.pop();
        }
        Shape::List(item) => {
            owner.push(ANY);
            walk(layout, *item, owner, within, places);
            owner.pop();
        }
        _ => {}
    }
}

/// What to say of an unknown field.
pub(super) fn misfit(
    root: Node<'_>,
    path: &Path,
    value: Node<'_>,
    fields: &'static [&'static str],
    places: &[Place<'_>],
) -> Misfit {
    let Some(Segment::Key(name)) = path.last() else {
        return Misfit::new(Class::UnknownField, path.clone(), "unknown field");
    };
    let mut owner = path.clone();
    owner.pop();
    let twin = fields.iter().any(|field| {
        field.eq_ignore_ascii_case(name)
            || (name.len() <= words::MAX_WORD && strsim::damerau_levenshtein(field, name) == 1)
    });
    if let Some(home) = (!twin).then(|| home(root, &owner, name, value, places)).flatten() {
        let message = format!("unknown field `{name}`: it belongs {home}");
        return Misfit::new(Class::UnknownField, path.clone(), message)
            .help(format!("indent `{name}` so that it stands {home}; where it stands now it has no effect"));
    }
    let message = match words::nearest(name, fields.iter().copied()) {
        Some(right) => format!("unknown field `{name}`: did you mean `{right}`?"),
        None => format!("unknown field `{name}`"),
    };
    Misfit::new(Class::UnknownField, path.clone(), message)
        .help("the API server drops it, and `kubectl apply` refuses it; remove or rename it")
}

/// The one nearest mapping that has a field of this name and shape: "under `spec.containers[]`".
fn home(root: Node<'_>, owner: &Path, name: &str, value: Node<'_>, places: &[Place<'_>]) -> Option<String> {
    // `name` and the like are at home nearly everywhere.
    if matches!(name, "name" | "kind" | "apiVersion" | "value" | "key" | "type" | "status" | "metadata" | "spec") {
        return None;
    }
    let segments = owner.segments();
    let mut candidates: Vec<(usize, usize, &Place<'_>)> = places
        .iter()
        .filter(|place| place.field == name && place.shape.holds(value.kind()))
        .filter_map(|place| {
            let shared = segments.iter().zip(&place.owner).take_while(|(at, like)| fits(at, like)).count();
            let keys = |steps: usize, all: usize, is_key: &dyn Fn(usize) -> bool| {
                (steps..all).filter(|&at| is_key(at)).count()
            };
            let up = keys(shared, segments.len(), &|at| matches!(segments[at], Segment::Key(_)));
            let down = keys(shared, place.owner.len(), &|at| place.owner[at] != ANY);
            // Straight above, straight below, or in a relative that the document has.
            let near = up + down > 0 && up + down <= 3;
            let kin = up == 0 || down == 0 || exists(root, owner, shared, place);
            (near && kin).then_some((up + down, shared, place))
        })
        .collect();
    candidates.sort_by_key(|(distance, shared, _)| (*distance, usize::MAX - shared));
    let (nearest, deepest, _) = *candidates.first()?;
    candidates.retain(|(distance, shared, _)| *distance == nearest && *shared == deepest);
    if candidates.len() > 1 {
        // Of several, the one that the document has; else the one for application containers.
        let there: Vec<_> =
            candidates.iter().filter(|(_, shared, place)| exists(root, owner, *shared, place)).copied().collect();
        if !there.is_empty() {
            candidates = there;
        }
        if candidates.len() > 1 {
            candidates.retain(|(_, _, place)| place.owner.contains(&"containers"));
        }
    }
    let [(_, shared, place)] = candidates[..] else { return None };
    Some(shown(segments, shared, place))
}

fn fits(segment: &Segment, like: &str) -> bool {
    match segment {
        Segment::Key(key) => key == like,
        Segment::Index(_) => like == ANY,
    }
}

/// Whether the document holds the place's owner.
fn exists(root: Node<'_>, owner: &Path, shared: usize, place: &Place<'_>) -> bool {
    let path: Path = owner.segments()[..shared].iter().cloned().collect();
    let mut nodes: Vec<Node<'_>> = root.at(&path).into_iter().collect();
    for step in &place.owner[shared..] {
        nodes = nodes
            .into_iter()
            .flat_map(|node| if *step == ANY { node.items().collect() } else { Vec::from_iter(node.get(step)) })
            .collect();
    }
    !nodes.is_empty()
}

/// "beside `template`" would need siblings; "under `spec.template.spec`" is plain.
fn shown(segments: &[Segment], shared: usize, place: &Place<'_>) -> String {
    let steps = &place.owner;
    // Straight below: the short way says it.
    let from = if shared == segments.len() { shared } else { 0 };
    let mut text = String::new();
    for (at, step) in steps.iter().enumerate().skip(from) {
        match (segments.get(at), *step) {
            (Some(Segment::Index(index)), ANY) if at < shared => text.push_str(&format!("[{index}]")),
            (_, ANY) => text.push_str("[]"),
            (_, key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
        }
    }
    if text.is_empty() { "at the object's top".into() } else { format!("under `{text}`") }
}
