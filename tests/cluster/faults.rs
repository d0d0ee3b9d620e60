//! The webhook is gone, hangs, or talks nonsense: what the API server makes of it.

use super::{Place, RELEASE, VALUES, alone, doomed, eventually, get, kubectl, kubectl_with, pod, run, upgrade};
use serde_json::{Value, json};
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

/// A Pod that behaves in a way.
fn scripted(script: &str) -> Value {
    let mut stand_in = pod("instead");
    stand_in["spec"]["containers"][0]["command"] = json!(["sh", "-c", script]);
    stand_in
}

/// Points the Service at a Pod, while something is asked.
fn instead(mut stand_in: Value, ask: impl FnOnce()) {
    let labels = json!({"app": "instead"});
    stand_in["metadata"] = json!({"name": "instead", "namespace": RELEASE, "labels": labels});
    stand_in["spec"]["containers"][0]["ports"] = json!([{"name": "https", "containerPort": 8443}]);
    kubectl_with(&["create"], &stand_in).good();
    kubectl(&["--namespace", RELEASE, "wait", "--for=condition=Ready", "pod/instead", "--timeout=120s"]).good();
    let service = get(&["--namespace", RELEASE, "service", RELEASE]);
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
        let pods = get(&["--namespace", RELEASE, "pods", selector]);
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
        instead(scripted(script), || {
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

#[test]
fn point_26_a_webhook_that_is_slow_is_waited_for() {
    let _held = alone();
    let place = Place::with_mode("slow", "enforce");
    // A second Service to reach the real servers by, behind something that takes its time.
    let behind = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "behind", "namespace": RELEASE},
        "spec": {"selector": {"app.kubernetes.io/name": "crashlint"}, "ports": [{"port": 443, "targetPort": 8443}]}});
    kubectl_with(&["create"], &behind).good();
    let address = get(&["--namespace", RELEASE, "service", "behind"])["spec"]["clusterIP"].as_str().unwrap().to_owned();
    let script = format!("exec nc -ll -p 8443 -e sh -c 'sleep 1; exec nc {address} 443'");
    instead(scripted(&script), || {
        eventually("a slow webhook denies", || {
            let begin = Instant::now();
            let said = place.send(&["create", "--dry-run=server"], &doomed(pod("late")));
            let took = begin.elapsed();
            // A connection that was kept is not slow.
            (said.is_denied() && took.as_millis() >= 1000).then_some(took)
        });
        place.create(&pod("good")).good();
    });
    kubectl(&["--namespace", RELEASE, "delete", "service", "behind"]).good();
    denies(&place);
}

#[test]
fn point_15_a_certificate_of_a_stranger_is_not_believed() {
    let _held = alone();
    let place = Place::with_mode("stranger", "enforce");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    run(env!("CARGO_BIN_EXE_crashlint"), &["certs", "dev", path], None).good();
    let pair = [format!("--cert={path}/tls.crt"), format!("--key={path}/tls.key")];
    kubectl(&["--namespace", RELEASE, "create", "secret", "tls", "stranger", &pair[0], &pair[1]]).good();
    let mut stranger = pod("instead");
    stranger["spec"]["volumes"] = json!([{"name": "pair", "secret": {"secretName": "stranger"}}]);
    let container = &mut stranger["spec"]["containers"][0];
    container["image"] = super::image().map(|part| part.split_once('=').unwrap().1.to_owned()).join(":").into();
    container["command"].take();
    container["args"] = json!(["webhook", "--cert=/pair/tls.crt", "--key=/pair/tls.key"]);
    container["volumeMounts"] = json!([{"name": "pair", "mountPath": "/pair"}]);
    for policy in ["Ignore", "Fail"] {
        with_failure_policy(policy);
        denies(&place);
        instead(stranger.clone(), || {
            if policy == "Ignore" {
                eventually("nobody is asked", || {
                    place.send(&["create", "--dry-run=server"], &doomed(pod("past"))).ok.then_some(())
                });
            } else {
                let said = eventually("nothing is admitted", || {
                    let said = place.send(&["create", "--dry-run=server"], &pod("good"));
                    (!said.ok).then_some(said)
                });
                assert!(said.err.contains("certificate signed by unknown authority"), "{said:?}");
                place.label("off");
                place.send(&["create", "--dry-run=server"], &pod("good")).good();
                place.label("enforce");
            }
        });
    }
    with_failure_policy("Ignore");
    kubectl(&["--namespace", RELEASE, "delete", "secret", "stranger"]).good();
    denies(&place);
}
