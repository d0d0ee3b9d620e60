//! `tests/stories/`: failures that people told of in public, and what is found of them.
//!
//! - `NAME.yaml`: the manifests as they were given, reduced, with names changed. Comments at the top say
//!   where the story comes from, what was seen, the cause behind its class, what helped, and what is expected: rules;
//!   or `a rule of its own — WHAT`, where it can be known and no rule says it yet; or `nothing — WHY`, where no linter could
//!   know. `missed: WHY` says why an expected rule is silent, where it is.
//! - `NAME.fixed.yaml`: the same, mended: no error, and nothing of the expected rules.
//! - `README.md`: what is caught; `BLESS=1` rewrites it. A story was chosen before anybody looked at the rules.

use crate::fixtures::{entries, input, lint};
use crashlint::engine::outcome::{Report, Reported};
use crashlint::finding::Severity;
use crashlint::policy::{Policy, Profile};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What a story hopes for.
enum Expected {
    /// One of these rules.
    Rules(Vec<String>),
    /// A rule that does not exist.
    NoRuleYet(String),
    /// It can't be known from manifests.
    Nothing(String),
}

struct Story {
    name: String,
    source: String,
    seen: String,
    class: String,
    cause: String,
    expected: Expected,
    missed: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories")
}

/// The comment lines at the top of a story, by their keys; a line that begins with three spaces goes on with the one before.
fn header(name: &str, text: &str) -> BTreeMap<String, String> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().map_while(|line| line.strip_prefix("# ")) {
        if let Some(more) = line.strip_prefix("  ") {
            let last = fields.last_mut().unwrap_or_else(|| panic!("{name}: `{line}` goes on with nothing"));
            last.1 = format!("{} {}", last.1, more.trim());
        } else {
            let (key, value) = line.split_once(": ").unwrap_or_else(|| panic!("{name}: `{line}` has no key"));
            fields.push((key.to_owned(), value.trim().to_owned()));
        }
    }
    fields.into_iter().collect()
}

fn story(name: &str) -> Story {
    let text = std::fs::read_to_string(root().join(format!("{name}.yaml"))).unwrap();
    let mut fields = header(name, &text);
    let mut take = |key: &str| fields.remove(key).unwrap_or_else(|| panic!("{name}: no `# {key}:`"));
    let (source, seen, cause, expect) = (take("source"), take("seen"), take("cause"), take("expect"));
    take("fixed");
    let missed = fields.remove("missed");
    assert!(fields.is_empty(), "{name}: unknown keys {fields:?}");
    let (class, cause) = cause.split_once(": ").unwrap_or_else(|| panic!("{name}: the cause has no class"));
    let expected = match expect.split_once(" — ") {
        Some(("nothing", why)) => Expected::Nothing(why.to_owned()),
        Some(("a rule of its own", what)) => Expected::NoRuleYet(what.to_owned()),
        Some(_) => panic!("{name}: unknown expectation `{expect}`"),
        None => Expected::Rules(expect.split(", ").map(str::to_owned).collect()),
    };
    Story { name: name.to_owned(), source, seen, class: class.to_owned(), cause: cause.to_owned(), expected, missed }
}

/// All stories, in order.
fn stories() -> Vec<Story> {
    let names = entries(&root());
    names.iter().filter_map(|name| name.strip_suffix(".yaml")).filter(|name| !name.contains('.')).map(story).collect()
}

fn run(name: &str) -> Report {
    lint(&[input(&root().join(name))], &Policy::of(Profile::Recommended))
}

/// The worst that a rule of these says, without infos: those are hygiene, and predict nothing.
fn caught<'r>(report: &'r Report, rules: &[String]) -> Option<&'r Reported> {
    let of_them = report
        .active()
        .filter(|found| found.severity > Severity::Info && rules.iter().any(|r| r == found.finding.rule));
    of_them.max_by_key(|found| found.severity)
}

