//! Claims that a workload mounts, or makes for each of its pods; how many pods it has, and how they are replaced.

use super::field::Field;
use super::pod::Workload;
use crate::node::Node;

impl<'t> Workload<'t> {
    /// The claims that a StatefulSet makes for each of its pods.
    pub fn claim_templates(self) -> impl Iterator<Item = Node<'t>> {
        let spec = self.object.root.get("spec").filter(|_| self.object.kind == "StatefulSet");
        spec.and_then(|spec| spec.get("volumeClaimTemplates")).into_iter().flat_map(Node::items)
    }

    /// The access modes of the claim that a StatefulSet makes by this name.
    pub fn claim_template_modes(self, name: &str) -> impl Iterator<Item = &'t str> {
        let named = |claim: &Node<'t>| {
            claim.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_str) == Some(name)
        };
        let claim = self.claim_templates().find(named);
        let modes = claim.and_then(|claim| claim.get("spec")).and_then(|spec| spec.get("accessModes"));
        modes.into_iter().flat_map(Node::items).filter_map(Node::as_str)
    }

    /// Where the number of its pods stands or would stand; none for kinds that have no such field.
    #[must_use]
    pub fn replicas_field(self) -> Option<Field<'t>> {
        let counted = matches!(
            self.object.kind,
            "Deployment"
                | "StatefulSet"
                | "ReplicaSet"
                | "ReplicationController"
                | "DeploymentConfig"
                | "Rollout"
                | "CloneSet"
        );
        let spec = self.object.root.get("spec")?;
        counted.then(|| Field::new(self.object.root, spec, &["replicas"]))
    }

    /// The number of its pods: 1 where it says nothing (`SetDefaults_Deployment` and its like, kubernetes
    /// `pkg/apis/apps/v1/defaults.go`). None where it is of another kind, or can't be read.
    #[must_use]
    pub fn replicas(self) -> Option<i64> {
        match self.replicas_field()?.node() {
            None => Some(1),
            Some(node) => node.as_i64(),
        }
    }

    /// Where a Deployment's way of replacing pods stands or would stand.
    #[must_use]
    pub fn strategy_field(self) -> Option<Field<'t>> {
        let spec = self.object.root.get("spec").filter(|_| self.object.kind == "Deployment")?;
        Some(Field::new(self.object.root, spec, &["strategy"]))
    }

    /// Whether a Deployment of one pod starts the new one while the old one still runs: a rolling update whose
    /// `maxSurge` is not zero (25 % by default, rounded up: `SetDefaults_Deployment`, and ResolveFenceposts in
    /// kubernetes `pkg/controller/deployment/util/deployment_util.go`).
    #[must_use]
    pub fn surges(self) -> bool {
        let Some(strategy) = self.strategy_field() else { return false };
        let strategy = strategy.node();
        let kind = strategy.and_then(|strategy| strategy.get("type")).and_then(Node::as_str);
        let surge =
            strategy.and_then(|strategy| strategy.get("rollingUpdate")).and_then(|update| update.get("maxSurge"));
        let none = surge.and_then(Node::scalar).is_some_and(|surge| matches!(surge.trim_end_matches('%'), "0" | "00"));
        kind.is_none_or(|kind| kind == "RollingUpdate") && !none
    }

    /// The account that its pods run as, by either of its names: the older one counts where the newer one is absent
    /// (`Convert_v1_PodSpec_To_core_PodSpec`, kubernetes `pkg/apis/core/v1/conversion.go`).
    #[must_use]
    pub fn account(self) -> Option<Node<'t>> {
        let name =
            |key| self.spec.get(key).filter(|name: &Node<'t>| name.as_str().is_some_and(|name| !name.is_empty()));
        name("serviceAccountName").or_else(|| name("serviceAccount"))
    }

    /// Labels of its pods.
    pub fn pod_labels(self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let metadata = self.template.and_then(|template| template.get("metadata"));
        let labels = metadata.and_then(|metadata| metadata.get("labels")).into_iter().flat_map(Node::entries);
        labels.filter_map(|(key, value)| Some((key.scalar()?, value.scalar()?)))
    }

    /// Whether its pods can run on one node alone: by `nodeName`, or a nodeSelector for a hostname.
    #[must_use]
    pub fn is_bound_to_a_node(self) -> bool {
        let selected = self.spec.get("nodeSelector").and_then(|selector| selector.get("kubernetes.io/hostname"));
        self.spec.get("nodeName").or(selected).is_some_and(|name| !name.is_null())
    }

    /// Whether its pods end after some time (`activeDeadlineSeconds`).
    #[must_use]
    pub fn has_deadline(self) -> bool {
        self.spec.get("activeDeadlineSeconds").is_some_and(|seconds| !seconds.is_null())
    }
}
