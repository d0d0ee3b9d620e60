//! The same findings at both doors.

use super::*;
use crate::fixtures::{lint, text};
use crashlint::k8s::object::Object;
use crashlint::rules::{self, Scope};
use std::collections::BTreeSet;

/// Everything is looked for, and annotations hold as they do offline.
pub(crate) const POLICY: &str = "extends: strict\nhonourAnnotations: true\n";

/// What the two doors are compared by.
type Key = (String, String, String, Option<String>);

fn key(finding: &Value) -> Key {
    let text = |key: &str| finding[key].as_str().unwrap().to_owned();
    (text("rule"), text("severity"), text("path"), finding["container"].as_str().map(str::to_owned))
}

/// What the linter says of one object, by rules that need no other.
fn offline(object: &Value, policy: &Policy) -> BTreeSet<Key> {
    let report = lint(&[text("-", object.to_string())], policy);
    let mut json = Vec::new();
    crashlint::report::json::render(&report, false, &mut json).unwrap();
    let report: Value = serde_json::from_slice(&json).unwrap();
    let at_both = |finding: &&Value| {
        let rule = rules::find(finding["rule"].as_str().unwrap()).unwrap();
        matches!(rule.scope, Scope::Pod | Scope::PodAndSet) && rule.name != "rejected-by-api-server"
    };
    report["findings"].as_array().unwrap().iter().filter(at_both).map(key).collect()
}

/// Every object of fixtures and corpus, by itself.
pub(crate) fn objects() -> Vec<Value> {
    let mut objects = Vec::new();
    for (_, text) in crate::invariants::texts() {
        for document in crashlint::read::documents(&text).filter_map(Result::ok) {
            for object in Object::all(document.tree.root()) {
                let mut value = object.root.to_json();
                // An item of a typed list may leave its type to the list; a request never does.
                value["apiVersion"] = object.api_version.into();
                value["kind"] = object.kind.into();
                objects.push(value);
            }
        }
    }
    objects
}

/// Compares the doors over all objects; `through` is the webhook's.
pub(crate) fn compare(through: &mut dyn FnMut(&Value) -> Value) {
    let policy = policy(POLICY);
    let objects = objects();
    let mut compared = 0;
    let mut wrong = Vec::new();
    for object in &objects {
        let response = through(&review("CREATE", object, None));
        let mut online: Vec<Value> = findings(&response);
        online.retain(|finding| finding["rule"] != "rejected-by-api-server");
        let online: BTreeSet<Key> = online.iter().map(key).collect();
        let offline = offline(object, &policy);
        compared += offline.len();
        if online != offline {
            let only: Vec<_> = online.symmetric_difference(&offline).collect();
            wrong.push(format!("{} {}: {only:?}", object["kind"], object["metadata"]["name"]));
        }
    }
    assert!(wrong.is_empty(), "{} objects differ:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert!(objects.len() > 300 && compared > 300, "{compared} findings of {} objects", objects.len());
}

#[test]
fn both_doors_find_the_same() {
    let policy = policy(POLICY);
    compare(&mut |review| validate(Mode::Audit, review, &policy));
}
