//! The chart's values: documented, described by the schema, and used. What it renders is tested where Helm is: `tests/cluster`.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/crashlint").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap()
}

fn values() -> Value {
    serde_yaml::from_str(&text("values.yaml")).unwrap()
}

/// A commented value: its keys, its comment, whether anything is below it.
fn commented() -> Vec<(String, String)> {
    let (mut rows, mut comment, mut open) = (Vec::new(), Vec::new(), Vec::<(usize, String)>::new());
    for line in text("values.yaml").lines().skip_while(|line| !line.is_empty()) {
        let inner = line.trim_start();
        let indent = line.len() - inner.len();
        if let Some(words) = inner.strip_prefix("# ") {
            comment.push(words.to_owned());
            continue;
        }
        let Some((key, _)) = inner.split_once(':').filter(|_| !inner.starts_with('-')) else {
            comment.clear();
            continue;
        };
        open.retain(|(other, _)| *other < indent);
        open.push((indent, key.to_owned()));
        if !comment.is_empty() {
            let path: Vec<&str> = open.iter().map(|(_, key)| &**key).collect();
            rows.push((path.join("."), comment.join(" ")));
        }
        comment.clear();
    }
    rows
}

fn at<'v>(values: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(values, |value, key| &value[key])
}

#[test]
fn its_table_of_values_is_made_of_the_file() {
    let (values, rows) = (values(), commented());
    let mut table = "| value | default | |\n|---|---|---|\n".to_owned();
    for (path, comment) in &rows {
        table += &format!("| `{path}` | `{}` | {} |\n", at(&values, path), comment.replace('|', "\\|"));
    }
    let readme = text("README.md");
    let (before, rest) = readme.split_once("<!-- values -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /values -->").unwrap();
    super::snapshot("charts/crashlint/README.md", &format!("{before}<!-- values -->\n{table}<!-- /values -->{after}"));

    // Each leaf has a comment, or something above it has one.
    let mut open = vec![(String::new(), &values)];
    while let Some((path, value)) = open.pop() {
        if rows.iter().any(|(row, _)| *row == path) {
            continue;
        }
        let below = value.as_object().unwrap_or_else(|| panic!("`{path}` has no comment"));
        let join = |key: &String| if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        open.extend(below.iter().map(|(key, value)| (join(key), value)));
    }
}

#[test]
fn its_schema_knows_every_value() {
    let schema: Value = serde_json::from_str(&text("values.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let values = values();
    assert!(
        validator.is_valid(&values),
        "{:?}",
        validator.iter_errors(&values).map(|e| e.to_string()).collect::<Vec<_>>()
    );
    for (path, _) in commented() {
        let known = path.split('.').try_fold(&schema, |schema, key| schema["properties"].get(key));
        assert!(known.is_some(), "the schema does not know `{path}`");
        let mut wrong = values.clone();
        *path.split('.').fold(&mut wrong, |value, key| &mut value[key]) = Value::Null;
        assert!(!validator.is_valid(&wrong), "the schema takes anything for `{path}`");
    }
}

#[test]
fn every_value_is_used() {
    let mut templates = String::new();
    let mut open = vec![file("templates")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            templates += &fs::read_to_string(path).unwrap();
        }
    }
    for (path, _) in commented() {
        assert!(templates.contains(&format!(".Values.{path}")), "`{path}` is used by no template");
    }
}

#[test]
fn its_version_is_the_programs() {
    let chart: Value = serde_yaml::from_str(&text("Chart.yaml")).unwrap();
    for key in ["version", "appVersion"] {
        assert_eq!(chart[key], env!("CARGO_PKG_VERSION"), "{key}");
    }
}

/// Names of our own metrics in alerts and dashboard are those that the documentation, or the server's source, has.
#[test]
fn its_alerts_and_panels_ask_for_metrics_that_there_are() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/webhook/metrics.rs")).unwrap();
    let dashboard: Value = serde_json::from_str(&text("dashboard.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
    let asked = text("dashboard.json") + &text("templates/monitoring.yaml");
    let mut seen = 0;
    for (at, _) in asked.match_indices("crashlint_") {
        let rest = &asked[at + "crashlint_".len()..];
        let name = &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap()];
        let name = name.trim_end_matches("_bucket").trim_end_matches("_total").trim_end_matches("_info");
        assert!(source.contains(&format!("\"{name}\"")), "there is no metric crashlint_{name}");
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}
