//! Text to trees: what kubectl reads, and what nobody should be able to break.

mod chance;
mod fast;
mod golden;
mod hostile;
mod oracle;
mod spans;
mod words;

use crashlint::node::{Document, Malformed};
use crashlint::yaml;

use crate::invariants::texts;

/// The documents of a YAML text, or the first error.
fn read(text: &str) -> Result<Vec<Document<'_>>, Malformed> {
    yaml::documents(text).collect()
}
