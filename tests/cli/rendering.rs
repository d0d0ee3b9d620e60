//! Charts and kustomizations, by stand-ins for their tools; `tests/cli/real-tools.py` asks the real ones.

use super::text;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A folder of files and stand-ins: scripts that come first on the PATH.
fn folder(files: &[(&str, &str)], tools: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join("k8s").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir(folder.path().join("bin")).unwrap();
    for (name, script) in tools {
        let path = folder.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn lint(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crashlint"))
        .args(args)
        .current_dir(folder.join("k8s"))
        .env("PATH", folder.join("bin"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn json(folder: &Path, args: &[&str]) -> (Option<i32>, Value, String) {
    let output = lint(folder, &[&["--format", "json"], args].concat());
    let report = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code(), report, text(&output.stderr).to_owned())
}

const CHART: [(&str, &str); 4] = [
    ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
    ("chart/values.yaml", "period: 5\n"),
    ("chart/templates/_helpers.tpl", "{{ define \"x\" }}{{ end }}\n"),
    (
        "chart/templates/cart.yaml",
        "{{- if .Values.cart }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-cart
spec:
  template:
    spec:
      containers:
        - name: {{ .Chart.Name }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          livenessProbe:
            periodSeconds: {{ .Values.period }}
{{- end }}
",
    ),
];

const CART: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-cart
spec:
  selector:
    matchLabels: {app: cart}
  template:
    metadata:
      labels: {app: cart}
    spec:
      containers:
        - name: shop
          image: registry.example.com/shop/cart:1.4.2
          resources:
            limits: {memory: 64Mi}
            requests: {memory: 32Mi}
          startupProbe:
            httpGet: {path: /, port: 80}
            failureThreshold: 30
          livenessProbe:
            periodSeconds: 5
            failureThreshold: 1
            httpGet: {path: /, port: 80}
";

/// A script that says what it was asked, and then a text.
fn says(text: &str) -> String {
    format!("printf '%s\\n' \"$@\" > \"${{0%/*}}/asked\"\ncat <<'END'\n{text}END\n")
}

#[test]
fn what_a_chart_renders_stands_in_its_templates() {
    let rendered = format!("---\n# Source: shop/templates/cart.yaml\n{CART}");
    let folder = folder(&CHART, &[("helm", &*says(&rendered))]);
    let folder = folder.path();
    let (code, report, stderr) =
        json(folder, &[".", "--helm-values", "prod.yaml", "--helm-set", "a=b,c=d", "--helm-set", "e=f"]);
    assert_eq!(code, Some(1), "{stderr}");
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "aggressive-liveness-probe", "{report}");
    assert_eq!(finding["file"], "chart/templates/cart.yaml");
    let line = finding["line"].as_u64().unwrap() as usize;
    let template = CHART[3].1.lines().nth(line - 1).unwrap();
    assert!(template.contains("livenessProbe:") || template.contains("periodSeconds:"), "{line}: {template}");
    assert_eq!(finding["object"]["name"], "shop-cart");
    assert_eq!(report["summary"]["notRendered"], 0, "{report}");
    let asked = fs::read_to_string(folder.join("bin/asked")).unwrap();
    let chart = folder.join("k8s/chart").canonicalize().unwrap();
    let expected =
        format!("template\nshop\n{}\n--skip-tests\n--values=prod.yaml\n--set=a=b,c=d\n--set=e=f\n", chart.display());
    assert_eq!(asked.replace("/private/", "/"), expected.replace("/private/", "/"));
    // A fix is told, as an edit of the object; there is no text to write it into.
    assert_eq!(finding["fix"]["safety"], "safe");
    let sarif = lint(folder, &["--format", "sarif"]);
    let log: Value = serde_json::from_slice(&sarif.stdout).unwrap();
    assert!(log["runs"][0]["results"][0].get("fixes").is_none());
    let pretty = lint(folder, &[]);
    assert!(text(&pretty.stdout).contains("as `helm template chart` renders it"), "{}", text(&pretty.stdout));
    // Nothing is started where nothing shall be.
    fs::remove_file(folder.join("bin/asked")).unwrap();
    let (code, report, _) = json(folder, &["--render", "never"]);
    assert_eq!((code, &report["summary"]["notRendered"]), (Some(0), &1.into()));
    assert!(!folder.join("bin/asked").exists());
}

#[test]
fn a_template_can_not_name_a_file_outside_of_its_chart() {
    let rendered = format!("---\n# Source: shop/../../../etc/hosts\n{CART}");
    let folder = folder(&CHART, &[("helm", &*says(&rendered))]);
    let (_, report, _) = json(folder.path(), &[]);
    assert_eq!(report["findings"][0]["file"], "chart", "{report}");
}

#[test]
fn what_can_not_be_rendered_is_one_line() {
    let with = |tools: &[(&str, &str)], args: &[&str]| {
        let folder = folder(&CHART, tools);
        let (code, report, stderr) = json(folder.path(), args);
        assert_eq!(report["summary"]["notRendered"], 1, "{report}");
        (code, stderr)
    };
    let (code, stderr) = with(&[], &[]);
    assert_eq!((code, &*stderr), (Some(0), "not rendered: chart chart: `helm` is not on the PATH\n"));
    let (code, stderr) = with(&[], &["--render", "always"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("error: chart: chart is not rendered: `helm` is not on the PATH"), "{stderr}");
    assert_eq!(with(&[], &["--quiet"]), (Some(0), String::new()));
    let broken = "echo 'Error: values: a is required' >&2\nexit 1\n";
    let (code, stderr) = with(&[("helm", broken)], &[]);
    assert_eq!((code, &*stderr), (Some(0), "not rendered: chart chart: values: a is required\n"));
    let silent = "exit 3\n";
    assert!(with(&[("helm", silent)], &[]).1.contains("`helm` ended with exit status: 3"));
    // Neither one that never ends, nor its child that keeps the pipe, nor one that says too much holds the run up.
    for endless in ["exec sleep 30\n", "sleep 30 &\nwait\n"] {
        let (_, stderr) = with(&[("helm", endless)], &["--render-timeout", "1"]);
        assert!(stderr.contains("`helm` was ended: it took longer than 1 s"), "{stderr}");
    }
    assert!(with(&[("helm", "exec yes\n")], &[]).1.contains("`helm` says more than 64 MiB"));
}

#[test]
fn parts_of_charts_and_libraries_are_not_rendered_by_themselves() {
    let files = [
        ("chart/Chart.yaml", "name: shop\n"),
        ("chart/charts/db/Chart.yaml", "name: db\n"),
        ("lib/Chart.yaml", "name: lib\ntype: library\n"),
    ];
    let folder = folder(&files, &[("helm", "echo \"$3\" >> \"${0%/*}/asked\"\n")]);
    let (code, ..) = json(folder.path(), &[]);
    assert_eq!(code, Some(0));
    let asked = fs::read_to_string(folder.path().join("bin/asked")).unwrap();
    assert_eq!(asked.lines().count(), 1, "{asked}");
}

const BASE: &str = "# The cart.
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
        - name: shop
          image: registry.example.com/shop/cart
          livenessProbe: {httpGet: {path: /, port: 80}, failureThreshold: 1}
";

/// Prints an object for whatever overlay is built, with its origin as kustomize writes it.
fn builds() -> String {
    let object = CART.replace(
        "  name: shop-cart\n",
        "  name: shop-cart\n  annotations:\n    config.kubernetes.io/origin: |\n      path: $up/../../base/cart.yaml\n",
    );
    format!(
        "[ \"$1\" = build ] || exit 9\nup=$(sed -n 's/^resources: \\[\"\\(.*\\)\"\\]$/\\1/p' \"$2/kustomization.yaml\")\necho x >> \"${{0%/*}}/asked\"\ncat <<END\n{object}END\n"
    )
}

const OVERLAYS: [(&str, &str); 6] = [
    ("base/cart.yaml", BASE),
    ("base/kustomization.yaml", "resources: [cart.yaml]\n"),
    ("overlays/dev/kustomization.yaml", "namePrefix: shop-\nresources: [../../base]\n"),
    ("overlays/prod/kustomization.yaml", "namePrefix: shop-\nresources: [../../base]\npatches: [{path: patch.yaml}]\n"),
    (
        "overlays/prod/patch.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart}\nspec: {replicas: 1}\n",
    ),
    ("other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
];

#[test]
fn what_a_kustomization_builds_stands_in_its_files() {
    let folder = folder(&OVERLAYS, &[("kustomize", &*builds())]);
    let (code, report, stderr) = json(folder.path(), &[]);
    assert_eq!((code, &*stderr), (Some(1), ""));
    // The base as it is has two more faults, which the overlays mend; both overlays have the third, and it is told once.
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{report}");
    let finding = &findings[0];
    assert_eq!((&finding["rule"], &finding["file"]), (&"aggressive-liveness-probe".into(), &"base/cart.yaml".into()));
    let (line, column) = (finding["line"].as_u64().unwrap(), finding["column"].as_u64().unwrap());
    let there = &BASE.lines().nth(line as usize - 1).unwrap()[column as usize - 1..];
    assert!(line == 13 && (there.starts_with("failureThreshold") || there.starts_with("1}")), "{finding}");
    assert_eq!(report["summary"]["notRendered"], 0, "{report}");
    let asked = fs::read_to_string(folder.path().join("bin/asked")).unwrap();
    assert_eq!(asked.lines().count(), 2, "the base is not built by itself");
}

#[test]
fn kubectl_builds_where_kustomize_is_not_there() {
    let kubectl = builds().replace("= build ]", "= kustomize ]");
    let folder = folder(&OVERLAYS, &[("kubectl", &*kubectl)]);
    assert_eq!(json(folder.path(), &[]).1["findings"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_not_built_is_linted_as_it_is() {
    let folder = folder(&OVERLAYS, &[]);
    let (code, report, stderr) = json(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        "not rendered: kustomization overlays/dev and 1 more: neither `kustomize` nor `kubectl` is on the PATH\n"
    );
    assert!(report["findings"].as_array().unwrap().len() > 1, "{report}");
}

#[test]
fn nothing_is_fetched_unasked() {
    let files = [("kustomization.yaml", "resources: ['https://example.com/base?ref=1']\n")];
    let folder = folder(&files, &[("kustomize", &*builds())]);
    let (code, _, stderr) = json(folder.path(), &[]);
    assert_eq!(code, Some(0));
    assert!(
        stderr.starts_with("not rendered: kustomization .: `https://example.com/base?ref=1` does not lie here; "),
        "{stderr}"
    );
    assert!(!folder.path().join("bin/asked").exists());
    let (code, ..) = json(folder.path(), &["--render", "always"]);
    assert_eq!(code, Some(1));
    assert!(folder.path().join("bin/asked").exists());
}
