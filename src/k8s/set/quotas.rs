//! ResourceQuotas: what every container of a namespace has to say.

use crate::k8s::object::Object;
use crate::node::Node;
use crate::source::Span;

/// A ResourceQuota that counts processors or memory.
#[derive(Clone, Debug)]
pub struct Quota {
    /// Its name.
    pub name: Box<str>,
    /// As written.
    pub namespace: Option<Box<str>>,
    /// Number of its file in the run.
    pub file: u32,
    /// What it counts of that which each container has to set, and where.
    pub counts: Vec<(Counted, Span)>,
    /// Which pods it counts; none for all.
    pub scopes: Vec<Scope>,
}

/// What every container has to set where a quota counts it (`validationSet` in kubernetes
/// `pkg/quota/v1/evaluator/core/pods.go`; "do not add more resources to this list").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Limits rather than requests.
    pub limit: bool,
    /// `cpu` or `memory`.
    pub resource: &'static str,
}

/// Which pods a quota counts (`podMatchesScopeFunc`, ibid.).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those with `activeDeadlineSeconds`, or those without.
    Terminating(bool),
    /// Those that set nothing, or those that set something.
    BestEffort(bool),
    /// Something that is not looked at here.
    Other,
}

impl Quota {
    pub(super) fn of(file: u32, object: Object<'_>) -> Option<Self> {
        let spec = object.root.get("spec")?;
        let counts = spec.get("hard").into_iter().flat_map(Node::entries).filter_map(|(key, _)| {
            let (limit, resource) = match key.scalar()? {
                "cpu" | "requests.cpu" => (false, "cpu"),
                "memory" | "requests.memory" => (false, "memory"),
                "limits.cpu" => (true, "cpu"),
                "limits.memory" => (true, "memory"),
                _ => return None,
            };
            Some((Counted { limit, resource }, key.span()))
        });
        let mut distinct: Vec<(Counted, Span)> = Vec::new();
        for (counted, span) in counts {
            if distinct.iter().all(|(known, _)| *known != counted) {
                distinct.push((counted, span));
            }
        }
        let scopes = spec.get("scopes").into_iter().flat_map(Node::items).map(|scope| match scope.as_str() {
            Some("Terminating") => Scope::Terminating(true),
            Some("NotTerminating") => Scope::Terminating(false),
            Some("BestEffort") => Scope::BestEffort(true),
            Some("NotBestEffort") => Scope::BestEffort(false),
            _ => Scope::Other,
        });
        let selected = spec.get("scopeSelector").filter(|selector| !selector.is_null()).map(|_| Scope::Other);
        Some(Self {
            name: object.name().into(),
            namespace: object.namespace().map(Into::into),
            file,
            scopes: scopes.chain(selected).collect(),
            counts: distinct,
        })
        .filter(|quota| !quota.counts.is_empty())
    }
}
