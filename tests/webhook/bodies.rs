//! What is refused before, while and after a body is read.

use super::client::{Client, Reply};
use super::pki::Mount;
use super::server::Server;
use super::{eventually, order, review};
use serde_json::json;

/// Bytes that a body may have.
const LARGEST: usize = 7 * 1024 * 1024;

/// A review of so many bytes: white space may follow JSON.
fn padded(bytes: usize) -> String {
    let mut text = review("padded");
    text.extend(std::iter::repeat_n(' ', bytes - text.len()));
    text
}

fn chunked(client: &mut Client, body: &[u8]) -> std::io::Result<Reply> {
    let head = "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    client.send(head.as_bytes())?;
    for chunk in body.chunks(1 << 20) {
        client.send(format!("{:x}\r\n", chunk.len()).as_bytes())?;
        client.send(chunk)?;
        client.send(b"\r\n")?;
    }
    client.send(b"0\r\n\r\n")?;
    client.receive()
}

/// All of one server, as these bodies are large.
#[test]
fn point_09_seven_mebibytes_are_read_and_one_byte_more_is_not() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    let mut client = Client::of(&server);
    assert_eq!(client.post("/validate", &padded(LARGEST)).status, 200);
    // The connection is still good.
    assert_eq!(chunked(&mut client, padded(LARGEST).as_bytes()).unwrap().status, 200);
    assert_eq!(client.post("/validate", &review("small")).status, 200);

    let reply = client.post("/validate", &padded(LARGEST + 1));
    assert_eq!((reply.status, reply.is_last()), (413, true));
    assert!(client.is_ended());
    let reply = chunked(&mut Client::of(&server), padded(LARGEST + 1).as_bytes()).unwrap();
    assert_eq!((reply.status, reply.is_last()), (413, true));

    // Who only announces a large one is answered without sending it.
    let mut client = Client::of(&server);
    client
        .send(
            b"POST /validate HTTP/1.1\r\nhost: l\r\ncontent-type: application/json\r\ncontent-length: 7340033\r\n\r\n",
        )
        .unwrap();
    assert_eq!(client.receive().unwrap().status, 413);
    server.metric_reaches("crashlint_rejected_bodies_total{reason=\"too_large\"}", 3.0);
    assert_eq!(server.metric("crashlint_body_held_bytes"), 0.0);
}

