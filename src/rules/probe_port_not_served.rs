//! A probe of a port that the image does not listen on.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::{Container, Role};
use crate::k8s::handler::Handler;
use crate::k8s::pod::Workload;
use crate::k8s::port::PORTS_OF_ISTIO;
use crate::k8s::probe::{Probe, Purpose};
use std::collections::BTreeSet;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "probe-port-not-served",
    summary: "a probe asks a port that the image does not listen on",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "Each check is refused. A livenessProbe or startupProbe kills the container again and again (137, 143 or 0, CrashLoopBackOff); a \
                  readinessProbe leaves the Pod without traffic.",
        why: "The image is known, and with it the ports that it listens on as long as nothing tells it otherwise. `containerPort` does not tell it: it \
              only describes. A manifest that was copied from another application often keeps that one's port.",
        see: "`kubectl describe pod POD` shows `probe failed: … connect: connection refused`; `kubectl exec POD -- ss -lnt` shows what listens.",
        fix: "Ask the port that the image listens on, and declare that one; or configure the image to listen where the probe asks.",
        ignore: "The rule is silent where a `command`, an argument, a variable or a mounted file may have changed the image's ports, where the Pod has a \
                 second container that may listen there, for probes of another host, and for images of which the ports are not known. Ignore it where \
                 an image of the same name was rebuilt with another configuration.",
        source: "the images' Dockerfiles and default configurations, named row by row in `policies/images/`; `k8s.io/api/core/v1/types.go` \
                 (Container.ports is informational)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if workload.has_host_network() || workload.is_knative() {
        return;
    }
    let running = workload.containers().into_iter().filter(|container| container.role != Role::Init);
    let listening = running.map(|container| {
        let listening = container.stock(context.tables)?.listening();
        let tcp = listening.ports.iter().filter(|listen| !listen.udp).map(|listen| listen.port).collect();
        listening.all.then_some((container, tcp))
    });
    // They share one network: whatever listens beside a container may be what its probe asks for.
    let Some(all) = listening.collect::<Option<Vec<(Container<'_>, Vec<u16>)>>>() else { return };
    let served: BTreeSet<u16> = all.iter().flat_map(|(_, ports)| ports).chain(&PORTS_OF_ISTIO).copied().collect();
    for (container, own) in all.iter().filter(|(_, own)| !own.is_empty()) {
        let asked = container.probes_by_port().into_iter().filter(|(port, _)| !served.contains(port));
        findings.extend(asked.filter_map(|(port, asked)| found(*container, own, port, &asked)));
    }
}

type Asked<'t> = (Probe<'t>, Handler<'t>);

fn found(container: Container<'_>, own: &[u16], port: u16, asked: &[Asked<'_>]) -> Option<Finding> {
    let ((first, handler), others) = asked.split_first()?;
    let image = container.image_text()?;
    let what: Vec<&str> = asked.iter().map(|(probe, _)| probe.purpose.field()).collect();
    let verb = if others.is_empty() { "asks" } else { "ask" };
    let end = match asked.iter().all(|(probe, _)| probe.purpose == Purpose::Readiness) {
        true => "the Pod never becomes ready",
        false => "the container is killed again and again",
    };
    let list = own.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let mut finding = Finding::new(
        RULE.name,
        Severity::Warning,
        handler.port_field().path(),
        format!("{} {verb} port {port}, which the image `{image}` does not listen on, and {end}", what.join(" and ")),
    )
    .label("connection refused")
    .and(container.image_field().path(), format!("listens on {list}"))
    .container(first.container.name())
    .note("nothing in the manifest changes the image's ports: no command, argument, variable or mounted file");
    for (probe, handler) in others {
        finding = finding.and(handler.port_field().path(), format!("the {}, too", probe.purpose.field()));
    }
    let [only] = own else { return Some(finding.help("ask a port that the image listens on")) };
    let edits = asked.iter().flat_map(|(_, handler)| handler.port_field().set((*only).into())).collect();
    Some(finding.help(format!("ask port {only}, or configure the image to listen where the probe asks")).fix(
        Safety::Review,
        format!("ask port {only}"),
        edits,
    ))
}
