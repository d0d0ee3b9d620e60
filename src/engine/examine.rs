//! One object: what the rules say of it, and what the policy makes of that. The same for both doors.

use super::outcome::Suppression;
use super::suppress::Ignores;
use crate::finding::{Finding, Place, Severity};
use crate::k8s::container::Container;
use crate::k8s::object::Object;
use crate::k8s::pod::Workload;
use crate::k8s::schema;
use crate::k8s::set::references::references;
use crate::k8s::set::{Asked, Set};
use crate::k8s::tables::Tables;
use crate::path;
use crate::policy::{Policy, Target};
use crate::rules::{Check, Context, Rule, Scope};
use std::collections::HashMap;

/// How an object came here.
pub(super) struct View<'v> {
    /// The file as named; `-` for standard input and the webhook.
    pub(super) file: &'v str,
    /// The namespace that exemptions are asked about.
    pub(super) namespace: Option<&'v str>,
    /// Whether its text holds the words of a patch.
    pub(super) may_patch: bool,
    /// Whether an API server asks, rather than a file.
    pub(super) admission: bool,
    /// The rules that are asked; all of them where none is named.
    pub(super) only: &'v [&'static str],
    /// The file's number in the run.
    pub(super) number: u32,
    /// Questions of rules that can't be answered yet.
    pub(super) asked: &'v Asked,
}

/// A finding after policy.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What the rule said; its own severity is the one before policy.
    pub finding: Finding,
    /// The severity after policy.
    pub severity: Severity,
    /// Set where it is suppressed.
    pub suppressed: Option<Suppression>,
}

/// What an object turned out to be.
pub(super) enum Examined<'t> {
    /// A patch: no rule runs on it.
    Patch,
    /// An object, with all that is said of it.
    Judged {
        /// The pods that it carries.
        workloads: Vec<Workload<'t>>,
        /// In the order of the rules.
        verdicts: Vec<Verdict>,
    },
}

/// Runs the rules over an object, and applies the policy. `findings` are those that are known
/// already, from its text.
pub(super) fn examine<'t>(
    object: Object<'t>,
    mut findings: Vec<Finding>,
    policy: &'t Policy,
    set: &Set,
    view: &View<'_>,
) -> Examined<'t> {
    let workloads = object.workloads(&policy.tables.kinds);
    let may_be_patch = object.may_be_patch(&workloads);
    let is_patch = ((view.may_patch || may_be_patch) && object.has_patch_directive())
        || (may_be_patch && !workloads.iter().any(|workload| workload.has_all_images()))
        || (!workloads.is_empty() && workloads.iter().all(|workload| workload.looks_like_patch()));
    if is_patch {
        return Examined::Patch;
    }
    findings.append(&mut run(object, &workloads, policy, set, view));
    if may_be_patch {
        findings.iter_mut().for_each(doubt);
    }
    let honours =
        if view.admission { policy.honour_annotations_as_written == Some(true) } else { policy.honour_annotations };
    let mut ignores = if honours { Ignores::of(object, &workloads) } else { Ignores::default() };
    let mut verdicts: Vec<Verdict> = Vec::new();
    for finding in findings {
        let suppressed = ignores.take(&finding);
        verdicts.extend(judge(finding, Some(object), suppressed, policy, view));
    }
    let unused = ignores.unused(|rule| policy.runs(rule));
    verdicts.extend(unused.filter_map(|finding| judge(finding, Some(object), None, policy, view)));
    Examined::Judged { workloads, verdicts }
}

/// Takes back what is certain only of a whole object: what a patch lacks, the object that it is for may have.
fn doubt(finding: &mut Finding) {
    finding.fix = None;
    if finding.severity == Severity::Error {
        finding.severity = Severity::Warning;
        finding
            .notes
            .push("taken for a whole object, though it has no selector; name a patch in its kustomization".into());
    }
}

/// Applies the policy to a finding; `None` where it is not reported.
pub(super) fn judge(
    finding: Finding,
    object: Option<Object<'_>>,
    suppressed: Option<Suppression>,
    policy: &Policy,
    view: &View<'_>,
) -> Option<Verdict> {
    let severity = policy.severity(&finding)?;
    let suppressed = suppressed.or_else(|| {
        let target = Target {
            rule: finding.rule,
            file: view.file,
            namespace: view.namespace,
            kind: object.map(|object| object.kind),
            name: object.map(Object::name),
            labels: object.and_then(Object::labels),
        };
        let exempted = policy.exemption(&target)?;
        Some(Suppression { by: exempted.by, reason: Some(exempted.reason), baseline: false })
    });
    Some(Verdict { finding, severity, suppressed })
}

/// The rule that repeats what the API server says.
const GENERAL: &str = "rejected-by-api-server";

/// Whether a rule has anything to say of an object that comes this way.
fn applies(rule: &Rule, object: Object<'_>, view: &View<'_>) -> bool {
    if !view.only.is_empty() && !view.only.contains(&rule.name) {
        return false;
    }
    !view.admission
        || (matches!(rule.scope, Scope::Pod | Scope::PodAndSet)
            // The API server itself comes first, but knows nothing of a custom resource's pods.
            && (rule.name != GENERAL || !schema::is_built_in(object.api_version, object.kind)))
}

/// Everything that the rules say of an object, before policy.
fn run(object: Object<'_>, workloads: &[Workload<'_>], policy: &Policy, set: &Set, view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tables = Tables::of(&policy.tables);
    let containers: Vec<Container<'_>> = workloads.iter().flat_map(|workload| workload.containers()).collect();
    let references: Vec<_> = workloads.iter().map(references).collect();
    for (rule, options) in policy.rules().filter(|(rule, _)| applies(rule, object, view)) {
        let context = Context {
            options: &**options,
            tables: &tables,
            set,
            file: view.number,
            kubernetes_minor: policy.kubernetes_minor,
            asked: view.asked,
            references: &references,
        };
        match rule.check {
            Check::Document(_) | Check::Engine => {}
            Check::Object(check) => check(&object, &context, &mut findings),
            Check::Workload(check) => workloads.iter().for_each(|workload| check(workload, &context, &mut findings)),
            Check::Container(check) => {
                for container in &containers {
                    let first = findings.len();
                    check(container, &context, &mut findings);
                    for finding in &mut findings[first..] {
                        finding.container = container.name().map(shown_name);
                    }
                }
            }
        }
    }
    name_containers(&mut findings, &containers);
    leave_to_specific(findings)
}

/// A container's name, cut where no API server would take it: it is repeated with each finding.
fn shown_name(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// Characters of a name: `DNS1123SubdomainMaxLength`, more than a container may have.
const MAX_NAME: usize = 253;

/// What a rule about whole objects finds within a container is about that container.
fn name_containers(findings: &mut [Finding], containers: &[Container<'_>]) {
    let mut nameless = findings.iter_mut().filter(|finding| finding.container.is_none()).peekable();
    if nameless.peek().is_none() {
        return;
    }
    let containers: HashMap<path::Path, &str> =
        containers.iter().filter_map(|container| Some((container.path(), container.name()?))).collect();
    for finding in nameless {
        let Place::Path(path) = &finding.place else { continue };
        let mut above = path.clone();
        while above.pop().is_some() {
            if let Some(name) = containers.get(&above) {
                finding.container = Some(shown_name(name));
            }
        }
    }
}

/// `rejected-by-api-server` is silent where a rule of its own speaks of the same field.
fn leave_to_specific(mut findings: Vec<Finding>) -> Vec<Finding> {
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
