//! A probe that asks the node in place of the Pod.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Edit, Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::pod::Workload;
use crate::k8s::port::Port;
use crate::k8s::probe::{Probe, Purpose};
use std::collections::HashSet;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "probe-host-loopback",
    summary: "a probe with `host: localhost` asks the node, and not the container",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The probe is never answered, or answered by some other program of the node. A livenessProbe or startupProbe kills the container \
                  again and again (137, 143 or 0, CrashLoopBackOff); a readinessProbe leaves the Pod without traffic for ever.",
        why: "The kubelet itself dials, from the node's network: its `localhost` is the node. Without `host` it dials the Pod's address. A program \
              that listens on 127.0.0.1 alone can't be reached by httpGet and tcpSocket at all.",
        see: "`kubectl describe pod POD` shows `probe failed: … dial tcp 127.0.0.1:8080: connect: connection refused`.",
        fix: "Remove `host`. Where the program listens on 127.0.0.1 alone, let it listen on all addresses, or ask by `exec`, which runs within \
              the container. For a virtual host set the header `Host` by `httpHeaders`.",
        ignore: "The rule is silent for Pods in the node's network (`hostNetwork`), and where a container has the port as its hostPort.",
        source: "Kubernetes `pkg/kubelet/prober/prober.go` (runProbe), `pkg/probe/http/request.go` (an empty host is the Pod's address); \
                 `k8s.io/api/core/v1/types.go` (HTTPGetAction)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    if workload.has_host_network() {
        return;
    }
    let on_node: HashSet<u16> = workload.ports().into_iter().filter_map(Port::host_port).collect();
    let probes = workload.containers().into_iter().flat_map(Container::probes);
    findings.extend(probes.filter_map(|probe| judge(probe, &on_node)));
}

fn judge(probe: Probe<'_>, on_node: &HashSet<u16>) -> Option<Finding> {
    let handler = probe.handler()?;
    let host = handler.loopback_host()?;
    if handler.port_number().is_some_and(|number| on_node.contains(&number)) {
        return None;
    }
    let what = probe.purpose.field();
    let end = match probe.purpose {
        Purpose::Readiness => "the Pod never becomes ready",
        _ => "the container is killed again and again",
    };
    let path = handler.host_field().path();
    Some(
        Finding::new(
            RULE.name,
            Severity::Warning,
            path.clone(),
            format!(
                "{what} asks `{host}`, which is the node's own address to the kubelet: nobody answers there, and {end}"
            ),
        )
        .label("the node, not the container")
        .help(
            "remove `host`: the kubelet then asks the Pod's address; a program on 127.0.0.1 alone needs an exec probe",
        )
        .fix(Safety::Review, "remove `host`", vec![Edit::Remove(path)]),
    )
}
