//! A mounted script that nobody may execute.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::execute::{Executed, Executor, Occasion};
use crate::k8s::files::{Entry, File};
use crate::k8s::probe::Purpose;
use crate::k8s::shell::Fate;
use crate::k8s::user::Executable;
use crate::k8s::volume::{Lies, Mounts};
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "mounted-script-not-executable",
    summary: "a script from a ConfigMap or Secret is executed, and its mode has no x bit",
    severity: Severity::Error,
    scope: Scope::PodAndSet,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "As the container's command: StartError, exit code 128, `permission denied`. Run by a shell script: exit code 126, \
                  `Permission denied`. A probe or hook fails in the same way.",
        why: "The kubelet writes the keys of ConfigMaps and Secrets as files of mode 0644, unless `defaultMode` or an item's `mode` says \
              otherwise, and the volume is read-only, so that `chmod` in the container can't mend it. The kernel executes no file \
              without an x bit, not even for root. The files belong to root, so that another user needs the bit of the group or of \
              all others; with `fsGroup` that of the group counts.",
        see: "`kubectl describe pod POD` shows `permission denied` in the container's last state, or `kubectl logs POD --previous` does.",
        fix: "Set `defaultMode: 0555` on the volume, or `mode: 0555` on the item. Or let an interpreter read the script: \
              `command: [sh, /scripts/run.sh]`.",
        ignore: "The rule is silent where an interpreter reads the script, where the shell script asks `[ -x FILE ]` first, and where the \
                 x bit is there for a user that may be the right one.",
        source: "Kubernetes `pkg/volume/util/atomic_writer.go` (writePayloadToDir), `pkg/volume/volume_linux.go` (changeFilePermission), \
                 `k8s.io/api/core/v1/types.go` (ConfigMapVolumeSourceDefaultMode); execve(2)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let executes = container.executes(context.tables);
    if executes.is_empty() {
        return;
    }
    let mounts = Mounts::of(*container);
    let mut told: Vec<String> = Vec::new();
    for executed in &executes {
        let Some(lies) = mounts.at(&executed.file) else { continue };
        let Some(volume) = lies.mount.volume() else { continue };
        let Some(within) = lies.within.as_deref() else { continue };
        let (Entry::File(file) | Entry::Perhaps(file)) = volume.entry(within, context.set) else { continue };
        let Some(mode) = file.mode else { continue };
        let may = container.may_execute(mode, context.tables);
        let shown = format!("{} {:?}", executed.file, executed.occasion);
        if may != Executable::Perhaps && !told.contains(&shown) {
            told.push(shown);
            findings.push(finding(container, executed, &lies, &file, mode, may));
        }
    }
}

fn finding(
    container: &Container<'_>,
    executed: &Executed<'_>,
    lies: &Lies<'_>,
    file: &File<'_>,
    mode: u32,
    may: Executable<'_>,
) -> Finding {
    let (certain, end) = consequence(executed);
    let path = executed.path(container).unwrap_or_else(|| lies.mount.place_field().path());
    let objects = lies.mount.volume().map(|volume| volume.objects()).unwrap_or_default();
    let of = match objects[..] {
        [(sort, name)] => format!("a file of {} `{name}`", sort.kind()),
        _ => format!("a file of volume `{}`", lies.mount.volume_name().unwrap_or_default()),
    };
    let lacks = if mode & 0o111 == 0 { "no x bit" } else { "no x bit for the container's user" };
    let severity = if certain && may == Executable::No { Severity::Error } else { Severity::Warning };
    let message = format!("`{}` is {of}, and its mode {mode:04o} has {lacks}: {end}", executed.file);
    let label = if file.mode_field.node().is_some() { "sets the mode" } else { "sets no mode: 0644 holds" };
    let mut finding = Finding::new(RULE.name, severity, path, message)
        .label("can't be executed")
        .and(file.mode_field.path(), label)
        .help("set the mode to 0555, or let an interpreter read the file: `sh FILE`")
        .fix(Safety::Review, "set the mode to 0555 (365 in JSON)", file.mode_field.set(json!(0o555)));
    if let Executable::NotBy(user) = may {
        finding = finding.note(format!("assumed that the container runs as `{user}`, as its image does"));
    }
    finding.container(container.name())
}

/// Whether the pod is sure to suffer, and how.
fn consequence(executed: &Executed<'_>) -> (bool, &'static str) {
    let shell = match executed.by {
        Executor::Runtime | Executor::Wrapper => None,
        Executor::Shell(fate) => Some(fate),
    };
    match (executed.occasion, shell) {
        (Occasion::Start, None) if executed.by == Executor::Wrapper => {
            (true, "the container ends at once with \"permission denied\"")
        }
        (Occasion::Start, None) => (true, "the container can't start (StartError, exit code 128)"),
        (Occasion::Start, Some(Fate::Ends)) => (true, "the shell ends with exit code 126"),
        (Occasion::Start, Some(Fate::GoesOn)) => {
            (false, "the shell says \"Permission denied\" (126) and goes on without it")
        }
        (Occasion::Start, Some(Fate::Unknown)) => (false, "where the shell comes to it, it fails with 126"),
        (Occasion::Probe(Purpose::Liveness), None) => (false, "the liveness probe never checks anything"),
        (Occasion::Probe(Purpose::Liveness), Some(Fate::Ends)) => {
            (true, "the liveness probe fails, and the container is killed")
        }
        (Occasion::Probe(Purpose::Readiness), None | Some(Fate::Ends)) => (true, "the pod never becomes ready"),
        (Occasion::Probe(Purpose::Startup), None) => (true, "the container never counts as started"),
        (Occasion::Probe(Purpose::Startup), Some(Fate::Ends)) => {
            (true, "the startup probe fails, and the container is killed")
        }
        (Occasion::Probe(_), _) => (false, "the probe's script fails there with 126"),
        (Occasion::PostStart, None | Some(Fate::Ends)) => (true, "the hook fails, and the container is killed"),
        (Occasion::PostStart, _) => (false, "the hook's script fails there with 126"),
        (Occasion::PreStop, _) => (false, "the hook fails, and the container is stopped without it"),
    }
}
