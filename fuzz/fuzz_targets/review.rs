//! Any bytes as a review, and any manifest as a review's object, through every door: no panic, and what is answered is an
//! AdmissionReview that the API server takes.
#![no_main]

use base64::Engine as _;
use crashlint::policy::{Mode, Policy};
use crashlint::read;
use crashlint::rules::RULES;
use crashlint::source::Source;
use crashlint::webhook::answer::{Door, Outcome, answer};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

const DOORS: [Door; 5] = [
    Door::Validate(None),
    Door::Validate(Some(Mode::Enforce)),
    Door::Validate(Some(Mode::Warn)),
    Door::Validate(Some(Mode::Audit)),
    Door::Mutate,
];

/// Every rule, and every safe fix.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let safe = RULES.iter().filter(|rule| rule.fix == Some(crashlint::finding::Safety::Safe));
    let names: Vec<&str> = safe.map(|rule| rule.name).collect();
    let text = format!("extends: strict\nmode: warn\nmutate: [{}]\n", names.join(", "));
    Policy::load(&Arc::new(Source::new("policy", text)), None).expect("a policy")
});

/// Whether the bytes are a review. All doors agree on that.
fn ask(bytes: &[u8]) -> bool {
    let reviews = DOORS.map(|door| {
        let mut uid = None;
        let result = answer(door, bytes, &POLICY, &mut |head| uid = Some(head.uid.clone()));
        let Ok(answer) = result else {
            assert_eq!(uid, None, "who asks was told of what is no review");
            return false;
        };
        let uid = uid.expect("who asks is known");
        let body: Value = serde_json::from_slice(&answer.body).expect("the answer is JSON");
        // Where serde reads the question as well, it reads the same uid.
        if let Ok(asked) = serde_json::from_slice::<Value>(bytes) {
            assert_eq!(body["apiVersion"], asked["apiVersion"]);
            assert_eq!(asked["request"]["uid"].as_str().unwrap_or_default(), uid);
            check_patch(door, &asked["request"], &body["response"]);
        }
        check(door, &uid, &body, answer.record.outcome);
        true
    });
    assert!(reviews.iter().all(|review| *review == reviews[0]));
    reviews[0]
}

fn check(door: Door, uid: &str, body: &Value, outcome: Outcome) {
    let response = &body["response"];
    assert_eq!(body["kind"], "AdmissionReview");
    assert_eq!(response["uid"], uid);
    let allowed = response["allowed"].as_bool().expect("a decision");
    let warnings = response["warnings"].as_array().map_or(&[][..], Vec::as_slice);
    let warnings: Vec<&str> = warnings.iter().map(|warning| warning.as_str().expect("a text")).collect();
    assert!(
        warnings.iter().all(|text| text.chars().count() <= 120 && !text.chars().any(char::is_control)),
        "{warnings:?}"
    );
    assert!(warnings.iter().map(|text| text.len()).sum::<usize>() <= 4096);
    for (key, value) in response["auditAnnotations"].as_object().into_iter().flatten() {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        assert!((1..=63).contains(&key.len()) && key.chars().all(plain) && value.is_string(), "{key}");
    }
    if let Some(findings) = response["auditAnnotations"]["findings"].as_str() {
        assert!(serde_json::from_str::<Value>(findings).is_ok_and(|findings| findings.is_array()));
    }
    match door {
        Door::Validate(mode) => {
            assert!(response.get("patch").is_none() && response.get("patchType").is_none());
            let mode = mode.unwrap_or(POLICY.mode);
            assert!(allowed || mode == Mode::Enforce);
            assert!(warnings.is_empty() || mode != Mode::Audit);
            assert_eq!(allowed, outcome == Outcome::Allowed);
        }
        Door::Mutate => assert!(allowed && matches!(outcome, Outcome::Allowed | Outcome::Patched)),
    }
    if !allowed {
        assert_eq!((&response["status"]["code"], &response["status"]["reason"]), (&json!(403), &json!("Forbidden")));
        assert!(response["status"]["message"].as_str().is_some_and(|message| !message.is_empty()));
        assert!(response["status"]["details"]["causes"].as_array().is_some_and(|causes| !causes.is_empty()));
    }
}

fn check_patch(door: Door, request: &Value, response: &Value) {
    assert_eq!(response.get("patch").is_some(), response.get("patchType").is_some());
    let Some(patch) = response["patch"].as_str() else { return };
    assert_eq!((door, &response["patchType"]), (Door::Mutate, &json!("JSONPatch")));
    assert!(request["operation"] == "CREATE" && request["object"]["kind"] == "Pod");
    let patch = base64::engine::general_purpose::STANDARD.decode(patch).expect("base64");
    let patch: json_patch::Patch = serde_json::from_slice(&patch).expect("a JSON Patch");
    assert!(!patch.is_empty());
    json_patch::patch(&mut request["object"].clone(), &patch).expect("a patch that applies");
}

fuzz_target!(|bytes: &[u8]| {
    if ask(bytes) {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let mut old = Value::Null;
    // Each document is created, and then changed into the next one.
    for document in read::documents(&text).flatten().filter(|document| document.tree.len() < 10_000).take(4) {
        let object = document.tree.root().to_json();
        for operation in ["CREATE", "UPDATE"] {
            let old = if operation == "CREATE" { &Value::Null } else { &old };
            let request =
                json!({"uid": "u", "operation": operation, "namespace": "shop", "object": object, "oldObject": old});
            let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
            ask(review.to_string().as_bytes());
        }
        old = object;
    }
});
