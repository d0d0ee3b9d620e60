//! A root file system that can only be read, and nothing mounted where the program writes.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Edit, Finding, Safety, Severity};
use crate::k8s::backings::{is_within, mount_at};
use crate::k8s::container::{Container, Role};
use crate::k8s::images::How;
use crate::k8s::pod::Workload;
use crate::k8s::stock::Stock;
use crate::k8s::volume::{Mounts, Volume};
use serde_json::json;
use std::collections::HashSet;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "readonly-root-without-tmp",
    summary: "readOnlyRootFilesystem, and nothing is mounted where the program writes",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program ends with exit code 1 and `Read-only file system`: Error, then CrashLoopBackOff. Some start, and fail when they first \
                  need a temporary file.",
        why: "With `readOnlyRootFilesystem: true` nothing outside of mounts can be written, `/tmp` and `/run` included. Servers write process ids, sockets \
              and caches at start; interpreters and JVMs write to the folder for temporary files.",
        see: "`kubectl logs POD --previous` shows `Read-only file system` or `EROFS`, and the path.",
        fix: "Mount an emptyDir at each path that is written: at `/tmp`, and at those that the message names. Where files must outlive the Pod, mount a \
              claim.",
        ignore: "The rule is silent for images that are known to write nothing, and for paths that the image declares as VOLUME, where containerd and \
                 Docker mount something. Of images of which nothing is known it only says, as info, that nothing can be written at `/tmp`; it is silent \
                 where `TMPDIR` is set. Many programs in Go need none.",
        source: "the images' own entrypoints and servers, named row by row in `policies/images/`; containerd \
                 `internal/cri/server/container_create.go` (volumeMounts)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if workload.is_windows() {
        return;
    }
    let mut taken = None;
    for container in workload.containers().into_iter().filter(|container| container.has_read_only_root()) {
        let taken = taken.get_or_insert_with(|| workload.volumes().filter_map(Volume::name).collect());
        findings.extend(judge(container, context, taken));
    }
}

fn judge(container: Container<'_>, context: &Context<'_>, taken: &HashSet<&str>) -> Option<Finding> {
    let mounts = Mounts::of(container);
    let is_mounted = |path: &str| mount_at(&mounts, path).is_some();
    let Some(stock) = container.stock(context.tables).filter(|stock| stock.known.writes().is_some()) else {
        let needs_none = container.role == Role::Init || is_mounted("/tmp") || container.variable("TMPDIR").is_some();
        return (!needs_none).then(|| guessed(container, taken));
    };
    let by_image = |path: &str| stock.known.volumes().iter().any(|volume| is_within(path, volume));
    let mut missing = stock.writes(context.tables);
    missing.retain(|write| !is_mounted(&write.path) && !by_image(&write.path));
    if missing.is_empty() {
        return None;
    }
    let paths: Vec<&str> = missing.iter().map(|write| write.path.as_str()).collect();
    let list = paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    let image = container.image_text().unwrap_or_default();
    let message = format!(
        "the root file system can't be written, nothing is mounted at {list}, and the image `{image}` writes there at start"
    );
    let finding = Finding::new(RULE.name, Severity::Warning, container.read_only_root_field().path(), message)
        .label("nothing outside of mounts can be written")
        .container(container.name())
        .help(format!("mount an emptyDir at {list}"));
    let disposable = missing.iter().all(|write| write.how != How::Edit) && !holds_data(&stock, &paths);
    Some(match mount_all(container, &paths, taken).filter(|_| disposable) {
        Some(edits) => finding.fix(Safety::Review, format!("mount an emptyDir at {list}"), edits),
        None => finding,
    })
}

/// Whether one of the paths is where a database keeps what must outlive the Pod.
fn holds_data(stock: &Stock<'_>, paths: &[&str]) -> bool {
    stock.known.data().is_some_and(|data| paths.iter().any(|path| is_within(&data.path, path)))
}

fn guessed(container: Container<'_>, taken: &HashSet<&str>) -> Finding {
    let message = "the root file system can't be written, and nothing is mounted at `/tmp`: a program that needs a temporary file fails";
    let finding = Finding::new(RULE.name, Severity::Info, container.read_only_root_field().path(), message)
        .label("nothing outside of mounts can be written")
        .container(container.name())
        .help("mount an emptyDir at `/tmp`, if the program writes temporary files");
    match mount_all(container, &["/tmp"], taken) {
        Some(edits) => finding.fix(Safety::Review, "mount an emptyDir at `/tmp`", edits),
        None => finding,
    }
}

/// An emptyDir at each path; none where a volume's name can't be made or is taken.
fn mount_all(container: Container<'_>, paths: &[&str], taken: &HashSet<&str>) -> Option<Vec<Edit>> {
    let owner = container.name()?;
    let names: Vec<String> =
        paths.iter().map(|path| format!("{owner}{}", path.replace(['/', '_', '.'], "-"))).collect();
    let free = |name: &String| name.len() <= MAX_NAME && !taken.contains(name.as_str());
    if !names.iter().all(free) || container.workload.is_knative() {
        return None;
    }
    let volumes = names.iter().map(|name| json!({"name": name, "emptyDir": {}})).collect();
    let mounts = names.iter().zip(paths).map(|(name, path)| json!({"name": name, "mountPath": path})).collect();
    let mut edits = container.mounts_field().append(mounts);
    edits.extend(container.workload.volumes_field().append(volumes));
    Some(edits)
}

/// Characters of a volume's name: `DNS1123LabelMaxLength`.
const MAX_NAME: usize = 63;
