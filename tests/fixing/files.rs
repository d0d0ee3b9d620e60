//! Whole files: fixtures, the corpus, and the verb.

use crashlint::engine::Input;
use crashlint::fix::files::{mend, propose};
use crashlint::fix::patch::operations;
use crashlint::k8s::object::Object;
use crashlint::policy::Policy;
use crashlint::source::{Position, Range};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn manifests(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            manifests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(path);
        }
    }
}

#[test]
fn every_fix_of_fixtures_and_corpus_is_written_once_and_for_all() {
    let mut paths = Vec::new();
    manifests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules"), &mut paths);
    if let Some(corpus) = std::env::var_os("CRASHLINT_CORPUS") {
        manifests(Path::new(&corpus), &mut paths);
    }
    let mut done = 0;
    // By folders, so that the set is that of a fixture.
    for paths in paths.chunk_by(|a, b| a.parent() == b.parent()) {
        let inputs: Vec<Input> = paths
            .iter()
            .map(|path| Input {
                name: path.display().to_string().into(),
                path: Some(path.clone()),
                named: true,
                text: None,
            })
            .collect();
        let mended = mend(&inputs, &Policy::default(), true, 1);
        for note in &mended.notes {
            // What was done is checked where it is done: it reads as the patched objects, with all comments.
            assert!(note.refused.is_none(), "{}:{} [{}] {:?}", note.file, note.line, note.rule, note.refused);
        }
        done += mended.notes.len();
        let now: Vec<Input> = inputs
            .iter()
            .enumerate()
            .map(|(at, input)| {
                let after =
                    mended.changed.iter().find(|changed| changed.input == at).map(|changed| changed.after.clone());
                Input { text: after.map(String::into_bytes), ..input.clone() }
            })
            .collect();
        assert!(mend(&now, &Policy::default(), true, 1).changed.is_empty(), "a second pass changes {:?}", paths[0]);
    }
    assert!(done > 100, "{done}");
}

/// A place, from 1 and in characters, as an offset.
fn offset(text: &str, at: Position) -> usize {
    let start: usize = text.split_inclusive('\n').take(at.line as usize - 1).map(str::len).sum();
    let mark = usize::from(at.line == 1 && text.starts_with('\u{feff}')) * 3;
    let line = &text[start + mark..];
    line.char_indices().nth(at.column as usize - 1).map_or(text.len(), |(at, _)| start + mark + at)
}

/// The objects of a text with the offsets at which they begin.
fn objects(text: &str) -> Vec<(u32, Value)> {
    let documents: Vec<_> = crashlint::read::documents(text).collect::<Result<_, _>>().unwrap();
    let found = documents.iter().flat_map(|document| Object::all(document.tree.root()));
    found.map(|object| (object.root.span().start, object.root.to_json())).collect()
}

#[test]
fn every_fix_alone_is_a_change_of_text_that_says_what_its_edits_say() {
    let mut paths = Vec::new();
    manifests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules"), &mut paths);
    if let Some(corpus) = std::env::var_os("CRASHLINT_CORPUS") {
        manifests(Path::new(&corpus), &mut paths);
    }
    let mut done = 0;
    for paths in paths.chunk_by(|a, b| a.parent() == b.parent()) {
        let inputs: Vec<Input> = paths.iter().map(|path| crate::fixtures::input(path)).collect();
        let mut report = crate::fixtures::lint(&inputs, &Policy::default());
        propose(&inputs, &mut report);
        for found in report.findings.iter().filter(|found| found.finding.fix.is_some()) {
            let fix = found.finding.fix.as_ref().unwrap();
            let path = paths.iter().find(|path| path.ends_with(&*found.file)).unwrap();
            let text = fs::read_to_string(path).unwrap();
            assert!(!found.replacements.is_empty(), "{}: {fix:?}", path.display());
            let mut edited = text.clone();
            let mut order: Vec<_> = found.replacements.iter().enumerate().collect();
            order.sort_by_key(|(at, replacement)| std::cmp::Reverse((replacement.range.start, *at)));
            for (_, replacement) in order {
                let Range { start, end } = replacement.range;
                edited.replace_range(offset(&text, start)..offset(&text, end), &replacement.text);
            }
            let expected = objects(&text).into_iter().map(|(at, mut value)| {
                if at == found.object_at {
                    json_patch::patch(&mut value, &operations(&fix.edits)).unwrap();
                }
                value
            });
            let now = objects(&edited).into_iter().map(|(_, value)| value);
            assert!(now.eq(expected), "{}: {fix:?}\n{edited}", path.display());
            done += 1;
        }
    }
    assert!(done > 100, "{done}");
}

