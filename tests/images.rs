//! `policies/images/`: that the rows are well made, that none stands where it is never asked, and what they say of
//! images about which a mistake is easy.

use crashlint::k8s::image::Image;
use crashlint::k8s::images::{ImageFacts, Images, Known};
use crashlint::k8s::quantity::Quantity;
use crashlint::policy::{Policy, Profile};
use std::collections::BTreeSet;

fn images() -> std::sync::Arc<Images> {
    Policy::of(Profile::Recommended).tables.images
}

/// What a row speaks of.
fn says(row: &ImageFacts) -> BTreeSet<&'static str> {
    let all = [
        ("like", row.like.is_some()),
        ("os", row.os),
        ("idles", row.idles.is_some()),
        ("entrypoint", row.entrypoint.is_some()),
        ("command", row.command.is_some()),
        ("runsArgs", row.runs_args.is_some()),
        ("takes", row.takes.is_some()),
        ("shells", row.shells.is_some()),
        ("runtime", row.runtime.is_some()),
        ("user", row.user.is_some()),
        ("uid", row.uid.is_some()),
        ("capabilities", row.capabilities.is_some()),
        ("fileCapabilities", row.file_capabilities.is_some()),
        ("ports", row.ports.is_some()),
        ("writes", row.writes.is_some()),
        ("volumes", row.volumes.is_some()),
        ("requires", row.requires.is_some()),
        ("data", row.data.is_some()),
        ("reads", row.reads.is_some()),
        ("health", row.health.is_some()),
        ("heap", row.heap.is_some()),
    ];
    all.into_iter().filter(|(_, said)| *said).map(|(name, _)| name).collect()
}

#[test]
fn rows_are_well_made() {
    let absolute =
        |path: &str| path.starts_with('/') && !(path.len() > 1 && path.ends_with('/')) && !path.contains("//");
    let variable =
        |name: &str| !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '='));
    for row in images().rows() {
        let name = &row.images;
        assert!(!name.is_empty() && !row.source.trim().is_empty(), "{row:?}");
        assert!(!says(row).is_empty(), "{name:?} {:?} says nothing", row.tags);
        assert!(
            row.user.as_ref().is_none_or(|user| !user.is_empty() && !user.contains(':')),
            "{name:?}: {:?}",
            row.user
        );
        let numbered = row.user.as_ref().is_some_and(|user| user.bytes().all(|b| b.is_ascii_digit()));
        assert!(row.uid.is_none() || !numbered, "{name:?}: a number has no other number");
        for capability in row.capabilities.iter().chain(&row.file_capabilities).flatten() {
            let known = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "IPC_LOCK", "NET_ADMIN", "NET_BIND_SERVICE", "NET_RAW"];
            let more = ["SETFCAP", "SETGID", "SETUID", "SYS_ADMIN", "SYS_CHROOT", "SYS_NICE", "SYS_RESOURCE"];
            let known = known.contains(&capability.as_str()) || more.contains(&capability.as_str());
            assert!(known, "{name:?}: {capability}");
        }
        for shell in row.shells.iter().flatten() {
            assert!(["sh", "ash", "bash", "dash", "ksh", "zsh"].contains(&shell.as_str()), "{name:?}: {shell}");
        }
        let ports: Vec<_> = row.ports.iter().flatten().map(|port| (port.port, port.udp)).collect();
        let distinct: BTreeSet<_> = ports.iter().collect();
        assert!(distinct.len() == ports.len() && !ports.contains(&(0, false)), "{name:?}: {ports:?}");
        for port in row.ports.iter().flatten() {
            assert!(port.env.iter().all(|name| variable(name)), "{name:?}: {:?}", port.env);
            assert!(port.files.iter().all(|path| absolute(path)), "{name:?}: {:?}", port.files);
        }
        for write in row.writes.iter().flatten() {
            assert!(absolute(&write.path), "{name:?}: {}", write.path);
            assert!(!write.path.starts_with("/var/run"), "{name:?}: {} is a link to /run", write.path);
            assert!(write.unless_env.iter().all(|name| variable(name)), "{name:?}: {:?}", write.unless_env);
            assert!(write.unless_files.iter().all(|path| absolute(path)), "{name:?}: {:?}", write.unless_files);
        }
        assert!(row.volumes.iter().flatten().all(|path| absolute(path)), "{name:?}: {:?}", row.volumes);
        for requires in row.requires.iter().flatten() {
            let names = requires.any_of.iter().map(|text| text.split_once('=').map_or(text.as_str(), |(name, _)| name));
            assert!(!requires.any_of.is_empty() && names.into_iter().all(variable), "{name:?}: {requires:?}");
            assert!(requires.unless_data.iter().chain(&requires.unless_files).all(|path| absolute(path)), "{name:?}");
        }
        if let Some(data) = &row.data {
            assert!(absolute(&data.path) && data.formerly.iter().all(|path| absolute(path)), "{name:?}: {data:?}");
            assert!(data.unless_args.is_empty() || data.must_be_empty, "{name:?}: {data:?}");
        }
        assert!(row.reads.iter().flatten().all(|name| variable(name)), "{name:?}: {:?}", row.reads);
        assert!(row.health.iter().flatten().all(|health| absolute(&health.path)), "{name:?}: {:?}", row.health);
        if let Some(heap) = &row.heap {
            assert!(Quantity::parse(&heap.size).is_ok(), "{name:?}: {}", heap.size);
        }
    }
}

