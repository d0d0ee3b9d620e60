//! A probe that asks a port of which the Pod says nothing.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::handler::Handler;
use crate::k8s::pod::Workload;
use crate::k8s::port::PORTS_OF_ISTIO;
use crate::k8s::probe::Probe;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "probe-port-undeclared",
    summary: "a probe asks a port that no container of the Pod declares",
    severity: Severity::Info,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "If nothing listens there, the check is refused: a livenessProbe or startupProbe kills the container again and again, a \
                  readinessProbe leaves the Pod without traffic.",
        why: "Declaring a port opens nothing, and not declaring it closes nothing. But where a Pod declares its ports, a probe of another one is \
              often a port that was changed in one place and not in the other.",
        see: "`kubectl describe pod POD` shows `probe failed: … connection refused`; `kubectl exec POD -- ss -lnt` shows what listens.",
        fix: "Correct the number; or declare the port, and let the probe use its name.",
        ignore: "The rule is silent where the Pod declares no ports, with `hostNetwork`, for Knative, and for the ports of Istio's sidecar, which \
                 probes are turned to when it is injected. Ignore it for ports that serve nothing but health checks.",
        source: "`k8s.io/api/core/v1/types.go` (Container.ports is informational)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    if workload.has_host_network() || workload.is_knative() {
        return;
    }
    let mut declared: Vec<u16> = workload.ports().iter().filter_map(|port| port.number()).collect();
    declared.sort_unstable();
    declared.dedup();
    if declared.is_empty() {
        return;
    }
    for container in workload.containers() {
        // Probes that ask the same port have one fault between them.
        let wanted = container.probes_by_port().into_iter();
        let wanted =
            wanted.filter(|(number, _)| declared.binary_search(number).is_err() && !PORTS_OF_ISTIO.contains(number));
        findings.extend(wanted.filter_map(|(number, asked)| found(number, &asked, &declared)));
    }
}

type Asked<'t> = (Probe<'t>, Handler<'t>);

fn found(number: u16, asked: &[Asked<'_>], declared: &[u16]) -> Option<Finding> {
    let ((first, handler), others) = asked.split_first()?;
    let what: Vec<&str> = asked.iter().map(|(probe, _)| probe.purpose.field()).collect();
    let verb = if others.is_empty() { "asks" } else { "ask" };
    let message = format!("{} {verb} port {number}, which no container of the Pod declares", what.join(" and "));
    let list: Vec<String> = declared.iter().take(6).map(u16::to_string).collect();
    let more = if declared.len() > 6 { " …" } else { "" };
    let mut finding = Finding::new(RULE.name, Severity::Info, handler.port_field().path(), message)
        .label(format!("declared: {}{more}", list.join(", ")))
        .container(first.container.name());
    for (probe, handler) in others {
        finding = finding.and(handler.port_field().path(), format!("the {}, too", probe.purpose.field()));
    }
    Some(finding.help("correct the number, or declare the port and use its name"))
}
