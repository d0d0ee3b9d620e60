//! Certificates that come, change, break and end.

use super::client::{Client, Tls};
use super::eventually;
use super::pki::{Ca, Mount, Pair, Valid, replace};
use super::review;
use super::server::Server;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The certificate that the server shows.
fn shown(server: &Server) -> Vec<u8> {
    Client::of(server).tls().peer_certificates().unwrap()[0].to_vec()
}

#[track_caller]
fn shows(server: &Server, pair: &Pair) {
    eventually("the certificate is served", || (shown(server) == pair.chain()[0].as_ref()).then_some(()));
}

/// Puts a pair into a folder as the kubelet does with a Secret: a new folder, and `..data` turned to it in one step.
fn swap_in(mount: &Path, pair: &Pair, number: u32) {
    let folder = format!("..2026_01_0{number}");
    std::fs::create_dir(mount.join(&folder)).unwrap();
    std::fs::write(mount.join(&folder).join("tls.crt"), &pair.cert).unwrap();
    std::fs::write(mount.join(&folder).join("tls.key"), &pair.key).unwrap();
    symlink(&folder, mount.join("..data_tmp")).unwrap();
    std::fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    for name in ["tls.crt", "tls.key"] {
        let _ = std::fs::remove_file(mount.join(name));
        symlink(format!("..data/{name}"), mount.join(name)).unwrap();
    }
}

#[test]
fn point_14_a_pair_is_taken_from_a_swapped_link_again_and_again() {
    let mount = Mount::new();
    swap_in(mount.folder.path(), &mount.pair, 1);
    let server = Server::start(&mount, &[]);
    shows(&server, &mount.pair);
    for number in 2..5 {
        let next = mount.ca.server(Valid::Now);
        let folder = format!("..2026_01_0{number}");
        std::fs::create_dir(mount.path(&folder)).unwrap();
        std::fs::write(mount.path(&folder).join("tls.crt"), &next.cert).unwrap();
        std::fs::write(mount.path(&folder).join("tls.key"), &next.key).unwrap();
        symlink(&folder, mount.path("..data_tmp")).unwrap();
        std::fs::rename(mount.path("..data_tmp"), mount.path("..data")).unwrap();
        shows(&server, &next);
    }
    // A swap is one step, so no look saw half of one.
    assert_eq!(server.metric("crashlint_certificate_reload_total{result=\"failure\"}"), 0.0);
    assert_eq!(server.metric("crashlint_certificate_reload_total{result=\"success\"}"), 4.0);
}

#[test]
fn point_17_no_handshake_fails_while_pairs_are_renamed_into_place() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut client = Client::connect(server.listen, &server.tls()).unwrap();
                    assert_eq!(client.post("/validate", &review("rotating")).status, 200);
                }
            });
        }
        for _ in 0..4 {
            let next = mount.ca.server(Valid::Now);
            mount.rename_in(&next);
            shows(&server, &next);
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn point_14_a_broken_pair_is_refused_once_and_the_last_good_one_stays() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    let failures = "crashlint_certificate_reload_total{result=\"failure\"}";
    let other = mount.ca.server(Valid::Now);
    let mut refused = 0.0;
    for (file, text, why) in [
        ("tls.key", &*other.key, "the key is not that of the certificate"),
        ("tls.key", "no key", "the key file holds no PEM key"),
        ("tls.crt", "", "the certificate file holds no PEM certificate"),
        ("tls.crt", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "is no PEM"),
    ] {
        replace(&mount.path(file), text);
        refused += 1.0;
        server.metric_reaches(failures, refused);
        let line = server.logged(why, |line| line["reason"].as_str().is_some_and(|reason| reason.contains(why)));
        assert_eq!((&line["level"], &line["kept"]), (&"error".into(), &true.into()));
        assert_eq!(shown(&server), mount.pair.chain()[0].as_ref());
        assert!(server.is_ready());
    }
    std::fs::remove_file(mount.path("tls.crt")).unwrap();
    server.metric_reaches(failures, refused + 1.0);
    assert_eq!(server.post("/validate", &review("kept")).status, 200);

    // Said once each, however often it was looked at.
    mount.rename_in(&other);
    shows(&server, &other);
    let log = server.log();
    let lines = log.iter().filter(|line| line["message"] == "refused a certificate").count();
    assert_eq!(lines as f64, server.metric(failures));
    assert!(!format!("{log:?}").contains("PRIVATE KEY"));
}

