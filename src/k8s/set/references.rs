//! What a workload's pods refer to by name.

use super::facts::Sort;
use crate::k8s::pod::Workload;
use crate::node::Node;
use crate::path::Path;

/// How a reference is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// One variable's value.
    Variable,
    /// All keys as variables.
    Variables,
    /// Files of a volume.
    Volume,
    /// A claim, an account: the object itself.
    Object,
    /// Credentials for pulling images.
    Pull,
}

/// A name in a pod spec.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'t> {
    /// What it names.
    pub sort: Sort,
    /// The name.
    pub name: &'t str,
    /// The key that is wanted, where one is.
    pub key: Option<Node<'t>>,
    /// The name's node.
    pub node: Node<'t>,
    /// Whether the pod starts without it.
    pub optional: bool,
    /// What for.
    pub how: Use,
    /// What is written before each key, where all of them become variables.
    pub prefix: &'t str,
    /// Whose pods name it.
    pub workload: Workload<'t>,
}

impl<'t> Reference<'t> {
    /// The namespace that is searched.
    #[must_use]
    pub fn namespace(&self) -> Option<&'t str> {
        self.workload.object.namespace()
    }

    /// The name's path.
    #[must_use]
    pub fn path(&self) -> Path {
        self.node.path_from(self.workload.object.root)
    }

    /// The key's path, else the name's.
    #[must_use]
    pub fn key_path(&self) -> Path {
        self.key.unwrap_or(self.node).path_from(self.workload.object.root)
    }
}

/// Every name that the pods of a workload refer to, in the order of the spec. Ephemeral containers are left
/// out.
#[must_use]
pub fn references<'t>(workload: &Workload<'t>) -> Vec<Reference<'t>> {
    let mut found = Vec::new();
    let add = |found: &mut Vec<Reference<'t>>, sort, source: Node<'t>, name: &str, key: Option<Node<'t>>, how| {
        let node = source.get(name).filter(|node| node.as_str().is_some_and(|text| !text.is_empty()));
        let optional = source.get("optional").and_then(Node::as_bool) == Some(true);
        found.extend(node.and_then(|node| {
            let name = node.as_str()?;
            Some(Reference { sort, name, key, node, optional, how, prefix: "", workload: *workload })
        }));
    };
    let list = |node: Node<'t>, key: &str| node.get(key).into_iter().flat_map(Node::items).collect::<Vec<_>>();
    for container in workload.containers() {
        for variable in list(container.node, "env") {
            let Some(from) = variable.get("valueFrom") else { continue };
            for (field, sort) in [("configMapKeyRef", Sort::ConfigMap), ("secretKeyRef", Sort::Secret)] {
                if let Some(source) = from.get(field) {
                    add(&mut found, sort, source, "name", source.get("key"), Use::Variable);
                }
            }
        }
        for entry in list(container.node, "envFrom") {
            let before = found.len();
            for (field, sort) in [("configMapRef", Sort::ConfigMap), ("secretRef", Sort::Secret)] {
                if let Some(source) = entry.get(field) {
                    add(&mut found, sort, source, "name", None, Use::Variables);
                }
            }
            let prefix = entry.get("prefix").and_then(Node::as_str).unwrap_or_default();
            found[before..].iter_mut().for_each(|reference| reference.prefix = prefix);
        }
    }
    // A volume's items ask for a key each; without items, all keys are shown.
    let volume = |found: &mut Vec<Reference<'t>>, sort, source: Node<'t>, name: &str| {
        let items = list(source, "items");
        if items.is_empty() {
            add(found, sort, source, name, None, Use::Volume);
        }
        for item in items {
            add(found, sort, source, name, item.get("key"), Use::Volume);
        }
    };
    for entry in list(workload.spec, "volumes") {
        if let Some(source) = entry.get("configMap") {
            volume(&mut found, Sort::ConfigMap, source, "name");
        }
        if let Some(source) = entry.get("secret") {
            volume(&mut found, Sort::Secret, source, "secretName");
        }
        for source in entry.get("projected").map(|projected| list(projected, "sources")).unwrap_or_default() {
            for (field, sort) in [("configMap", Sort::ConfigMap), ("secret", Sort::Secret)] {
                if let Some(source) = source.get(field) {
                    volume(&mut found, sort, source, "name");
                }
            }
        }
    }
    for entry in list(workload.spec, "volumes") {
        if let Some(source) = entry.get("persistentVolumeClaim") {
            add(&mut found, Sort::Claim, source, "claimName", None, Use::Object);
        }
    }
    for source in list(workload.spec, "imagePullSecrets") {
        add(&mut found, Sort::Secret, source, "name", None, Use::Pull);
    }
    // The older name counts where the newer one is absent.
    let current =
        workload.spec.get("serviceAccountName").is_some_and(|name| name.as_str().is_some_and(|name| !name.is_empty()));
    let account = if current { "serviceAccountName" } else { "serviceAccount" };
    add(&mut found, Sort::ServiceAccount, workload.spec, account, None, Use::Object);
    found
}
