//! An object: type, metadata, annotations.

use crate::node::Node;

/// A Kubernetes object.
#[derive(Clone, Copy, Debug)]
pub struct Object<'t> {
    /// The object's own root; paths of findings count from it.
    pub root: Node<'t>,
}
