//! Which kinds carry pods, and where.

use std::borrow::Cow;

/// Who restarts the containers of a kind, when they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// A controller whose pods always restart: an exit is a loop.
    Always,
    /// A Pod of its own: as its restartPolicy says.
    Pod,
    /// To completion: an exit is the purpose.
    ToCompletion,
    /// Something else uses the template: nobody knows.
    Unknown,
}

/// A kind that carries pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group; empty for the core group. Any version matches.
    pub group: Cow<'static, str>,
    /// `Deployment`
    pub kind: Cow<'static, str>,
    /// `deployments`, as webhook registrations name it.
    pub plural: Cow<'static, str>,
    /// Route to the pod template, or to the pod spec itself; `[]` for each item of a list.
    pub route: Cow<'static, str>,
    /// Who restarts.
    pub runs: Runs,
}

const fn row(group: &'static str, kind: &'static str, plural: &'static str, route: &'static str, runs: Runs) -> Kind {
    Kind {
        group: Cow::Borrowed(group),
        kind: Cow::Borrowed(kind),
        plural: Cow::Borrowed(plural),
        route: Cow::Borrowed(route),
        runs,
    }
}

/// Kinds that are known without being told. Sources: `k8s.io/api` (core/v1, apps/v1, batch/v1) and
/// the projects' own CRDs.
pub static KINDS: &[Kind] = &[
    row("", "Pod", "pods", "", Runs::Pod),
    row("", "PodTemplate", "podtemplates", "template", Runs::Unknown),
    row("", "ReplicationController", "replicationcontrollers", "spec.template", Runs::Always),
    row("apps", "Deployment", "deployments", "spec.template", Runs::Always),
    row("apps", "ReplicaSet", "replicasets", "spec.template", Runs::Always),
    row("apps", "StatefulSet", "statefulsets", "spec.template", Runs::Always),
    row("apps", "DaemonSet", "daemonsets", "spec.template", Runs::Always),
    row("extensions", "Deployment", "deployments", "spec.template", Runs::Always),
    row("extensions", "ReplicaSet", "replicasets", "spec.template", Runs::Always),
    row("extensions", "DaemonSet", "daemonsets", "spec.template", Runs::Always),
    row("batch", "Job", "jobs", "spec.template", Runs::ToCompletion),
    row("batch", "CronJob", "cronjobs", "spec.jobTemplate.spec.template", Runs::ToCompletion),
    row("", "DeploymentConfig", "deploymentconfigs", "spec.template", Runs::Always),
    row("apps.openshift.io", "DeploymentConfig", "deploymentconfigs", "spec.template", Runs::Always),
    row("argoproj.io", "Rollout", "rollouts", "spec.template", Runs::Always),
    row("serving.knative.dev", "Service", "services", "spec.template", Runs::Always),
    row("serving.knative.dev", "Configuration", "configurations", "spec.template", Runs::Always),
    row("apps.kruise.io", "CloneSet", "clonesets", "spec.template", Runs::Always),
    row("apps.kruise.io", "StatefulSet", "statefulsets", "spec.template", Runs::Always),
    row("apps.kruise.io", "DaemonSet", "daemonsets", "spec.template", Runs::Always),
    row("apps.kruise.io", "BroadcastJob", "broadcastjobs", "spec.template", Runs::ToCompletion),
    row("keda.sh", "ScaledJob", "scaledjobs", "spec.jobTargetRef.template", Runs::ToCompletion),
    row("jobset.x-k8s.io", "JobSet", "jobsets", "spec.replicatedJobs[].template.spec.template", Runs::ToCompletion),
    row(
        "leaderworkerset.x-k8s.io",
        "LeaderWorkerSet",
        "leaderworkersets",
        "spec.leaderWorkerTemplate.leaderTemplate",
        Runs::Always,
    ),
    row(
        "leaderworkerset.x-k8s.io",
        "LeaderWorkerSet",
        "leaderworkersets",
        "spec.leaderWorkerTemplate.workerTemplate",
        Runs::Always,
    ),
];

/// The group of an apiVersion: `apps` of `apps/v1`, empty for `v1`.
#[must_use]
pub fn group(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}
