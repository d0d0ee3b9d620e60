//! The webhook from outside: real sockets, real TLS, a server process of its own. The points are those that a trusted
//! admission server is held to; each test names its own.
//!
//! Where a test needs an evaluation that panics, sleeps or waits, the server process is this test binary itself
//! ([`stand_in`]): the same server with another evaluator plugged in. Nothing here waits for a fixed time where it can ask
//! whether something has come about.

mod api;
mod bodies;
mod certificates;
mod client;
mod connections;
mod crowd;
mod doors;
mod evaluations;
mod life;
mod managed;
mod ops;
mod pki;
mod policy;
mod server;

use crashlint::policy::Policy;
use crashlint::webhook::answer::{Answer, Door, Failure, Head, NoReview, Outcome, give_up};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Holds the arguments of a server that is this test binary.
const STAND_IN: &str = "CRASHLINT_TEST_STAND_IN";

/// How long anything may take that is waited for. Only a failure takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until it is so.
#[track_caller]
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < end, "never came about: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A review of a Pod, as an API server sends it.
fn review(uid: &str) -> String {
    serde_json::json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": uid,
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": "shop",
            "name": "web",
            "operation": "CREATE",
            "userInfo": {"username": "someone"},
            "object": {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.29"}]},
            },
            "oldObject": null,
            "dryRun": false,
        },
    })
    .to_string()
}

/// What the stand-in is told to do, as the body of a request.
fn order(uid: &str, order: &Value) -> String {
    let mut order = order.clone();
    order["uid"] = uid.into();
    order.to_string()
}

/// Is the server of other tests where they ask for it, and nothing else.
#[test]
#[ignore = "is started by other tests"]
fn stand_in() {
    let Ok(arguments) = std::env::var(STAND_IN) else { return };
    let arguments: Vec<String> = serde_json::from_str(&arguments).unwrap();
    let options = <crashlint::webhook::Options as clap::Parser>::parse_from(arguments);
    let _ = crashlint::webhook::run(options, Arc::new(obey));
    std::process::exit(0);
}

/// An evaluation that does as the body says.
fn obey(_: Door, body: &[u8], policy: &Policy, on_head: &mut dyn FnMut(&Head)) -> Result<Answer, NoReview> {
    let order: Value = serde_json::from_slice(body).map_err(|_| NoReview("no order".to_owned()))?;
    let text = |key: &str| order[key].as_str().unwrap_or_default();
    if text("do") == "panic before the head" {
        panic!("SECRET in a message");
    }
    let head = Head {
        uid: text("uid").to_owned(),
        operation: "CREATE",
        kind: "Pod".to_owned(),
        namespace: "shop".to_owned(),
        ..Head::default()
    };
    on_head(&head);
    match text("do") {
        "panic" => panic!("SECRET in a message"),
        "wait" => {
            while !Path::new(text("for")).exists() {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        "spin" => while !Path::new(text("for")).exists() {},
        _ => {}
    }
    let mut answer = give_up(head, Failure::Panic, true);
    answer.record.outcome = Outcome::Allowed;
    answer.body = serde_json::json!({"uid": text("uid"), "mode": format!("{:?}", policy.mode)}).to_string().into();
    Ok(answer)
}
