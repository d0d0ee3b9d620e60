//! Points 2 and 3: patches, over given Pods, all fixtures, and generated ones.

use super::*;
use base64::Engine as _;
use crashlint::engine::admission::verdicts;
use crashlint::finding::Safety;
use crashlint::k8s::object::Object;
use crashlint::rules::RULES;
use k8s_openapi::api::core::v1::Pod;
use proptest::prelude::*;

/// A policy that applies every fix that may be applied unasked.
fn all() -> Policy {
    policy(&format!("mutate: [{}]\n", safe().join(", ")))
}

fn safe() -> Vec<&'static str> {
    RULES.iter().filter(|rule| rule.fix == Some(Safety::Safe)).map(|rule| rule.name).collect()
}

/// The operations of an answer's patch.
fn operations(response: &Value) -> Option<Vec<Value>> {
    assert_eq!(response.get("patch").is_some(), response.get("patchType").is_some());
    let text = response.get("patch")?.as_str().unwrap();
    assert_eq!(response["patchType"], "JSONPatch");
    Some(serde_json::from_slice(&base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap())
}

/// A Pod as it is after `/mutate`, with the patch; none where there is none.
fn patched(pod: &Value, policy: &Policy) -> Option<(Value, Vec<Value>)> {
    let operations = operations(&mutate(&review("CREATE", pod, None), policy))?;
    let patch: json_patch::Patch = serde_json::from_value(json!(operations)).unwrap();
    let mut after = pod.clone();
    json_patch::patch(&mut after, &patch).unwrap();
    Some((after, operations))
}

/// What holds for every Pod that goes through `/mutate`; says whether it was patched.
fn holds(pod: &Value, policy: &Policy) -> Result<bool, String> {
    let Some((after, operations)) = patched(pod, policy) else { return Ok(false) };
    let fail = |why: String| Err(format!("{why}\n{pod}\n{}", json!(operations)));
    if serde_json::from_value::<Pod>(pod.clone()).is_ok()
        && let Err(error) = serde_json::from_value::<Pod>(after.clone())
    {
        return fail(format!("does not decode: {error}"));
    }
    if let Some((_, again)) = patched(&after, policy) {
        return fail(format!("a second pass changes: {}", json!(again)));
    }
    for operation in &operations {
        let path = operation["path"].as_str().unwrap();
        let known = path.contains("Probe")
            || path.starts_with("/metadata/annotations")
            || path == "/spec/terminationGracePeriodSeconds";
        if !known || !["add", "replace"].contains(&operation["op"].as_str().unwrap()) || operation["value"].is_array() {
            return fail(format!("touches {path}"));
        }
    }
    let grace = |pod: &Value| pod["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
    if grace(&after) < grace(pod) {
        return fail("the grace period is shorter than before".into());
    }
    // Probes, a longer grace period and one annotation aside, nothing is different.
    if without_what_is_mended(pod) != without_what_is_mended(&after) {
        return fail("more than probes and the grace period was changed".into());
    }
    let annotation = after["metadata"]["annotations"]["crashlint.dev/patched"].as_str().unwrap_or_default();
    if !safe().iter().any(|rule| annotation.contains(rule)) {
        return fail(format!("the annotation says `{annotation}`"));
    }
    Ok(true)
}

fn without_what_is_mended(pod: &Value) -> Value {
    let mut pod = pod.clone();
    if let Some(spec) = pod["spec"].as_object_mut() {
        spec.remove("terminationGracePeriodSeconds");
    }
    for list in ["containers", "initContainers"] {
        for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
            if let Some(container) = container.as_object_mut() {
                container.retain(|key, _| !["livenessProbe", "readinessProbe", "startupProbe"].contains(&&**key));
            }
        }
    }
    if let Some(metadata) = pod["metadata"].as_object_mut() {
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("crashlint.dev/patched");
        }
        if metadata.get("annotations").is_some_and(|annotations| annotations.is_null() || *annotations == json!({})) {
            metadata.remove("annotations");
        }
    }
    pod
}

#[test]
fn point_03_a_new_pod_gets_its_fixes_and_says_so() {
    let asked = review("CREATE", &pod(), None);
    let response = mutate(&asked, &all());
    assert_eq!(
        json!(operations(&response).unwrap()),
        json!([
            {"op": "replace", "path": "/spec/containers/0/livenessProbe/failureThreshold", "value": 3},
            {"op": "add", "path": "/spec/containers/0/startupProbe", "value": {
                "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 5, "failureThreshold": 61,
            }},
            {"op": "add", "path": "/metadata/annotations", "value": {"crashlint.dev/patched":
                "aggressive-liveness-probe@app: raise failureThreshold to 3; \
                 missing-startup-probe@app: add a startupProbe that allows 300 s (5 s × 61)"}},
        ])
    );
    assert_eq!(response["allowed"], true);
    assert_eq!(response["warnings"].as_array().unwrap().len(), 2);
    let said = response["auditAnnotations"]["patched"].as_str().unwrap();
    assert!(said.contains("missing-startup-probe@app: add a startupProbe"), "{said}");
    assert_eq!(holds(&pod(), &all()), Ok(true));
}

