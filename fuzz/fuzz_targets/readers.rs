//! Any text through both readers of YAML: what the fast reader takes, the general parser reads alike.
#![no_main]

use crashlint::yaml::{Verdict, general, fast, parts, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for part in parts(text, 0).flatten() {
        let verdict = verify(text, part);
        assert!(!matches!(verdict, Verdict::Different(_)), "{verdict:?}\n{:?}\n{:?}", fast(text, part), general(text, part));
    }
});
