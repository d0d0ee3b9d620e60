//! A field that may be absent: where it stands or would stand, and the edits that write it.

use crate::finding::Edit;
use crate::node::{Kind, Node};
use crate::path::Path;
use serde_json::{Map, Value};

/// A route of keys below a mapping of an object. `null` counts as absent, as it does for Go.
#[derive(Clone, Copy, Debug)]
pub struct Field<'t> {
    root: Node<'t>,
    owner: Node<'t>,
    keys: &'static [&'static str],
}

impl<'t> Field<'t> {
    /// The field at `keys` below `owner`; paths count from `root`.
    #[must_use]
    pub fn new(root: Node<'t>, owner: Node<'t>, keys: &'static [&'static str]) -> Self {
        Self { root, owner, keys }
    }

    /// Its value.
    #[must_use]
    pub fn node(self) -> Option<Node<'t>> {
        self.keys.iter().try_fold(self.owner, |node, key| node.get(key)).filter(|node| !node.is_null())
    }

    /// The path to point at: the field's own, or that of the first absent field above it.
    #[must_use]
    pub fn path(self) -> Path {
        let mut path = self.owner.path_from(self.root);
        let mut node = Some(self.owner);
        for &key in self.keys {
            path.push(key);
            node = node.and_then(|node| node.get(key)).filter(|node| !node.is_null());
            if node.is_none() {
                break;
            }
        }
        path
    }

    /// The edits that take the field away, where it is there.
    #[must_use]
    pub fn remove(self) -> Vec<Edit> {
        self.node().map(|_| Edit::Remove(self.path())).into_iter().collect()
    }

    /// The edits that give the field this value; absent parents are created in the same edit.
    #[must_use]
    pub fn set(self, value: Value) -> Vec<Edit> {
        let mut path = self.owner.path_from(self.root);
        let mut node = self.owner;
        for (depth, &key) in self.keys.iter().enumerate() {
            path.push(key);
            let deeper = &self.keys[depth + 1..];
            let wrapped = |value| {
                deeper
                    .iter()
                    .rev()
                    .fold(value, |value, key| Value::Object(Map::from_iter([((*key).to_owned(), value)])))
            };
            match node.get(key) {
                None => return vec![Edit::Add(path, wrapped(value))],
                Some(there) if deeper.is_empty() || there.kind() != Kind::Mapping => {
                    return vec![Edit::Replace(path, wrapped(value))];
                }
                Some(there) => node = there,
            }
        }
        Vec::new()
    }

    /// The edits that add items at the end of a list; one that is absent is made.
    #[must_use]
    pub fn append(self, items: Vec<Value>) -> Vec<Edit> {
        match self.node() {
            Some(list) if list.kind() == Kind::Sequence => {
                let (path, there) = (self.path(), list.count());
                let at = |(index, item)| Edit::Add(path.join(there + index), item);
                items.into_iter().enumerate().map(at).collect()
            }
            _ => self.set(Value::Array(items)),
        }
    }
}

/// The key by which the API tells the items of a list apart, where it has one: `name` of containers
/// and variables, `mountPath` of mounts … (`patchMergeKey` in `k8s.io/api/core/v1/types.go`).
#[must_use]
pub fn item_name<'t>(item: Node<'t>) -> Option<&'t str> {
    ["name", "mountPath", "devicePath", "containerPort", "topologyKey", "ip"]
        .into_iter()
        .find_map(|key| item.get(key))
        .and_then(Node::scalar)
}

/// Walks a dotted route such as `spec.replicatedJobs[].template`: every node it leads to.
/// `[]` stands for each item of a list.
#[must_use]
pub fn walk<'t>(root: Node<'t>, route: &str) -> Vec<Node<'t>> {
    let mut nodes = vec![root];
    for step in route.split('.').filter(|step| !step.is_empty()) {
        let (key, each) = step.strip_suffix("[]").map_or((step, false), |key| (key, true));
        nodes = nodes
            .into_iter()
            .filter_map(|node| node.get(key))
            .flat_map(|node| if each { node.items().collect() } else { vec![node] })
            .collect();
    }
    nodes
}
