//! `crashlint images`, and a policy's rows about images.

use super::{crashlint, text};
use std::collections::BTreeSet;
use std::path::Path;

fn json(folder: &Path, args: &[&str]) -> serde_json::Value {
    let output = crashlint(folder, &[args, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{args:?}: {}", text(&output.stderr)))
}

#[test]
fn every_row_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let rows = json(folder.path(), &["images"]);
    let rows = rows.as_array().unwrap();
    let output = crashlint(folder.path(), &["images"]);
    assert_eq!(output.status.code(), Some(0));
    let list = text(&output.stdout);
    assert!(
        list.ends_with(&format!("\n{} rows; `crashlint images IMAGE` shows what is known of one image\n", rows.len()))
    );
    assert_eq!(list.lines().count(), rows.len() + 2);
    for (row, line) in rows.iter().zip(list.lines()) {
        let names: Vec<&str> = row["images"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(line.starts_with(&names.join(", ")), "{row} {line}");
        assert!(row["source"].as_str().is_some_and(|source| !source.is_empty()), "{row}");
    }
}

#[test]
fn one_image_is_shown_as_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let output = crashlint(folder.path(), &["images", "docker.io/library/postgres:18.1"]);
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    for line in [
        "docker.io/library/postgres:18.1",
        "  entrypoint: [docker-entrypoint.sh]",
        "  data: {path: /var/lib/postgresql/18/docker, env: PGDATA, mustBeEmpty: true, formerly: /var/lib/postgresql/data}",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    assert!(shown.lines().any(|line| line.starts_with("  source: docker-library/postgres")), "{shown}");
    let known = json(folder.path(), &["images", "docker.io/library/postgres:18.1"]);
    assert_eq!(known["known"]["data"]["path"], "/var/lib/postgresql/18/docker");
    let older = json(folder.path(), &["images", "postgres:16"]);
    assert_eq!(older["known"]["data"]["path"], "/var/lib/postgresql/data");
    assert!(older["sources"].as_array().is_some_and(|sources| !sources.is_empty()));
}

/// What is shown can be pasted into a policy, and says the same there.
#[test]
fn what_is_shown_is_what_a_policy_says() {
    let folder = tempfile::tempdir().unwrap();
    for image in ["nginx:1.27", "postgres:17", "mysql:8.4", "memcached:1.6"] {
        let output = crashlint(folder.path(), &["images", image]);
        let row: Vec<&str> =
            text(&output.stdout).lines().skip(1).filter(|line| !line.starts_with("  source:")).collect();
        let policy = format!("images:\n- images: [shop/copy]\n  source: a copy\n{}\n", row.join("\n"));
        std::fs::write(folder.path().join(".crashlint.yaml"), policy).unwrap();
        let (copy, known) =
            (json(folder.path(), &["images", "r.example.com/shop/copy:1"]), json(folder.path(), &["images", image]));
        assert_eq!(copy["known"], known["known"], "{image}");
        assert_eq!(copy["sources"], serde_json::json!(["a copy"]));
        std::fs::remove_file(folder.path().join(".crashlint.yaml")).unwrap();
    }
}

#[test]
fn what_is_unknown_or_no_image() {
    let folder = tempfile::tempdir().unwrap();
    let output = crashlint(folder.path(), &["images", "registry.example.com/nobody/knows:1"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("nothing is known of it"));
    assert_eq!(json(folder.path(), &["images", "registry.example.com/nobody/knows:1"])["known"], serde_json::json!({}));
    let output = crashlint(folder.path(), &["images", "BusyBox"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    assert!(text(&output.stderr).starts_with("error: `BusyBox` is no image: "), "{}", text(&output.stderr));
    std::fs::write(folder.path().join("wrong.yaml"), "images: [{images: [a]}]\n").unwrap();
    let output = crashlint(folder.path(), &["images", "--policy", "wrong.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("wrong.yaml:1:"), "{}", text(&output.stderr));
}

const DERIVED: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example.com/shop/web:2.3.1
        securityContext: {runAsNonRoot: true, readOnlyRootFilesystem: true}
        readinessProbe: {tcpSocket: {port: 8080}}
        resources:
          requests: {memory: 64Mi}
          limits: {memory: 128Mi}
";

/// The rules that warn of the derived image under a policy.
fn warned(policy: &str) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("web.yaml"), DERIVED).unwrap();
    std::fs::write(folder.path().join(".crashlint.yaml"), policy).unwrap();
    let report = json(folder.path(), &["web.yaml"]);
    assert_eq!(report["inputErrors"], serde_json::json!([]), "{policy}");
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["severity"] == "warning")
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect()
}

/// An image of one's own is as another one, but for what its own row says.
#[test]
fn an_image_may_be_like_another() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(warned(""), set(&[]));
    assert_eq!(
        warned("images: [{images: [shop/web], like: nginx, source: our Dockerfile}]"),
        set(&["nonroot-root-image", "probe-port-not-served", "readonly-root-without-tmp"])
    );
    assert_eq!(
        warned(
            "images: [{images: [shop/web], like: nginx, user: '101', ports: [{port: 8080}], source: our Dockerfile}]"
        ),
        set(&["readonly-root-without-tmp"])
    );
    // Of another registry's repository, and of other tags, the row says nothing.
    assert_eq!(warned("images: [{images: [shop/we], like: nginx, source: a}]"), set(&[]));
    assert_eq!(warned("images: [{images: [shop/web], tags: ['3.*'], like: nginx, source: a}]"), set(&[]));
}