#[test]
fn point_09_a_length_that_lies_harms_nobody() {
    let mount = Mount::new();
    let server = Server::start(&mount, &["--body-timeout", "300ms"]);
    let head = |length: usize| {
        format!(
            "POST /validate HTTP/1.1\r\nhost: l\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    // More is announced than comes: no memory is taken for what is not there, and the wait ends.
    let mut client = Client::of(&server);
    client.send(head(LARGEST).as_bytes()).unwrap();
    client.send(b"{}").unwrap();
    let reply = client.receive().unwrap();
    assert_eq!((reply.status, reply.is_last()), (408, true));
    // Or the client goes.
    let mut client = Client::of(&server);
    client.send(head(1000).as_bytes()).unwrap();
    client.send(b"{}").unwrap();
    drop(client);
    // Less is announced than comes: the rest is no request.
    let mut client = Client::of(&server);
    client.send(head(2).as_bytes()).unwrap();
    client.send(b"{}\0\0\0\0 and more\r\n\r\n").unwrap();
    client.receive().unwrap();
    eventually("the rest is answered with 400 or nothing", || {
        client.receive().map_or(true, |it| it.status == 400).then_some(())
    });
    // Two lengths, or a length and chunks, are how requests are smuggled.
    let mut client = Client::of(&server);
    client.send(b"POST /validate HTTP/1.1\r\nhost: l\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{}").unwrap();
    assert_eq!(client.receive().unwrap().status, 400);
    assert_eq!(server.post("/validate", &review("after")).status, 200);
}

#[test]
fn point_09_the_content_type_is_checked_before_the_body_is_read() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    for kind in ["text/plain", "application/yaml", "application/json-patch+json", ""] {
        let mut client = Client::of(&server);
        // No byte of the body is sent.
        let head = format!("POST /validate HTTP/1.1\r\nhost: l\r\ncontent-type: {kind}\r\ncontent-length: 100\r\n\r\n");
        client.send(head.as_bytes()).unwrap();
        let reply = client.receive().unwrap();
        assert_eq!((reply.status, reply.is_last()), (415, true), "{kind}");
    }
    let mut client = Client::of(&server);
    client.send(b"POST /validate HTTP/1.1\r\nhost: l\r\ncontent-length: 100\r\n\r\n").unwrap();
    assert_eq!(client.receive().unwrap().status, 415);
    let head = "POST /validate HTTP/1.1\r\ncontent-type: application/json; charset=utf-8";
    assert_eq!(Client::of(&server).request(head, review("typed").as_bytes()).unwrap().status, 200);
    let head = "POST /validate HTTP/1.1\r\ncontent-type: application/json\r\ncontent-encoding: gzip";
    assert_eq!(Client::of(&server).request(head, b"x").unwrap().status, 415);
    server.metric_reaches("crashlint_rejected_bodies_total{reason=\"content_type\"}", 6.0);
}

#[test]
fn point_09_what_is_no_review_is_400_and_the_connection_goes_on() {
    let mount = Mount::new();
    let server = Server::stand_in(&mount, &[]);
    let mut client = Client::of(&server);
    for body in [&b"\xff\xfe{}"[..], b"", b"not json", b"{\"a\":"] {
        let head = "POST /validate HTTP/1.1\r\ncontent-type: application/json";
        let reply = client.request(head, body).unwrap();
        assert_eq!((reply.status, reply.is_last()), (400, false), "{body:?}");
    }
    assert_eq!(client.post("/validate", &order("after", &json!({}))).json()["uid"], "after");
    assert_eq!(server.metric("crashlint_rejected_bodies_total{reason=\"no_review\"}"), 4.0);
}

#[test]
fn point_08_paths_and_methods() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    for path in ["/validate", "/validate/enforce", "/validate/warn", "/validate/audit", "/mutate", "/mutate?timeout=1s"]
    {
        assert_eq!(server.post(path, &review("paths")).status, 200, "{path}");
    }
    for path in ["/", "/validate/off", "/validate/unknownmode", "/validate/", "/mutate/warn", "/livez", "/metrics"] {
        assert_eq!(server.post(path, &review("paths")).status, 404, "{path}");
    }
    for method in ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"] {
        let reply = Client::of(&server).request(&format!("{method} /validate HTTP/1.1"), b"").unwrap();
        assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{method}");
    }
    assert_eq!(server.get("/livez").status, 200);
    assert_eq!(server.get("/validate").status, 404);
    assert_eq!(server.get("/").status, 404);
}

#[test]
fn point_10_the_bytes_of_all_bodies_have_a_bound() {
    let mount = Mount::new();
    let server = Server::start(&mount, &["--body-budget", "100000"]);
    let mut greedy = Client::of(&server);
    let head =
        "POST /validate HTTP/1.1\r\nhost: l\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n";
    greedy.send(head.as_bytes()).unwrap();
    greedy.send(&[b' '; 90_000]).unwrap();
    server.metric_reaches("crashlint_body_held_bytes", 90_000.0);

    let reply = server.post("/validate", &padded(20_000));
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
    assert_eq!(server.post("/validate", &review("small")).status, 200);
    assert_eq!(server.metric("crashlint_admission_shed_total{reason=\"body_budget\"}"), 1.0);

    // What a client that goes has held is free again.
    drop(greedy);
    eventually("there is room", || (server.post("/validate", &padded(20_000)).status == 200).then_some(()));
    assert_eq!(server.metric("crashlint_body_held_bytes"), 0.0);
}
