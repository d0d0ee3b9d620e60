//! A certificate of the server's own, against a stand-in of an API server.

use super::api::{Api, MUTATING, SECRET, VALIDATING, configuration};
use super::pki::Mount;
use super::server::Server;
use super::{eventually, review};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Seconds of a day.
const DAY: i64 = 24 * 3600;

fn arguments(kubeconfig: &str) -> Vec<&str> {
    let mut all = vec!["--certificate-secret", "pair", "--service", "lint", "--namespace", "shop"];
    all.extend(["--validating-configuration", "lint", "--mutating-configuration", "lint"]);
    all.extend(["--kubeconfig", kubeconfig, "--cluster-interval", "20ms"]);
    all
}

fn unready(api: &Api, further: &[&str]) -> Server {
    let kubeconfig = api.kubeconfig();
    let mut all = arguments(kubeconfig.to_str().unwrap());
    all.extend(further);
    Server::start_unready(&Mount::new(), &all)
}

#[track_caller]
fn ready(api: &Api) -> Server {
    let server = unready(api, &[]);
    becomes_ready(&server);
    server
}

#[track_caller]
fn becomes_ready(server: &Server) {
    eventually("the server is ready", || server.is_ready().then_some(()));
}

#[track_caller]
fn answers(api: &Api, server: &Server) {
    eventually("an API server is answered", || api.ask(server, &review("asked")).ok().filter(|status| *status == 200));
}

/// CAs in PEM text.
fn cas(text: &str) -> usize {
    text.matches("BEGIN CERTIFICATE").count()
}

#[test]
fn point_15_one_server_makes_all_that_is_needed() {
    let api = Api::start();
    let server = ready(&api);
    assert_eq!(api.ask(&server, &review("first")).unwrap(), 200);
    let bundle = api.secret("ca.crt").unwrap();
    assert_eq!(cas(&bundle), 1);
    assert_eq!((api.bundle(VALIDATING), api.bundle(MUTATING)), (Some(bundle.clone()), Some(bundle)));
    for key in ["ca.key", "tls.key"] {
        assert!(api.secret(key).unwrap().contains("PRIVATE KEY"));
    }
    let made = server.logged("it says so", |line| line["message"] == "wrote the certificate");
    assert!(made["notAfter"].as_str().unwrap().contains('T'));
    assert!(!format!("{:?}", server.log()).contains("PRIVATE KEY"));

    // Once all is in place, nothing is written any more.
    let writes = api.writes();
    server.metric_reaches("crashlint_certificate_sync_total{result=\"success\"}", 8.0);
    assert_eq!(api.writes(), writes);
    assert_eq!(writes.len(), 3, "{writes:?}");
}

#[test]
fn point_15_replicas_that_begin_at_once_agree() {
    let api = Api::start();
    let servers: Vec<Server> = (0..5).map(|_| unready(&api, &[])).collect();
    servers.iter().for_each(becomes_ready);
    for server in &servers {
        answers(&api, server);
    }
    let creations = api.writes().iter().filter(|write| write.starts_with("POST")).count();
    assert_eq!((creations, cas(&api.secret("ca.crt").unwrap())), (1, 1));
    assert_eq!(api.bundle(VALIDATING), api.secret("ca.crt"));
}

#[test]
fn point_15_an_empty_secret_is_filled_and_keeps_its_labels() {
    let api = Api::start();
    let labels = json!({"app.kubernetes.io/managed-by": "Helm"});
    let empty = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "pair", "namespace": "shop", "labels": labels}});
    api.put(SECRET, empty);
    let server = ready(&api);
    answers(&api, &server);
    assert_eq!(api.get(SECRET).unwrap()["metadata"]["labels"], labels);

    // A deleted one comes back as it was: nothing changes for anybody.
    let before = api.secret("tls.crt");
    api.delete(SECRET);
    eventually("it comes back", || api.get(SECRET));
    assert_eq!((api.secret("tls.crt"), cas(&api.secret("ca.crt").unwrap())), (before, 1));
    assert_eq!(api.get(SECRET).unwrap()["metadata"]["labels"], labels);
    assert!(server.is_ready());
}

