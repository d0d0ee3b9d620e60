//! What errors say, and what only a rule can tell.

use super::read;
use crashlint::source::Span;
use crashlint::yaml;

#[test]
fn errors_point_and_advise() {
    let mut faults = Vec::new();
    for (text, at, words) in [
        ("a:\n\tb: 1\n", "\tb", "use spaces"),
        ("a: 1\n\t\nb: 2\n", "\t", "use spaces"),
        ("a:\n  -\tb\n", "\tb", "use spaces"),
        ("a: |\n  \tb\n", "\tb", "use spaces"),
        ("a: x: 1\n", ": 1", "quote the value"),
        ("a: 'b\n", "'b", "close it"),
        ("a: *b\n", "*b", "no such anchor"),
        ("a: [b?c]\n", "?c", "quote the value"),
        ("a: \"b\\/c\"\n", "\\/c", "write the character"),
        ("a: &a [*a]\n", "*a]", "inside its own anchor"),
        ("a: !!int x\n", "x", "drop the tag"),
        ("a: .nan\n", ".nan", "or NaN"),
        ("~: 1\n", "~", "can't be null"),
        ("a: {{ x }}\n", "{ x", "template"),
        ("a: 1\n--- b\n", "b", "only a comment"),
        ("a: @b\n", "@b", ""),
        ("%YAML 1.2\n---\na: 1\n", "%YAML", "take the line out"),
        ("a:\n  - b: [c]\n\t  d: e\n---\nf: g\th\n", "\t  d", "use spaces"),
        ("\u{feff}\ta: b\n", "\t", "use spaces"),
        ("  a: b\nc: d\n", "c: d", "drops the rest"),
        ("  - a\n- b\n", "- b", "drops the rest"),
        ("{a: b}\nc: d\n", "c: d", "drops the rest"),
        ("a: [b:]\n", ":]", "put a space behind it"),
        ("a: {b\n  c: d}\n", "b\n", "on one line"),
        ("a: {b # c\n  : d}\n", "b #", "on one line"),
        ("a: 1\n---\n---# b\n", "# b", "put a blank between"),
        ("# a\n\u{feff}b: c\n", "\u{feff}", "take it out"),
        ("a: !!st#r b\n", "b", "tag"),
        ("a: [\n\tb]\nc: d\n\te: f\n", "\te", "use spaces"),
    ] {
        let error = read(text).err().unwrap_or_else(|| panic!("{text:?} is read"));
        faults.extend((!error.message.contains(words)).then(|| format!("{text:?}: {error:?}")));
        let there = text[error.offset as usize..].starts_with(at);
        faults.extend((!there).then(|| format!("{text:?}: {error:?}, not at {at:?}")));
        faults.extend((error.message.ends_with('.')).then(|| format!("{error:?} ends like a sentence")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn quotes_may_be_escaped_as_for_kubectl() {
    let text = "a: \"b\\'c\\\\\" # \\'\nd: 'e\\'\nf: [\"\\'\", \"\\n\\'é\"]\n\"\\'\": Ā\n";
    let documents = read(text).unwrap();
    let expected = serde_json::json!({"a": "b'c\\", "d": "e\\", "f": ["'", "\n'é"], "'": "Ā"});
    assert_eq!(documents[0].tree.root().to_json(), expected);
    assert!(read("a: \"\\'\\z\"\n").unwrap_err().message.contains("no such escape"));
}

#[test]
fn tabs_are_fine_where_kubectl_takes_them() {
    for text in [
        "a:\tb\t# c\td\n",
        "a: 'b\n\tc'\n",
        "a: [b,\n\tc]\n",
        "a: |\n  b\n  \tc\n",
        "a: b\n  \tc\n",
        "a: \"\t\"\n",
        "# \t\na: b\t\n",
        "a: |2\n  \tb\n",
        "a: 1\n...\n\tb\n",
        "a:\n  b: [\n\t\tc,\n\t\td\n\t]\n  e: {\n\tf: g}\n",
    ] {
        assert!(read(text).is_ok(), "{text:?}: {:?}", read(text));
    }
}

#[test]
fn hidden_line_breaks_are_found() {
    let text = "a: 1 # \u{2028}b\u{85}\nc: \"é\u{2029}\" # \u{2027}\u{a0}";
    let found: Vec<_> = yaml::hidden_line_breaks(text, Span::new(0, text.len() as u32)).collect();
    let shown: Vec<_> = found.iter().map(|span| &text[span.range()]).collect();
    assert_eq!(shown, ["\u{2028}", "\u{85}", "\u{2029}"]);
    assert_eq!(yaml::hidden_line_breaks(text, Span::new(0, 7)).count(), 0);
}
