//! One file: its documents, their objects, what the rules say of them.

use super::examine::{Examined, Verdict, View, examine, judge};
use super::outcome::{Excerpt, InputError, NotRendered, ObjectRef, Reported, Summary};
use super::read::Input;
use super::survey::{self, Survey};
use crate::finding::{Finding, Place};
use crate::k8s::object::Object;
use crate::node::Document;
use crate::policy::Policy;
use crate::read::documents;
use crate::rules::{Check, RULES};
use crate::source::{Source, Span};
use std::path::Path;
use std::sync::Arc;

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) findings: Vec<Reported>,
    pub(super) input_errors: Vec<InputError>,
    pub(super) not_rendered: Vec<NotRendered>,
    pub(super) summary: Summary,
}

/// Longest line that is kept for showing, in bytes.
const MAX_SHOWN: usize = 4096;

/// Lints one file.
pub(super) fn lint(input: &Input, policy: &Policy, survey: &Survey) -> Outcome {
    let mut outcome = Outcome::default();
    let left_out = |why| NotRendered { file: Arc::clone(&input.name), why };
    let path = input.path.as_deref();
    if path.is_some_and(is_chart_template) {
        outcome.not_rendered.push(left_out("Helm template"));
        return outcome;
    }
    if path.is_some_and(|path| survey.is_patch(path)) {
        outcome.not_rendered.push(left_out("kustomize patch"));
        return outcome;
    }
    let source = match input.source() {
        Ok(Some(source)) => source,
        Ok(None) => return outcome,
        Err(error) => {
            outcome.input_errors.push(error);
            return outcome;
        }
    };
    outcome.summary.files = 1;
    for document in documents(source.text()) {
        match document {
            Ok(document) if survey::is_kustomize_object(document.tree.root(), path) => {
                outcome.summary.documents += 1;
                outcome.not_rendered.push(left_out("kustomization"));
            }
            Ok(document) => {
                outcome.summary.documents += 1;
                File { source: &source, policy, survey, outcome: &mut outcome }.document(&document);
            }
            Err(_) if ["{{", "{%", "<%"].iter().any(|sign| source.text().contains(sign)) => {
                // A template: what could be read of it is no manifest either.
                return Outcome { not_rendered: vec![left_out("template")], ..Outcome::default() };
            }
            Err(malformed) => {
                let at = source.position(malformed.offset);
                outcome.input_errors.push(InputError {
                    file: Arc::clone(&input.name),
                    line: Some(at.line),
                    column: Some(at.column),
                    message: malformed.message,
                });
            }
        }
    }
    outcome
}

/// Whether a file lies in the template folder of a Helm chart.
fn is_chart_template(path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .filter(|folder| folder.file_name().is_some_and(|name| name == "templates"))
        .filter_map(Path::parent)
        .any(|chart| chart.join("Chart.yaml").is_file())
}

struct File<'f> {
    source: &'f Source,
    policy: &'f Policy,
    survey: &'f Survey,
    outcome: &'f mut Outcome,
}

impl File<'_> {
    fn document(&mut self, document: &Document<'_>) {
        let objects = Object::all(document.tree.root());
        self.outcome.summary.objects += objects.len();
        if objects.is_empty() {
            return;
        }
        let own_text = &document.text.as_bytes()[document.span.range()];
        let may_patch =
            memchr::memmem::find(own_text, b"$patch").or_else(|| memchr::memmem::find(own_text, b"$retainKeys"));
        let mut faults = Vec::new();
        for rule in RULES.iter().filter(|rule| self.policy.runs(rule.name)) {
            if let Check::Document(check) = rule.check {
                check(document, &mut faults);
            }
        }
        for object in objects {
            // A fault of the text belongs to the object that it stands in.
            let whole = object.root.span();
            let within = |fault: &Finding| matches!(fault.place, Place::Span(span) if (whole.start..=whole.end).contains(&span.start));
            let (own, rest) = faults.into_iter().partition(within);
            faults = rest;
            self.object(object, own, may_patch.is_some());
        }
        let view = View { file: self.source.name(), namespace: None, may_patch: false, admission: false };
        for verdict in faults.into_iter().filter_map(|fault| judge(fault, None, None, self.policy, &view)) {
            self.report(verdict, None);
        }
    }

    fn object(&mut self, object: Object<'_>, faults: Vec<Finding>, may_patch: bool) {
        let view = View { file: self.source.name(), namespace: object.namespace(), may_patch, admission: false };
        let examined = examine(object, faults, self.policy, &self.survey.set, &view);
        match examined {
            Examined::Patch => {
                let file = Arc::clone(self.source.name());
                self.outcome.not_rendered.push(NotRendered { file, why: "patch" });
            }
            Examined::Judged { carries_pods, verdicts } => {
                self.outcome.summary.workloads += usize::from(carries_pods);
                for verdict in verdicts {
                    self.report(verdict, Some(object));
                }
            }
        }
    }

    /// Finds the place.
    fn report(&mut self, verdict: Verdict, object: Option<Object<'_>>) {
        let Verdict { finding, severity, suppressed } = verdict;
        let file = self.source.name();
        let excerpt = |place: &Place, message: &str| {
            let span = match place {
                Place::Span(span) => *span,
                Place::Path(path) => object.map_or(Span::default(), |object| object.root.locate(path)),
            };
            excerpt(self.source, span, message)
        };
        let at = excerpt(&finding.place, &finding.label);
        let also = finding.labels.iter().map(|label| excerpt(&label.place, &label.message)).collect();
        let object = object.map(ObjectRef::of);
        self.outcome.findings.push(Reported {
            file: Arc::clone(file),
            finding,
            severity,
            object,
            at,
            also,
            suppressed,
        });
    }
}

/// A span with the line that it begins in.
pub(super) fn excerpt(source: &Source, span: Span, message: &str) -> Excerpt {
    let range = source.range(span);
    let line = source.line(range.start.line);
    let lines = if line.len() > MAX_SHOWN { Vec::new() } else { vec![(range.start.line, line.to_owned())] };
    Excerpt { range, message: message.to_owned(), lines }
}
