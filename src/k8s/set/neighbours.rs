//! Which objects meet in one namespace.

use super::Set;
use super::limits::LimitRange;
use super::quotas::Quota;
use crate::k8s::validate::is_placeholder;
use std::collections::HashMap;

/// How sure it is that two objects lie in one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Neighbours {
    /// Likely: both name it, far from each other; or one of them names none, and they stand beside each other, or the
    /// run sees all there is.
    Likely,
    /// Both name it, or neither does, and they are applied together.
    Certain,
}

/// Where an object stands: its namespace as written, and the number of its file.
pub type Home<'h> = (Option<&'h str>, u32);

/// What lies in a namespace.
#[derive(Debug)]
pub(super) struct ByNamespace<T> {
    all: Vec<T>,
    at: HashMap<Option<Box<str>>, Vec<u32>>,
}

impl<T> Default for ByNamespace<T> {
    fn default() -> Self {
        Self { all: Vec::new(), at: HashMap::new() }
    }
}

/// An object that has a namespace.
pub(super) trait Housed {
    fn name(&self) -> &str;
    fn home(&self) -> Home<'_>;
}

impl Housed for LimitRange {
    fn name(&self) -> &str {
        &self.name
    }

    fn home(&self) -> Home<'_> {
        (self.namespace.as_deref(), self.file)
    }
}

impl Housed for Quota {
    fn name(&self) -> &str {
        &self.name
    }

    fn home(&self) -> Home<'_> {
        (self.namespace.as_deref(), self.file)
    }
}

impl<T: Housed> ByNamespace<T> {
    pub(super) fn add(&mut self, one: T) {
        let namespace = one.home().0.map(Into::into);
        self.at.entry(namespace).or_default().push(self.all.len() as u32);
        self.all.push(one);
    }

    /// What lies in a namespace or may, in the order of the files. An absent one matches any: the command line may
    /// name it.
    pub(super) fn reaching(&self, namespace: Option<&str>) -> impl Iterator<Item = &T> {
        let list = |namespace: Option<&str>| self.at.get(&namespace.map(Into::into)).map_or(&[][..], Vec::as_slice);
        let mut some: Vec<u32> = match namespace {
            Some(_) => [list(namespace), list(None)].concat(),
            None => Vec::new(),
        };
        some.sort_unstable();
        let all = if namespace.is_none() { &self.all[..] } else { &[] };
        some.into_iter().map(|at| &self.all[at as usize]).chain(all)
    }
}

/// States of one object, and how sure it is that it lies in the same namespace as who asks.
pub type States<'s, T> = Vec<(Neighbours, Vec<&'s T>)>;

/// Objects of a namespace that are looked at. Beyond, nothing is said.
const MAX_LOOKED_AT: usize = 64;

impl Set {
    /// How sure it is that two objects lie in one namespace; none where they don't, or nothing speaks for it.
    #[must_use]
    pub fn neighbours(&self, one: Home<'_>, other: Home<'_>) -> Option<Neighbours> {
        let beside = self.is_near(one.1, other.1);
        match (one.0, other.0) {
            (Some(name), Some(same)) if name == same && !is_placeholder(name) => {
                // Two clusters of one repository may each have it; `default` every cluster has.
                let together = self.is_complete() || self.is_within(one.1, other.1) || self.is_within(other.1, one.1);
                match together {
                    false if name == "default" => None,
                    true if !self.gives_namespaces => Some(Neighbours::Certain),
                    _ => Some(Neighbours::Likely),
                }
            }
            (Some(_), Some(_)) => None,
            (None, None) if self.is_complete() || one.1 == other.1 => Some(Neighbours::Certain),
            _ => (beside || self.is_complete()).then_some(Neighbours::Likely),
        }
    }

    /// Whether two files lie in one folder, or are one.
    pub(super) fn is_near(&self, one: u32, other: u32) -> bool {
        let folder = |file: u32| self.folders.get(file as usize);
        one == other || folder(one).is_some_and(|folder_of| Some(folder_of) == folder(other))
    }

    /// Whether a file lies in the folder of another one, or below.
    pub(super) fn is_within(&self, file: u32, other: u32) -> bool {
        let place = |file: u32| self.places.get(*self.folders.get(file as usize)? as usize);
        place(file).zip(place(other)).is_some_and(|(below, above)| below.starts_with(above))
    }

    /// The LimitRanges of a namespace, by name.
    #[must_use]
    pub fn limit_ranges(&self, home: Home<'_>) -> States<'_, LimitRange> {
        self.states(&self.limit_ranges, home)
    }

    /// The ResourceQuotas of a namespace, by name.
    #[must_use]
    pub fn quotas(&self, home: Home<'_>) -> States<'_, Quota> {
        self.states(&self.quotas, home)
    }

    fn states<'s, T: Housed>(&self, all: &'s ByNamespace<T>, home: Home<'_>) -> States<'s, T> {
        let mut near: Vec<&T> = all.reaching(home.0).take(MAX_LOOKED_AT + 1).collect();
        if near.len() > MAX_LOOKED_AT {
            return Vec::new();
        }
        // What names no namespace can't lie in several.
        let mut named = near.iter().filter_map(|one| one.home().0);
        if home.0.is_none() && named.next().is_some_and(|first| named.any(|other| other != first)) {
            near.retain(|one| one.home().0.is_none());
        }
        let mut found: Vec<(&str, Option<Neighbours>, Vec<&T>)> = Vec::new();
        for one in near {
            let sure = self.neighbours(one.home(), home);
            match found.iter_mut().find(|(name, ..)| *name == one.name()) {
                Some((_, known, states)) => {
                    *known = sure.max(*known);
                    states.push(one);
                }
                None => found.push((one.name(), sure, vec![one])),
            }
        }
        found.into_iter().filter_map(|(_, sure, states)| Some((sure?, states))).collect()
    }
}
