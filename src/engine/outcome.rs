//! What a run says: findings with their places, input errors, counts.

use crate::finding::{Finding, Severity};
use crate::k8s::object::Object;
use crate::source::Range;
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

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// "annotation crashlint.dev/ignore", "exemption of POLICY:LINE".
    pub by: String,
    /// The reason given, where one is.
    pub reason: Option<String>,
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
    /// Set where it is suppressed.
    pub suppressed: Option<Suppression>,
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
    /// Findings that a suppression took out.
    pub suppressed: usize,
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
    /// Findings that count.
    pub fn active(&self) -> impl Iterator<Item = &Reported> {
        self.findings.iter().filter(|found| found.suppressed.is_none())
    }
}
