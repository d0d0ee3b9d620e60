//! Points 11 to 13: objects that were made to cost time, memory or secrets. Each is answered, or ends
//! with its allowance; and no answer grows with what was sent.

use super::*;
use crashlint::budget::Spent;
use crashlint::webhook::answer::answer_within;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A tenth of what the webhook allows, so that a debug build gets through.
const STEPS: u64 = 10_000_000;
/// Bytes that no answer needs.
const MAX_ANSWER: usize = 1 << 20;

/// Asks both doors; says whether the allowance was enough.
fn bounded(object: &Value) -> bool {
    let policy = policy("extends: strict\nhonourAnnotations: true\nmutate: [missing-startup-probe]\n");
    let mut enough = true;
    for door in [Door::Validate(Some(Mode::Enforce)), Door::Mutate] {
        let review = review("CREATE", object, None);
        let body = review.to_string().into_bytes();
        match catch_unwind(AssertUnwindSafe(|| answer_within(STEPS, door, &body, &policy, &mut |_| {}).unwrap())) {
            Ok(answer) => assert!(answer.body.len() < MAX_ANSWER, "an answer of {} bytes", answer.body.len()),
            Err(payload) => {
                assert!(payload.is::<Spent>());
                enough = false;
            }
        }
    }
    enough
}

/// [`pod`] with one thing changed in its container.
fn with(field: &str, value: Value) -> Value {
    let mut pod = pod();
    pod["spec"]["containers"][0][field] = value;
    pod
}

#[test]
fn functions_that_call_each_other_twice() {
    let mut script = String::from("f0(){ echo; }\n");
    for level in 1..60 {
        script += &format!("f{level}(){{ f{0};f{0}; }}\n", level - 1);
    }
    assert!(bounded(&with("command", json!(["sh", "-c", script + "f59"]))));
}

#[test]
fn references_that_are_never_closed_and_values_without_end() {
    assert!(bounded(&with("command", json!(["/x", "$(".repeat(500_000)]))));
    let mut pod = with("command", json!(vec!["$(A)$(A)$(A)$(A)"; 2000]));
    pod["spec"]["containers"][0]["env"] = json!([{"name": "A", "value": "x".repeat(100_000)}]);
    assert!(bounded(&pod));
}

#[test]
fn many_scripts() {
    let mut pod = pod();
    let script = "if true; then echo a | cat; fi\n".repeat(2000);
    let containers: Vec<Value> =
        (0..40).map(|at| json!({"name": format!("c{at}"), "image": "a:1", "command": ["sh", "-c", script]})).collect();
    pod["spec"]["containers"] = containers.into();
    assert!(!bounded(&pod), "the allowance is for all of them together");
}

#[test]
fn misfits_beyond_counting_in_a_container_with_a_name_beyond_reading() {
    let mut rollout = good();
    rollout["apiVersion"] = "argoproj.io/v1alpha1".into();
    rollout["kind"] = "Rollout".into();
    let container = &mut rollout["spec"]["template"]["spec"]["containers"][0];
    container["name"] = "x".repeat(100_000).into();
    container["ports"] = (0..3000).map(|at| json!({"containerPort": -at, "name": "${X}"})).collect();
    assert!(bounded(&rollout));
    rollout["spec"]["template"]["spec"]["containers"][0]["image"] = "Ü".repeat(300_000).into();
    assert!(bounded(&rollout));
    let ports: Vec<Value> = (0..3000).map(|_| json!({"containerPort": "${PORT}"})).collect();
    rollout["spec"]["template"]["spec"]["containers"][0]["ports"] = ports.into();
    assert!(bounded(&rollout));
}

#[test]
fn unknown_fields_beyond_counting() {
    let mut object = good();
    for at in 0..5000 {
        object["spec"]["template"]["spec"][format!("field{at}")] = at.into();
    }
    object["spec"]["y".repeat(200_000)] = 1.into();
    assert!(bounded(&object));
}

#[test]
fn volumes_beyond_counting_before_a_patch() {
    let mut pod = pod();
    pod["spec"]["volumes"] = (0..20_000).map(|_| json!({"name": "same", "emptyDir": {}})).collect();
    bounded(&pod);
}

#[test]
fn walks_within_walks_end_with_the_allowance() {
    let mut pod = pod();
    let container = pod["spec"]["containers"][0].clone();
    pod["metadata"]["ownerReferences"] = vec![json!({"kind": "X"}); 100_000].into();
    pod["spec"]["containers"] = vec![container; 900].into();
    assert!(!bounded(&pod));
}

#[test]
fn names_to_ignore_beyond_counting() {
    let mut pod = pod();
    let names: Vec<String> = (0..20_000).map(|at| format!("rule-{at}")).collect();
    pod["metadata"]["annotations"] = json!({"crashlint.dev/ignore": names.join(",")});
    assert!(bounded(&pod));
}

#[test]
fn point_03_what_no_api_server_would_store_is_not_patched() {
    let pod = with("args", json!(vec!["x".repeat(1000); 2000]));
    let policy = policy("mutate: [missing-startup-probe]\n");
    assert!(mutate(&review("CREATE", &pod, None), &policy).get("patch").is_none());
}
