//! Pod specs and the objects that carry them.

use super::object::Object;

/// An object that carries a pod template, or is a Pod.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'t> {
    /// The object.
    pub object: Object<'t>,
}
