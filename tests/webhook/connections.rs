//! Handshakes, heads, idleness, age: each wait has an end, and none ends another's connection.

use super::client::{Client, Tls, tcp};
use super::pki::Mount;
use super::server::Server;
use super::{eventually, review};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::time::Duration;

fn dropped(reason: &str) -> String {
    format!("crashlint_dropped_connections_total{{reason=\"{reason}\"}}")
}

/// Whether the other side has ended a plain connection; waits until it has.
fn is_ended(stream: &mut std::net::TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn point_08_http_1_1_alone_over_tls_1_2_and_1_3() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let tls = Tls::with(&[&mount.ca.pem], None, &["h2", "http/1.1"], &[version]);
        let mut client = Client::connect(server.listen, &tls).unwrap();
        assert_eq!(client.post("/validate", &review("alpn")).status, 200);
        assert_eq!(client.tls().alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(client.tls().protocol_version(), Some(version.version));
    }
    // Without ALPN it is HTTP/1.1 as well.
    let none = Tls::with(&[&mount.ca.pem], None, &[], rustls::ALL_VERSIONS);
    assert_eq!(Client::connect(server.listen, &none).unwrap().post("/validate", &review("none")).status, 200);
    let h2 = Tls::with(&[&mount.ca.pem], None, &["h2"], rustls::ALL_VERSIONS);
    assert!(Client::connect(server.listen, &h2).is_err());
    server.metric_reaches(&dropped("handshake_failed"), 1.0);
}

#[test]
fn point_10_what_is_no_tls_is_ended_and_counted() {
    let mount = Mount::new();
    let server = Server::start(&mount, &["--log-level", "debug"]);
    let http = b"POST /validate HTTP/1.1\r\nhost: l\r\n\r\n";
    for bytes in [&http[..], &[0; 600], &[0x16, 3, 1, 0xff, 0xff], b"\x16\x03\x01\x00\x05hello", b"SSH-2.0-x\r\n"] {
        let mut stream = tcp(server.listen).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert!(is_ended(&mut stream), "{bytes:?}");
    }
    // Gone before a word, as a load balancer's probe.
    drop(tcp(server.listen).unwrap());
    server.metric_reaches(&dropped("handshake_failed"), 6.0);
    assert_eq!(server.post("/validate", &review("after")).status, 200);
    assert!(server.log().iter().all(|line| line["level"] != "error"), "{:?}", server.log());
}

#[test]
fn point_10_slow_handshakes_and_heads_end_and_idle_connections_stay() {
    let mount = Mount::new();
    let server = Server::start(&mount, &["--handshake-timeout", "250ms", "--header-timeout", "250ms"]);
    let mut idle = Client::of(&server);
    assert_eq!(idle.post("/validate", &review("one")).status, 200);
    // Dialled and not used yet.
    let mut unused = Client::of(&server);

    let mut silent = tcp(server.listen).unwrap();
    assert!(is_ended(&mut silent));
    server.metric_reaches(&dropped("handshake_timeout"), 1.0);

    // A byte now and then is no head either.
    let mut slow = Client::of(&server);
    slow.socket().set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    let mut head = b"POST /validate HTTP/1.1\r\nx-filler: ".iter().chain(std::iter::repeat(&b'x'));
    eventually("the slow head ends", || {
        let sent = slow.send(&[*head.next().unwrap()]);
        (sent.is_err() || slow.is_ended()).then_some(())
    });
    server.metric_reaches(&dropped("header_timeout"), 1.0);

    // Both limits are long over for these.
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(idle.post("/validate", &review("two")).status, 200);
    assert_eq!(unused.post("/validate", &review("three")).status, 200);
    assert_eq!(server.metric(&dropped("header_timeout")), 1.0);
    assert_eq!(server.metric(&dropped("idle_timeout")), 0.0);
}

#[test]
fn point_10_idleness_has_a_limit_of_its_own() {
    let mount = Mount::new();
    let server = Server::start(&mount, &["--idle-timeout", "300ms"]);
    let mut client = Client::of(&server);
    assert_eq!(client.post("/validate", &review("one")).status, 200);
    assert!(client.is_ended());
    assert!(Client::of(&server).is_ended());
    server.metric_reaches(&dropped("idle_timeout"), 2.0);
}

