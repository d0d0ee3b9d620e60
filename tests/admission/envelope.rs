//! Points 1, 4, 5, 6, 7 and 9: what stands in an answer, and what is no question.

use super::*;

#[test]
fn point_01_versions_kind_and_uid_are_echoed() {
    for version in ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] {
        for (door, object) in [(Door::Validate(None), bad()), (Door::Mutate, pod())] {
            let mut asked = review("CREATE", &object, None);
            asked["apiVersion"] = version.into();
            asked["request"]["uid"] = "Ünique/~1\"".into();
            let policy = policy("mutate: [missing-startup-probe]\nmode: enforce\n");
            let answer = ask(door, &asked, &policy);
            let whole: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(whole["apiVersion"], version);
            assert_eq!(whole["response"]["uid"], asked["request"]["uid"]);
            assert_eq!(answer.record.head.uid, "Ünique/~1\"");
        }
    }
}

#[test]
fn point_01_a_validating_answer_has_no_patch_and_a_mutating_one_both_or_neither() {
    let policy = policy("mutate: [missing-startup-probe, aggressive-liveness-probe]\n");
    for object in [pod(), bad(), good()] {
        let asked = review("CREATE", &object, None);
        for mode in Mode::ALL {
            let response = validate(mode, &asked, &policy);
            assert!(response.get("patch").is_none() && response.get("patchType").is_none());
        }
        let response = mutate(&asked, &policy);
        let both = object["kind"] == "Pod";
        assert_eq!(response.get("patch").is_some(), both);
        assert_eq!(response.get("patchType").is_some(), both);
        assert_eq!(response["allowed"], true);
    }
}

/// A Deployment whose containers are named by `name` and all have faults.
fn many(count: usize, name: impl Fn(usize) -> String) -> Value {
    let mut object = good();
    let container = object["spec"]["template"]["spec"]["containers"][0].clone();
    let containers: Vec<Value> = (0..count)
        .map(|at| {
            let mut container = container.clone();
            container["name"] = name(at).into();
            container["image"] = "nginx".into();
            container["resources"] = json!({});
            container
        })
        .collect();
    object["spec"]["template"]["spec"]["containers"] = containers.into();
    object
}

