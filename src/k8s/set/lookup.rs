//! Names to facts: there, not there, or nearly.

use super::Set;
use super::facts::{Fact, Key, Keys, Sort};
use super::references::{Reference, Use};
use crate::k8s::validate::is_placeholder;
use crate::node::Node;

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

/// Kubernetes itself puts it into every namespace (kubernetes
/// `pkg/controller/certificates/rootcacertpublisher`).
const IN_EVERY_NAMESPACE: [(Sort, &str); 2] =
    [(Sort::ConfigMap, "kube-root-ca.crt"), (Sort::ServiceAccount, "default")];

/// Shorter names differ by a letter because they are different.
const MIN_NEAR: usize = 5;

impl Set {
    /// Where a reference leads. What can't be told is sound.
    #[must_use]
    pub fn standing(&self, reference: &Reference<'_>) -> Standing<'_> {
        let (sort, name) = (reference.sort, reference.name);
        if IN_EVERY_NAMESPACE.contains(&(sort, name)) || is_placeholder(name) {
            return Standing::Sound;
        }
        let same_name = self.named.get(&(sort, name.into())).map_or(&[][..], Vec::as_slice);
        let here: Vec<&Fact> = same_name.iter().filter(|fact| self.reaches(fact, reference.namespace())).collect();
        if let Some(first) = here.first() {
            return self.key_standing(first, &here, reference);
        }
        if let Some(fact) = same_name.first() {
            return Standing::OtherNamespace(fact, fact.namespace.as_deref().unwrap_or_default());
        }
        let near = self.named.iter().filter(|((near, _), facts)| {
            *near == sort && facts.iter().any(|fact| self.reaches(fact, reference.namespace()))
        });
        let mut near: Vec<_> = near.filter(|((_, near), _)| is_near(near, name)).collect();
        near.sort_by(|a, b| a.0.1.cmp(&b.0.1));
        match near[..] {
            [((_, near), facts)] => Standing::NearMiss(&facts[0], near),
            _ => Standing::Absent,
        }
    }

    /// Whether an object lies in a namespace. One that names none may lie in any, and a kustomization
    /// may move all of them.
    fn reaches(&self, fact: &Fact, namespace: Option<&str>) -> bool {
        match (fact.namespace.as_deref(), namespace) {
            (Some(there), Some(namespace)) => {
                there == namespace || self.gives_namespaces || is_placeholder(there) || is_placeholder(namespace)
            }
            _ => true,
        }
    }

    fn key_standing<'s>(&'s self, first: &'s Fact, here: &[&'s Fact], reference: &Reference<'_>) -> Standing<'s> {
        let Some(wanted) = reference.key.and_then(Node::as_str).filter(|key| !waits(key)) else {
            return Standing::Sound;
        };
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

    /// Facts of the objects that a reference leads to.
    pub fn referred<'s>(&'s self, reference: &Reference<'_>) -> impl Iterator<Item = &'s Fact> {
        self.named(reference.sort, reference.name, reference.namespace())
    }

    /// Facts of the objects of a name: more than one where a run holds several states of it.
    pub fn named<'s>(&'s self, sort: Sort, name: &str, namespace: Option<&str>) -> impl Iterator<Item = &'s Fact> {
        let namespace = namespace.map(str::to_owned);
        let same_name = self.named.get(&(sort, name.into())).map_or(&[][..], Vec::as_slice);
        same_name.iter().filter(move |fact| self.reaches(fact, namespace.as_deref()))
    }
}

/// Whether a key still waits for a tool to fill it in. Keys are often words in capitals.
fn waits(key: &str) -> bool {
    key.contains(['{', '}', '<', '>', '$', '%'])
}

/// Whether two names differ as by a slip: one letter, or two that changed places; never a digit.
fn is_near(known: &str, name: &str) -> bool {
    let letters = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    name.len() >= MIN_NEAR && letters(known) == letters(name) && strsim::osa_distance(known, name) == 1
}
