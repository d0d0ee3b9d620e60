//! Fixes applied: the edits of findings as JSON Patch, and as edits of files' texts.

pub mod files;
pub mod patch;
pub mod text;