#[test]
fn point_10_a_slow_body_ends() {
    let mount = Mount::new();
    let server = Server::start(&mount, &["--body-timeout", "250ms"]);
    let mut client = Client::of(&server);
    client
        .send(b"POST /validate HTTP/1.1\r\nhost: l\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{")
        .unwrap();
    let reply = client.receive().unwrap();
    assert_eq!((reply.status, reply.is_last()), (408, true));
    assert!(client.is_ended());
    server.metric_reaches("crashlint_rejected_bodies_total{reason=\"slow\"}", 1.0);
}

#[test]
fn point_10_half_closed_connections_end() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    // Within a head, within a body, after a request, before any.
    for sent in [
        "POST /validate HT",
        "POST /validate HTTP/1.1\r\nhost: l\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{",
        "",
    ] {
        let mut client = Client::of(&server);
        client.send(sent.as_bytes()).unwrap();
        client.socket().shutdown(Shutdown::Write).unwrap();
        assert!(client.is_ended(), "{sent}");
    }
    let mut client = Client::of(&server);
    assert_eq!(client.post("/validate", &review("half")).status, 200);
    client.socket().shutdown(Shutdown::Write).unwrap();
    assert!(client.is_ended());
    eventually("no connection is left", || (server.metric("crashlint_connections") == 0.0).then_some(()));
    assert_eq!(server.post("/validate", &review("after")).status, 200);
}

#[test]
fn point_10_a_head_has_a_size() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    let mut client = Client::of(&server);
    client.send(format!("POST /validate HTTP/1.1\r\nhost: l\r\nx: {}\r\n\r\n", "x".repeat(20_000)).as_bytes()).unwrap();
    assert_eq!(client.receive().unwrap().status, 431);
    let mut client = Client::of(&server);
    client.send(b"\0\0\0\0\r\n\r\n").unwrap();
    assert_eq!(client.receive().unwrap().status, 400);
    server.metric_reaches(&dropped("broken"), 2.0);
}

#[test]
fn point_10_connections_are_capped_and_places_come_back() {
    let mount = Mount::new();
    let server = Server::start(&mount, &["--max-connections", "2"]);
    let (mut one, two) = (Client::of(&server), Client::of(&server));
    assert!(Client::connect(server.listen, &server.tls()).is_err());
    server.metric_reaches(&dropped("refused"), 1.0);
    assert_eq!(one.post("/validate", &review("capped")).status, 200);
    drop(two);
    let mut three = eventually("a place is free", || Client::connect(server.listen, &server.tls()).ok());
    assert_eq!(three.post("/validate", &review("free")).status, 200);
}

#[test]
fn point_10_age_marks_an_answer_and_never_ends_an_idle_connection() {
    let mount = Mount::new();
    let server = Server::start(&mount, &["--max-connection-age", "2s"]);
    let mut client = Client::of(&server);
    assert!(!client.post("/validate", &review("young")).is_last());
    // Well past its age and idle: still open.
    client.socket().set_read_timeout(Some(Duration::from_millis(2500))).unwrap();
    assert!(!client.is_ended());
    let reply = client.post("/validate", &review("old"));
    assert_eq!((reply.status, reply.is_last()), (200, true));
    assert!(client.is_ended());

    let server = Server::start(&mount, &["--max-connection-age", "0"]);
    assert!(!server.post("/validate", &review("ageless")).is_last());
}

#[test]
fn point_10_requests_in_one_piece_are_answered_in_order() {
    let mount = Mount::new();
    let server = Server::stand_in(&mount, &[]);
    let mut client = Client::of(&server);
    let mut all = String::new();
    for number in 0..3 {
        let body = super::order(&number.to_string(), &serde_json::json!({}));
        let length = body.len();
        all += &format!(
            "POST /validate HTTP/1.1\r\nhost: l\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
    }
    client.send(all.as_bytes()).unwrap();
    for number in 0..3 {
        assert_eq!(client.receive().unwrap().json()["uid"], number.to_string());
    }
}
