//! `tests/rules/<rule>/`: what each rule finds, and what it leaves alone.
//!
//! - `bad.yaml`: every object has a finding of the rule, under the recommended profile or one of
//!   the option files.
//! - `good.yaml`: the rule finds nothing, and no rule finds more than an info. A comment
//!   `# deviates: RULE: WHY` allows findings of another rule in the file.
//! - `bad-with-*.yaml`, `good-with-*.yaml`: further manifests of the same run.
//! - `options*.yaml`: policies under which `bad.yaml` is linted once more.
//! - `bad-policy.yaml`, `good-policy.yaml`: the policy in place of the recommended profile.
//! - `bad-baseline.yaml`, `good-baseline.yaml`: a baseline of the run.
//! - `expected.txt`: all that the rule says of `bad.yaml`; `BLESS=1` rewrites it, a person reads it.

use crashlint::engine::baseline::Baseline;
use crashlint::engine::{
    self, Input,
    outcome::{Report, Reported},
};
use crashlint::finding::{Edit, Place, Severity};
use crashlint::policy::{Policy, Profile};
use crashlint::rules::{Check, RULES};
use crashlint::source::{Range, Source};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of all fixtures.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

/// Names of a folder's entries, in order.
pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every fixture that holds manifests.
pub(crate) fn manifests() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for rule in entries(&root()) {
        for name in entries(&root().join(&rule)) {
            if (name.starts_with("bad") || name.starts_with("good"))
                && !name.ends_with("-policy.yaml")
                && !name.ends_with("-baseline.yaml")
            {
                found.push(root().join(&rule).join(name));
            }
        }
    }
    found
}

/// A file under its own last name, so that nothing depends on where the checkout lies.
pub(crate) fn input(path: &Path) -> Input {
    let name = path.file_name().unwrap().to_str().unwrap();
    Input { name: name.into(), path: Some(path.to_owned()), named: true, text: None }
}

/// A text at hand.
pub(crate) fn text(name: &str, text: impl Into<Vec<u8>>) -> Input {
    Input { name: name.into(), path: None, named: true, text: Some(text.into()) }
}

/// Lints under a policy with one thread.
pub(crate) fn lint(inputs: &[Input], policy: &Policy) -> Report {
    engine::lint(inputs, policy, 1, &|_, _| {})
}

/// A policy file on a fixed day: exemptions expire.
fn policy(path: &Path) -> Policy {
    let source = Source::new(path.file_name().unwrap().to_str().unwrap(), std::fs::read_to_string(path).unwrap());
    match Policy::load(&Arc::new(source), None) {
        Ok(policy) => policy.on(jiff::civil::date(2026, 6, 30)),
        Err(errors) => panic!("{}: {errors:?}", path.display()),
    }
}

/// Lints `bad.yaml` or `good.yaml` with what lies beside it.
pub(crate) fn run(folder: &Path, side: &str, policy: &Policy) -> Report {
    let with = format!("{side}-with-");
    let names = entries(folder).into_iter().filter(|name| *name == format!("{side}.yaml") || name.starts_with(&with));
    let inputs: Vec<Input> = names.map(|name| input(&folder.join(name))).collect();
    let mut report = lint(&inputs, policy);
    let baseline = folder.join(format!("{side}-baseline.yaml"));
    if let Ok(text) = std::fs::read_to_string(&baseline) {
        let source = Arc::new(Source::new(baseline.file_name().unwrap().to_str().unwrap(), text));
        Baseline::load(&source).unwrap().apply(&mut report, policy, true);
    }
    report
}

fn policy_of(folder: &Path, side: &str) -> Policy {
    let own = folder.join(format!("{side}-policy.yaml"));
    if own.is_file() { self::policy(&own) } else { Policy::of(Profile::Recommended) }
}

#[test]
fn every_rule_has_a_folder_and_every_folder_a_rule() {
    let folders: BTreeSet<String> = entries(&root()).into_iter().collect();
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.name.to_owned()).collect();
    assert_eq!(folders, rules);
    for folder in folders {
        for name in entries(&root().join(&folder)) {
            let known =
                matches!(&*name, "bad.yaml" | "good.yaml" | "expected.txt" | "bad-policy.yaml" | "good-policy.yaml")
                    || matches!(&*name, "bad-baseline.yaml" | "good-baseline.yaml")
                    || ["options", "bad-with-", "good-with-"].iter().any(|start| name.starts_with(start));
            assert!(known, "{folder}/{name} is no part of a fixture");
        }
        for name in ["bad.yaml", "good.yaml", "expected.txt"] {
            assert!(root().join(&folder).join(name).is_file(), "{folder} lacks {name}");
        }
    }
}

