//! What runs where: patches, kustomizations, lists, kinds of the policy, suppressions.

use crashlint::engine::outcome::Report;
use crashlint::engine::{Input, lint};
use crashlint::finding::Severity;
use crashlint::policy::{Policy, Profile};
use crashlint::source::Source;
use std::sync::Arc;

/// Lints files of a folder of their own.
fn run(files: &[(&str, &str)], policy: &Policy) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let inputs: Vec<Input> = files
        .iter()
        .map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            Input { name: (*name).into(), path: Some(path), named: false, text: None }
        })
        .collect();
    lint(&inputs, policy, 1, &|_, _| {})
}

fn rules(report: &Report) -> Vec<&'static str> {
    report.active().map(|found| found.finding.rule).collect()
}

const NO_SELECTOR: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  template:
    metadata: {labels: {control-plane: a}}
    spec:
      containers:
        - name: a
          image: registry.example.com/a:1
          resources: {limits: {memory: 64Mi}, requests: {memory: 32Mi}}
";

#[test]
fn a_kustomization_may_supply_the_selector() {
    let policy = Policy::default();
    assert_eq!(rules(&run(&[("a.yaml", NO_SELECTOR)], &policy)), ["rejected-by-api-server"]);
    for kustomization in ["commonLabels: {app: a}\n", "labels: [{pairs: {app: a}, includeSelectors: true}]\n"] {
        let report = run(&[("a.yaml", NO_SELECTOR), ("kustomization.yaml", kustomization)], &policy);
        assert!(rules(&report).is_empty(), "{kustomization}");
        assert_eq!(report.not_rendered.len(), 1, "the kustomization itself");
    }
    let other = run(&[("a.yaml", NO_SELECTOR), ("kustomization.yaml", "labels: [{pairs: {app: a}}]\n")], &policy);
    assert_eq!(rules(&other), ["rejected-by-api-server"]);
}

#[test]
fn patches_and_parts_are_no_objects() {
    let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n";
    for rest in [
        "spec: {replicas: 1}\nstatus: {readyReplicas: 1}\n",
        "spec: {template: {spec: {containers: [{name: a, command: [echo]}]}}}\n",
        "spec: {template: {spec: {containers: [{name: a, image: b}, {name: c, args: [d]}]}}}\n",
        "spec: {selector: {}, template: {$patch: replace}}\n",
        "status: {replicas: 1}\n",
    ] {
        let report = run(&[("a.yaml", &format!("{head}{rest}"))], &Policy::default());
        assert_eq!((rules(&report), report.summary.not_rendered, report.summary.workloads), (vec![], 1, 0), "{rest}");
    }
}

