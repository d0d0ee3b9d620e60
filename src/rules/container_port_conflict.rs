//! Two containers of a Pod that want the same port.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::{Container, Role};
use crate::k8s::pod::Workload;
use crate::k8s::port::Port;
use crate::path::Path;
use std::collections::HashMap;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "container-port-conflict",
    summary: "two containers of a Pod listen on the same port",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container that comes second ends with exit code 1 and `address already in use`: Error, then CrashLoopBackOff. Which one that is \
                  may change from start to start.",
        why: "The containers of a Pod share one network: a port that one of them listens on is taken for all others. In Docker Compose, where each \
              container has a network of its own, the same two images ran side by side.",
        see: "`kubectl logs POD -c CONTAINER --previous` shows `bind: address already in use` or `EADDRINUSE`; `kubectl exec POD -- ss -lntp` shows who \
              has the port.",
        fix: "Let one of them listen on another port, by its option, variable or configuration; or give it a Pod of its own.",
        ignore: "The rule is silent where the protocols differ, for plain init containers, which end before the others begin, and where an \
                 image is known not to listen on what its container declares. It takes a declared port for one that is listened on; ignore it where one \
                 of the two binds another address of the Pod.",
        source: "Kubernetes documentation: Pods, Pod networking; `pkg/api/pod/warnings.go` (duplicate port definition); the images' Dockerfiles, \
                 named row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

/// A port that a container wants.
#[derive(Clone)]
struct Wanted<'t> {
    port: u16,
    protocol: &'t str,
    container: Container<'t>,
    /// Where it is declared; else the image is known to listen on it.
    declared: Option<Port<'t>>,
    known: bool,
}

impl Wanted<'_> {
    fn path(&self) -> Path {
        self.declared.map_or_else(|| self.container.image_field().path(), Port::number_path)
    }
}

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let running = workload.containers().into_iter().filter(|container| container.role != Role::Init);
    let mut taken: HashMap<(u16, &str), Wanted<'_>> = HashMap::new();
    for container in running {
        let mut clashes = Vec::new();
        for wanted in wanted(container, context) {
            match taken.get(&(wanted.port, wanted.protocol)) {
                Some(first) if first.container.node.same_as(container.node) => {}
                Some(first) => clashes.push((wanted, first.clone())),
                None => drop(taken.insert((wanted.port, wanted.protocol), wanted)),
            }
        }
        findings.extend(found(&clashes));
    }
}

/// The ports that a container declares or is known to listen on, the declared ones first.
fn wanted<'t>(container: Container<'t>, context: &Context<'t>) -> Vec<Wanted<'t>> {
    let listening = container.stock(context.tables).map(|stock| stock.listening()).unwrap_or_default();
    let is_known = |port: u16, protocol: &str| {
        listening.ports.iter().any(|listen| listen.port == port && listen.protocol() == protocol)
    };
    let declared = container.ports().filter_map(|port| {
        let (number, protocol) = (port.number()?, port.protocol());
        let known = is_known(number, protocol);
        let listens = known || !listening.all;
        listens.then_some(Wanted { port: number, protocol, container, declared: Some(port), known })
    });
    let of_image = listening.ports.iter().map(|listen| Wanted {
        port: listen.port,
        protocol: listen.protocol(),
        container,
        declared: None,
        known: true,
    });
    declared.chain(of_image).collect()
}

/// One finding of all ports that a container wants and others have.
fn found(clashes: &[(Wanted<'_>, Wanted<'_>)]) -> Option<Finding> {
    let (wanted, first) = clashes.first()?;
    let mut ports: Vec<u16> = clashes.iter().map(|(wanted, _)| wanted.port).collect();
    ports.sort_unstable();
    ports.dedup();
    let (plural, them) = if ports.len() == 1 { ("", "it") } else { ("s", "them") };
    let list = ports.iter().take(MAX_PORTS).map(u16::to_string).collect::<Vec<_>>().join(", ");
    let more = if ports.len() > MAX_PORTS { " …" } else { "" };
    let other = first.container.name().unwrap_or_default();
    let says = |wanted: &Wanted<'_>| if wanted.known { "listens on it" } else { "declares it" };
    let mut finding = Finding::new(
        RULE.name,
        Severity::Warning,
        wanted.path(),
        format!(
            "the container `{other}` of the same Pod has port{plural} {list}{more} already, and the one that wants {them} second ends \
             with `address already in use`"
        ),
    )
    .label(says(wanted))
    .and(first.path(), format!("`{other}` {}", says(first)))
    .container(wanted.container.name())
    .help("give one of the two another port: the containers of a Pod share one network");
    if !wanted.known || !first.known {
        finding = finding.note("assumed that a container listens on the ports that it declares");
    }
    Some(finding)
}

/// Ports that a message names.
const MAX_PORTS: usize = 6;
