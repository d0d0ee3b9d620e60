//! A volume mounted over the program that the container is to run.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::command::argv;
use crate::k8s::container::Container;
use crate::k8s::execute::{Executor, Occasion};
use crate::k8s::files::Entry;
use crate::k8s::volume::{Backing, Mount, Mounts};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "mount-shadows-app",
    summary: "a volume hides the program that the container is to run",
    severity: Severity::Error,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program is in the image, and the container can't find it: StartError, exit code 128, `stat FILE: no such file or \
                  directory`. Where only what the program reads is hidden, it ends with exit code 1: `cannot find module`.",
        why: "A mounted volume takes the place of the image's folder, with all that is in it; nothing is merged. What is left are the \
              volume's own files: the keys of a ConfigMap or Secret, and of an `emptyDir` nothing at all, until somebody writes it.",
        see: "`kubectl describe pod POD` shows the message in the container's last state. `kubectl debug` with a copy of the pod and `command: \
              [sleep, infinity]` shows what is left in the folder.",
        fix: "Mount the volume at a folder of its own, or one file of it with `subPath`. To keep the image's files in an `emptyDir`, let an init \
              container of the same image copy them.",
        ignore: "It is an error only where the program's own path lies in the volume: an `emptyDir` that no other container mounts, or a \
                 ConfigMap or Secret whose keys are known; with keys known from the run alone it is a warning unless the policy says `set: \
                 complete`. An empty folder over `/app`, `/usr/local/bin`, `/etc` and their like is a warning. The rule is silent where another \
                 container may write the volume, where the command names the folder, and for all other volumes.",
        source: "mount(2); Kubernetes `pkg/kubelet/kubelet_pods.go` (makeMounts)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// Folders in which images have their programs, libraries and configuration (Filesystem Hierarchy Standard 3.0), and
/// those into which Dockerfiles copy applications (Docker's own examples and the official images of languages).
const OF_IMAGES: &[&str] = &[
    "/app",
    "/usr/src/app",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local",
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/etc",
];

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if container.workload.is_windows() {
        return;
    }
    let mut told = None;
    let starts = |by| matches!(by, Executor::Runtime | Executor::Wrapper);
    let executes = container.executes(context.tables);
    let mounts = Mounts::of(*container);
    for executed in executes.iter().filter(|one| one.occasion == Occasion::Start && starts(one.by)) {
        let Some(lies) = mounts.at(&executed.file) else { continue };
        let (Some(volume), Some(within)) = (lies.mount.volume(), lies.within.as_deref()) else { continue };
        let why = match volume.entry(within, context.set) {
            Entry::Nothing { listed: true } => {
                Some((Severity::Error, "the volume's files are listed, and it is none of them"))
            }
            Entry::Nothing { listed: false } if context.set.is_complete() => {
                Some((Severity::Error, "the volume has no such key"))
            }
            Entry::Nothing { listed: false } => Some((Severity::Warning, "the volume has no such key")),
            Entry::Unknown if volume.backing() == Backing::EmptyDir && !is_shared(&lies.mount) => {
                Some((Severity::Error, "the volume is empty, and no other container writes it"))
            }
            _ => None,
        };
        let Some((severity, why)) = why else { continue };
        let place = executed.path(container).unwrap_or_else(|| lies.mount.place_field().path());
        let message = format!("`{}` is hidden by a volume, and the container can't start: {why}", executed.file);
        let finding = Finding::new(RULE.name, severity, place, message)
            .label("not there")
            .and(lies.mount.place_field().path(), "mounted over it")
            .help("mount the volume elsewhere, or a single file of it with `subPath`");
        findings.push(super::references::near_file(finding, &volume, within, context.set));
        told = Some(lies.mount.place_field().path());
    }
    for mount in container.mounts() {
        let Some(place) = mount.place().filter(|place| OF_IMAGES.contains(place)) else { continue };
        let empty = mount.volume().is_some_and(|volume| volume.backing() == Backing::EmptyDir);
        if !empty || is_shared(&mount) || told == Some(mount.place_field().path()) || names(container, context, place) {
            continue;
        }
        let message = format!("an empty volume hides the image's `{place}`, and no other container writes it");
        findings.push(
            Finding::new(RULE.name, Severity::Warning, mount.place_field().path(), message)
                .label("empty when the container starts")
                .help("mount it at a folder of its own, or copy the image's files into it by an init container")
                .note(format!("assumed that the image has files in `{place}` that it needs")),
        );
    }
}

/// Whether another mount of the volume may fill it.
fn is_shared(mount: &Mount<'_>) -> bool {
    let here = mount.place_field().path();
    let mut all = mount.container.workload.containers().into_iter().flat_map(Container::mounts);
    all.any(|other| {
        other.volume_name() == mount.volume_name() && !other.is_read_only() && other.place_field().path() != here
    })
}

/// Whether the container's own command speaks of a folder: then it may fill it.
fn names(container: &Container<'_>, context: &Context<'_>, place: &str) -> bool {
    let words = argv(*container, context.tables).unwrap_or_default();
    words.iter().any(|word| word.text.as_ref().is_none_or(|text| text.contains(place)))
}
