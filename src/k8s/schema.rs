//! Which types Kubernetes has: each built-in (apiVersion, kind) with its decoder, and the versions
//! that are gone.

use super::decode::{self, Class, Layout, Misfit};
use super::kinds::Kind;
use super::object::Object;
use crate::node::Node;
use k8s_openapi::Resource;
use k8s_openapi::api::{
    admissionregistration::v1 as admission, apps::v1 as apps, autoscaling::v1 as scaling_v1,
    autoscaling::v2 as scaling_v2, batch::v1 as batch, certificates::v1 as certificates,
    coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery, flowcontrol::v1 as flow,
    networking::v1 as networking, node::v1 as runtime, policy::v1 as disruption, rbac::v1 as rbac,
    scheduling::v1 as scheduling, storage::v1 as storage,
};
use std::sync::LazyLock;

/// What every kind's pods are made of.
static POD_SPEC: LazyLock<Layout> = LazyLock::new(Layout::of::<core::PodSpec>);

/// Most misfits that are told of one object.
const LIMIT: usize = 10;

type Check = fn(Node<'_>, usize) -> Vec<Misfit>;

/// A built-in type.
struct Type {
    api_version: &'static str,
    kind: &'static str,
    check: Check,
}

macro_rules! types {
    ($($module:ident::{$($kind:ident),*})*) => {
        &[$($(Type {
            api_version: <$module::$kind as Resource>::API_VERSION,
            kind: <$module::$kind as Resource>::KIND,
            check: |node, limit| {
                static LAYOUT: LazyLock<Layout> = LazyLock::new(Layout::of::<$module::$kind>);
                decode::problems::<$module::$kind>(node, &LAYOUT, limit)
            },
        },)*)*]
    };
}

/// What people write in files. Kinds that only controllers write (Event, EndpointSlice …) are left
/// out; so is CustomResourceDefinition, whose files are long, generated and full of schemas.
static TYPES: &[Type] = types! {
    core::{ConfigMap, Endpoints, LimitRange, Namespace, PersistentVolume, PersistentVolumeClaim, Pod, PodTemplate,
        ReplicationController, ResourceQuota, Secret, Service, ServiceAccount}
    apps::{DaemonSet, Deployment, ReplicaSet, StatefulSet}
    batch::{CronJob, Job}
    scaling_v1::{HorizontalPodAutoscaler}
    scaling_v2::{HorizontalPodAutoscaler}
    disruption::{PodDisruptionBudget}
    networking::{Ingress, IngressClass, NetworkPolicy}
    rbac::{ClusterRole, ClusterRoleBinding, Role, RoleBinding}
    storage::{CSIDriver, StorageClass}
    scheduling::{PriorityClass}
    runtime::{RuntimeClass}
    coordination::{Lease}
    admission::{MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
        ValidatingWebhookConfiguration}
    certificates::{CertificateSigningRequest}
    discovery::{EndpointSlice}
    flow::{FlowSchema, PriorityLevelConfiguration}
};

/// Whether the API server itself knows the type: it then checks the whole object.
#[must_use]
pub fn is_built_in(api_version: &str, kind: &str) -> bool {
    TYPES.iter().any(|known| known.kind == kind && known.api_version == api_version)
}

/// Wrong types and unknown fields of an object, at most ten, in document order. Of a custom
/// resource only its pod templates are looked at; an unknown type says nothing.
#[must_use]
pub fn misfits(object: &Object<'_>, further: &[Kind]) -> Vec<Misfit> {
    if let Some(known) = TYPES.iter().find(|known| known.kind == object.kind && known.api_version == object.api_version)
    {
        return (known.check)(object.root, LIMIT);
    }
    if removed(object.api_version, object.kind).is_some() {
        // Its fields are not those of today's type.
        return Vec::new();
    }
    let mut found: Vec<Misfit> = Vec::new();
    for pods in super::validate::pods(object, further) {
        let way = pods.spec.path_from(object.root);
        let inner = decode::problems::<core::PodSpec>(pods.spec, &POD_SPEC, LIMIT - found.len().min(LIMIT));
        // A custom resource's own type may have more fields than the pod spec that it copies.
        found.extend(inner.into_iter().filter(|misfit| misfit.class == Class::Type).map(|misfit| {
            let path = way.segments().iter().chain(misfit.path.segments()).cloned().collect();
            Misfit { path, ..misfit }
        }));
    }
    found
}

/// A type that Kubernetes no longer serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// `extensions/v1beta1`
    pub api_version: &'static str,
    /// `Ingress`
    pub kind: &'static str,
    /// The first minor version of Kubernetes 1 that does not serve it.
    pub since_minor: u32,
    /// What to write instead; empty where there is nothing.
    pub instead: &'static str,
}

const fn gone(api_version: &'static str, kind: &'static str, since_minor: u32, instead: &'static str) -> Removed {
    Removed { api_version, kind, since_minor, instead }
}

