//! What the API server's validation would refuse at CREATE, although it decodes.
//!
//! Only what every version from 1.30 to 1.36 refuses, whatever its feature gates: an error that no
//! server raises is the worst this program can say. Functions named in comments are those of
//! Kubernetes' `pkg/apis/core/validation/validation.go`, where no other file is named. Quantities
//! of memory, image references and mounts without a volume have rules of their own.

mod container;
mod workload;

use super::decode::{Class, Misfit};
use super::kinds::{self, KINDS, Kind, Runs};
use super::object::Object;
use crate::node::{self, Node};
use crate::path::Path;

/// What the API server would refuse in an object: wrong types and broken rules, in document order.
#[must_use]
pub fn rejections(object: &Object<'_>, further: &[Kind]) -> Vec<Misfit> {
    if is_encrypted(object) {
        return Vec::new();
    }
    let mut misfits = super::schema::misfits(object, further);
    let waits = |path: &Path| object.root.at(path).is_some_and(waits);
    misfits.retain(|misfit| misfit.class == Class::Type && !waits(&misfit.path));
    let mut broken = Checker { root: object.root, misfits: Vec::new() };
    broken.object(object, further);
    // A value of a wrong type has been spoken of, and has no further meaning.
    broken.misfits.retain(|new| !misfits.iter().any(|old| new.path.starts_with(&old.path)));
    misfits.append(&mut broken.misfits);
    misfits.sort_by_cached_key(|misfit| (object.root.locate(&misfit.path).start, misfit.path.clone()));
    misfits
}

/// Whether the fault is a selector that a kustomization could still supply.
#[must_use]
pub fn is_selector_gap(misfit: &Misfit) -> bool {
    *misfit.path.segments() == ["spec".into(), "selector".into()]
}

/// Fields that an object's type does not have, in document order.
#[must_use]
pub fn unknown_fields(object: &Object<'_>, further: &[Kind]) -> Vec<Misfit> {
    if is_encrypted(object) {
        return Vec::new();
    }
    let mut misfits = super::schema::misfits(object, further);
    misfits.retain(|misfit| misfit.class == Class::UnknownField);
    misfits
}

/// Whether SOPS has encrypted it: its values are not those that the API server will see, and its
/// `sops` field goes when they are decrypted.
fn is_encrypted(object: &Object<'_>) -> bool {
    present(object.root, "sops").is_some()
}

/// A pod spec of an object, and how far its rules are known.
pub(super) struct Pods<'t> {
    pub(super) spec: Node<'t>,
    kind: Kind,
}

/// The pod specs of an object that the API server, or a controller behind it, validates as such.
pub(super) fn pods<'t>(object: &Object<'t>, further: &[Kind]) -> Vec<Pods<'t>> {
    let delegated = present(object.root, "spec").is_some_and(|spec| present(spec, "workloadRef").is_some());
    if delegated {
        return Vec::new();
    }
    let group = object.group();
    KINDS
        .iter()
        .chain(further)
        .filter(|kind| kind.kind == object.kind && kind.group == group)
        .flat_map(|kind| super::field::walk(object.root, &kind.route).into_iter().map(move |node| (kind, node)))
        .filter_map(|(kind, node)| {
            let spec = present(node, "spec").or_else(|| present(node, "containers").map(|_| node))?;
            (spec.kind() == node::Kind::Mapping).then(|| Pods { spec, kind: kind.clone() })
        })
        .collect()
}

/// Whether the pods of a kind are validated as they are written: by the API server itself, or when a controller
/// makes built-in objects of them that adds nothing to their containers and volumes.
pub(super) fn is_validated(api_version: &str, kind: &str) -> bool {
    let controlled = ["argoproj.io", "apps.kruise.io", "jobset.x-k8s.io", "leaderworkerset.x-k8s.io"];
    super::schema::is_built_in(api_version, kind) || controlled.contains(&kinds::group(api_version))
}

/// A field that is there and not null.
fn present<'t>(node: Node<'t>, key: &str) -> Option<Node<'t>> {
    node.get(key).filter(|value| !value.is_null())
}

/// A string field; empty where it is absent, as in Go.
fn text<'t>(node: Node<'t>, key: &str) -> &'t str {
    present(node, key).and_then(Node::as_str).unwrap_or_default()
}

