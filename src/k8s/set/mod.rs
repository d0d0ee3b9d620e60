//! What the other manifests of a run say.
//!
//! Read in a first pass that keeps names, keys, where they stand, and the few things about values
//! that rules ask for; the trees are dropped.

mod facts;
mod kustomize;
mod limits;
mod lookup;
pub mod references;
mod start;

pub use facts::{Fact, Facts, Key, Keys, PROVIDERS, Sort, Value};
pub use kustomize::patch_files;
pub use lookup::Standing;
pub use start::{Interpreter, NoStart, Start};

use super::image::Image;
use super::quantity::Quantity;
use limits::LimitRange;
use std::collections::HashMap;

/// Facts of the run.
#[derive(Debug, Default)]
pub struct Set {
    /// Whether what is absent from the run is absent from the cluster.
    complete: bool,
    /// By sort and name.
    named: HashMap<(Sort, Box<str>), Vec<Fact>>,
    limit_ranges: Vec<LimitRange>,
    retagged: Vec<String>,
    gives_selectors: bool,
    gives_namespaces: bool,
}

impl Set {
    /// A set that sees all there is, or not.
    #[must_use]
    pub fn new(complete: bool) -> Self {
        Self { complete, ..Self::default() }
    }

    /// Takes over the facts of a file. The files come in their order, whatever order they were read in.
    pub fn add(&mut self, facts: Facts) {
        for (sort, name, fact) in facts.named {
            self.named.entry((sort, name)).or_default().push(fact);
        }
        self.limit_ranges.extend(facts.limit_ranges);
        self.retagged.extend(facts.retagged);
        self.gives_selectors |= facts.gives_selectors;
        self.gives_namespaces |= facts.gives_namespaces;
    }

    /// Whether what is absent from the run is absent from the cluster.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether a kustomization of the run writes labels into selectors, so that an object without one
    /// may still get it.
    #[must_use]
    pub fn gives_selectors(&self) -> bool {
        self.gives_selectors
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