/// Removed types, as the deprecated API migration guide lists them
/// (kubernetes.io/docs/reference/using-api/deprecation-guide).
pub static REMOVED: &[Removed] = &[
    gone("extensions/v1beta1", "Deployment", 16, "apps/v1"),
    gone("extensions/v1beta1", "DaemonSet", 16, "apps/v1"),
    gone("extensions/v1beta1", "ReplicaSet", 16, "apps/v1"),
    gone("extensions/v1beta1", "NetworkPolicy", 16, "networking.k8s.io/v1"),
    gone("extensions/v1beta1", "PodSecurityPolicy", 16, ""),
    gone("extensions/v1beta1", "Ingress", 22, "networking.k8s.io/v1"),
    gone("apps/v1beta1", "Deployment", 16, "apps/v1"),
    gone("apps/v1beta1", "StatefulSet", 16, "apps/v1"),
    gone("apps/v1beta2", "Deployment", 16, "apps/v1"),
    gone("apps/v1beta2", "DaemonSet", 16, "apps/v1"),
    gone("apps/v1beta2", "ReplicaSet", 16, "apps/v1"),
    gone("apps/v1beta2", "StatefulSet", 16, "apps/v1"),
    gone("networking.k8s.io/v1beta1", "Ingress", 22, "networking.k8s.io/v1"),
    gone("networking.k8s.io/v1beta1", "IngressClass", 22, "networking.k8s.io/v1"),
    gone("rbac.authorization.k8s.io/v1beta1", "ClusterRole", 22, "rbac.authorization.k8s.io/v1"),
    gone("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", 22, "rbac.authorization.k8s.io/v1"),
    gone("rbac.authorization.k8s.io/v1beta1", "Role", 22, "rbac.authorization.k8s.io/v1"),
    gone("rbac.authorization.k8s.io/v1beta1", "RoleBinding", 22, "rbac.authorization.k8s.io/v1"),
    gone("scheduling.k8s.io/v1beta1", "PriorityClass", 22, "scheduling.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "CSIDriver", 22, "storage.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "CSINode", 22, "storage.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "StorageClass", 22, "storage.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "VolumeAttachment", 22, "storage.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "CSIStorageCapacity", 27, "storage.k8s.io/v1"),
    gone("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", 22, "admissionregistration.k8s.io/v1"),
    gone(
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
        22,
        "admissionregistration.k8s.io/v1",
    ),
    gone("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 22, "apiextensions.k8s.io/v1"),
    gone("apiregistration.k8s.io/v1beta1", "APIService", 22, "apiregistration.k8s.io/v1"),
    gone("certificates.k8s.io/v1beta1", "CertificateSigningRequest", 22, "certificates.k8s.io/v1"),
    gone("coordination.k8s.io/v1beta1", "Lease", 22, "coordination.k8s.io/v1"),
    gone("batch/v1beta1", "CronJob", 25, "batch/v1"),
    gone("batch/v2alpha1", "CronJob", 21, "batch/v1"),
    gone("discovery.k8s.io/v1beta1", "EndpointSlice", 25, "discovery.k8s.io/v1"),
    gone("events.k8s.io/v1beta1", "Event", 25, "events.k8s.io/v1"),
    gone("autoscaling/v2beta1", "HorizontalPodAutoscaler", 25, "autoscaling/v2"),
    gone("autoscaling/v2beta2", "HorizontalPodAutoscaler", 26, "autoscaling/v2"),
    gone("policy/v1beta1", "PodDisruptionBudget", 25, "policy/v1"),
    gone("policy/v1beta1", "PodSecurityPolicy", 25, ""),
    gone("node.k8s.io/v1beta1", "RuntimeClass", 25, "node.k8s.io/v1"),
    gone("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", 26, "flowcontrol.apiserver.k8s.io/v1"),
    gone("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration", 26, "flowcontrol.apiserver.k8s.io/v1"),
    gone("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", 29, "flowcontrol.apiserver.k8s.io/v1"),
    gone("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration", 29, "flowcontrol.apiserver.k8s.io/v1"),
    gone("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", 32, "flowcontrol.apiserver.k8s.io/v1"),
    gone("flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration", 32, "flowcontrol.apiserver.k8s.io/v1"),
];

/// The row of a removed type.
#[must_use]
pub fn removed(api_version: &str, kind: &str) -> Option<&'static Removed> {
    REMOVED.iter().find(|row| row.api_version == api_version && row.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn said(text: &str) -> Vec<String> {
        let document = yaml::documents(text).next().unwrap().unwrap();
        let object = Object::new(document.tree.root()).unwrap();
        misfits(&object, &[]).into_iter().map(|misfit| format!("{}: {}", misfit.path, misfit.message)).collect()
    }

    #[test]
    fn yaml_traps_of_a_deployment() {
        let text = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, labels: {version: 1.10}}
spec:
  replicas: \"2\"
  template:
    spec:
      containers:
      - name: a
        env:
        - {name: A, value: yes}
        - {name: B, value: 0644}
        - {name: C, value: 'yes'}
        livenessProbe:
          httpGet:
          path: /
";
        assert_eq!(
            said(text),
            [
                "metadata.labels.version: `version` must be a string, but `1.1` is a number: quote it",
                "spec.replicas: `replicas` must be a whole number of 32 bits, but \"2\" is a string: remove the quotes",
                "spec.template.spec.containers[0].env[0].value: `value` must be a string, but `true` is a boolean: quote it",
                "spec.template.spec.containers[0].env[1].value: `value` must be a string, but `420` is a number: quote it",
                "spec.template.spec.containers[0].livenessProbe.path: unknown field `path`: it belongs under `httpGet`",
            ]
        );
    }

    #[test]
    fn a_custom_resource_is_its_pod_spec_and_nothing_is_known_of_others() {
        let text = "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
spec:
  replicas: many
  template: {spec: {containers: [{name: 1, more: x}]}}
";
        assert_eq!(
            said(text),
            ["spec.template.spec.containers[0].name: `name` must be a string, but `1` is a number: quote it"]
        );
        assert!(said("{apiVersion: example.com/v1, kind: Deployment, spec: 1}").is_empty());
        assert!(said("{apiVersion: extensions/v1beta1, kind: Ingress, spec: 1}").is_empty());
    }

    #[test]
    fn types_are_listed_once() {
        let mut names: Vec<_> = TYPES.iter().map(|known| (known.api_version, known.kind)).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(TYPES.iter().all(|known| removed(known.api_version, known.kind).is_none()));
    }
}
