//! What a probe asks, and how: one of four handlers.

use super::container::Container;
use super::field::Field;
use super::port::{Port, port_number};
use super::probe::Probe;
use super::program::{self, NoProgram};
use super::shell;
use super::tables::Tables;
use crate::node::{Kind, Node};
use crate::path::Path;
use std::collections::BTreeMap;

/// How a handler asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Runs a program in the container; its exit code is the answer.
    Exec,
    /// An HTTP or HTTPS request by the kubelet.
    Http,
    /// A TCP connection by the kubelet.
    Tcp,
    /// gRPC's own health check.
    Grpc,
}

impl Means {
    /// Of a field's name.
    #[must_use]
    pub fn of(field: &str) -> Option<Self> {
        Some(match field {
            "exec" => Self::Exec,
            "httpGet" => Self::Http,
            "tcpSocket" => Self::Tcp,
            "grpc" => Self::Grpc,
            _ => return None,
        })
    }
}

/// A handler of a container's probe.
#[derive(Clone, Copy, Debug)]
pub struct Handler<'t> {
    /// Whose.
    pub container: Container<'t>,
    /// How it asks.
    pub means: Means,
    node: Node<'t>,
}

impl<'t> Container<'t> {
    /// Its probes that the kubelet dials at the pod's own address, by the port that they ask.
    #[must_use]
    pub fn probes_by_port(self) -> BTreeMap<u16, Vec<(Probe<'t>, Handler<'t>)>> {
        let mut of_port: BTreeMap<u16, Vec<_>> = BTreeMap::new();
        for (probe, handler) in self.probes().filter_map(|probe| Some((probe, probe.handler()?))) {
            if let Some(number) = handler.port_number().filter(|_| handler.host().is_none()) {
                of_port.entry(number).or_default().push((probe, handler));
            }
        }
        of_port
    }
}

/// Programs that take a second and more to answer, as they start a virtual machine or an interpreter, or
/// wait for others: pattern, and why.
const SLOW_CLIENTS: &[(&str, &str)] = &[
    ("java", "starts a JVM"),
    ("jcmd", "starts a JVM"),
    ("nodetool", "starts a JVM"),
    ("kafka-*.sh", "starts a JVM"),
    ("rabbitmq-diagnostics", "starts an Erlang node"),
    ("rabbitmqctl", "starts an Erlang node"),
    ("mongosh", "starts Node.js"),
    ("cqlsh", "starts Python"),
    ("celery", "starts Python, loads the application, and waits a second for answers"),
];

impl<'t> Handler<'t> {
    /// The handler at a node.
    #[must_use]
    pub fn new(container: Container<'t>, means: Means, node: Node<'t>) -> Self {
        Self { container, means, node }
    }

