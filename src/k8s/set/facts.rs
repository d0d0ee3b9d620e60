//! What is kept of one object.

use super::limits::{LimitRange, limit_ranges};
use super::start::{Start, start};
use crate::k8s::object::Object;
use crate::k8s::validate::is_placeholder;
use crate::node::{Kind, Node, Style};
use crate::source::Span;
use base64::Engine as _;

/// Kinds whose objects have something to say to others.
pub const PROVIDERS: &[&str] = &[
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "PersistentVolumeClaim",
    "LimitRange",
    "ExternalSecret",
    "SealedSecret",
    "SealedSecretTemplate",
    "Certificate",
    "OnePasswordItem",
    "InfisicalSecret",
    "VaultStaticSecret",
    "VaultDynamicSecret",
    "PushSecret",
    "ConfigMapGenerator",
    "Kustomization",
];

/// What can be referred to by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// A ConfigMap, or what makes one.
    ConfigMap,
    /// A Secret, or what makes one.
    Secret,
    /// A ServiceAccount.
    ServiceAccount,
    /// A PersistentVolumeClaim.
    Claim,
}

impl Sort {
    /// The kind.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
            Self::ServiceAccount => "ServiceAccount",
            Self::Claim => "PersistentVolumeClaim",
        }
    }
}

/// An object of the run, or one that another object makes.
#[derive(Clone, Debug)]
pub struct Fact {
    /// As written.
    pub namespace: Option<Box<str>>,
    /// Number of its file in the run.
    pub file: u32,
    /// Its name there.
    pub span: Span,
    /// What it holds.
    pub keys: Keys,
    /// The type of a Secret that is written out; `Opaque` where it names none.
    pub secret_type: Option<Box<str>>,
}

impl Fact {
    /// Whether it is a Secret that the kubelet does not read for pulling images
    /// (kubernetes `pkg/credentialprovider/secrets/secrets.go`).
    #[must_use]
    pub fn is_no_pull_secret(&self) -> bool {
        let read = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];
        self.secret_type.as_deref().is_some_and(|written| !read.contains(&written) && !is_placeholder(written))
    }
}

/// The keys of a ConfigMap or Secret.
#[derive(Clone, Debug)]
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

/// The few things about a value that rules ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// One line of text that ends in a line feed.
    pub is_line_with_feed: bool,
    /// How it begins.
    pub start: Start,
}

/// Facts of one file.
#[derive(Debug, Default)]
pub struct Facts {
    pub(super) named: Vec<(Sort, Box<str>, Fact)>,
    pub(super) limit_ranges: Vec<LimitRange>,
    pub(super) retagged: Vec<String>,
    pub(super) gives_selectors: bool,
    pub(super) gives_namespaces: bool,
}

impl Facts {
    /// Keeps an object's facts.
    pub fn add(&mut self, file: u32, object: Object<'_>) {
        let named = |sort, name: Option<Node<'_>>, keys| {
            let name = name.or_else(|| object.root.get("metadata")?.get("name"))?;
            let namespace = object.namespace().map(Into::into);
            Some((sort, name.as_str()?.into(), Fact { namespace, file, span: name.span(), keys, secret_type: None }))
        };
        let spec = |keys: &[&str]| keys.iter().try_fold(object.root.get("spec")?, |node, key| node.get(key));
        let fact = match (object.group(), object.kind) {
            ("", "ConfigMap") => named(Sort::ConfigMap, None, config_map(object)),
            ("", "Secret") => named(Sort::Secret, None, secret(object)),
            ("", "ServiceAccount") => named(Sort::ServiceAccount, None, Keys::Unknown),
            ("", "PersistentVolumeClaim") => named(Sort::Claim, None, Keys::Unknown),
            ("", "LimitRange") => {
                self.limit_ranges.extend(limit_ranges(object));
                None
            }
            // Operators that make Secrets; each one's own documentation names the field.
            ("external-secrets.io", "ExternalSecret") => named(Sort::Secret, spec(&["target", "name"]), Keys::Unknown),
            ("bitnami.com", "SealedSecret") => {
                named(Sort::Secret, spec(&["template", "metadata", "name"]), Keys::Unknown)
            }
            ("cert-manager.io", "Certificate") => named(Sort::Secret, spec(&["secretName"]), Keys::Unknown),
            ("secrets.hashicorp.com", _) => named(Sort::Secret, spec(&["destination", "name"]), Keys::Unknown),
            ("secrets.infisical.com", _) => {
                named(Sort::Secret, spec(&["managedSecretReference", "secretName"]), Keys::Unknown)
            }
            ("onepassword.com", "OnePasswordItem") => named(Sort::Secret, None, Keys::Unknown),
            _ => None,
        };
        self.named.extend(fact.map(|(sort, name, fact)| {
            let written = (object.group().is_empty() && object.kind == "Secret")
                .then(|| object.root.get("type").and_then(Node::as_str).unwrap_or("Opaque").into());
            (sort, name, Fact { secret_type: written, ..fact })
        }));
    }
}

fn entries<'t>(object: Object<'t>, key: &str) -> impl Iterator<Item = (Node<'t>, Node<'t>)> {
    object.root.get(key).into_iter().flat_map(Node::entries)
}

fn key(name: Node<'_>, binary: bool, value: Value) -> Key {
    Key { name: name.scalar().unwrap_or_default().into(), span: name.span(), binary, value }
}

fn config_map(object: Object<'_>) -> Keys {
    let data = entries(object, "data").map(|(name, value)| key(name, false, written(value)));
    let binary = entries(object, "binaryData").map(|(name, value)| key(name, true, decoded(value)));
    Keys::Known(data.chain(binary).collect())
}

fn secret(object: Object<'_>) -> Keys {
    // A token is written by its controller.
    if object.root.get("type").and_then(Node::as_str) == Some("kubernetes.io/service-account-token") {
        return Keys::Unknown;
    }
    let data = entries(object, "data").map(|(name, value)| key(name, false, decoded(value)));
    let plain = entries(object, "stringData").map(|(name, value)| key(name, false, written(value)));
    Keys::Known(data.chain(plain).collect())
}

fn written(value: Node<'_>) -> Value {
    value
        .as_str()
        .map_or_else(Value::default, |text| Value { is_line_with_feed: is_line(text), start: start(text.as_bytes()) })
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
    Value { is_line_with_feed: line, start: start(&bytes) }
}
