//! Any bytes through both readers: no panic, and every node of the tree can be looked at.
#![no_main]

use crashlint::node::{Document, Malformed, Node};
use crashlint::{json, read, yaml};
use libfuzzer_sys::fuzz_target;

fn look(node: Node<'_>, text: &str, depth: usize) {
    assert!(depth <= 256);
    assert!(text.get(node.span().range()).is_some(), "{:?} is no part of the text", node.span());
    let _ = (node.scalar(), node.count());
    for item in node.items() {
        look(item, text, depth + 1);
    }
    for (key, value) in node.entries() {
        assert!(key.as_str().is_some());
        look(value, text, depth + 1);
    }
}

fn look_at_all<'s>(documents: impl Iterator<Item = Result<Document<'s>, Malformed>>, text: &str) {
    for document in documents {
        match document {
            Ok(document) => {
                look(document.tree.root(), text, 0);
                for comment in document.tree.comments() {
                    assert!(text[comment.range()].starts_with('#'));
                }
                if document.tree.len() < 10_000 {
                    let _ = document.tree.root().to_json();
                }
            }
            Err(malformed) => assert!(malformed.offset as usize <= text.len()),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    look_at_all(yaml::documents(&text), &text);
    look_at_all(json::documents(&text), &text);
    look_at_all(read::documents(&text), &text);
});