const PROBE: &str = "# The shop.
apiVersion: v1
kind: Pod
metadata: {name: cart}
spec:
  containers:
  - name: main          # the only one
    image: registry.example.com/shop/cart:1.4.2
    resources: {requests: {memory: 64Mi}, limits: {memory: 128Mi}}
    startupProbe: {httpGet: {path: /, port: 80}, failureThreshold: 30}
    livenessProbe: {httpGet: {path: /, port: 80}, failureThreshold: 1}
";

fn fix(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crashlint")).arg("fix").args(args).current_dir(folder).output().unwrap()
}

#[test]
fn files_are_mended_in_place_with_their_mode_and_links() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, PROBE).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a.yaml", folder.path().join("link.yaml")).unwrap();
    }
    let target = if cfg!(unix) { "link.yaml" } else { "a.yaml" };
    let output = fix(folder.path(), &[target]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), PROBE.replace("failureThreshold: 1}", "failureThreshold: 3}"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(folder.path().join("link.yaml")).unwrap().is_symlink());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), if cfg!(unix) { 2 } else { 1 }, "nothing is left beside");
}

#[test]
fn check_and_diff_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), PROBE).unwrap();
    let check = fix(folder.path(), &["--check"]);
    assert_eq!((check.status.code(), &check.stdout[..]), (Some(1), &b"a.yaml\n"[..]));
    let diff = fix(folder.path(), &["--diff"]);
    assert_eq!(diff.status.code(), Some(0));
    let said = String::from_utf8(diff.stdout).unwrap();
    assert!(said.starts_with("--- a/a.yaml\n+++ b/a.yaml\n@@ -8,4 +8,4 @@\n"), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("a.yaml")).unwrap(), PROBE);
    // What it prints is what a patch tool takes.
    if let Ok(mut git) =
        Command::new("git").args(["apply", "-"]).current_dir(folder.path()).stdin(std::process::Stdio::piped()).spawn()
    {
        std::io::Write::write_all(&mut git.stdin.take().unwrap(), said.as_bytes()).unwrap();
        assert!(git.wait().unwrap().success());
        assert_eq!(fix(folder.path(), &["--check"]).status.code(), Some(0));
    }
}

#[test]
fn what_waits_for_a_persons_eye_is_left_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let text = PROBE.replace("failureThreshold: 1}", "timeoutSeconds: 20}");
    fs::write(folder.path().join("a.yaml"), &text).unwrap();
    let output = fix(folder.path(), &[]);
    assert_eq!(fs::read_to_string(folder.path().join("a.yaml")).unwrap(), text);
    assert!(String::from_utf8(output.stderr).unwrap().contains("of which --unsafe mends up to 1"));
    assert!(fix(folder.path(), &["--unsafe"]).status.success());
    let now = fs::read_to_string(folder.path().join("a.yaml")).unwrap();
    assert!(now.contains("timeoutSeconds: 20, periodSeconds: 20}"), "{now}");
}

#[test]
fn broken_files_are_told_of_and_the_others_mended() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), PROBE).unwrap();
    fs::write(folder.path().join("b.yaml"), "a: [1\nb: }\n").unwrap();
    let output = fix(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(fs::read_to_string(folder.path().join("a.yaml")).unwrap().contains("failureThreshold: 3}"));
    assert_eq!(fs::read_to_string(folder.path().join("b.yaml")).unwrap(), "a: [1\nb: }\n");
}
