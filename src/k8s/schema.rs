//! Which types Kubernetes has: each built-in (apiVersion, kind) with its decoder.

use super::decode::{self, Class, Layout, Misfit};
use super::kinds::Kind;
use super::object::Object;
use super::removed::removed;
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
