//! Kubernetes' own decoder beside our readers: `tests/kubectl/oracle/run` builds it, names it in `CRASHLINT_ORACLE`, and runs what is
//! ignored here. What may differ is in `docs/yaml.md`.

use super::chance::{Chance, edited};
use super::golden::same;
use crashlint::source::Span;
use crashlint::{read, yaml};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

/// The documents of a text up to the first that can't be read, and where and why that is.
type Reading = (Vec<Value>, Option<(usize, String)>);

fn ours(text: &str) -> Reading {
    let mut documents = Vec::new();
    for document in read::documents(text) {
        match document {
            Ok(document) => documents.push(document.tree.root().to_json()),
            Err(malformed) => return (documents, Some((malformed.offset as usize, malformed.message))),
        }
    }
    (documents, None)
}

/// What Kubernetes reads in each text.
fn theirs(texts: &[String]) -> Vec<Reading> {
    let oracle =
        std::env::var_os("CRASHLINT_ORACLE").expect("tests/kubectl/oracle/run names the oracle in CRASHLINT_ORACLE");
    let mut child = Command::new(oracle).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let answers = std::thread::scope(|scope| {
        scope.spawn(move || {
            for text in texts {
                write!(input, "{}\n{text}", text.len()).unwrap();
            }
        });
        let answers = output.lines().map(|line| {
            let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
            (
                answer["documents"].as_array().unwrap().clone(),
                answer["error"].as_str().map(|error| (0, error.to_owned())),
            )
        });
        answers.collect::<Vec<_>>()
    });
    assert!(child.wait().unwrap().success());
    assert_eq!(answers.len(), texts.len());
    answers
}

/// What may be said of a text that Kubernetes takes and we refuse, though Kubernetes drops nothing of it (docs/yaml.md).
const STRICTER: &[&str] = &[
    "comments must be separated from other tokens by whitespace",
    "between brackets, kubectl's reader takes this",
    "plain scalar cannot start with '-' followed by ,[]{}",
    "\"-\" is only valid inside a block",
    "invalid content after document end marker",
    "invalid trailing content after",
    "an anchor's name can hold letters",
    "while scanning a tag, did not find expected whitespace",
    // Shown instead of the YAML's own fault where a text begins with `{`.
    "JSON needs a key in double quotes here",
    // A `|` in its key's column.
    "a `:` is missing after this key",
];

/// Whether what is no object, and refused a step later by kubectl, comes next after `count` documents.
fn no_object(documents: &[Value], count: usize) -> bool {
    documents.get(count).is_some_and(|document| !document.is_object())
}

/// Two tags of the test suite without a text: kubectl's reader takes the comma for a part of the first.
const LAXER: &str = "{\n  foo : !!str,\n  !!str : bar,\n}\n";

/// What neither reads alike nor refuses alike: where, and why that is not to be.
fn differences(texts: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut dropped = Vec::new();
    for (text, (theirs, their_error)) in texts.iter().zip(theirs(texts)) {
        if yaml::hidden_line_breaks(text, Span::new(0, text.len() as u32)).next().is_some()
            || begins_oddly(text)
            || text == LAXER
        {
            continue;
        }
        let (ours, our_error) = ours(text);
        let common = ours.len().min(theirs.len());
        let mut fault = |what: &str| {
            faults.push(format!("{what}: {text:?}\nours {ours:?} {our_error:?}\ntheirs {theirs:?} {their_error:?}"))
        };
        let alike = |(a, b): (&Value, &Value)| !a.is_object() && !b.is_object() || same(a, b);
        if !ours[..common].iter().zip(&theirs[..common]).all(alike) {
            fault("read otherwise");
            continue;
        }
        match (&our_error, &their_error) {
            (Some(_), Some(_)) => {}
            (None, None) if ours.len() == theirs.len() => {}
            (None, Some(_)) if no_object(&ours, theirs.len()) => {}
            (Some(_), None) if no_object(&theirs, ours.len()) => {}
            (Some((_, message)), None) if STRICTER.iter().any(|known| message.starts_with(known)) => {}
            // A `null` that the rest is dropped behind is no document.
            (Some(_), None) if theirs.len() <= ours.len() && holds_null(text) => {}
            (Some((offset, _)), None) => {
                let mut whole = theirs;
                whole.truncate(ours.len() + 1);
                whole.resize(ours.len() + 1, Value::Null);
                dropped.push((text, *offset, whole));
            }
            (None, _) => fault("taken by us, and not by Kubernetes"),
        }
    }
    // What else we refuse must be what Kubernetes drops: it reads the same without that, or with a quote behind it that is never closed.
    let probes: Vec<String> = dropped
        .iter()
        .flat_map(|(text, offset, _)| {
            let end = text[*offset..].find("\n---").map_or(text.len(), |end| offset + end);
            [text[..*offset].to_owned(), format!("{}\n\n\"", &text[..end])]
        })
        .collect();
    for ((text, _, whole), readings) in dropped.iter().zip(self::theirs(&probes).chunks(2)) {
        let nothing = readings[1].0[..] == whole[..whole.len() - 1] && readings[1].1.is_none();
        if !nothing && !readings.iter().any(|(read, error)| read == whole && error.is_none()) {
            faults.push(format!(
                "refused by us, and not by Kubernetes: {text:?}\nours {:?}\ntheirs {whole:?}",
                ours(text).1
            ));
        }
    }
    faults
}

