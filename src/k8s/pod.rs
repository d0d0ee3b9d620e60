//! Pod specs and the objects that carry them.

use super::container::{Container, Role};
use super::field::Field;
use super::kinds::{Kind, Runs};
use super::object::Object;
use crate::node::{self, Node};

/// A pod spec in an object: a Pod's own, or a template's.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'t> {
    /// The object.
    pub object: Object<'t>,
    /// Its row in the table of kinds.
    pub kind: &'t Kind,
    /// The mapping that holds `metadata` and `spec`, where there is one.
    pub template: Option<Node<'t>>,
    /// The pod spec.
    pub spec: Node<'t>,
}

impl<'t> Workload<'t> {
    /// Takes the node at a kind's route for a pod template, or for the pod spec itself.
    #[must_use]
    pub fn new(object: Object<'t>, kind: &'t Kind, node: Node<'t>) -> Option<Self> {
        let mapping = |node: Node<'t>| node.kind() == node::Kind::Mapping;
        if let Some(spec) = node.get("spec").filter(|&spec| mapping(spec)) {
            return Some(Self { object, kind, template: Some(node), spec });
        }
        (mapping(node) && node.get("containers").is_some()).then_some(Self { object, kind, template: None, spec: node })
    }

    pub(super) fn field(self, keys: &'static [&'static str]) -> Field<'t> {
        Field::new(self.object.root, self.spec, keys)
    }

    fn text(self, key: &str) -> Option<&'t str> {
        self.spec.get(key)?.as_str()
    }

    /// Who restarts the containers when they end, `restartPolicy` considered (API default: Always).
    #[must_use]
    pub fn runs(self) -> Runs {
        match (self.kind.runs, self.text("restartPolicy")) {
            (Runs::Pod | Runs::Unknown, Some("Never" | "OnFailure")) => Runs::ToCompletion,
            (Runs::Pod, _) if self.owner_is_job() => Runs::ToCompletion,
            (Runs::Always, Some("Never" | "OnFailure")) => Runs::Unknown,
            (runs, _) => runs,
        }
    }

    /// Whether the Pod's controller is a Job.
    fn owner_is_job(self) -> bool {
        let owners = self.object.root.get("metadata").and_then(|metadata| metadata.get("ownerReferences"));
        owners.is_some_and(|owners| owners.items().any(|owner| owner.get("kind").and_then(Node::as_str) == Some("Job")))
    }

    /// Whether its pods are validated as they are written, by the API server or on behalf of its controller.
    #[must_use]
    pub fn is_validated(self) -> bool {
        super::validate::is_validated(self.object.api_version, self.object.kind)
    }

    /// Whether Knative runs it: ports, probes and names are filled in by its controller.
    #[must_use]
    pub fn is_knative(self) -> bool {
        self.kind.group == "serving.knative.dev"
    }

    /// Whether OpenShift fills images in from an image stream (`ImageChange` triggers).
    #[must_use]
    pub fn has_image_trigger(self) -> bool {
        let triggers = self.object.root.get("spec").and_then(|spec| spec.get("triggers"));
        triggers.is_some_and(|list| {
            list.items().any(|trigger| trigger.get("type").and_then(Node::as_str) == Some("ImageChange"))
        })
    }

    /// Whether something ends its pods after a time, whatever they do: `activeDeadlineSeconds`, its own or its Job's.
    #[must_use]
    pub fn is_limited_in_time(self) -> bool {
        let spec = self.object.root.get("spec");
        let template = spec.and_then(|spec| spec.get("jobTemplate")).and_then(|job| job.get("spec"));
        [Some(self.spec), spec, template]
            .into_iter()
            .flatten()
            .any(|spec| spec.get("activeDeadlineSeconds").is_some_and(|seconds| !seconds.is_null()))
    }

    /// Whether the first process of a container is not PID 1: its containers share their processes, or the node's.
    #[must_use]
    pub fn shares_processes(self) -> bool {
        ["shareProcessNamespace", "hostPID"].iter().any(|key| self.spec.get(key).and_then(Node::as_bool) == Some(true))
    }

    /// Whether it asks for a runtime of its own.
    #[must_use]
    pub fn has_runtime_class(self) -> bool {
        self.text("runtimeClassName").is_some()
    }

    /// `spec.os.name`, or the node selector, says Windows.
    #[must_use]
    pub fn is_windows(self) -> bool {
        let named = self.spec.get("os").and_then(|os| os.get("name")).and_then(Node::as_str);
        let selected = self
            .spec
            .get("nodeSelector")
            .and_then(|selector| selector.get("kubernetes.io/os").or_else(|| selector.get("beta.kubernetes.io/os")));
        named == Some("windows") || selected.and_then(Node::as_str) == Some("windows")
    }

    /// Every container that rules look at, in the order of the spec: init containers first.
    /// Ephemeral containers are left out.
    #[must_use]
    pub fn containers(self) -> Vec<Container<'t>> {
        let list = |key: &str| self.spec.get(key).into_iter().flat_map(Node::items);
        let init = list("initContainers").map(|node| {
            let sidecar = node.get("restartPolicy").and_then(Node::as_str) == Some("Always");
            (node, if sidecar { Role::Sidecar } else { Role::Init })
        });
        init.chain(list("containers").map(|node| (node, Role::App)))
            .filter(|(node, _)| node.kind() == node::Kind::Mapping)
            .map(|(node, role)| Container { workload: self, node, role })
            .collect()
    }

    /// Whether the pod as a whole has a memory limit (`spec.resources`, Kubernetes ≥ 1.32 with
    /// PodLevelResources).
    #[must_use]
    pub fn has_memory_limit(self) -> bool {
        self.field(&["resources", "limits", "memory"]).node().is_some()
    }

    /// Whether its template has labels.
    #[must_use]
    pub fn has_labels(self) -> bool {
        let metadata = self.template.and_then(|template| template.get("metadata"));
        metadata.and_then(|metadata| metadata.get("labels")).is_some_and(|labels| labels.count() > 0)
    }

    /// Whether there are containers, and each has an image.
    #[must_use]
    pub fn has_all_images(self) -> bool {
        let containers = self.containers();
        !containers.is_empty() && containers.iter().all(|container| container.node.get("image").is_some())
    }

    /// Whether it looks like a patch or a part of an object rather than a whole one: a workload without a container
    /// that has an image, and without a selector, or with what only an API server writes. No server took it so.
    #[must_use]
    pub fn looks_like_patch(self) -> bool {
        let selector = self.object.root.get("spec").and_then(|spec| spec.get("selector"));
        (selector.is_none() || self.object.was_served())
            && !self.containers().iter().any(|container| container.node.get("image").is_some())
    }
}
