//! Ports that containers declare.

use super::container::{Container, Role};
use super::field::Field;
use super::pod::Workload;
use crate::node::Node;

/// One of a container's `ports`.
#[derive(Clone, Copy, Debug)]
pub struct Port<'t> {
    /// Whose.
    pub container: Container<'t>,
    node: Node<'t>,
}

impl<'t> Port<'t> {
    /// Its name, where it has one.
    #[must_use]
    pub fn name(self) -> Option<&'t str> {
        self.node.get("name")?.as_str().filter(|name| !name.is_empty())
    }

    /// Its number, where it is one that the API server takes.
    #[must_use]
    pub fn number(self) -> Option<u16> {
        port_number(self.node.get("containerPort")?)
    }

    /// `TCP`, `UDP` or `SCTP`; TCP by default.
    #[must_use]
    pub fn protocol(self) -> &'t str {
        self.node.get("protocol").and_then(Node::as_str).filter(|text| !text.is_empty()).unwrap_or("TCP")
    }

    /// The port of the node that it takes. With `hostNetwork` the API server fills in the container's
    /// (`defaultHostNetworkPorts` in kubernetes `pkg/apis/core/v1/defaults.go`).
    #[must_use]
    pub fn host_port(self) -> Option<u16> {
        let written = self.node.get("hostPort").and_then(port_number);
        written.or_else(|| self.container.workload.has_host_network().then(|| self.number()).flatten())
    }
}

impl<'t> Port<'t> {
    /// Whether it names a port of the node itself.
    #[must_use]
    pub fn is_host_port_written(self) -> bool {
        self.node.get("hostPort").and_then(port_number).is_some()
    }

    /// Where the port of the node stands: its own field, or with `hostNetwork` the container's.
    #[must_use]
    pub fn host_port_field(self) -> Field<'t> {
        let keys: &'static [&'static str] =
            if self.is_host_port_written() { &["hostPort"] } else { &["containerPort"] };
        Field::new(self.container.workload.object.root, self.node, keys)
    }
}

/// A number from 1 to 65535.
pub(super) fn port_number(node: Node<'_>) -> Option<u16> {
    u16::try_from(node.as_i64()?).ok().filter(|number| *number > 0)
}

impl<'t> Container<'t> {
    /// The ports that it declares, in their order.
    pub fn ports(self) -> impl Iterator<Item = Port<'t>> {
        let ports = self.node.get("ports").into_iter().flat_map(Node::items);
        ports.map(move |node| Port { container: self, node })
    }
}

impl<'t> Workload<'t> {
    /// The ports of all containers that run beside each other: they share one network.
    #[must_use]
    pub fn ports(self) -> Vec<Port<'t>> {
        let running = self.containers().into_iter().filter(|container| container.role != Role::Init);
        running.flat_map(Container::ports).collect()
    }

    /// Whether its pods use the node's own network.
    #[must_use]
    pub fn has_host_network(self) -> bool {
        self.spec.get("hostNetwork").and_then(Node::as_bool) == Some(true)
    }
}
