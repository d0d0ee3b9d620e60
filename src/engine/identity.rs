//! What stays of a finding's place when list items change their order.

use crate::finding::{Finding, Place};
use crate::k8s::field::item_name;
use crate::node::Node;
use crate::path::{Path, Segment};

/// Where a finding of an object stands: a pointer in which list items go by their names, those without one all alike.
/// Empty for faults of a text.
pub(super) fn route(root: Node<'_>, finding: &Finding) -> String {
    match &finding.place {
        Place::Path(path) => named(root, path),
        Place::Span(_) | Place::Elsewhere(..) => String::new(),
    }
}

fn named(root: Node<'_>, path: &Path) -> String {
    let mut node = Some(root);
    let mut text = String::new();
    for segment in path.segments() {
        text.push('/');
        match segment {
            Segment::Key(key) => {
                text.push_str(key);
                node = node.and_then(|node| node.get(key));
            }
            Segment::Index(index) => {
                node = node.and_then(|node| node.items().nth(*index));
                text.push_str(node.and_then(item_name).unwrap_or("-"));
            }
        }
    }
    text
}
