//! Which accounts roles are bound to.

use super::Set;
use super::facts::Sort;
use super::late::{Account, Subject};
use super::lookup::Found;
use crate::k8s::validate::is_placeholder;

/// An account that a workload runs as, and that a role is bound to but for a slip.
#[derive(Clone, Debug)]
pub enum Nearly<'s> {
    /// The role is bound to the name in another namespace.
    Namespace(&'s Account),
    /// The role is bound to nearly the same name.
    Name(&'s Account),
}

impl<'s> Nearly<'s> {
    /// The account.
    #[must_use]
    pub fn account(&self) -> &'s Account {
        let (Self::Namespace(account) | Self::Name(account)) = self;
        account
    }
}

impl Set {
    /// Whether a subject is an account of the run, or may be one.
    #[must_use]
    pub fn has_account(&self, subject: &Subject<'_>) -> bool {
        match subject.namespace {
            _ if self.gives_namespaces => true,
            None => !subject.cluster_wide,
            Some(namespace) => {
                let found = self.find(Sort::ServiceAccount, subject.name, Some(namespace));
                is_placeholder(namespace) || matches!(found, Found::Here(_) | Found::Elsewhere)
            }
        }
    }

    /// The account that a subject was likely meant to be: nothing is bound to it. Asked once all is known.
    #[must_use]
    pub fn nearly_bound(&self, subject: &Subject<'_>) -> Option<Nearly<'_>> {
        let late = self.late()?;
        if subject.namespace.is_none() {
            return late.running(subject.name).first().map(Nearly::Namespace);
        }
        let here = |account: &&Account| self.reaches(account.namespace.as_deref(), subject.namespace);
        if late.running(subject.name).iter().any(|account| here(&account)) || late.may_be_made(subject.name) {
            return None;
        }
        let free = |account: &&Account| !late.is_bound(account) && account.namespace.is_some();
        if let Some(account) = late.running(subject.name).iter().find(free) {
            return Some(Nearly::Namespace(account));
        }
        let near = late.running_nearly(subject.name);
        near.into_iter().flat_map(|name| late.running(name)).filter(here).find(free).map(Nearly::Name)
    }
}
