//! Variables that other objects give to a container.

use super::Set;
use super::facts::Sort;
use super::lookup::Found;
use super::references::{Use, references};
use super::values::Keys;
use crate::k8s::container::Container;

impl Set {
    /// Whether a container may get a variable from elsewhere than `env`: from a source of `envFrom`, as the link of a
    /// Service, or from its controller. What the run does not hold may give anything.
    #[must_use]
    pub fn may_give_variable(&self, container: Container<'_>, name: &str) -> bool {
        container.workload.may_inject(name)
            || self.sources_may_give(container, name)
            || self.links_may_give(container, name)
    }

    fn sources_may_give(&self, container: Container<'_>, name: &str) -> bool {
        let path = container.path();
        let all = references(&container.workload);
        let own = all.iter().filter(|one| one.how == Use::Variables && one.path().starts_with(&path));
        let mut known = 0;
        for source in own {
            known += 1;
            let Some(key) = name.strip_prefix(source.prefix) else { continue };
            let gives = match self.find(source.sort, source.name, source.namespace()) {
                Found::Here(facts) => facts.iter().any(|fact| match &fact.keys {
                    Keys::Unknown => true,
                    Keys::Known(keys) => keys.iter().any(|known| !known.binary && *known.name == *key),
                }),
                // Where it is absent for certain, the container does not start, unless it may be absent.
                _ => !(self.is_complete() && source.optional),
            };
            if gives {
                return true;
            }
        }
        // A source that can't be read may be anything.
        container.env_from_field().node().is_some_and(|list| list.count() > known)
    }

    /// By the names that the kubelet makes (kubernetes `pkg/kubelet/envvars/envvars.go`).
    fn links_may_give(&self, container: Container<'_>, name: &str) -> bool {
        if !container.workload.may_link(name) || name.starts_with("KUBERNETES_") {
            return container.workload.may_link(name);
        }
        if !self.is_complete() {
            return true;
        }
        let ends = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"];
        ends.into_iter().flat_map(|end| name.match_indices(end)).any(|(at, _)| {
            let service = name[..at].to_lowercase().replace('_', "-");
            let found = self.find(Sort::Service, &service, container.workload.object.namespace());
            matches!(found, Found::Here(_) | Found::Elsewhere)
        })
    }

    /// Whether a kustomization of the run puts values in place of `$(NAME)` itself, by `vars`.
    #[must_use]
    pub fn substitutes(&self, name: &str) -> bool {
        self.substituted.contains(name)
    }
}
