//! A port below 1024 that a user other than root has to bind.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::port::Port;
use crate::k8s::security::{RUNTIMES_AND_PORTS, UNPRIVILEGED_PORTS, User};
use crate::k8s::stock::Listening;
use crate::path::Path;
use serde_json::json;
use std::collections::BTreeSet;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "privileged-port-nonroot",
    summary: "a user other than root binds a port below 1024",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The server ends at once with exit code 1 and `bind: permission denied`: Error, then CrashLoopBackOff. On other nodes the same \
                  manifest runs.",
        why: "Linux keeps ports below 1024 to processes with NET_BIND_SERVICE. Adding that capability to the container does not give it to a user other \
              than root: runtimes clear the ambient set, so that only a program whose file has it (`setcap`) gets it. Whether ports are kept at all \
              is a setting of the Pod's network, `net.ipv4.ip_unprivileged_port_start`: Docker from 20.10 on, containerd from 2.0 on, and some \
              distributions with an older containerd set it to 0; containerd before 2.0 and CRI-O leave it at 1024.",
        see: "`kubectl logs POD --previous` shows `bind() to 0.0.0.0:80 failed (13: Permission denied)`; in a running container of the node \
              `cat /proc/sys/net/ipv4/ip_unprivileged_port_start`.",
        fix: "Let the server listen on a port from 1024 on, and let the Service translate: `port: 80, targetPort: 8080`. Or set the sysctl in the \
              Pod's securityContext; it is a safe one, which needs nobody's permission (Kubernetes 1.22 and later; not with `hostNetwork`).",
        ignore: "The rule is silent where root binds the port, where the sysctl allows it, for programs whose file is known to have \
                 NET_BIND_SERVICE, and for images of which nothing is known where the container adds it. It is info where the port is \
                 declared only. Ignore it where all nodes run a newer runtime.",
        source: "Linux `Documentation/networking/ip-sysctl.rst`; containerd `internal/cri/config/config_unix.go` (EnableUnprivilegedPorts), \
                 `internal/cri/opts/spec_opts.go` (WithoutAmbientCaps), containerd#6924; moby#41030; Kubernetes documentation: Using sysctls",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if container.starts_as(context.tables) != User::Other || container.workload.is_windows() {
        return;
    }
    let from = container.workload.unprivileged_port_start().unwrap_or(1024);
    let known = context.tables.known(*container);
    let adds = container.adds_capability(BIND);
    let by_file = known.file_capabilities().map(|list| list.iter().any(|name| name == BIND));
    // Where nothing is known of the file, it may have what was asked for, or what its own user needs.
    let own_user = container.run_as_user_field().node().is_none();
    if by_file == Some(true) || (by_file.is_none() && adds) {
        return;
    }
    let listening = container.stock(context.tables).map(|stock| stock.listening()).unwrap_or_default();
    let is_low = |port: u16| port < from.min(1024);
    let certain: BTreeSet<u16> =
        listening.ports.iter().map(|listen| listen.port).filter(|port| is_low(*port)).collect();
    let certain = if own_user && by_file.is_none() { BTreeSet::new() } else { certain };
    let declared = declared(*container, &listening, is_low);
    let (severity, ports, place) = match (certain.is_empty(), declared.first()) {
        (false, _) => (Severity::Warning, certain.clone(), declared.iter().find(|(port, _)| certain.contains(port))),
        (true, place @ Some(_)) if !listening.all => {
            (Severity::Info, declared.iter().map(|(port, _)| *port).collect(), place)
        }
        _ => return,
    };
    let path = place.map_or_else(|| container.image_field().path(), |(_, port)| port.number_path());
    let label = if place.is_some() { "below 1024" } else { "listens below 1024" };
    findings.push(found(*container, severity, &ports, path, adds).label(label));
}

const BIND: &str = "NET_BIND_SERVICE";

/// Declared ports below the limit, those left out that the image is known not to listen on.
fn declared<'t>(
    container: Container<'t>,
    listening: &Listening<'_>,
    is_low: impl Fn(u16) -> bool,
) -> Vec<(u16, Port<'t>)> {
    let is_bound = |port: u16| !listening.all || listening.ports.iter().any(|listen| listen.port == port);
    let ports = container.ports().filter_map(|port| Some((port.number()?, port)));
    ports.filter(|(number, _)| is_low(*number) && is_bound(*number)).collect()
}

fn found(container: Container<'_>, severity: Severity, ports: &BTreeSet<u16>, path: Path, adds: bool) -> Finding {
    let list = ports.iter().map(u16::to_string).collect::<Vec<_>>();
    let (plural, lowest) = (if list.len() == 1 { "" } else { "s" }, ports.first().copied().unwrap_or_default());
    let user = match container.run_as_user() {
        Some(user) => format!("user {user}"),
        None => "a user other than root".to_owned(),
    };
    let bound = if severity == Severity::Warning { "binds" } else { "declares" };
    let message = format!(
        "{user} {bound} port{plural} {}, which {} may refuse: permission denied, exit 1",
        list.join(", "),
        if container.workload.has_host_network() { "the node" } else { "the runtime" },
    );
    let mut finding = Finding::new(RULE.name, severity, path, message);
    if container.run_as_user_field().node().is_some() {
        finding = finding.and(container.run_as_user_field().path(), "not root");
    }
    if adds {
        finding = finding
            .note(format!("the added `{BIND}` does not reach a user other than root: the program's file lacks it"));
    }
    if container.workload.has_host_network() {
        return finding
            .note("in the node's network the node's own setting holds, 1024 by default")
            .help("listen on a port from 1024 on");
    }
    let finding = finding
        .note(RUNTIMES_AND_PORTS)
        .help(format!("listen on a port from 1024 on, or set the sysctl `{UNPRIVILEGED_PORTS}`"));
    if container.workload.is_knative() {
        return finding;
    }
    let value = json!(lowest.to_string());
    let edits = match container.workload.sysctl(UNPRIVILEGED_PORTS) {
        Some(field) => field.set(value),
        None => container.workload.sysctls_field().append(vec![json!({"name": UNPRIVILEGED_PORTS, "value": value})]),
    };
    finding.fix(Safety::Review, format!("let anybody in the Pod bind ports from {lowest} on"), edits)
}
