//! Volumes of a pod, and where containers mount them.

use super::container::{Container, quantity};
use super::field::{Field, walk};
use super::pod::Workload;
use super::quantity::Quantity;
use super::validate::is_placeholder;
use crate::node::{Kind, Node};
use crate::path::Path;
use std::borrow::Cow;
use std::collections::HashMap;

/// One of a pod's `volumes`.
#[derive(Clone, Copy, Debug)]
pub struct Volume<'t> {
    /// Whose.
    pub workload: Workload<'t>,
    node: Node<'t>,
}

/// What a volume is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// The keys of a ConfigMap.
    ConfigMap,
    /// The keys of a Secret.
    Secret,
    /// Keys, tokens and fields of the pod, side by side.
    Projected,
    /// Fields of the pod.
    DownwardApi,
    /// An empty folder that lives as long as the pod.
    EmptyDir,
    /// A claim, the pod's own included: what it holds is not known.
    Claim,
    /// A folder or file of the node.
    HostPath,
    /// What a driver puts there.
    Csi,
    /// An image's files.
    Image,
    /// Anything else.
    Other,
}

/// Fields of a volume, and what each makes of it.
const BACKINGS: &[(&str, Backing)] = &[
    ("configMap", Backing::ConfigMap),
    ("secret", Backing::Secret),
    ("projected", Backing::Projected),
    ("downwardAPI", Backing::DownwardApi),
    ("emptyDir", Backing::EmptyDir),
    ("persistentVolumeClaim", Backing::Claim),
    ("ephemeral", Backing::Claim),
    ("hostPath", Backing::HostPath),
    ("csi", Backing::Csi),
    ("image", Backing::Image),
];

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

    /// Whether the names of all its volumes are there as they will be.
    #[must_use]
    pub fn volumes_are_rendered(self) -> bool {
        let list = self.spec.get("volumes").filter(|list| !list.is_null());
        let claims = self.claim_template_names();
        list.is_none_or(|list| list.kind() == Kind::Sequence && list.items().all(|item| item.kind() == Kind::Mapping))
            && !self.volumes().filter_map(Volume::name).chain(claims).any(is_placeholder)
    }

    /// The names of the claims that its controller makes for each pod: a StatefulSet's `volumeClaimTemplates`, and
    /// what LeaderWorkerSet and JobSet have in their place. A claim takes the place of a volume of the same name (kubernetes
    /// `pkg/controller/statefulset/stateful_set_utils.go`, updateStorage).
    #[must_use]
    pub fn claim_template_names(self) -> Vec<&'t str> {
        let root = self.object.root;
        // Elsewhere the API server drops the field.
        if matches!(self.object.group(), "" | "apps" | "batch") && self.object.kind != "StatefulSet" {
            return Vec::new();
        }
        let routes = [
            "spec.volumeClaimTemplates[].metadata",
            "spec.leaderWorkerTemplate.volumeClaimTemplates[].metadata",
            "spec.volumeClaimPolicies[].templates[].metadata",
        ];
        let all = routes.into_iter().flat_map(|route| walk(root, route));
        all.filter_map(|metadata| metadata.get("name")?.as_str()).collect()
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

    /// Where its name stands.
    #[must_use]
    pub fn name_path(self) -> Path {
        self.field(&["name"]).path()
    }

    /// What it is made of. One that names nothing is an emptyDir (kubernetes `pkg/apis/core/v1/defaults.go`,
    /// SetDefaults_Volume); one with two sources is refused.
    #[must_use]
    pub fn backing(self) -> Backing {
        let mut named = self.node.entries().filter(|(key, value)| key.scalar() != Some("name") && !value.is_null());
        match (named.next(), named.next()) {
            (None, _) => Backing::EmptyDir,
            (Some((key, _)), None) => {
                let known = BACKINGS.iter().find(|(field, _)| key.scalar() == Some(field));
                known.map_or(Backing::Other, |(_, backing)| *backing)
            }
            _ => Backing::Other,
        }
    }

    /// Whether the kubelet makes it as a folder of the node where there is none, which then belongs to root (kubernetes
    /// `pkg/volume/hostpath/host_path.go`, makeDir: 0755).
    #[must_use]
    pub fn is_made_on_the_node(self) -> bool {
        self.field(&["hostPath", "type"]).node().and_then(Node::as_str) == Some("DirectoryOrCreate")
    }

    /// The name of the claim that it is.
    #[must_use]
    pub fn claim(self) -> Option<&'t str> {
        self.field(&["persistentVolumeClaim", "claimName"]).node().and_then(Node::as_str)
    }

    /// Its mapping.
    pub(super) fn node(self) -> Node<'t> {
        self.node
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

    fn field(self, keys: &'static [&'static str]) -> Field<'t> {
        Field::new(self.container.workload.object.root, self.node, keys)
    }

    /// Where the name of its volume stands or would stand.
    #[must_use]
    pub fn name_field(self) -> Field<'t> {
        self.field(&["name"])
    }

    /// Its volume: one of the pod's `volumes`, unless a claim template of that name takes its place.
    #[must_use]
    pub fn volume(self) -> Option<Volume<'t>> {
        let workload = self.container.workload;
        let name = self.volume_name().filter(|name| !workload.claim_template_names().contains(name))?;
        workload.volumes().find(|volume| volume.name() == Some(name))
    }

    /// Where the place stands at which it is mounted.
    #[must_use]
    pub fn place_field(self) -> Field<'t> {
        self.field(&["mountPath"])
    }

    /// Where the part of the volume stands that it shows: `subPath`.
    #[must_use]
    pub fn sub_path_field(self) -> Field<'t> {
        self.field(&["subPath"])
    }

    /// Whether a tool has yet to fill in its volume or its place.
    #[must_use]
    pub fn is_placeholder(self) -> bool {
        let waits = |field: Field<'t>| field.node().and_then(Node::as_str).is_some_and(is_placeholder);
        waits(self.name_field()) || waits(self.place_field())
    }

    /// The part of the volume that it shows, from the volume's root and without `.` and doubled slashes; empty for
    /// all of it. `None` where a variable or a tool decides (`subPathExpr`, `$(POD)`).
    #[must_use]
    pub fn sub_path(self) -> Option<Cow<'t, str>> {
        let expression = self.node.get("subPathExpr").filter(|text| !text.is_null());
        if expression.is_some_and(|text| text.as_str() != Some("")) {
            return None;
        }
        match self.sub_path_field().node() {
            None => Some(Cow::Borrowed("")),
            Some(text) => text.as_str().filter(|text| !is_placeholder(text)).map(clean),
        }
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

