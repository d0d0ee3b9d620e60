//! Any manifest through `fix`: what comes out reads again, holds every comment, and has nothing left to mend. That it holds exactly
//! the patched objects is seen by a patch of our own, one fix at a time.
#![no_main]

use crashlint::engine::{Input, lint};
use crashlint::fix::files::mend;
use crashlint::fix::patch::operations;
use crashlint::fix::text::{Wanted, proposals, spliced};
use crashlint::k8s::object::Object;
use crashlint::policy::{Policy, Profile};
use crashlint::read;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::sync::LazyLock;

static STRICT: LazyLock<Policy> = LazyLock::new(|| Policy::of(Profile::Strict));

/// The objects of a text with the offsets at which they begin, and its comments.
fn look(text: &str) -> Option<(Vec<(u32, Value)>, Vec<String>)> {
    let (mut objects, mut comments) = (Vec::new(), Vec::new());
    for document in read::documents(text) {
        let document = document.ok()?;
        if document.tree.len() > 10_000 {
            return None;
        }
        let found = Object::all(document.tree.root());
        objects.extend(found.into_iter().map(|object| (object.root.span().start, object.root.to_json())));
        comments.extend(document.tree.comments().iter().map(|span| document.text[span.range()].trim_end().to_owned()));
    }
    Some((objects, comments))
}

fn input(text: &str) -> Input {
    Input { name: "-".into(), path: None, named: true, text: Some(text.as_bytes().to_vec()) }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((objects, comments)) = look(text) else { return };
    let report = lint(&[input(text)], &STRICT, 1, &|_, _| {});
    let wanted: Vec<Wanted<'_>> = report
        .active()
        .filter_map(|found| Some(Wanted { object: found.object_at, fix: found.finding.fix.as_ref()? }))
        .collect();
    for (one, proposal) in wanted.iter().zip(proposals(text, &wanted)) {
        let Ok(splices) = proposal else { continue };
        let edited = spliced(text, splices.iter());
        let (now, kept) = look(&edited).unwrap_or_else(|| panic!("what comes out can't be read:\n{edited}"));
        let expected = objects.iter().map(|(at, value)| {
            let mut value = value.clone();
            if *at == one.object {
                json_patch::patch(&mut value, &operations(&one.fix.edits)).expect("a patch that applies");
            }
            value
        });
        assert!(now.into_iter().map(|(_, value)| value).eq(expected), "{:?}\n{edited}", one.fix);
        assert_eq!(kept, comments, "comments went\n{edited}");
    }
    let mended = mend(&[input(text)], &STRICT, true, 1);
    let Some(changed) = mended.changed.first() else { return };
    let (_, kept) = look(&changed.after).unwrap_or_else(|| panic!("what comes out can't be read:\n{}", changed.after));
    assert_eq!(kept, comments, "comments went\n{}", changed.after);
    let again = mend(&[input(&changed.after)], &STRICT, true, 1);
    assert!(again.changed.is_empty(), "mended again:\n{}\n{:?}", changed.after, again.notes);
});
