//! A path in a command or variable that lies in a mounted ConfigMap or Secret, and is none of its files.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::files::Entry;
use crate::k8s::reads::{Naming, Read};
use crate::k8s::volume::{Lies, Mounts};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "mounted-file-missing",
    summary: "a command or variable names a file that its mounted ConfigMap or Secret does not have",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program does not find its configuration, and ends with exit code 1: `no such file or directory`.",
        why: "A volume hides what the image has at its place, and shows nothing but its keys, or with `items` the paths that these name. A \
              path below it that is none of these does not exist: `config.yaml` where the key is `config.yml`. The rule assumes that the \
              program needs what its command or a variable names.",
        see: "`kubectl logs POD --previous` shows the path; `kubectl get configmap NAME -o jsonpath='{.data}'` shows the keys.",
        fix: "Correct the key or the path. A file given to `kubectl create configmap --from-file` is a key by its file name.",
        ignore: "The rule is silent for objects that the run does not hold, that operators or env files fill, or that have no keys yet; for paths \
                 with a `*`; for a path that is the beginning of a file's name; and where the script asks first whether the file is there. \
                 Ignore it where the program can do without the file.",
        source: "Kubernetes `pkg/volume/configmap/configmap.go` and `pkg/volume/secret/secret.go` (MakePayload)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// Files that the runtime or the kubelet puts into every container, whatever lies there (kubernetes
/// `pkg/kubelet/kubelet_pods.go`, makeHostsMount; containerd `internal/cri/opts`).
const GIVEN: &[&str] = &["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/termination-log"];

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if container.workload.is_windows() {
        return;
    }
    let mounts = Mounts::of(*container);
    if mounts.is_empty() {
        return;
    }
    let mut told: Vec<String> = Vec::new();
    for read in container.reads(context.tables) {
        if GIVEN.contains(&&*read.file) || told.contains(&read.file) {
            continue;
        }
        let Some(lies) = mounts.at(&read.file) else { continue };
        let (Some(volume), Some(within)) = (lies.mount.volume(), lies.within.as_deref()) else { continue };
        if !matches!(volume.entry(within, context.set), Entry::Nothing { .. }) {
            continue;
        }
        // Many a program adds the ending itself.
        let names = volume.file_names(context.set, MAX_COMPARED);
        let begins = |name: &&str| name.strip_prefix(within).is_some_and(|rest| rest.starts_with(['.', '-', '_']));
        // A `subPath` that is no file has a rule of its own.
        if names.is_empty() || names.iter().any(begins) || lies.mount.sub_path().is_none_or(|path| !path.is_empty()) {
            continue;
        }
        told.push(read.file.clone());
        findings.push(finding(container, context, &read, &lies, within));
    }
}

/// Files that a wrong name is compared with.
const MAX_COMPARED: usize = 256;

fn finding(container: &Container<'_>, context: &Context<'_>, read: &Read, lies: &Lies<'_>, within: &str) -> Finding {
    let what = match &read.naming {
        Naming::Command => format!("`{}`", read.file),
        // A variable's value may be a secret.
        Naming::Variable(name) => format!("the file that `{name}` names"),
    };
    let of = super::references::behind(lies.mount);
    let place = lies.mount.place().unwrap_or_default();
    let message = format!("{what} is none of the files of {of}, which is mounted at `{place}`");
    let finding = Finding::new(RULE.name, Severity::Warning, read.place.clone(), message)
        .label("no such file")
        .container(container.name());
    match lies.mount.volume() {
        Some(volume) => super::references::near_file(finding, &volume, within, context.set),
        None => finding,
    }
}