/// A container's mounts, by their places.
#[derive(Clone, Debug)]
pub struct Mounts<'t> {
    by_place: HashMap<String, Mount<'t>>,
}

/// What lies at a path of a container: a part of one of its volumes.
#[derive(Clone, Debug)]
pub struct Lies<'t> {
    /// The mount that covers the path.
    pub mount: Mount<'t>,
    /// The path within the volume, empty for the volume itself; `None` where that can't be told.
    pub within: Option<String>,
}

impl<'t> Mounts<'t> {
    /// All mounts of a container.
    #[must_use]
    pub fn of(container: Container<'t>) -> Self {
        let by_place = container.mounts().filter_map(|mount| {
            // What is not absolute begins at the root (kubernetes `pkg/kubelet/kubelet_pods.go`, makeMounts).
            let place = mount.place_field().node()?.as_str().filter(|place| !place.is_empty())?;
            Some((format!("/{}", clean(place)), mount))
        });
        Self { by_place: by_place.collect() }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_place.is_empty()
    }

    /// What lies at an absolute path: the longest mountPath above it wins. `None` where the image's own files do.
    /// Links in the image are not known: `/var/run` and `/run` are two places.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Lies<'t>> {
        let path = format!("/{}", clean(path));
        let mut place = path.as_str();
        loop {
            if let Some(mount) = self.by_place.get(place) {
                let rest = path[place.len()..].trim_start_matches('/');
                let within = mount.sub_path().map(|above| join(&above, rest));
                return Some(Lies { mount: *mount, within });
            }
            // `/` itself can be no mount.
            place = place.rsplit_once('/').map(|(above, _)| above).filter(|above| !above.is_empty())?;
        }
    }
}

/// Two relative paths, one below the other.
fn join(above: &str, below: &str) -> String {
    match (above, below) {
        ("", path) | (path, "") => path.to_owned(),
        _ => format!("{above}/{below}"),
    }
}

/// A path without the slashes at its ends, doubled ones, `.`, and the folders that `..` leaves again, as Go's
/// `path.Clean` makes it.
#[must_use]
pub fn clean(path: &str) -> Cow<'_, str> {
    let trimmed = path.trim_matches('/');
    if !trimmed.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Cow::Borrowed(trimmed);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in trimmed.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    Cow::Owned(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::object::Object;
    use crate::yaml;

    #[test]
    fn the_longest_place_wins() {
        let text = "
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - name: a
    volumeMounts:
    - {name: all, mountPath: /etc/app/}
    - {name: one, mountPath: /etc/app/x.sh, subPath: ./bin//x.sh}
    - {name: part, mountPath: etc/app/part, subPath: a}
    - {name: any, mountPath: /any, subPathExpr: $(POD)}
";
        let document = yaml::documents(text).next().unwrap().unwrap();
        let object = Object::new(document.tree.root()).unwrap();
        let mounts = Mounts::of(object.workloads(&[])[0].containers()[0]);
        let at = |path: &str| {
            mounts
                .at(path)
                .map(|lies| (lies.mount.volume_name().unwrap().to_owned(), lies.within.unwrap_or("?".into())))
        };
        let is = |name: &str, within: &str| Some((name.to_owned(), within.to_owned()));
        assert_eq!(at("/etc/app/x.sh"), is("one", "bin/x.sh"));
        assert_eq!(at("/etc/app//y/./z"), is("all", "y/z"));
        assert_eq!(at("/etc/app"), is("all", ""));
        assert_eq!(at("/etc/app/part/b"), is("part", "a/b"));
        assert_eq!(at("/etc/app/part/../c"), is("all", "c"));
        assert_eq!(at("/any/x"), is("any", "?"));
        assert_eq!((at("/etc"), at("/etc/application"), at("/")), (None, None, None));
    }
}
