//! A `subPath` that is no file of its volume.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::files::Entry;
use crate::k8s::volume::Mount;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "subpath-key-missing",
    summary: "a mount's `subPath` is no key of the ConfigMap or Secret",
    severity: Severity::Error,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container finds an empty, read-only folder where it expects a file: `Is a directory`, `not a directory`, \
                  `no such file`, and ends, mostly with exit code 1. No event tells of it.",
        why: "`subPath` takes one file out of the volume. Where there is none of that name the kubelet makes a folder, whatever the volume is \
              made of. The files of a ConfigMap or Secret are its keys, or with `items` the paths that these name. Where the volume's \
              `items` are listed, the manifest alone proves the fault; else it hangs on the object in the run, and is an error where the \
              policy says `set: complete`, a warning elsewhere: another tool may add the key.",
        see: "`kubectl exec POD -- ls -ld PATH` shows a folder; `kubectl get configmap NAME -o yaml` shows the keys.",
        fix: "Write the key, or the `path` of the item, as `subPath`.",
        ignore: "The rule is silent for objects that the run does not hold, that operators or env files fill, or that have no keys yet, for \
                 `subPathExpr`, and where a file lies below the `subPath`.",
        source: "Kubernetes `pkg/kubelet/kubelet_pods.go` (makeMounts: SafeMakeDir), `pkg/volume/configmap/configmap.go` (MakePayload)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    for mount in container.mounts() {
        let Some(sub_path) = mount.sub_path().filter(|path| !path.is_empty()) else { continue };
        let Some(volume) = mount.volume() else { continue };
        if let Entry::Nothing { listed } = volume.entry(&sub_path, context.set) {
            findings.push(finding(&mount, context, &sub_path, listed));
        }
    }
}

fn finding(mount: &Mount<'_>, context: &Context<'_>, sub_path: &str, listed: bool) -> Finding {
    let set = context.set;
    let objects = mount.volume().map(|volume| volume.objects()).unwrap_or_default();
    let of = match objects[..] {
        _ if listed => format!("path among the items of volume `{}`", mount.volume_name().unwrap_or_default()),
        [(sort, name)] => format!("key of {} `{name}`", sort.kind()),
        _ => format!("file of volume `{}`", mount.volume_name().unwrap_or_default()),
    };
    let optional = mount.volume().is_some_and(|volume| volume.is_optional());
    let severity = if (listed || set.is_complete()) && !optional { Severity::Error } else { Severity::Warning };
    let place = mount.place_field().node().and_then(|place| place.as_str()).unwrap_or_default();
    let message = format!("`{sub_path}` is no {of}: the container gets an empty folder at `{place}`");
    let finding = Finding::new(RULE.name, severity, mount.sub_path_field().path(), message).label("no such file");
    match mount.volume() {
        Some(volume) => super::references::near_file(finding, &volume, sub_path, set),
        None => finding,
    }
}
