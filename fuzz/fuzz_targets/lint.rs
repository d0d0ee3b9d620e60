//! Any bytes through the whole linter: no panic in any rule, and every finding has a place.
#![no_main]

use crashlint::engine::{Input, lint};
use crashlint::policy::{Policy, Profile};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static STRICT: LazyLock<Policy> = LazyLock::new(|| Policy::of(Profile::Strict));

fuzz_target!(|bytes: &[u8]| {
    let input = Input { name: "-".into(), path: None, named: true, text: Some(bytes.to_vec()) };
    let report = lint(&[input], &STRICT, 1, &|_, _| {});
    for error in &report.input_errors {
        assert!(!error.message.contains("internal error"), "{}", error.message);
    }
    for found in &report.findings {
        assert!(found.at.range.start.line >= 1 && found.at.range.start <= found.at.range.end);
    }
});