#[test]
fn bad_is_found_as_expected() {
    let mut faults = Vec::new();
    for rule in RULES {
        let folder = root().join(rule.name);
        let mut text = String::new();
        let mut found = BTreeSet::new();
        let mut pass = |title: &str, policy: &Policy| {
            let report = run(&folder, "bad", policy);
            faults.extend(report.input_errors.iter().map(|error| format!("{}: {error:?}", rule.name)));
            faults.extend(
                report
                    .not_rendered
                    .iter()
                    .filter(|left| &*left.file == "bad.yaml")
                    .map(|left| format!("{}: {left:?}", rule.name)),
            );
            writeln!(text, "# {title}").unwrap();
            for reported in report.findings.iter().filter(|reported| reported.finding.rule == rule.name) {
                found.extend(reported.object.as_ref().map(|object| (object.kind.clone(), object.name.clone())));
                text.push_str(&shown(reported));
            }
        };
        pass("the profile `recommended`", &policy_of(&folder, "bad"));
        for name in entries(&folder).iter().filter(|name| name.starts_with("options")) {
            pass(name, &policy(&folder.join(name)));
        }
        // They speak of policies and baselines, not of objects.
        if !matches!(rule.name, "unused-exemption" | "unused-baseline-entry") {
            let report = std::fs::read_to_string(folder.join("bad.yaml")).unwrap();
            for object in objects(&report) {
                if !found.contains(&object) {
                    faults.push(format!("{}: nothing is found of {object:?} in bad.yaml", rule.name));
                }
            }
        }
        let file = format!("tests/rules/{}/expected.txt", rule.name);
        if let Err(panic) = std::panic::catch_unwind(|| crate::snapshot(&file, &text)) {
            faults.push(panic.downcast_ref::<String>().cloned().unwrap_or_default());
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Kinds and names of a text's objects.
fn objects(text: &str) -> Vec<(String, String)> {
    let documents = crashlint::yaml::documents(text).filter_map(Result::ok).collect::<Vec<_>>();
    let all = documents.iter().flat_map(|document| crashlint::k8s::object::Object::all(document.tree.root()));
    all.map(|object| (object.kind.to_owned(), object.name().to_owned())).collect()
}

#[test]
fn good_is_left_alone() {
    let mut faults = Vec::new();
    for rule in RULES {
        let folder = root().join(rule.name);
        let report = run(&folder, "good", &policy_of(&folder, "good"));
        faults.extend(report.input_errors.iter().map(|error| format!("{}: {error:?}", rule.name)));
        let text = std::fs::read_to_string(folder.join("good.yaml")).unwrap();
        let mut deviations: Vec<(&str, bool)> = text
            .lines()
            .filter_map(|line| Some((line.trim().strip_prefix("# deviates: ")?.split(':').next()?, false)))
            .collect();
        for reported in report.active() {
            let other = reported.finding.rule;
            let allowed = deviations.iter_mut().find(|(name, _)| *name == other && other != rule.name);
            if let Some((_, used)) = allowed {
                *used = true;
            } else if other == rule.name || reported.severity > Severity::Info {
                faults.push(format!("{}/good.yaml: [{other}]\n{}", rule.name, shown(reported)));
            }
        }
        faults.extend(
            deviations
                .iter()
                .filter(|(_, used)| !used)
                .map(|(name, _)| format!("{}: `{name}` does not deviate", rule.name)),
        );
        if report.summary.objects == 0 && !matches!(rule.check, Check::Engine) {
            faults.push(format!("{}: good.yaml holds no object", rule.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A finding as a person reads it.
pub(crate) fn shown(reported: &Reported) -> String {
    let finding = &reported.finding;
    let mut text = String::new();
    let object =
        reported.object.as_ref().map_or_else(|| "the file".into(), |object| format!("{} {}", object.kind, object.name));
    let container = finding.container.as_ref().map_or_else(String::new, |name| format!(", container {name}"));
    writeln!(text, "\n{}: {}", reported.severity.name(), finding.message).unwrap();
    writeln!(text, "  of {object}{container}").unwrap();
    writeln!(text, "  at {} {}: {}", place(reported.at.range), pointer(&finding.place), reported.at.message).unwrap();
    for (label, excerpt) in finding.labels.iter().zip(&reported.also) {
        writeln!(text, "  also {} {}: {}", place(excerpt.range), pointer(&label.place), excerpt.message).unwrap();
    }
    for note in &finding.notes {
        writeln!(text, "  note: {note}").unwrap();
    }
    if let Some(help) = &finding.help {
        writeln!(text, "  help: {help}").unwrap();
    }
    if let Some(t) = &finding.timeline {
        let needed = t.needed.map_or_else(String::new, |needed| format!(", needed {needed}"));
        writeln!(
            text,
            "  timeline: {} from {} s every {} s, {} checks: {}..{} s{needed}",
            t.probe, t.first_check, t.period, t.checks, t.earliest_kill, t.latest_kill
        )
        .unwrap();
    }
    if let Some(fix) = &finding.fix {
        writeln!(text, "  fix ({}): {}", format!("{:?}", fix.safety).to_lowercase(), fix.title).unwrap();
        for edit in &fix.edits {
            match edit {
                Edit::Add(path, value) => writeln!(text, "    add {} {value}", path.pointer()),
                Edit::Replace(path, value) => writeln!(text, "    replace {} {value}", path.pointer()),
                Edit::Remove(path) => writeln!(text, "    remove {}", path.pointer()),
            }
            .unwrap();
        }
    }
    if let Some(suppressed) = &reported.suppressed {
        writeln!(text, "  suppressed by {}: {}", suppressed.by, suppressed.reason.as_deref().unwrap_or("no reason"))
            .unwrap();
    }
    text
}

fn place(range: Range) -> String {
    format!("{}:{}-{}:{}", range.start.line, range.start.column, range.end.line, range.end.column)
}

fn pointer(place: &Place) -> String {
    match place {
        Place::Path(path) => path.pointer(),
        Place::Span(_) => "(text)".into(),
        Place::Elsewhere(..) => "(elsewhere)".into(),
    }
}
