//! Volumes of a pod, and where containers mount them.

use super::container::{Container, quantity};
use super::field::Field;
use super::pod::Workload;
use super::quantity::Quantity;
use crate::node::Node;
use crate::path::Path;

/// One of a pod's `volumes`.
#[derive(Clone, Copy, Debug)]
pub struct Volume<'t> {
    /// Whose.
    pub workload: Workload<'t>,
    node: Node<'t>,
}

/// One of a container's `volumeMounts`.
#[derive(Clone, Copy, Debug)]
pub struct Mount<'t> {
    /// Whose.
    pub container: Container<'t>,
    node: Node<'t>,
}

impl<'t> Workload<'t> {
    /// The volumes of its pods, in order.
    pub fn volumes(self) -> impl Iterator<Item = Volume<'t>> {
        let volumes = self.spec.get("volumes").into_iter().flat_map(Node::items);
        volumes.map(move |node| Volume { workload: self, node })
    }

    /// Where the pod's own memory limit stands or would stand.
    #[must_use]
    pub fn memory_limit_field(self) -> Field<'t> {
        Field::new(self.object.root, self.spec, &["resources", "limits", "memory"])
    }

    /// The pod's own memory limit.
    #[must_use]
    pub fn memory_limit(self) -> Option<Quantity> {
        quantity(self.memory_limit_field())
    }
}

impl<'t> Volume<'t> {
    fn field(self, keys: &'static [&'static str]) -> Field<'t> {
        Field::new(self.workload.object.root, self.node, keys)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> Option<&'t str> {
        self.node.get("name")?.as_str()
    }

    /// Whether it is an emptyDir in memory.
    #[must_use]
    pub fn is_in_memory(self) -> bool {
        self.field(&["emptyDir", "medium"]).node().and_then(Node::as_str) == Some("Memory")
    }

    /// Where the size of an emptyDir stands or would stand.
    #[must_use]
    pub fn size_limit_field(self) -> Field<'t> {
        self.field(&["emptyDir", "sizeLimit"])
    }

    /// The size of an emptyDir. Zero is none, as for the kubelet (kubernetes
    /// `pkg/volume/emptydir/empty_dir.go`, calculateEmptyDirMemorySize).
    #[must_use]
    pub fn size_limit(self) -> Option<Quantity> {
        quantity(self.size_limit_field()).filter(|size| *size > Quantity::new(0))
    }
}

impl<'t> Container<'t> {
    /// Its mounts, in order.
    pub fn mounts(self) -> impl Iterator<Item = Mount<'t>> {
        let mounts = self.node.get("volumeMounts").into_iter().flat_map(Node::items);
        mounts.map(move |node| Mount { container: self, node })
    }

    /// Whether what the image has at a path may be something else: a mount lies there, above, or below.
    #[must_use]
    pub fn has_mount_around(self, path: &str) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.mounts().filter_map(Mount::place).any(|place| within(place, path) || within(path, place))
    }
}

impl<'t> Mount<'t> {
    /// The name of its volume.
    #[must_use]
    pub fn volume_name(self) -> Option<&'t str> {
        self.node.get("name")?.as_str()
    }

    /// Where it is mounted, without a slash at the end.
    #[must_use]
    pub fn place(self) -> Option<&'t str> {
        let place = self.node.get("mountPath")?.as_str().filter(|place| !place.is_empty())?;
        Some(place.trim_end_matches('/'))
    }

    /// Its own path.
    #[must_use]
    pub fn path(self) -> Path {
        self.node.path_from(self.container.workload.object.root)
    }

    /// Whether a folder is there for certain: a mount of a part may be a file, and so may what a node or a driver has.
    #[must_use]
    pub fn is_directory(self) -> bool {
        let whole = ["subPath", "subPathExpr"]
            .iter()
            .all(|key| self.node.get(key).is_none_or(|part| part.as_str() == Some("")));
        let name = self.volume_name();
        let volume = self.container.workload.volumes().find(|volume| volume.name() == name);
        let folders = [
            "configMap",
            "secret",
            "emptyDir",
            "projected",
            "downwardAPI",
            "persistentVolumeClaim",
            "ephemeral",
            "nfs",
            "image",
        ];
        whole && volume.is_some_and(|volume| folders.iter().any(|key| volume.node.get(key).is_some()))
    }

    /// Whether it can only be read there.
    #[must_use]
    pub fn is_read_only(self) -> bool {
        self.node.get("readOnly").and_then(Node::as_bool) == Some(true)
    }
}