#[test]
fn point_15_a_secret_that_nobody_remembers_is_made_anew_beside_the_trusted_ca() {
    let api = Api::start();
    drop(ready(&api));
    api.delete(SECRET);
    let server = ready(&api);
    answers(&api, &server);
    // The old CA stays trusted until its end: another replica may serve a certificate of it.
    assert_eq!(cas(&api.bundle(VALIDATING).unwrap()), 2);
}

#[test]
fn point_15_what_others_overwrite_is_mended() {
    let api = Api::start();
    let server = ready(&api);
    let bundle = api.bundle(VALIDATING);
    for (path, kind, entries) in [
        // Without a bundle, as an upgrade by a tool that owns all fields writes it; with another entry.
        (VALIDATING, "ValidatingWebhookConfiguration", &["enforce", "warn", "audit"][..]),
        (MUTATING, "MutatingWebhookConfiguration", &["mutate"][..]),
    ] {
        api.put(path, configuration(kind, entries));
        eventually("the bundle comes back", || (api.bundle(path) == bundle).then_some(()));
    }
    let mut wrong = configuration("ValidatingWebhookConfiguration", &["enforce"]);
    wrong["webhooks"][0]["clientConfig"]["caBundle"] = STANDARD.encode("nonsense").into();
    api.put(VALIDATING, wrong);
    eventually("the bundle comes back", || (api.bundle(VALIDATING) == bundle).then_some(()));

    // A Secret that somebody filled with something else.
    let before = api.secret("tls.crt");
    let mut secret = api.get(SECRET).unwrap();
    secret["data"] = json!({"ca.crt": STANDARD.encode("nonsense"), "other": "a2VwdA=="});
    api.put(SECRET, secret);
    eventually("the pair comes back", || (api.secret("tls.crt") == before).then_some(()));
    assert_eq!(api.secret("other").unwrap(), "kept");
    answers(&api, &server);

    // A configuration that is gone asks nobody, so nobody need be told.
    api.delete(MUTATING);
    api.delete(VALIDATING);
    let synced = server.metric("crashlint_certificate_sync_total{result=\"success\"}");
    server.metric_reaches("crashlint_certificate_sync_total{result=\"success\"}", synced + 3.0);
    assert!(server.is_ready());
}

#[test]
fn point_15_it_is_not_ready_before_api_servers_know_the_ca() {
    let api = Api::start();
    api.refuse(Some(403));
    let server = unready(&api, &[]);
    server.metric_reaches("crashlint_certificate_sync_total{result=\"failure\"}", 2.0);
    let reply = server.get("/readyz");
    let reasons = "no certificate\nthe webhook configurations do not hold the CA yet\n";
    assert_eq!((reply.status, &*reply.body), (503, reasons.as_bytes()));
    assert_eq!(server.get("/livez").status, 200);
    api.refuse(None);
    becomes_ready(&server);

    // Access that is lost later changes nothing about what is served; it is said once.
    let failures = server.metric("crashlint_certificate_sync_total{result=\"failure\"}");
    api.refuse(Some(500));
    server.metric_reaches("crashlint_certificate_sync_total{result=\"failure\"}", failures + 3.0);
    assert_eq!(api.ask(&server, &review("alone")).unwrap(), 200);
    assert!(server.is_ready());
    let log = server.log();
    let said: Vec<_> = log.iter().filter(|line| line["message"] == "the certificate can not be looked after").collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1]["reason"].as_str().unwrap().contains("500"));
}

