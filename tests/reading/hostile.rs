//! Input that means harm, or is merely broken: bounded work, no panic. Bounds are counts, since
//! clocks differ.

use crashlint::node::{Document, Kind, Malformed, Node};
use crashlint::{json, read, yaml};
use std::fmt::Write as _;

/// Looks at every node, as a rule or a report would.
fn look(document: &Document<'_>) -> usize {
    fn walk(node: Node<'_>, text: &str, depth: usize) -> usize {
        assert!(depth <= 256, "deeper than whoever recurses can bear");
        assert!(text.get(node.span().range()).is_some());
        let inner = node.items().map(|item| walk(item, text, depth + 1)).sum::<usize>();
        let entries = node.entries().map(|(key, value)| {
            assert!(key.as_str().is_some());
            walk(value, text, depth + 1)
        });
        1 + inner + entries.sum::<usize>()
    }
    assert!(document.tree.comments().iter().all(|comment| document.text.get(comment.range()).is_some()));
    walk(document.tree.root(), document.text, 0)
}

/// Reads a text through every door; the results of the one that files come by.
fn read_all(text: &str) -> Vec<Result<Document<'_>, Malformed>> {
    for document in yaml::documents(text).chain(json::documents(text)) {
        match document {
            Ok(document) => drop(look(&document)),
            Err(error) => assert!(error.offset as usize <= text.len(), "{error:?}"),
        }
    }
    read::documents(text).collect()
}

fn refused(text: &str, why: &str) -> Malformed {
    let mut results = read_all(text);
    let error = results.remove(0).expect_err("this should be refused");
    assert!(error.message.contains(why), "{error:?}");
    error
}

#[test]
fn aliases_multiply_within_a_budget() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let item = format!("*a{}", level - 1);
        let _ = writeln!(bomb, "a{level}: &a{level} [{}]", [item.as_str(); 9].join(", "));
    }
    refused(&bomb, "many times larger");

    let mut laughs = "a0: &a0 {k: [x, x, x, x, x, x, x, x, x]}\n".to_owned();
    for level in 1..12 {
        let _ = writeln!(laughs, "a{level}: &a{level} {{<<: *a{0}, l: *a{0}, m: *a{0}, n: *a{0}}}", level - 1);
    }
    refused(&laughs, "many times larger");

    // Merges without aliases, in each other: each level copies what is below it.
    let wide = (0..40_000).map(|key| format!("k{key}: 1")).collect::<Vec<_>>().join(", ");
    refused(&format!("a: {}{wide}{}", "{<<: ".repeat(100) + "{", "}".repeat(101)), "many times larger");

    // A list of merges names one mapping again and again.
    let many = vec!["*a"; 60_000].join(", ");
    refused(&format!("a: &a {{{wide}}}\nb: {{<<: [{many}]}}\n"), "many times larger");
}

#[test]
fn aliases_in_good_measure_are_fine() {
    let mut text = "env: &env\n- {name: A, value: b}\n- {name: C, value: d}\nuses:\n".to_owned();
    text.push_str(&"- *env\n".repeat(500));
    let results = read_all(&text);
    let document = results[0].as_ref().unwrap();
    assert_eq!(document.tree.root().get("uses").unwrap().count(), 500);
    // A chain of merges adds a mapping's own keys each time, and never doubles.
    let mut chain = "a0: &a0 {k0: x}\n".to_owned();
    for level in 1..100 {
        let _ = writeln!(chain, "a{level}: &a{level} {{<<: *a{}, k{level}: x}}", level - 1);
    }
    let results = read_all(&chain);
    let document = results[0].as_ref().unwrap();
    assert_eq!(document.tree.root().get("a99").unwrap().count(), 100);
    assert!(document.tree.len() < 50_000, "{}", document.tree.len());
}

#[test]
fn depth_is_bounded_by_every_way_down() {
    let deep = 100_000;
    refused(&"[".repeat(deep), "nested deeper");
    refused(&format!("a: {}", "{a: ".repeat(deep)), "nested deeper");
    refused(&"- ".repeat(deep), "nested deeper");
    refused(&(0..3000).map(|level| " ".repeat(level) + "a:\n").collect::<String>(), "nested deeper");
    refused(&"{\"a\":".repeat(deep), "nested deeper");
    refused(&format!("{{\"a\":{}", "[".repeat(deep)), "nested deeper");
    refused(&format!("? {}", "? ".repeat(deep)), "");
    // Aliases stack what lies flat in the text.
    let mut stacked = "a0: &a0 [x]\n".to_owned();
    for level in 1..400 {
        let _ = writeln!(stacked, "a{level}: &a{level} [*a{}]", level - 1);
    }
    refused(&stacked, "nested deeper");
    let mut merged = "a0: &a0 {k: x}\n".to_owned();
    for level in 1..400 {
        let _ = writeln!(merged, "a{level}: &a{level} {{<<: {{k: *a{}}}}}", level - 1);
    }
    refused(&merged, "nested deeper");
    // What fits is read.
    let fits = format!("{}{}", "[".repeat(255), "]".repeat(255));
    assert_eq!(look(read_all(&fits)[0].as_ref().unwrap()), 255);
    assert!(read_all(&format!("[{fits}]"))[0].is_err());
}

