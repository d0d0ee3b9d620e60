//! The certificate that the servers make themselves, when somebody tampers with it.

use super::{Place, RELEASE, VALUES, alone, doomed, eventually, get, helm, install, kubectl, pod, run, upgrade};
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
fn point_15_replicas_that_begin_at_once_in_an_empty_namespace_agree() {
    let _held = alone();
    let _home = Place::new("racing");
    install("racing", &["webhook.failurePolicy=Fail", "replicas=3"]);
    let path = "jsonpath={.webhooks[*].clientConfig.caBundle}";
    let bundles = kubectl(&["get", "validatingwebhookconfiguration", "racing-racing-crashlint", "-o", path]).good().out;
    let mut bundles: Vec<&str> = bundles.split(' ').collect();
    bundles.dedup();
    assert_eq!(bundles.len(), 1, "every entry trusts the same");
    let trusted = run("base64", &["-d"], Some(bundles[0])).good().out;
    assert_eq!(trusted.matches("BEGIN CERTIFICATE").count(), 1, "of three CAs one is left");
    // Each of the three is believed: under Fail, one that is not would refuse.
    let place = Place::with_mode("raced", "enforce");
    for _ in 0..30 {
        place.send(&["create", "--dry-run=server"], &pod("good")).good();
    }
    helm(&["uninstall", "racing", "--namespace", "racing", "--wait", "--timeout", "2m"]).good();
}

#[test]
fn point_15_access_that_is_lost_for_longer_than_a_certificate_lives_is_recovered_from() {
    let _held = alone();
    let _home = Place::new("severed");
    let values = ["webhook.failurePolicy=Fail", "certificates.validity=30s", "certificates.interval=1s"];
    install("severed", &values);
    let place = Place::with_mode("severing", "enforce");
    let ask = || place.send(&["create", "--dry-run=server"], &pod("good"));
    eventually("it is asked", || ask().ok.then_some(()));
    kubectl(&["delete", "clusterrolebinding", "severed-severed-crashlint"]).good();
    kubectl(&["--namespace", "severed", "delete", "rolebinding", "severed-crashlint"]).good();
    // Connections that were kept are not asked for a certificate again; new Pods can not get ready, and none ends.
    let pods = "--selector=app.kubernetes.io/instance=severed";
    let ready = || {
        let pods = get(&["--namespace", "severed", "pods", pods]);
        let pods = pods["items"].as_array().unwrap().clone();
        assert!(pods.iter().all(|pod| pod["status"]["containerStatuses"][0]["restartCount"] == 0), "none is restarted");
        pods.iter().filter(|pod| pod["status"]["containerStatuses"][0]["ready"] == true).count()
    };
    eventually("its certificate has ended", || (ready() == 0).then_some(()));
    // The rights come back, and nothing else is done.
    upgrade("severed", &values);
    eventually("they are ready again", || (ready() == 2).then_some(()));
    eventually("it is asked again", || ask().ok.then_some(()));
    helm(&["uninstall", "severed", "--namespace", "severed", "--wait", "--timeout", "2m"]).good();
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
