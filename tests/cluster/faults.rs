//! The webhook is gone, hangs, or talks nonsense: what the API server makes of it.

use super::{Place, RELEASE, VALUES, alone, doomed, eventually, kubectl, kubectl_with, pod, upgrade};
use serde_json::json;
use std::time::Instant;

fn scale(replicas: &str) {
    let replicas = format!("--replicas={replicas}");
    kubectl(&["--namespace", RELEASE, "scale", "deployment", RELEASE, &replicas]).good();
}

/// No server is left, nor any that ends.
fn stop() {
    scale("0");
    let selector = "--selector=app.kubernetes.io/name=crashlint";
    kubectl(&["--namespace", RELEASE, "wait", "--for=delete", "pod", selector, "--timeout=120s"]).good();
}

/// Waits until a doomed Pod is denied again, so that the servers are asked.
#[track_caller]
fn denies(place: &Place) {
    eventually("the webhook is asked again", || {
        place.send(&["create", "--dry-run=server"], &doomed(pod("again"))).is_denied().then_some(())
    });
}

fn with_failure_policy(policy: &str) {
    let policy = format!("webhook.failurePolicy={policy}");
    let mut values = VALUES.to_vec();
    values.push(&policy);
    upgrade(RELEASE, &values);
}

#[test]
fn point_23_under_ignore_nothing_waits_for_a_webhook_that_is_gone() {
    let _held = alone();
    let place = Place::with_mode("gone", "enforce");
    denies(&place);
    stop();
    eventually("nobody is asked", || {
        place.send(&["create", "--dry-run=server"], &doomed(pod("gone"))).ok.then_some(())
    });
    place.create(&pod("good")).good();
    scale("2");
    denies(&place);
}

#[test]
fn point_23_under_fail_all_stop_and_all_start_recovers_unaided() {
    let _held = alone();
    let place = Place::with_mode("closed", "enforce");
    with_failure_policy("Fail");
    denies(&place);
    stop();
    let said = eventually("nothing is admitted", || {
        let said = place.create(&pod("refused"));
        (!said.ok).then_some(said)
    });
    assert!(said.err.contains("failed calling webhook \"enforce.crashlint.dev\""), "{said:?}");
    // Break-glass is the API server's own.
    place.label("off");
    place.create(&pod("through")).good();
    place.label("enforce");
    // What the cluster and the webhook itself need is never asked about.
    let mut system = pod("system");
    system["metadata"]["namespace"] = "kube-system".into();
    kubectl_with(&["create", "--dry-run=server"], &system).good();
    scale("2");
    denies(&place);
    place.create(&pod("good")).good();
    with_failure_policy("Ignore");
}

/// Points the Service at Pods that behave in a way, while something is asked.
fn instead(script: &str, ask: impl FnOnce()) {
    let labels = json!({"app": "instead"});
    let mut stand_in = pod("instead");
    stand_in["metadata"] = json!({"name": "instead", "namespace": RELEASE, "labels": labels});
    stand_in["spec"]["containers"][0]["command"] = json!(["sh", "-c", script]);
    stand_in["spec"]["containers"][0]["ports"] = json!([{"name": "https", "containerPort": 8443}]);
    kubectl_with(&["create"], &stand_in).good();
    kubectl(&["--namespace", RELEASE, "wait", "--for=condition=Ready", "pod/instead", "--timeout=120s"]).good();
    let service = super::get(&["--namespace", RELEASE, "service", RELEASE]);
    let select = |selector: &serde_json::Value| {
        let patch = json!([{"op": "replace", "path": "/spec/selector", "value": selector}]).to_string();
        kubectl(&["--namespace", RELEASE, "patch", "service", RELEASE, "--type=json", "-p", &patch]).good();
    };
    select(&labels);
    // Connections to the servers that the Service had before are kept alive; their Pods are what ends them.
    kubectl(&["--namespace", RELEASE, "rollout", "restart", &format!("deployment/{RELEASE}")]).good();
    kubectl(&["--namespace", RELEASE, "rollout", "status", &format!("deployment/{RELEASE}"), "--timeout=180s"]).good();
    let selector = "--selector=app.kubernetes.io/name=crashlint";
    eventually("the servers before have ended", || {
        let pods = super::get(&["--namespace", RELEASE, "pods", selector]);
        let pods = pods["items"].as_array().unwrap().clone();
        pods.iter().all(|pod| pod["metadata"]["deletionTimestamp"].is_null()).then_some(())
    });
    ask();
    select(&service["spec"]["selector"]);
    kubectl(&["--namespace", RELEASE, "delete", "pod", "instead", "--now"]).good();
}

#[test]
fn point_26_a_webhook_that_hangs_or_babbles_stops_nobody() {
    let _held = alone();
    let place = Place::with_mode("nonsense", "enforce");
    for (what, script) in [
        ("hangs", "exec nc -ll -p 8443 -e sleep 1000"),
        ("babbles", "exec nc -ll -p 8443 -e echo nonsense"),
        ("hangs up", "exec nc -ll -p 8443 -e true"),
    ] {
        denies(&place);
        instead(script, || {
            eventually(what, || place.send(&["create", "--dry-run=server"], &doomed(pod("past"))).ok.then_some(()));
            let begin = Instant::now();
            place.create(&pod(&what.replace(' ', "-"))).good();
            eprintln!("a webhook that {what}: a Pod is admitted after {:?}", begin.elapsed());
            place.label("off");
            place.create(&doomed(pod(&format!("off-{}", what.replace(' ', "-"))))).good();
            place.label("enforce");
        });
    }
    denies(&place);
}