#[test]
fn long_scalars_are_read_whole() {
    let length = 50_000_000;
    let long = "x".repeat(length);
    for text in
        [format!("a: {long}"), format!("a: '{long}'"), format!("a: |\n  {long}"), format!("{{\"a\":\"{long}\"}}")]
    {
        let results: Vec<_> = read::documents(&text).collect();
        let value = results[0].as_ref().unwrap().tree.root().get("a").unwrap();
        assert!(value.as_str().is_some_and(|value| value.trim_end().len() == length));
    }
    let folded = format!("a: >\n{}", "  x\n".repeat(length / 100));
    assert!(read::documents(&folded).next().unwrap().is_ok());
    assert!(read::documents(&"\n---".repeat(100_000)).next().is_none());
    assert!(read::documents(&"# c\n".repeat(200_000)).next().is_none());
}

#[test]
fn control_characters_are_pointed_at() {
    assert_eq!(refused("a: b\0c\n", "control character").offset, 4);
    let results = read_all("a: 1\n---\nb: \u{7f}\n---\nc: 1\n");
    assert_eq!(
        results.iter().map(|result| result.as_ref().err().map(|error| error.offset)).collect::<Vec<_>>(),
        [None, Some(12), None]
    );
    assert_eq!(refused("\0", "control character").offset, 0);
    assert_eq!(refused("{\"a\": \"\u{1}\"}", "control character").offset, 7);
}

#[test]
fn one_broken_document_hides_no_other() {
    let text = "a: 1\n---\nb: [\n---\nc: 1\n--- x\nd: 1\n---\ne: 1\n";
    let results = read_all(text);
    let shown: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().map(|document| document.tree.root().to_json()).map_err(|error| error.offset))
        .collect();
    let object = |key: &str| Ok(serde_json::json!({key: 1}));
    assert_eq!((&shown[0], &shown[2], &shown[4]), (&object("a"), &object("c"), &object("e")));
    assert_eq!(shown[3], Err(text.find("x").unwrap() as u32));
    assert!(shown[1].is_err() && shown.len() == 5);
}

const MANIFEST: &str = "# a comment\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: &l {app: \"we\\tb\"}}\nspec:\n  replicas: 0x2\n  template:\n    metadata: {labels: *l}\n    spec:\n      containers:\n      - name: 'web' # main\n        image: >-\n          registry/\n          web:1\n        args: [a, \"b\\u00e9\", {c: d}]\n        env: &e\n        - {name: A, value: \"1\"}\n        command:\n          - sh\n          - |\n            exec\tnode 日本\n      -\n        <<: {env: *e, tty: yes}\n        name: !!str 5\n---\n{\"kind\": \"List\", \"items\": [1.5e3, null, \"\\u00e9\"]}\n...\n";

#[test]
fn every_prefix_reads_or_is_refused() {
    let json = MANIFEST.split("---\n").nth(1).unwrap();
    for text in [MANIFEST, &MANIFEST.replace('\n', "\r\n"), json] {
        for end in 0..=text.len() {
            if text.is_char_boundary(end) {
                read_all(&text[..end]);
            }
        }
    }
}

/// Random edits, the same ones each time: bytes changed, dropped, doubled, moved.
#[test]
fn edited_bytes_read_or_are_refused() {
    const PIECES: &[&str] = &[
        "\n", "  ", "- ", ": ", "? ", "#", " #", "'", "\"", "[", "]", "{", "}", ",", "&a ", "*l", "*e", "!!int ",
        "|\n", ">\n", "<<: ", "\t", "---\n", "...\n", "%", "\\", "\u{feff}", "\u{2028}", "\u{85}", "\r", "~", "0x",
        "1e9", "\0", "é", "@",
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut read_well = 0;
    for _ in 0..20_000 {
        let mut text = MANIFEST.to_owned();
        for _ in 0..=random(4) {
            let mut at = random(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match random(3) {
                0 => drop(text.remove(at)),
                1 => text.insert_str(at, PIECES[random(PIECES.len())]),
                _ => {
                    text.remove(at);
                    text.insert_str(at, PIECES[random(PIECES.len())]);
                }
            }
        }
        read_well += usize::from(read_all(&text).iter().all(Result::is_ok));
    }
    assert!(read_well > 1000, "{read_well}");
    let good = read_all(MANIFEST);
    assert_eq!(good.len(), 2);
    assert!(
        good.iter().all(|result| result.as_ref().is_ok_and(|document| document.tree.root().kind() == Kind::Mapping)),
        "{good:?}"
    );
}
