//! The files of volumes that are made of keys: ConfigMaps, Secrets, and projections of them, joined with the run's
//! other manifests.

use super::field::Field;
use super::set::{Fact, Key, Keys, Set, Sort};
use super::validate::is_placeholder;
use super::volume::{Backing, Volume, clean};
use crate::node::Node;
use crate::source::Span;

/// Permission bits where neither an item nor its volume names any (`ConfigMapVolumeSourceDefaultMode` and its like in
/// `k8s.io/api/core/v1/types.go`).
const DEFAULT_MODE: u32 = 0o644;

/// What lies at a path within a volume.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// A file that the manifest lists, or an object of the run has.
    File(File<'a>),
    /// A file, where an object that the run does not hold has such a key.
    Perhaps(File<'a>),
    /// A folder: the volume itself, or one that a file lies in.
    Folder,
    /// Nothing.
    Nothing {
        /// Known from the manifest alone: it lists every file. Else an object of the run has no such key.
        listed: bool,
    },
    /// Nobody knows: no volume of keys, or one that a tool has yet to fill in.
    Unknown,
}

/// A file made of a key.
#[derive(Clone, Debug)]
pub struct File<'a> {
    /// Its permission bits as written, fsGroup aside; `None` where they can't be read.
    pub mode: Option<u32>,
    /// Where the bits stand or would stand: at the item, else at the volume.
    pub mode_field: Field<'a>,
    /// The key in each object of that name in the run.
    pub keys: Vec<(&'a Fact, &'a Key)>,
    /// Whether every object of that name is written out in the run.
    pub is_known: bool,
}

/// One source of a volume.
struct Part<'t> {
    volume: Volume<'t>,
    node: Node<'t>,
    sort: Option<Sort>,
    name: Option<&'t str>,
    /// Where the mode for all its files stands.
    default_mode: Field<'t>,
}

