//! What people see. The snapshot shows; the rest holds what must always be true of it.

use super::samples;
use crashlint::engine::outcome::Report;
use crashlint::report::pretty::{Options, render};

fn styled(report: &Report, options: &Options) -> String {
    let mut out = Vec::new();
    render(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(report: &Report, options: &Options) -> String {
    anstream::adapter::strip_str(&styled(report, options)).to_string()
}

fn all() -> Options {
    Options { suppressed: true, ..Options::default() }
}

#[test]
fn the_full_report_looks_as_recorded() {
    crate::snapshot("tests/report/full.txt", &plain(&samples::full(), &all()));
}

#[test]
fn nothing_found_is_one_line() {
    assert_eq!(plain(&samples::clean(), &Options::default()), "nothing found in 14 files (37 objects, 12 workloads)\n");
    assert_eq!(plain(&Report::default(), &Options::default()), "no manifests found\n");
}

#[test]
fn every_escape_sequence_is_our_own() {
    let styled = styled(&samples::full(), &all());
    let rest = anstream::adapter::strip_str(&styled).to_string();
    // What remains once colours are gone holds no character that a terminal obeys.
    assert!(rest.chars().all(|c| c == '\n' || !c.is_control()), "{rest:?}");
    assert!(!rest.contains(['\u{202e}', '\u{2028}']));
    // And only colours were taken away: every sequence is `ESC [ … m`.
    for sequence in styled.split('\u{1b}').skip(1) {
        let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        assert!(sequence.starts_with('[') && sequence[end..].starts_with('m'), "{sequence:?}");
        assert!(sequence[1..end].chars().all(|c| c.is_ascii_digit() || c == ';'));
    }
}

#[test]
fn lines_stay_within_reach() {
    for width in [80, 100] {
        for line in plain(&samples::full(), &Options { width, ..all() })
            .lines()
            .filter(|line| line.contains(" | ") && !line.contains("crashlint"))
        {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

#[test]
fn suppressed_findings_stay_hidden_unless_asked_for() {
    let hidden = plain(&samples::full(), &Options::default());
    assert!(!hidden.contains("native image"));
    assert!(hidden.contains("1 suppressed"));
}