#[test]
fn every_story_is_told_in_full() {
    let mut sources = BTreeMap::new();
    for story in stories() {
        let twin = root().join(format!("{}.fixed.yaml", story.name));
        assert!(twin.is_file(), "{} has no twin", story.name);
        assert!(story.source.starts_with("https://"), "{}: where is it told?", story.name);
        if let Some(other) = sources.insert(story.source.clone(), story.name.clone()) {
            panic!("{other} and {} are one story", story.name);
        }
        if let Expected::Rules(rules) = &story.expected {
            assert!(!rules.is_empty() && rules.iter().all(|rule| !rule.contains(' ')), "{}: {rules:?}", story.name);
        }
        let report = run(&format!("{}.yaml", story.name));
        assert!(report.input_errors.is_empty(), "{}: {:?}", story.name, report.input_errors);
        assert!(report.summary.objects > 0, "{}: no object", story.name);
    }
}

#[test]
fn the_twins_are_sound() {
    let mut faults = Vec::new();
    for story in stories() {
        let report = run(&format!("{}.fixed.yaml", story.name));
        assert!(report.input_errors.is_empty(), "{}: {:?}", story.name, report.input_errors);
        for found in report.active() {
            let expected =
                matches!(&story.expected, Expected::Rules(rules) if rules.iter().any(|r| r == found.finding.rule));
            if expected || found.severity == Severity::Error {
                faults.push(format!("{}: [{}] {}", story.name, found.finding.rule, found.finding.message));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_table_is_fresh() {
    // A class: stories, caught, missed, unknowable.
    let mut totals: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for story in stories() {
        let report = run(&format!("{}.yaml", story.name));
        let total = totals.entry(story.class.clone()).or_default();
        total[0] += 1;
        let (expected, outcome) = match &story.expected {
            Expected::Rules(rules) => {
                let names = rules.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", ");
                match (caught(&report, rules), &story.missed) {
                    (Some(found), _) => {
                        total[1] += 1;
                        (names, format!("**{}** `{}`", found.severity.name(), found.finding.rule))
                    }
                    (None, missed) => {
                        total[2] += 1;
                        (names, format!("missed: {}", missed.as_deref().unwrap_or("not yet studied")))
                    }
                }
            }
            Expected::NoRuleYet(what) => {
                total[2] += 1;
                ("a rule of its own".to_owned(), format!("missed: {what}"))
            }
            Expected::Nothing(why) => {
                total[3] += 1;
                ("nothing".to_owned(), why.clone())
            }
        };
        writeln!(
            tables.entry(story.class.clone()).or_default(),
            "| [{name}]({name}.yaml) ([source]({})) | {} | {} | {} | {} |",
            story.source,
            cell(&story.seen),
            cell(&story.cause),
            expected,
            cell(&outcome),
            name = story.name,
        )
        .unwrap();
    }
    let mut text = "# Stories\n\nReal failures from public threads, chosen before anybody looked at the rules, and what the profile `recommended` \
                    says of each.\n`cargo test stories` makes this file; `tests/stories.rs` says how a story is told.\n\n\
                    | class | stories | caught | missed | can't be known |\n|---|---|---|---|---|\n"
        .to_owned();
    let mut sum = [0; 4];
    for (class, total) in &totals {
        let [all, caught, missed, unknowable] = total;
        writeln!(text, "| {class} | {all} | {caught} | {missed} | {unknowable} |").unwrap();
        sum.iter_mut().zip(total).for_each(|(sum, n)| *sum += n);
    }
    let [all, caught, missed, unknowable] = sum;
    writeln!(text, "| **all** | **{all}** | **{caught}** | **{missed}** | **{unknowable}** |").unwrap();
    for (class, rows) in tables {
        write!(text, "\n## {class}\n\n| story | seen | cause | expected | found |\n|---|---|---|---|---|\n{rows}")
            .unwrap();
    }
    crate::snapshot("tests/stories/README.md", &text);
}
