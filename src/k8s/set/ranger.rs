//! What the API server's LimitRanger says of a workload's pods: kubernetes
//! `plugin/pkg/admission/limitranger/admission.go`, PodMutateLimitFunc and PodValidateLimitFunc.

use super::limits::{About, Item, LimitRange, amount};
use crate::k8s::container::{Container, Role};
use crate::k8s::pod::Workload;
use crate::k8s::quantity::Quantity;
use crate::k8s::resources::{Amounts, requirements};
use crate::node::Node;
use crate::source::Span;

/// What a LimitRange bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The least request and limit.
    Min,
    /// The greatest request and limit.
    Max,
    /// The greatest limit, as a multiple of the request.
    Ratio,
    /// The limit that the LimitRange gives, below the request that the container has: pods are validated
    /// after defaulting (validateContainerResourceRequirements).
    Given,
}

/// Whose amounts break a LimitRange.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'t> {
    /// A container.
    Container(Container<'t>),
    /// The pod's containers together.
    Pod,
    /// A claim that is made for each pod.
    Claim(Node<'t>),
}

/// A way in which a workload's pods break a LimitRange.
#[derive(Clone, Debug)]
pub struct Violation<'s, 't> {
    /// Whose amounts.
    pub owner: Owner<'t>,
    /// `cpu`, `memory` …
    pub resource: &'s str,
    /// What is broken.
    pub bound: Bound,
    /// Whether it is the limit, rather than the request, that breaks it.
    pub limit: bool,
    /// The amount that does; none where none is set and one has to be.
    pub amount: Option<Quantity>,
    /// What is allowed.
    pub allowed: Quantity,
    /// The LimitRange.
    pub range: &'s LimitRange,
    /// Where it says so.
    pub span: Span,
}

/// An amount after defaulting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    Absent,
    Known(Quantity),
    /// Something else decides.
    Unknown,
}

impl Amount {
    fn of(quantity: Option<Quantity>) -> Self {
        quantity.map_or(Self::Absent, Self::Known)
    }

    fn known(self) -> Option<Quantity> {
        if let Self::Known(quantity) = self { Some(quantity) } else { None }
    }

    /// addResourceList, maxResourceList
    fn join(self, other: Self, join: impl Fn(Quantity, Quantity) -> Quantity) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Absent, one) | (one, Self::Absent) => one,
            (Self::Known(one), Self::Known(two)) => Self::Known(join(one, two)),
        }
    }
}

/// The pods of a workload as the API server sees them after one LimitRange's defaulting.
struct Pod<'s, 't> {
    containers: Vec<(Container<'t>, Option<Amounts<'t>>)>,
    range: &'s LimitRange,
    /// LimitRanges that may give defaults, too: the order is chance.
    others: &'s [&'s LimitRange],
}

/// Violations that are told of one workload.
const MOST: usize = 20;

/// How a workload's pods break a LimitRange, where no other one hides it. `others` are further LimitRanges of the
/// namespace.
#[must_use]
pub fn violations<'s, 't>(
    workload: Workload<'t>,
    range: &'s LimitRange,
    others: &'s [&'s LimitRange],
) -> Vec<Violation<'s, 't>> {
    // Amounts of the pod as a whole stand above those of its containers.
    if workload.has_resources() {
        return Vec::new();
    }
    let containers = workload.containers().into_iter().map(|container| (container, container.amounts())).collect();
    let pod = Pod { containers, range, others };
    let mut found = Vec::new();
    for at in 0..pod.containers.len() {
        pod.given(at, &mut found);
    }
    // What one container breaks is said of that container, and not of the pod again.
    let (of_pods, others): (Vec<_>, Vec<_>) = range.items.iter().partition(|item| item.about == About::Pod);
    for item in others.into_iter().chain(of_pods) {
        match item.about {
            About::Container => {
                for (at, (container, _)) in pod.containers.iter().enumerate() {
                    let of = |limit, resource: &str| pod.amount(at, limit, resource);
                    pod.check(item, Owner::Container(*container), of, &mut found);
                }
            }
            About::Pod => pod.check(item, Owner::Pod, |limit, resource| pod.total(limit, resource), &mut found),
            About::Claim => {
                for claim in workload.claim_templates() {
                    let amounts = requirements(claim.get("spec").and_then(|spec| spec.get("resources")));
                    // Limits of claims are not looked at (PersistentVolumeClaimValidateLimitFunc).
                    let of = |_: bool, resource: &str| match &amounts {
                        Some(amounts) => Amount::of(amounts.written(false, resource)),
                        None => Amount::Unknown,
                    };
                    pod.check(item, Owner::Claim(claim), of, &mut found);
                }
            }
        }
    }
    found.truncate(MOST);
    found
}

