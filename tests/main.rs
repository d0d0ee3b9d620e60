//! The one test binary; a module a subject.

// Where a test can't go on, a panic is its way to say so.
#![allow(clippy::unwrap_used)]

#[cfg(feature = "webhook")]
mod admission;
mod chart;
mod cli;
mod corpus;
mod docs;
mod engine;
mod fixing;
mod fixtures;
mod floors;
mod invariants;
mod known_images;
#[cfg(all(feature = "lsp", unix))]
mod lsp;
mod reading;
mod readme;
mod report;
mod set;
mod shell;
mod stories;
#[cfg(all(feature = "webhook", unix))]
mod webhook;

/// Compares a text with the file that records it; `BLESS=1` rewrites the file.
#[track_caller]
fn snapshot(file: &str, now: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(recorded == now, "{file} is stale; `BLESS=1 cargo test` rewrites it. It would now be:\n{now}");
}
