//! Kustomizations: what they make, and what they do to other objects.

use super::facts::{Detail, Fact, Facts, Sort};
use super::values::{Key, Keys, Value};
use crate::node::Node;

impl Facts {
    /// Keeps what a kustomization generates, and what it does to objects: the images that it gives another
    /// tag or digest, what it writes before and behind names, whether it writes labels into selectors, whether it names
    /// their namespace. One that takes objects from elsewhere, or makes them by other means, says more than the run holds.
    pub fn add_kustomization(&mut self, file: u32, root: Node<'_>) {
        let labels = root.get("labels").into_iter().flat_map(Node::items);
        self.gives_selectors |= root.get("commonLabels").is_some_and(|labels| labels.count() > 0)
            || labels.into_iter().any(|entry| entry.get("includeSelectors").and_then(Node::as_bool) == Some(true));
        self.gives_namespaces |= root.get("namespace").is_some_and(|namespace| !namespace.is_null());
        let text = |key: &str| root.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
        self.prefixes.extend(text("namePrefix").map(Into::into));
        self.suffixes.extend(text("nameSuffix").map(Into::into));
        let names = root.get("vars").into_iter().flat_map(Node::items).filter_map(|entry| entry.get("name")?.as_str());
        self.substituted.extend(names.map(Into::into));
        self.reads_elsewhere |= MADE.iter().any(|key| root.get(key).is_some_and(|list| list.count() > 0))
            || READ.iter().any(|key| root.get(key).into_iter().flat_map(Node::items).any(is_remote));
        for image in root.get("images").into_iter().flat_map(Node::items) {
            let tag = image.get("newTag").filter(|tag| !tag.is_null() && tag.as_str() != Some("latest"));
            let retags = tag.is_some() || image.get("digest").is_some_and(|digest| !digest.is_null());
            if let (true, Some(name)) = (retags, image.get("name").and_then(Node::as_str)) {
                self.retagged.push(name.to_owned());
            }
        }
        for (key, sort) in [("configMapGenerator", Sort::ConfigMap), ("secretGenerator", Sort::Secret)] {
            for generator in root.get(key).into_iter().flat_map(Node::items) {
                let Some(name) = generator.get("name") else { continue };
                let fact =
                    Fact { namespace: None, file, span: name.span(), keys: keys(generator), detail: Detail::None };
                self.named.extend(name.as_str().map(|name| (sort, name.into(), fact)));
            }
        }
    }
}

/// What a kustomization makes objects by, besides its own generators.
const MADE: &[&str] = &["generators", "helmCharts", "helmChartInflationGenerator"];
/// What it reads objects from.
const READ: &[&str] = &["resources", "bases", "components"];

/// Whether an entry is no path: a URL, or a repository as git or go-getter write it.
fn is_remote(entry: Node<'_>) -> bool {
    entry.as_str().is_some_and(|entry| {
        entry.contains("://")
            || entry.contains("?ref=")
            || entry.starts_with("github.com/")
            || entry.starts_with("git@")
    })
}

/// The keys that a generator makes, where it lists them all.
fn keys(generator: Node<'_>) -> Keys {
    let plain = |key: &str| generator.get(key).is_none_or(Node::is_null);
    if !plain("envs") || !plain("env") || generator.get("behavior").and_then(Node::as_str) == Some("merge") {
        return Keys::Unknown;
    }
    let list = |key: &str| {
        generator.get(key).into_iter().flat_map(Node::items).filter_map(|node| Some((node, node.as_str()?)))
    };
    let literals = list("literals").map(|(node, text)| (node, text.split('=').next().unwrap_or_default()));
    // `key=file`, or a file whose last name is the key.
    let files = list("files").map(|(node, text)| {
        (node, text.split_once('=').map_or_else(|| text.rsplit('/').next().unwrap_or_default(), |(key, _)| key))
    });
    Keys::Known(
        literals
            .chain(files)
            .map(|(node, name)| Key { name: name.into(), span: node.span(), binary: false, value: Value::default() })
            .collect(),
    )
}

/// Files and folders that a kustomization takes objects, or what it does to objects, from; URLs included.
pub fn sources<'t>(root: Node<'t>) -> impl Iterator<Item = &'t str> {
    let keys = READ.iter().chain(&["generators", "transformers", "validators", "configurations", "crds"]);
    let items = keys.flat_map(move |key| root.get(key).into_iter().flat_map(Node::items)).filter_map(Node::as_str);
    items.filter(|entry| !entry.contains('\n'))
}

/// Whether a kustomization is only part of others.
#[must_use]
pub fn is_component(root: Node<'_>) -> bool {
    root.get("kind").and_then(Node::as_str) == Some("Component")
}

/// Files that a kustomization names as patches; entries may also hold the patch itself.
pub fn patch_files<'t>(root: Node<'t>) -> impl Iterator<Item = &'t str> {
    let list = move |key: &str| root.get(key).into_iter().flat_map(Node::items);
    let named = list("patches").chain(list("patchesJson6902")).filter_map(|entry| entry.get("path")?.as_str());
    // Entries of `patches` were plain names once.
    let merged = list("patchesStrategicMerge").chain(list("patches")).filter_map(Node::as_str);
    named.chain(merged).filter(|file| !file.contains('\n'))
}
