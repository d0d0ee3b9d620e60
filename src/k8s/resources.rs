//! What a container asks for and may use, resource by resource.

use super::container::Container;
use super::field::Field;
use super::pod::Workload;
use super::quantity::Quantity;
use crate::node::{Kind, Node};
use crate::path::Path;

/// Requests and limits as written.
#[derive(Clone, Debug, Default)]
pub struct Amounts<'t> {
    requests: Vec<(&'t str, Quantity)>,
    limits: Vec<(&'t str, Quantity)>,
}

impl<'t> Amounts<'t> {
    /// The request or limit of a resource, as written.
    #[must_use]
    pub fn written(&self, limit: bool, resource: &str) -> Option<Quantity> {
        let list = if limit { &self.limits } else { &self.requests };
        list.iter().find(|(name, _)| *name == resource).map(|(_, quantity)| *quantity)
    }

    /// The limit as written; the request as `SetDefaults_Pod` makes it (kubernetes
    /// `pkg/apis/core/v1/defaults.go`): the limit, where nothing is written.
    #[must_use]
    pub fn of_pod(&self, limit: bool, resource: &str) -> Option<Quantity> {
        self.written(limit, resource).or_else(|| self.written(true, resource))
    }

    /// Whether nothing is asked for and nothing limited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.limits.is_empty()
    }

    /// Resources with a request.
    pub fn requested(&self) -> impl Iterator<Item = &'t str> {
        self.requests.iter().map(|(name, _)| *name)
    }
}

/// The amounts below a mapping; none where one of them can't be read.
pub(super) fn amounts(owner: Node<'_>) -> Option<Vec<(&str, Quantity)>> {
    if owner.is_null() {
        return Some(Vec::new());
    }
    if owner.kind() != Kind::Mapping {
        return None;
    }
    owner.entries().map(|(key, value)| Some((key.scalar()?, Quantity::parse(value.scalar()?.trim()).ok()?))).collect()
}

/// What `requests` and `limits` below a mapping say; none where one of them can't be read.
pub(super) fn requirements(resources: Option<Node<'_>>) -> Option<Amounts<'_>> {
    let of = |key| resources.and_then(|node| node.get(key)).map_or_else(|| Some(Vec::new()), amounts);
    if resources.is_some_and(|node| !node.is_null() && node.kind() != Kind::Mapping) {
        return None;
    }
    Some(Amounts { requests: of("requests")?, limits: of("limits")? })
}

impl<'t> Container<'t> {
    /// What it asks for and may use; none where an amount can't be read.
    #[must_use]
    pub fn amounts(self) -> Option<Amounts<'t>> {
        requirements(self.node.get("resources"))
    }

    /// Where a request or limit stands or would stand; for a resource without a name of Kubernetes' own, all of
    /// its resources.
    #[must_use]
    pub fn amount_field(self, limit: bool, resource: &str) -> Field<'t> {
        let keys: &'static [&'static str] = match (limit, resource) {
            (false, "cpu") => &["resources", "requests", "cpu"],
            (true, "cpu") => &["resources", "limits", "cpu"],
            (false, "memory") => &["resources", "requests", "memory"],
            (true, "memory") => &["resources", "limits", "memory"],
            (false, "ephemeral-storage") => &["resources", "requests", "ephemeral-storage"],
            (true, "ephemeral-storage") => &["resources", "limits", "ephemeral-storage"],
            (false, _) => &["resources", "requests"],
            (true, _) => &["resources", "limits"],
        };
        Field::new(self.workload.object.root, self.node, keys)
    }
}

impl<'t> Workload<'t> {
    /// Whether the pod as a whole has requests or limits (`spec.resources`).
    #[must_use]
    pub fn has_resources(self) -> bool {
        self.spec.get("resources").is_some_and(|resources| !resources.is_null())
    }

    /// The path of its pod spec.
    #[must_use]
    pub fn spec_path(self) -> Path {
        self.spec.path_from(self.object.root)
    }
}
