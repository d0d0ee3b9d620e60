//! Edits to JSON Patch (RFC 6902), round after round until nothing is left to mend.

use crate::engine::Verdict;
use crate::finding::{Edit, Fix};
use crate::json;
use crate::k8s::object::patchable;
use crate::node::Node;
use crate::path::Path;
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::Value;

/// After so many rounds fixes that call for each other are given up.
pub const MAX_ROUNDS: usize = 8;

/// An object with its fixes.
#[derive(Clone, Debug, Default)]
pub struct Mended {
    /// The object as it is now.
    pub object: Value,
    /// What leads there, in order.
    pub operations: Vec<PatchOperation>,
    /// What was done, in order.
    pub changes: Vec<Change>,
}

/// One fix that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The rule.
    pub rule: &'static str,
    /// The container's name.
    pub container: Option<String>,
    /// What was done, as an order.
    pub title: String,
}

/// Why fixes came to nothing. A fault of ours, always.
#[derive(Debug, thiserror::Error)]
pub enum Unmendable {
    /// An edit does not fit the object that it was made for.
    #[error("the fix of `{rule}` does not apply: {source}")]
    Misfit {
        /// The rule.
        rule: &'static str,
        /// What the patch says.
        source: json_patch::PatchError,
    },
    /// Fixes call for each other.
    #[error("fixes go on after {MAX_ROUNDS} rounds")]
    Endless,
    /// The mended object can't be read any more.
    #[error("the mended object can't be read: {0}")]
    Unreadable(String),
}

/// Applies fixes until `find` finds nothing more to fix; `find` says which. None where there is
/// nothing to do.
///
/// # Errors
/// Where the fixes contradict the object or each other.
pub fn mend(root: Node<'_>, find: &dyn Fn(Node<'_>) -> Vec<Verdict>) -> Result<Option<Mended>, Unmendable> {
    let mut verdicts = fixable(find(root));
    if verdicts.is_empty() {
        return Ok(None);
    }
    let mut mended = Mended { object: patchable(root), ..Mended::default() };
    for _ in 0..MAX_ROUNDS {
        for (change, fix) in verdicts {
            let operations = operations(&fix.edits);
            json_patch::patch(&mut mended.object, &operations)
                .map_err(|source| Unmendable::Misfit { rule: change.rule, source })?;
            mended.operations.extend(operations);
            mended.changes.push(change);
        }
        verdicts = with_tree(&mended.object, |root| fixable(find(root)))?;
        if verdicts.is_empty() {
            return Ok(Some(mended));
        }
    }
    Err(Unmendable::Endless)
}

fn fixable(verdicts: Vec<Verdict>) -> Vec<(Change, Fix)> {
    let change = |verdict: Verdict| {
        let fix = verdict.finding.fix?;
        let change =
            Change { rule: verdict.finding.rule, container: verdict.finding.container, title: fix.title.clone() };
        Some((change, fix))
    };
    verdicts.into_iter().filter_map(change).collect()
}

/// Reads a value as the tree that rules are asked about.
///
/// # Errors
/// Where it is nested too deeply for one.
pub fn with_tree<T>(value: &Value, ask: impl FnOnce(Node<'_>) -> T) -> Result<T, Unmendable> {
    let text = value.to_string();
    match json::documents(&text).next() {
        Some(Ok(document)) => Ok(ask(document.tree.root())),
        Some(Err(malformed)) => Err(Unmendable::Unreadable(malformed.message)),
        None => Err(Unmendable::Unreadable("nothing is left of it".into())),
    }
}

/// Edits as operations of a JSON Patch.
#[must_use]
pub fn operations(edits: &[Edit]) -> Vec<PatchOperation> {
    edits
        .iter()
        .map(|edit| match edit.clone() {
            Edit::Add(path, value) => PatchOperation::Add(AddOperation { path: pointer(&path), value }),
            Edit::Replace(path, value) => PatchOperation::Replace(ReplaceOperation { path: pointer(&path), value }),
            Edit::Remove(path) => PatchOperation::Remove(RemoveOperation { path: pointer(&path) }),
        })
        .collect()
}

fn pointer(path: &Path) -> PointerBuf {
    PointerBuf::parse(path.pointer()).unwrap_or_default()
}
