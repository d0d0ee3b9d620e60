//! Objects around a pod template: names, selectors, restart policies.

use super::{Checker, is_label, is_placeholder, is_subdomain, present, text};
use crate::k8s::object::Object;
use crate::node::{Kind, Node};

impl<'t> Checker<'t> {
    /// ValidateObjectMeta: the name of kinds whose names are known to be subdomains or labels.
    pub(super) fn metadata(&mut self, object: &Object<'t>) {
        let root = object.root;
        let metadata = present(root, "metadata");
        let name = metadata.map_or("", |metadata| text(metadata, "name"));
        let generated = metadata.map_or("", |metadata| text(metadata, "generateName"));
        let typed =
            metadata.and_then(|metadata| present(metadata, "name")).is_none_or(|name| name.kind() == Kind::String);
        if name.is_empty() && generated.is_empty() {
            if typed && metadata.is_none_or(|metadata| metadata.kind() == Kind::Mapping) {
                self.say(root, &["metadata", "name"], format!("the {} has no name", object.kind)).help =
                    Some("add `metadata.name`".into());
            }
            return;
        }
        let Some(metadata) = metadata else { return };
        if name.is_empty() || is_placeholder(name) {
            return;
        }
        let label = matches!(object.kind, "Namespace" | "Service");
        let subdomain = matches!(
            object.kind,
            "Pod"
                | "Deployment"
                | "ReplicaSet"
                | "StatefulSet"
                | "DaemonSet"
                | "ReplicationController"
                | "Job"
                | "CronJob"
                | "ConfigMap"
                | "Secret"
                | "ServiceAccount"
                | "PersistentVolumeClaim"
                | "Ingress"
                | "PodTemplate"
        );
        if label && !is_label(name) {
            self.say(metadata, &["name"], format!("`{name}` can't be the name of a {}", object.kind)).help =
                Some("use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends".into());
        } else if subdomain && !is_subdomain(name) {
            self.say(metadata, &["name"], format!("`{name}` can't be the name of a {}", object.kind)).help =
                Some("use lower-case letters, digits, `-` and `.`, with a letter or digit at both ends".into());
        } else if object.kind == "CronJob" && name.len() > 52 {
            // pkg/apis/batch/validation/validation.go, ValidateCronJobCreate
            self.say(
                metadata,
                &["name"],
                format!("the name of a CronJob has at most 52 characters, this one {}", name.len()),
            );
        }
    }

