//! A namespace whose workloads are worse than its new mode allows, on the day on which it is switched on.

use super::{Place, deployment, doomed, eventually, shared};
use serde_json::json;

#[test]
fn point_27_nothing_that_runs_is_put_at_risk_by_enforcing() {
    let _held = shared();
    let place = Place::with_mode("story", "off");
    // A fault that shows only later: the readiness probe asks a port that nobody named; the Pod runs all the same.
    let mut faulty = deployment("shop", 2);
    super::spec_of(&mut faulty)["containers"][0]["readinessProbe"] = json!({"httpGet": {"path": "/", "port": "web"}});
    place.create(&faulty).good();
    let running = || {
        let pods = place.get(&["pods", "--selector=app=shop", "--field-selector=status.phase=Running"]);
        let pods = pods["items"].as_array().unwrap().clone();
        pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).collect::<Vec<_>>()
    };
    eventually("two Pods run", || (running().len() == 2).then_some(()));
    place.label("enforce");

    // A Pod dies, as in a drain: it is replaced.
    let first = running()[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let eviction =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": first, "namespace": "story"}});
    let path = format!("/api/v1/namespaces/story/pods/{first}/eviction");
    super::kubectl_with(&["create", "--raw", &path], &eviction).good();
    eventually("it is replaced", || {
        let pods = running();
        (pods.len() == 2 && pods.iter().all(|pod| pod["metadata"]["name"] != *first)).then_some(())
    });
    // A scale-up, a restart, a label, an annotation.
    place.kubectl(&["scale", "deployment", "shop", "--replicas=3"]).good();
    eventually("three run", || (running().len() == 3).then_some(()));
    place.kubectl(&["rollout", "restart", "deployment/shop"]).good();
    place.kubectl(&["label", "deployment", "shop", "team=a"]).good();
    place.kubectl(&["annotate", "deployment", "shop", "note=b"]).good();
    let events = place.kubectl(&["get", "events"]).good();
    assert!(!events.out.contains("FailedCreate"), "{}", events.out);

    // A change of something else is let through with a warning about what was there before.
    let said = place.kubectl(&["set", "env", "deployment/shop", "LEVEL=debug"]).good();
    assert!(said.warnings()[0].starts_with("[probe-port-name-unknown] main: "), "{said:?}");

    // A fault that the change brings is denied; with the way around, that works.
    let mut worse = doomed(faulty.clone());
    worse["spec"]["replicas"] = 3.into();
    let said = place.send(&["apply", "--server-side", "--force-conflicts"], &worse);
    assert!(said.is_denied() && said.err.contains("[command-single-string]"), "{said:?}");
    let denial = said.err.split_once("denied the request").unwrap().1;
    assert!(!denial.contains("[probe-port-name-unknown]"), "only what is new is denied: {denial}");
    let way = said.err.lines().find_map(|line| line.split_once("let it through all the same: kubectl ")).unwrap().1;
    super::kubectl(&way.split(' ').collect::<Vec<_>>()).good();
    let said = place.send(&["apply", "--server-side", "--force-conflicts"], &worse).good();
    assert!(said.warnings().iter().any(|line| line.starts_with("[command-single-string]")), "{said:?}");

    // And back: what is mended passes in silence.
    place.label("enforce");
    let said = place.send(&["replace"], &deployment("shop", 3)).good();
    assert!(said.warnings().is_empty(), "{said:?}");
}
