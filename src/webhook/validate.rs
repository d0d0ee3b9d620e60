//! `/validate`: what the rules say of an object, as denial, warnings and audit annotations.

use super::answer::{Noted, Outcome};
use crate::engine::admission::{Change, Request, Ruling, rule};
use crate::k8s::object::Object;
use crate::k8s::review::Review;
use crate::policy::{Action, Mode, Policy};

/// What rules say of a review's object. Empty where there is nothing to judge: a DELETE, a
/// subresource (`/scale` carries a Scale, not a Deployment), no object.
pub(super) fn judge(review: Review<'_>, mode: Mode, policy: &Policy) -> Vec<Ruling> {
    let change = match review.operation() {
        "CREATE" => Change::Create,
        "UPDATE" => Change::Update(review.old_object()),
        _ => return Vec::new(),
    };
    let Some(object) = review.object().filter(|_| review.subresource().is_empty()) else { return Vec::new() };
    rule(&Request { object, namespace: namespace(review, object), change }, mode, policy)
}

/// The request's namespace; it is what counts.
pub(super) fn namespace<'t>(review: Review<'t>, object: Object<'t>) -> Option<&'t str> {
    Some(review.namespace()).filter(|name| !name.is_empty()).or_else(|| object.namespace())
}

/// How a judgement ends.
pub(super) fn outcome(rulings: &[Ruling]) -> Outcome {
    if rulings.iter().any(|ruling| ruling.action == Action::Deny) { Outcome::Denied } else { Outcome::Allowed }
}

/// What is logged and counted of findings.
pub(super) fn noted(rulings: &[Ruling]) -> Vec<Noted> {
    rulings
        .iter()
        .map(|ruling| Noted {
            rule: ruling.verdict.finding.rule,
            level: ruling.action,
            container: ruling.verdict.finding.container.clone(),
            path: ruling.verdict.finding.path().pointer(),
        })
        .collect()
}