#[test]
fn no_row_stands_behind_one_that_says_it_all() {
    let images = images();
    for (at, row) in images.rows().iter().enumerate() {
        let hidden = row.images.iter().all(|pattern| {
            let before = images.rows()[..at].iter().filter(|earlier| earlier.images.contains(pattern));
            let general =
                before.filter(|row| row.tags.is_empty() && row.except_tags.is_empty() && row.versions.is_none());
            let said: BTreeSet<&str> = general.flat_map(says).collect();
            says(row).iter().all(|thing| said.contains(thing))
        });
        assert!(!hidden, "{:?} {:?} {:?} is never asked: {:?}", row.images, row.tags, row.versions, says(row));
    }
}

/// A few of the answers, in one line.
fn answers(known: &Known<'_>) -> String {
    let list = |name: &str, list: Option<&[String]>| list.map(|list| format!("{name} [{}]", list.join(" ")));
    let ports = known.ports().map(|ports| {
        let numbers: Vec<String> = ports.iter().map(|port| port.port.to_string()).collect();
        format!("ports [{}]", numbers.join(" "))
    });
    let requires = known.requires().map(|all| {
        let texts: Vec<String> = all.iter().map(|one| one.any_of.first().cloned().unwrap_or_default()).collect();
        format!("requires [{}]", texts.join(" "))
    });
    let parts = [
        list("entrypoint", known.entrypoint()),
        list("command", known.command()),
        list("shells", known.shells()),
        known.user().map(|user| format!("user {user}")),
        list("capabilities", known.capabilities()),
        ports,
        requires,
        known.data().map(|data| format!("data {}{}", data.path, if data.must_be_empty { " empty" } else { "" })),
        list("reads", known.reads()),
        known.heap().map(|heap| format!("heap {}", heap.size)),
        known.idles().map(|_| "idles".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Images about which a mistake is easy: what differs between versions, variants and copies.
const ASKED: &[&str] = &[
    "alpine:3.22",
    "busybox",
    "couchdb:2.3",
    "couchdb:3.4",
    "docker:20.10",
    "docker:27",
    "docker:27-dind-rootless",
    "elasticsearch:5.6",
    "elasticsearch:6.8.23",
    "elasticsearch:7.17.24",
    "elasticsearch:8.15.0",
    "flink:1.18",
    "flink:2.2",
    "golang:1.25-alpine",
    "haproxy:2.2",
    "haproxy:3.2-alpine",
    "kibana:8.11.4",
    "kibana:8.15.0",
    "mariadb:10.1.48",
    "mariadb:10.5.8",
    "mariadb:10.5",
    "mariadb:11-ubi",
    "mongo:7",
    "mysql:5.6",
    "mysql:5.7",
    "mysql:8.4",
    "nats:2.11",
    "nats:2.11-alpine",
    "neo4j:4.4",
    "neo4j:5-enterprise",
    "nginx:1.17",
    "nginx:1.27-alpine",
    "node:8",
    "node:10.15.3-alpine",
    "node:22-slim",
    "nginx@sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "php:8.3-cli-alpine",
    "php:8.3-apache",
    "php:8.3-fpm",
    "postgres",
    "postgres:9.6.9",
    "postgres:9.6",
    "postgres:11.5-alpine",
    "postgres:17-alpine",
    "postgres:18",
    "postgres@sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "python:3.13-slim",
    "rabbitmq:4-management-alpine",
    "redis:5",
    "redis:7.2",
    "redis:7.2.4-alpine",
    "redis:8",
    "solr:7.2.0",
    "solr:9",
    "sonarqube:8.9-community",
    "traefik:v1.7",
    "traefik:v3.1",
    "wordpress:6.8-php8.3-fpm-alpine",
    "wordpress:cli",
    "zookeeper:3.4.13",
    "zookeeper:3.9",
    "drupal:11-fpm",
    "registry.example.com/library/postgres:16",
];

#[test]
fn what_is_said_of_images_about_which_a_mistake_is_easy() {
    let images = images();
    let mut table = String::new();
    for text in ASKED {
        let said = answers(&images.known(&Image::parse(text).unwrap()));
        let short = text.split_once("@sha256").map_or(*text, |(name, _)| &text[..name.len() + 8]);
        table += &format!("{short}\n  {}\n", if said.is_empty() { "nothing" } else { &said });
    }
    crate::snapshot("tests/images/known.txt", &table);
}
