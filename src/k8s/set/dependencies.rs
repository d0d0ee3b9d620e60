//! Hosts to Services: whether the run has what a container asks for.

use super::Set;
use super::facts::{Fact, Sort};
use super::late::{Gap, Question};
use super::lookup::Found;
use super::neighbours::Home;
use super::services::ServicePort;
use crate::k8s::clients::Target;
use crate::k8s::validate::is_placeholder;

/// A host that names a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'h> {
    /// The Service's name.
    pub service: &'h str,
    /// The namespace, where the host names one.
    pub namespace: Option<&'h str>,
    /// Whether the host says that it is a Service's, by its domain.
    pub plain: bool,
}

/// What is wrong with a Service that a container asks for.
#[derive(Debug)]
pub enum Fault<'s> {
    /// It is not in the run.
    Absent,
    /// It is in another namespace alone.
    OtherNamespace(&'s Fact, &'s str),
    /// It is not in the run, and one of nearly the same name is.
    NearMiss(&'s Fact, &'s str),
    /// It does not have the port; the ports that it has.
    NoPort(&'s Fact, &'s [ServicePort]),
    /// No pods stand behind it, or behind its port.
    Gap(&'s Fact, Gap<'s>),
}

/// Namespaces in which a cluster has Services of its own that no manifest of an application holds.
const OF_CLUSTERS: &[&str] = &["kube-system", "kube-public", "kube-node-lease"];

/// Domains of the internet that are names of namespaces as well.
const DOMAINS: &[&str] =
    &["com", "org", "net", "io", "dev", "app", "cloud", "local", "info", "co", "ai", "sh", "me", "tools", "blog"];

/// Words at the end of names that say what a Service is.
const WORDS: &[&str] = &["-headless", "-hl", "-svc", "-service"];

