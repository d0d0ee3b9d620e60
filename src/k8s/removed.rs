//! Types that Kubernetes serves no more.

/// Types of one version that went together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// `extensions/v1beta1`
    pub api_version: &'static str,
    /// `Ingress`; `*` for all further ones, where the version is gone as a whole.
    pub kinds: &'static [&'static str],
    /// The first minor version of Kubernetes 1 that does not serve them.
    pub since_minor: u32,
    /// What to write instead; empty where there is nothing.
    pub instead: &'static str,
}

const fn gone(
    api_version: &'static str,
    kinds: &'static [&'static str],
    since_minor: u32,
    instead: &'static str,
) -> Removed {
    Removed { api_version, kinds, since_minor, instead }
}

/// All of them up to Kubernetes 1.36. Sources: the deprecated API migration guide
/// (kubernetes.io/docs/reference/using-api/deprecation-guide), `APILifecycleRemoved` of the types in `k8s.io/api` from
/// 0.19 to 0.36 (`zz_generated.prerelease-lifecycle.go`), and for those without it the releases' changelogs and the first
/// release whose `k8s.io/api` or `pkg/registry/*/rest` lacks them.
static REMOVED: &[Removed] = &[
    gone("extensions/v1beta1", &["Deployment", "DaemonSet", "ReplicaSet"], 16, "apps/v1"),
    gone("extensions/v1beta1", &["NetworkPolicy"], 16, "networking.k8s.io/v1"),
    gone("extensions/v1beta1", &["PodSecurityPolicy"], 16, ""),
    gone("extensions/v1beta1", &["Ingress"], 22, "networking.k8s.io/v1"),
    gone("extensions/v1beta1", &["*"], 22, ""),
    gone("apps/v1beta1", &["*"], 16, "apps/v1"),
    gone("apps/v1beta2", &["*"], 16, "apps/v1"),
    gone("apps/v1alpha1", &["PetSet"], 5, "apps/v1"),
    gone("batch/v2alpha1", &["CronJob"], 21, "batch/v1"),
    gone("batch/v1beta1", &["CronJob"], 25, "batch/v1"),
    gone("autoscaling/v2alpha1", &["HorizontalPodAutoscaler"], 8, "autoscaling/v2"),
    gone("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], 25, "autoscaling/v2"),
    gone("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], 26, "autoscaling/v2"),
    gone("policy/v1beta1", &["PodDisruptionBudget"], 25, "policy/v1"),
    gone("policy/v1beta1", &["PodSecurityPolicy"], 25, ""),
    gone("networking.k8s.io/v1alpha1", &["ClusterCIDR"], 31, ""),
    gone("networking.k8s.io/v1alpha1", &["IPAddress", "ServiceCIDR"], 31, "networking.k8s.io/v1"),
    gone("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], 22, "networking.k8s.io/v1"),
    gone(
        "rbac.authorization.k8s.io/v1alpha1",
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
        23,
        "rbac.authorization.k8s.io/v1",
    ),
    gone(
        "rbac.authorization.k8s.io/v1beta1",
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
        22,
        "rbac.authorization.k8s.io/v1",
    ),
    gone("scheduling.k8s.io/v1alpha1", &["PriorityClass"], 23, "scheduling.k8s.io/v1"),
    gone("scheduling.k8s.io/v1alpha1", &["Workload"], 36, "scheduling.k8s.io/v1alpha2"),
    gone("scheduling.k8s.io/v1beta1", &["PriorityClass"], 22, "scheduling.k8s.io/v1"),
    gone("settings.k8s.io/v1alpha1", &["PodPreset"], 20, ""),
    gone("storage.k8s.io/v1alpha1", &["VolumeAttachment", "CSIStorageCapacity"], 24, "storage.k8s.io/v1"),
    gone("storage.k8s.io/v1alpha1", &["VolumeAttributesClass"], 35, "storage.k8s.io/v1"),
    gone(
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        22,
        "storage.k8s.io/v1",
    ),
    gone("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], 27, "storage.k8s.io/v1"),
    gone("storagemigration.k8s.io/v1alpha1", &["StorageVersionMigration"], 35, "storagemigration.k8s.io/v1beta1"),
    gone("admissionregistration.k8s.io/v1alpha1", &["InitializerConfiguration"], 14, ""),
    gone(
        "admissionregistration.k8s.io/v1alpha1",
        &["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
        32,
        "admissionregistration.k8s.io/v1",
    ),
    gone(
        "admissionregistration.k8s.io/v1beta1",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        22,
        "admissionregistration.k8s.io/v1",
    ),
    gone(
        "admissionregistration.k8s.io/v1beta1",
        &["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
        34,
        "admissionregistration.k8s.io/v1",
    ),
    gone("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], 22, "apiextensions.k8s.io/v1"),
    gone("apiregistration.k8s.io/v1beta1", &["APIService"], 22, "apiregistration.k8s.io/v1"),
    gone("auditregistration.k8s.io/v1alpha1", &["AuditSink"], 19, ""),
    gone("authentication.k8s.io/v1alpha1", &["SelfSubjectReview"], 32, "authentication.k8s.io/v1"),
    gone("authentication.k8s.io/v1beta1", &["TokenReview"], 22, "authentication.k8s.io/v1"),
    gone("authentication.k8s.io/v1beta1", &["SelfSubjectReview"], 33, "authentication.k8s.io/v1"),
    gone(
        "authorization.k8s.io/v1beta1",
        &["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"],
        22,
        "authorization.k8s.io/v1",
    ),
    gone("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], 22, "certificates.k8s.io/v1"),
    gone("certificates.k8s.io/v1alpha1", &["PodCertificateRequest"], 35, "certificates.k8s.io/v1beta1"),
    gone("coordination.k8s.io/v1alpha1", &["LeaseCandidate"], 32, "coordination.k8s.io/v1beta1"),
    gone("coordination.k8s.io/v1beta1", &["Lease"], 22, "coordination.k8s.io/v1"),
    gone("discovery.k8s.io/v1alpha1", &["EndpointSlice"], 21, "discovery.k8s.io/v1"),
    gone("discovery.k8s.io/v1beta1", &["EndpointSlice"], 25, "discovery.k8s.io/v1"),
    gone("events.k8s.io/v1beta1", &["Event"], 25, "events.k8s.io/v1"),
    gone("node.k8s.io/v1alpha1", &["RuntimeClass"], 24, "node.k8s.io/v1"),
    gone("node.k8s.io/v1beta1", &["RuntimeClass"], 25, "node.k8s.io/v1"),
    gone(
        "flowcontrol.apiserver.k8s.io/v1alpha1",
        &["FlowSchema", "PriorityLevelConfiguration"],
        21,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        "flowcontrol.apiserver.k8s.io/v1beta1",
        &["FlowSchema", "PriorityLevelConfiguration"],
        26,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        "flowcontrol.apiserver.k8s.io/v1beta2",
        &["FlowSchema", "PriorityLevelConfiguration"],
        29,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        "flowcontrol.apiserver.k8s.io/v1beta3",
        &["FlowSchema", "PriorityLevelConfiguration"],
        32,
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone("resource.k8s.io/v1alpha1", &["ResourceClaim", "ResourceClaimTemplate"], 27, "resource.k8s.io/v1"),
    gone("resource.k8s.io/v1alpha1", &["PodScheduling", "ResourceClass"], 27, ""),
    gone(
        "resource.k8s.io/v1alpha2",
        &["ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"],
        31,
        "resource.k8s.io/v1",
    ),
    gone(
        "resource.k8s.io/v1alpha2",
        &["PodSchedulingContext", "ResourceClaimParameters", "ResourceClass", "ResourceClassParameters"],
        31,
        "",
    ),
    gone("resource.k8s.io/v1alpha3", &["PodSchedulingContext"], 32, ""),
    gone(
        "resource.k8s.io/v1alpha3",
        &["DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"],
        34,
        "resource.k8s.io/v1",
    ),
];

/// The row of a removed type.
#[must_use]
pub fn removed(api_version: &str, kind: &str) -> Option<&'static Removed> {
    let of_version = || REMOVED.iter().filter(|row| row.api_version == api_version);
    of_version().find(|row| row.kinds.contains(&kind)).or_else(|| of_version().find(|row| row.kinds.contains(&"*")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_the_kind_comes_before_that_of_the_version() {
        let since = |api_version, kind| removed(api_version, kind).map(|row| row.since_minor);
        assert_eq!(since("extensions/v1beta1", "Deployment"), Some(16));
        assert_eq!(since("extensions/v1beta1", "Ingress"), Some(22));
        assert_eq!(since("extensions/v1beta1", "Scale"), Some(22));
        assert_eq!(since("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy"), Some(34));
        assert_eq!(since("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicy"), None);
        assert_eq!((since("apps/v1", "Deployment"), since("v1", "Pod")), (None, None));
    }

    #[test]
    fn each_type_stands_once() {
        let mut all: Vec<(&str, &str)> =
            REMOVED.iter().flat_map(|row| row.kinds.iter().map(|kind| (row.api_version, *kind))).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
