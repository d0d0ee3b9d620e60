//! Decodes trees into typed structs, and says what does not fit and where.

use crate::node::Node;
use crate::path::Path;
use serde::de::DeserializeOwned;

/// Why a tree does not decode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The field, from the node that was decoded.
    pub path: Path,
    /// What is wrong; lower case, no full stop.
    pub message: String,
}

/// Decodes configuration; the first problem ends it.
///
/// # Errors
/// Where a field is unknown, missing or of the wrong type.
pub fn strict<T: DeserializeOwned>(_node: Node<'_>) -> Result<T, Problem> {
    Err(Problem { path: Path::root(), message: "not yet".into() })
}

/// The candidate nearest to a mistyped word, where one is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}
