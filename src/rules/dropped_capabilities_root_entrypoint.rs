//! An entrypoint that starts as root, without the capabilities that it needs for that.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::command::{Run, base_name};
use crate::k8s::container::Container;
use crate::k8s::security::User;
use crate::k8s::shell;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "dropped-capabilities-root-entrypoint",
    summary: "capabilities are dropped that the image's entrypoint needs",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container ends at once with exit code 1 and `Operation not permitted`: Error, then CrashLoopBackOff.",
        why: "Many images start as root, give their folders to another user, and step down to that user. Root can do so by its capabilities only: \
              CHOWN changes owners, SETUID and SETGID step down. `drop: [ALL]` takes them away and leaves a root that can do less than the user it \
              wants to become. Some programs have a capability on their file instead (`setcap`): the kernel runs them only in a container that may \
              have it.",
        see: "`kubectl logs POD --previous` shows `chown: … Operation not permitted`, `setgid(…) failed`, `failed switching to …: operation not \
              permitted`, or `exec …: operation not permitted`.",
        fix: "Add back what the message names: `capabilities: {drop: [ALL], add: [CHOWN, SETGID, SETUID]}`. Better: run the image as its user from the \
              start (`runAsUser`, `fsGroup`), where it can, or use a variant that never is root.",
        ignore: "The rule is silent where the container runs as another user, is privileged, or the image is \
                 unknown; of a `command` of the manifest's own it knows only `chown`. Ignore it where a mounted configuration lets the program stay root.",
        source: "the images' own entrypoints, named row by row in `policies/images/`; containerd `internal/cri/opts/spec_opts.go` \
                 (WithCapabilities); man page capabilities(7)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// Asked for where ports below 1024 are bound: runtimes that open those to anybody don't ask for it.
const BIND: &str = "NET_BIND_SERVICE";

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(changes_owners(*container, context));
    let (Some(stock), Some(image)) = (container.stock(context.tables), container.image_text()) else { return };
    let mut lost = stock.lost_capabilities(context.tables);
    if container.workload.unprivileged_port_start().is_some() {
        lost.retain(|name| *name != BIND);
    }
    let of_file = stock.known.file_capabilities().unwrap_or_default().iter().map(String::as_str);
    let of_file: Vec<&str> = of_file.filter(|name| !container.may_have_capability(name)).collect();
    let by_file = !of_file.is_empty();
    let (list, end) = if by_file {
        (of_file, "which its program's file asks for: the kernel refuses to run it, with `operation not permitted`")
    } else if lost == [BIND] {
        (lost, "by which root binds a port below 1024: it ends with `permission denied`")
    } else {
        (lost, "which its entrypoint needs as root: it ends with `operation not permitted`")
    };
    if list.is_empty() || container.dropped_field().node().is_none() {
        return;
    }
    let names = list.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut finding = Finding::new(
        RULE.name,
        Severity::Warning,
        container.dropped_field().path(),
        format!("the image `{image}` has lost {names}, {end}"),
    )
    .label("dropped here")
    .and(container.image_field().path(), if by_file { "needs it to be run" } else { "starts as root" })
    .help(format!("add them back with `add: [{}]`, or use a variant of the image that never is root", list.join(", ")));
    if list == [BIND] && !by_file {
        finding = finding.note(crate::k8s::security::RUNTIMES_AND_PORTS);
    }
    findings.push(finding);
}

/// Changes owners, for anybody but root itself (Linux `fs/attr.c`, chown_ok).
const CHOWN: &str = "CHOWN";

/// A command of the manifest's own in which root gives files to somebody else, and the failure of which ends it.
fn changes_owners(container: Container<'_>, context: &Context<'_>) -> Option<Finding> {
    container.dropped_field().node()?;
    let root = container.starts_as(context.tables) == User::Root;
    let run = Run::written(container, context.tables).filter(|_| root && !container.may_have_capability(CHOWN))?;
    let words = run.texts()?;
    let commands = shell::decisive(&words);
    let owner = commands.iter().find_map(|words| {
        let (program, arguments) = words.split_first()?;
        let gives = base_name(program) == "chown";
        let owner = arguments.iter().find(|word| !word.starts_with('-')).filter(|_| gives)?;
        let owner = owner.split([':', '.']).next().unwrap_or_default();
        (!matches!(owner, "" | "0" | "root") && !owner.contains(['$', '`'])).then_some(owner)
    })?;
    let message = format!("`chown` of this command gives files to `{owner}`, and root has lost `{CHOWN}` for that");
    Some(
        Finding::new(RULE.name, Severity::Warning, container.dropped_field().path(), message)
            .label("dropped here")
            .and(container.command_field().path(), "ends with `Operation not permitted`")
            .help(format!("add it back with `add: [{CHOWN}]`, or leave the owner to `fsGroup`")),
    )
}
