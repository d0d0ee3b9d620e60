//! Variables of `env`, one by one.

use super::command::base_name;
use super::container::Container;
use super::field::Field;
use super::pod::Workload;
use super::quantity::Quantity;
use super::set::{Found, Keys, Set, Sort};
use crate::node::Node;
use crate::path::Path;
use std::borrow::Cow;
use std::collections::HashMap;

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
        shouted && (self.has_env_from() || self.workload.may_link(name) || self.workload.may_inject(name))
    }

    /// Whether `envFrom` may give it a variable of this name: an object of the run does, or one whose keys nobody knows.
    #[must_use]
    pub fn may_take(self, name: &str, set: &Set) -> bool {
        let namespace = self.workload.object.namespace();
        self.node.get("envFrom").into_iter().flat_map(Node::items).any(|entry| {
            let prefix = entry.get("prefix").and_then(Node::as_str).unwrap_or_default();
            let Some(key) = name.strip_prefix(prefix) else { return false };
            let sources = [("configMapRef", Sort::ConfigMap), ("secretRef", Sort::Secret)];
            let mut named =
                sources.iter().filter_map(|(field, sort)| Some((*sort, entry.get(field)?.get("name")?.as_str()?)));
            named.any(|(sort, object)| match set.find(sort, object, namespace) {
                Found::Here(facts) => facts.iter().any(|fact| match &fact.keys {
                    Keys::Unknown => true,
                    Keys::Known(keys) => keys.iter().any(|known| *known.name == *key),
                }),
                _ => true,
            })
        })
    }

    /// Whether a name may mean another program than the usual one: `PATH` is set, or a file that a shell reads first.
    #[must_use]
    pub fn redefines_programs(self) -> bool {
        self.env().any(|(name, _)| matches!(name, "PATH" | "BASH_ENV" | "ENV"))
    }

    /// Whether `$NAME` in a command without a shell is one that the author means to be expanded: the container has
    /// such a variable, or every shell does. Templates have other names in braces, and scripts and programs on a JVM
    /// may expand what stands in braces themselves.
    #[must_use]
    pub fn means_variable(self, words: &[&str], name: &str, text: &str) -> bool {
        let settled = |variable: Variable<'_>| variable.value().is_none_or(|value| !value.contains('$'));
        let braced = text.starts_with("${");
        let expands = words.iter().any(|word| {
            let name = base_name(word);
            name == "java" || name.ends_with(".sh") || name.starts_with("otelcol") || name.starts_with("fluent-bit")
        });
        let ordinary = matches!(name, "HOSTNAME" | "HOME" | "PATH" | "JAVA_OPTS");
        (self.variable(name).is_some_and(settled) && !(braced && expands)) || (ordinary && !braced)
    }

    /// The variable of a name that the program sees: the last one.
    #[must_use]
    pub fn variable(self, name: &str) -> Option<Variable<'t>> {
        self.variables().filter(|variable| variable.name == name).last()
    }

    /// Where its variables stand or would stand.
    #[must_use]
    pub fn env_field(self) -> Field<'t> {
        self.field(&["env"])
    }

    /// Whether `env` may give a variable a value that is not empty: `NAME`, or `NAME=value` for that one only.
    #[must_use]
    pub fn may_set_variable(self, wanted: &str) -> bool {
        let (name, value) = wanted.split_once('=').map_or((wanted, None), |(name, value)| (name, Some(value)));
        self.variable(name).is_some_and(|variable| match (variable.value(), value) {
            (Some(text), Some(value)) => text == value || variable.settled_value().is_none(),
            (Some(text), None) => !text.is_empty(),
            // A source, or a value that is no string.
            (None, _) => variable.source_field().node().is_some() || variable.value_field().node().is_some(),
        })
    }

    /// The variable of this name, where it is set to something for sure; `NAME=value` only with that value.
    #[must_use]
    pub fn sets_variable(self, wanted: &str) -> Option<Variable<'t>> {
        let (name, value) = wanted.split_once('=').map_or((wanted, None), |(name, value)| (name, Some(value)));
        self.variable(name).filter(|variable| match (variable.settled_value(), value) {
            (Some(text), Some(value)) => text == value,
            (Some(text), None) => !text.is_empty(),
            // A source gives something, or nothing starts; one that is optional may be missing.
            (None, None) => variable.source_field().node().is_some_and(|source| {
                source.entries().all(|(_, from)| from.get("optional").and_then(Node::as_bool) != Some(true))
            }),
            (None, Some(_)) => false,
        })
    }
}

impl<'t> Workload<'t> {
    /// Whether its pods get variables of the Services beside them (API default: yes).
    #[must_use]
    pub fn links_services(self) -> bool {
        self.service_links_field().node().and_then(Node::as_bool) != Some(false)
    }

