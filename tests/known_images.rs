//! `policies/images/`: that no row stands where it is never asked, and what is said of images about which a mistake is
//! easy.

use crashlint::k8s::image::Image;
use crashlint::k8s::images::{ImageFacts, Images, Known};
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
    crate::snapshot("tests/known_images/known.txt", &table);
}

#[test]
fn the_table_that_is_compiled_in_is_that_of_the_files() {
    // Rows about operating systems are asked first.
    let rows: Vec<serde_json::Value> = ["base", "official", "projects"]
        .into_iter()
        .flat_map(|name| {
            let text =
                std::fs::read_to_string(format!("{}/policies/images/{name}.yaml", env!("CARGO_MANIFEST_DIR"))).unwrap();
            let document = crashlint::read::documents(&text).next().unwrap().unwrap();
            document.tree.root().get("images").unwrap().items().map(|row| row.to_json()).collect::<Vec<_>>()
        })
        .collect();
    assert!(rows.len() > 600);
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    crate::snapshot("policies/images/table.json", &format!("{{\"images\": [\n{}\n]}}\n", lines.join(",\n")));
}
