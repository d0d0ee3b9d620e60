//! The certificate that the servers make themselves, when somebody tampers with it.

use super::{Place, RELEASE, VALUES, alone, doomed, eventually, get, kubectl, pod, upgrade};
use serde_json::json;
use std::time::Instant;

fn secret() -> serde_json::Value {
    get(&["--namespace", RELEASE, "secret", "crashlint-certificate"])["data"].clone()
}

fn denies(place: &Place) -> bool {
    place.send(&["create", "--dry-run=server"], &doomed(pod("asked"))).is_denied()
}

#[test]
fn point_15_a_deleted_secret_comes_back_as_it_was() {
    let _held = alone();
    let place = Place::with_mode("deleted", "enforce");
    eventually("it is asked", || denies(&place).then_some(()));
    let before = secret();
    kubectl(&["--namespace", RELEASE, "delete", "secret", "crashlint-certificate"]).good();
    assert!(denies(&place));
    let name = "secret/crashlint-certificate";
    eventually("it comes back", || kubectl(&["--namespace", RELEASE, "get", name]).ok.then_some(()));
    assert_eq!(secret(), before);
    // With its labels, so that the release still knows it for its own.
    upgrade(RELEASE, VALUES);
    assert_eq!(secret(), before);
    assert!(denies(&place));
}

#[test]
fn point_15_an_overwritten_bundle_is_written_again() {
    let _held = alone();
    let place = Place::with_mode("overwritten", "enforce");
    for kind in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
        let before = get(&[kind, RELEASE])["webhooks"].clone();
        let patch = json!([{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]).to_string();
        kubectl(&["patch", kind, RELEASE, "--type=json", "-p", &patch]).good();
        let begin = Instant::now();
        eventually("it comes back", || (get(&[kind, RELEASE])["webhooks"] == before).then_some(()));
        eprintln!("{kind}: mended after {:?}", begin.elapsed());
    }
    eventually("it is asked", || denies(&place).then_some(()));
}

#[test]
fn point_15_without_access_the_servers_go_on() {
    let _held = alone();
    let place = Place::with_mode("access", "enforce");
    kubectl(&["delete", "clusterrolebinding", RELEASE]).good();
    kubectl(&["--namespace", RELEASE, "delete", "rolebinding", RELEASE]).good();
    let path = format!("/api/v1/namespaces/{RELEASE}/services/{RELEASE}-metrics:8080/proxy/metrics");
    eventually("it is counted", || {
        let metrics = kubectl(&["get", "--raw", &path]).out;
        let series = "crashlint_certificate_sync_total{result=\"failure\"} ";
        let failures = metrics.lines().find_map(|line| line.strip_prefix(series)?.parse::<f64>().ok())?;
        (failures >= 1.0).then_some(())
    });
    assert!(denies(&place));
    let deployment = get(&["--namespace", RELEASE, "deployment", RELEASE]);
    assert_eq!(deployment["status"]["readyReplicas"], 2);
    upgrade(RELEASE, VALUES);
    assert!(denies(&place));
}

#[test]
fn point_24_the_account_can_do_no_more_than_it_must() {
    let _held = super::shared();
    let account = format!("--as=system:serviceaccount:{RELEASE}:{RELEASE}");
    let can = |verb: &str, what: &str, namespace: &str| {
        let said = kubectl(&["auth", "can-i", verb, what, "--namespace", namespace, &account]);
        said.out.trim() == "yes"
    };
    assert!(can("get", "secrets/crashlint-certificate", RELEASE));
    assert!(can("update", "secrets/crashlint-certificate", RELEASE));
    assert!(can("patch", &format!("validatingwebhookconfigurations/{RELEASE}"), ""));
    for (verb, what, namespace) in [
        ("get", "secrets/other", RELEASE),
        ("list", "secrets", RELEASE),
        ("get", "secrets/crashlint-certificate", "default"),
        ("create", "secrets", "default"),
        ("get", "pods", RELEASE),
        ("delete", "secrets/crashlint-certificate", RELEASE),
        ("patch", "validatingwebhookconfigurations/other", ""),
        ("create", "validatingwebhookconfigurations", ""),
    ] {
        assert!(!can(verb, what, namespace), "{verb} {what} in {namespace}");
    }
}
