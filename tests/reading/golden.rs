//! The golden table: what kubectl 1.36.3 made of each text (`tests/kubectl/make-golden.py`).

use crashlint::read;
use serde_json::Value;

/// What stands before the values of `tests/kubectl/cases.json`.
const HEAD: &str = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n";

const HIDDEN: &str = "a line break to kubectl alone: `yaml::hidden_line_breaks` finds it for a rule to report";
const STRICTER: &str = "the parser is stricter, and the text is better written otherwise";

/// Texts, after `HEAD`, that we read otherwise than kubectl, and why. Each must still differ.
const DIFFERENCES: &[(&str, &str)] = &[
    ("spec: a\u{85}b\n", HIDDEN),
    ("spec: a\u{2028}b\n", HIDDEN),
    ("spec: a\u{2029}b\n", HIDDEN),
    ("spec: \"a\u{85}b\"\n", HIDDEN),
    ("spec: |\n  a\u{2028}b\n\n", HIDDEN),
    ("spec: 1 # c\u{2028}  x: y\n", HIDDEN),
    ("spec: \n  a: 1 # c\u{85}  b: 2\n\n", HIDDEN),
    ("spec: \n  # c\u{2028}  a: b\n  c: d\n", HIDDEN),
    ("spec: a \u{2028} b\n", HIDDEN),
    ("spec: 'a'#c\n", STRICTER),
    ("spec: |# c\n  a\n\n", STRICTER),
    ("spec: [-]\n", STRICTER),
    ("spec: [a, -]\n", STRICTER),
    ("spec: [?a]\n", STRICTER),
    ("spec: 1\n... x\n", STRICTER),
    ("spec: [a:]\n", "a key without a value in YAML 1.2, the text `a:` in YAML 1.1"),
];

/// The same for whole texts: kubectl refuses the first, a `...` that ends nothing, and takes the second for an empty document
/// with a directive in it; of the others it reads the first node and drops the rest without a word.
const WHOLE: &[&str] = &[
    "...\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: 1\n",
    "---\n%YAML 1.1\n---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: 1\n",
    "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}} x",
    "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}}\nx: 1\n",
];

/// Whether two values are the same to kubectl, which keeps numbers in 64 bits: whole ones as such
/// where they fit, all others as floats.
pub(super) fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => ours == theirs,
    }
}

/// A text's objects, those of a `List` one by one, as kubectl counts them.
fn ours(text: &str) -> Result<Vec<Value>, String> {
    let mut objects = Vec::new();
    for document in read::documents(text) {
        let value = document.map_err(|error| format!("{error} at {}", error.offset))?.tree.root().to_json();
        match value.get("items") {
            Some(Value::Array(items)) if value["kind"] == "List" => objects.extend(items.iter().cloned()),
            _ => objects.push(value),
        }
    }
    Ok(objects)
}

#[test]
fn kubectl_reads_the_same() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../kubectl/golden.json")).unwrap();
    let mut faults = Vec::new();
    let mut seen = 0;
    for case in &cases {
        let text = case["text"].as_str().unwrap();
        let ours = ours(text);
        let error = case.get("error").and_then(Value::as_str);
        let agree = match (&ours, error) {
            (Err(_), None) | (Ok(_), Some(_)) => false,
            (Err(_), Some(_)) => true,
            (Ok(ours), None) => {
                let theirs = case["documents"].as_array().unwrap();
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
            }
        };
        // Such a document was read, and is no object.
        let agree = agree || error.is_some_and(|error| error.starts_with("error: unable to decode")) && ours.is_ok();
        let known = DIFFERENCES
            .iter()
            .map(|(known, _)| *known)
            .chain(WHOLE.iter().copied())
            .find(|known| text.strip_prefix(HEAD) == Some(known) || text == *known);
        seen += usize::from(known.is_some());
        if agree && known.is_some() {
            faults.push(format!("{text:?} is a known difference, and differs no more"));
        } else if !agree && known.is_none() {
            faults.push(format!("{text:?}\n  ours: {ours:?}\n  kubectl's: {error:?} {}", case["documents"]));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
    assert_eq!(seen, DIFFERENCES.len() + WHOLE.len(), "a known difference is no case");
    assert!(cases.len() >= 150);
}
