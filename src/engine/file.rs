//! One file: its documents, their objects, what the rules say of them.

use super::examine::{Examined, Verdict, View, examine, judge};
use super::identity::route;
use super::left_out;
use super::outcome::{Excerpt, InputError, NotRendered, ObjectRef, Reported, Summary};
use super::read::Input;
use super::survey::{self, Survey};
use crate::finding::{Finding, Place};
use crate::k8s::object::{Object, is_local};
use crate::k8s::set::{Asked, Facts, Set};
use crate::node::Document;
use crate::policy::Policy;
use crate::read::parts;
use crate::rules::Check;
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

impl Outcome {
    /// What two parts of a file say.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self.input_errors.extend(other.input_errors);
        self.not_rendered.extend(other.not_rendered);
        self.summary.files += other.summary.files;
        self.summary.documents += other.summary.documents;
        self.summary.objects += other.summary.objects;
        self.summary.workloads += other.summary.workloads;
        self
    }
}

/// What the second pass makes of a file.
#[derive(Debug, Default)]
pub(super) struct Second {
    pub(super) outcome: Outcome,
    /// Whether what the first pass has said of the file counts no more.
    pub(super) alone: bool,
    /// What it says of pods and accounts.
    pub(super) facts: Facts,
    /// What its rules would like to know once everything is known.
    pub(super) asked: Asked,
}

/// Lints one file, but for the parts of which the first pass has said everything already.
pub(super) fn lint(at: u32, inputs: &[Input], policy: &Policy, survey: &Survey) -> Second {
    let mut second = Second::default();
    let Some(input) = inputs.get(at as usize) else { return second };
    let leave = |why| {
        let not_rendered = vec![NotRendered { file: Arc::clone(&input.name), why }];
        Second { outcome: Outcome { not_rendered, ..Outcome::default() }, alone: true, ..Second::default() }
    };
    let path = input.path.as_deref();
    if let Some(why) = path.and_then(|path| left_out::by_name(path).or_else(|| survey.left_out(path))) {
        return leave(why);
    }
    let source = match input.source() {
        Ok(Some(source)) => source,
        Ok(None) => return Second { alone: true, ..Second::default() },
        Err(error) => {
            let outcome = Outcome { input_errors: vec![error], ..Outcome::default() };
            return Second { outcome, alone: true, ..Second::default() };
        }
    };
    let done = survey.done(at);
    second.outcome.summary.files = 1;
    for part in parts(source.text()) {
        if done.binary_search(&part.span(source.text())).is_ok() {
            continue;
        }
        for document in part.documents(source.text()) {
            match document {
                Ok(document) => {
                    let Second { outcome, facts, asked, .. } = &mut second;
                    let set = &survey.set;
                    File { source: &source, policy, set, inputs, at, outcome, facts, asked }.document(&document, path);
                }
                // A template: what could be read of it is no manifest either.
                Err(_) if ["{{", "{%", "<%"].iter().any(|sign| source.text().contains(sign)) => {
                    return leave("template");
                }
                Err(malformed) => {
                    let at = source.position(malformed.offset);
                    second.outcome.input_errors.push(InputError {
                        file: Arc::clone(&input.name),
                        line: Some(at.line),
                        column: Some(at.column),
                        message: malformed.message,
                    });
                }
            }
        }
    }
    second
}

/// A file being linted.
pub(super) struct File<'f> {
    pub(super) source: &'f Source,
    pub(super) policy: &'f Policy,
    pub(super) set: &'f Set,
    /// The run's files, for places elsewhere.
    pub(super) inputs: &'f [Input],
    /// Its number among them.
    pub(super) at: u32,
    pub(super) outcome: &'f mut Outcome,
    pub(super) facts: &'f mut Facts,
    pub(super) asked: &'f Asked,
}