#[test]
fn point_03_only_what_the_policy_names_is_fixed() {
    assert!(patched(&pod(), &Policy::default()).is_none());
    let one = policy("mutate: [aggressive-liveness-probe]\n");
    let (after, _) = patched(&pod(), &one).unwrap();
    assert_eq!(after["spec"]["containers"][0]["livenessProbe"]["failureThreshold"], 3);
    assert!(after["spec"]["containers"][0].get("startupProbe").is_none());
    let exempted = policy(
        "mutate: [missing-startup-probe]\nexemptions: [{rules: [missing-startup-probe], namespaces: [shop], reason: known}]\n",
    );
    assert!(patched(&pod(), &exempted).is_none());
}

#[test]
fn point_03_only_pods_at_create_are_patched() {
    let pod = pod();
    let unpatched = |review: &Value| {
        let response = mutate(review, &all());
        assert_eq!(response, json!({"uid": review["request"]["uid"], "allowed": true}));
    };
    unpatched(&review("UPDATE", &pod, Some(&pod)));
    unpatched(&review("DELETE", &Value::Null, Some(&pod)));
    let mut sub = review("CREATE", &pod, None);
    sub["request"]["subResource"] = "ephemeralcontainers".into();
    unpatched(&sub);
    for (api_version, kind) in [("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"), ("batch/v1", "Job")] {
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": pod["spec"]});
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template}});
        unpatched(&review("CREATE", &object, None));
        let warned = validate(Mode::Warn, &review("CREATE", &object, None), &all());
        assert!(kind == "Job" || warned["warnings"].as_array().is_some_and(|warnings| warnings.len() == 2), "{warned}");
    }
}

#[test]
fn point_03_mirror_pods_and_jobs_pods_are_left_alone() {
    let mut mirror = pod();
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "abc"});
    assert!(patched(&mirror, &all()).is_none());
    let mut of_job = pod();
    of_job["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "1", "controller": true}]);
    assert!(patched(&of_job, &all()).is_none());
    let mut once = pod();
    once["spec"]["restartPolicy"] = "Never".into();
    assert!(patched(&once, &all()).is_none());
}

#[test]
fn point_27_a_controllers_pod_is_patched_without_a_warning() {
    let mut owned = pod();
    owned["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "1", "controller": true}]);
    let response = mutate(&review("CREATE", &owned, None), &all());
    assert!(operations(&response).is_some() && response.get("warnings").is_none());
    assert!(response["auditAnnotations"].get("patched").is_some());
}

#[test]
fn point_03_annotations_of_others_stay_and_an_earlier_word_of_ours_is_continued() {
    let mut annotated = pod();
    annotated["metadata"]["annotations"] = json!({"a/b": "c"});
    let (after, _) = patched(&annotated, &policy("mutate: [aggressive-liveness-probe]\n")).unwrap();
    assert_eq!(after["metadata"]["annotations"]["a/b"], "c");
    let (twice, _) = patched(&after, &all()).unwrap();
    let said = twice["metadata"]["annotations"]["crashlint.dev/patched"].as_str().unwrap();
    assert_eq!(said.matches("aggressive-liveness-probe").count(), 1);
    assert_eq!(said.matches("missing-startup-probe").count(), 1);
}

#[test]
fn point_02_a_patch_that_would_have_the_pod_refused_is_not_sent() {
    let mut full = pod();
    full["metadata"]["annotations"] = json!({"big": "x".repeat((256 << 10) - 10)});
    let answer = ask(Door::Mutate, &review("CREATE", &full, None), &all());
    assert!(answer.record.dropped.as_deref().is_some_and(|why| why.contains("annotations")), "{:?}", answer.record);
    let response = response(&answer);
    assert!(operations(&response).is_none());
    assert_eq!(response["allowed"], true);
    assert!(response["auditAnnotations"]["patchDropped"].as_str().unwrap().contains("too large"));
}

#[test]
fn point_02_what_would_be_refused_in_a_probe_is_not_copied_into_a_new_one() {
    let mut pod = pod();
    for (grace, copied) in [(-1, json!(null)), (0, json!(null)), (20, json!(20))] {
        pod["spec"]["containers"][0]["livenessProbe"]["terminationGracePeriodSeconds"] = grace.into();
        let answer = ask(Door::Mutate, &review("CREATE", &pod, None), &all());
        assert_eq!(answer.record.dropped, None, "{grace}");
        let (patched, _) = patched(&pod, &all()).unwrap();
        let added = &patched["spec"]["containers"][0]["startupProbe"];
        assert_eq!((added.is_object(), &added["terminationGracePeriodSeconds"]), (true, &copied), "{grace}");
    }
}

/// A Pod of every pod template and Pod of a text.
pub(super) fn pods(text: &str) -> Vec<Value> {
    let documents = crashlint::read::documents(text).filter_map(Result::ok);
    let mut pods = Vec::new();
    for document in documents {
        for object in Object::all(document.tree.root()) {
            for workload in object.workloads(&[]) {
                let metadata = workload.template.and_then(|template| template.get("metadata"));
                let mut metadata = metadata.map_or_else(|| json!({}), |metadata| metadata.to_json());
                if metadata.is_object() {
                    metadata["name"] = "p".into();
                }
                let spec = workload.spec.to_json();
                pods.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}));
            }
        }
    }
    pods
}

