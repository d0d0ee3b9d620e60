//! Variables of `env`, one by one.

use super::container::Container;
use super::field::Field;
use super::pod::Workload;
use super::quantity::Quantity;
use crate::node::Node;
use crate::path::Path;

/// An entry of `env` that has a name. Values may be secrets: they never go into a message.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'t> {
    container: Container<'t>,
    node: Node<'t>,
    /// Its name.
    pub name: &'t str,
}

impl<'t> Container<'t> {
    /// The variables of `env`, in order, duplicates included.
    pub fn variables(self) -> impl Iterator<Item = Variable<'t>> {
        let entries = self.node.get("env").into_iter().flat_map(Node::items);
        entries.filter_map(move |node| {
            let name = node.get("name")?.as_str().filter(|name| !name.is_empty())?;
            Some(Variable { container: self, node, name })
        })
    }

    /// Whether a variable that `env` does not have may come from elsewhere: from `envFrom`, or from the Services of
    /// the namespace.
    #[must_use]
    pub fn may_be_given(self, name: &str) -> bool {
        // Keys in small letters are rare, and `$(date)` is not.
        let shouted =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        shouted && (self.has_env_from() || self.workload.may_link(name))
    }

    /// Whether a name may mean another program than the usual one: `PATH` is set, or a file that a shell reads first.
    #[must_use]
    pub fn redefines_programs(self) -> bool {
        self.env().any(|(name, _)| matches!(name, "PATH" | "BASH_ENV" | "ENV"))
    }

    /// The variable of a name that the program sees: the last one.
    #[must_use]
    pub fn variable(self, name: &str) -> Option<Variable<'t>> {
        self.variables().filter(|variable| variable.name == name).last()
    }
}

impl Workload<'_> {
    /// Whether a variable may stand for a Service: those of its namespace where `enableServiceLinks` does not say
    /// otherwise, and the API server's always (kubernetes `pkg/kubelet/kubelet_pods.go`, getServiceEnvVarMap, and
    /// `pkg/kubelet/envvars/envvars.go`).
    #[must_use]
    pub fn may_link(self, name: &str) -> bool {
        let links = self.spec.get("enableServiceLinks").and_then(Node::as_bool) != Some(false);
        let named = name.ends_with("_SERVICE_HOST")
            || name.ends_with("_PORT")
            || name.contains("_SERVICE_PORT_")
            || ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| name.contains(protocol) && name.contains("_PORT_"));
        named && (links || name.starts_with("KUBERNETES_"))
    }
}

/// Whether a text is a name of a variable, as Kubernetes up to 1.31 sees it (IsEnvVarName in apimachinery
/// `pkg/util/validation/validation.go`).
#[must_use]
pub fn is_name(text: &str) -> bool {
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(of_name)
        && text != "."
        && !text.starts_with("..")
}

impl<'t> Variable<'t> {
    fn root(self) -> Node<'t> {
        self.container.workload.object.root
    }

    /// Its own path.
    #[must_use]
    pub fn path(self) -> Path {
        self.node.path_from(self.root())
    }

    /// Where its value stands.
    #[must_use]
    pub fn value_field(self) -> Field<'t> {
        Field::new(self.root(), self.node, &["value"])
    }

    /// Its value as written.
    #[must_use]
    pub fn value(self) -> Option<&'t str> {
        self.value_field().node()?.as_str()
    }

    /// Its value, where nothing in it is yet to be expanded by the kubelet or a template.
    #[must_use]
    pub fn settled_value(self) -> Option<&'t str> {
        self.value().filter(|value| !value.contains(['$', '{', '}', '<', '>', '%', '#']) && !value.contains("__"))
    }

    /// Whether its value builds on an earlier variable of the same name: `PATH` of `/x:$(PATH)`. Alike
    /// in `warningsForPodSpecAndMeta` (kubernetes `pkg/api/pod/warnings.go`), `$(PATH)` alone is no use of it.
    #[must_use]
    pub fn extends_itself(self) -> bool {
        let reference = format!("$({})", self.name);
        self.value().is_some_and(|value| value != reference && value.contains(&reference))
    }

    /// The names that its value refers to by `$(NAME)`.
    pub fn references(self) -> impl Iterator<Item = &'t str> {
        let parts = self.value().unwrap_or_default().split("$(").skip(1);
        parts.filter_map(|part| part.split_once(')')).map(|(name, _)| name)
    }

    /// Whether two entries say the same.
    #[must_use]
    pub fn says_the_same_as(self, other: Self) -> bool {
        self.node.to_json() == other.node.to_json()
    }

    /// The divisor of a `resourceFieldRef`, 1 where it is left out or zero (kubernetes
    /// `pkg/api/v1/resource/helpers.go`, ExtractContainerResourceValue); `None` for any other source.
    #[must_use]
    pub fn resource_divisor(self) -> Option<Quantity> {
        let from = Field::new(self.root(), self.node, &["valueFrom", "resourceFieldRef"]).node()?;
        match from.get("divisor").filter(|divisor| !divisor.is_null()) {
            None => Some(Quantity::new(1)),
            Some(divisor) => match Quantity::parse(divisor.scalar()?.trim()).ok()? {
                zero if zero.is_zero() => Some(Quantity::new(1)),
                divisor => Some(divisor),
            },
        }
    }

    /// Where its source stands.
    #[must_use]
    pub fn source_field(self) -> Field<'t> {
        Field::new(self.root(), self.node, &["valueFrom"])
    }
}
