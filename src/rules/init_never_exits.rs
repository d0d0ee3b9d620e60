//! A plain init container whose command never ends.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::command::Run;
use crate::k8s::container::{Container, Role};
use crate::k8s::shell;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "init-never-exits",
    summary: "an init container that never ends, so that the pod's containers never start",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The pod stays in `Init:0/1` for ever. Nothing crashes and nothing is restarted; the containers of the application are \
                  never started, and a rollout runs into its deadline.",
        why: "Init containers run one after another, and each has to end with exit code 0 before the next one starts. `sleep infinity`, \
              `tail -f` and an endless loop never end. The command is read as the container will run it, the image's own included where \
              it is known; the script of `sh -c` is parsed by a shell parser. It is an error where the words alone say so, and a \
              warning where the program is known as a server.",
        see: "`kubectl get pods` shows `Init:0/1` with a growing age; `kubectl describe pod POD` shows the init container as `Running`.",
        fix: "Let the command end: take the `sleep` of a debugging session out again, or background what the next step needs. What has to run \
              beside the application is a sidecar: `restartPolicy: Always` on the init container (Kubernetes 1.29 and later), or one of `containers`.",
        ignore: "The rule is silent for sidecars, for what `timeout` ends, for loops that may leave, for scripts with `trap`, `kill` or `exit` \
                 in the way, for servers that are asked for something else (`--version`, `nginx -t`, `migrate`), and for every program that it \
                 does not know. A loop that waits for something is the business of `init-waits-forever`.",
        source: "Kubernetes `pkg/kubelet/kuberuntime/kuberuntime_container.go` (computeInitContainerActions); documentation: Init Containers; of each server its own \
                 documentation, named row by row in `src/k8s/shell/servers.rs`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some((at, count)) = container.init_position().filter(|_| container.role == Role::Init) else { return };
    if container.workload.is_windows() || container.redefines_programs() {
        return;
    }
    let Some(run) = Run::of(*container, context.tables) else { return };
    let Some(words) = run.texts() else { return };
    let Some(endless) = shell::endless(&words) else { return };
    let severity = if endless.certain { Severity::Error } else { Severity::Warning };
    // Values of variables may be secrets.
    let what = if run.is_as_written() { endless.what } else { "its command never ends".to_owned() };
    let message = format!("the init container never ends, and the pod stays in `Init:{at}/{count}`: {what}");
    let script = shell::script(&words);
    let label = if script.is_some() { "this script never ends" } else { "this never ends" };
    let mut finding = Finding::new(RULE.name, severity, run.path(script.map_or(0, |script| script.at)), message)
        .label(label)
        .help("let it end, or set `restartPolicy: Always` on it if it is to run beside the application");
    if !endless.certain {
        finding = finding.note("assumed that the program serves until it is stopped, as its documentation says");
    }
    findings.push(finding);
}
