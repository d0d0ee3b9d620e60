//! What holds of every SARIF log, besides what the format's own validator says.

use super::samples;
use crashlint::engine::outcome::Report;
use crashlint::finding::{Safety, Severity};
use crashlint::rules::{Check, Docs, NoOptions, OptionsType, Rule, Scope};
use serde_json::Value;
use std::collections::HashSet;

const DOCS: Docs = Docs {
    happens: "the container ends with exit code 0, and again",
    why: "why.",
    see: "see",
    fix: "fix",
    ignore: "ignore",
    source: "source",
};

static RULES: [Rule; 3] = [rule("latest-image-tag"), rule("missing-startup-probe"), rule("workload-exits")];

const fn rule(name: &'static str) -> Rule {
    Rule {
        name,
        summary: "something is wrong",
        severity: Severity::Error,
        scope: Scope::Pod,
        fix: Some(Safety::Safe),
        since: "0.1.0",
        widened: None,
        docs: DOCS,
        options: OptionsType::of::<NoOptions>(),
        check: Check::Engine,
    }
}

fn sarif(report: &Report, show_suppressed: bool) -> Value {
    let mut out = Vec::new();
    let rules: Vec<&Rule> = RULES.iter().collect();
    crashlint::report::sarif::render(report, &rules, show_suppressed, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn results_point_at_their_rules_and_places() {
    let report = samples::full();
    let log = sarif(&report, true);
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.findings.len());
    let mut fingerprints = HashSet::new();
    for (result, found) in results.iter().zip(&report.findings) {
        if let Some(index) = result["ruleIndex"].as_u64() {
            assert_eq!(run["tool"]["driver"]["rules"][index as usize]["id"], result["ruleId"]);
        }
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert_eq!(region["startLine"], found.at.range.start.line);
        assert_eq!(region["endColumn"], found.at.range.end.column);
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.is_ascii() && !uri.contains([' ', '\\', '\u{1b}']), "{uri}");
        assert!(fingerprints.insert(result["partialFingerprints"].to_string()), "two results share a fingerprint");
        assert_eq!(result["suppressions"].is_array(), found.suppressed.is_some());
    }
    assert_eq!(results[0]["level"], "warning");
    assert_eq!(results[2]["level"], "note");
    assert_eq!(
        results[0]["partialFingerprints"]["crashlintFinding/v1"],
        "missing-startup-probe|apps|Deployment|shop|cart|/spec/template/spec/containers/main/livenessProbe"
    );
}

#[test]
fn fixes_are_changes_of_their_file() {
    let found = samples::slow_start();
    let log = sarif(&Report { findings: vec![found.clone(), samples::hostile()], ..Report::default() }, false);
    let results = &log["runs"][0]["results"];
    let fix = &results[0]["fixes"][0];
    assert_eq!(fix["description"]["text"], "Add `startupProbe`");
    assert_eq!(fix["properties"]["safety"], "safe");
    let change = &fix["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "shop/cart.yaml");
    let written = change["replacements"].as_array().unwrap();
    assert_eq!(written.len(), found.replacements.len());
    for (written, replacement) in written.iter().zip(&found.replacements) {
        assert_eq!(written["deletedRegion"]["startLine"], replacement.range.start.line);
        assert_eq!(written["deletedRegion"]["endColumn"], replacement.range.end.column);
        assert_eq!(written["insertedContent"]["text"], replacement.text);
    }
    assert!(results[1].get("fixes").is_none());
}

#[test]
fn fingerprints_survive_moved_lines_and_list_items() {
    let mut moved = samples::slow_start();
    moved.at.range = samples::range(90, 3, 90, 4);
    moved.finding.message = "another number: 40 s".into();
    moved.finding.place =
        crashlint::finding::Place::Path(samples::path("spec.template.spec.containers.5.livenessProbe"));
    let report = |found| Report { findings: vec![found], ..Report::default() };
    let print = |report| sarif(&report, false)["runs"][0]["results"][0]["partialFingerprints"].clone();
    assert_eq!(print(report(moved)), print(report(samples::slow_start())));
}

#[test]
fn suppressed_findings_come_only_when_asked_for() {
    let hidden = sarif(&samples::full(), false);
    assert!(hidden["runs"][0]["results"].as_array().unwrap().iter().all(|result| result.get("suppressions").is_none()));
    assert_eq!(sarif(&samples::clean(), false)["runs"][0]["results"], serde_json::json!([]));
}

/// Writes the sample log that `tests/report/validate-sarif.sh` gives to the format's own validator.
#[test]
fn the_sample_log_is_as_recorded() {
    let log = sarif(&samples::full(), true);
    crate::snapshot("tests/report/full.sarif", &format!("{log:#}\n"));
}
