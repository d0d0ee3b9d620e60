//! The plain port, the metrics and the log.

use super::client::{Client, tcp};
use super::pki::Mount;
use super::server::Server;
use super::{eventually, order, review};
use serde_json::{Value, json};
use std::thread;

#[test]
fn point_08_the_ops_port_answers_while_the_other_is_saturated() {
    let mount = Mount::new();
    let server = Server::stand_in(&mount, &["--max-connections", "8", "--queue", "4"]);
    let cores = thread::available_parallelism().unwrap().get();
    let release = mount.path("release");
    // Every thread that evaluates is busy, the queue and the connections are full.
    let spin = order("spin", &json!({"do": "spin", "for": release}));
    let busy: Vec<_> = (0..8)
        .map(|_| {
            let (mut client, spin) = (Client::of(&server), spin.clone());
            thread::spawn(move || (client.post("/validate?timeout=30s", &spin).status, client))
        })
        .collect();
    server.metric_reaches("crashlint_admission_in_flight", cores.min(8) as f64);
    assert!(Client::connect(server.listen, &server.tls()).is_err());
    for path in ["/livez", "/readyz", "/metrics"] {
        for _ in 0..5 {
            assert_eq!(server.get(path).status, 200, "{path}");
        }
    }
    std::fs::write(&release, "").unwrap();
    for handle in busy {
        assert!(matches!(handle.join().unwrap().0, 200 | 429));
    }
}

#[test]
fn point_08_nobody_can_hold_the_ops_port() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    let held: Vec<_> = (0..200).map(|_| tcp(server.ops).unwrap()).collect();
    assert_eq!(server.get("/livez").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    drop(held);
}

#[test]
fn point_21_metrics_have_their_names_and_no_names_of_objects() {
    let mount = Mount::new();
    let server = Server::stand_in(&mount, &[]);
    for uid in ["u-1", "u-2"] {
        server.post("/validate", &order(uid, &json!({})));
    }
    let reply = server.get("/metrics");
    assert_eq!(reply.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let text = String::from_utf8(reply.body).unwrap();
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains("shop") && !text.contains("u-1"));
    assert_eq!(server.metric("crashlint_admission_requests_total{operation=\"CREATE\",result=\"allowed\"}"), 2.0);
    assert_eq!(server.metric("crashlint_admission_duration_seconds_count"), 2.0);
    server.metric("crashlint_admission_duration_seconds_bucket{le=\"0.0001\"}");
    assert!(server.metric("crashlint_certificate_expiry_timestamp_seconds") > 1.7e9);
    for series in [
        "crashlint_policy_reload_total{result=\"failure\"}",
        "crashlint_certificate_reload_total{result=\"failure\"}",
        "crashlint_admission_in_flight",
        "crashlint_admission_shed_total{reason=\"queue\"}",
        "crashlint_admission_panics_total",
        "crashlint_rejected_bodies_total{reason=\"too_large\"}",
        "crashlint_log_lines_dropped_total",
    ] {
        assert_eq!(server.metric(series), 0.0, "{series}");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(server.metric(&format!("crashlint_build_info{{version=\"{version}\"}}")), 1.0);
}

#[test]
fn point_22_a_decision_is_one_line_of_json() {
    let mount = Mount::new();
    let mut server = Server::stand_in(&mount, &[]);
    let mut client = Client::of(&server);
    for uid in ["plain", "line\nbreak \"quoted\" \u{2028}", &"long".repeat(1000)] {
        client.post("/validate", &order(uid, &json!({"env": "PASSWORD"})));
    }
    server.terminate();
    assert!(server.ended().success());
    server.logged("the end", |line| line["message"] == "ended");
    let log = server.log();
    let decisions: Vec<&Value> = log.iter().filter(|line| line["message"] == "decision").collect();
    assert_eq!(decisions.len(), 3, "{log:?}");
    let line = decisions[0].as_object().unwrap();
    let keys: Vec<&str> = line.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "timestamp",
            "level",
            "message",
            "uid",
            "operation",
            "groupVersion",
            "kind",
            "namespace",
            "name",
            "subresource",
            "dryRun",
            "decision",
            "rules",
            "findings",
            "mutated",
            "durationUs"
        ]
    );
    assert_eq!(
        (&line["uid"], &line["operation"], &line["namespace"]),
        (&json!("plain"), &json!("CREATE"), &json!("shop"))
    );
    assert_eq!((&line["rules"], &line["mutated"], &line["decision"]), (&json!([]), &json!([]), &json!("allowed")));
    assert!(line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(decisions[1]["uid"], "line\nbreak \"quoted\" \u{2028}");
    assert_eq!(decisions[2]["uid"].as_str().unwrap().len(), 256);
    assert!(!format!("{log:?}").contains("PASSWORD"));
    for message in ["started", "took a certificate", "ended"] {
        assert!(log.iter().any(|line| line["message"] == message), "{message}");
    }
}

#[test]
fn point_22_a_log_that_nobody_reads_holds_up_nothing() {
    let mount = Mount::new();
    let (mut server, stderr) = Server::start_unread(&mount, &[]);
    let mut client = Client::of(&server);
    // A pipe holds 64 KiB, and a line is some 300 bytes.
    for number in 0..600 {
        assert_eq!(client.post("/validate", &review(&number.to_string())).status, 200);
    }
    assert!(server.is_ready());
    server.terminate();
    assert!(server.ended().success());
    drop(stderr);
}

#[test]
fn point_22_a_log_whose_reader_has_gone_holds_up_nothing() {
    let mount = Mount::new();
    let (mut server, stderr) = Server::start_unread(&mount, &[]);
    drop(stderr);
    let mut client = Client::of(&server);
    for number in 0..20 {
        assert_eq!(client.post("/validate", &review(&number.to_string())).status, 200);
    }
    server.terminate();
    eventually("it ends", || server.ended().success().then_some(()));
}
