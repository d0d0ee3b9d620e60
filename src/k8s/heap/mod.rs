//! The memory that a container's program is told to use, against the limit that it has.
//!
//! Read from its command, inline scripts included, from its variables, and from what is known of its image. What the
//! manifest does not say is left out: no number is guessed.

mod cache;
mod flags;
mod jvm;
mod lines;
mod options;
mod runtime;
mod size;
mod v8;

#[cfg(test)]
mod tests;

pub use cache::{Cache, caches};
pub use jvm::{Demand, demand};
pub use lines::Origin;
use lines::mentions;
pub use options::{Refusal, refusals};
pub use runtime::runs_on;
pub use v8::{Node, node};

use super::container::Container;
use super::field::Field;
use super::go::byte_count;
use super::images::Runtime;
use super::quantity::Quantity;
use super::set::Set;
use super::tables::Tables;

/// Whose limit bounds a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Its own.
    Container,
    /// That of the whole pod, where the container has none (`spec.resources`, Kubernetes ≥ 1.32; kubernetes
    /// `pkg/kubelet/kuberuntime/kuberuntime_container_linux.go`, getMemoryLimit).
    Pod,
    /// The default of a LimitRange of the run.
    LimitRange,
}

/// The memory limit that a container will have.
#[derive(Clone, Copy, Debug)]
pub struct Limit<'t> {
    /// Bytes.
    pub amount: Quantity,
    /// Whose it is.
    pub whose: Whose,
    /// Where it stands; where the container's own would stand, for a LimitRange's.
    pub field: Field<'t>,
}

impl Limit<'_> {
    /// What a label says at its place.
    #[must_use]
    pub fn says(&self) -> &'static str {
        match self.whose {
            Whose::Container => "the kernel's limit, for all that the container uses",
            Whose::Pod => "the Pod's limit, for all that its containers use",
            Whose::LimitRange => "without a limit of its own it gets the default of a LimitRange",
        }
    }

    /// How many percent of it an amount is, for sentences.
    #[must_use]
    pub fn percent(&self, amount: Quantity) -> String {
        let percent = 100.0 * amount.as_f64() / self.amount.as_f64();
        if percent > 9999.0 { format!("{:.0} times", percent / 100.0) } else { format!("{percent:.0} % of") }
    }
}

/// Below this nothing starts, and `memory-limit-tiny` says so.
const TINY: Quantity = Quantity::mebi(4);

/// The memory limit of a container: its own, else the pod's, else the default of a LimitRange. `None` where there is
/// none, or it can't be read, or nothing could start in it.
#[must_use]
pub fn memory_limit<'t>(container: Container<'t>, set: &Set) -> Option<Limit<'t>> {
    let (own, pod) = (container.memory_limit_field(), container.workload.memory_limit_field());
    let limit = if own.node().is_some() {
        Limit { amount: container.memory_limit()?, whose: Whose::Container, field: own }
    } else if pod.node().is_some() {
        Limit { amount: container.workload.memory_limit()?, whose: Whose::Pod, field: pod }
    } else {
        let amount = set.default_memory_limit(container.workload.object.namespace())?;
        Limit { amount, whose: Whose::LimitRange, field: own }
    };
    (limit.amount >= TINY).then_some(limit)
}

/// An amount of memory that a program is told to use.
#[derive(Clone, Debug)]
pub struct Setting<'t> {
    /// The option or variable, as people write it: `-Xmx`.
    pub option: &'static str,
    /// Bytes.
    pub amount: Quantity,
    /// Where it comes from.
    pub origin: Origin<'t>,
}

impl Setting<'_> {
    /// Its name in a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self.origin {
            Origin::Image => self.option.to_owned(),
            _ => format!("`{}`", self.option),
        }
    }
}

/// The largest heap or cache that the program keeps to; `None` where nothing is known.
#[must_use]
pub fn most(container: Container<'_>, tables: &Tables, limit: Limit<'_>) -> Option<Quantity> {
    let go = || {
        let bytes = byte_count(container.variable("GOMEMLIMIT")?.settled_value()?)?;
        Some(Quantity::new(i64::try_from(bytes).ok()?))
    };
    let jvm = demand(container, tables, limit).map(|demand| demand.heap.amount);
    let node = node(container, tables).map(|node| node.heap.amount);
    let cache = caches(container, tables, limit).into_iter().map(|cache| cache.setting.amount).max();
    [jvm, node, cache, go()].into_iter().flatten().max()
}

/// The heap or cache that an image takes by itself, where nothing changes it.
fn default_heap<'t>(container: Container<'t>, tables: &Tables, of_jvm: bool) -> Option<Setting<'t>> {
    let known = tables.known(container);
    let heap = known.heap().filter(|_| (known.runtime() == Some(Runtime::Jvm)) == of_jvm)?;
    let (command, args) = container.command_words();
    let changes = |word: &str| heap.args.iter().any(|option| word.starts_with(option.as_str()));
    let by_args = args.unwrap_or_default().into_iter().any(|word| word.as_str().is_none_or(changes));
    let by_env = container.has_env_from() || heap.env.iter().any(|name| container.variable(name).is_some());
    let by_file = heap.files.iter().any(|file| container.has_mount_around(file));
    let amount = Quantity::parse(&heap.size).ok()?;
    (command.is_none() && !by_args && !by_env && !by_file).then_some(Setting {
        option: "the image's own default",
        amount,
        origin: Origin::Image,
    })
}
