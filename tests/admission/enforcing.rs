//! Points 25 to 28 and 30: who can be refused at all, and for what.

use super::*;
use crashlint::rules::{RULES, Release, Rule};

fn allowed(response: &Value) -> bool {
    response["allowed"].as_bool().unwrap()
}

fn warned(response: &Value) -> bool {
    response.get("warnings").is_some()
}

/// Whether enforcing lets an update through.
fn updates(old: &Value, new: &Value) -> bool {
    allowed(&validate(Mode::Enforce, &review("UPDATE", new, Some(old)), &Policy::default()))
}

#[test]
fn point_25_exemptions_are_the_administrators_and_annotations_count_only_where_the_policy_says_so() {
    let mut object = bad();
    object["metadata"]["annotations"] = json!({"crashlint.dev/ignore": "workload-exits"});
    let asked = review("CREATE", &object, None);
    let ask = |text: &str| allowed(&validate(Mode::Enforce, &asked, &policy(text)));
    assert!(!ask("{}"));
    assert!(!ask("honourAnnotations: false"));
    assert!(ask("honourAnnotations: true"));
    let exemption = |last: &str| format!("exemptions: [{{rules: [workload-exits], reason: known, expires: {last}}}]");
    assert!(ask(&exemption("2999-12-31")));
    assert!(!ask(&exemption("2020-12-31")));
    assert!(!ask("exemptions: [{files: ['**'], reason: files are not seen here}]"));
}

#[test]
fn point_26_the_mode_caps_what_is_done() {
    let asked = review("CREATE", &bad(), None);
    let at = |mode: Mode| validate(mode, &asked, &Policy::default());
    let enforced = at(Mode::Enforce);
    assert!(!allowed(&enforced) && !warned(&enforced));
    let warn = at(Mode::Warn);
    assert!(allowed(&warn) && warned(&warn));
    let audit = at(Mode::Audit);
    assert!(allowed(&audit) && !warned(&audit));
    for (response, action) in [(enforced, "deny"), (warn, "warn"), (audit, "audit")] {
        assert_eq!(actions(&response), [("workload-exits".to_owned(), action.to_owned())]);
    }
}

#[test]
fn point_26_plain_validate_takes_the_policys_mode_and_warns_where_it_names_none() {
    let asked = review("CREATE", &bad(), None);
    for (text, mode) in
        [("{}", Mode::Warn), ("mode: enforce", Mode::Enforce), ("mode: warn", Mode::Warn), ("mode: audit", Mode::Audit)]
    {
        let plain = response(&ask(Door::Validate(None), &asked, &policy(text)));
        assert_eq!(plain, validate(mode, &asked, &Policy::default()), "{text}");
    }
}

#[test]
fn severities_give_actions_and_the_policy_can_override_them() {
    let asked = review("CREATE", &deployment("nginx", "[echo, hello]"), None);
    let at = |text: &str| {
        let mut actions = actions(&validate(Mode::Enforce, &asked, &policy(text)));
        actions.sort();
        actions
    };
    let pair = |rule: &str, action: &str| (rule.to_owned(), action.to_owned());
    assert_eq!(at("{}"), [pair("latest-image-tag", "warn"), pair("workload-exits", "deny")]);
    assert_eq!(
        at("rules: {latest-image-tag: {action: deny}, workload-exits: {action: audit}}"),
        [pair("latest-image-tag", "deny"), pair("workload-exits", "audit")]
    );
    assert_eq!(
        at("rules: {latest-image-tag: {severity: info}, workload-exits: {action: 'off'}}"),
        [pair("latest-image-tag", "audit")]
    );
    // A case that is only likely is never a reason to refuse, unless the policy says so.
    let heuristic = review("CREATE", &deployment("registry.example/web:1", "[sleep, '60']"), None);
    let at = |text: &str| actions(&validate(Mode::Enforce, &heuristic, &policy(text)));
    assert_eq!(at("rules: {workload-exits: {action: deny}}"), [pair("workload-exits", "warn")]);
    assert_eq!(at("rules: {workload-exits: {action: deny, tiers: all}}"), [pair("workload-exits", "deny")]);
}

