//! What a rule says: a finding, its severity, its labels, and how it is mended.
//!
//! Everything here speaks of field paths; spans and lines are the engine's business.

use crate::path::Path;
use crate::source::Span;
use serde::{Deserialize, Serialize};

/// How sure and how bad. The order is the order of harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Hygiene that makes a loop worse or harder to read.
    Info,
    /// Likely to loop under ordinary load or on an ordinary day.
    Warning,
    /// Given only what is in the manifests, the pod cannot run.
    Error,
}

impl Severity {
    /// `error`, `warning` or `info`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Where a label stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A field of the object. For an absent field, the first absent one whose parent exists.
    Path(Path),
    /// Bytes of the file, for faults of the text itself.
    Span(Span),
    /// Bytes of another file of the run, by its number.
    Elsewhere(u32, Span),
}

/// A second place that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is to be seen there; lower case, no full stop.
    pub message: String,
}

/// Whether a fix may be applied unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// Keeps what the author meant: the mutating webhook and `fix` may apply it.
    Safe,
    /// Needs a person's eye first.
    Review,
}

/// One change to the object, in the terms of JSON Patch (RFC 6902).
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Adds a field that is absent.
    Add(Path, serde_json::Value),
    /// Replaces a field that is there.
    Replace(Path, serde_json::Value),
    /// Removes a field that is there. Of a list's items it moves those behind it, so that no other edit
    /// below that list may go with it in one round.
    Remove(Path),
}

/// How a finding is mended.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What applying it does, as an order: "raise `failureThreshold` to 3".
    pub title: String,
    /// Whether it may be applied unasked.
    pub safety: Safety,
    /// The changes, in order.
    pub edits: Vec<Edit>,
}

/// The start of a container as its probes see it, for drawing. All times are seconds after the
/// container's start, at the earliest phase of the prober.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Which probe kills: `livenessProbe` or `startupProbe`.
    pub probe: &'static str,
    /// The first check.
    pub first_check: u64,
    /// Between checks.
    pub period: u64,
    /// How many checks fail before the kill (failureThreshold).
    pub checks: u64,
    /// Guaranteed budget: never killed sooner.
    pub earliest_kill: u64,
    /// About the latest kill of a container whose every check fails.
    pub latest_kill: u64,
    /// What the application needs to start, where the slow-starter table says.
    pub needed: Option<u64>,
}

/// One thing that a rule has to say about one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// Severity of this case, before any policy.
    pub severity: Severity,
    /// One sentence as rustc writes them: lower case, no full stop, fields in backticks.
    pub message: String,
    /// What stands at the place itself, beside the caret.
    pub label: String,
    /// Where.
    pub place: Place,
    /// Name of the container it is about.
    pub container: Option<String>,
    /// Further places.
    pub labels: Vec<Label>,
    /// What is worth knowing besides: assumptions, arithmetic.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// The start, drawn.
    pub timeline: Option<Timeline>,
    /// The mechanical fix.
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding at a field.
    #[must_use]
    pub fn new(rule: &'static str, severity: Severity, path: Path, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            message: message.into(),
            label: String::new(),
            place: Place::Path(path),
            container: None,
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            timeline: None,
            fix: None,
        }
    }

    /// A finding at bytes of the file.
    #[must_use]
    pub fn in_text(rule: &'static str, severity: Severity, span: Span, message: impl Into<String>) -> Self {
        Self { place: Place::Span(span), ..Self::new(rule, severity, Path::root(), message) }
    }

    /// The field; the root for a fault of the text.
    #[must_use]
    pub fn path(&self) -> Path {
        match &self.place {
            Place::Path(path) => path.clone(),
            Place::Span(_) | Place::Elsewhere(..) => Path::root(),
        }
    }

    /// Says what stands at the place itself.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Names the container.
    #[must_use]
    pub fn container(mut self, name: Option<&str>) -> Self {
        self.container = name.map(str::to_owned);
        self
    }

    /// Points at a second field.
    #[must_use]
    pub fn and(mut self, path: Path, message: impl Into<String>) -> Self {
        self.labels.push(Label { place: Place::Path(path), message: message.into() });
        self
    }

    /// Points at bytes of a file of the run.
    #[must_use]
    pub fn and_elsewhere(mut self, file: u32, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { place: Place::Elsewhere(file, span), message: message.into() });
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds the fix.
    #[must_use]
    pub fn fix(mut self, safety: Safety, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { title: title.into(), safety, edits });
        self
    }

    /// Draws the start.
    #[must_use]
    pub fn timeline(mut self, timeline: Timeline) -> Self {
        self.timeline = Some(timeline);
        self
    }
}