/// Whether a line begins with what is `null` in all of a document.
fn holds_null(text: &str) -> bool {
    text.lines()
        .any(|line| line.trim_start().starts_with(['~', '&']) || line.trim_start().to_lowercase().starts_with("null"))
}

/// Where the two readers differ on a file's beginning: byte order marks that are not its first
/// character, an end of nothing, and blanks with a tab.
fn begins_oddly(text: &str) -> bool {
    let late_mark = text.trim_start_matches('\u{feff}').contains('\u{feff}');
    let is_comment = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let first = text.lines().find(|line| !is_comment(line)).unwrap_or_default();
    late_mark || first.starts_with("...") || text.trim().is_empty()
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
}

#[test]
#[ignore = "needs the oracle: tests/kubectl/oracle/run"]
fn all_texts_mean_what_kubernetes_reads() {
    let texts: Vec<String> = super::texts().into_iter().map(|(_, text)| text).collect();
    none(&differences(&texts));
}

#[test]
#[ignore = "needs the oracle: tests/kubectl/oracle/run"]
fn edited_texts_mean_what_kubernetes_reads() {
    // Fixtures come and go; what is made of the corpus by chance stays the same.
    let inputs = crate::corpus::folder().map(|folder| crate::corpus::inputs(&folder)).unwrap_or_default();
    let corpus = inputs.iter().filter_map(|input| std::fs::read_to_string(input.path.as_ref()?).ok());
    let texts: Vec<String> = corpus.filter(|text| !text.is_empty()).collect();
    assert!(!texts.is_empty(), "CRASHLINT_CORPUS must name a folder of manifests");
    let half = |seed: u64| {
        let mut chance = Chance(seed);
        let mut faults = Vec::new();
        for _ in 0..50 {
            let edits: Vec<String> =
                (0..10_000).map(|_| edited(&texts[chance.below(texts.len())], &mut chance)).collect();
            faults.extend(differences(&edits));
        }
        faults
    };
    let (mut faults, others) = rayon::join(|| half(0x0AC1E), || half(0xDE1F1));
    faults.extend(others);
    none(&faults);
}

/// The valid cases of the YAML test suite, a folder each; `CRASHLINT_YAML_SUITE` holds them.
#[test]
#[ignore = "needs the oracle: tests/kubectl/oracle/run"]
fn the_test_suite_means_what_kubernetes_reads() {
    let suite = std::env::var_os("CRASHLINT_YAML_SUITE")
        .expect("tests/kubectl/oracle/run names the suite in CRASHLINT_YAML_SUITE");
    let mut open = vec![std::path::PathBuf::from(suite)];
    let mut texts = Vec::new();
    while let Some(folder) = open.pop() {
        let inside: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        open.extend(inside.iter().filter(|path| path.is_dir()).cloned());
        if !folder.join("error").exists() {
            texts.extend(std::fs::read_to_string(folder.join("in.yaml")).ok());
        }
    }
    texts.sort();
    assert!(texts.len() > 200, "{} cases", texts.len());
    none(&differences(&texts));
}
