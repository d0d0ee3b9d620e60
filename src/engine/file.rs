//! One file: its documents, their objects, what the rules say of them.

use super::outcome::{Excerpt, InputError, NotRendered, ObjectRef, Reported, Summary, Suppression};
use super::read::Input;
use super::suppress::Ignores;
use super::survey::{self, Survey};
use crate::finding::{Finding, Place};
use crate::k8s::object::Object;
use crate::k8s::pod::Workload;
use crate::node::Document;
use crate::path;
use crate::policy::{Policy, Target};
use crate::read::documents;
use crate::rules::{Check, Context, RULES};
use crate::source::{Source, Span};
use std::collections::HashMap;
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
        for fault in faults {
            self.report(fault, None, None);
        }
    }

    fn object(&mut self, object: Object<'_>, mut findings: Vec<Finding>, may_patch: bool) {
        let tables = &self.policy.tables;
        let workloads = object.workloads(&tables.kinds);
        if !workloads.is_empty() {
            self.outcome.summary.workloads += 1;
        }
        let is_patch = (may_patch && object.has_patch_directive())
            || object.lacks_template(&workloads)
            || (!workloads.is_empty() && workloads.iter().all(|workload| workload.looks_like_patch()));
        if is_patch {
            let file = Arc::clone(self.source.name());
            self.outcome.not_rendered.push(NotRendered { file, why: "patch" });
            self.outcome.summary.workloads -= usize::from(!workloads.is_empty());
            return;
        }
        findings.append(&mut self.run(object, &workloads));
        let mut ignores =
            if self.policy.honour_annotations { Ignores::of(object, &workloads) } else { Ignores::default() };
        for finding in findings {
            let suppressed = ignores.take(&finding);
            self.report(finding, Some(object), suppressed);
        }
        let unused: Vec<Finding> = ignores.unused(|rule| self.policy.runs(rule)).collect();
        for finding in unused {
            self.report(finding, Some(object), None);
        }
    }

    /// Everything that the rules say of an object, before policy.
    fn run(&self, object: Object<'_>, workloads: &[Workload<'_>]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rule in RULES.iter().filter(|rule| self.policy.runs(rule.name)) {
            let options = self.policy.options(rule.name);
            let context = Context { options: &**options, tables: &self.policy.tables, set: &self.survey.set };
            match rule.check {
                Check::Document(_) | Check::Engine => {}
                Check::Object(check) => check(&object, &context, &mut findings),
                Check::Workload(check) => {
                    workloads.iter().for_each(|workload| check(workload, &context, &mut findings))
                }
                Check::Container(check) => {
                    for container in workloads.iter().flat_map(|workload| workload.containers()) {
                        let first = findings.len();
                        check(&container, &context, &mut findings);
                        for finding in &mut findings[first..] {
                            finding.container = container.name().map(str::to_owned);
                        }
                    }
                }
            }
        }
        name_containers(&mut findings, workloads);
        leave_to_specific(findings)
    }

    /// Applies the policy, and finds the place.
    fn report(&mut self, finding: Finding, object: Option<Object<'_>>, suppressed: Option<Suppression>) {
        let Some(severity) = self.policy.severity(&finding) else { return };
        let file = self.source.name();
        let suppressed = suppressed.or_else(|| {
            let target = Target {
                rule: finding.rule,
                file,
                namespace: object.and_then(Object::namespace),
                kind: object.map(|object| object.kind),
                name: object.map(Object::name),
                labels: object.and_then(Object::labels),
            };
            let exempted = self.policy.exemption(&target)?;
            Some(Suppression { by: exempted.by, reason: Some(exempted.reason) })
        });
        let excerpt = |place: &Place, message: &str| {
            let span = match place {
                Place::Span(span) => *span,
                Place::Path(path) => object.map_or(Span::default(), |object| object.root.locate(path)),
            };
            excerpt(self.source, span, message)
        };
        let at = excerpt(&finding.place, &finding.label);
        let also = finding.labels.iter().map(|label| excerpt(&label.place, &label.message)).collect();
        let object = object.map(|object| ObjectRef {
            api_version: object.api_version.to_owned(),
            kind: object.kind.to_owned(),
            namespace: object.namespace().map(str::to_owned),
            name: object.name().to_owned(),
        });
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

/// What a rule about whole objects finds within a container is about that container.
fn name_containers(findings: &mut [Finding], workloads: &[Workload<'_>]) {
    let mut nameless = findings.iter_mut().filter(|finding| finding.container.is_none()).peekable();
    if nameless.peek().is_none() {
        return;
    }
    let containers: HashMap<path::Path, &str> = workloads
        .iter()
        .flat_map(|workload| workload.containers())
        .filter_map(|container| Some((container.path(), container.name()?)))
        .collect();
    for finding in nameless {
        let Place::Path(path) = &finding.place else { continue };
        let mut above = path.clone();
        while above.pop().is_some() {
            if let Some(name) = containers.get(&above) {
                finding.container = Some((*name).to_owned());
            }
        }
    }
}

/// `rejected-by-api-server` is silent where a rule of its own speaks of the same field.
fn leave_to_specific(mut findings: Vec<Finding>) -> Vec<Finding> {
    const GENERAL: &str = "rejected-by-api-server";
    let specific: Vec<path::Path> = findings
        .iter()
        .filter(|finding| finding.rule != GENERAL)
        .filter_map(|finding| if let Place::Path(path) = &finding.place { Some(path.clone()) } else { None })
        .collect();
    findings.retain(|finding| {
        finding.rule != GENERAL || !matches!(&finding.place, Place::Path(path) if specific.contains(path))
    });
    findings
}

/// A span with the line that it begins in.
pub(super) fn excerpt(source: &Source, span: Span, message: &str) -> Excerpt {
    let range = source.range(span);
    let line = source.line(range.start.line);
    let lines = if line.len() > MAX_SHOWN { Vec::new() } else { vec![(range.start.line, line.to_owned())] };
    Excerpt { range, message: message.to_owned(), lines }
}