/// Whether a text still waits for a tool to fill it in, so that nothing is known of it.
pub(crate) fn is_placeholder(text: &str) -> bool {
    // `ROLLOUT_NAME-active`, `REPLACEME`: a word in capitals. `_`: nothing at all.
    let shouts = |word: &str| word.len() >= 3 && word.bytes().all(|b| b.is_ascii_uppercase());
    text.contains(['{', '}', '<', '>', '$', '%'])
        || text.contains("__")
        || text.starts_with('@')
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(shouts)
        || (!text.is_empty() && !text.contains(|c: char| c.is_ascii_alphanumeric()))
}

/// Whether a value still waits to be filled in: `<NAME>`, or `{NAME}` and `[NAME]`, which are a mapping
/// and a list to YAML.
fn waits(value: Node<'_>) -> bool {
    match value.kind() {
        node::Kind::Mapping => {
            let mut entries = value.entries();
            let only = entries.next().filter(|_| entries.next().is_none());
            only.is_some_and(|(key, value)| value.is_null() && key.scalar().is_some_and(is_placeholder))
        }
        node::Kind::Sequence => {
            let mut items = value.items();
            let only = items.next().filter(|_| items.next().is_none());
            only.and_then(Node::as_str).is_some_and(is_placeholder)
        }
        _ => value.as_str().is_some_and(is_placeholder),
    }
}

/// Misfits of one object that are told.
const MAX_MISFITS: usize = 100;

/// A list of misfits in the making.
struct Checker<'t> {
    root: Node<'t>,
    misfits: Vec<Misfit>,
}

impl<'t> Checker<'t> {
    /// Says something about a field of `owner`; of an absent one where it would stand.
    fn say(&mut self, owner: Node<'t>, keys: &[&'static str], message: impl Into<String>) -> &mut Misfit {
        let mut path = owner.path_from(self.root);
        let mut node = Some(owner);
        for &key in keys {
            path.push(key);
            node = node.and_then(|node| present(node, key));
            if node.is_none() {
                break;
            }
        }
        self.push(path, message)
    }

    fn push(&mut self, path: Path, message: impl Into<String>) -> &mut Misfit {
        // Of more than anybody reads, the last one gives way.
        self.misfits.truncate(MAX_MISFITS - 1);
        let at = self.misfits.len();
        self.misfits.push(Misfit::new(Class::Value, path, message));
        &mut self.misfits[at]
    }

    /// ValidateNonnegativeField and ValidatePositiveField.
    fn at_least(&mut self, owner: Node<'t>, key: &'static str, least: i64) {
        if let Some(value) = present(owner, key).and_then(Node::as_i64).filter(|value| *value < least) {
            self.say(owner, &[key], format!("`{key}` must be {least} or more, but is {value}"));
        }
    }

    /// A field that allows certain words only; absent, empty and unrendered ones pass.
    fn one_of(&mut self, owner: Node<'t>, key: &'static str, words: &'static [&'static str]) {
        let word = text(owner, key);
        if word.is_empty() || words.contains(&word) || is_placeholder(word) {
            return;
        }
        let known = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let right = super::decode::nearest(word, words.iter().copied());
        let misfit = self.say(owner, &[key], format!("`{key}` must be one of {known}, not `{word}`"));
        misfit.help = right.map(|right| format!("write `{right}`"));
    }

    fn object(&mut self, object: &Object<'t>, further: &[Kind]) {
        let built_in = super::schema::is_built_in(object.api_version, object.kind);
        if built_in {
            self.metadata(object);
        }
        let validated = is_validated(object.api_version, object.kind);
        for pods in pods(object, further) {
            if validated && pods.kind.group == kinds::group(object.api_version) {
                self.pod_spec(pods.spec);
                if built_in && pods.kind.runs == Runs::ToCompletion {
                    self.completes(pods.spec);
                }
            }
        }
        if built_in {
            self.workload(object);
        }
    }
}

/// apimachinery pkg/util/validation, IsDNS1123Label.
fn is_label(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// apimachinery pkg/util/validation, IsDNS1123Subdomain: its parts may be long, the whole not.
fn is_subdomain(text: &str) -> bool {
    let part = |part: &str| {
        let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let bytes = part.as_bytes();
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(part)
}

#[cfg(test)]
mod tests;
