//! Evaluations that panic, take too long, or are too many.

use super::client::Client;
use super::pki::Mount;
use super::server::Server;
use super::{eventually, order};
use serde_json::json;
use std::thread::{self, JoinHandle};

#[test]
fn point_12_a_panic_is_one_answer_and_one_line() {
    let mount = Mount::new();
    for (rule, allowed, word) in [("allow", true, "failed_open"), ("deny", false, "failed_closed")] {
        let server = Server::stand_in(&mount, &["--on-failure", rule]);
        let mut client = Client::of(&server);
        let reply = client.post("/validate", &order("u-1", &json!({"do": "panic"}))).json();
        assert_eq!((&reply["response"]["uid"], &reply["response"]["allowed"]), (&json!("u-1"), &json!(allowed)));
        // The same connection and the same thread go on.
        assert_eq!(client.post("/validate", &order("u-2", &json!({}))).json()["uid"], "u-2");
        // Without a uid there is nothing to answer with.
        let reply = client.post("/validate", &order("u-3", &json!({"do": "panic before the head"})));
        assert_eq!((reply.status, reply.header("retry-after")), (500, None));

        let line = server.logged("the panic", |line| line["message"] == "an evaluation panicked");
        assert_eq!((&line["uid"], &line["level"]), (&json!("u-1"), &json!("error")));
        assert!(line["at"].as_str().unwrap().starts_with("tests/webhook/mod.rs:"), "{line}");
        server.logged("the decision", |line| line["uid"] == "u-1" && line["decision"] == word);
        let panics = |line: &&serde_json::Value| line["message"] == "an evaluation panicked";
        let log = eventually("both panics are logged", || {
            Some(server.log()).filter(|log| log.iter().filter(panics).count() == 2)
        });
        assert!(log.iter().all(|line| line["message"] != "panicked"), "{log:?}");
        assert!(!format!("{log:?}").contains("SECRET"));
        assert_eq!(server.metric("crashlint_admission_panics_total"), 2.0);
        let series = format!("crashlint_admission_requests_total{{operation=\"CREATE\",result=\"{word}\"}}");
        assert_eq!(server.metric(&series), 1.0);
    }
}

/// Sends a request from another thread, and waits until the server has it. It is under way a moment before it has its
/// place, which another may take: then it comes again, as the API server does.
fn waiting(server: &Server, uid: &str, query: &str, order_: &serde_json::Value) -> JoinHandle<(u16, String)> {
    let before = server.metric("crashlint_admission_in_flight");
    let (mut client, body, path) = (Client::of(server), order(uid, order_), format!("/validate{query}"));
    let handle = thread::spawn(move || {
        let mut reply = client.post(&path, &body);
        while reply.status == 429 {
            reply = client.post(&path, &body);
        }
        (reply.status, String::from_utf8(reply.body).unwrap())
    });
    server.metric_reaches("crashlint_admission_in_flight", before + 1.0);
    handle
}

#[test]
fn point_11_past_the_deadline_the_rule_answers_and_the_place_stays_taken() {
    let mount = Mount::new();
    let server = Server::stand_in(&mount, &["--workers", "1", "--queue", "0"]);
    let release = mount.path("release");
    let wait = json!({"do": "wait", "for": release});
    let reply = server.post("/validate?timeout=1s", &order("u-1", &wait));
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json()["response"],
        json!({"uid": "u-1", "allowed": true, "auditAnnotations": {"failure": "crashlint ran out of time"}})
    );
    server.logged("the deadline", |line| line["uid"] == "u-1" && line["message"] == "an evaluation took too long");
    assert_eq!(server.metric("crashlint_admission_deadline_exceeded_total"), 1.0);

    // It still runs, so there is no place for another.
    let reply = server.post("/validate", &order("u-2", &json!({})));
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
    std::fs::write(&release, "").unwrap();
    eventually("the place is free", || {
        (server.post("/validate", &order("u-3", &json!({}))).status == 200).then_some(())
    });
}

#[test]
fn point_11_reviews_beyond_the_queue_are_put_off() {
    let mount = Mount::new();
    let server = Server::stand_in(&mount, &["--workers", "1", "--queue", "2"]);
    let release = mount.path("release");
    let running = waiting(&server, "running", "?timeout=30s", &json!({"do": "wait", "for": release}));
    let queued = [0, 1].map(|_| waiting(&server, "queued", "?timeout=30s", &json!({})));
    // A request is under way a moment before it has its place.
    let mut client = Client::of(&server);
    let reply = eventually("the queue is full", || {
        Some(client.post("/validate?timeout=1s", &order("too many", &json!({})))).filter(|reply| reply.status == 429)
    });
    assert_eq!((reply.header("retry-after"), reply.is_last()), (Some("1"), false));
    assert!(server.metric("crashlint_admission_shed_total{reason=\"queue\"}") >= 1.0);
    assert!(server.is_ready());

    std::fs::write(&release, "").unwrap();
    for handle in std::iter::once(running).chain(queued) {
        assert_eq!(handle.join().unwrap().0, 200);
    }
    assert_eq!(client.post("/validate", &order("again", &json!({}))).status, 200);
}

#[test]
fn point_11_time_in_the_queue_counts() {
    let mount = Mount::new();
    let server = Server::stand_in(&mount, &["--workers", "1"]);
    let release = mount.path("release");
    let running = waiting(&server, "running", "?timeout=30s", &json!({"do": "wait", "for": release}));
    let reply = server.post("/validate?timeout=200ms", &order("late", &json!({})));
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
    assert_eq!(server.metric("crashlint_admission_shed_total{reason=\"deadline\"}"), 1.0);
    std::fs::write(&release, "").unwrap();
    assert_eq!(running.join().unwrap().0, 200);
}

#[test]
fn point_11_who_hangs_up_leaves_the_queue() {
    let mount = Mount::new();
    let server = Server::stand_in(&mount, &["--workers", "1", "--queue", "1"]);
    let release = mount.path("release");
    let running = waiting(&server, "running", "?timeout=30s", &json!({"do": "wait", "for": release}));
    let mut gone = Client::of(&server);
    let body = order("gone", &json!({}));
    let head = "POST /validate?timeout=30s HTTP/1.1\r\nhost: l\r\ncontent-type: application/json";
    gone.send(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    eventually("the queue is full", || {
        (server.post("/validate?timeout=100ms", &order("next", &json!({}))).status == 429).then_some(())
    });
    drop(gone);
    server.metric_reaches("crashlint_admission_abandoned_total", 1.0);
    let next = waiting(&server, "next", "?timeout=30s", &json!({}));
    std::fs::write(&release, "").unwrap();
    assert_eq!(running.join().unwrap().0, 200);
    assert_eq!(next.join().unwrap().0, 200);
    assert!(server.log().iter().all(|line| line["uid"] != "gone"));
}