impl<'s, 't> Pod<'s, 't> {
    /// What a container asks for, or may use, after defaulting.
    fn amount(&self, at: usize, limit: bool, resource: &str) -> Amount {
        let Some(amounts) = &self.containers[at].1 else { return Amount::Unknown };
        if let Some(written) = amounts.of_pod(limit, resource) {
            return Amount::Known(written);
        }
        if self.others.iter().any(|other| other.gives(limit, resource)) {
            return Amount::Unknown;
        }
        Amount::of(amount(if limit { &self.range.limits } else { &self.range.requests }, resource))
    }

    /// What all containers ask for, or may use (podRequests, podLimits).
    fn total(&self, limit: bool, resource: &str) -> Amount {
        let (mut sum, mut sidecars, mut greatest) = (Amount::Absent, Amount::Absent, Amount::Absent);
        for (at, (container, _)) in self.containers.iter().enumerate() {
            let amount = self.amount(at, limit, resource);
            match container.role {
                Role::App => sum = sum.join(amount, Quantity::plus),
                Role::Sidecar => {
                    sum = sum.join(amount, Quantity::plus);
                    sidecars = sidecars.join(amount, Quantity::plus);
                    greatest = greatest.join(sidecars, Quantity::max);
                }
                Role::Init => greatest = greatest.join(amount.join(sidecars, Quantity::plus), Quantity::max),
            }
        }
        sum.join(greatest, Quantity::max)
    }

    /// A request above the limit that the LimitRange gives.
    fn given(&self, at: usize, found: &mut Vec<Violation<'s, 't>>) {
        let (container, Some(amounts)) = &self.containers[at] else { return };
        for (resource, limit, span) in &self.range.limits {
            let request = amounts.written(false, resource).filter(|request| request > limit);
            let given = amounts.written(true, resource).is_none()
                && !self.others.iter().any(|other| other.gives(true, resource));
            let Some(request) = request.filter(|_| given) else { continue };
            found.push(Violation {
                owner: Owner::Container(*container),
                resource,
                bound: Bound::Given,
                limit: false,
                amount: Some(request),
                allowed: *limit,
                range: self.range,
                span: *span,
            });
        }
    }

    fn check(
        &self,
        item: &'s Item,
        owner: Owner<'t>,
        of: impl Fn(bool, &str) -> Amount,
        found: &mut Vec<Violation<'s, 't>>,
    ) {
        for (bound, (resource, allowed, span)) in item.bounds() {
            let (request, limit) = (of(false, resource), of(true, resource));
            let Some((is_limit, amount)) = broken(bound, *allowed, request, limit, matches!(owner, Owner::Claim(_)))
            else {
                continue;
            };
            // What is refused already says more.
            if found.iter().any(|known| known.same_amount(owner, resource, is_limit)) {
                continue;
            }
            found.push(Violation {
                owner,
                resource,
                bound,
                limit: is_limit,
                amount,
                allowed: *allowed,
                range: self.range,
                span: *span,
            });
        }
    }
}

impl Violation<'_, '_> {
    fn same_amount(&self, owner: Owner<'_>, resource: &str, limit: bool) -> bool {
        let same = match (self.owner, owner) {
            (Owner::Container(one), Owner::Container(two)) => one.path() == two.path(),
            (Owner::Pod | Owner::Container(_), Owner::Pod) => true,
            _ => false,
        };
        same && self.resource == resource && (self.limit == limit || self.bound == Bound::Given)
    }
}

/// minConstraint, maxConstraint, maxRequestConstraint, limitRequestRatioConstraint: whether the limit, rather than
/// the request, breaks a bound, and the amount that does.
fn broken(
    bound: Bound,
    allowed: Quantity,
    request: Amount,
    limit: Amount,
    claim: bool,
) -> Option<(bool, Option<Quantity>)> {
    let breaks = |amount: Amount, breaks: &dyn Fn(Quantity) -> bool| amount.known().filter(|amount| breaks(*amount));
    let below = |amount| breaks(amount, &|amount| amount.milli() < allowed.milli());
    let above = |amount| breaks(amount, &|amount| amount.milli() > allowed.milli());
    match bound {
        Bound::Min if request == Amount::Absent => Some((false, None)),
        Bound::Min => below(request)
            .map(|amount| (false, Some(amount)))
            .or_else(|| below(limit).map(|amount| (true, Some(amount)))),
        Bound::Max if claim && request == Amount::Absent => Some((false, None)),
        Bound::Max if claim => above(request).map(|amount| (false, Some(amount))),
        Bound::Max if limit == Amount::Absent => Some((true, None)),
        Bound::Max => above(limit)
            .map(|amount| (true, Some(amount)))
            .or_else(|| above(request).map(|amount| (false, Some(amount)))),
        Bound::Ratio => {
            let none = |amount: Amount| amount == Amount::Absent || amount.known().is_some_and(Quantity::is_zero);
            if none(request) {
                return Some((false, None));
            }
            if none(limit) {
                return Some((true, None));
            }
            let (asked, most) = (request.known()?, limit.known()?);
            let ratio = most.milli() as f64 / asked.milli() as f64;
            (ratio * 1000.0 > allowed.milli() as f64).then_some((true, Some(most)))
        }
        Bound::Given => None,
    }
}
