//! Finds the Kubernetes manifests that will end in CrashLoopBackOff.
//!
//! One rule set, two doors. Modules lie on floors and import downward only; `tests/floors.rs`
//! holds that.

// Floor 0
pub mod budget;
pub mod node;
pub mod path;
pub mod source;
// Floor 1
pub mod finding;
// Floor 2
pub mod json;
pub mod k8s;
pub mod yaml;
// Between: the two text doors as one
pub mod read;
// Floor 3
pub mod rules;
// Floor 4
pub mod policy;
// Floor 5
pub mod engine;
// Floor 6
pub mod fix;
pub mod report;
// Floor 7
pub mod cli;
#[cfg(feature = "lsp")]
pub mod lsp;
#[cfg(feature = "webhook")]
pub mod webhook;
