//! Containers: the view that most rules ask.

use super::field::Field;
use super::image::Image;
use super::pod::Workload;
use super::probe::{Probe, Purpose};
use super::quantity::Quantity;
use super::tables::Tables;
use crate::node::{Kind, Node};
use crate::path::Path;

/// What a container is in its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One of `containers`.
    App,
    /// An init container with `restartPolicy: Always`, which runs beside the app.
    Sidecar,
    /// A plain init container, which has to end.
    Init,
}

/// A container of a workload.
#[derive(Clone, Copy, Debug)]
pub struct Container<'t> {
    /// Whose.
    pub workload: Workload<'t>,
    /// Its mapping.
    pub node: Node<'t>,
    /// What it is there.
    pub role: Role,
}

impl<'t> Container<'t> {
    /// Its name, where it has one.
    #[must_use]
    pub fn name(self) -> Option<&'t str> {
        self.node.get("name").and_then(Node::as_str)
    }

    pub(super) fn field(self, keys: &'static [&'static str]) -> Field<'t> {
        Field::new(self.workload.object.root, self.node, keys)
    }

    /// Its own path.
    #[must_use]
    pub fn path(self) -> Path {
        self.node.path_from(self.workload.object.root)
    }

    /// Where its image stands.
    #[must_use]
    pub fn image_field(self) -> Field<'t> {
        self.field(&["image"])
    }

    /// Where its imagePullPolicy stands or would stand.
    #[must_use]
    pub fn image_pull_policy_field(self) -> Field<'t> {
        self.field(&["imagePullPolicy"])
    }

    /// The image as written.
    #[must_use]
    pub fn image_text(self) -> Option<&'t str> {
        self.image_field().node()?.as_str()
    }

    /// The image, where the reference is valid.
    #[must_use]
    pub fn image(self) -> Option<Image<'t>> {
        Image::parse(self.image_text()?).ok()
    }

    /// Whether rules about probes and exits apply: it is meant to run for as long as its pod.
    #[must_use]
    pub fn is_long_running(self) -> bool {
        use super::kinds::Runs;
        match self.role {
            Role::Init => false,
            Role::Sidecar => true,
            Role::App => self.workload.runs() != Runs::ToCompletion && !self.has_own_restart_policy(),
        }
    }

    /// Its place among the pod's init containers, from 0, and how many there are; `None` for the others.
    #[must_use]
    pub fn init_position(self) -> Option<(usize, usize)> {
        let path = self.path();
        let inits: Vec<_> = self.workload.containers().into_iter().filter(|one| one.role != Role::App).collect();
        Some((inits.iter().position(|one| one.path() == path)?, inits.len()))
    }

    /// A container-level restart policy or rules (Kubernetes ≥ 1.34, ContainerRestartRules) on an
    /// app container: what an exit means is then its own affair.
    fn has_own_restart_policy(self) -> bool {
        let policy = self.node.get("restartPolicy").and_then(Node::as_str);
        policy.is_some_and(|policy| policy != "Always") || self.node.get("restartPolicyRules").is_some()
    }

    fn probe(self, purpose: Purpose) -> Option<Probe<'t>> {
        let node = self.node.get(purpose.field()).filter(|node| node.kind() == Kind::Mapping)?;
        Some(Probe { container: self, purpose, node })
    }

    /// Its livenessProbe.
    #[must_use]
    pub fn liveness_probe(self) -> Option<Probe<'t>> {
        self.probe(Purpose::Liveness)
    }

    /// Its livenessProbe, where that can kill: the container is meant to run on, the API server takes its numbers, and the
    /// kubelet can run it at all (what it can't run it throws away, `prober.go` in `pkg/kubelet/prober`).
    #[must_use]
    pub fn killing_probe(self, tables: &Tables) -> Option<Probe<'t>> {
        let runs = |probe: &Probe<'t>| probe.handler().is_none_or(|handler| handler.not_runnable(tables).is_none());
        self.liveness_probe().filter(|probe| self.is_long_running() && probe.is_readable()).filter(runs)
    }

    /// Its readinessProbe.
    #[must_use]
    pub fn readiness_probe(self) -> Option<Probe<'t>> {
        self.probe(Purpose::Readiness)
    }

    /// Its probes that the kubelet runs: plain init containers have none.
    pub fn probes(self) -> impl Iterator<Item = Probe<'t>> {
        let all = [Purpose::Startup, Purpose::Liveness, Purpose::Readiness];
        all.into_iter().filter(move |_| self.role != Role::Init).filter_map(move |purpose| self.probe(purpose))
    }

    /// Its startupProbe.
    #[must_use]
    pub fn startup_probe(self) -> Option<Probe<'t>> {
        self.probe(Purpose::Startup)
    }

    /// Where its startupProbe stands or would stand.
    #[must_use]
    pub fn startup_probe_field(self) -> Field<'t> {
        self.field(&["startupProbe"])
    }

    /// Whether one of its own ports has this name.
    #[must_use]
    pub fn has_port_named(self, name: &str) -> bool {
        self.ports().any(|port| port.name() == Some(name))
    }

    /// Whether somebody may type into it: what reads standard input waits there.
    #[must_use]
    pub fn has_stdin(self) -> bool {
        ["stdin", "tty"].iter().any(|key| self.node.get(key).and_then(Node::as_bool) == Some(true))
    }

    /// Where its memory limit stands or would stand.
    #[must_use]
    pub fn memory_limit_field(self) -> Field<'t> {
        self.field(&["resources", "limits", "memory"])
    }

    /// Where its memory request stands or would stand.
    #[must_use]
    pub fn memory_request_field(self) -> Field<'t> {
        self.field(&["resources", "requests", "memory"])
    }

    /// Whether requests and limits can be read: absent ones included, odd shapes not.
    #[must_use]
    pub fn resources_are_readable(self) -> bool {
        let shape = |keys| {
            Field::new(self.workload.object.root, self.node, keys)
                .node()
                .is_none_or(|node| node.kind() == Kind::Mapping)
        };
        shape(&["resources"]) && shape(&["resources", "limits"]) && shape(&["resources", "requests"])
    }

    /// The memory limit as written.
    #[must_use]
    pub fn memory_limit(self) -> Option<Quantity> {
        quantity(self.memory_limit_field())
    }

    /// The memory request as written.
    #[must_use]
    pub fn memory_request(self) -> Option<Quantity> {
        quantity(self.memory_request_field())
    }

    /// The memory request that the pod will have: the written one, else the limit, which
    /// `SetDefaults_Pod` (kubernetes `pkg/apis/core/v1/defaults.go`) puts there on Pods, never on
    /// templates.
    #[must_use]
    pub fn effective_memory_request(self) -> Option<Quantity> {
        if self.memory_request_field().node().is_some() { self.memory_request() } else { self.memory_limit() }
    }

    /// Where its CPU limit stands or would stand.
    #[must_use]
    pub fn cpu_limit_field(self) -> Field<'t> {
        self.field(&["resources", "limits", "cpu"])
    }

    /// The CPU limit as written, in cores.
    #[must_use]
    pub fn cpu_limit(self) -> Option<Quantity> {
        quantity(self.cpu_limit_field())
    }

    /// Whether CPU limit and request will be equal, so that the container counts as Guaranteed
    /// where its memory does.
    #[must_use]
    pub fn is_cpu_guaranteed(self) -> bool {
        let limit = self.cpu_limit();
        let request = self.field(&["resources", "requests", "cpu"]);
        limit.is_some() && (request.node().is_none() || quantity(request) == limit)
    }

    /// Names of the environment variables of `env`, with their literal values.
    pub fn env(self) -> impl Iterator<Item = (&'t str, Option<&'t str>)> {
        let entries = self.node.get("env").into_iter().flat_map(Node::items);
        entries.filter_map(|entry| Some((entry.get("name")?.as_str()?, entry.get("value").and_then(Node::as_str))))
    }

    /// Whether further variables come from ConfigMaps or Secrets.
    #[must_use]
    pub fn has_env_from(self) -> bool {
        self.node.get("envFrom").is_some_and(|list| list.count() > 0)
    }

    /// Whether it says nothing of what it runs: the image decides. Empty lists count as none.
    #[must_use]
    pub fn runs_image_default(self) -> bool {
        ["command", "args"].iter().all(|key| self.node.get(key).is_none_or(|list| list.count() == 0))
    }

    /// Where its command stands or would stand.
    #[must_use]
    pub fn command_field(self) -> Field<'t> {
        self.field(&["command"])
    }

    /// Where its args stand or would stand.
    #[must_use]
    pub fn args_field(self) -> Field<'t> {
        self.field(&["args"])
    }

    /// The words of `command`, and of `args`; `None` where the field is absent or empty, as the
    /// kubelet treats both alike.
    #[must_use]
    pub fn command_words(self) -> (Option<Vec<Node<'t>>>, Option<Vec<Node<'t>>>) {
        let words = |key| {
            let words: Vec<_> = self.node.get(key).into_iter().flat_map(Node::items).collect();
            (!words.is_empty()).then_some(words)
        };
        (words("command"), words("args"))
    }
}

pub(super) fn quantity(field: Field<'_>) -> Option<Quantity> {
    let node = field.node()?;
    matches!(node.kind(), Kind::String | Kind::Int | Kind::Float)
        .then(|| Quantity::parse(node.scalar()?.trim()).ok())?
}
