//! Formats for other machines: whole, readable by their own kind of reader, and with every finding.

use super::samples;
use crashlint::engine::outcome::Report;
use crashlint::report::{checkstyle, github, gitlab, html, junit, markdown, tap};
use quick_xml::events::Event;
use std::io::Write;

type Render = fn(&Report, &mut dyn Write) -> std::io::Result<()>;

fn written(render: Render, report: &Report) -> String {
    let mut out = Vec::new();
    render(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const FORMATS: [(&str, Render); 7] = [
    ("junit.xml", junit::render),
    ("checkstyle.xml", checkstyle::render),
    ("github.txt", github::render),
    ("gitlab.json", gitlab::render),
    ("tap", tap::render),
    ("md", markdown::render),
    ("html", html::render),
];

#[test]
fn as_recorded() {
    for (name, render) in FORMATS {
        crate::snapshot(&format!("tests/report/full.{name}"), &written(render, &samples::full()));
        crate::snapshot(&format!("tests/report/clean.{name}"), &written(render, &samples::clean()));
    }
}

#[test]
fn nothing_speaks_to_a_terminal() {
    for (name, render) in FORMATS {
        let text = written(render, &samples::full());
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{name}");
    }
}

/// How often each element begins, and an attribute's values.
fn elements(xml: &str, attribute: &str) -> Vec<(String, Option<String>)> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => {
                let value = element
                    .try_get_attribute(attribute)
                    .unwrap()
                    .map(|value| value.unescape_value().unwrap().into_owned());
                found.push((String::from_utf8(element.name().0.to_vec()).unwrap(), value));
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

#[test]
fn xml_counts_what_it_says_it_does() {
    let report = samples::full();
    let serious = report.active().filter(|found| found.severity > crashlint::finding::Severity::Info).count();
    let cases = elements(&written(junit::render, &report), "tests");
    let of = |name: &str| cases.iter().filter(|(element, _)| element == name).count();
    assert_eq!((of("failure"), of("error"), of("testcase")), (serious, 2, serious + 2));
    assert_eq!(cases[0], ("testsuites".into(), Some((serious + 2).to_string())));
    let sum: usize = cases
        .iter()
        .filter(|(name, _)| name == "testsuite")
        .map(|(_, tests)| tests.as_ref().unwrap().parse::<usize>().unwrap())
        .sum();
    assert_eq!(sum, serious + 2);
    let rows = elements(&written(checkstyle::render, &report), "line");
    assert_eq!(rows.iter().filter(|(name, _)| name == "error").count(), report.active().count() + 2);
    assert!(rows.contains(&("error".into(), Some("21".into()))));
    assert_eq!(
        elements(&written(junit::render, &samples::clean()), "tests")
            .iter()
            .filter(|(name, _)| name == "testcase")
            .count(),
        1
    );
}

#[test]
fn tap_has_a_point_for_each_number_of_its_plan() {
    for report in [samples::full(), samples::clean()] {
        let text = written(tap::render, &report);
        let plan: usize = text.lines().nth(1).unwrap().strip_prefix("1..").unwrap().parse().unwrap();
        let points: Vec<&str> =
            text.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).collect();
        assert_eq!(points.len(), plan);
        for (at, point) in points.iter().enumerate() {
            let number = point.trim_start_matches("not ").trim_start_matches("ok ").split(' ').next().unwrap();
            assert_eq!(number, (at + 1).to_string());
        }
    }
}

#[test]
fn fingerprints_of_gitlab_are_unique() {
    let all: Vec<serde_json::Value> = serde_json::from_str(&written(gitlab::render, &samples::full())).unwrap();
    let mut prints: Vec<&str> = all.iter().map(|one| one["fingerprint"].as_str().unwrap()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), all.len());
}

#[test]
fn a_command_of_github_is_one_line_however_hostile_the_text() {
    let text = written(github::render, &samples::full());
    assert_eq!(text.lines().count(), samples::full().active().count() + 2);
    assert!(
        text.lines().all(|line| line.starts_with("::error ")
            || line.starts_with("::warning ")
            || line.starts_with("::notice "))
    );
}
