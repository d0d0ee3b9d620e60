//! Keys of ConfigMaps and Secrets, and the few things about their values that rules ask for.

use super::start::{Start, start};
use crate::k8s::clients::Target;
use crate::k8s::hosts::servers_of;
use crate::k8s::object::{Object, annotation};
use crate::node::{Kind, Node, Style};
use crate::source::Span;
use base64::Engine as _;

/// The keys of a ConfigMap or Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Something else decides.
    Unknown,
    /// All of them, in order.
    Known(Vec<Key>),
}

/// A key of a ConfigMap or Secret.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name.
    pub name: Box<str>,
    /// Where it stands.
    pub span: Span,
    /// In `binaryData` of a ConfigMap: volumes show it, variables don't.
    pub binary: bool,
    /// What is known of its value.
    pub value: Value,
}

/// Where it stands is no part of what it says.
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.binary, &self.value) == (&other.name, other.binary, &other.value)
    }
}

impl Eq for Key {}

/// The few things about a value that rules ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// One line of text that ends in a line feed.
    pub is_line_with_feed: bool,
    /// How it begins.
    pub start: Start,
    /// The servers that a line of a ConfigMap names.
    pub servers: Vec<Target>,
}

/// Annotations and labels by which something in the cluster writes keys into an object: each project's own
/// documentation.
const FILLED: &[&str] = &[
    "secret-generator.v1.mittwald.de/autogenerate",
    "secret-generator.v1.mittwald.de/type",
    "replicator.v1.mittwald.de/replicate-from",
    "reflector.v1.k8s.emberstack.com/reflects",
    "service.beta.openshift.io/inject-cabundle",
    "config.openshift.io/inject-trusted-cabundle",
];

/// Whether something else writes keys into it: what says so, or an object without any data of its own, which nobody
/// would make otherwise.
fn is_filled(object: Object<'_>) -> bool {
    let label = |name: &str| object.labels().and_then(|labels| labels.get(name)).is_some();
    let has = |key: &str| object.root.get(key).is_some_and(|data| data.count() > 0);
    FILLED.iter().any(|name| annotation(object.root, name).is_some() || label(name))
        || !["data", "binaryData", "stringData"].into_iter().any(has)
}

fn entries<'t>(object: Object<'t>, key: &str) -> impl Iterator<Item = (Node<'t>, Node<'t>)> {
    object.root.get(key).into_iter().flat_map(Node::entries)
}

fn key(name: Node<'_>, binary: bool, value: Value) -> Key {
    Key { name: name.scalar().unwrap_or_default().into(), span: name.span(), binary, value }
}

/// The keys of a ConfigMap.
pub(super) fn config_map(object: Object<'_>) -> Keys {
    if is_filled(object) {
        return Keys::Unknown;
    }
    let data = entries(object, "data").map(|(name, value)| {
        let line = value.as_str().filter(|text| !text.contains('\n'));
        let servers = line.map_or_else(Vec::new, |text| servers_of(name.scalar().unwrap_or_default(), text));
        key(name, false, Value { servers, ..written(value) })
    });
    let binary = entries(object, "binaryData").map(|(name, value)| key(name, true, decoded(value)));
    Keys::Known(data.chain(binary).collect())
}

/// The keys of a Secret.
pub(super) fn secret(object: Object<'_>) -> Keys {
    // A token is written by its controller.
    if is_filled(object)
        || object.root.get("type").and_then(Node::as_str) == Some("kubernetes.io/service-account-token")
    {
        return Keys::Unknown;
    }
    let data = entries(object, "data").map(|(name, value)| key(name, false, decoded(value)));
    let plain = entries(object, "stringData").map(|(name, value)| key(name, false, written(value)));
    Keys::Known(data.chain(plain).collect())
}

fn written(value: Node<'_>) -> Value {
    value.as_str().map_or_else(Value::default, |text| Value {
        is_line_with_feed: is_line(text),
        start: start(text.as_bytes()),
        servers: Vec::new(),
    })
}

/// Whether a text is one line with its line feed.
fn is_line(text: &str) -> bool {
    let body = text.strip_suffix('\n').map(|body| body.strip_suffix('\r').unwrap_or(body));
    body.is_some_and(|body| !body.is_empty() && !body.contains('\n'))
}

/// Longest value in base64 that is decoded whole, and how much of a longer one: a file's beginning tells what it is.
const MAX_DECODED: usize = 4096;

/// A value of `data` of a Secret, or of `binaryData`.
fn decoded(value: Node<'_>) -> Value {
    let Some(text) = value.as_str().filter(|_| value.kind() == Kind::String) else { return Value::default() };
    // A block scalar's own line feed is no part of the value.
    let text = if value.style() == Style::Literal { text.trim_end() } else { text };
    let whole = text.len() < MAX_DECODED;
    // Go's decoder passes over line breaks (encoding/base64).
    let head = text.bytes().take(MAX_DECODED).filter(|byte| !matches!(byte, b'\n' | b'\r'));
    let mut head: Vec<u8> = head.collect();
    if !whole {
        head.truncate(head.len() / 4 * 4);
    }
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(head) else { return Value::default() };
    let line = whole && std::str::from_utf8(&bytes).is_ok_and(is_line);
    Value { is_line_with_feed: line, start: start(&bytes), servers: Vec::new() }
}
