//! An object: its type, its metadata, the items of a list, the workloads in it.

use super::field::{Field, walk};
use super::kinds::{KINDS, Kind, group};
use super::pod::Workload;
use crate::node::{self, Node};

/// The annotation that silences rules on an object or pod template.
pub const IGNORE: &str = "crashlint.dev/ignore";
/// The annotation that says why.
pub const IGNORE_REASON: &str = "crashlint.dev/ignore-reason";
/// The annotation that the webhook writes on a Pod that it changed: what, and by which rule.
pub const PATCHED: &str = "crashlint.dev/patched";

/// A Kubernetes object: a mapping with `apiVersion` and `kind`.
#[derive(Clone, Copy, Debug)]
pub struct Object<'t> {
    /// The object's own root; paths of findings count from it.
    pub root: Node<'t>,
    /// `apps/v1`
    pub api_version: &'t str,
    /// `Deployment`
    pub kind: &'t str,
}

impl<'t> Object<'t> {
    /// The object at a node, where it is one.
    #[must_use]
    pub fn new(root: Node<'t>) -> Option<Self> {
        let text = |key| root.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
        Some(Self { root, api_version: text("apiVersion")?, kind: text("kind")? })
    }

    /// The objects of a document: itself, or the items of a `List` or typed `*List`, at any depth.
    #[must_use]
    pub fn all(root: Node<'t>) -> Vec<Self> {
        let mut found = Vec::new();
        let mut open = vec![(root, None)];
        while let Some((node, list)) = open.pop() {
            let object = Self::new(node).or_else(|| Self::listed(node, list));
            let Some(object) = object else { continue };
            match object.items() {
                Some(items) => {
                    let item_type = object.kind.strip_suffix("List").filter(|kind| !kind.is_empty());
                    let inherited = item_type.map(|kind| (object.api_version, kind));
                    let items: Vec<_> = items.items().map(|item| (item, inherited)).collect();
                    open.extend(items.into_iter().rev());
                }
                None => found.push(object),
            }
        }
        found
    }

    /// An item of a typed list may leave its own type out.
    fn listed(root: Node<'t>, list: Option<(&'t str, &'t str)>) -> Option<Self> {
        let (api_version, kind) = list?;
        (root.kind() == node::Kind::Mapping).then_some(Self { root, api_version, kind })
    }