    /// pkg/apis/apps/validation/validation.go and pkg/apis/batch/validation/validation.go.
    pub(super) fn workload(&mut self, object: &Object<'t>) {
        let Some(spec) = present(object.root, "spec").filter(|spec| spec.kind() == Kind::Mapping) else { return };
        match object.kind {
            // ValidateDeploymentSpec, ValidateReplicaSetSpec, ValidateStatefulSetSpec, ValidateDaemonSetSpec
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
                self.selector(object, spec);
                self.always(object, spec);
                for key in ["replicas", "minReadySeconds"] {
                    self.at_least(spec, key, 0);
                }
                self.strategy(object, spec);
            }
            // ValidateReplicationControllerSpec; its selector defaults to the template's labels.
            "ReplicationController" => self.always(object, spec),
            "Job" => self.job(spec),
            "CronJob" => {
                self.one_of(spec, "concurrencyPolicy", &["Allow", "Forbid", "Replace"]);
                match text(spec, "schedule") {
                    "" if present(spec, "schedule").is_none_or(|schedule| schedule.as_str() == Some("")) => {
                        self.say(spec, &["schedule"], "a CronJob needs a `schedule`");
                    }
                    schedule => self.schedule(spec, schedule),
                }
                if let Some(job) = present(spec, "jobTemplate").and_then(|template| present(template, "spec")) {
                    self.job(job);
                    if present(job, "selector").is_some() {
                        self.say(job, &["selector"], "the selector of a CronJob's jobs is generated").help =
                            Some("remove it".into());
                    }
                }
            }
            _ => {}
        }
        if matches!(
            object.kind,
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController"
        ) && present(spec, "template").is_none()
        {
            self.say(spec, &["template"], format!("the {} has no pod template", object.kind));
        }
    }

    /// ValidateDeploymentStrategy, ValidateStatefulSetSpec, ValidateDaemonSetUpdateStrategy
    fn strategy(&mut self, object: &Object<'t>, spec: Node<'t>) {
        let (field, other, types) = match object.kind {
            "Deployment" => ("strategy", "Recreate", &["RollingUpdate", "Recreate"]),
            "StatefulSet" | "DaemonSet" => ("updateStrategy", "OnDelete", &["RollingUpdate", "OnDelete"]),
            _ => return,
        };
        let Some(strategy) = present(spec, field).filter(|strategy| strategy.kind() == Kind::Mapping) else { return };
        self.one_of(strategy, "type", types);
        // A DaemonSet's is not looked at.
        if object.kind != "DaemonSet" && text(strategy, "type") == other && present(strategy, "rollingUpdate").is_some()
        {
            let message = format!("`rollingUpdate` can't stand beside `type: {other}`");
            self.say(strategy, &["rollingUpdate"], message).help = Some("remove one of them".into());
        }
    }

    /// validateScheduleFormat: robfig/cron's `ParseStandard` wants five fields, a time zone before them aside. A macro such as `@daily` is one word.
    fn schedule(&mut self, spec: Node<'t>, schedule: &str) {
        let fields =
            schedule.split_whitespace().filter(|field| !field.starts_with("TZ=") && !field.starts_with("CRON_TZ="));
        let count = fields.clone().count();
        let looks_like_one = fields
            .clone()
            .all(|field| field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*/,-?#".contains(&byte)));
        if count != 5 && count > 1 && looks_like_one {
            let message = format!(
                "a schedule has five fields, minute, hour, day of the month, month and day of the week; this one has {count}"
            );
            self.say(spec, &["schedule"], message);
        }
    }

    /// validateJobSpec
    fn job(&mut self, spec: Node<'t>) {
        for key in ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"] {
            self.at_least(spec, key, 0);
        }
        self.one_of(spec, "completionMode", &["NonIndexed", "Indexed"]);
    }

    /// validateJobSpec: the default, Always, is no choice here.
    pub(super) fn completes(&mut self, pod: Node<'t>) {
        let policy = present(pod, "restartPolicy");
        if policy.is_none_or(|policy| matches!(policy.as_str(), Some("" | "Always"))) {
            let message = match policy {
                None => "the pods of a job need a `restartPolicy`: the default, `Always`, is not allowed",
                Some(_) => "`restartPolicy` of a job's pods can't be `Always`",
            };
            self.say(pod, &["restartPolicy"], message).help =
                Some("write `Never`, or `OnFailure` to restart in place".into());
        }
    }

    /// ValidatePodTemplateSpecForReplicaSet and its like: `Always` alone.
    fn always(&mut self, object: &Object<'t>, spec: Node<'t>) {
        let Some(pod) = present(spec, "template").and_then(|template| present(template, "spec")) else { return };
        let policy = text(pod, "restartPolicy");
        if matches!(policy, "OnFailure" | "Never") {
            self.say(
                pod,
                &["restartPolicy"],
                format!("`restartPolicy` in a {} must be `Always`, not `{policy}`", object.kind),
            )
            .help = Some("remove it, or make it a Job where it is to run once".into());
        }
        if present(pod, "activeDeadlineSeconds").is_some() {
            self.say(
                pod,
                &["activeDeadlineSeconds"],
                format!("`activeDeadlineSeconds` can't be set in a {}", object.kind),
            );
        }
    }

    fn selector(&mut self, object: &Object<'t>, spec: Node<'t>) {
        let kind = object.kind;
        let Some(selector) = present(spec, "selector") else {
            self.say(spec, &["selector"], format!("the {kind} has no `selector`")).help =
                Some("add `selector.matchLabels` with labels of the pod template".into());
            return;
        };
        if selector.kind() != Kind::Mapping {
            return;
        }
        let labels = present(spec, "template")
            .and_then(|template| present(template, "metadata"))
            .and_then(|metadata| present(metadata, "labels"));
        let label = |key: &str| labels.and_then(|labels| present(labels, key)).and_then(Node::scalar);
        let matched: Vec<_> = present(selector, "matchLabels").into_iter().flat_map(Node::entries).collect();
        let expressions: Vec<_> = present(selector, "matchExpressions").into_iter().flat_map(Node::items).collect();
        if matched.is_empty() && expressions.is_empty() {
            if selector.entries().all(|(key, _)| matches!(key.scalar(), Some("matchLabels" | "matchExpressions"))) {
                self.say(spec, &["selector"], format!("the selector of a {kind} can't be empty"));
            }
            return;
        }
        for (key, value) in matched {
            let (Some(key), Some(value)) = (key.scalar(), value.scalar()) else { continue };
            if is_placeholder(value) || is_placeholder(key) || label(key).is_some_and(is_placeholder) {
                continue;
            }
            if label(key) != Some(value) {
                let is = match label(key) {
                    Some(other) => format!("the template's is `{other}`"),
                    None => "the template has no such label".to_owned(),
                };
                self.mismatch(spec, format!("the selector asks for the label `{key}: {value}`, but {is}"));
                return;
            }
        }
        for expression in expressions {
            let key = text(expression, "key");
            let values: Vec<&str> =
                present(expression, "values").into_iter().flat_map(Node::items).filter_map(Node::scalar).collect();
            let holds = match (text(expression, "operator"), label(key)) {
                ("In", value) => value.is_some_and(|value| values.contains(&value)),
                ("NotIn", value) => value.is_none_or(|value| !values.contains(&value)),
                ("Exists", value) => value.is_some(),
                ("DoesNotExist", value) => value.is_none(),
                _ => true,
            };
            let open = values.iter().copied().chain(label(key)).chain([key]).any(is_placeholder);
            if !holds && !open && !key.is_empty() {
                self.mismatch(
                    spec,
                    format!("the selector's expression on the label `{key}` does not match the template's labels"),
                );
                return;
            }
        }
    }

    fn mismatch(&mut self, spec: Node<'t>, message: String) {
        self.say(spec, &["template", "metadata", "labels"], message).help =
            Some("give `spec.template.metadata.labels` every label of `spec.selector`".into());
    }
}
