//! What the other manifests of a run say.
//!
//! Read in a first pass that keeps a few facts and drops the trees.

use super::field::Field;
use super::image::Image;
use super::object::Object;
use super::quantity::Quantity;
use crate::node::Node;

/// Words that a file must hold for the first pass to read it at all.
pub const WORDS: &[&str] = &["LimitRange", "images:"];

/// Facts of the run.
#[derive(Debug, Default)]
pub struct Set {
    limit_ranges: Vec<LimitRange>,
    retagged: Vec<String>,
}

/// A LimitRange's defaults for containers.
#[derive(Debug)]
struct LimitRange {
    namespace: Option<String>,
    memory_limit: Option<Quantity>,
    memory_request: Option<Quantity>,
}

impl Set {
    /// Keeps an object's facts.
    pub fn add(&mut self, object: Object<'_>) {
        if object.kind == "LimitRange" && object.group().is_empty() {
            let items = object.root.get("spec").and_then(|spec| spec.get("limits"));
            for item in items.into_iter().flat_map(Node::items) {
                if item.get("type").and_then(Node::as_str) != Some("Container") {
                    continue;
                }
                let amount = |keys| Quantity::parse(Field::new(object.root, item, keys).node()?.scalar()?).ok();
                let memory_limit = amount(&["default", "memory"]).or_else(|| amount(&["max", "memory"]));
                self.limit_ranges.push(LimitRange {
                    namespace: object.namespace().map(str::to_owned),
                    // `defaultRequest` follows `default`, then `min` (SetDefaults_LimitRangeItem,
                    // kubernetes pkg/apis/core/v1/defaults.go).
                    memory_request: amount(&["defaultRequest", "memory"])
                        .or_else(|| amount(&["default", "memory"]))
                        .or_else(|| amount(&["min", "memory"]))
                        .or(memory_limit),
                    memory_limit,
                });
            }
        }
    }

    /// Keeps the images that a kustomization gives another tag or digest.
    pub fn add_kustomization(&mut self, root: Node<'_>) {
        for image in root.get("images").into_iter().flat_map(Node::items) {
            let retags = ["newTag", "digest"].iter().any(|key| image.get(key).is_some_and(|node| !node.is_null()));
            if let (true, Some(name)) = (retags, image.get("name").and_then(Node::as_str)) {
                self.retagged.push(name.to_owned());
            }
        }
    }

    fn limit_range(&self, namespace: Option<&str>) -> impl Iterator<Item = &LimitRange> {
        // An absent namespace matches any: the command line may name it.
        self.limit_ranges.iter().filter(move |range| match (&range.namespace, namespace) {
            (Some(range), Some(namespace)) => range == namespace,
            _ => true,
        })
    }

    /// The memory limit that a LimitRange gives to containers without one.
    #[must_use]
    pub fn default_memory_limit(&self, namespace: Option<&str>) -> Option<Quantity> {
        self.limit_range(namespace).find_map(|range| range.memory_limit)
    }

    /// The memory request that a LimitRange gives to containers without one.
    #[must_use]
    pub fn default_memory_request(&self, namespace: Option<&str>) -> Option<Quantity> {
        self.limit_range(namespace).find_map(|range| range.memory_request)
    }

    /// Whether a kustomization of the run gives the image a tag or digest of its own.
    #[must_use]
    pub fn retags(&self, image: &Image<'_>) -> bool {
        let name = image.written.split('@').next().unwrap_or_default();
        let name = name.strip_suffix(image.tag.unwrap_or_default()).map_or(name, |name| name.trim_end_matches(':'));
        self.retagged.iter().any(|retagged| retagged == name)
    }
}

/// Files that a kustomization names as patches; entries may also hold the patch itself.
pub fn patch_files<'t>(root: Node<'t>) -> impl Iterator<Item = &'t str> {
    let list = move |key: &str| root.get(key).into_iter().flat_map(Node::items);
    let named = list("patches").chain(list("patchesJson6902")).filter_map(|entry| entry.get("path")?.as_str());
    let merged = list("patchesStrategicMerge").filter_map(Node::as_str);
    named.chain(merged).filter(|file| !file.contains('\n'))
}