#[test]
fn point_14_an_expired_pair_does_not_replace_a_valid_one() {
    let mount = Mount::new();
    let server = Server::start(&mount, &[]);
    mount.rename_in(&mount.ca.server(Valid::Past));
    server.logged("it is refused", |line| line["reason"].as_str().is_some_and(|reason| reason.contains("has expired")));
    assert_eq!(shown(&server), mount.pair.chain()[0].as_ref());
    assert!(server.is_ready());
}

#[test]
fn point_19_an_expired_leaf_is_served_and_unready() {
    let mount = Mount::new();
    mount.rename_in(&mount.ca.server(Valid::Past));
    let server = Server::start_unready(&mount, &[]);
    let reply = eventually("it is unready", || Some(server.get("/readyz")).filter(|reply| reply.status == 503));
    assert_eq!(reply.body, b"the certificate has expired\n");
    assert_eq!(server.get("/livez").status, 200);
    assert_eq!(server.metric("crashlint_certificate_expiry_timestamp_seconds"), 1_609_459_200.0);
    // It is the client that refuses.
    let refused = Client::connect(server.listen, &server.tls()).err().unwrap();
    assert!(refused.to_string().contains("expired"), "{refused}");

    mount.rename_in(&mount.ca.server(Valid::Now));
    eventually("it is ready", || server.is_ready().then_some(()));
    assert_eq!(server.post("/validate", &review("renewed")).status, 200);
}

#[test]
fn point_19_without_a_certificate_it_waits_for_one() {
    let mount = Mount::new();
    std::fs::remove_file(mount.path("tls.key")).unwrap();
    let server = Server::start_unready(&mount, &[]);
    let reply = eventually("it answers", || server.try_get("/readyz").ok());
    assert_eq!((reply.status, &*reply.body), (503, &b"no certificate\n"[..]));
    assert_eq!(server.get("/livez").status, 200);
    // At once, so that nobody waits.
    assert!(Client::connect(server.listen, &server.tls()).is_err());
    server.metric_reaches("crashlint_dropped_connections_total{reason=\"no_certificate\"}", 1.0);
    mount.rename_in(&mount.pair);
    eventually("it is ready", || server.is_ready().then_some(()));
    assert_eq!(server.post("/validate", &review("late")).status, 200);
}

/// Whether a client is answered. With TLS 1.3 it hears only after its own part of the handshake that it is refused.
fn is_answered(server: &Server, tls: &Tls) -> bool {
    let reply = Client::connect(server.listen, tls).and_then(|mut client| client.try_post("/validate", &review("who")));
    reply.is_ok_and(|reply| reply.status == 200)
}

#[test]
fn point_18_clients_are_known_by_ca_and_common_name() {
    let mount = Mount::new();
    let (ca, other) = (Ca::new(), Ca::new());
    let file = mount.write("ca.crt", &ca.pem);
    let file = file.to_str().unwrap();
    let server = Server::start(
        &mount,
        &["--client-ca", file, "--client-name", "kube-apiserver", "--client-name", "front-proxy"],
    );
    let tls = |identity: Option<&Pair>, version| Tls::with(&[&mount.ca.pem], identity, &["http/1.1"], &[version]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for name in ["kube-apiserver", "front-proxy"] {
            assert!(is_answered(&server, &tls(Some(&ca.client(name)), version)), "{name}");
        }
        for name in ["someone", "kube-apiserver2", "Kube-Apiserver", ""] {
            assert!(!is_answered(&server, &tls(Some(&ca.client(name)), version)), "{name}");
        }
        assert!(!is_answered(&server, &tls(Some(&other.client("kube-apiserver")), version)));
        assert!(!is_answered(&server, &tls(None, version)));
    }
    server.metric_reaches("crashlint_dropped_connections_total{reason=\"handshake_failed\"}", 12.0);

    // The CA is replaced live, too.
    mount.write("ca.crt", &other.pem);
    eventually("the other CA counts", || {
        is_answered(&server, &tls(Some(&other.client("front-proxy")), &rustls::version::TLS13)).then_some(())
    });
    assert!(!is_answered(&server, &tls(Some(&ca.client("front-proxy")), &rustls::version::TLS13)));

    let any = Server::start(&mount, &["--client-ca", file]);
    assert!(is_answered(&any, &tls(Some(&other.client("anybody")), &rustls::version::TLS13)));
    assert!(!is_answered(&any, &tls(None, &rustls::version::TLS13)));
}
