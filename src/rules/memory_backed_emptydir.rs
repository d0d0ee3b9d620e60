//! An emptyDir in memory that may outgrow the container's limit.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::heap::{Limit, Whose, memory_limit, most};
use crate::k8s::pod::Workload;
use crate::k8s::quantity::Quantity;
use crate::k8s::volume::Volume;
use std::collections::HashMap;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "memory-backed-emptydir",
    summary: "files in an emptyDir in memory count against the container's memory limit",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container writes files, and is OOMKilled (137), though its program uses little memory. The files stay when the container \
                  is started again, and so does what they use: it is killed sooner each time.",
        why: "`medium: Memory` is a tmpfs, and its pages are charged to the container that writes them. Without a `sizeLimit` it may \
              grow to the sum of the Pod's memory limits, or where it has none to all that the node can give: the write that \
              should fail with \"no space left on device\" kills instead. With a `sizeLimit`, it and the heap together have to \
              fit into the container's limit.",
        see: "`kubectl describe pod POD` shows `OOMKilled`; `kubectl exec POD -- df -h` shows a tmpfs that is nearly full.",
        fix: "Set `sizeLimit` to what the files need, and raise the container's memory limit by as much.",
        ignore: "The rule is silent for volumes that nobody mounts, or only to read, for those that service meshes and secret agents inject, \
                 and for programs whose heap is not known and that leave room for one. Without a size it is info where the place tells of \
                 shared memory (`/dev/shm`) or of small files (`/etc`, `/run/secrets`).",
        source: "Kubernetes `pkg/volume/emptydir/empty_dir.go` (calculateEmptyDirMemorySize); documentation: Volumes, emptyDir; Linux \
                 `Documentation/admin-guide/cgroup-v2.rst` (tmpfs is charged to who touches it)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

/// Volumes in memory that others inject, with small files in them: istio
/// `manifests/charts/istio-control/istio-discovery/files/injection-template.yaml`; linkerd2
/// `charts/partials/templates/_volumes.tpl`; vault-k8s `agent-inject/agent`; consul-k8s `connect-inject`; conjur
/// `secrets-provider-for-k8s`.
const INJECTED: &[&str] = &[
    "istio-envoy",
    "linkerd-identity-end-entity",
    "linkerd-proxy-init-xtables-lock",
    "home-init",
    "home-sidecar",
    "vault-secrets",
    "vault-agent-secrets",
    "consul-connect-inject-data",
    "conjur-access-token",
];

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut volumes = workload.volumes().filter(|volume| volume.is_in_memory()).peekable();
    if volumes.peek().is_none() {
        return;
    }
    let containers = workload.containers();
    let mut writers: HashMap<&str, Vec<Writer<'_>>> = HashMap::new();
    for container in &containers {
        let limit = memory_limit(*container, context.set);
        let heap = limit.and_then(|limit| most(*container, context.tables, limit));
        for mount in container.mounts().filter(|mount| !mount.is_read_only()) {
            let writer = Writer { container: *container, limit, heap, modest: mount.place().is_some_and(is_modest) };
            writers.entry(mount.volume_name().unwrap_or_default()).or_default().push(writer);
        }
    }
    for volume in volumes {
        let Some(name) = volume.name().filter(|name| !INJECTED.contains(name)) else { continue };
        let Some(writers) = writers.get(name) else { continue };
        match volume.size_limit() {
            None => findings.push(boundless(&volume, name, writers)),
            Some(size) => findings.extend(writers.iter().find_map(|writer| tight(&volume, name, size, writer))),
        }
    }
}

/// A container that can write to a volume.
#[derive(Clone, Copy)]
struct Writer<'t> {
    container: Container<'t>,
    limit: Option<Limit<'t>>,
    heap: Option<Quantity>,
    /// The place tells of another use than storing files.
    modest: bool,
}

/// Shared memory, which is the program's own memory anyhow; keys and configuration, which are small.
fn is_modest(place: &str) -> bool {
    let below = |folder: &str| place.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    ["/dev/shm", "/run/secrets", "/var/run/secrets", "/etc"].into_iter().any(below)
}

fn boundless(volume: &Volume<'_>, name: &str, writers: &[Writer<'_>]) -> Finding {
    let own = |limit: Limit<'_>| (limit.whose != Whose::Pod).then_some(limit.amount);
    let limited = writers.iter().find_map(|writer| Some((writer.container.name()?, own(writer.limit?)?)));
    let end = match (limited, volume.workload.memory_limit()) {
        (Some((container, limit)), _) => {
            format!("it may fill the memory limit of `{container}` ({limit}), and the write is OOMKilled")
        }
        (None, Some(limit)) => format!("it may fill the Pod's memory limit ({limit}), and the write is OOMKilled"),
        (None, None) => "it may fill the node's memory".to_owned(),
    };
    let field = volume.size_limit_field();
    let label = if field.node().is_none() { "no `sizeLimit`" } else { "no size" };
    let message = format!("emptyDir `{name}` is in memory and has no sizeLimit: {end}");
    let modest = writers.iter().all(|writer| writer.modest);
    let severity = if modest { Severity::Info } else { Severity::Warning };
    Finding::new(RULE.name, severity, field.path(), message)
        .label(label)
        .help("set `sizeLimit` to what the files need, and leave room for it in the memory limit")
}

fn tight(volume: &Volume<'_>, name: &str, size: Quantity, writer: &Writer<'_>) -> Option<Finding> {
    let limit = writer.limit?;
    let sum = size.plus(writer.heap.unwrap_or(Quantity::new(0)));
    // A program needs something beside its files.
    if sum < limit.amount || (sum == limit.amount && writer.heap.is_some()) {
        return None;
    }
    let leaves = match writer.heap {
        Some(heap) => format!(" and a heap of up to {heap} leave"),
        None => " leaves".to_owned(),
    };
    let message = format!(
        "emptyDir `{name}` of {size}{leaves} nothing of the memory limit {}: a full volume is OOMKilled",
        limit.amount
    );
    Some(
        Finding::new(RULE.name, Severity::Warning, volume.size_limit_field().path(), message)
            .label("counts against the container's memory limit")
            .and(limit.field.path(), "has to hold the program and the files")
            .container(writer.container.name())
            .help(format!("raise the memory limit above {sum}, or lower sizeLimit")),
    )
}
