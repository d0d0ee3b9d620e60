//! What is behind a container's mounts, and what may be written there.

use super::container::Container;
use super::field::Field;
use super::pod::Workload;
use super::volume::{Backing, Mount, Mounts};
use std::collections::HashMap;

/// The volumes of a workload's pods, by name.
#[derive(Clone, Debug)]
pub struct Backings<'t>(HashMap<&'t str, Backing>);

impl<'t> Workload<'t> {
    /// Where its volumes stand or would stand.
    #[must_use]
    pub fn volumes_field(self) -> Field<'t> {
        self.field(&["volumes"])
    }

    /// What is behind each of its volumes, the claims included that a controller makes for each pod.
    #[must_use]
    pub fn backings(self) -> Backings<'t> {
        let written = self.volumes().filter_map(|volume| Some((volume.name()?, volume.backing())));
        let claims = self.claim_template_names().into_iter().map(|name| (name, Backing::Claim));
        Backings(written.chain(claims).collect())
    }
}

impl Backings<'_> {
    /// What is behind a mount.
    #[must_use]
    pub fn of(&self, mount: Mount<'_>) -> Backing {
        mount.volume_name().and_then(|name| self.0.get(name)).copied().unwrap_or(Backing::Other)
    }

    /// Whether files can be written where it is mounted. What the kubelet makes of ConfigMaps, Secrets and the pod's
    /// fields it mounts read-only, whatever the mount says (kubernetes `pkg/volume/configmap/configmap.go` and its
    /// like: GetAttributes; since 1.9.6). An image's files are, too.
    #[must_use]
    pub fn can_be_written(&self, mount: Mount<'_>) -> bool {
        !mount.is_read_only() && !self.is_config(mount) && self.of(mount) != Backing::Image
    }

    /// Whether the kubelet makes the files, from what the cluster's objects say.
    #[must_use]
    pub fn is_config(&self, mount: Mount<'_>) -> bool {
        use Backing::{ConfigMap, DownwardApi, Projected, Secret};
        matches!(self.of(mount), ConfigMap | Secret | Projected | DownwardApi)
    }
}

/// The mount that a path of a container lies at or below, the deepest one. `/var/run` is a link to `/run` in the images of
/// Debian, Alpine and Red Hat alike, so that both names are one place.
#[must_use]
pub fn mount_at<'t>(mounts: &Mounts<'t>, path: &str) -> Option<Mount<'t>> {
    let other = path.strip_prefix("/var/run").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let other =
        other.map(|rest| format!("/run{rest}")).or_else(|| is_within(path, "/run").then(|| format!("/var{path}")));
    let all = [Some(path), other.as_deref()].into_iter().flatten().filter_map(|path| mounts.at(path));
    let depth = |mount: &Mount<'t>| {
        let place = mount.place().unwrap_or_default();
        place.strip_prefix("/var").filter(|rest| is_within(rest, "/run")).unwrap_or(place).len()
    };
    all.map(|lies| lies.mount).max_by_key(depth)
}

impl<'t> Container<'t> {
    /// Where its mounts stand or would stand.
    #[must_use]
    pub fn mounts_field(self) -> Field<'t> {
        self.field(&["volumeMounts"])
    }
}

/// Whether a path is a folder or lies in it. Neither ends in a slash.
#[must_use]
pub fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
