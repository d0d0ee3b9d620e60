//! What an admission server says of one object: who can be refused at all, and for what.

use super::examine::{Examined, Verdict, View, examine};
use super::identity::route;
use crate::finding::{Finding, Severity};
use crate::k8s::object::Object;
use crate::k8s::schema;
use crate::k8s::set::{Asked, Set};
use crate::node::Node;
use crate::policy::{Action, Mode, Policy};
use crate::rules::NO_FILE;
use std::collections::HashMap;

/// What is to be done with an object.
#[derive(Clone, Copy, Debug)]
pub struct Request<'t> {
    /// As it is to be.
    pub object: Object<'t>,
    /// Its namespace, which the object itself may leave out.
    pub namespace: Option<&'t str>,
    /// What happens to it.
    pub change: Change<'t>,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug)]
pub enum Change<'t> {
    /// It is new.
    Create,
    /// It was something else; none where that is not known.
    Update(Option<Object<'t>>),
}

/// A finding, and what follows from it.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The finding after policy; never a suppressed one.
    pub verdict: Verdict,
    /// What is done.
    pub action: Action,
    /// Why no more is done than that, where something held it back.
    pub held_back: Option<HeldBack>,
}

/// What keeps a finding from being acted upon as its rule would have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBack {
    /// A controller made the object: refusing it would not keep the fault out, but the Pods of a
    /// workload that has run for months.
    Controller,
    /// Nothing of what runs is changed, or it is about to be deleted.
    Unchanged,
    /// The object had the same fault before.
    Known,
}

/// Everything that rules of one object say of it, in their order, and what is to be done. Empty for
/// what is no object of its own, such as a patch.
#[must_use]
pub fn rule(request: &Request<'_>, mode: Mode, policy: &Policy) -> Vec<Ruling> {
    let verdicts = verdicts(request.object, request.namespace, policy, &[]);
    if verdicts.is_empty() {
        return Vec::new();
    }
    let general = general(request, policy);
    let mut known = match request.change {
        Change::Update(Some(old)) if general.is_none() => Known::of(old, request.namespace, policy),
        _ => Known::default(),
    };
    let root = request.object.root;
    let built_in = schema::is_built_in(request.object.api_version, request.object.kind);
    // The gravest first: of two alike, the one that was there before is the graver one.
    let mut order: Vec<usize> = (0..verdicts.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(verdicts[at].severity));
    let mut held: Vec<Option<HeldBack>> = vec![general; verdicts.len()];
    for at in order {
        let verdict = &verdicts[at];
        held[at] = held[at].or_else(|| known.take(root, verdict).then_some(HeldBack::Known));
    }
    let rulings = verdicts.into_iter().zip(held).map(|(verdict, held_back)| {
        let wanted = policy.action(&verdict.finding, verdict.severity).max(mode.cap());
        let action = match held_back {
            // A server that is newer than we are knows more fields.
            _ if built_in && verdict.finding.rule == "unknown-field" => wanted.max(Action::Audit),
            Some(HeldBack::Controller | HeldBack::Unchanged) => wanted.max(Action::Audit),
            Some(HeldBack::Known) => wanted.max(Action::Warn),
            None => wanted,
        };
        Ruling { verdict, action, held_back: held_back.filter(|_| action != wanted) }
    });
    rulings.filter(|ruling| ruling.action != Action::Off).collect()
}

/// What the rules say of an object at admission, suppressed findings left out; only those named, or all where
/// none is.
#[must_use]
pub fn verdicts(object: Object<'_>, namespace: Option<&str>, policy: &Policy, only: &[&'static str]) -> Vec<Verdict> {
    let namespace = namespace.or_else(|| object.namespace());
    // The object comes alone: what is asked of others stays open.
    let asked = Asked::default();
    let view = View { file: "-", namespace, may_patch: false, admission: true, number: NO_FILE, asked: &asked, only };
    match examine(object, Vec::new(), policy, &Set::default(), &view) {
        Examined::Patch => Vec::new(),
        Examined::Judged { mut verdicts, .. } => {
            verdicts.retain(|verdict| verdict.suppressed.is_none());
            verdicts
        }
    }
}

/// What holds all findings of an object back.
fn general(request: &Request<'_>, policy: &Policy) -> Option<HeldBack> {
    let object = request.object;
    if object.has_controller() {
        return Some(HeldBack::Controller);
    }
    match request.change {
        Change::Create => None,
        Change::Update(_) if object.is_being_deleted() => Some(HeldBack::Unchanged),
        // Without the old object, nothing can be called new.
        Change::Update(None) => Some(HeldBack::Unchanged),
        Change::Update(Some(old)) => same_pods(object, old, policy).then_some(HeldBack::Unchanged),
    }
}

/// Whether two states of an object run the same pods. Labels and annotations of the template are left
/// out: a restart writes there.
fn same_pods(new: Object<'_>, old: Object<'_>, policy: &Policy) -> bool {
    let (new, old) = (new.workloads(&policy.tables.kinds), old.workloads(&policy.tables.kinds));
    new.len() == old.len() && new.iter().zip(&old).all(|(new, old)| new.spec.same_as(old.spec))
}

/// What is the same finding in two states of an object.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    rule: &'static str,
    container: Option<String>,
    /// The path with the names of list items for their indices, which change when the list does.
    path: String,
}

impl Identity {
    fn of(root: Node<'_>, finding: &Finding) -> Self {
        Self { rule: finding.rule, container: finding.container.clone(), path: route(root, finding) }
    }
}

/// The findings of the old object that have not yet been found again, the gravest last.
#[derive(Default)]
struct Known(HashMap<Identity, Vec<Severity>>);

impl Known {
    fn of(old: Object<'_>, namespace: Option<&str>, policy: &Policy) -> Self {
        let mut known: HashMap<Identity, Vec<Severity>> = HashMap::new();
        for verdict in verdicts(old, namespace, policy, &[]) {
            known.entry(Identity::of(old.root, &verdict.finding)).or_default().push(verdict.severity);
        }
        known.values_mut().for_each(|severities| severities.sort());
        Self(known)
    }

    /// Whether the finding was there before, no less grave. Findings are asked about from the
    /// gravest on.
    fn take(&mut self, root: Node<'_>, verdict: &Verdict) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let Some(severities) = self.0.get_mut(&Identity::of(root, &verdict.finding)) else { return false };
        severities.pop_if(|before| *before >= verdict.severity).is_some()
    }
}
