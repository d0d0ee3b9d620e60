//! Modes by the label of the namespace.

use super::{FAULT, Place, deployment, doomed, pod, shared};

#[derive(Debug, PartialEq)]
enum Felt {
    Denied,
    Warned,
    Nothing,
}

fn felt(place: &Place) -> Felt {
    let said = place.send(&["create", "--dry-run=server"], &doomed(deployment("web", 1)));
    if said.is_denied() {
        return Felt::Denied;
    }
    let said = said.good();
    match said.warnings()[..] {
        [] => Felt::Nothing,
        [one] => {
            assert!(one.starts_with(&format!("[{FAULT}] main: ")) && one.chars().count() <= 120, "{one}");
            Felt::Warned
        }
        _ => panic!("each entry but one passes it over: {said:?}"),
    }
}

#[test]
fn point_26_each_namespace_is_in_exactly_one_entry() {
    let _held = shared();
    let place = Place::new("modes");
    assert_eq!(felt(&place), Felt::Warned, "the policy's mode");
    for (mode, expected) in [
        ("enforce", Felt::Denied),
        ("warn", Felt::Warned),
        ("audit", Felt::Nothing),
        ("off", Felt::Nothing),
        ("enforced", Felt::Warned),
        ("", Felt::Warned),
    ] {
        place.label(mode);
        assert_eq!(felt(&place), expected, "{mode}");
    }
}

#[test]
fn point_23_some_namespaces_are_never_asked_about() {
    let _held = shared();
    for namespace in ["kube-system", "kube-node-lease", super::RELEASE] {
        let mut object = doomed(pod("never"));
        object["metadata"]["namespace"] = namespace.into();
        let said = super::kubectl_with(&["create", "--dry-run=server"], &object).good();
        assert!(said.warnings().is_empty(), "{said:?}");
    }
}

#[test]
fn point_27_what_a_controller_makes_is_not_spoken_of() {
    let _held = shared();
    let place = Place::new("owned");
    let said = place.create(&doomed(deployment("web", 1))).good();
    assert_eq!(said.warnings().len(), 1, "{said:?}");
    // Its ReplicaSet and Pods are made, and end as they must.
    super::eventually("the Pod is made, and can not start", || {
        let pods = place.get(&["pods"]);
        let state = &pods["items"][0]["status"]["containerStatuses"][0];
        let reason = |which: &str| state[which]["terminated"]["reason"].as_str().map(ToOwned::to_owned);
        reason("lastState").or_else(|| reason("state")).filter(|reason| reason == "StartError")
    });
    let events = place.kubectl(&["get", "events"]).good();
    assert!(!events.out.contains("FailedCreate"), "{}", events.out);
}
