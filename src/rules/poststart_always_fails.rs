//! A postStart hook that can't succeed.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::handler::Means;
use crate::k8s::lifecycle::Hook;
use crate::k8s::program::NoProgram;
use crate::k8s::tables::Tables;
use crate::node::Node;
use crate::path::Path;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "poststart-always-fails",
    summary: "a postStart hook that always fails, so that its container is killed right after every start",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container starts, the hook fails, and the kubelet kills the container: `FailedPostStartHook`, exit code 137 or 143, \
                  CrashLoopBackOff. The application itself may be in perfect order, and its log shows nothing but a start and a stop.",
        why: "Any error of the hook kills, whatever it is. A `tcpSocket` handler is an error each time: the field exists for old \
              manifests only, and the kubelet has no code for it. So is a port name that the container does not declare. A command is no shell \
              script: its first word is looked up as a file of that name, and `cp a b` in one word or the builtin `export` are none. \
              And a command that comes to `false` or `exit 1` fails by itself.",
        see: "`kubectl describe pod POD` shows the event `FailedPostStartHook`, and `Last State: Terminated`; the kubelet's log has the hook's error.",
        fix: "Drop the hook, or write a command that can succeed: each word an item of its own, or `[sh, -c, \"…\"]`, with `|| true` at the end \
              where its failure does not matter. To wait for a port, use a startupProbe.",
        ignore: "The rule is silent for what programs do when they run. A path with a blank that could be a folder's name is a warning.",
        source: "Kubernetes `pkg/kubelet/lifecycle/handlers.go` (Run), `pkg/kubelet/kuberuntime/kuberuntime_container.go` (startContainer); \
                 `k8s.io/api/core/v1/types.go` (LifecycleHandler.TCPSocket); seen on 1.36.3 with containerd",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(container.post_start().and_then(|hook| judge(hook, context.tables)));
}

fn judge(hook: Hook<'_>, tables: &Tables) -> Option<Finding> {
    let handler = hook.handler()?;
    let found = |severity, path: Path, why: String, label: &str, help: &str| {
        let message = format!("the postStart hook always fails, and the container is killed after each start: {why}");
        Some(Finding::new(RULE.name, severity, path, message).label(label).help(help))
    };
    match handler.means {
        Means::Tcp => found(
            Severity::Error,
            handler.path(),
            "hooks have no `tcpSocket` handler".to_owned(),
            "no hook can do this",
            "to wait for a port use a startupProbe; a hook takes `exec`, `httpGet` or `sleep`",
        ),
        Means::Http => {
            let name = handler.unknown_port_name()?;
            found(
                Severity::Error,
                handler.port_field().path(),
                format!("the container declares no port named `{name}`"),
                "no port of this container has this name",
                "name the port under `ports`, or write its number",
            )
        }
        Means::Exec => {
            let words = handler.words();
            if let Some((fault, program)) = handler.not_runnable(tables) {
                let why = match fault {
                    NoProgram::Builtin => format!("`{program}` exists within a shell only"),
                    NoProgram::Shape(what) => format!("its first word is no program: it is {what}"),
                    NoProgram::NoShell | NoProgram::Missing => format!("the image has no `{program}`"),
                    NoProgram::Blank { .. } => {
                        "the first word holds a blank, and is looked up as a file of that name".to_owned()
                    }
                };
                let guess = fault == NoProgram::Blank { certain: false };
                // What is known of images is no part of the manifest.
                let known = matches!(fault, NoProgram::NoShell | NoProgram::Missing);
                let severity = if guess || known { Severity::Warning } else { Severity::Error };
                let path = words[0].path_from(hook.container.workload.object.root);
                let (label, help) = if known {
                    ("not in the image", "call what the image has, or use an image that has it")
                } else {
                    ("no program has this name", "write each word as an item of its own, or run it by `sh -c`")
                };
                let finding = found(severity, path, why, label, help)?;
                return Some(if guess {
                    finding.note("assumed that no folder has a blank in its name")
                } else {
                    finding
                });
            }
            let all: Option<Vec<&str>> = words.into_iter().map(Node::as_str).collect();
            if !crate::k8s::shell::always_fails(&all?) {
                return None;
            }
            found(
                Severity::Error,
                handler.command_field().path(),
                "its command never ends with exit code 0".to_owned(),
                "comes to a failure on every path",
                "drop the hook, or let it end with exit code 0",
            )
        }
        Means::Grpc => None,
    }
}