#[test]
fn point_27_what_a_controller_made_is_allowed_and_counted_and_nothing_else() {
    let owner = |controller: Value| json!([{"apiVersion": "apps/v1", "kind": "X", "name": "x", "uid": "1", "controller": controller}]);
    for (kind, api_version) in
        [("Pod", "v1"), ("ReplicaSet", "apps/v1"), ("Job", "batch/v1"), ("Deployment", "apps/v1")]
    {
        let mut object = bad();
        object["kind"] = kind.into();
        object["apiVersion"] = api_version.into();
        match kind {
            "Pod" => object["spec"] = object["spec"]["template"]["spec"].clone(),
            // A Job's command may end.
            "Job" => object["spec"]["template"]["spec"]["containers"][0]["image"] = "Not/An/Image".into(),
            _ => {}
        }
        let mut faults = 0;
        for (controller, held) in [(json!(true), true), (json!(false), false), (json!(null), false)] {
            object["metadata"]["ownerReferences"] = owner(controller);
            for (operation, old) in [("CREATE", None), ("UPDATE", Some(good()))] {
                let response = validate(Mode::Enforce, &review(operation, &object, old.as_ref()), &Policy::default());
                faults += findings(&response).len();
                if held {
                    assert!(allowed(&response) && !warned(&response), "{kind} {operation}");
                    assert!(actions(&response).iter().all(|(_, action)| action == "audit"));
                } else {
                    assert!(!allowed(&response) || warned(&response), "{kind} {operation}");
                }
            }
        }
        assert!(faults >= 6, "{kind} has no fault");
    }
}

#[test]
fn point_28_an_update_is_denied_only_for_new_faults() {
    assert!(!updates(&good(), &bad()), "a fault is new");
    let old = deployment("registry.example/web:1.2", "[echo, hello]");
    let new = deployment("registry.example/web:1.3", "[echo, good day]");
    assert!(updates(&old, &new), "the same fault, though its message differs");
    let response = validate(Mode::Enforce, &review("UPDATE", &new, Some(&old)), &Policy::default());
    assert!(warned(&response), "and whoever edits it is told");
    assert_eq!(findings(&response)[0]["heldBack"], "it was there before");
}

#[test]
fn point_28_faults_are_known_by_container_name_wherever_it_stands() {
    let old = bad();
    let mut new = bad();
    let containers = new["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap();
    let mut first = containers[0].clone();
    first["name"] = "proxy".into();
    first["command"] = json!(["/proxy"]);
    containers.insert(0, first);
    assert!(updates(&old, &new), "a container was put before it");
    new["spec"]["template"]["spec"]["containers"][0]["command"] = json!(["date"]);
    assert!(!updates(&old, &new), "the new container has a fault of its own");
    let mut renamed = old.clone();
    renamed["spec"]["template"]["spec"]["containers"][0]["name"] = "other".into();
    assert!(!updates(&old, &renamed));
}

#[test]
fn point_28_a_severity_that_rose_is_new() {
    let tiny = |limit: &str| {
        let mut object = good();
        object["spec"]["template"]["spec"]["containers"][0]["resources"] =
            json!({"limits": {"memory": limit}, "requests": {"memory": "1"}});
        object
    };
    let (warning, error) = (tiny("3Mi"), tiny("1Mi"));
    let graver = validate(Mode::Enforce, &review("UPDATE", &error, Some(&warning)), &Policy::default());
    assert_eq!(actions(&graver), [("memory-limit-tiny".into(), "deny".into())]);
    assert!(updates(&error, &tiny("2048")));
    assert!(updates(&error, &warning));
}

#[test]
fn point_28_scale_restart_labels_finalizers_and_deletion_always_pass_in_silence() {
    let old = bad();
    let mut cases = vec![("nothing", old.clone())];
    let mut change = |what, edit: fn(&mut Value)| {
        let mut new = old.clone();
        edit(&mut new);
        cases.push((what, new));
    };
    change("scale", |object| object["spec"]["replicas"] = 9.into());
    change("restart", |object| {
        object["spec"]["template"]["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"});
    });
    change("label", |object| object["metadata"]["labels"] = json!({"a": "b"}));
    change("finalizer", |object| object["metadata"]["finalizers"] = json!(["x/y"]));
    change("status", |object| object["status"] = json!({"replicas": 1}));
    change("deletion", |object| {
        object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        object["spec"]["template"]["spec"]["containers"][0]["command"] = json!(["date"]);
    });
    for (what, new) in cases {
        let response = validate(Mode::Enforce, &review("UPDATE", &new, Some(&old)), &Policy::default());
        assert!(allowed(&response) && !warned(&response), "{what}: {response}");
        assert_eq!(actions(&response), [("workload-exits".into(), "audit".into())], "{what}");
    }
    let mut scaled = review("UPDATE", &old, Some(&good()));
    scaled["request"]["subResource"] = "scale".into();
    assert!(allowed(&validate(Mode::Enforce, &scaled, &Policy::default())));
}

