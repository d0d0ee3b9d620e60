//! The policy file: broken at the start, broken later, mended.

use super::pki::Mount;
use super::server::Server;
use super::{eventually, order};
use serde_json::json;
use std::process::Command;

/// The mode of the policy that a review is evaluated with.
fn mode(server: &Server) -> String {
    server.post("/validate", &order("mode", &json!({}))).json()["mode"].as_str().unwrap().to_owned()
}

#[test]
fn point_20_a_policy_that_is_broken_at_the_start_is_two() {
    let mount = Mount::new();
    let policy = mount.write("policy.yaml", "mode: warn\nmutat: []\n");
    let webhook = |policy: &str| {
        Command::new(env!("CARGO_BIN_EXE_crashlint"))
            .args([
                "webhook",
                "--cert",
                "none",
                "--key",
                "none",
                "--listen",
                "127.0.0.1:0",
                "--ops-listen",
                "127.0.0.1:0",
            ])
            .args(["--policy", policy])
            .output()
            .unwrap()
    };
    let output = webhook(policy.to_str().unwrap());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.starts_with(&format!("error: {}:2:1: ", policy.display())) && stderr.contains("`mutate`"),
        "{stderr}"
    );
    let output = webhook("/no/such/policy");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.starts_with("error: /no/such/policy: "), "{stderr}");
}

#[test]
fn point_20_a_broken_policy_is_refused_with_its_line_and_the_last_good_one_stays() {
    let mount = Mount::new();
    let policy = mount.write("policy.yaml", "mode: audit\n");
    let server = Server::stand_in(&mount, &["--policy", policy.to_str().unwrap()]);
    assert_eq!(mode(&server), "Audit");
    let failures = "crashlint_policy_reload_total{result=\"failure\"}";

    mount.write("policy.yaml", "mode: enforce\nexemptions:\n- rules: [no-such-rule]\n  reason: x\n");
    server.metric_reaches(failures, 1.0);
    let line = server.logged("its place", |line| line["message"] == "refused a policy");
    assert_eq!((&line["line"], &line["column"]), (&json!(3), &json!(11)), "{line}");
    assert_eq!(line["file"], policy.to_str().unwrap());
    assert!(line["reason"].as_str().unwrap().contains("no-such-rule"), "{line}");
    assert_eq!(mode(&server), "Audit");
    assert!(server.is_ready());

    std::fs::remove_file(&policy).unwrap();
    server.metric_reaches(failures, 2.0);
    std::fs::write(&policy, b"mode: \xff").unwrap();
    server.logged("no UTF-8", |line| line["reason"] == "this is no UTF-8" && line["column"] == 7);
    assert_eq!(mode(&server), "Audit");

    mount.write("policy.yaml", "mode: enforce\n");
    eventually("the mended one counts", || (mode(&server) == "Enforce").then_some(()));
    assert_eq!(server.metric("crashlint_policy_reload_total{result=\"success\"}"), 1.0);
    server.logged("the event", |line| line["message"] == "took a policy");
}