#[test]
fn point_04_warnings_are_short_clean_few_and_the_worst_first() {
    let policy = policy("rules: {missing-memory-limit: {severity: error}}\n");
    let object = many(60, |at| format!("c{at}\n\u{7}\u{202e}{}", "漢".repeat(30)));
    let response = validate(Mode::Warn, &review("CREATE", &object, None), &policy);
    let warnings: Vec<&str> =
        response["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect();
    for warning in &warnings {
        assert!(warning.chars().count() <= 120, "{warning}");
        assert!(!warning.chars().any(char::is_control), "{warning:?}");
        assert!(!warning.contains('\u{202e}'));
    }
    assert!(warnings.iter().map(|warning| warning.len()).sum::<usize>() < 4096);
    let all = findings(&response).len();
    assert_eq!(all, 120, "each container has two faults");
    let told = warnings.len() - 1;
    assert_eq!(*warnings.last().unwrap(), format!("and {} more", all - told));
    assert!(warnings[..told].iter().all(|warning| warning.starts_with("[missing-memory-limit]")), "errors first");
}

#[test]
fn point_04_one_warning_names_rule_and_container() {
    let response = validate(Mode::Warn, &review("CREATE", &deployment("nginx", "[/server]"), None), &Policy::default());
    assert_eq!(response["warnings"].as_array().unwrap().len(), 1);
    let warning = response["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("[latest-image-tag] app: "), "{warning}");
}

#[test]
fn point_05_a_denial_names_rule_container_field_fix_and_the_way_around() {
    let response = validate(Mode::Enforce, &review("CREATE", &bad(), None), &Policy::default());
    assert_eq!(response["allowed"], false);
    let status = &response["status"];
    assert_eq!((&status["code"], &status["reason"]), (&json!(403), &json!("Forbidden")));
    let message = status["message"].as_str().unwrap();
    for part in [
        "[workload-exits] container app: ",
        "at: spec.template.spec.containers[0].command[0]",
        "fix: make it a Job",
        "kubectl label --overwrite namespace shop crashlint.dev/mode=warn",
    ] {
        assert!(message.contains(part), "`{part}` is not in\n{message}");
    }
    let causes = status["details"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0]["reason"], "workload-exits");
    assert_eq!(causes[0]["field"], "spec.template.spec.containers[0].command[0]");
    assert_eq!(status["details"]["kind"], "Deployment");
    assert_eq!(status["details"]["group"], "apps");
}

#[test]
fn point_05_audit_annotations_have_plain_keys_and_the_same_values_each_time() {
    let policy = policy("mutate: [missing-startup-probe]\n");
    for (door, object) in [(Door::Validate(Some(Mode::Enforce)), bad()), (Door::Mutate, pod())] {
        let asked = review("CREATE", &object, None);
        let first = ask(door, &asked, &policy);
        assert_eq!(first.body, ask(door, &asked, &policy).body);
        let response = response(&first);
        let annotations = response["auditAnnotations"].as_object().unwrap();
        assert!(!annotations.is_empty());
        for (key, value) in annotations {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            assert!((1..=63).contains(&key.len()) && key.chars().all(plain), "{key}");
            assert!(value.is_string(), "{value}");
        }
    }
}

#[test]
fn point_06_whatever_is_missing_there_is_an_answer() {
    let policy = policy("mutate: [missing-startup-probe]\nmode: enforce\n");
    for (operation, object, old) in [("CREATE", pod(), None), ("UPDATE", bad(), Some(good()))] {
        let whole = review(operation, &object, old.as_ref());
        let fields: Vec<String> = whole["request"].as_object().unwrap().keys().cloned().collect();
        for strange in [None, Some(json!(null)), Some(json!(5)), Some(json!([[]])), Some(json!({"a": []}))] {
            let mut reviews = vec![whole.clone()];
            reviews[0]["request"] = strange.clone().unwrap_or_default();
            for field in &fields {
                let mut review = whole.clone();
                let request = review["request"].as_object_mut().unwrap();
                match &strange {
                    None => _ = request.remove(field),
                    Some(value) => _ = request.insert(field.clone(), value.clone()),
                }
                reviews.push(review);
            }
            for part in ["spec", "metadata", "kind", "apiVersion"] {
                let mut review = whole.clone();
                review["request"]["object"][part] = strange.clone().unwrap_or_default();
                reviews.push(review);
            }
            for review in reviews {
                for door in [Door::Validate(None), Door::Mutate] {
                    let response = response(&ask(door, &review, &policy));
                    let uid = review["request"]["uid"].as_str().unwrap_or_default();
                    assert_eq!(response["uid"], uid);
                    assert!(response["allowed"].is_boolean());
                }
            }
        }
    }
}

#[test]
fn point_06_subresources_deletions_and_unknown_kinds_pass_unjudged() {
    let policy = policy("mode: enforce\nmutate: [missing-startup-probe]\n");
    let mut reviews = vec![
        review("DELETE", &Value::Null, Some(&bad())),
        review("CONNECT", &bad(), None),
        review("SHOUT", &bad(), None),
        review("CREATE", &json!({"apiVersion": "v1", "kind": "Riddle", "spec": {"containers": [{"name": "x"}]}}), None),
    ];
    for subresource in ["scale", "status", "ephemeralcontainers", "resize", "binding", "exec"] {
        for (operation, object) in [("UPDATE", bad()), ("CREATE", pod())] {
            let mut review = review(operation, &object, Some(&good()));
            review["request"]["subResource"] = subresource.into();
            reviews.push(review);
        }
    }
    for review in reviews {
        for door in [Door::Validate(None), Door::Mutate] {
            let response = response(&ask(door, &review, &policy));
            assert_eq!(response, json!({"uid": review["request"]["uid"], "allowed": true}));
        }
    }
}

#[test]
fn point_06_a_generated_name_is_still_empty_and_the_namespace_is_the_requests() {
    let mut object = bad();
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.remove("name");
    metadata.remove("namespace");
    metadata.insert("generateName".into(), "web-".into());
    let mut asked = review("CREATE", &object, None);
    asked["request"]["name"] = "".into();
    asked["request"]["namespace"] = "sandbox".into();
    let exempt = |key: &str, word: &str| policy(&format!("exemptions: [{{{key}: [{word}], reason: known}}]\n"));
    let allowed = |policy: &Policy| validate(Mode::Enforce, &asked, policy)["allowed"].clone();
    assert_eq!(allowed(&Policy::default()), false);
    assert_eq!(allowed(&exempt("namespaces", "sandbox")), true);
    assert_eq!(allowed(&exempt("namespaces", "shop")), false);
    assert_eq!(allowed(&exempt("names", "'web-*'")), true);
}

#[test]
fn point_07_a_dry_run_is_answered_as_the_real_thing() {
    let policy = policy("mode: enforce\nmutate: [missing-startup-probe]\n");
    for (door, object) in [(Door::Validate(None), bad()), (Door::Mutate, pod())] {
        let mut asked = review("CREATE", &object, None);
        let real = ask(door, &asked, &policy);
        asked["request"]["dryRun"] = true.into();
        let dry = ask(door, &asked, &policy);
        assert_eq!(real.body, dry.body);
        assert!(dry.record.head.dry_run && !real.record.head.dry_run);
    }
}

#[test]
fn point_09_what_is_no_review_is_refused_with_a_reason() {
    let inside = |object: &str| {
        format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u","object":{object}}}}}"#
        )
    };
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, why) in [
        (String::new(), "no JSON value"),
        ("null".into(), "no JSON value"),
        ("[]".into(), "no AdmissionReview"),
        ("{}".into(), "no AdmissionReview"),
        (inside("{}").replace("v1\"", "v2\""), "no AdmissionReview"),
        (inside(&deep), "nested deeper"),
        (inside(r#"{"a":1e999}"#), "as large as this"),
        (inside(&format!("{{\"a\":{}}}", "9".repeat(400))), "as large as this"),
        (inside(r#"{"a":1,"b":2,"a":3}"#), "second time"),
        (inside(r#"{"a":1,"\u0061":3}"#), "second time"),
        (inside("{}") + "{}", "follows"),
        (inside("{"), ""),
        (inside("{\"a\":01}"), ""),
        (inside("{'a':1}"), ""),
    ] {
        let error = refused(body.as_bytes()).to_string();
        assert!(error.contains(why), "{error}");
        assert!(error.len() < 300, "{error}");
    }
    let mut bytes = inside("\"xx\"").into_bytes();
    let at = bytes.windows(2).position(|pair| pair == b"xx").unwrap();
    bytes[at] = 0xFF;
    assert!(refused(&bytes).to_string().contains("UTF-8"));
}
