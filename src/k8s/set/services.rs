//! Services: what they expose, and which pods stand behind them.

use super::selector::Selector;
use crate::k8s::object::Object;
use crate::k8s::port::port_number;
use crate::node::Node;
use crate::source::Span;

/// What a Service's name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposes {
    /// An address of its own, which knows its ports alone.
    Address,
    /// Its pods' addresses: any port that a pod listens on.
    Pods,
    /// Another name (`ExternalName`).
    Name,
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// What its name leads to.
    pub exposes: Exposes,
    /// Its ports; none where one of them can't be read.
    pub ports: Option<Vec<ServicePort>>,
    /// What its pods are chosen by; none where something else names its endpoints.
    pub selector: Option<Selector>,
    /// Where the selector stands.
    pub selector_span: Place,
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Its number.
    pub number: u16,
    /// Its name, empty where it has none.
    pub name: Box<str>,
    /// Its protocol in lower case.
    pub protocol: Box<str>,
    /// The number of the containers' port that it leads to, where it is written and a number.
    pub leads: Option<u16>,
    /// The name of the containers' port that it leads to, where it is a name.
    pub target: Option<Box<str>>,
    /// Where its number stands.
    pub span: Place,
}

/// A place, which is no part of what an object says: two that differ in places alone are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place(pub Span);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

impl Service {
    pub(super) fn of(object: Object<'_>) -> Self {
        let spec = object.root.get("spec");
        let text = |key: &str| spec.and_then(|spec| spec.get(key)).and_then(Node::as_str);
        let exposes = match (text("type"), text("clusterIP")) {
            (Some("ExternalName"), _) => Exposes::Name,
            (_, Some("None")) => Exposes::Pods,
            _ => Exposes::Address,
        };
        let ports = spec.and_then(|spec| spec.get("ports"));
        let selector = spec.and_then(|spec| spec.get("selector"));
        Self {
            exposes,
            ports: ports.into_iter().flat_map(Node::items).map(ServicePort::of).collect(),
            selector: selector.filter(|selector| selector.count() > 0).map(Selector::equal),
            selector_span: Place(selector.map_or_else(Span::default, Node::span)),
        }
    }

    /// Whether it has a port of this number; one whose ports are not known may.
    #[must_use]
    pub fn may_have_port(&self, number: u16) -> bool {
        self.exposes != Exposes::Address
            || self
                .ports
                .as_ref()
                .is_none_or(|ports| ports.is_empty() || ports.iter().any(|port| port.number == number))
    }
}

impl ServicePort {
    fn of(node: Node<'_>) -> Option<Self> {
        let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
        let number = node.get("port")?;
        Some(Self {
            number: port_number(number)?,
            leads: node.get("targetPort").and_then(port_number),
            name: text("name").into(),
            protocol: if text("protocol").is_empty() { "tcp".into() } else { text("protocol").to_lowercase().into() },
            target: Some(text("targetPort")).filter(|target| !target.is_empty()).map(Into::into),
            span: Place(number.span()),
        })
    }
}
