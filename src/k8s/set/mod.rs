//! What the other manifests of a run say.
//!
//! Read in a first pass that keeps names, keys, where they stand, and the few things about values
//! that rules ask for; the trees are dropped. What workloads say of their pods is gathered while they are read in the
//! second pass, and known when that has ended (`late`).

mod behind;
mod bound;
mod dependencies;
mod facts;
mod kustomize;
mod late;
mod limits;
mod links;
mod lookup;
mod near;
mod neighbours;
mod quotas;
mod ranger;
pub mod references;
mod scales;
mod selector;
mod services;
mod start;
mod values;
mod variables;

pub use behind::Chosen;
pub use bound::Nearly;
pub use dependencies::{Address, Fault};
pub use facts::{Detail, Fact, Facts, PROVIDERS, Sort};
pub use kustomize::{is_component, patch_files, sources};
pub use late::{Account, Asked, Gap, Late, Pods, Question, Subject, subjects};
pub use limits::LimitRange;
pub use links::Link;
pub use lookup::{Found, Standing};
pub use neighbours::{Home, Neighbours, States};
pub use quotas::{Counted, Quota, Scope};
pub use ranger::{Bound, Owner, Violation, violations};
pub use scales::Scale;
pub use selector::Selector;
pub use services::{Exposes, Place, Service, ServicePort};
pub use start::{Interpreter, NoStart, Start};
pub use values::{Key, Keys, Value};

use super::image::Image;
use super::quantity::Quantity;
use links::LinkNames;
use lookup::NearNames;
use neighbours::ByNamespace;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Facts of the run.
#[derive(Debug, Default)]
pub struct Set {
    /// Whether what is absent from the run is absent from the cluster.
    complete: bool,
    /// By sort and name.
    named: HashMap<(Sort, Box<str>), Vec<Fact>>,
    near: OnceLock<NearNames>,
    link_names: OnceLock<LinkNames>,
    namespaces: OnceLock<HashSet<Box<str>>>,
    limit_ranges: ByNamespace<LimitRange>,
    quotas: ByNamespace<Quota>,
    scales: HashMap<Box<str>, Vec<Scale>>,
    retagged: Vec<String>,
    prefixes: HashSet<Box<str>>,
    suffixes: HashSet<Box<str>>,
    /// Names of `vars`.
    substituted: HashSet<Box<str>>,
    gives_selectors: bool,
    gives_namespaces: bool,
    reads_elsewhere: bool,
    /// The folder of each file, by number.
    folders: Vec<u32>,
    /// The folders, by number.
    places: Vec<PathBuf>,
    late: Option<Late>,
}

/// States of one object that are kept. One more makes its keys unknown.
const MAX_STATES: usize = 100;

impl Set {
    /// A set that sees all there is, or not.
    #[must_use]
    pub fn new(complete: bool) -> Self {
        Self { complete, ..Self::default() }
    }

    /// Names the next folder; the first one has number 0.
    pub fn add_folder(&mut self, place: PathBuf) {
        self.places.push(place);
    }

    /// Takes over the facts of a file that lies in a folder of this number. The files come in their order, whatever
    /// order they were read in.
    pub fn add(&mut self, folder: u32, facts: &mut Facts) {
        self.folders.push(folder);
        for (sort, name, fact) in std::mem::take(&mut facts.named) {
            let states = self.named.entry((sort, name)).or_default();
            if states.len() > MAX_STATES || states.iter().any(|known| fact.repeats(known)) {
                continue;
            }
            let keys = if states.len() == MAX_STATES { Keys::Unknown } else { fact.keys };
            states.push(Fact { keys, ..fact });
        }
        facts.limit_ranges.drain(..).for_each(|range| self.limit_ranges.add(range));
        facts.quotas.drain(..).for_each(|quota| self.quotas.add(quota));
        for scale in facts.scales.drain(..) {
            self.scales.entry(scale.name.clone()).or_default().push(scale);
        }
        self.retagged.append(&mut facts.retagged);
        self.prefixes.extend(facts.prefixes.drain(..));
        self.suffixes.extend(facts.suffixes.drain(..));
        self.substituted.extend(facts.substituted.drain(..));
        self.gives_selectors |= facts.gives_selectors;
        self.gives_namespaces |= facts.gives_namespaces;
        self.reads_elsewhere |= facts.reads_elsewhere;
    }

    /// Says what all files have said of pods and accounts: from here on everything is known.
    pub fn close(&mut self, files: impl IntoIterator<Item = Facts>) {
        self.late = Some(Late::new(files));
    }

    /// What is known of pods and accounts, once it is.
    #[must_use]
    pub fn late(&self) -> Option<&Late> {
        self.late.as_ref()
    }

    /// Whether what is absent from the run is absent from the cluster: the policy says so, and no kustomization of the
    /// run reads from elsewhere.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete && !self.reads_elsewhere
    }

    /// Whether a kustomization of the run writes labels into selectors, so that an object without one
    /// may still get it.
    #[must_use]
    pub fn gives_selectors(&self) -> bool {
        self.gives_selectors
    }

    /// The memory limit that a LimitRange gives to containers without one.
    #[must_use]
    pub fn default_memory_limit(&self, namespace: Option<&str>) -> Option<Quantity> {
        self.limit_ranges.reaching(namespace).find_map(LimitRange::memory_limit)
    }

    /// The same, as far as something speaks for it that the LimitRange is in the container's namespace: both name it, or
    /// one that names none lies in the same folder, in one above, or in a run that sees all there is.
    #[must_use]
    pub fn gives_memory_limit(&self, home: Home<'_>) -> bool {
        let above = |range: &LimitRange| range.namespace.is_none() && self.is_within(home.1, range.file);
        let both_moved = |range: &LimitRange| self.gives_namespaces && range.namespace.is_none() && home.0.is_none();
        self.limit_ranges.reaching(home.0).any(|range| {
            let near = self.neighbours((range.namespace.as_deref(), range.file), home).is_some()
                || above(range)
                || both_moved(range);
            near && range.memory_limit().is_some()
        })
    }

    /// The memory request that a LimitRange gives to containers without one.
    #[must_use]
    pub fn default_memory_request(&self, namespace: Option<&str>) -> Option<Quantity> {
        self.limit_ranges.reaching(namespace).find_map(LimitRange::memory_request)
    }

    /// Whether a LimitRange may give a container without one a limit, or a request.
    #[must_use]
    pub fn may_give(&self, namespace: Option<&str>, limit: bool, resource: &str) -> bool {
        self.limit_ranges.reaching(namespace).any(|range| range.gives(limit, resource))
    }

    /// What autoscalers say of a workload.
    pub fn scales<'s>(&'s self, kind: &str, name: &str, namespace: Option<&str>) -> impl Iterator<Item = &'s Scale> {
        let all = self.scales.get(name).map_or(&[][..], Vec::as_slice).iter().take(MAX_STATES);
        all.filter(move |scale| *scale.kind == *kind && self.reaches(scale.namespace.as_deref(), namespace))
    }

    /// Whether a kustomization of the run gives the image a tag or digest of its own.
    #[must_use]
    pub fn retags(&self, image: &Image<'_>) -> bool {
        let name = image.written.split('@').next().unwrap_or_default();
        let name = name.strip_suffix(image.tag.unwrap_or_default()).map_or(name, |name| name.trim_end_matches(':'));
        self.retagged.iter().any(|retagged| retagged == name)
    }
}
