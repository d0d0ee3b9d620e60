//! Manifests that nobody wrote for this program: `CRASHLINT_CORPUS=FOLDER`.
//!
//! `corpus/table.md` holds how much is found where, `corpus/errors.txt` each error: a change of a
//! rule shows there what it means for others, and a false error is a bug.

use crate::fixtures::lint;
use crashlint::engine::Input;
use crashlint::finding::Severity;
use crashlint::policy::Policy;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The folder, where there is one.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os("CRASHLINT_CORPUS").map(PathBuf::from)
}

/// Its manifests, named from the folder.
pub(crate) fn inputs(folder: &Path) -> Vec<Input> {
    let mut open = vec![folder.to_owned()];
    let mut paths = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    paths
        .into_iter()
        .map(|path| Input { name: name(&path).into(), path: Some(path), named: false, text: None })
        .collect()
}

#[test]
fn what_is_found_there() {
    let Some(folder) = folder() else { return };
    let mut inputs_of: BTreeMap<String, Vec<Input>> = BTreeMap::new();
    for input in inputs(&folder) {
        inputs_of.entry(input.name.split('/').next().unwrap().to_owned()).or_default().push(input);
    }
    let mut counts: BTreeMap<&str, BTreeMap<String, [usize; 3]>> = BTreeMap::new();
    let mut table =
        "| folder | files | objects | workloads | not rendered | input errors |\n|---|---|---|---|---|---|\n"
            .to_owned();
    let mut errors = String::new();
    let mut unread = Vec::new();
    for (top, inputs) in inputs_of {
        // Each is a repository of its own, and so a set of its own.
        let report = lint(&inputs, &Policy::default());
        let sum = &report.summary;
        let row =
            [sum.files, sum.objects, sum.workloads, sum.not_rendered, report.input_errors.len()].map(|n| n.to_string());
        writeln!(table, "| {top} | {} |", row.join(" | ")).unwrap();
        for reported in report.active() {
            let at = match reported.severity {
                Severity::Error => 0,
                Severity::Warning => 1,
                Severity::Info => 2,
            };
            counts.entry(reported.finding.rule).or_default().entry(top.clone()).or_default()[at] += 1;
            if reported.severity == Severity::Error {
                let start = reported.at.range.start;
                let (file, finding) = (&reported.file, &reported.finding);
                writeln!(errors, "{file}:{}:{}: {}: {}", start.line, start.column, finding.rule, finding.message)
                    .unwrap();
            }
        }
        unread.extend(report.input_errors);
    }
    table.push_str("\n| rule | folder | errors | warnings | infos |\n|---|---|---|---|---|\n");
    for (rule, folders) in counts {
        for (top, [errors, warnings, infos]) in folders {
            writeln!(table, "| {rule} | {top} | {errors} | {warnings} | {infos} |").unwrap();
        }
    }
    crate::snapshot("tests/corpus/table.md", &table);
    crate::snapshot("tests/corpus/errors.txt", &errors);
    assert!(unread.is_empty(), "{unread:#?}");
}
