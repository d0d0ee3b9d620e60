//! What machines read.

use super::samples;
use crashlint::engine::outcome::Report;
use serde_json::Value;

fn json(report: &Report, show_suppressed: bool) -> Value {
    let mut out = Vec::new();
    crashlint::report::json::render(report, show_suppressed, &mut out).unwrap();
    assert!(out.ends_with(b"\n"));
    serde_json::from_slice(&out).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn keys_and_their_order_are_the_contract() {
    let report = json(&samples::full(), false);
    assert_eq!(keys(&report), ["version", "findings", "summary", "inputErrors"]);
    let first = &report["findings"][0];
    assert_eq!(
        keys(first),
        [
            "rule",
            "severity",
            "message",
            "help",
            "file",
            "line",
            "column",
            "endLine",
            "endColumn",
            "path",
            "object",
            "container",
            "fix"
        ]
    );
    assert_eq!(keys(&first["object"]), ["apiVersion", "kind", "namespace", "name"]);
    assert_eq!(keys(&first["fix"]), ["title", "safety", "edits"]);
    assert_eq!(keys(&first["fix"]["edits"][0]), ["op", "path", "value"]);
    assert_eq!(keys(&first["fix"]["edits"][2]), ["op", "path"]);
    assert_eq!(
        keys(&report["summary"]),
        [
            "files",
            "documents",
            "objects",
            "workloads",
            "errors",
            "warnings",
            "infos",
            "suppressed",
            "baselined",
            "notRendered"
        ]
    );
    assert_eq!(keys(&report["inputErrors"][0]), ["file", "line", "column", "message"]);
    assert_eq!(report["findings"].as_array().unwrap().len(), 4);
    assert_eq!(report["summary"]["suppressed"], 1);
}

#[test]
fn suppressed_findings_come_only_when_asked_for() {
    let report = json(&samples::full(), true);
    let last = report["findings"].as_array().unwrap().last().unwrap();
    assert_eq!(keys(&last["suppressed"]), ["by", "reason"]);
    assert!(report["findings"][0].get("suppressed").is_none());
}

#[test]
fn the_schema_is_fresh_and_reports_obey_it() {
    let schema = serde_json::to_value(crashlint::report::json::schema()).unwrap();
    crate::snapshot("docs/schema/report.schema.json", &format!("{:#}\n", schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in [samples::full(), samples::clean(), Report::default()] {
        for show_suppressed in [false, true] {
            let value = json(&report, show_suppressed);
            let problems: Vec<_> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
            assert!(problems.is_empty(), "{problems:?}");
        }
    }
    let mut wrong = json(&samples::full(), false);
    wrong["findings"][0]["line"] = 0.into();
    assert!(!validator.is_valid(&wrong), "the schema allows line 0");
    let mut missing = json(&samples::full(), false);
    missing["findings"][0].as_object_mut().unwrap().remove("help");
    assert!(!validator.is_valid(&missing), "the schema allows a finding without `help`");
}
