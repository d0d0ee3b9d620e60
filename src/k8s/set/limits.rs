//! LimitRanges: what a namespace gives to containers that say nothing.

use crate::k8s::field::Field;
use crate::k8s::object::Object;
use crate::k8s::quantity::Quantity;
use crate::node::Node;

/// A LimitRange's defaults for containers.
#[derive(Debug)]
pub(super) struct LimitRange {
    pub(super) namespace: Option<String>,
    pub(super) memory_limit: Option<Quantity>,
    pub(super) memory_request: Option<Quantity>,
}

/// The defaults of a LimitRange, one for each item about containers.
pub(super) fn limit_ranges(object: Object<'_>) -> Vec<LimitRange> {
    let items = object.root.get("spec").and_then(|spec| spec.get("limits"));
    let containers = items.into_iter().flat_map(Node::items);
    let containers = containers.filter(|item| item.get("type").and_then(Node::as_str) == Some("Container"));
    containers
        .map(|item| {
            let amount = |keys| Quantity::parse(Field::new(object.root, item, keys).node()?.scalar()?).ok();
            let memory_limit = amount(&["default", "memory"]).or_else(|| amount(&["max", "memory"]));
            LimitRange {
                namespace: object.namespace().map(str::to_owned),
                // `defaultRequest` follows `default`, then `min` (SetDefaults_LimitRangeItem,
                // kubernetes pkg/apis/core/v1/defaults.go).
                memory_request: amount(&["defaultRequest", "memory"])
                    .or_else(|| amount(&["default", "memory"]))
                    .or_else(|| amount(&["min", "memory"]))
                    .or(memory_limit),
                memory_limit,
            }
        })
        .collect()
}