impl<'t> Volume<'t> {
    fn root(self) -> Node<'t> {
        self.workload.object.root
    }

    fn part(self, node: Node<'t>, sort: Option<Sort>, name: &str, modes: Node<'t>) -> Part<'t> {
        let name = node.get(name).and_then(Node::as_str);
        Part { volume: self, node, sort, name, default_mode: Field::new(self.root(), modes, &["defaultMode"]) }
    }

    /// The sources of its files, in order; `None` where it is not made of keys.
    fn parts(self) -> Option<Vec<Part<'t>>> {
        let of = |key: &str| self.node().get(key);
        Some(match self.backing() {
            Backing::ConfigMap => {
                let node = of("configMap")?;
                vec![self.part(node, Some(Sort::ConfigMap), "name", node)]
            }
            Backing::Secret => {
                let node = of("secret")?;
                vec![self.part(node, Some(Sort::Secret), "secretName", node)]
            }
            Backing::DownwardApi => {
                let node = of("downwardAPI")?;
                vec![self.part(node, None, "", node)]
            }
            Backing::Projected => {
                let modes = of("projected")?;
                let sources = modes.get("sources").into_iter().flat_map(Node::items).flat_map(Node::entries);
                let sources = sources.filter(|(_, node)| !node.is_null());
                sources
                    .map(|(key, node)| self.part(node, sort(key.scalar().unwrap_or_default()), "name", modes))
                    .collect()
            }
            _ => return None,
        })
    }

    /// Whether the pod starts although an object that it is made of is missing.
    #[must_use]
    pub fn is_optional(self) -> bool {
        let optional = |part: &Part<'t>| part.node.get("optional").and_then(Node::as_bool) == Some(true);
        self.parts().is_some_and(|parts| parts.iter().any(optional))
    }

    /// What its files are made of: a ConfigMap, a Secret or both, with the names.
    #[must_use]
    pub fn objects(self) -> Vec<(Sort, &'t str)> {
        self.parts().into_iter().flatten().filter_map(|part| Some((part.sort?, part.name?))).collect()
    }

    /// What lies at a path within it. Of two sources that show the same path, the later one wins (kubernetes
    /// `pkg/volume/projected/projected.go`, collectData).
    #[must_use]
    pub fn entry<'a>(self, path: &str, set: &'a Set) -> Entry<'a>
    where
        't: 'a,
    {
        let Some(parts) = self.parts() else { return Entry::Unknown };
        if path.is_empty() {
            return Entry::Folder;
        }
        let mut found = Entry::Nothing { listed: true };
        for part in parts {
            found = match (part.entry(path, set), found) {
                (Entry::Nothing { listed: true }, before) => before,
                (Entry::Nothing { .. }, Entry::Nothing { .. }) => Entry::Nothing { listed: false },
                (Entry::Nothing { .. }, before) => before,
                // It may be hidden by a key of the same name.
                (Entry::Perhaps(later), Entry::File(before)) => {
                    let mode = before.mode.filter(|mode| later.mode == Some(*mode));
                    Entry::File(File { mode, is_known: false, ..before })
                }
                (Entry::Unknown, Entry::File(before)) => Entry::File(File { mode: None, is_known: false, ..before }),
                (entry, _) => entry,
            };
        }
        found
    }

    /// Where the run writes the key of a file.
    #[must_use]
    pub fn place_of(self, path: &str, set: &Set) -> Option<(u32, Span)> {
        let (Entry::File(file) | Entry::Perhaps(file)) = self.entry(path, set) else { return None };
        file.keys.first().map(|(fact, key)| (fact.file, key.span))
    }

    /// Where the run names the first object that it is made of.
    #[must_use]
    pub fn object_place(self, set: &Set) -> Option<(u32, Span)> {
        let facts = self.parts().into_iter().flatten().flat_map(|part| part.facts(set));
        facts.into_iter().next().map(|fact| (fact.file, fact.span))
    }

    /// The paths of its files as far as they are known, at most `limit`.
    #[must_use]
    pub fn file_names<'a>(self, set: &'a Set, limit: usize) -> Vec<&'a str>
    where
        't: 'a,
    {
        let mut names: Vec<&'a str> = Vec::new();
        for part in self.parts().into_iter().flatten() {
            match part.items() {
                Some(items) => names.extend(items.filter_map(|item| item.get("path")?.as_str()).take(limit)),
                None => {
                    let keys = part.facts(set).into_iter().filter_map(|fact| match &fact.keys {
                        Keys::Known(keys) => Some(keys.iter()),
                        Keys::Unknown => None,
                    });
                    names.extend(keys.flatten().map(|key| &*key.name).take(limit));
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        names.truncate(limit);
        names
    }
}

fn sort(key: &str) -> Option<Sort> {
    match key {
        "configMap" => Some(Sort::ConfigMap),
        "secret" => Some(Sort::Secret),
        _ => None,
    }
}

impl<'t> Part<'t> {
    /// The items that it lists; `None` where it shows all keys.
    fn items(&self) -> Option<impl Iterator<Item = Node<'t>> + use<'t>> {
        let items = self.node.get("items").filter(|items| items.count() > 0);
        items.map(|items| items.items())
    }

    fn facts<'s>(&self, set: &'s Set) -> Vec<&'s Fact> {
        let (Some(sort), Some(name)) = (self.sort, self.name) else { return Vec::new() };
        set.named(sort, name, self.volume.workload.object.namespace()).collect()
    }

    fn file<'a>(&self, item: Option<Node<'t>>, key: Option<&str>, facts: &[&'a Fact]) -> File<'a>
    where
        't: 'a,
    {
        let own = item.map(|item| Field::new(self.volume.root(), item, &["mode"]));
        let written = own.and_then(Field::node);
        let mode = match written.or_else(|| self.default_mode.node()) {
            None => Some(DEFAULT_MODE),
            Some(mode) => mode.as_i64().and_then(|mode| u32::try_from(mode).ok()).filter(|mode| *mode <= 0o777),
        };
        // An object without keys is filled by something else.
        let known = |fact: &&'a Fact| matches!(&fact.keys, Keys::Known(keys) if !keys.is_empty());
        let keys = facts.iter().filter_map(|fact| match &fact.keys {
            Keys::Known(keys) => Some((*fact, keys.iter().rev().find(|known| key == Some(&known.name))?)),
            Keys::Unknown => None,
        });
        File {
            mode,
            mode_field: own.unwrap_or(self.default_mode),
            keys: keys.collect(),
            is_known: !facts.is_empty() && facts.iter().all(known),
        }
    }

    fn entry<'a>(&self, path: &str, set: &'a Set) -> Entry<'a>
    where
        't: 'a,
    {
        let below = |name: &str| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        let facts = self.facts(set);
        // A token, or a trust bundle: one file.
        if let Some(only) = self.node.get("path").filter(|_| self.sort.is_none()) {
            let only = clean(only.as_str().unwrap_or_default());
            return match &*only {
                name if name == path => Entry::File(self.file(None, None, &[])),
                name if below(name) => Entry::Folder,
                _ => Entry::Nothing { listed: true },
            };
        }
        if let Some(items) = self.items() {
            let mut found = Entry::Nothing { listed: true };
            for item in items {
                let name = item.get("path").and_then(Node::as_str).unwrap_or_default();
                if is_placeholder(name) && name.contains(['{', '$', '<', '%']) {
                    return Entry::Unknown;
                }
                let name = clean(name);
                if *name == *path {
                    found = Entry::File(self.file(Some(item), item.get("key").and_then(Node::as_str), &facts));
                } else if below(&name) {
                    found = Entry::Folder;
                }
            }
            return found;
        }
        // Fields of the pod are all listed; a certificate of the pod has several paths.
        if self.sort.is_none() {
            return Entry::Unknown;
        }
        if self.name.is_none_or(is_placeholder) {
            return Entry::Unknown;
        }
        let file = self.file(None, Some(path), &facts);
        match (file.keys.is_empty(), file.is_known) {
            (false, _) => Entry::File(file),
            (true, true) => Entry::Nothing { listed: false },
            // A key is no path.
            (true, false) if path.contains('/') => Entry::Nothing { listed: true },
            (true, false) => Entry::Perhaps(file),
        }
    }
}