impl File<'_> {
    pub(super) fn document(&mut self, document: &Document<'_>, path: Option<&Path>) {
        self.outcome.summary.documents += 1;
        if survey::is_kustomize_object(document.tree.root(), path) {
            let file = Arc::clone(self.source.name());
            self.outcome.not_rendered.push(NotRendered { file, why: "kustomization" });
            return;
        }
        let objects = Object::all(document.tree.root());
        self.outcome.summary.objects += objects.len();
        if objects.is_empty() {
            return;
        }
        let own_text = &document.text.as_bytes()[document.span.range()];
        // `image: #{NAME}` is null and a comment to YAML.
        if own_text.contains(&b'#') && left_out::has_token(own_text) {
            let file = Arc::clone(self.source.name());
            self.outcome.not_rendered.push(NotRendered { file, why: "template" });
            return;
        }
        let is_directive =
            |at: usize| own_text[at..].starts_with(b"$patch") || own_text[at..].starts_with(b"$retainKeys");
        let may_patch = memchr::memchr_iter(b'$', own_text).any(is_directive);
        let mut faults = Vec::new();
        for (rule, _) in self.policy.rules() {
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
            self.object(object, own, may_patch);
        }
        let view = self.view(None, false);
        let verdicts: Vec<_> =
            faults.into_iter().filter_map(|fault| judge(fault, None, None, self.policy, &view)).collect();
        verdicts.into_iter().for_each(|verdict| self.report(verdict, None));
    }

    fn view<'v>(&'v self, namespace: Option<&'v str>, may_patch: bool) -> View<'v> {
        let (file, number) = (&**self.source.name(), self.at);
        View { file, namespace, may_patch, admission: false, number, asked: self.asked, only: &[] }
    }

    fn object(&mut self, object: Object<'_>, faults: Vec<Finding>, may_patch: bool) {
        if is_local(object) {
            let file = Arc::clone(self.source.name());
            self.outcome.not_rendered.push(NotRendered { file, why: "local configuration" });
            return;
        }
        let examined = examine(object, faults, self.policy, self.set, &self.view(object.namespace(), may_patch));
        match examined {
            Examined::Patch => {
                let file = Arc::clone(self.source.name());
                self.outcome.not_rendered.push(NotRendered { file, why: "patch" });
            }
            Examined::Judged { workloads, verdicts } => {
                self.facts.add_late(self.at, object, &workloads);
                self.outcome.summary.workloads += usize::from(!workloads.is_empty());
                for verdict in verdicts {
                    self.report(verdict, Some(object));
                }
            }
        }
    }

    /// A place of another file, which is read again: few findings have one.
    fn elsewhere(&self, file: u32, span: Span, message: &str) -> Excerpt {
        let source = self.inputs.get(file as usize).and_then(|input| input.source().ok().flatten());
        let Some(source) = source.filter(|source| source.name() != self.source.name()) else {
            return Excerpt::of(self.source, span, message);
        };
        Excerpt { file: Some(Arc::clone(source.name())), ..Excerpt::of(&source, span, message) }
    }

    /// Finds the place.
    fn report(&mut self, verdict: Verdict, object: Option<Object<'_>>) {
        let Verdict { finding, severity, suppressed } = verdict;
        let file = self.source.name();
        let excerpt = |place: &Place, message: &str| match place {
            Place::Span(span) => Excerpt::of(self.source, *span, message),
            Place::Path(path) => {
                let span = object.map_or(Span::default(), |object| object.root.locate(path));
                Excerpt::of(self.source, span, message)
            }
            Place::Elsewhere(file, span) => self.elsewhere(*file, *span, message),
        };
        let at = excerpt(&finding.place, &finding.label);
        let also = finding.labels.iter().map(|label| excerpt(&label.place, &label.message)).collect();
        let route = object.map_or_else(String::new, |object| route(object.root, &finding));
        self.outcome.findings.push(Reported {
            file: Arc::clone(file),
            finding,
            severity,
            object: object.map(ObjectRef::of),
            object_at: object.map_or(0, |object| object.root.span().start),
            at,
            also,
            route,
            replacements: Vec::new(),
            suppressed,
        });
    }
}
