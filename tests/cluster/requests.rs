//! Every way to write an object that carries pods, and every kind of such an object.

use super::{FAULT, Place, Said, deployment, doomed, pod, shared, workload};
use serde_json::{Value, json};

/// A kind of somebody else's, with a pod template in it.
pub(super) fn custom_kind() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "rollouts.argoproj.io"},
        "spec": {"group": "argoproj.io", "scope": "Namespaced",
            "names": {"kind": "Rollout", "plural": "rollouts", "singular": "rollout"},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

/// One of each kind.
fn kinds() -> Vec<Value> {
    let mut job = workload("Job", "batch/v1", "job");
    job["spec"]["selector"].take();
    job["spec"]["suspend"] = true.into();
    job["spec"]["template"]["spec"]["restartPolicy"] = "Never".into();
    let cron_spec = json!({"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": job["spec"]["template"]}}});
    let mut all = vec![
        pod("pod"),
        workload("Deployment", "apps/v1", "deployment"),
        workload("StatefulSet", "apps/v1", "statefulset"),
        workload("DaemonSet", "apps/v1", "daemonset"),
        workload("ReplicaSet", "apps/v1", "replicaset"),
        job,
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "cronjob"}, "spec": cron_spec}),
        workload("Rollout", "argoproj.io/v1alpha1", "rollout"),
    ];
    let template = all[1]["spec"]["template"].clone();
    all.push(
        json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "template"}, "template": template}),
    );
    all.push(json!({"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "controller"},
        "spec": {"replicas": 0, "selector": {"app": "deployment"}, "template": template}}));
    all
}

#[track_caller]
fn denied(said: &Said) {
    assert!(said.is_denied(), "{said:?}");
}

/// Let through, and nothing said.
#[track_caller]
fn silent(said: Said) -> Said {
    let said = said.good();
    assert!(said.warnings().is_empty(), "{said:?}");
    said
}

#[test]
fn point_23_every_kind_is_looked_at() {
    let _held = shared();
    let place = Place::with_mode("kinds", "enforce");
    for object in kinds() {
        silent(place.send(&["create", "--dry-run=server"], &object));
        let said = place.send(&["create", "--dry-run=server"], &doomed(object.clone()));
        denied(&said);
        assert!(said.err.contains(FAULT), "{}: {}", object["kind"], said.err);
    }
}

#[test]
fn point_5_a_denial_says_what_where_and_how_to_go_on() {
    let _held = shared();
    let place = Place::with_mode("denial", "enforce");
    let said = place.create(&doomed(deployment("web", 1)));
    denied(&said);
    for part in [
        "Forbidden",
        "enforce.crashlint.dev",
        "[command-single-string] container main: ",
        "at: spec.template.spec.containers[0].command",
        "fix: ",
        "kubectl label --overwrite namespace denial crashlint.dev/mode=warn",
    ] {
        assert!(said.err.contains(part), "{part} is not in: {}", said.err);
    }
}

#[test]
fn point_28_every_way_to_write_is_looked_at() {
    let _held = shared();
    let place = Place::with_mode("verbs", "enforce");
    let (good, bad) = (deployment("web", 1), doomed(deployment("web", 1)));
    denied(&place.create(&bad));
    denied(&place.send(&["create", "--dry-run=server"], &bad));
    denied(&place.send(&["apply"], &bad));
    denied(&place.send(&["apply", "--server-side"], &bad));
    let mut named_later = doomed(pod("x"));
    named_later["metadata"] = json!({"generateName": "web-"});
    denied(&place.create(&named_later));

    silent(place.create(&good));
    // An update that brings the fault, in every form.
    denied(&place.send(&["replace"], &bad));
    denied(&place.send(&["apply", "--server-side", "--force-conflicts"], &bad));
    let template = json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "command": ["sleep 1"]}]}}}});
    denied(&place.kubectl(&["patch", "deployment", "web", "--type=strategic", "-p", &template.to_string()]));
    let operations =
        json!([{"op": "replace", "path": "/spec/template/spec/containers/0/command", "value": ["sleep 1"]}]);
    denied(&place.kubectl(&["patch", "deployment", "web", "--type=json", "-p", &operations.to_string()]));
    silent(place.send(&["apply", "--server-side", "--force-conflicts"], &good));
    silent(place.kubectl(&["set", "env", "deployment/web", "A=b"]));

    // What is no change of the spec, or of another resource.
    silent(place.kubectl(&["scale", "deployment", "web", "--replicas=2"]));
    silent(place.kubectl(&["label", "deployment", "web", "a=b"]));
    silent(place.kubectl(&["rollout", "restart", "deployment/web"]));
    silent(place.kubectl(&["rollout", "status", "deployment/web", "--timeout=120s"]));
    let pods = place.get(&["pods", "--selector=app=web", "--field-selector=status.phase=Running"]);
    let name = pods["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    silent(place.kubectl(&["debug", &name, "--image=busybox:1.35", "--target=main", "--quiet", "--", "sleep 5"]));
    silent(place.kubectl(&["delete", "deployment", "web", "--wait=false"]));
}

#[test]
fn point_6_a_generated_name_is_no_obstacle() {
    let _held = shared();
    let place = Place::with_mode("generated", "enforce");
    let mut object = pod("x");
    object["metadata"] = json!({"generateName": "web-"});
    assert!(silent(place.create(&object)).out.starts_with("pod/web-"));
}
