//! `crashlint preflight`: point 29 of the webhook's design.

use super::{crashlint, text};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What `kubectl get … -o yaml` prints: a fault, a fault of a controller's, one of the system's, a
/// warning, and an object without pods.
const CLUSTER: &str = "apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: ledger, namespace: shop}
    spec: &spec
      selector: {matchLabels: {a: b}}
      template:
        metadata: {labels: {a: b}}
        spec:
          containers:
            - {name: app, image: 'busybox:1', command: [echo, hello], resources: {limits: {memory: 64Mi}, requests: {memory: 32Mi}}}
  - apiVersion: apps/v1
    kind: ReplicaSet
    metadata: {name: ledger-5, namespace: shop, ownerReferences: [{controller: true, kind: Deployment, name: ledger, uid: '1', apiVersion: apps/v1}]}
    spec: *spec
  - apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: proxy, namespace: kube-system}
    spec: *spec
  - apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec: {containers: [{name: app, image: nginx, resources: {limits: {memory: 64Mi}, requests: {memory: 32Mi}}}]}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop}}
";

#[test]
fn point_29_preflight_says_what_enforcing_would_deny() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cluster.yaml"), CLUSTER).unwrap();
    let output = crashlint(folder.path(), &["preflight", "cluster.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stdout),
        "denied Deployment shop/ledger
  [workload-exits] container app: the command ends, and the Deployment restarts it for ever: `echo hello` ends at once
    at: spec.template.spec.containers[0].command[0]
    fix: make it a Job or CronJob if it is meant to end; else `exec` the server as the last command

1 of 4 workloads would be denied when created anew, 1 admitted with a warning
1 object of controllers: always admitted
1 object in excluded namespaces: not looked at
by rule: workload-exits 1
what is there already stays: an update is denied only for faults that are new
"
    );
}

#[test]
fn point_29_it_reads_standard_input_and_goes_by_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "rules: {latest-image-tag: {action: deny}, workload-exits: {action: warn}}\n";
    std::fs::write(folder.path().join(".crashlint.yaml"), policy).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_crashlint"))
        .args(["preflight", "--format", "json", "--exclude-namespace", "nothing"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(CLUSTER.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["denied"][0]["object"]["name"], "web");
    assert_eq!(report["denied"][0]["findings"][0]["rule"], "latest-image-tag");
    let counts = serde_json::json!({"workloads": 4, "denied": 1, "warned": 2, "controlled": 1, "excluded": 0});
    assert_eq!(report["summary"], counts);
}

#[test]
fn point_29_nothing_to_deny_is_zero_and_unreadable_input_two() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n").unwrap();
    std::fs::write(folder.path().join("broken.yaml"), "a: [\n").unwrap();
    assert_eq!(crashlint(folder.path(), &["preflight", "good.yaml"]).status.code(), Some(0));
    assert_eq!(crashlint(folder.path(), &["preflight", "good.yaml", "broken.yaml"]).status.code(), Some(2));
    assert_eq!(crashlint(folder.path(), &["preflight", "--policy", "broken.yaml", "good.yaml"]).status.code(), Some(2));
}

#[test]
fn outputs_that_were_joined_without_a_line_between_are_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("both.yaml"), format!("{CLUSTER}{CLUSTER}")).unwrap();
    let output = crashlint(folder.path(), &["preflight", "both.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stdout);
    assert!(said.contains("`apiVersion` stands twice in one document") && said.contains("both.yaml:"), "{said}");
}
