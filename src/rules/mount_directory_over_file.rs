//! A whole ConfigMap or Secret mounted where a file is meant.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::command::base_name;
use crate::k8s::container::Container;
use crate::k8s::volume::Mount;
use crate::node::Node;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "mount-directory-over-file",
    summary: "a whole ConfigMap or Secret is mounted at the path of a file",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "Where the image has a file at that path, the container can't be created: `not a directory: Are you trying to mount a directory \
                  onto a file (or vice-versa)?`, RunContainerError or StartError with exit code 128, then CrashLoopBackOff. Where it has none, the \
                  program finds a directory instead of its file, and ends with `is a directory`.",
        why: "A volume of a ConfigMap or Secret is a directory with a file for each key. Without `subPath` that directory is what stands at \
              `mountPath`, whatever its name looks like.",
        see: "`kubectl describe pod POD` shows the message of the runtime under Last State; `kubectl exec POD -- ls -ld PATH` shows a directory.",
        fix: "Mount one key with `subPath: KEY`; such a file does not change when the ConfigMap does. Or mount the whole at a directory of its own, and \
              tell the program where its file lies.",
        ignore: "The rule looks at the ending of the path, such as `.conf`, `.yaml` or `.sh`, or at a key of the same name that has one. It is silent \
                 where the command or a variable names something below the path. Ignore it for a directory that is really called so.",
        source: "Kubernetes `pkg/volume/configmap/configmap.go` (SetUpAt); opencontainers/runc `libcontainer/rootfs_linux.go` (createMountpoint)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// Endings that files have, and directories don't.
const ENDINGS: &[&str] = &[
    "cfg",
    "cnf",
    "conf",
    "config",
    "crt",
    "env",
    "hcl",
    "htm",
    "html",
    "ini",
    "jks",
    "js",
    "json",
    "key",
    "keystore",
    "p12",
    "pem",
    "php",
    "properties",
    "py",
    "sh",
    "sql",
    "toml",
    "truststore",
    "txt",
    "xml",
    "yaml",
    "yml",
];

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if container.workload.is_windows() {
        return;
    }
    for mount in container.mounts() {
        let Some(place) = mount.place().map(|place| place.trim_end_matches('/')) else { continue };
        let Some(volume) = mount.volume() else { continue };
        let name = base_name(place);
        let Some((stem, ending)) = name.rsplit_once('.') else { continue };
        let keys = volume.file_names(context.set, MAX_COMPARED);
        let key = keys.iter().find(|key| **key == name);
        if volume.objects().is_empty()
            || stem.is_empty()
            || !mount.is_directory()
            || (key.is_none() && !ENDINGS.contains(&ending))
            || names_below(*container, mount, place)
        {
            continue;
        }
        let what = super::references::behind(mount);
        let message = format!("the whole {what} is mounted at `{place}`, which becomes a directory and not a file");
        let help = match (key, &keys[..]) {
            (Some(key), _) | (None, [key]) => format!("add `subPath: {key}`"),
            _ => "add `subPath` with the key that is meant".to_owned(),
        };
        findings.push(
            Finding::new(RULE.name, Severity::Warning, mount.place_field().path(), message)
                .label("a directory")
                .note("assumed from its name that the program wants a file there")
                .help(help),
        );
    }
}

/// Keys that a path is compared with.
const MAX_COMPARED: usize = 256;

/// Whether the container knows of something below a mount, so that a directory is what is wanted.
fn names_below(container: Container<'_>, mount: Mount<'_>, place: &str) -> bool {
    let begins = format!("{place}/");
    let (command, args) = container.command_words();
    let words = command.into_iter().chain(args).flatten();
    let below = container.mounts().filter(|other| other.path() != mount.path()).filter_map(Mount::place);
    words.filter_map(Node::as_str).any(|text| text.contains(&begins))
        || container.env().filter_map(|(_, value)| value).any(|text| text.contains(&begins))
        || below.into_iter().any(|other| other.starts_with(&begins))
}
