//! A volume of root's, where an image that is not root writes.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::backings::{Backings, mount_at};
use crate::k8s::container::{Container, Role};
use crate::k8s::images::How;
use crate::k8s::pod::Workload;
use crate::k8s::security::{User, user_number};
use crate::k8s::set::Sort;
use crate::k8s::stock::Stock;
use crate::k8s::volume::{Backing, Mount, Mounts};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "volume-owned-by-root",
    summary: "an image that is not root writes into a volume that belongs to root",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program ends with exit code 1 and `Permission denied`, before it has served anything: Error, then CrashLoopBackOff.",
        why: "A new file system of a block volume has one directory, which belongs to root, and which only root may write. The kubelet gives it to a \
              group where the Pod has an `fsGroup`, and changes nothing where it has none; a `hostPath` that it makes (`DirectoryOrCreate`) belongs to root \
              in any case. An image that starts as a user of its own, such as \
              Grafana, Jenkins or Prometheus, then can't write its data.",
        see: "`kubectl logs POD --previous` shows `Permission denied` or `is not writable` with the path of the mount.",
        fix: "Set `securityContext.fsGroup` of the Pod to the image's user (or any group): the volume is given to it when it is mounted.",
        ignore: "The rule is silent where an init container mounts the volume, for emptyDir, where claims are shared by many nodes (their servers \
                 have owners of their own), and for OpenShift, which sets `fsGroup` itself. Ignore it where the provisioner makes directories \
                 that anybody may write, as those of minikube, kind and k3s do.",
        source: "Kubernetes `pkg/volume/volume_linux.go` (SetVolumeOwnership) and `pkg/volume/csi/csi_mounter.go` (supportsFSGroup); the images' own \
                 Dockerfiles, named row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let group = workload.fs_group_field();
    if workload.is_windows() || workload.is_openshift() {
        return;
    }
    let backings = workload.backings();
    let containers = workload.containers();
    for container in &containers {
        if container.role == Role::Init || container.starts_as(context.tables) != User::Other {
            continue;
        }
        let Some(stock) = container.stock(context.tables) else { continue };
        let Some((path, mount)) = written(&stock, &backings, context) else { continue };
        // The node's folders are given to nobody.
        let of_node = backings.of(mount) == Backing::HostPath;
        if is_prepared(&containers, mount)
            || !of_node && (group.node().is_some() || is_shared(*workload, mount, context))
        {
            continue;
        }
        let (image, place) = (container.image_text().unwrap_or_default(), mount.place().unwrap_or_default());
        let user = container.run_as_user().and_then(|user| u32::try_from(user).ok());
        let user = user.or_else(|| stock.known.uid()).or_else(|| user_number(stock.known.user()?));
        let who = user.map_or_else(|| "a user of its own".to_owned(), |user| format!("user {user}"));
        let (new, label) =
            if of_node { ("folder of the node", "made by root") } else { ("volume", "only root can write here") };
        let message = format!(
            "the image `{image}` runs as {who} and writes `{path}`, but a new {new} at `{place}` belongs to root"
        );
        let finding = Finding::new(RULE.name, Severity::Warning, mount.place_field().path(), message)
            .label(label)
            .container(container.name());
        findings.push(if of_node {
            finding
                .note("assumed that nobody has made the folder before; `fsGroup` changes nothing of the node's")
                .help("change its owner by an init container that is root, or take a claim")
        } else {
            finding
                .and(group.path(), "no `fsGroup`")
                .note("assumed a storage class whose volumes have a file system of their own; some give directories that anybody may write")
                .help(match user {
                    Some(user) => format!("add `fsGroup: {user}` to the Pod's securityContext"),
                    None => "add `fsGroup` to the Pod's securityContext".to_owned(),
                })
        });
    }
}

/// A path that it has to write, and the mount of a new volume in which that lies.
fn written<'t>(stock: &Stock<'t>, backings: &Backings<'t>, context: &Context<'t>) -> Option<(&'t str, Mount<'t>)> {
    let mounts = Mounts::of(stock.container);
    let writes = stock.writes(context.tables).into_iter().filter(|write| write.how == How::Write);
    let paths = writes.map(|write| write.path.as_str());
    let new = |mount: Mount<'_>| match backings.of(mount) {
        Backing::Claim => true,
        Backing::HostPath => mount.volume().is_some_and(|volume| volume.is_made_on_the_node()),
        _ => false,
    };
    paths
        .filter_map(|path| Some((path, mount_at(&mounts, path)?)))
        .find(|(_, mount)| new(*mount) && !mount.is_read_only())
}

/// Whether an init container mounts the same volume, which it may then give away.
fn is_prepared(containers: &[Container<'_>], mount: Mount<'_>) -> bool {
    let init = containers.iter().filter(|container| container.role == Role::Init);
    let mut others = init.flat_map(|container| container.mounts());
    others.any(|other| other.volume_name() == mount.volume_name())
}

/// Whether the claim is one that many nodes may mount: a network's file system, whose server knows its owners.
pub(super) fn is_shared(workload: Workload<'_>, mount: Mount<'_>, context: &Context<'_>) -> bool {
    let many = |mode: &str| mode.ends_with("Many");
    if mount.volume_name().is_some_and(|name| workload.claim_template_modes(name).any(many)) {
        return true;
    }
    let claim = mount.volume().and_then(|volume| volume.claim());
    let mut named =
        context.references(&workload).iter().filter(|one| one.sort == Sort::Claim && Some(one.name) == claim);
    named.any(|one| context.set.referred(one).any(|fact| fact.access_modes().iter().any(|mode| many(mode))))
}
