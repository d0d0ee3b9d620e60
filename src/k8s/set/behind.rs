//! Which pods stand behind a Service.

use super::Set;
use super::facts::{Fact, Sort};
use super::late::{Gap, Pods};
use super::lookup::Found;
use super::selector::Selector;
use super::services::{Exposes, Service};
use std::collections::BTreeMap;

/// The pods that a selector chooses.
#[derive(Clone, Copy, Debug)]
pub struct Chosen<'s> {
    /// How many there are at least.
    pub count: i64,
    /// Those of the first workload.
    pub first: &'s Pods,
}

impl Set {
    /// How many pods of a namespace a selector chooses, workload by workload; none where there are none, or their
    /// number hangs on something else. Asked once all is known.
    #[must_use]
    pub fn pods_of(&self, selector: &Selector, namespace: Option<&str>) -> Option<Chosen<'_>> {
        let here = |pods: &&Pods| self.reaches(pods.namespace.as_deref(), namespace);
        let chosen: Vec<&Pods> = self.late()?.chosen(selector)?.into_iter().filter(here).collect();
        // Of several states of a workload, the one with the most pods counts.
        let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for pods in &chosen {
            let scaled = self.scales(&pods.kind, &pods.name, pods.namespace.as_deref()).map(|scale| scale.least).max();
            let count = counts.entry((&pods.kind, &pods.name)).or_default();
            *count = scaled.or(pods.replicas)?.max(*count);
        }
        Some(Chosen { count: counts.values().sum(), first: chosen.first()? })
    }

    /// What is wrong behind a Service's name, as far as the run can say so; none where any state of the Service has
    /// its pods, or may have them. Asked once all is known.
    #[must_use]
    pub fn gap(&self, name: &str, namespace: Option<&str>, port: Option<u16>) -> Option<(&Fact, Gap<'_>)> {
        let Found::Here(facts) = self.find(Sort::Service, name, namespace) else { return None };
        let mut first = None;
        for fact in facts {
            let gap = self.gap_of(name, fact, port)?;
            first.get_or_insert((fact, gap));
        }
        first
    }

    fn gap_of<'s>(&'s self, name: &str, fact: &'s Fact, port: Option<u16>) -> Option<Gap<'s>> {
        let late = self.late()?;
        let service = fact.service().filter(|service| service.exposes != Exposes::Name)?;
        let selector = service.selector.as_ref().filter(|selector| selector.is_settled())?;
        let here = |pods: &&Pods| self.reaches(pods.namespace.as_deref(), fact.namespace.as_deref());
        let chosen: Vec<&Pods> = late.chosen(selector)?.into_iter().filter(here).collect();
        if let [first, ..] = chosen[..] {
            let target = target(service, port)?;
            return (!chosen.iter().any(|pods| pods.has_port(target)))
                .then_some(Gap::NoPort { pods: first, port: target });
        }
        // What an operator makes has labels that it chooses.
        if late.may_be_made(name) || selector.pairs().any(|(_, value)| late.may_be_made(value)) {
            return None;
        }
        match self.near(name, fact, selector) {
            Some(gap) => Some(gap),
            None => self.is_complete().then_some(Gap::Nobody),
        }
    }

    /// Pods that lack one label alone: those of a workload of the Service's name, or such of which that label's value is
    /// nearly the right one.
    fn near<'s>(&'s self, name: &str, fact: &'s Fact, selector: &'s Selector) -> Option<Gap<'s>> {
        let late = self.late()?;
        let here = |pods: &&Pods| self.reaches(pods.namespace.as_deref(), fact.namespace.as_deref());
        let gap = |pods: &'s Pods| {
            let (key, wanted, has) = selector.only_miss(&pods.labels)?;
            Some(Gap::Near { pods, key, wanted, has })
        };
        // A kustomization may give labels to templates.
        let told = |gap: &Gap<'_>| !(self.gives_selectors && matches!(gap, Gap::Near { has: None, .. }));
        if let Some(gap) = late.named(name).filter(here).filter_map(gap).find(told) {
            return Some(gap);
        }
        selector.pairs().find_map(|(key, value)| {
            late.nearly_labelled(key, value).into_iter().filter(here).filter_map(gap).find(told)
        })
    }
}

/// The name of the containers' port that a Service's port leads to.
fn target(service: &Service, port: Option<u16>) -> Option<&str> {
    let port = service.ports.as_ref()?.iter().find(|known| Some(known.number) == port)?;
    port.target.as_deref().filter(|_| service.exposes == Exposes::Address)
}
