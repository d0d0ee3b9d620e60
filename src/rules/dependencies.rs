//! Not a rule: what the rules about Services that are asked for have in common.

use super::Context;
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::hosts::{By, Named};
use crate::k8s::set::{Fault, Gap, ServicePort};

/// Reports each server of the list that the run knows to be missing, once each.
pub(super) fn missing(
    rule: &'static str,
    servers: &[Named],
    container: &Container<'_>,
    context: &Context<'_>,
    findings: &mut Vec<Finding>,
) {
    if container.workload.is_knative() {
        return;
    }
    let set = context.set;
    let home = context.home(container.workload.object);
    let mut told: Vec<(&str, Option<u16>)> = Vec::new();
    for named in servers {
        let target = &named.target;
        if told.contains(&(&target.host, target.port)) || container.has_host_alias(&target.host) {
            continue;
        }
        let Some(address) = set.address(&target.host) else { continue };
        let Some(question) = set.question(address, target, home) else { continue };
        if context.late(|| question).is_none() {
            continue;
        }
        let Some(fault) = set.fault(address, target, home) else { continue };
        told.push((&target.host, target.port));
        let mut found = finding(rule, named, address.service, &fault).container(container.name());
        if let (Some((file, span)), By::Variable(name)) = (named.written, &named.by) {
            found = found.and_elsewhere(file, span, format!("`{name}` is set here"));
        }
        findings.push(found);
    }
}

fn finding(rule: &'static str, named: &Named, service: &str, fault: &Fault<'_>) -> Finding {
    let by = match &named.by {
        By::Variable(name) => format!("`{name}`"),
        By::Command => "the command".to_owned(),
        By::Client(program) => format!("`{program}`"),
    };
    let new = |message: String| Finding::new(rule, Severity::Warning, named.place.clone(), message);
    match fault {
        Fault::Absent => new(format!("Service `{service}`, which {by} asks for, is not among the manifests"))
            .label("not found")
            .note("the policy says `set: complete`: what is not here is not in the cluster"),
        Fault::OtherNamespace(fact, there) => {
            new(format!("Service `{service}`, which {by} asks for, is in namespace `{there}` and not in this one"))
                .label("not found")
                .and_elsewhere(fact.file, fact.span, format!("this one is in `{there}`"))
                .help(format!("from here its name is `{service}.{there}`"))
        }
        Fault::NearMiss(fact, near) => {
            new(format!("Service `{service}`, which {by} asks for, is not among the manifests, and `{near}` is"))
                .label("not found")
                .and_elsewhere(fact.file, fact.span, format!("this one is called `{near}`"))
                .help(format!("did you mean `{near}`?"))
        }
        Fault::NoPort(fact, ports) => {
            let port = named.target.port.unwrap_or_default();
            let there = listed(ports);
            let finding = new(format!("Service `{service}` has no port {port}, which {by} asks for: {there}"))
                .label("connection refused, or no answer")
                .and_elsewhere(fact.file, fact.span, there);
            let leads = ports.iter().find(|known| known.leads == Some(port));
            match (leads, ports) {
                (Some(known), _) => {
                    finding.help(format!("its port {} leads to {port}: ask for {}", known.number, known.number))
                }
                (None, [only]) => finding.help(format!("did you mean {}?", only.number)),
                _ => finding,
            }
        }
        Fault::Gap(fact, Gap::Near { pods, key, wanted, has }) => {
            let workload = format!("{} `{}`", pods.kind, pods.name);
            let has = has.map_or("does not have the label".to_owned(), |has| format!("has `{key}: {has}`"));
            new(format!(
                "no pods stand behind Service `{service}`, which {by} asks for: it chooses `{key}: {wanted}`, and {workload} {has}"
            ))
            .label("connection refused")
            .and_elsewhere(fact.file, fact.service().map_or(fact.span, |service| service.selector_span.0), "chooses by this")
            .and_elsewhere(pods.file, pods.span, format!("the pods of {workload}"))
        }
        Fault::Gap(fact, Gap::Nobody) => new(format!(
            "no pods stand behind Service `{service}`, which {by} asks for: no workload has the labels that it chooses"
        ))
        .label("connection refused")
        .and_elsewhere(
            fact.file,
            fact.service().map_or(fact.span, |service| service.selector_span.0),
            "chooses by this",
        )
        .note("the policy says `set: complete`: what is not here is not in the cluster"),
        Fault::Gap(fact, Gap::NoPort { pods, port }) => {
            let workload = format!("{} `{}`", pods.kind, pods.name);
            new(format!(
                "nothing stands behind Service `{service}`, which {by} asks for: its `targetPort` is `{port}`, and the pods of \
                 {workload} have no port of that name"
            ))
            .label("connection refused")
            .and_elsewhere(fact.file, fact.span, format!("leads to `{port}`"))
            .and_elsewhere(pods.file, pods.span, format!("the pods of {workload}"))
        }
    }
}

/// "it has 80 and 443"
fn listed(ports: &[ServicePort]) -> String {
    let numbers: Vec<String> = ports.iter().take(MAX_PORTS).map(|port| port.number.to_string()).collect();
    match &numbers[..] {
        [] => "it has none".to_owned(),
        [only] => format!("it has {only}"),
        [all @ .., last] => format!("it has {} and {last}", all.join(", ")),
    }
}

/// Ports that a message lists.
const MAX_PORTS: usize = 6;