    fn items(self) -> Option<Node<'t>> {
        if self.kind == "List" || (self.kind.ends_with("List") && self.root.get("spec").is_none()) {
            self.root.get("items").filter(|items| items.kind() == node::Kind::Sequence)
        } else {
            None
        }
    }

    /// Where its apiVersion stands; an item of a list may leave it out.
    #[must_use]
    pub fn api_version_field(self) -> Field<'t> {
        Field::new(self.root, self.root, &["apiVersion"])
    }

    /// The group of the apiVersion; empty for the core group.
    #[must_use]
    pub fn group(self) -> &'t str {
        group(self.api_version)
    }

    /// Whether a controller made it and looks after it: an owner reference with `controller: true`.
    #[must_use]
    pub fn has_controller(self) -> bool {
        let owners = self.root.get("metadata").and_then(|metadata| metadata.get("ownerReferences"));
        owners.is_some_and(|owners| {
            owners.items().any(|owner| owner.get("controller").and_then(Node::as_bool) == Some(true))
        })
    }

    /// Whether it came out of an API server: it alone writes these (`ObjectMeta` in apimachinery
    /// `pkg/apis/meta/v1/types.go`, "populated by the system").
    #[must_use]
    pub fn was_served(self) -> bool {
        let served = |metadata: Node<'_>| {
            ["uid", "resourceVersion", "generation", "managedFields"].iter().any(|key| metadata.get(key).is_some())
        };
        self.root.get("metadata").is_some_and(served)
    }

    /// Whether it waits to be deleted, by a finalizer or its grace period.
    #[must_use]
    pub fn is_being_deleted(self) -> bool {
        self.root
            .get("metadata")
            .and_then(|metadata| metadata.get("deletionTimestamp"))
            .is_some_and(|time| !time.is_null())
    }

    /// Whether a kubelet made it known for a static Pod: nothing that is done to it has an effect
    /// (`MirrorPodAnnotationKey` in `k8s.io/api/core/v1/annotation_key_constants.go`).
    #[must_use]
    pub fn is_mirror_pod(self) -> bool {
        annotation(self.root, "kubernetes.io/config.mirror").is_some()
    }

    /// Where the annotation stands that says what the webhook changed.
    #[must_use]
    pub fn patched_annotation(self) -> Field<'t> {
        Field::new(self.root, self.root, &["metadata", "annotations", PATCHED])
    }

    /// Bytes of all annotations, keys and values, as the API server counts them.
    #[must_use]
    pub fn annotations_size(self) -> usize {
        let annotations = self.root.get("metadata").and_then(|metadata| metadata.get("annotations"));
        annotations
            .into_iter()
            .flat_map(Node::entries)
            .fold(0, |size, (key, value)| size + key.scalar().map_or(0, str::len) + value.scalar().map_or(0, str::len))
    }

    fn meta(self, key: &str) -> Option<&'t str> {
        self.root.get("metadata")?.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// `metadata.name`, else `metadata.generateName`; empty where neither is there.
    #[must_use]
    pub fn name(self) -> &'t str {
        self.meta("name").or_else(|| self.meta("generateName")).unwrap_or_default()
    }

    /// `metadata.namespace`, as written.
    #[must_use]
    pub fn namespace(self) -> Option<&'t str> {
        self.meta("namespace")
    }

    /// `metadata.labels`.
    #[must_use]
    pub fn labels(self) -> Option<Node<'t>> {
        self.root.get("metadata")?.get("labels")
    }

    /// Whether it is a patch: no object of its own, so no rule runs on it. `$patch` and
    /// `$retainKeys` are directives of strategic merge patches
    /// (apimachinery `util/strategicpatch/patch.go`).
    #[must_use]
    pub fn has_patch_directive(self) -> bool {
        let mut open = vec![self.root];
        while let Some(node) = open.pop() {
            for (key, value) in node.entries() {
                if matches!(key.scalar(), Some("$patch" | "$retainKeys")) {
                    return true;
                }
                open.push(value);
            }
            open.extend(node.items());
        }
        false
    }

    /// Whether it is of a kind that carries pods and has neither labels nor a selector for them, as no API server takes
    /// it: a patch, or a part that a test compares with; or an object that somebody forgot half of.
    #[must_use]
    pub fn may_be_patch(self, workloads: &[Workload<'_>]) -> bool {
        let group = self.group();
        let apps = matches!(group, "apps" | "extensions")
            && KINDS.iter().any(|kind| kind.kind == self.kind && kind.group == group);
        let spec = self.root.get("spec");
        apps && spec.is_none_or(|spec| spec.get("selector").is_none())
            && (workloads.is_empty() || workloads.iter().all(|workload| !workload.has_labels()))
    }

    /// The pods that the object carries: one for most kinds, several for a JobSet. A Rollout that
    /// takes its template from elsewhere (`workloadRef`) carries none.
    #[must_use]
    pub fn workloads<'k>(self, further: &'k [Kind]) -> Vec<Workload<'t>>
    where
        'k: 't,
    {
        if self
            .root
            .get("spec")
            .is_some_and(|spec| spec.get("workloadRef").is_some_and(|reference| !reference.is_null()))
        {
            return Vec::new();
        }
        let group = self.group();
        KINDS
            .iter()
            .chain(further)
            .filter(|kind| kind.kind == self.kind && kind.group == group)
            .flat_map(|kind| {
                walk(self.root, &kind.route).into_iter().filter_map(move |node| Workload::new(self, kind, node))
            })
            .collect()
    }
}

/// An annotation of an object, or of a pod template.
#[must_use]
pub fn annotation<'t>(owner: Node<'t>, name: &str) -> Option<Node<'t>> {
    owner.get("metadata")?.get("annotations")?.get(name)
}

/// Whether an object is configuration for kustomize or kpt on this machine, which is never applied: a function's, or
/// one that says so (kubernetes-sigs/kustomize `kyaml/kio/filters/local.go`, `kyaml/fn/runtime/runtimeutil`).
#[must_use]
pub fn is_local(object: Object<'_>) -> bool {
    let says = |name| annotation(object.root, name).and_then(Node::as_str);
    ["config.kubernetes.io/function", "config.k8s.io/function"].into_iter().any(|name| says(name).is_some())
        || says("config.kubernetes.io/local-config").is_some_and(|value| value != "false")
}

/// An object without `metadata.managedFields`: often the half of it, and no fix asks for them.
#[must_use]
pub fn patchable(root: Node<'_>) -> serde_json::Value {
    let name = |key: Node<'_>| key.scalar().unwrap_or_default().to_owned();
    let metadata = |node: Node<'_>| {
        let kept = node.entries().filter(|(key, _)| key.scalar() != Some("managedFields"));
        kept.map(|(key, value)| (name(key), value.to_json())).collect()
    };
    let is_metadata =
        |key: Node<'_>, value: Node<'_>| key.scalar() == Some("metadata") && value.kind() == node::Kind::Mapping;
    let field = |(key, value)| {
        (name(key), if is_metadata(key, value) { serde_json::Value::Object(metadata(value)) } else { value.to_json() })
    };
    if root.kind() == node::Kind::Mapping {
        serde_json::Value::Object(root.entries().map(field).collect())
    } else {
        root.to_json()
    }
}
