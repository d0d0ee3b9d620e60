//! Plain data about images and programs.

/// All tables.
#[derive(Debug, Default)]
pub struct Tables {}
