//! The node loses its power: all processes are killed, and start again.
//!
//! Two halves, as nothing of a test survives it either: `run` asks for the first one, restarts the node, and asks for the
//! second. With a cluster of your own, restart its node in between (`docker restart` of a kind node).

use super::{Place, alone, deployment, doomed, eventually, life, pod, upgrade};

const PLACE: &str = "restarted";

/// The namespace as it is, left to others.
fn place() -> Place {
    Place(PLACE.to_owned())
}

#[test]
#[ignore = "the first half: the node is restarted after it"]
fn point_23_before_the_node_restarts() {
    let _held = alone();
    let place = Place::with_mode(PLACE, "enforce");
    life::closed(&[]);
    eventually("it is asked", || place.create(&doomed(pod("x"))).is_denied().then_some(()));
    place.create(&deployment("web", 1)).good();
    place.kubectl(&["rollout", "status", "deployment/web", "--timeout=120s"]).good();
    std::mem::forget(place);
}

#[test]
#[ignore = "the second half: the node has been restarted before it"]
fn point_23_after_a_restart_of_the_node_all_comes_back_unaided_under_fail() {
    let place = place();
    // Everything is refused until the first server is back, which nobody has to allow.
    eventually("the servers are back", || place.create(&doomed(pod("x"))).is_denied().then_some(()));
    place.create(&pod("good")).good();
    eventually("what ran there runs again", || {
        let pods = place.get(&["pods", "--selector=app=web"]);
        let status = &pods["items"][0]["status"]["containerStatuses"][0];
        (status["ready"] == true && status["restartCount"].as_u64() >= Some(1)).then_some(())
    });
    place.kubectl(&["delete", "pod", "--selector=app=web", "--wait=false"]).good();
    eventually("another one is made", || {
        let pods = place.get(&["pods", "--selector=app=web"]);
        let pods = pods["items"].as_array().unwrap().clone();
        pods.iter().any(|pod| pod["status"]["containerStatuses"][0]["restartCount"] == 0).then_some(())
    });
    upgrade(super::RELEASE, super::VALUES);
}
