//! Spans: they hold what they name, and lie within each other.

use super::read;
use crashlint::node::{Document, Kind, Node, Style};
use crashlint::yaml;

/// Walks a document, and says where a span doesn't hold what it should.
fn faults(document: &Document<'_>) -> Vec<String> {
    fn walk(node: Node<'_>, text: &str, faults: &mut Vec<String>) {
        let span = node.span();
        let Some(slice) = text.get(span.range()) else {
            faults.push(format!("{span:?} is no part of the text"));
            return;
        };
        let quoted = match node.style() {
            Style::SingleQuoted => slice.len() >= 2 && slice.starts_with('\'') && slice.ends_with('\''),
            Style::DoubleQuoted => slice.len() >= 2 && slice.starts_with('"') && slice.ends_with('"'),
            Style::Flow => {
                let ends = if node.kind() == Kind::Mapping { ('{', '}') } else { ('[', ']') };
                // A pair in a list, `[a: b]`, is a mapping without braces.
                !slice.starts_with(ends.0) || slice.ends_with(ends.1)
            }
            Style::Block if node.kind() == Kind::Sequence => slice.starts_with('-'),
            _ => true,
        };
        if !quoted {
            faults.push(format!("{span:?} {:?} {:?} holds {slice:?}", node.kind(), node.style()));
        }
        if let (Some(value), Kind::String, Style::Plain | Style::Literal) = (node.scalar(), node.kind(), node.style()) {
            for line in value.lines() {
                let words: Vec<_> = line.split_whitespace().collect();
                if !words.iter().all(|word| slice.contains(word)) && !node.is_aliased() {
                    faults.push(format!("{span:?} holds {slice:?}, not {line:?}"));
                }
            }
        }
        let children = node.items().chain(node.entries().flat_map(|(key, value)| [key, value]));
        for child in children {
            let inner = child.span();
            if !child.is_aliased() && (inner.start < span.start || inner.end > span.end) {
                faults.push(format!("{inner:?} lies outside its parent's {span:?}"));
            }
            walk(child, text, faults);
        }
    }
    let mut faults = Vec::new();
    walk(document.tree.root(), document.text, &mut faults);
    for comment in document.tree.comments() {
        let slice = &document.text[comment.range()];
        if !slice.starts_with('#') || slice.contains('\n') {
            faults.push(format!("comment {slice:?}"));
        }
    }
    faults
}

#[test]
fn spans_hold_what_they_name() {
    let text = "# c\na: 'x' # d\n\"b\": |\n  foo\nc:\n- 1\n# e\n-  - é\n   - \"y\"\n- k: {q: [1, a: b]}\n  m: !!str 5\nd: &d\n- z\ne: *d\nf:\n  - - 2\n";
    let documents = read(text).unwrap();
    assert_eq!(faults(&documents[0]), Vec::<String>::new());
    let root = documents[0].tree.root();
    let slice = |node: Node<'_>| &text[node.span().range()];
    assert_eq!(slice(root.get("a").unwrap()), "'x'");
    assert_eq!(slice(root.get("c").unwrap()), "- 1\n# e\n-  - é\n   - \"y\"\n- k: {q: [1, a: b]}\n  m: !!str 5");
    assert_eq!(slice(root.get("d").unwrap()), "- z");
    assert_eq!(slice(root.get("f").unwrap()), "- - 2");
    assert_eq!(slice(root.get("c").unwrap().items().nth(1).unwrap()), "- é\n   - \"y\"");
    assert_eq!(slice(root.entry_of("b").unwrap().0), "\"b\"");
}

/// Every `.yaml` and `.yml` file below a folder.
fn yaml_files(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            yaml_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
}

#[test]
fn spans_hold_over_the_corpus() {
    let Some(corpus) = std::env::var_os("CRASHLINT_CORPUS") else {
        eprintln!("CRASHLINT_CORPUS is not set: nothing to read");
        return;
    };
    let mut files = Vec::new();
    yaml_files(corpus.as_ref(), &mut files);
    files.sort();
    let (mut documents, mut unread) = (0, 0);
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        for document in yaml::documents(&text) {
            match document {
                Ok(document) => {
                    documents += 1;
                    assert_eq!(faults(&document), Vec::<String>::new(), "{}", file.display());
                }
                Err(error) => {
                    unread += 1;
                    eprintln!("{}: {error} at {}", file.display(), error.offset);
                }
            }
        }
    }
    eprintln!("{} files, {documents} documents, {unread} unread", files.len());
    assert!(documents > 0);
}
