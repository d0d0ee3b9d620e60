//! Decodes trees into typed structs, and says what does not fit and where.
//!
//! Two readers over one deserializer. Configuration is decoded strictly: an unknown word is an
//! error. A Kubernetes object is decoded as the API server decodes it (sigs.k8s.io/json behind
//! apimachinery's serializer): null is the zero value, the last of duplicate keys wins, unknown
//! fields are seen but not fatal. After an error the node at fault is masked and decoding starts
//! anew, so that one fault does not hide the next.

mod de;
mod layout;
mod places;
#[cfg(test)]
mod tests;
mod words;

use crate::node::Node;
use crate::path::Path;
use de::{Mode, Run};
use serde::de::DeserializeOwned;

pub use words::nearest;

/// Rounds of decoding: more faults than these are not worth a reader's time.
const ROUNDS: usize = 10;

/// Why a tree does not decode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The field, from the node that was decoded.
    pub path: Path,
    /// What is wrong; lower case, no full stop.
    pub message: String,
}

/// What the API server would say of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The type has no such field: dropped, or refused by kubectl's own validation.
    UnknownField,
    /// The value's type is wrong: the object does not decode.
    Type,
    /// It decodes, and validation refuses it.
    Value,
}

/// A field that does not fit its type or its type's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The field, from the node that was decoded. For an absent field, the first absent one whose
    /// parent exists.
    pub path: Path,
    /// Who minds.
    pub class: Class,
    /// What is wrong; lower case, no full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Misfit {
    /// A misfit without help.
    #[must_use]
    pub fn new(class: Class, path: Path, message: impl Into<String>) -> Self {
        Self { path, class, message: message.into(), help: None }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// Decodes configuration; the first problem ends it.
///
/// # Errors
/// Where a field is unknown, missing or of the wrong type.
pub fn strict<T: DeserializeOwned>(node: Node<'_>) -> Result<T, Problem> {
    strict_all(node).map_err(|problems| {
        problems.into_iter().next().unwrap_or_else(|| Problem { path: Path::root(), message: "does not decode".into() })
    })
}

/// Problems of one file that are told.
const MAX_PROBLEMS: usize = 100;

/// Decodes configuration, and goes on after a problem to find the others.
///
/// # Errors
/// Where fields are unknown, missing or of the wrong type: at least one problem, in document order.
pub fn strict_all<T: DeserializeOwned>(node: Node<'_>) -> Result<T, Vec<Problem>> {
    let run = Run::new(node, Mode::Strict);
    let mut problems: Vec<Problem> = Vec::new();
    for _ in 0..ROUNDS {
        match run.decode::<T>() {
            Ok(value) if problems.is_empty() && run.unknown.borrow().is_empty() => return Ok(value),
            Ok(_) => break,
            Err(fault) => {
                // A field that was masked is absent the next time; that is no news.
                let masked = fault.missing.is_some_and(|field| run.is_masked_below(fault.node, field));
                if !masked {
                    problems.push(Problem { path: fault.node.path_from(node), message: fault.message });
                }
                if !run.mask(fault.node) {
                    break;
                }
            }
        }
    }
    for (key, fields) in run.unknown.borrow().iter() {
        let (name, path) = (key.name(), key.path(node));
        problems.push(Problem { path, message: words::unknown_field(name, fields) });
    }
    problems.truncate(MAX_PROBLEMS);
    problems.sort_by_cached_key(|problem| (node.locate(&problem.path).start, problem.path.clone()));
    problems.dedup();
    Err(problems)
}

/// What a Kubernetes type is made of.
#[derive(Debug)]
pub struct Layout(layout::Layout);

impl Layout {
    /// The layout of a type.
    #[must_use]
    pub fn of<T: DeserializeOwned>() -> Self {
        Self(layout::of::<T>())
    }

    /// Whether a tree is certain to decode, with no unknown field; where it is not, [`problems`] tells.
    #[must_use]
    pub fn fits(&self, node: Node<'_>) -> bool {
        self.0.fits(node)
    }
}

/// What keeps a tree from decoding as a Kubernetes type: wrong types and unknown fields, at most
/// `limit`, in document order. `layout` is the type's.
#[must_use]
pub fn problems<T: DeserializeOwned>(node: Node<'_>, layout: &Layout, limit: usize) -> Vec<Misfit> {
    if layout.fits(node) {
        debug_assert_eq!(every_problem::<T>(node, layout, limit), [], "the layout promised more than decoding holds");
        return Vec::new();
    }
    every_problem::<T>(node, layout, limit)
}

/// The same, without the look at the layout first.
fn every_problem<T: DeserializeOwned>(node: Node<'_>, layout: &Layout, limit: usize) -> Vec<Misfit> {
    let run = Run::new(node, Mode::Kubernetes);
    let mut misfits = Vec::new();
    // Each fault costs a round; those that wait for a tool don't count as misfits.
    for _ in 0..limit * 4 {
        if misfits.len() == limit {
            break;
        }
        let Err(fault) = run.decode::<T>() else { break };
        // What a tool has yet to fill in (`${REPLICAS}`, `{{ port }}`) is no string to be.
        let open = fault.node.as_str().is_some_and(|text| text.contains("${") || text.contains("{{"));
        if let Some(message) = Some(fault.message).filter(|message| !message.is_empty() && !open) {
            misfits.push(Misfit { path: fault.node.path_from(node), class: Class::Type, message, help: fault.help });
        }
        if !run.mask(fault.node) {
            break;
        }
    }
    let unknown = run.unknown.borrow();
    if !unknown.is_empty() {
        let places = places::of(&layout.0);
        for (key, fields) in unknown.iter().take(limit.saturating_sub(misfits.len())) {
            misfits.push(places::misfit(node, &key.path(node), key.value, fields, &places));
        }
    }
    misfits.sort_by_cached_key(|misfit| (node.locate(&misfit.path).start, misfit.path.clone()));
    misfits
}
