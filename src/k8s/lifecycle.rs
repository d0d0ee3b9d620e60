//! A container's hooks, and the time that a pod has to stop.

use super::container::{Container, Role};
use super::field::Field;
use super::handler::{Handler, Means};
use super::pod::Workload;
use super::shell;
use crate::node::{Kind, Node};
use crate::path::Path;

/// Seconds that a pod has to stop where nothing is written (`DefaultTerminationGracePeriodSeconds`,
/// `k8s.io/api/core/v1/types.go`).
pub const DEFAULT_GRACE: u64 = 30;

/// Seconds that a container has to stop at least, whatever its hook has used up of the grace period
/// (`minimumGracePeriodInSeconds`, kubernetes `pkg/kubelet/kuberuntime/kuberuntime_manager.go`).
pub const LEAST_GRACE: u64 = 2;

/// A hook of a container.
#[derive(Clone, Copy, Debug)]
pub struct Hook<'t> {
    /// Whose.
    pub container: Container<'t>,
    node: Node<'t>,
}

impl<'t> Container<'t> {
    /// A plain init container has no hooks: the API server refuses them.
    fn hook(self, key: &str) -> Option<Hook<'t>> {
        let node = self.node.get("lifecycle")?.get(key)?;
        (node.kind() == Kind::Mapping && self.role != Role::Init).then_some(Hook { container: self, node })
    }

    /// What runs right after its start.
    #[must_use]
    pub fn post_start(self) -> Option<Hook<'t>> {
        self.hook("postStart")
    }

    /// Whether it is told to stop by another signal than the usual one (`lifecycle.stopSignal`, Kubernetes ≥ 1.33).
    #[must_use]
    pub fn has_stop_signal(self) -> bool {
        self.node
            .get("lifecycle")
            .and_then(|lifecycle| lifecycle.get("stopSignal"))
            .is_some_and(|signal| !signal.is_null())
    }

    /// What runs before it is told to stop.
    #[must_use]
    pub fn pre_stop(self) -> Option<Hook<'t>> {
        self.hook("preStop")
    }
}

impl<'t> Hook<'t> {
    /// Its own path.
    #[must_use]
    pub fn path(self) -> Path {
        self.node.path_from(self.container.workload.object.root)
    }

    /// What it does, where it has one handler, and that is no `sleep`.
    #[must_use]
    pub fn handler(self) -> Option<Handler<'t>> {
        let mut all = self.node.entries().filter(|(_, node)| !node.is_null());
        let (Some((key, node)), None) = (all.next(), all.next()) else { return None };
        Some(Handler::new(self.container, Means::of(key.scalar()?)?, node))
    }

    /// Seconds that it lasts at least, by its `sleep` handler or the `sleep`s of its command, and where they are
    /// written. A command's `$(VAR)` is not expanded by the kubelet.
    #[must_use]
    pub fn sleeps(self) -> Option<(u64, Path)> {
        let seconds = Field::new(self.container.workload.object.root, self.node, &["sleep", "seconds"]);
        if let Some(number) = seconds.node().and_then(Node::as_i64) {
            return Some((u64::try_from(number).ok()?, seconds.path()));
        }
        let handler = self.handler().filter(|handler| handler.means == Means::Exec)?;
        let words: Option<Vec<&str>> = handler.words().into_iter().map(Node::as_str).collect();
        Some((shell::least_sleep(&words?).filter(|&seconds| seconds > 0)?, handler.command_field().path()))
    }
}

impl<'t> Workload<'t> {
    /// Where its grace period stands or would stand.
    #[must_use]
    pub fn grace_period_field(self) -> Field<'t> {
        Field::new(self.object.root, self.spec, &["terminationGracePeriodSeconds"])
    }

    /// Seconds that its containers have to stop, their hooks included; a deletion may name others. What is negative
    /// becomes 1 (CheckGracefulDelete, kubernetes `pkg/registry/core/pod/strategy.go`).
    #[must_use]
    pub fn grace_period(self) -> Option<u64> {
        match self.grace_period_field().node() {
            None => Some(DEFAULT_GRACE),
            Some(written) => written.as_i64().map(|seconds| u64::try_from(seconds).unwrap_or(1)),
        }
    }
}
