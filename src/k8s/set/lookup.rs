//! Names to facts: there, not there, or nearly.

use super::Set;
use super::facts::{Fact, Sort};
use super::near::Names;
use super::references::{Reference, Use};
use super::values::{Key, Keys};
use crate::k8s::validate::is_placeholder;
use crate::node::Node;
use std::collections::HashMap;

/// Where a reference leads.
#[derive(Debug)]
pub enum Standing<'s> {
    /// To an object that has what is wanted, or may have it.
    Sound,
    /// To an object without the key; its keys.
    NoKey(&'s Fact, &'s [Key]),
    /// To nothing in its namespace; to an object of the same name in another.
    OtherNamespace(&'s Fact, &'s str),
    /// To nothing; an object's name is nearly the same.
    NearMiss(&'s Fact, &'s str),
    /// To nothing of the run.
    Absent,
}

/// Where a name leads.
#[derive(Debug)]
pub enum Found<'s> {
    /// To objects, of which any may be the right one: one may stand in several files, as for several environments.
    Here(Vec<&'s Fact>),
    /// To something that may be there, though nothing of the run is.
    Elsewhere,
    /// To an object of another namespace alone.
    OtherNamespace(&'s Fact, &'s str),
    /// To nothing; a single other name is nearly the same.
    NearMiss(&'s Fact, &'s str),
    /// To nothing.
    Absent,
}

/// Kubernetes itself puts it into every namespace (kubernetes
/// `pkg/controller/certificates/rootcacertpublisher`), or into the first one.
const IN_EVERY_NAMESPACE: [(Sort, &str); 3] =
    [(Sort::ConfigMap, "kube-root-ca.crt"), (Sort::ServiceAccount, "default"), (Sort::Service, "kubernetes")];

/// All names of a sort, to be asked for those that are nearly the same.
#[derive(Debug, Default)]
pub(super) struct NearNames(HashMap<Sort, Names>);

impl Set {
    fn near_names(&self, sort: Sort) -> Option<&Names> {
        let all = self.near.get_or_init(|| {
            let mut near = NearNames::default();
            let mut keys: Vec<_> = self.named.keys().collect();
            keys.sort_unstable_by(|a, b| a.1.cmp(&b.1));
            keys.into_iter().for_each(|(sort, name)| near.0.entry(*sort).or_default().add(name));
            near
        });
        all.0.get(&sort)
    }

    fn facts(&self, sort: Sort, name: &str) -> &[Fact] {
        self.named.get(&(sort, name.into())).map_or(&[], Vec::as_slice)
    }

    /// Where a name leads from a namespace.
    #[must_use]
    pub fn find(&self, sort: Sort, name: &str, namespace: Option<&str>) -> Found<'_> {
        if IN_EVERY_NAMESPACE.contains(&(sort, name)) || is_placeholder(name) {
            return Found::Elsewhere;
        }
        let same_name = self.facts(sort, name);
        let here: Vec<&Fact> =
            same_name.iter().filter(|fact| self.reaches(fact.namespace.as_deref(), namespace)).collect();
        if !here.is_empty() {
            return Found::Here(here);
        }
        if self.is_renamed(sort, name) {
            return Found::Elsewhere;
        }
        if let Some(fact) = same_name.first() {
            return Found::OtherNamespace(fact, fact.namespace.as_deref().unwrap_or_default());
        }
        let near = self.near_names(sort).map(|names| names.near(name)).unwrap_or_default();
        let near: Vec<_> = near
            .into_iter()
            .filter_map(|near| {
                let mut facts = self.facts(sort, near).iter();
                Some((facts.find(|fact| self.reaches(fact.namespace.as_deref(), namespace))?, near))
            })
            .collect();
        match near[..] {
            [(fact, near)] => Found::NearMiss(fact, near),
            _ => Found::Absent,
        }
    }

    /// Whether a kustomization of the run may give an object of the run this name, by a prefix or a suffix.
    fn is_renamed(&self, sort: Sort, name: &str) -> bool {
        if self.prefixes.is_empty() && self.suffixes.is_empty() {
            return false;
        }
        let cuts = || (0..=name.len()).filter(|at| name.is_char_boundary(*at));
        let starts: Vec<usize> = cuts().filter(|at| *at == 0 || self.prefixes.contains(&name[..*at])).collect();
        let ends: Vec<usize> = cuts().filter(|at| *at == name.len() || self.suffixes.contains(&name[*at..])).collect();
        starts
            .iter()
            .any(|start| ends.iter().any(|end| start < end && !self.facts(sort, &name[*start..*end]).is_empty()))
    }

    /// Where a reference leads. What can't be told is sound.
    #[must_use]
    pub fn standing(&self, reference: &Reference<'_>) -> Standing<'_> {
        match self.find(reference.sort, reference.name, reference.namespace()) {
            Found::Here(here) => key_standing(&here, reference),
            Found::Elsewhere => Standing::Sound,
            Found::OtherNamespace(fact, there) => Standing::OtherNamespace(fact, there),
            Found::NearMiss(fact, near) => Standing::NearMiss(fact, near),
            Found::Absent => Standing::Absent,
        }
    }

    /// Whether what lies in one namespace is seen from another. An object that names none may lie in any, and a
    /// kustomization may move all of them.
    #[must_use]
    pub fn reaches(&self, there: Option<&str>, here: Option<&str>) -> bool {
        match (there, here) {
            (Some(there), Some(here)) => {
                there == here || self.gives_namespaces || is_placeholder(there) || is_placeholder(here)
            }
            _ => true,
        }
    }

    /// Facts of the objects that a reference leads to.
    pub fn referred<'s>(&'s self, reference: &Reference<'_>) -> impl Iterator<Item = &'s Fact> {
        let namespace = reference.namespace().map(str::to_owned);
        let same_name = self.facts(reference.sort, reference.name).iter();
        same_name.filter(move |fact| self.reaches(fact.namespace.as_deref(), namespace.as_deref()))
    }
}

fn key_standing<'s>(here: &[&'s Fact], reference: &Reference<'_>) -> Standing<'s> {
    let wanted = reference.key.and_then(Node::as_str).filter(|key| !waits(key));
    let (Some(wanted), Some(first)) = (wanted, here.first()) else { return Standing::Sound };
    // Of several states of an object, one that has the key is enough.
    let may_hold = |fact: &&Fact| match &fact.keys {
        Keys::Unknown => true,
        Keys::Known(keys) => keys.iter().any(|key| {
            // A variable reads `data` only (`pkg/kubelet/kubelet_pods.go`, makeEnvironmentVariables).
            (*key.name == *wanted || waits(&key.name)) && !(key.binary && reference.how == Use::Variable)
        }),
    };
    match &first.keys {
        Keys::Known(keys) if !here.iter().any(may_hold) => Standing::NoKey(first, keys),
        _ => Standing::Sound,
    }
}

/// Whether a key still waits for a tool to fill it in. Keys are often words in capitals.
fn waits(key: &str) -> bool {
    key.contains(['{', '}', '<', '>', '$', '%'])
}
