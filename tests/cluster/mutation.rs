//! Pods that were patched run.

use super::{Place, eventually, shared};
use serde_json::json;

#[test]
fn point_3_a_patched_pod_runs_and_its_deployment_is_left_alone() {
    let _held = shared();
    let place = Place::with_mode("patched", "enforce");
    // Slow enough that the check would kill it, and known to be slow by its image's name.
    let mut deployment = super::deployment("web", 1);
    let spec = super::spec_of(&mut deployment);
    spec["containers"][0] = json!({"name": "main", "image": super::BUSYBOX,
        "command": ["/bin/sh", "-c", "exec httpd -f -p 8080 -h /tmp"],
        "ports": [{"containerPort": 8080}],
        "livenessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 3, "failureThreshold": 2},
        "resources": {"requests": {"memory": "16Mi"}, "limits": {"memory": "16Mi"}}});
    place.create(&deployment).good();
    let pod = eventually("the Pod is ready", || {
        let pods = place.get(&["pods"]);
        let pod = pods["items"][0].clone();
        (pod["status"]["containerStatuses"][0]["ready"] == true).then_some(pod)
    });
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["startupProbe"]["tcpSocket"]["port"], 8080, "{container}");
    // The API server's defaults come after the patch.
    assert_eq!(container["startupProbe"]["successThreshold"], 1, "{container}");
    assert!(
        pod["metadata"]["annotations"]["crashlint.dev/patched"].as_str().unwrap().contains("missing-startup-probe")
    );
    assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0);

    // Nothing begins anew: one ReplicaSet, one generation of the template.
    let sets = place.get(&["replicasets"]);
    assert_eq!(sets["items"].as_array().unwrap().len(), 1);
    let now = place.get(&["deployment", "web"]);
    assert!(now["spec"]["template"]["spec"]["containers"][0]["startupProbe"].is_null());
    assert_eq!(now["metadata"]["generation"], 1);
}