    /// Where `enableServiceLinks` stands or would stand.
    #[must_use]
    pub fn service_links_field(self) -> Field<'t> {
        self.field(&["enableServiceLinks"])
    }

    /// Whether the controller of its kind may write a variable of this name into its pods: an indexed Job its index
    /// (kubernetes `pkg/controller/job/indexed_job_utils.go`), Knative and operators what they like.
    #[must_use]
    pub fn may_inject(self, name: &str) -> bool {
        match &*self.kind.group {
            "" | "apps" | "extensions" | "apps.openshift.io" | "argoproj.io" | "apps.kruise.io" => false,
            "batch" | "keda.sh" => name == "JOB_COMPLETION_INDEX",
            _ => true,
        }
    }

    /// Whether a variable may stand for a Service: those of its namespace where `enableServiceLinks` does not say
    /// otherwise, and the API server's always (kubernetes `pkg/kubelet/kubelet_pods.go`, getServiceEnvVarMap, and
    /// `pkg/kubelet/envvars/envvars.go`).
    #[must_use]
    pub fn may_link(self, name: &str) -> bool {
        let links = self.links_services();
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
        super::expansion::references(self.value().unwrap_or_default())
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

/// Stands in texts for a part that the manifest does not say. No text of a manifest holds it: the API server
/// refuses such values, and YAML has none.
pub const UNKNOWN: char = '\0';

/// Bytes of one value after its expansion; what is longer is not known.
const MAX_VALUE: usize = 16 << 10;

/// The variables of a container with their values, as the kubelet makes them (kubernetes
/// `pkg/kubelet/kubelet_pods.go`, makeEnvironmentVariables): in order, `$(NAME)` standing for an earlier one.
#[derive(Debug)]
pub struct Environment<'t> {
    container: Container<'t>,
    values: HashMap<&'t str, Cow<'t, str>>,
}

impl<'t> Container<'t> {
    /// Its variables with their values, [`UNKNOWN`] where a value, or a part of it, is not written.
    #[must_use]
    pub fn environment(self) -> Environment<'t> {
        let mut environment = Environment { container: self, values: HashMap::new() };
        for variable in self.variables() {
            let value = match variable.value() {
                Some(text) => environment.expand(text),
                None if variable.source_field().node().is_none() => Cow::Borrowed(""),
                None => variable.own_memory_limit().map_or(Cow::Borrowed("\0"), |units| units.to_string().into()),
            };
            environment.values.insert(variable.name, value);
        }
        environment
    }
}

impl<'t> Environment<'t> {
    /// The value of a variable; `None` where there is none of this name. With variables from ConfigMaps, Secrets
    /// or Services, nobody knows which there are.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let elsewhere = || self.container.has_env_from() || self.container.may_be_given(name);
        self.values.get(name).map(AsRef::as_ref).or_else(|| elsewhere().then_some("\0"))
    }

    /// A text with every `$(NAME)` replaced; `$$` is a dollar, and a name that is no variable stays as it is
    /// written (kubernetes `third_party/forked/golang/expansion`).
    #[must_use]
    pub fn expand<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !text.contains("$(") && !text.contains("$$") {
            return Cow::Borrowed(text);
        }
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        // Without one, what opens is never closed: looking for it each time would be quadratic.
        let mut closes = text.matches(')').count();
        while let Some(at) = rest.find('$') {
            closes -= rest[..at].matches(')').count();
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let reference = rest.strip_prefix('(').filter(|_| closes > 0).and_then(|inner| inner.split_once(')'));
            if let Some((name, after)) = reference {
                match self.get(name) {
                    Some(value) => out.push_str(value),
                    None => out.extend(["$(", name, ")"]),
                }
                closes -= 1;
                rest = after;
            } else {
                out.push('$');
                rest = rest.strip_prefix('$').unwrap_or(rest);
            }
            if out.len() > MAX_VALUE {
                return Cow::Borrowed("\0");
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

impl Variable<'_> {
    /// The container's own memory limit in units of the divisor, rounded up, where its value is that.
    fn own_memory_limit(self) -> Option<i128> {
        let from = self.source_field().node()?.get("resourceFieldRef")?;
        let text = |key| from.get(key).and_then(Node::as_str);
        let own = text("containerName").is_none_or(|name| Some(name) == self.container.name());
        let limit = self.container.memory_limit().filter(|_| own && text("resource") == Some("limits.memory"))?;
        let divisor = self.resource_divisor()?.ceil();
        (divisor > 0).then(|| limit.ceil().saturating_add(divisor - 1) / divisor)
    }
}