    fn field(self, keys: &'static [&'static str]) -> Field<'t> {
        Field::new(self.container.workload.object.root, self.node, keys)
    }

    /// Its own path.
    #[must_use]
    pub fn path(self) -> Path {
        self.node.path_from(self.container.workload.object.root)
    }

    /// Where its port stands.
    #[must_use]
    pub fn port_field(self) -> Field<'t> {
        self.field(&["port"])
    }

    /// Where its host stands.
    #[must_use]
    pub fn host_field(self) -> Field<'t> {
        self.field(&["host"])
    }

    /// Where its scheme stands or would stand.
    #[must_use]
    pub fn scheme_field(self) -> Field<'t> {
        self.field(&["scheme"])
    }

    /// Where its HTTP path stands or would stand.
    #[must_use]
    pub fn http_path_field(self) -> Field<'t> {
        self.field(&["path"])
    }

    /// Where its command stands.
    #[must_use]
    pub fn command_field(self) -> Field<'t> {
        self.field(&["command"])
    }

    fn is_dialled(self) -> bool {
        matches!(self.means, Means::Http | Means::Tcp)
    }

    /// The host that the kubelet dials, where it is not the pod's own address.
    #[must_use]
    pub fn host(self) -> Option<&'t str> {
        let host = self.host_field().node().filter(|_| self.is_dialled())?;
        host.as_str().filter(|host| !host.is_empty())
    }

    /// A host that is the kubelet's own loopback. The unspecified address is, too (Go `net`, Dial).
    #[must_use]
    pub fn loopback_host(self) -> Option<&'t str> {
        let loopback = |host: &&str| {
            host.eq_ignore_ascii_case("localhost")
                || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
        };
        self.host().filter(loopback)
    }

    /// The name by which it calls its port.
    #[must_use]
    pub fn port_name(self) -> Option<&'t str> {
        self.port_field().node().filter(|_| self.is_dialled())?.as_str()
    }

    /// The port's number; that of a name where this container declares it (kubernetes
    /// `pkg/probe/util.go`, ResolveContainerPort).
    #[must_use]
    pub fn port_number(self) -> Option<u16> {
        let written = self.port_field().node()?;
        match self.port_name() {
            Some(name) => self.container.ports().find(|port| port.name() == Some(name))?.number(),
            None if self.means == Means::Exec => None,
            None => port_number(written),
        }
    }

    /// The name of a port that this container does not declare: the kubelet can't resolve it, and
    /// discards the result. What is no port name at all is refused by the API server; Knative fills in ports.
    #[must_use]
    pub fn unknown_port_name(self) -> Option<&'t str> {
        let name = self.port_name()?;
        let valid = (1..=15).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && name.bytes().any(|b| b.is_ascii_lowercase());
        let known = self.container.has_port_named(name) || self.container.workload.is_knative();
        (valid && !known).then_some(name)
    }

    /// `HTTP` or `HTTPS`, as the kubelet will ask; `None` where it does not ask by HTTP.
    #[must_use]
    pub fn scheme(self) -> Option<&'t str> {
        if self.means != Means::Http {
            return None;
        }
        self.scheme_field()
            .node()
            .map_or(Some("HTTP"), Node::as_str)
            .map(|text| if text.is_empty() { "HTTP" } else { text })
    }

    /// The other scheme, where the port's number or name speaks for it and neither for this one: 443, 8443
    /// and `https` for HTTPS, 80 and 8080 for HTTP.
    #[must_use]
    pub fn better_scheme(self) -> Option<&'static str> {
        let scheme = self.scheme().filter(|_| self.host().is_none())?;
        let number = self.port_number()?;
        let of = |name: &str, word: &str| name.split('-').any(|part| part == word);
        let (mut tls, mut plain) = (matches!(number, 443 | 8443), matches!(number, 80 | 8080));
        for name in self.container.ports().filter(|port| port.number() == Some(number)).filter_map(Port::name) {
            tls |= of(name, "https");
            plain |= of(name, "http");
        }
        match (scheme, tls, plain) {
            ("HTTP", true, false) => Some("HTTPS"),
            // A name `http` says little: many a port keeps it when TLS comes.
            ("HTTPS", false, true) if matches!(number, 80 | 8080) => Some("HTTP"),
            _ => None,
        }
    }

    /// The HTTP path as written, `/` where there is none.
    #[must_use]
    pub fn http_path(self) -> Option<&'t str> {
        if self.means != Means::Http {
            return None;
        }
        let path = self.http_path_field().node().map_or(Some("/"), Node::as_str)?;
        Some(if path.is_empty() { "/" } else { path })
    }

    /// The words of its command.
    #[must_use]
    pub fn words(self) -> Vec<Node<'t>> {
        let command = self.command_field().node().filter(|_| self.means == Means::Exec);
        command.into_iter().flat_map(Node::items).collect()
    }

    /// Why its program can't be run, where it can't.
    #[must_use]
    pub fn not_runnable(self, tables: &Tables) -> Option<(NoProgram, &'t str)> {
        let program = self.words().first()?.as_str()?;
        Some((program::not_runnable(self.container, tables, program)?, program))
    }

    /// Every program that its command runs, with its words: what stands in a script is read from the shell's
    /// parse. Words with a `$` or backquote are not what the program sees.
    #[must_use]
    pub fn commands(self) -> Vec<Vec<String>> {
        let words: Option<Vec<&str>> = self.words().into_iter().map(Node::as_str).collect();
        words.map(|words| shell::commands(&words)).unwrap_or_default()
    }

    /// A program that needs a second and more for its answer, and why.
    #[must_use]
    pub fn slow_client(self) -> Option<(String, &'static str)> {
        self.commands().iter().find_map(|words| {
            let name = super::command::base_name(words.first()?);
            let (_, why) = SLOW_CLIENTS.iter().find(|(pattern, _)| super::image::glob(pattern, name))?;
            Some((name.to_owned(), *why))
        })
    }

    /// Whether two handlers ask the same, defaults and port names considered
    /// (`SetDefaults_HTTPGetAction`, kubernetes `pkg/apis/core/v1/defaults.go`).
    #[must_use]
    pub fn asks_the_same_as(self, other: Self) -> bool {
        let port = |handler: Self| handler.port_number().ok_or_else(|| handler.port_field().node().map(Node::to_json));
        let extra = |handler: Self, key| {
            handler.node.get(key).map(Node::to_json).filter(|value| *value != "" && !value.is_null())
        };
        self.means == other.means
            && match self.means {
                Means::Exec => {
                    self.command_field().node().map(Node::to_json) == other.command_field().node().map(Node::to_json)
                }
                _ => {
                    port(self) == port(other)
                        && self.host() == other.host()
                        && self.scheme() == other.scheme()
                        && self.http_path() == other.http_path()
                        && extra(self, "httpHeaders") == extra(other, "httpHeaders")
                        && extra(self, "service") == extra(other, "service")
                }
            }
    }

    /// Whether the image may listen on a port, for all that is known of it.
    fn may_be_served(self, port: u16, tables: &Tables) -> bool {
        let Some(stock) = self.container.stock(tables) else { return true };
        let listening = stock.listening();
        !listening.all
            || listening.ports.is_empty()
            || listening.ports.iter().any(|listen| !listen.udp && listen.port == port)
    }

    /// Whether a second probe may ask the same way: it can be asked at all, and no rule has a word to say
    /// against it.
    #[must_use]
    pub fn is_sound(self, tables: &Tables) -> bool {
        let askable = match self.means {
            Means::Exec => {
                let command = self.command_field().node();
                command.is_some_and(|command| command.kind() == Kind::Sequence && command.count() > 0)
                    && self.not_runnable(tables).is_none()
            }
            _ => {
                self.host().is_none()
                    && self.port_number().is_some_and(|port| self.may_be_served(port, tables))
                    && self.better_scheme().is_none()
            }
        };
        askable && self.asks_others().is_none()
    }
}
