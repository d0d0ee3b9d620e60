//! A probe that calls its port by a name that the container does not declare.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::decode::nearest;
use crate::k8s::pod::Workload;
use crate::k8s::probe::{Probe, Purpose};
use serde_json::Value;
use std::collections::HashMap;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "probe-port-name-unknown",
    summary: "a probe names a port that its container does not declare",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "Nothing fails, and nothing works. A startupProbe never succeeds and never counts as failed: the Pod shows `Running`, and \
                  its container never counts as started. A readinessProbe never lets the Pod become ready: no traffic, and the \
                  rollout waits until its deadline. A livenessProbe checks nothing at all: the container may hang for ever.",
        why: "The kubelet looks the name up among the ports of the same container; those of other containers don't count. A name that it \
              does not find is an error of the probe, not an answer, and the result of such a check is thrown away.",
        see: "`kubectl describe pod POD` shows `probe errored and resulted in unknown state: port NAME not found`, and 0 restarts; \
              `kubectl get pod POD -o jsonpath='{.status.containerStatuses[*].started}'` says `false`.",
        fix: "Give the container's port that name, or use the port's number in the probe.",
        ignore: "Never, for startup and readiness probes: the Pod can't become ready. The rule is silent for Knative, which \
                 fills ports in, and for what is no valid port name, which the API server refuses. On a livenessProbe, and for Jobs, it is a warning.",
        source: "Kubernetes `pkg/probe/util.go` (ResolveContainerPort), `pkg/kubelet/prober/worker.go` (doProbe: \"the probe throttled or \
                 errored, so record no result\"); seen on 1.36.3",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

/// Numbers of a Pod's ports by name.
type Ports<'t> = HashMap<&'t str, u16>;

fn check(workload: &Workload<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let of_pod: Ports<'_> =
        workload.ports().into_iter().filter_map(|port| Some((port.name()?, port.number()?))).collect();
    let probes = workload.containers().into_iter().flat_map(Container::probes);
    findings.extend(probes.filter_map(|probe| judge(probe, &of_pod)));
}

fn judge(probe: Probe<'_>, of_pod: &Ports<'_>) -> Option<Finding> {
    let handler = probe.handler()?;
    let name = handler.unknown_port_name()?;
    let what = probe.purpose.field();
    let end = match probe.purpose {
        Purpose::Liveness => "it never checks anything",
        Purpose::Startup => "the container never counts as started",
        Purpose::Readiness => "the Pod never becomes ready",
    };
    let severity = if probe.holds_up_its_pod() { Severity::Error } else { Severity::Warning };
    let declared: Vec<String> =
        probe.container.ports().filter_map(|port| port.name()).take(6).map(|name| format!("`{name}`")).collect();
    let label = match &declared[..] {
        [] => "the container names no port".to_owned(),
        names => format!("the container has {}", names.join(", ")),
    };
    let field = handler.port_field();
    let finding = Finding::new(
        RULE.name,
        severity,
        field.path(),
        format!("{what} asks port `{name}`, which this container does not declare: {end}"),
    )
    .label(label);
    Some(match meant(&probe, name, of_pod) {
        Some((meant, why)) => {
            let written = meant.as_str().map_or_else(|| meant.to_string(), str::to_owned);
            let fix = format!("write port `{written}`");
            finding.help(format!("write `{written}`: {why}")).fix(Safety::Review, fix, field.set(meant))
        }
        None => finding.help(format!("name one of the container's ports `{name}`, or write the port's number")),
    })
}

/// What the probe should say, where one match is obvious.
fn meant(probe: &Probe<'_>, name: &str, of_pod: &Ports<'_>) -> Option<(Value, &'static str)> {
    if let Some(number) = of_pod.get(name) {
        let why = "another container of the Pod declares the name, and across containers only numbers work";
        return Some(((*number).into(), why));
    }
    let tcp = || probe.container.ports().filter(|port| port.protocol() == "TCP");
    let mut ports = tcp();
    if let (Some(only), None) = (ports.next(), ports.next()) {
        let meant = only.name().map(Value::from).or_else(|| only.number().map(Value::from))?;
        return Some((meant, "the only port that the container declares"));
    }
    Some((nearest(name, tcp().filter_map(|port| port.name()))?.into(), "the port whose name is nearest"))
}
