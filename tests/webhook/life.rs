//! Ends: graceful, hurried, and under load.

use super::client::Client;
use super::pki::Mount;
use super::server::Server;
use super::{eventually, order, review};
use rustix::process::Signal;
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

#[test]
fn point_19_what_is_under_way_is_answered_before_the_end() {
    let mount = Mount::new();
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::stand_in(&mount, &[]);
        let release = mount.path(&format!("release-{}", signal.as_raw()));
        let (mut busy, mut idle) = (Client::of(&server), Client::of(&server));
        idle.post("/validate", &order("before", &json!({})));
        let wait = order("last", &json!({"do": "wait", "for": release}));
        let answer = thread::spawn(move || busy.post("/validate?timeout=30s", &wait));
        server.metric_reaches("crashlint_admission_in_flight", 1.0);
        server.signal(signal);
        server.logged("it drains", |line| line["message"] == "shutting down: nothing new is accepted");
        // An idle connection may still be used for a moment, by a client that can't know yet; then it ends.
        assert!(idle.is_ended());
        eventually("nothing new is accepted", || Client::connect(server.listen, &server.tls()).err());
        // The kubelet still hears how things are.
        assert_eq!((server.get("/livez").status, server.get("/readyz").status), (200, 503));
        std::fs::write(&release, "").unwrap();
        let reply = answer.join().unwrap();
        assert_eq!((reply.status, reply.is_last()), (200, true));
        assert_eq!(server.ended().code(), Some(0));
        server.logged("the end", |line| line["message"] == "ended");
    }
}

#[test]
fn point_19_during_the_delay_it_is_unready_and_serves() {
    let mount = Mount::new();
    let mut server = Server::start(&mount, &["--shutdown-delay", "1h"]);
    let mut kept = Client::of(&server);
    assert!(!kept.post("/validate", &review("before")).is_last());
    server.terminate();
    let reply = eventually("it is unready", || Some(server.get("/readyz")).filter(|reply| reply.status == 503));
    assert_eq!(reply.body, b"shutting down\n");
    assert_eq!(server.get("/livez").status, 200);
    for client in [&mut kept, &mut Client::of(&server)] {
        let reply = client.post("/validate", &review("during"));
        assert_eq!((reply.status, reply.is_last()), (200, true));
        assert!(client.is_ended());
    }
    // A second signal does not wait.
    server.terminate();
    assert_eq!(server.ended().code(), Some(0));
}

#[test]
fn point_19_nothing_holds_the_end_up_for_ever() {
    let mount = Mount::new();
    let mut server = Server::stand_in(&mount, &["--drain-timeout", "100ms"]);
    let mut client = Client::of(&server);
    let body = order("never", &json!({"do": "wait", "for": "/no/such/file"}));
    let answer = thread::spawn(move || client.try_post("/validate?timeout=30s", &body));
    server.metric_reaches("crashlint_admission_in_flight", 1.0);
    server.terminate();
    assert_eq!(server.ended().code(), Some(0));
    assert!(answer.join().unwrap().is_err());
    server.logged("what was cut", |line| line["connections"] == 1);
}

/// Two servers behind a Service; one is replaced under load. Clients keep their connections as Go does, and look for a
/// ready server only where they need a new one.
#[test]
fn point_19_no_request_fails_in_a_rolling_update_under_load() {
    let mount = Mount::new();
    let arguments = ["--shutdown-delay", "1500ms"];
    let mut servers = vec![Server::start(&mount, &arguments), Server::start(&mount, &arguments)];
    let mut retired = servers.remove(0);
    let endpoints = [&retired, &servers[0]];
    let (stop, done, on_retired) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let addresses = endpoints.map(|server| (server.listen, server.ops));
    let tls = endpoints[0].tls();
    thread::scope(|scope| {
        for worker in 0..4 {
            let (stop, done, on_retired, tls) = (&stop, &done, &on_retired, &tls);
            scope.spawn(move || {
                let mut turn = worker;
                let mut connection: Option<Client> = None;
                while !stop.load(Ordering::Relaxed) {
                    let client = connection.get_or_insert_with(|| {
                        turn += 1;
                        let pick = (0..2).map(|next| (turn + next) % 2).find(|&index| is_ready(addresses[index].1));
                        let index = pick.expect("one is ready");
                        on_retired.fetch_add(usize::from(index == 0), Ordering::Relaxed);
                        Client::connect(addresses[index].0, tls).expect("no connection fails")
                    });
                    let reply = client.try_post("/validate", &review("rolling")).expect("no request fails");
                    assert_eq!(reply.status, 200);
                    if reply.is_last() {
                        connection = None;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let more = |count: usize| {
            let end = done.load(Ordering::Relaxed) + count;
            eventually("requests are answered", || (done.load(Ordering::Relaxed) >= end).then_some(()));
        };
        more(200);
        assert!(on_retired.load(Ordering::Relaxed) > 0);
        retired.terminate();
        assert_eq!(retired.ended().code(), Some(0));
        more(200);
        stop.store(true, Ordering::Relaxed);
    });
    let cut = retired.log().iter().any(|line| line["level"] == "warn");
    assert!(!cut, "{:?}", retired.log());
}

fn is_ready(ops: std::net::SocketAddr) -> bool {
    use std::io::Write as _;
    let Ok(mut stream) = super::client::tcp(ops) else { return false };
    let _ = stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n");
    super::client::receive(&mut std::io::BufReader::new(stream)).is_ok_and(|reply| reply.status == 200)
}
