//! What the webhook answers, by the numbered points of its design: each test names the points that
//! it proves. What carries the answers is proven in `webhook`.

pub(crate) mod doors;
mod enforcing;
mod envelope;
mod hostile;
mod mutating;
mod secrets;

use crashlint::policy::{Mode, Policy};
use crashlint::source::Source;
use crashlint::webhook::answer::{Answer, Door, NoReview, answer};
use serde_json::{Value, json};
use std::sync::Arc;

/// A policy by its text.
pub(crate) fn policy(text: &str) -> Policy {
    Policy::load(&Arc::new(Source::new("policy.yaml", text.to_owned())), None).unwrap()
}

/// An object by its YAML.
pub(crate) fn yaml(text: &str) -> Value {
    crashlint::yaml::documents(text).next().unwrap().unwrap().tree.root().to_json()
}

/// What an API server asks; `change` as in `CREATE`.
pub(crate) fn review(operation: &str, object: &Value, old: Option<&Value>) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let shown = if object.is_null() { old.unwrap() } else { object };
    let api_version = text(&shown["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "0e1b3a6c-5f7e-4a54-9d2e-6d7d9f9d2d11",
            "kind": {"group": group, "version": version, "kind": shown["kind"]},
            "resource": {"group": group, "version": version, "resource": "things"},
            "name": shown["metadata"]["name"],
            "namespace": shown["metadata"]["namespace"].as_str().unwrap_or("shop"),
            "operation": operation,
            "userInfo": {"username": "somebody"},
            "object": object,
            "oldObject": old.cloned().unwrap_or(Value::Null),
            "dryRun": false,
            "options": null,
        },
    })
}

/// The whole answer to a review.
pub(crate) fn ask(door: Door, review: &Value, policy: &Policy) -> Answer {
    let body = review.to_string().into_bytes();
    answer(door, &body, policy, &mut |_| {}).unwrap()
}

/// The `response` of an answer.
pub(crate) fn response(answer: &Answer) -> Value {
    let review: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(review["kind"], "AdmissionReview");
    assert!(review.get("request").is_none());
    review["response"].clone()
}

/// The `response` of `/validate/MODE`.
pub(crate) fn validate(mode: Mode, review: &Value, policy: &Policy) -> Value {
    response(&ask(Door::Validate(Some(mode)), review, policy))
}

/// The `response` of `/mutate`.
pub(crate) fn mutate(review: &Value, policy: &Policy) -> Value {
    response(&ask(Door::Mutate, review, policy))
}

/// Why bytes are no review.
pub(crate) fn refused(body: &[u8]) -> NoReview {
    answer(Door::Validate(None), body, &Policy::default(), &mut |_| {}).unwrap_err()
}

/// The audit annotation `findings`.
pub(crate) fn findings(response: &Value) -> Vec<Value> {
    let text = response["auditAnnotations"]["findings"].as_str().unwrap_or("[]");
    serde_json::from_str(text).unwrap()
}

/// Rules of the audit annotation with their actions.
pub(crate) fn actions(response: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings(response).iter().map(|finding| (text(&finding["rule"]), text(&finding["action"]))).collect()
}

/// A Deployment with one fault of each severity: a command that ends (E), no memory limit and no
/// startupProbe (W), `command` aside as given.
pub(crate) fn deployment(image: &str, command: &str) -> Value {
    yaml(&format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, generation: 1}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
        - name: app
          image: {image}
          command: {command}
          resources: {{limits: {{memory: 128Mi}}, requests: {{memory: 64Mi}}}}
"
    ))
}

/// A Deployment without any fault.
pub(crate) fn good() -> Value {
    deployment("registry.example/web:1.2", "[/server]")
}

/// A Deployment that can not run.
pub(crate) fn bad() -> Value {
    deployment("registry.example/web:1.2", "[echo, hello]")
}

/// A Pod that a slow start kills, and a single slow answer.
pub(crate) fn pod() -> Value {
    yaml(
        "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
    - name: app
      image: registry.example/web:1.2
      command: [/server]
      livenessProbe:
        httpGet: {path: /healthz, port: 8080, scheme: HTTP}
        periodSeconds: 5
        failureThreshold: 1
        successThreshold: 1
        timeoutSeconds: 1
      resources: {limits: {memory: 128Mi}, requests: {memory: 64Mi}}
",
    )
}