#[test]
fn point_15_renewal_goes_by_the_api_servers_clock() {
    let api = Api::start();
    let server = ready(&api);
    let first = api.secret("tls.crt").unwrap();
    // Two thirds of 90 days are not over yet.
    api.set_clock(59 * DAY);
    let synced = server.metric("crashlint_certificate_sync_total{result=\"success\"}");
    server.metric_reaches("crashlint_certificate_sync_total{result=\"success\"}", synced + 5.0);
    assert_eq!(api.secret("tls.crt").unwrap(), first);
    api.set_clock(61 * DAY);
    eventually("it is renewed", || (api.secret("tls.crt")? != first).then_some(()));
    assert_eq!(cas(&api.secret("ca.crt").unwrap()), 1);
    assert!(server.is_ready());

    // Back again, as after a clock that was set wrong: the certificate is of the future, and made anew.
    api.set_clock(0);
    eventually("what is not valid yet is made anew", || {
        let end = api.secret("tls.crt")?;
        (end != first && api.ask(&server, &review("back")).is_ok_and(|status| status == 200)).then_some(())
    });
}

#[test]
fn point_15_a_ca_is_replaced_before_its_end_and_forgotten_after() {
    let api = Api::start();
    let server = ready(&api);
    let (first_ca, first) = (api.secret("ca.crt").unwrap(), api.secret("tls.crt").unwrap());
    let mut seen = Vec::new();
    // A CA lives 360 days.
    api.set_clock(271 * DAY);
    eventually("both CAs are trusted", || {
        seen.push((api.bundle(VALIDATING), api.secret("ca.crt")));
        (cas(&api.bundle(VALIDATING)?) == 2 && cas(&api.bundle(MUTATING)?) == 2).then_some(())
    });
    let both = api.secret("ca.crt").unwrap();
    assert!(both.ends_with(&first_ca), "the old one stays");
    eventually("there is a certificate of the new one", || (api.secret("tls.crt")? != first).then_some(()));
    assert_eq!(api.bundle(VALIDATING).unwrap(), both);

    api.set_clock(361 * DAY);
    eventually("the old one is forgotten", || (cas(&api.bundle(VALIDATING)?) == 1).then_some(()));
    assert!(!api.bundle(VALIDATING).unwrap().contains(first_ca.lines().nth(3).unwrap()));
    assert!(server.is_ready());
}

#[test]
fn point_17_no_handshake_fails_while_certificates_and_cas_rotate() {
    let api = Api::start();
    let servers: Vec<Server> = (0..2).map(|_| unready(&api, &[])).collect();
    servers.iter().for_each(becomes_ready);
    let (first_ca, mut pairs) = (api.secret("ca.crt").unwrap(), std::collections::BTreeSet::new());
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for server in &servers {
            let (api, stop) = (&api, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(api.ask(server, &review("rotating")).unwrap(), 200);
                }
            });
        }
        for day in (0..=400).step_by(10) {
            api.set_clock(day * DAY);
            for server in &servers {
                let series = "crashlint_certificate_sync_total{result=\"success\"}";
                server.metric_reaches(series, server.metric(series) + 8.0);
            }
            pairs.insert(api.secret("tls.crt").unwrap());
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(!api.bundle(VALIDATING).unwrap().contains(&first_ca), "another CA signs");
    assert!(pairs.len() >= 6, "{}", pairs.len());
    for server in &servers {
        assert_eq!(server.metric("crashlint_dropped_connections_total{reason=\"handshake_failed\"}"), 0.0);
        assert_eq!(server.metric("crashlint_certificate_reload_total{result=\"failure\"}"), 0.0);
    }
}

#[test]
fn point_19_one_that_ends_brings_nothing_back() {
    let api = Api::start();
    let mut server = unready(&api, &["--shutdown-delay", "1h"]);
    becomes_ready(&server);
    server.terminate();
    eventually("it is unready", || (!server.is_ready()).then_some(()));
    server.logged("it says so", |line| line["message"] == "shutting down: unready, and answers end their connections");
    let synced = server.metric("crashlint_certificate_sync_total{result=\"success\"}");
    api.delete(SECRET);
    // Others still run, and are the measure of time.
    let other = Api::start();
    let witness = ready(&other);
    witness.metric_reaches("crashlint_certificate_sync_total{result=\"success\"}", 10.0);
    assert!(api.get(SECRET).is_none());
    assert!(server.metric("crashlint_certificate_sync_total{result=\"success\"}") <= synced + 1.0);
    server.terminate();
    assert_eq!(server.ended().code(), Some(0));
}
