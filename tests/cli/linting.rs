//! Runs over files: exit codes, and what goes where.

use super::{crashlint, text};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const EXITS: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
        - name: main
          image: busybox:1.36
          command: [sh, -c, 'echo hello']
          resources: {requests: {memory: 16Mi}, limits: {memory: 32Mi}}
";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn code(folder: &Path, args: &[&str]) -> i32 {
    crashlint(folder, args).status.code().unwrap()
}

#[test]
fn exit_codes() {
    let folder = folder(&[("a.yaml", EXITS), ("broken.yml", "a: [1\nb: }\n")]);
    let folder = folder.path();
    for (args, expected) in [
        (&["a.yaml"][..], 1),
        (&["a.yaml", "--fail-on", "error"], 1),
        (&["a.yaml", "--fail-on", "never"], 0),
        (&["broken.yml"], 2),
        (&["."], 2),
        (&[".", "--fail-on", "never"], 2),
        (&[".", "--exclude", "*.yml"], 1),
        (&[".", "--include", "*.yml"], 2),
    ] {
        assert_eq!(code(folder, args), expected, "{args:?}");
    }
}

#[test]
fn two_beats_one_and_findings_still_print() {
    let folder = folder(&[("a.yaml", EXITS), ("broken.yml", "a: [1\nb: }\n")]);
    let output = crashlint(folder.path(), &[]);
    let said = text(&output.stdout);
    assert!(said.contains("error[workload-exits]") && said.contains("error: broken.yml:2:"), "{said}");
    assert!(said.contains(" --> a.yaml:12:"), "{said}");
    assert!(text(&output.stderr).starts_with("checked 2 files in "), "{}", text(&output.stderr));
    assert!(crashlint(folder.path(), &["-q"]).stderr.is_empty());
}

#[test]
fn bytes_do_not_depend_on_threads_or_the_order_of_arguments() {
    let files: Vec<(String, &str)> = (0..40).map(|n| (format!("{n}.yaml"), EXITS)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let folder = folder(&files);
    for format in ["pretty", "json", "sarif"] {
        let one = crashlint(folder.path(), &["--format", format, "--threads", "1"]).stdout;
        assert_eq!(one, crashlint(folder.path(), &["--format", format, "--threads", "8"]).stdout);
    }
    let there = crashlint(folder.path(), &["--format", "json", "3.yaml", "7.yaml"]).stdout;
    assert_eq!(there, crashlint(folder.path(), &["--format", "json", "7.yaml", "3.yaml", "7.yaml"]).stdout);
}

#[test]
fn standard_input_is_a_dash() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_crashlint"))
        .args(["--format", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(EXITS.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"][0]["file"], "-");
}

#[test]
fn a_wrong_policy_is_two_and_says_where() {
    let folder = folder(&[("a.yaml", EXITS), (".crashlint.yaml", "rules:\n  workload-exit: {severity: error}\n")]);
    let output = crashlint(folder.path(), &["a.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = text(&output.stderr);
    assert!(said.starts_with("error: .crashlint.yaml:2:3: ") && said.contains("workload-exits"), "{said}");
    let absent = crashlint(folder.path(), &["--policy", "gone.yaml", "a.yaml"]);
    assert_eq!(absent.status.code(), Some(2));
    assert!(text(&absent.stderr).contains("gone.yaml"));
}

#[test]
fn machine_formats_say_on_standard_error_what_was_not_read() {
    let folder = folder(&[]);
    for format in ["json", "sarif"] {
        let output = crashlint(folder.path(), &["--format", format, "gone.yaml"]);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stderr), "error: gone.yaml: no such file or folder\n");
        assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok());
    }
}

#[test]
fn a_mistyped_verb_is_told_from_a_path() {
    let folder = folder(&[]);
    let said = |word: &str| text(&crashlint(folder.path(), &["--format", "json", word]).stderr).to_owned();
    assert_eq!(said("explian"), "error: explian: no such file or folder; did you mean `crashlint explain`?\n");
    assert_eq!(said("manifests"), "error: manifests: no such file or folder\n");
    let explained = crashlint(folder.path(), &["explain", "latest-tag"]);
    assert!(text(&explained.stderr).contains("did you mean `latest-image-tag`?"), "{explained:?}");
}

#[test]
fn a_report_goes_to_files_in_formats_of_their_own() {
    let folder = folder(&[("a.yaml", EXITS)]);
    let folder = folder.path();
    let args = ["--format", "github", "--output", "json=out.json", "--output", "pretty=out.txt", "a.yaml"];
    let output = crashlint(folder, &args);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("::error file=a.yaml,line=12,"), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("out.json")).unwrap()).unwrap();
    assert_eq!(json["findings"][0]["rule"], "workload-exits");
    let pretty = fs::read_to_string(folder.join("out.txt")).unwrap();
    assert!(pretty.starts_with("error[workload-exits]") && !pretty.contains('\u{1b}'), "{pretty}");
    for wrong in ["json", "xml=out", "json="] {
        assert_eq!(code(folder, &["--output", wrong, "a.yaml"]), 2, "{wrong}");
    }
    assert_eq!(code(folder, &["--output", "json=nowhere/out.json", "a.yaml"]), 2);
}

#[test]
fn the_readers_can_be_compared() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plain.yaml"), "a: b\n---\n- 1\n").unwrap();
    std::fs::write(folder.path().join("anchor.yaml"), "a: &a b\nc: *a\n").unwrap();
    let run = crashlint(folder.path(), &["--verify-reader", "."]);
    assert_eq!(run.status.code(), Some(0));
    let said = "2 documents read alike by the fast reader and the general parser; 1 left to the general parser\n";
    assert_eq!(text(&run.stdout), said);
}
