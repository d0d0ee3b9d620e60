//! What a run says: findings with their places, input errors, counts.

use crate::finding::{Finding, Severity};
use crate::k8s::object::Object;
use crate::source::{Range, Source, Span};
use std::sync::Arc;

/// Which object a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// As written; null where the manifest leaves it to the command line.
    pub namespace: Option<String>,
    /// As written; empty where only `generateName` is there.
    pub name: String,
}

impl ObjectRef {
    pub(super) fn of(object: Object<'_>) -> Self {
        Self {
            api_version: object.api_version.to_owned(),
            kind: object.kind.to_owned(),
            namespace: object.namespace().map(str::to_owned),
            name: object.name().to_owned(),
        }
    }
}

/// A place of a file, with the lines to show there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The file, where it is not the finding's own.
    pub file: Option<Arc<str>>,
    /// Where.
    pub range: Range,
    /// What stands beside the caret; may be empty.
    pub message: String,
    /// The place's first line and, where a parent key is needed to know where one is, lines before
    /// it: 1-based line numbers and texts, ascending.
    pub lines: Vec<(u32, String)>,
}

/// Longest line that is kept for showing, in bytes.
const MAX_SHOWN: usize = 4096;

impl Excerpt {
    /// A span with the line that it begins in.
    #[must_use]
    pub fn of(source: &Source, span: Span, message: &str) -> Self {
        let range = source.range(span);
        let line = source.line(range.start.line);
        let lines = if line.len() > MAX_SHOWN { Vec::new() } else { vec![(range.start.line, line.to_owned())] };
        Self { file: None, range, message: message.to_owned(), lines }
    }
}

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// "annotation crashlint.dev/ignore", "exemption of POLICY:LINE".
    pub by: String,
    /// The reason given, where one is.
    pub reason: Option<String>,
    /// Whether a baseline lets it pass, as it was there before.
    pub baseline: bool,
}

/// A finding after policy, in its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported {
    /// The file as named, or `-`.
    pub file: Arc<str>,
    /// What the rule said; its own severity is the one before policy.
    pub finding: Finding,
    /// The severity after policy.
    pub severity: Severity,
    /// The object; none for faults of a text that holds none.
    pub object: Option<ObjectRef>,
    /// Where the object begins in its file, in bytes.
    pub object_at: u32,
    /// The main place.
    pub at: Excerpt,
    /// Further places, in the same file.
    pub also: Vec<Excerpt>,
    /// The field, with list items by name for index: the same wherever the item stands. Empty for faults of a text.
    pub route: String,
    /// How the fix changes the file, where that has been asked for; empty otherwise.
    pub replacements: Vec<Replacement>,
    /// Set where it is suppressed.
    pub suppressed: Option<Suppression>,
}

/// A part of a file, and what a fix writes in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What goes; empty for an insertion.
    pub range: Range,
    /// What comes.
    pub text: String,
}

/// Input that can't be read. The rest of the run goes on; the exit code is 2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
pub struct InputError {
    /// The file as named, or `-`.
    pub file: Arc<str>,
    /// 1-based; null where the file as a whole is meant.
    pub line: Option<u32>,
    /// 1-based, in Unicode scalar values; null where the file as a whole is meant.
    pub column: Option<u32>,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A file or document that is no manifest until a tool has rendered it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotRendered {
    /// The file as named, or `-`.
    pub file: Arc<str>,
    /// "Helm template", "kustomize patch" …
    pub why: &'static str,
}

/// Counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Documents read, those that hold no object included.
    pub documents: usize,
    /// Kubernetes objects, items of lists counted one by one.
    pub objects: usize,
    /// Objects that carry pods.
    pub workloads: usize,
    /// Findings of severity error, suppressed ones aside.
    pub errors: usize,
    /// Findings of severity warning, suppressed ones aside.
    pub warnings: usize,
    /// Findings of severity info, suppressed ones aside.
    pub infos: usize,
    /// Findings that an annotation or exemption took out.
    pub suppressed: usize,
    /// Findings that a baseline let pass.
    pub baselined: usize,
    /// Files and documents that need rendering first.
    pub not_rendered: usize,
}

/// All that a run has to say, in an order that does not depend on threads: by file, place, rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Findings, suppressed ones included.
    pub findings: Vec<Reported>,
    /// What could not be read.
    pub input_errors: Vec<InputError>,
    /// What was left out because a tool must render it first.
    pub not_rendered: Vec<NotRendered>,
    /// Counts.
    pub summary: Summary,
}

impl Report {
    /// Counts the findings anew.
    pub fn count(&mut self) {
        let summary = &mut self.summary;
        summary.not_rendered = self.not_rendered.len();
        for count in [
            &mut summary.errors,
            &mut summary.warnings,
            &mut summary.infos,
            &mut summary.suppressed,
            &mut summary.baselined,
        ] {
            *count = 0;
        }
        for found in &self.findings {
            let count = match (&found.suppressed, found.severity) {
                (Some(why), _) if why.baseline => &mut summary.baselined,
                (Some(_), _) => &mut summary.suppressed,
                (None, Severity::Error) => &mut summary.errors,
                (None, Severity::Warning) => &mut summary.warnings,
                (None, Severity::Info) => &mut summary.infos,
            };
            *count += 1;
        }
    }

    /// Takes over what another run of the same policy says; by file, place and rule.
    pub fn absorb(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.findings.sort_by(|a, b| {
            let key = |found: &Reported| (Arc::clone(&found.file), found.at.range.start, found.finding.rule);
            key(a).cmp(&key(b)).then_with(|| a.finding.message.cmp(&b.finding.message))
        });
        self.input_errors.extend(other.input_errors);
        self.input_errors.sort();
        self.not_rendered.extend(other.not_rendered);
        self.not_rendered.sort();
        self.summary.files += other.summary.files;
        self.summary.documents += other.summary.documents;
        self.summary.objects += other.summary.objects;
        self.summary.workloads += other.summary.workloads;
        self.count();
    }

    /// Findings that count.
    pub fn active(&self) -> impl Iterator<Item = &Reported> {
        self.findings.iter().filter(|found| found.suppressed.is_none())
    }
}
