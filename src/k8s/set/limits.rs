//! LimitRanges: what a namespace gives to containers that say nothing, and what it refuses.

use super::ranger::Bound;
use crate::k8s::object::Object;
use crate::k8s::quantity::Quantity;
use crate::node::Node;
use crate::source::Span;

/// Amounts by resource, with their places.
pub(super) type Amounts = Vec<(Box<str>, Quantity, Span)>;

/// A LimitRange that an API server would take.
#[derive(Clone, Debug)]
pub struct LimitRange {
    /// Its name.
    pub name: Box<str>,
    /// As written.
    pub namespace: Option<Box<str>>,
    /// Number of its file in the run.
    pub file: u32,
    /// Its rules.
    pub(super) items: Vec<Item>,
    /// What containers without a limit get.
    pub(super) limits: Amounts,
    /// What containers without a request get.
    pub(super) requests: Amounts,
}

/// What a rule of a LimitRange is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Container,
    Pod,
    Claim,
}

/// A rule of a LimitRange.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) about: About,
    min: Amounts,
    max: Amounts,
    ratio: Amounts,
}

pub(super) fn amount(amounts: &Amounts, resource: &str) -> Option<Quantity> {
    amounts.iter().find(|(name, ..)| **name == *resource).map(|(_, quantity, _)| *quantity)
}

impl LimitRange {
    /// What a LimitRange says; none where a part of it can't be read, or an API server would refuse it.
    pub(super) fn of(file: u32, object: Object<'_>) -> Option<Self> {
        let mut range = Self {
            name: object.name().into(),
            namespace: object.namespace().map(Into::into),
            file,
            items: Vec::new(),
            limits: Vec::new(),
            requests: Vec::new(),
        };
        let items = object.root.get("spec")?.get("limits")?;
        for item in items.items() {
            let about = match item.get("type")?.as_str()? {
                "Container" => About::Container,
                "Pod" => About::Pod,
                "PersistentVolumeClaim" => About::Claim,
                _ => continue,
            };
            let read = |key| item.get(key).map_or_else(|| Some(Vec::new()), amounts);
            let (min, max) = (read("min")?, read("max")?);
            let (limits, requests) = (read("default")?, read("defaultRequest")?);
            if !agree(&[&min, &requests, &limits, &max]) {
                return None;
            }
            if about == About::Container {
                range.give(limits, requests, &min, &max);
            }
            range.items.push(Item { about, min, max, ratio: read("maxLimitRequestRatio")? });
        }
        Some(range)
    }

    /// `SetDefaults_LimitRangeItem` in kubernetes `pkg/apis/core/v1/defaults.go`: a default limit follows `max`; a
    /// default request follows the default limit, then `min`.
    fn give(&mut self, mut limits: Amounts, mut requests: Amounts, min: &Amounts, max: &Amounts) {
        fn fill(amounts: &mut Amounts, from: &Amounts) {
            let absent = |one: &&(Box<str>, Quantity, Span)| amounts.iter().all(|(name, ..)| *name != one.0);
            let further: Amounts = from.iter().filter(absent).cloned().collect();
            amounts.extend(further);
        }
        fill(&mut limits, max);
        fill(&mut requests, &limits);
        fill(&mut requests, min);
        // Of two rules about containers the later one counts (defaultContainerResourceRequirements, kubernetes
        // plugin/pkg/admission/limitranger/admission.go).
        fill(&mut limits, &self.limits);
        fill(&mut requests, &self.requests);
        (self.limits, self.requests) = (limits, requests);
    }

    /// The memory limit that containers without one get.
    #[must_use]
    pub fn memory_limit(&self) -> Option<Quantity> {
        amount(&self.limits, "memory")
    }

    /// The memory request that containers without one get.
    #[must_use]
    pub fn memory_request(&self) -> Option<Quantity> {
        amount(&self.requests, "memory")
    }

    /// Whether it gives a container a limit, or a request, that has none.
    #[must_use]
    pub fn gives(&self, limit: bool, resource: &str) -> bool {
        amount(if limit { &self.limits } else { &self.requests }, resource).is_some()
    }
}

impl Item {
    /// Its bounds, in the order in which the API server looks at them.
    pub(super) fn bounds(&self) -> impl Iterator<Item = (Bound, &(Box<str>, Quantity, Span))> {
        let min = self.min.iter().map(|one| (Bound::Min, one));
        let max = self.max.iter().map(|one| (Bound::Max, one));
        min.chain(max).chain(self.ratio.iter().map(|one| (Bound::Ratio, one)))
    }
}

/// The amounts of a mapping; none where one of them can't be read.
fn amounts(owner: Node<'_>) -> Option<Amounts> {
    let read = crate::k8s::resources::amounts(owner)?;
    let spans = owner.entries().map(|(_, value)| value.span());
    Some(read.into_iter().zip(spans).map(|((name, quantity), span)| (name.into(), quantity, span)).collect())
}

/// Whether the amounts of each resource don't sink from one list to the next (ValidateLimitRange in kubernetes
/// `pkg/apis/core/validation/validation.go`).
fn agree(lists: &[&Amounts]) -> bool {
    let names = lists.iter().flat_map(|list| list.iter()).map(|(name, ..)| &**name);
    names.into_iter().all(|name| lists.iter().filter_map(|list| amount(list, name)).is_sorted())
}
