//! Several pods that want the same port of a node.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::pod::Workload;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "host-port-replicas",
    summary: "several pods that each take the same port of their node",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "On each node one pod runs. Once every node has one, the others stay Pending; a rolling update hangs as well, \
            as the new pod finds no node before an old one has gone.",
        why: "A `hostPort` is the node's own, and the scheduler never puts two pods that want the same one on a node. With \
            `hostNetwork` every port that a container declares is a host port.",
        see: "`kubectl describe pod POD` shows FailedScheduling: `node(s) didn't have free ports for the requested pod \
            ports`.",
        fix: "Remove `hostPort` and put a Service before the pods, or make it a DaemonSet: one pod on each node is what that \
            is for.",
        ignore: "Ignore it where there are more nodes than pods by design, and updates let a pod go first \
            (`maxUnavailable: 1`, `maxSurge: 0`).",
        source: "Kubernetes `pkg/scheduler/framework/plugins/nodeports/node_ports.go`; `pkg/apis/core/v1/defaults.go` \
            (defaultHostNetworkPorts)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(replicas), Some(field)) = (workload.replicas().filter(|count| *count > 1), workload.replicas_field())
    else {
        return;
    };
    let ports = workload.ports();
    let Some((port, number)) = ports.iter().find_map(|port| Some((port, port.host_port()?))) else { return };
    let how = if port.is_host_port_written() { "hostPort" } else { "hostNetwork" };
    let message = format!("{replicas} pods want port {number} of their node ({how}): no two of them can share one");
    let finding = Finding::new(RULE.name, Severity::Warning, port.host_port_field().path(), message)
        .label("the node's own port")
        .and(field.path(), format!("{replicas} pods"))
        .help("put a Service before the pods, or make it a DaemonSet");
    findings.push(finding);
}
