//! A `chown` or `chmod` by a user that is not root.

use super::volume_owned_by_root::is_shared;
use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::backings::mount_at;
use crate::k8s::command::{Run, base_name};
use crate::k8s::container::{Container, Role};
use crate::k8s::security::{is_root, user_number};
use crate::k8s::shell;
use crate::k8s::volume::{Backing, Mounts};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "chown-without-root",
    summary: "a `chown` or `chmod` that ends the container runs as a user that is not root",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "`chown` or `chmod` says `Operation not permitted`, and the container ends with its exit code 1: Error, then CrashLoopBackOff; \
                  of an init container Init:Error, then Init:CrashLoopBackOff.",
        why: "Only a process with the capability CHOWN gives files to another user, only a file's owner or a process with FOWNER changes its mode, and \
              a container's process that is not root has no capabilities, whatever `add` and `privileged` say. An init container is often there \
              for just that, and the Pod's `runAsUser`, or the one that an admission policy asks for, holds for it too. Even one's own number does not \
              help: a new volume belongs to root, and nobody else gives away what is root's.",
        see: "`kubectl logs POD -c CONTAINER --previous` shows `chown: …: Operation not permitted`, or the same of `chmod`.",
        fix: "Leave the owner to the kubelet: `fsGroup` of the Pod's securityContext gives a volume to a group when it is mounted. Where the owner itself \
              matters, run the init container as root: `runAsUser: 0` with `runAsNonRoot: false` and the capability CHOWN.",
        ignore: "The rule speaks only of a `runAsUser` of the manifest, of owners that are numbers or `root`, of modes of a volume's own folder, and \
                 of a failure that ends the script (`&&`, `set -e`, or the last command), and not where `sudo` or its like is called. Ignore it where a server of files, such as one of NFS, \
                 decides otherwise.",
        source: "Linux `fs/attr.c` (chown_ok, setattr_prepare); man page capabilities(7), on execve by other users than root; Kubernetes \
                 `pkg/volume/emptydir/empty_dir.go` (setupDir)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// Programs that have what they run done by another user: where an image has one, root may be a word away.
const BECOMES_ROOT: &[&str] = &["sudo", "gosu", "su-exec", "setuidgid"];

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let user = container.run_as_user().and_then(|user| u32::try_from(user).ok());
    let Some(user) = user.filter(|user| *user != 0 && !container.workload.is_windows()) else { return };
    let Some(run) = Run::written(*container, context.tables) else { return };
    let Some(words) = run.texts() else { return };
    if words.iter().any(|text| BECOMES_ROOT.iter().any(|program| text.contains(program))) {
        return;
    }
    let Some((message, of_claim)) =
        shell::decisive(&words).iter().find_map(|words| refused(words, user, *container, context))
    else {
        return;
    };
    let at = Some(container.args_field()).filter(|args| args.node().is_some()).unwrap_or(container.command_field());
    let mut finding = Finding::new(RULE.name, Severity::Warning, at.path(), message)
        .label("ends with `Operation not permitted`")
        .and(container.run_as_user_field().path(), format!("runs as user {user}"))
        .help(
            "leave it to `fsGroup` of the Pod's securityContext, or run this container alone as root: `runAsUser: 0`, `runAsNonRoot: false`",
        );
    if of_claim {
        finding = finding.note("assumed a new volume with a file system of its own");
    }
    findings.push(finding);
}

/// Why a command fails for a user, where it does; and whether that hangs on what a claim gives.
fn refused(words: &[String], user: u32, container: Container<'_>, context: &Context<'_>) -> Option<(String, bool)> {
    let (program, arguments) = words.split_first()?;
    // A file that shows what to set, and owners that are left alone.
    let other = |word: &String| word.starts_with("--reference") || word.starts_with("--from");
    if arguments.iter().any(other) {
        return None;
    }
    let mut names = arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    let what = names.next()?;
    let mut of_root = || names.find_map(|path| root_owned(container, path, context));
    let new = |place: &str| format!("fails as user {user}: a new volume at `{place}` belongs to root");
    match base_name(program) {
        "chown" => {
            let owner = what.split([':', '.']).next().filter(|owner| !owner.is_empty())?;
            let number = if is_root(owner) { Some(0) } else { user_number(owner) };
            if number? != user {
                let message = format!("`chown` to `{owner}` fails as user {user}: only root can give files away");
                return Some((message, false));
            }
            let (place, of_claim) = of_root()?;
            Some((format!("`chown` {}, and only root can give it away", new(place)), of_claim))
        }
        "chmod" => {
            let (place, of_claim) = of_root()?;
            Some((format!("`chmod` {}, and only its owner can change its mode", new(place)), of_claim))
        }
        _ => None,
    }
}

/// Where a path is that of a volume which was root's when the container began; and whether it is a claim's.
fn root_owned<'t>(container: Container<'t>, path: &str, context: &Context<'_>) -> Option<(&'t str, bool)> {
    let mounts = Mounts::of(container);
    let mount = mount_at(&mounts, path.trim_end_matches('/')).filter(|mount| !mount.is_read_only())?;
    let place = mount.place().filter(|place| path.trim_end_matches('/') == place.trim_end_matches('/'))?;
    let workload = container.workload;
    let of_claim = match workload.backings().of(mount) {
        Backing::EmptyDir => false,
        Backing::Claim if !is_shared(workload, mount, context) => true,
        _ => return None,
    };
    // An init container that is root may have given it away.
    let prepared = workload.containers().iter().any(|other| {
        other.role == Role::Init
            && other.name() != container.name()
            && other.run_as_user().is_none_or(|user| user == 0)
            && other.mounts().any(|one| one.volume_name() == mount.volume_name())
    });
    (!prepared).then_some((place, of_claim))
}