#[test]
fn point_03_every_pod_of_fixtures_and_corpus_keeps_what_is_not_mended() {
    let policy = all();
    let (mut seen, mut changed, mut faults) = (0, 0, Vec::new());
    for (_, text) in crate::invariants::texts() {
        for pod in pods(&text) {
            seen += 1;
            match holds(&pod, &policy) {
                Ok(patched) => changed += usize::from(patched),
                Err(fault) => faults.push(fault),
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(5)].join("\n"));
    assert!(seen > 300 && changed > 40, "{changed} of {seen} were patched");
}

#[test]
fn a_fix_that_is_declared_safe_is_made_for_every_finding_of_its_rule_or_none() {
    // What `/mutate` can do and what the rules declare are the same list.
    for (_, text) in crate::invariants::texts() {
        for pod in pods(&text) {
            let text = pod.to_string();
            let document = crashlint::json::single(&text).unwrap();
            let Some(object) = Object::new(document.tree.root()) else { continue };
            for verdict in verdicts(object, None, &Policy::default(), &[]) {
                let declared = crashlint::rules::find(verdict.finding.rule).unwrap().fix;
                let carried = verdict.finding.fix.map(|fix| fix.safety);
                assert!(carried.is_none() || carried == declared, "{}", verdict.finding.rule);
            }
        }
    }
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        5 => (0..40i64).prop_map(Value::from),
        1 => prop_oneof![Just(json!(-1)), Just(json!(1e9)), Just(json!("5")), Just(json!(null)), Just(json!(i32::MAX)), Just(json!(u64::MAX))],
    ]
}

fn port() -> impl Strategy<Value = Value> {
    prop_oneof![(1..70_000i64).prop_map(Value::from), "[a-c]{1,3}".prop_map(Value::from), Just(json!(null))]
}

fn probe() -> impl Strategy<Value = Value> {
    let handler = prop_oneof![
        port().prop_map(|port| json!({"httpGet": {"path": "/~1", "port": port}})),
        port().prop_map(|port| json!({"tcpSocket": {"port": port}})),
        prop::collection::vec("[a-z /]{0,5}", 0..3).prop_map(|command| json!({"exec": {"command": command}})),
        port().prop_map(|port| json!({"grpc": {"port": port}})),
        Just(json!({})),
    ];
    let names =
        ["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "terminationGracePeriodSeconds"];
    let numbers = prop::collection::btree_map(prop::sample::select(names.to_vec()), number(), 0..5);
    (handler, numbers).prop_map(|(mut probe, numbers)| {
        for (name, value) in numbers {
            probe[name] = value;
        }
        probe
    })
}

fn container() -> impl Strategy<Value = Value> {
    let probes = (prop::option::of(probe()), prop::option::of(probe()), prop::option::of(probe()));
    let ports = prop::collection::vec(("[a-c]{1,3}", 1..65_536i64), 0..3);
    let policy = prop::option::of(prop::sample::select(vec!["Always", "OnFailure"]));
    ("[a-d]{1,2}", "[a-z]{1,6}(:[0-9])?", probes, ports, policy).prop_map(|(name, image, probes, ports, policy)| {
        let mut container = json!({"name": name, "image": image});
        let ports: Vec<Value> =
            ports.into_iter().map(|(name, port)| json!({"name": name, "containerPort": port})).collect();
        container["ports"] = ports.into();
        for (name, probe) in [("livenessProbe", probes.0), ("readinessProbe", probes.1), ("startupProbe", probes.2)] {
            if let Some(probe) = probe {
                container[name] = probe;
            }
        }
        if let Some(policy) = policy {
            container["restartPolicy"] = policy.into();
        }
        container
    })
}

fn any_pod() -> impl Strategy<Value = Value> {
    let metadata = prop_oneof![
        Just(json!({"name": "p"})),
        Just(json!({"name": "p", "annotations": {}})),
        Just(json!({"name": "p", "annotations": null})),
        Just(json!({"name": "p", "annotations": {"crashlint.dev/patched": "before", "x": "y"}})),
    ];
    let containers = || prop::collection::vec(container(), 0..3);
    (metadata, containers(), containers()).prop_map(|(metadata, init, containers)| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"initContainers": init, "containers": containers}})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn point_03_any_pod_is_patched_once_and_only_where_it_was_to_be_mended(pod in any_pod()) {
        if let Err(fault) = holds(&pod, &all()) {
            return Err(TestCaseError::fail(fault));
        }
    }
}