impl Set {
    /// The Service that a host names, as the DNS of a cluster knows it (Kubernetes documentation: DNS for Services and Pods):
    /// `name`, `name.namespace` where the run has such a namespace, `name.namespace.svc`, with the cluster's domain behind it and
    /// a pod's name before. None for other hosts.
    #[must_use]
    pub fn address<'h>(&self, host: &'h str) -> Option<Address<'h>> {
        let host = host.trim_end_matches('.');
        // Services of several clusters have objects of their own (multicluster.x-k8s.io).
        if host.is_empty() || is_placeholder(host) || host.ends_with(".clusterset.local") {
            return None;
        }
        let before = host.find(".svc.").map(|at| &host[..at]).or_else(|| host.strip_suffix(".svc"));
        let mut labels = before.unwrap_or(host).rsplit('.');
        match (before.is_some(), labels.next(), labels.next(), labels.next(), labels.next()) {
            (true, Some(namespace), Some(service), pod, None) => {
                let plain = pod.is_none_or(|pod| !pod.starts_with('_'));
                plain.then_some(Address { service, namespace: Some(namespace), plain: true })
            }
            (false, Some(service), None, ..) => Some(Address { service, namespace: None, plain: false }),
            (false, Some(last), Some(first), None, None) => {
                if self.has_namespace(last) && !DOMAINS.contains(&last) {
                    return Some(Address { service: first, namespace: Some(last), plain: true });
                }
                // `db-0.db`
                let ordinal = first.strip_suffix(|c: char| c.is_ascii_digit()).is_some() && first.starts_with(last);
                ordinal.then_some(Address { service: last, namespace: None, plain: false })
            }
            _ => None,
        }
    }

    fn has_namespace(&self, name: &str) -> bool {
        let all = self
            .namespaces
            .get_or_init(|| self.named.values().flatten().filter_map(|fact| fact.namespace.clone()).collect());
        all.contains(name)
    }

    /// What is to be known before [`Self::fault`] can be asked.
    #[must_use]
    pub fn question(&self, address: Address<'_>, target: &Target, home: Home<'_>) -> Option<Question> {
        let namespace = address.namespace.or(home.0);
        if address.namespace.is_some_and(|namespace| OF_CLUSTERS.contains(&namespace)) {
            return None;
        }
        match self.find(Sort::Service, address.service, namespace) {
            Found::Elsewhere => None,
            Found::Absent => {
                let speaks =
                    self.is_complete() || self.otherwise_called(address.service, (namespace, home.1)).is_some();
                speaks.then_some(Question::Other)
            }
            Found::OtherNamespace(..) | Found::NearMiss(..) => Some(Question::Other),
            Found::Here(facts) => {
                if self.lacks(&facts, target.port, (namespace, home.1)).is_some() {
                    return Some(Question::Other);
                }
                Some(Question::Behind {
                    service: address.service.into(),
                    namespace: namespace.map(Into::into),
                    port: target.port,
                })
            }
        }
    }

    /// What is wrong with the Service, as far as the run can say so. Asked once all is known.
    #[must_use]
    pub fn fault(&self, address: Address<'_>, target: &Target, home: Home<'_>) -> Option<Fault<'_>> {
        let late = self.late()?;
        let namespace = address.namespace.or(home.0);
        let here = (namespace, home.1);
        let made = || late.may_be_made(address.service);
        match self.find(Sort::Service, address.service, namespace) {
            Found::Elsewhere => None,
            Found::Absent if made() => None,
            Found::Absent => match self.otherwise_called(address.service, here) {
                Some((fact, near)) => Some(Fault::NearMiss(fact, near)),
                None => self.is_complete().then_some(Fault::Absent),
            },
            Found::NearMiss(fact, near) => {
                (!made() && self.is_beside(fact, here)).then_some(Fault::NearMiss(fact, near))
            }
            Found::OtherNamespace(fact, there) => {
                if made() {
                    None
                } else if self.is_beside(fact, (None, home.1)) {
                    Some(Fault::OtherNamespace(fact, there))
                } else {
                    // Of the same name by chance, perhaps.
                    self.is_complete().then_some(Fault::Absent)
                }
            }
            Found::Here(facts) => {
                if let Some((fact, ports)) = self.lacks(&facts, target.port, here) {
                    return Some(Fault::NoPort(fact, ports));
                }
                let (fact, gap) = self.gap(address.service, namespace, target.port)?;
                self.is_beside(fact, here).then_some(Fault::Gap(fact, gap))
            }
        }
    }

    /// A Service of the same name but for a word that says what it is.
    fn otherwise_called(&self, name: &str, home: Home<'_>) -> Option<(&Fact, &str)> {
        let stripped = WORDS.iter().filter_map(|word| name.strip_suffix(*word).map(str::to_owned));
        let names = stripped.chain(WORDS.iter().map(|word| format!("{name}{word}")));
        let mut found = names.filter_map(|other| {
            let ((_, known), facts) = self.named.get_key_value(&(Sort::Service, other.into_boxed_str()))?;
            let fact = facts.iter().find(|fact| self.is_beside(fact, home))?;
            Some((fact, &**known))
        });
        found.next().filter(|_| found.next().is_none())
    }

    /// The Service without the port, where none of its states may have it.
    fn lacks<'s>(
        &self,
        facts: &[&'s Fact],
        port: Option<u16>,
        home: Home<'_>,
    ) -> Option<(&'s Fact, &'s [ServicePort])> {
        let port = port?;
        let lacks = |fact: &&Fact| fact.service().is_some_and(|service| !service.may_have_port(port));
        let first = facts.iter().copied().find(|fact| self.is_beside(fact, home))?;
        facts.iter().all(lacks).then_some(())?;
        Some((first, first.service()?.ports.as_deref()?))
    }

    /// Whether something speaks for it that a Service is the one that is asked for, and not of the same name by chance.
    fn is_beside(&self, fact: &Fact, home: Home<'_>) -> bool {
        self.neighbours((fact.namespace.as_deref(), fact.file), home).is_some()
            || (home.0.is_none() && self.is_near(fact.file, home.1))
    }
}
