//! What the other manifests of a run say.

/// Facts of the run.
#[derive(Debug, Default)]
pub struct Set {}
