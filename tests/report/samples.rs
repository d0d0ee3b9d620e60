//! Hand-made reports with everything that a renderer must survive.

use crashlint::engine::outcome::{
    Excerpt, InputError, NotRendered, ObjectRef, Replacement, Report, Reported, Summary, Suppression,
};
use crashlint::finding::{Edit, Finding, Safety, Severity, Timeline};
use crashlint::path::{Path, Segment};
use crashlint::source::{Position, Range};
use serde_json::json;

/// A path of keys and, where a step is a number, indices.
pub(super) fn path(dotted: &str) -> Path {
    dotted
        .split('.')
        .map(|step| step.parse::<usize>().map_or_else(|_| Segment::from(step.to_owned()), Segment::from))
        .collect()
}

pub(super) fn range(line: u32, column: u32, end_line: u32, end_column: u32) -> Range {
    Range { start: Position { line, column }, end: Position { line: end_line, column: end_column } }
}

pub(super) fn excerpt(range: Range, message: &str, lines: &[(u32, &str)]) -> Excerpt {
    Excerpt {
        file: None,
        range,
        message: message.into(),
        lines: lines.iter().map(|(n, text)| (*n, (*text).to_owned())).collect(),
    }
}

pub(super) fn reported(file: &str, finding: Finding, at: Excerpt) -> Reported {
    Reported {
        file: file.into(),
        severity: finding.severity,
        finding,
        object: Some(ObjectRef {
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            namespace: Some("shop".into()),
            name: "cart".into(),
        }),
        at,
        also: Vec::new(),
        route: String::new(),
        replacements: Vec::new(),
        suppressed: None,
        object_at: 0,
    }
}

fn counted(mut report: Report) -> Report {
    let count = |severity| report.active().filter(|found| found.severity == severity).count();
    report.summary = Summary {
        files: 14,
        documents: 40,
        objects: 37,
        workloads: 12,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        infos: count(Severity::Info),
        suppressed: report.findings.len() - report.active().count(),
        baselined: 0,
        not_rendered: report.not_rendered.len(),
    };
    report
}

/// A probe that kills a slow starter, with a timeline, two labels, notes, help and a fix.
pub(super) fn slow_start() -> Reported {
    let probe = path("spec.template.spec.containers.0.livenessProbe");
    let finding = Finding::new(
        "missing-startup-probe",
        Severity::Warning,
        probe.clone(),
        "`livenessProbe` kills container `main` 20 s after its start; a JVM needs about 60 s",
    )
    .container(Some("main"))
    .note("taken for a JVM because of the image `eclipse-temurin`")
    .help("add a `startupProbe` with the same check")
    .timeline(Timeline {
        probe: "livenessProbe",
        first_check: 0,
        period: 10,
        checks: 3,
        earliest_kill: 20,
        latest_kill: 33,
        needed: Some(60),
    })
    .fix(
        Safety::Safe,
        "add `startupProbe`",
        vec![
            Edit::Add(path("spec.template.spec.containers.0.startupProbe"), json!({"failureThreshold": 30})),
            Edit::Replace(probe.join("periodSeconds"), json!(10)),
            Edit::Remove(probe.join("initialDelaySeconds")),
        ],
    );
    let mut found = reported(
        "shop/cart.yaml",
        finding,
        excerpt(
            range(21, 11, 24, 30),
            "checks from the first second",
            &[(12, "        - name: main"), (21, "          livenessProbe:")],
        ),
    );
    found.also.push(excerpt(range(14, 18, 14, 36), "a JVM", &[(14, "          image: eclipse-temurin:21")]));
    let insert = |line: u32, text: &str| Replacement { range: range(line, 1, line, 1), text: text.into() };
    found.replacements = vec![
        insert(25, "          startupProbe:\n            failureThreshold: 30\n"),
        Replacement { range: range(22, 28, 22, 30), text: "10".into() },
        Replacement { range: range(23, 1, 24, 1), text: String::new() },
    ];
    found
}

/// Wide characters, tabs, escape sequences, control characters in every text.
pub(super) fn hostile() -> Reported {
    let finding = Finding::new(
        "workload-exits",
        Severity::Error,
        path("spec.template.spec.containers.0.command"),
        "container `\u{1b}[31mred\u{9b}2J` runs `echo`\nand ends",
    )
    .container(Some("\u{1b}]0;title\u{7}"))
    .note("\u{202e}backwards\u{1b}[0m")
    .help("\tkeep a server in the foreground\n");
    let mut found = reported(
        "odd\u{1b}[1m name.yaml",
        finding,
        excerpt(range(3, 12, 3, 18), "here\u{1b}[5m", &[(3, "\tcmd: [\"漢字😀 \u{1b}[31mx\", 'ok\u{9b}m']\r")]),
    );
    found.also.push(excerpt(range(2, 6, 2, 9), "tab\there", &[(2, "\tä:\tbc\td")]));
    found.object = Some(ObjectRef { kind: "Po\u{1b}d".into(), name: String::new(), ..ObjectRef::default() });
    found
}

/// A line of 10 000 characters, the place far to the right, and a label 5 000 lines away.
pub(super) fn long_line() -> Reported {
    let line = format!("{{\"pad\":\"{}\",\"image\":\"nginx\",\"z\":\"{}\"}}", "x".repeat(6000), "y".repeat(4000));
    let column = line.find("\"image\"").unwrap() as u32 + 1;
    let finding =
        Finding::new("latest-image-tag", Severity::Info, path("spec.containers.0.image"), "no tag on `nginx`");
    let mut found =
        reported("min.json", finding, excerpt(range(1, column, 1, column + 7), "resolves to `latest`", &[(1, &line)]));
    found.also.push(excerpt(range(5003, 1, 5003, 5), "far away", &[(5003, "kind: Pod")]));
    found.also.push(excerpt(range(1, 9000, 1, 9003), "same line, out of sight", &[(1, &line)]));
    found
}

/// A place in an empty file, and one past the end of a line.
pub(super) fn empty() -> Reported {
    let finding =
        Finding::in_text("empty-document", Severity::Info, crashlint::source::Span::new(0, 0), "nothing here");
    let mut found = reported("-", finding, excerpt(range(1, 1, 1, 1), "", &[(1, "")]));
    found.object = None;
    found
}

pub(super) fn suppressed() -> Reported {
    let mut found = slow_start();
    found.suppressed = Some(Suppression {
        baseline: false,
        by: "annotation crashlint.dev/ignore".into(),
        reason: Some("starts in 5 s since the native image".into()),
    });
    found
}

pub(super) fn input_errors() -> Vec<InputError> {
    vec![
        InputError {
            file: "broken.yaml".into(),
            line: Some(2),
            column: Some(4),
            message: "expected `,` or `]`".into(),
        },
        InputError { file: "gone.yaml".into(), line: None, column: None, message: "no such file".into() },
    ]
}

/// Everything in one report.
pub(super) fn full() -> Report {
    let left_out = |file: &str, why| NotRendered { file: file.into(), why };
    let mut not_rendered: Vec<_> =
        (0..9).map(|n| left_out(&format!("chart/templates/{n}.yaml"), "Helm template")).collect();
    not_rendered.push(left_out("overlay/a.yaml", "kustomize patch"));
    not_rendered.push(left_out("overlay/a.yaml", "kustomize patch"));
    counted(Report {
        findings: vec![slow_start(), hostile(), long_line(), empty(), suppressed()],
        input_errors: input_errors(),
        not_rendered,
        summary: Summary::default(),
    })
}

/// A run that finds nothing.
pub(super) fn clean() -> Report {
    counted(Report::default())
}
