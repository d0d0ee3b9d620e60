//! Baselines: what is old passes, what is new fails.

use super::{crashlint, text};
use std::fs;

fn deployment(name: &str, containers: &[(&str, &str)]) -> String {
    let containers: String = containers
        .iter()
        .map(|(name, image)| {
            format!("        - name: {name}\n          image: {image}\n          resources: {{requests: {{memory: 32Mi}}, limits: {{memory: 64Mi}}}}\n")
        })
        .collect();
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
{containers}"
    )
}

const LATEST: &str = "registry.example.com/shop/a";

#[test]
fn only_what_is_new_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.yaml"), deployment("cart", &[("main", LATEST), ("side", LATEST)])).unwrap();
    assert_eq!(crashlint(path, &[]).status.code(), Some(1));
    let written = crashlint(path, &["--write-baseline", "known.yaml"]);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stdout));
    assert!(text(&written.stderr).contains("wrote 2 findings to known.yaml"), "{}", text(&written.stderr));
    assert!(
        text(&written.stdout).contains("nothing found in ") && text(&written.stdout).contains("; 2 in the baseline")
    );
    let recorded = "  - rule: latest-image-tag
    kind: Deployment
    namespace: shop
    name: cart
    container: main
    path: /spec/template/spec/containers/main/image
";
    let baseline = fs::read_to_string(path.join("known.yaml")).unwrap();
    assert!(baseline.contains(recorded), "{baseline}");

    // Lines and files move, items change their places: the same findings.
    fs::remove_file(path.join("a.yaml")).unwrap();
    let moved = deployment("cart", &[("new", &*format!("{LATEST}:1")), ("side", LATEST), ("main", LATEST)]);
    fs::write(path.join("b.yaml"), format!("# A comment.\n\n{moved}")).unwrap();
    let same = crashlint(path, &["--baseline", "known.yaml", "--format", "json"]);
    assert_eq!(same.status.code(), Some(0), "{}", text(&same.stdout));
    let report: serde_json::Value = serde_json::from_slice(&same.stdout).unwrap();
    assert_eq!((&report["summary"]["baselined"], &report["summary"]["warnings"]), (&2.into(), &0.into()));
    assert_eq!(report["findings"], serde_json::json!([]));

    // A third one is new, and so is one of another object.
    fs::write(path.join("c.yaml"), deployment("basket", &[("main", LATEST)])).unwrap();
    let more = crashlint(path, &["--baseline", "known.yaml"]);
    assert_eq!(more.status.code(), Some(1));
    assert!(text(&more.stdout).contains("Deployment shop/basket") && !text(&more.stdout).contains("shop/cart"));
    // The same object again: it was counted once.
    fs::write(path.join("c.yaml"), &moved).unwrap();
    assert_eq!(crashlint(path, &["--baseline", "known.yaml"]).status.code(), Some(1));
}

#[test]
fn entries_that_match_nothing_are_told_where_the_run_sees_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.yaml"), deployment("cart", &[("main", LATEST), ("side", LATEST)])).unwrap();
    crashlint(path, &["--write-baseline", "known.yaml"]);
    fs::write(path.join("a.yaml"), deployment("cart", &[("main", LATEST)])).unwrap();
    let args = ["--baseline", "known.yaml", "--format", "json"];
    let seen = crashlint(path, &args);
    assert_eq!(seen.status.code(), Some(0), "an info fails nothing");
    let report: serde_json::Value = serde_json::from_slice(&seen.stdout).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "unused-baseline-entry");
    assert_eq!((&finding["file"], &finding["line"]), (&"known.yaml".into(), &11.into()), "{finding}");
    let one = crashlint(path, &[&args[..], &["a.yaml"]].concat());
    let report: serde_json::Value = serde_json::from_slice(&one.stdout).unwrap();
    assert_eq!(report["findings"], serde_json::json!([]), "a named file is not all");
    // What it says of itself is not written into it.
    crashlint(path, &["--write-baseline", "again.yaml"]);
    assert!(!fs::read_to_string(path.join("again.yaml")).unwrap().contains("unused"));
}

#[test]
fn bytes_are_the_same_and_odd_names_survive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let odd = deployment("'on'", &[("\"a: \\\"b\"", LATEST)]);
    fs::write(path.join("a.yaml"), odd).unwrap();
    crashlint(path, &["--write-baseline", "one.yaml"]);
    crashlint(path, &["--write-baseline", "two.yaml", "--threads", "1"]);
    let one = fs::read_to_string(path.join("one.yaml")).unwrap();
    assert_eq!(one, fs::read_to_string(path.join("two.yaml")).unwrap());
    assert!(one.contains("name: \"on\""), "{one}");
    assert_eq!(crashlint(path, &["--baseline", "one.yaml", "--fail-on", "info"]).status.code(), Some(0));
}

#[test]
fn what_is_no_baseline_is_an_error_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.yaml"), deployment("cart", &[("main", LATEST)])).unwrap();
    for (content, said) in [
        ("version: 1\nfindings:\n  - rul: a\n", "known.yaml:3:"),
        ("version: 2\n", "known.yaml:1:"),
        ("a: [1\nb: }\n", "known.yaml:2:"),
        ("", "known.yaml:1:1"),
    ] {
        fs::write(path.join("known.yaml"), content).unwrap();
        let output = crashlint(path, &["--baseline", "known.yaml", "a.yaml"]);
        assert_eq!(output.status.code(), Some(2), "{content}");
        assert!(text(&output.stderr).contains(said), "{content}: {}", text(&output.stderr));
    }
    assert_eq!(crashlint(path, &["--baseline", "nowhere.yaml"]).status.code(), Some(2));
    assert_eq!(crashlint(path, &["--baseline", "a", "--write-baseline", "b"]).status.code(), Some(2));
}
