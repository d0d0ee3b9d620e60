//! Containers.

use super::pod::Workload;

/// A container of a workload.
#[derive(Clone, Copy, Debug)]
pub struct Container<'t> {
    /// Whose.
    pub workload: Workload<'t>,
}