#[test]
fn point_28_without_the_old_object_nothing_is_new() {
    let response = validate(Mode::Enforce, &review("UPDATE", &bad(), None), &Policy::default());
    assert!(allowed(&response));
}

#[test]
fn point_30_a_new_or_widened_rule_is_only_counted_for_one_minor_release() {
    let release = |text: &str| text.parse::<Release>().unwrap();
    let at = |since, widened, pinned: Option<&str>, current| {
        let known = RULES[0];
        let rule = Rule {
            name: known.name,
            summary: known.summary,
            severity: known.severity,
            scope: known.scope,
            fix: known.fix,
            since,
            widened,
            docs: known.docs,
            options: crashlint::rules::OptionsType::of::<crashlint::rules::NoOptions>(),
            check: crashlint::rules::Check::Engine,
        };
        rule.is_established(pinned.map(release), release(current))
    };
    assert!(at("0.1.0", None, None, "0.1.0"), "those of the first release are established");
    assert!(!at("1.4.0", None, None, "1.4.7"));
    assert!(at("1.4.0", None, None, "1.5.0"));
    assert!(at("1.4.0", None, None, "2.0.0"));
    assert!(!at("0.1.0", Some("1.4.0"), None, "1.4.0"), "widened");
    assert!(at("0.1.0", Some("1.4.0"), None, "1.5.0"));
    assert!(!at("1.5.0", None, Some("1.4"), "1.9.0"), "pinned before it");
    assert!(at("1.4.0", None, Some("1.4"), "1.4.0"), "pinned with it");
}

#[test]
fn point_30_every_rule_names_its_release() {
    for rule in RULES {
        assert!(rule.since.parse::<Release>().unwrap() <= Release::current(), "{}", rule.name);
        assert!(rule.is_established(None, Release::current()), "{}: the first release is still to come", rule.name);
    }
}

#[test]
fn point_30_the_policy_pins_the_set() {
    let old = policy("rulesAsOf: '0.0'\n");
    let response = validate(Mode::Enforce, &review("CREATE", &bad(), None), &old);
    assert!(allowed(&response));
    assert_eq!(actions(&response), [("workload-exits".into(), "audit".into())]);
}

#[test]
fn a_custom_resource_is_checked_as_the_api_server_would_not() {
    let mut rollout = good();
    rollout["apiVersion"] = "argoproj.io/v1alpha1".into();
    rollout["kind"] = "Rollout".into();
    rollout["spec"]["template"]["spec"]["restartPolicy"] = "Never".into();
    let mut deployment = rollout.clone();
    deployment["apiVersion"] = "apps/v1".into();
    deployment["kind"] = "Deployment".into();
    rollout["spec"]["template"]["spec"]["containers"][0]["image"] = 5.into();
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = 5.into();
    let rules = |object: &Value| actions(&validate(Mode::Enforce, &review("CREATE", object, None), &Policy::default()));
    assert!(rules(&rollout).contains(&("rejected-by-api-server".into(), "deny".into())));
    assert!(!rules(&deployment).iter().any(|(rule, _)| rule == "rejected-by-api-server"));
}

#[test]
fn a_field_that_only_a_newer_server_knows_is_no_reason_to_warn() {
    let mut object = good();
    object["spec"]["template"]["spec"]["tomorrow"] = true.into();
    let response = validate(Mode::Enforce, &review("CREATE", &object, None), &Policy::default());
    assert_eq!(actions(&response), [("unknown-field".into(), "audit".into())]);
    assert!(!warned(&response));
}
