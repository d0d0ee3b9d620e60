//! Fixes applied: the edits of findings as JSON Patch.

pub mod patch;
