//! What is kept of one object that others refer to by name.

use super::late::Pods;
use super::limits::LimitRange;
use super::quotas::Quota;
use super::scales::Scale;
use super::services::Service;
use super::values::{Keys, config_map, secret};
use crate::k8s::object::{Object, annotation};
use crate::k8s::validate::is_placeholder;
use crate::node::Node;
use crate::source::Span;

/// Kinds whose objects have something to say to others.
pub const PROVIDERS: &[&str] = &[
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "PersistentVolumeClaim",
    "Service",
    "LimitRange",
    "ResourceQuota",
    "HorizontalPodAutoscaler",
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
    /// A Service.
    Service,
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
            Self::Service => "Service",
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
    /// What else is known of it, by its sort.
    pub detail: Detail,
}

/// What rules ask of an object besides its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    #[default]
    None,
    /// The type of a Secret that is written out; `Opaque` where it names none.
    Secret(Box<str>),
    /// The pull secrets that a ServiceAccount names.
    Account(Vec<Box<str>>),
    /// The access modes of a claim, as written.
    Claim(Vec<Box<str>>),
    /// A Service.
    Service(Box<Service>),
}

impl Fact {
    /// Whether it is a Secret that the kubelet does not read for pulling images
    /// (kubernetes `pkg/credentialprovider/secrets/secrets.go`).
    #[must_use]
    pub fn is_no_pull_secret(&self) -> bool {
        let read = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];
        self.secret_type().is_some_and(|written| !read.contains(&written) && !is_placeholder(written))
    }

    /// The type of a Secret that is written out.
    #[must_use]
    pub fn secret_type(&self) -> Option<&str> {
        if let Detail::Secret(written) = &self.detail { Some(written) } else { None }
    }

    /// The Service.
    #[must_use]
    pub fn service(&self) -> Option<&Service> {
        if let Detail::Service(service) = &self.detail { Some(service) } else { None }
    }

    /// The access modes of a claim.
    #[must_use]
    pub fn access_modes(&self) -> &[Box<str>] {
        if let Detail::Claim(modes) = &self.detail { modes } else { &[] }
    }

    /// The pull secrets that a ServiceAccount names.
    #[must_use]
    pub fn pull_secrets(&self) -> &[Box<str>] {
        if let Detail::Account(names) = &self.detail { names } else { &[] }
    }

    /// Whether it says nothing that `other` does not say: the same object once more.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        self.namespace == other.namespace && self.keys == other.keys && self.detail == other.detail
    }
}

/// Facts of one file.
#[derive(Debug, Default)]
pub struct Facts {
    pub(super) named: Vec<(Sort, Box<str>, Fact)>,
    pub(super) limit_ranges: Vec<LimitRange>,
    pub(super) quotas: Vec<Quota>,
    pub(super) scales: Vec<Scale>,
    pub(super) retagged: Vec<String>,
    pub(super) prefixes: Vec<Box<str>>,
    pub(super) suffixes: Vec<Box<str>>,
    pub(super) substituted: Vec<Box<str>>,
    pub(super) gives_selectors: bool,
    pub(super) gives_namespaces: bool,
    pub(super) reads_elsewhere: bool,
    pub(super) pods: Vec<Pods>,
    pub(super) accounts: Vec<super::late::Account>,
    pub(super) mentioned: Vec<Box<str>>,
}

impl Facts {
    /// Keeps an object's facts.
    pub fn add(&mut self, file: u32, object: Object<'_>) {
        let named = |sort, name: Option<Node<'_>>, keys, detail| {
            let name = name.or_else(|| object.root.get("metadata")?.get("name"))?;
            let namespace = object.namespace().map(Into::into);
            Some((sort, name.as_str()?.into(), Fact { namespace, file, span: name.span(), keys, detail }))
        };
        let made = |keys: &[&str]| {
            let name = keys.iter().try_fold(object.root.get("spec")?, |node, key| node.get(key));
            named(Sort::Secret, name, Keys::Unknown, Detail::None)
        };
        let names = |list: Option<Node<'_>>, key: &str| {
            let items = list.into_iter().flat_map(Node::items);
            items.filter_map(|item| Some(item.get(key)?.as_str()?.into())).collect()
        };
        let fact = match (object.group(), object.kind) {
            ("", "ConfigMap") => named(Sort::ConfigMap, None, config_map(object), Detail::None),
            ("", "Secret") => {
                let written = object.root.get("type").and_then(Node::as_str).unwrap_or("Opaque").into();
                named(Sort::Secret, None, secret(object), Detail::Secret(written))
            }
            ("", "ServiceAccount") => {
                let pull = names(object.root.get("imagePullSecrets"), "name");
                named(Sort::ServiceAccount, None, Keys::Unknown, Detail::Account(pull))
            }
            ("", "PersistentVolumeClaim") => {
                let modes = object.root.get("spec").and_then(|spec| spec.get("accessModes"));
                let modes = modes.into_iter().flat_map(Node::items).filter_map(|mode| Some(mode.as_str()?.into()));
                named(Sort::Claim, None, Keys::Unknown, Detail::Claim(modes.collect()))
            }
            ("", "Service") => {
                // OpenShift makes a certificate for a Service that asks for one.
                let certificate = annotation(object.root, "service.beta.openshift.io/serving-cert-secret-name");
                self.named
                    .extend(certificate.and_then(|name| named(Sort::Secret, Some(name), Keys::Unknown, Detail::None)));
                named(Sort::Service, None, Keys::Unknown, Detail::Service(Box::new(Service::of(object))))
            }
            ("serving.knative.dev", "Service") => named(Sort::Service, None, Keys::Unknown, Detail::None),
            ("", "LimitRange") => {
                self.limit_ranges.extend(LimitRange::of(file, object));
                None
            }
            ("", "ResourceQuota") => {
                self.quotas.extend(Quota::of(file, object));
                None
            }
            ("autoscaling", "HorizontalPodAutoscaler") => {
                self.scales.extend(Scale::of(file, object));
                None
            }
            // Operators that make Secrets; each one's own documentation names the field.
            ("external-secrets.io", "ExternalSecret") => made(&["target", "name"]),
            ("bitnami.com", "SealedSecret") => made(&["template", "metadata", "name"]),
            ("cert-manager.io", "Certificate") => made(&["secretName"]),
            ("secrets.hashicorp.com", _) => made(&["destination", "name"]),
            ("secrets.infisical.com", _) => made(&["managedSecretReference", "secretName"]),
            ("onepassword.com" | "kubernetes-client.io", _) => named(Sort::Secret, None, Keys::Unknown, Detail::None),
            _ => None,
        };
        self.named.extend(fact);
    }
}