#[test]
fn of_what_may_be_a_patch_nothing_is_certain() {
    let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [";
    let text = format!("{head}{{name: a, image: b, volumeMounts: [{{name: data, mountPath: /data}}]}}]}}}}}}\n");
    let report = run(&[("a.yaml", &text)], &Policy::default());
    let found: Vec<_> = report.active().map(|found| (found.finding.rule, found.severity)).collect();
    assert!(found.contains(&("latest-image-tag", Severity::Warning)), "{found:?}");
    assert!(found.contains(&("mount-without-volume", Severity::Warning)), "{found:?}");
    assert!(found.iter().all(|(_, severity)| *severity <= Severity::Warning), "{found:?}");
    assert!(report.active().all(|found| found.finding.fix.is_none()));
    let whole = text.replace(
        "spec: {template: {",
        "spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, ",
    );
    let report = run(&[("a.yaml", &whole)], &Policy::default());
    let missing = report.active().find(|found| found.finding.rule == "mount-without-volume").unwrap();
    assert_eq!(missing.severity, Severity::Error);
}

#[test]
fn parts_of_what_a_server_wrote_are_no_objects() {
    let policy = Policy::default();
    let whole =
        NO_SELECTOR.replace("spec:\n  template", "spec:\n  selector: {matchLabels: {control-plane: a}}\n  template");
    let part = whole.replace("          image: registry.example.com/a:1\n", "");
    assert_eq!(rules(&run(&[("a.yaml", &part)], &policy)), ["rejected-by-api-server"]);
    let served = part.replace("{name: a}\nspec", "{name: a, generation: 1}\nspec");
    let report = run(&[("a.yaml", &served)], &policy);
    assert!(rules(&report).is_empty() && report.not_rendered[0].why == "patch");
}

#[test]
fn values_that_a_deployment_tool_replaces_are_not_rendered() {
    let whole =
        NO_SELECTOR.replace("spec:\n  template", "spec:\n  selector: {matchLabels: {control-plane: a}}\n  template");
    let token = whole.replace("registry.example.com/a:1", "#{Image.Name}");
    let report = run(&[("a.yaml", &token)], &Policy::default());
    assert!(rules(&report).is_empty() && report.not_rendered[0].why == "template", "{:?}", report.not_rendered);
    let comment = whole.replace(
        "          image: registry.example.com/a:1\n",
        "          # image: #{NAME}, or #{ this }\n          image: ''\n",
    );
    assert_eq!(rules(&run(&[("a.yaml", &comment)], &Policy::default())), ["rejected-by-api-server"]);
}

#[test]
fn files_that_a_kustomization_names_as_patches_are_left_out() {
    for kustomization in
        ["patches: [p/a.yaml]\n", "patches: [{path: ./p/a.yaml}]\n", "patchesStrategicMerge: [p/../p/a.yaml]\n"]
    {
        let report = run(&[("p/a.yaml", NO_SELECTOR), ("kustomization.yaml", kustomization)], &Policy::default());
        assert!(rules(&report).is_empty(), "{kustomization}");
        assert_eq!(report.summary.not_rendered, 2, "{kustomization}");
    }
}

#[test]
fn what_a_test_compares_with_the_cluster_is_no_manifest() {
    for name in ["00-assert.yaml", "01-errors.yaml", "02-assert-more.yml"] {
        let report = run(&[(name, NO_SELECTOR)], &Policy::default());
        assert!(rules(&report).is_empty() && report.not_rendered[0].why == "test assertion", "{name}");
    }
    for name in ["00-install.yaml", "assert.yaml", "x-assert.yaml", "01-asserted.yaml"] {
        assert_eq!(rules(&run(&[(name, NO_SELECTOR)], &Policy::default())), ["rejected-by-api-server"], "{name}");
    }
    // Chainsaw names its files.
    let test = "apiVersion: chainsaw.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: a}\nspec:\n  steps:\n  \
        - try:\n    - apply: {file: b.yaml}\n    - assert: {file: a.yaml}\n    - error: {file: ../c.yaml}\n";
    let files =
        [("t/chainsaw-test.yaml", test), ("t/a.yaml", NO_SELECTOR), ("t/b.yaml", NO_SELECTOR), ("c.yaml", NO_SELECTOR)];
    let report = run(&files, &Policy::default());
    assert_eq!(rules(&report), ["rejected-by-api-server"]);
    let left: Vec<_> = report.not_rendered.iter().map(|left| (&*left.file, left.why)).collect();
    assert_eq!(left, [("t/a.yaml", "test assertion"), ("c.yaml", "test assertion")]);
}

#[test]
fn what_configures_a_function_on_this_machine_is_never_applied() {
    let map = |annotation: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: no_name, annotations: {{{annotation}}}}}\n")
    };
    for annotation in
        ["config.kubernetes.io/function: 'container: {image: a}'", "config.kubernetes.io/local-config: 'true'"]
    {
        let report = run(&[("a.yaml", &map(annotation))], &Policy::default());
        assert!(rules(&report).is_empty() && report.not_rendered[0].why == "local configuration", "{annotation}");
    }
    let report = run(&[("a.yaml", &map("config.kubernetes.io/local-config: 'false'"))], &Policy::default());
    assert_eq!(rules(&report), ["rejected-by-api-server"]);
}

#[test]
fn unparsable_templates_are_not_rendered() {
    let report = run(&[("a.yaml", "{{- if .Values.x }}\na: {{ .Values.y }}\n{{- end }}\n")], &Policy::default());
    assert!(report.input_errors.is_empty() && report.summary.not_rendered == 1);
    let chart = [("c/Chart.yaml", "name: c\n"), ("c/templates/a.yaml", NO_SELECTOR)];
    let report = run(&chart, &Policy::default());
    assert!(rules(&report).is_empty() && report.summary.not_rendered == 1);
}

#[test]
fn lists_recurse_and_typed_lists_lend_their_type() {
    let pod = "metadata: {name: a}, spec: {containers: [{name: c, image: 'nginx:1'}]}";
    let text = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: PodList, items: [{{{pod}}}]}}\n- {{apiVersion: v1, kind: Pod, {pod}}}\n"
    );
    let report = run(&[("a.yaml", &text)], &Policy::default());
    assert_eq!(rules(&report), ["missing-memory-limit"; 2]);
    assert!(report.findings.iter().all(|found| found.object.as_ref().is_some_and(|object| object.kind == "Pod")));
}

#[test]
fn a_policy_adds_kinds() {
    let text = "kinds: [{group: example.com, kind: Pool, plural: pools, path: 'spec.members[].template'}]\n";
    let policy = Policy::load(&Arc::new(Source::new("p", text.into())), None).unwrap();
    let pool = "apiVersion: example.com/v1
kind: Pool
metadata: {name: a}
spec: {members: [{template: {spec: {containers: [{name: c, image: nginx}]}}}]}
";
    assert_eq!(rules(&run(&[("a.yaml", pool)], &policy)), ["missing-memory-limit", "latest-image-tag"]);
    assert!(rules(&run(&[("a.yaml", pool)], &Policy::default())).is_empty());
}

#[test]
fn annotations_silence_faults_of_the_text_too() {
    let text = "apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  annotations: {crashlint.dev/ignore: duplicate-key}
data:
  a: b
  a: c
";
    let report = run(&[("a.yaml", text)], &Policy::default());
    assert!(rules(&report).is_empty());
    assert_eq!(report.summary.suppressed, 1);
}

#[test]
fn json_in_folders_is_read_where_it_looks_like_a_manifest() {
    let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}"#;
    let report = run(&[("a.json", pod), ("b.json", "{ broken")], &Policy::of(Profile::Recommended));
    assert_eq!(rules(&report), ["missing-memory-limit", "latest-image-tag"]);
    assert!(report.input_errors.is_empty() && report.summary.files == 1);
}
