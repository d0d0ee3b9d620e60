//! The table of images: its rows are well-formed, and no row says what another has said.

use crashlint::k8s::image::{Image, glob};
use crashlint::k8s::images::ImageFacts;
use crashlint::k8s::quantity::Quantity;
use crashlint::k8s::security::user_number;
use crashlint::policy::{Policy, Profile};

/// Linux `include/uapi/linux/capability.h`.
const CAPABILITIES: &[&str] = &[
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

const SHELLS: &[&str] = &["sh", "ash", "bash", "dash", "ksh", "zsh"];

fn rows() -> Vec<ImageFacts> {
    Policy::of(Profile::Recommended).tables.images.rows().to_vec()
}

/// What makes a row wrong.
fn faults(row: &ImageFacts) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |right: bool, what: String| {
        if !right {
            faults.push(format!("{:?}: {what}", row.images));
        }
    };
    must(row.source.len() > 8, "no source".into());
    must(!row.fields().is_empty() || row.like.is_some(), "says nothing".into());
    must(!row.images.is_empty(), "no pattern".into());
    for pattern in &row.images {
        let image = pattern.replace('*', "x");
        let plain = Image::parse(&image).is_ok_and(|image| image.tag.is_none() && image.digest.is_none());
        must(plain, format!("pattern {pattern}"));
    }
    for tag in row.tags.iter().chain(&row.except_tags) {
        must(Image::parse(&format!("a:{}", tag.replace('*', "x"))).is_ok(), format!("tag {tag}"));
    }
    must(row.except_tags.iter().all(|part| !part.contains('*')), "exceptTags are parts, not patterns".into());
    must(row.like.as_deref().is_none_or(|like| Image::parse(like).is_ok()), format!("like {:?}", row.like));
    for words in [&row.entrypoint, &row.command].into_iter().flatten() {
        let runs = words.first().is_none_or(|program| !program.is_empty() && !program.contains(char::is_whitespace));
        must(runs && words.iter().all(|word| !word.starts_with('[')), format!("exec form {words:?}"));
    }
    for shell in row.shells.iter().flatten() {
        must(SHELLS.contains(&shell.as_str()), format!("shell {shell}"));
    }
    if let Some(user) = &row.user {
        must(user.split(':').count() <= 2 && user.split(':').all(is_account), format!("user {user}"));
    }
    let is_name = row.user.as_deref().is_some_and(|user| user_number(user).is_none() && user != "root");
    must(row.uid.is_none() || is_name, "uid without a user that is a name".into());
    for capability in row.capabilities.iter().chain(&row.file_capabilities).flatten() {
        must(CAPABILITIES.contains(&capability.as_str()), format!("capability {capability}"));
    }
    let mut ports: Vec<(u16, bool)> = row.ports.iter().flatten().map(|port| (port.port, port.udp)).collect();
    must(ports.iter().all(|(port, _)| *port > 0), "port 0".into());
    ports.sort_unstable();
    must(ports.windows(2).all(|pair| pair[0] != pair[1]), "a port twice".into());
    must(row.health.iter().flatten().all(|health| health.port > 0), "port 0 of a health path".into());
    for path in paths(row) {
        let clean = path == "/" || !path.ends_with('/');
        must(path.starts_with('/') && clean && !path.contains("//") && !path.contains('*'), format!("path {path}"));
    }
    for name in names(row) {
        must(is_variable(name), format!("variable {name}"));
    }
    must(row.requires.iter().flatten().all(|requires| !requires.any_of.is_empty()), "requires nothing".into());
    must(row.heap.as_ref().is_none_or(|heap| Quantity::parse(&heap.size).is_ok()), "heap is no quantity".into());
    faults
}

/// useradd(8): a letter or `_` in front; or a number.
fn is_account(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    name.parse::<u32>().is_ok()
        || (name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(word))
}

/// A name of a variable, or a pattern for some.
fn is_variable(name: &str) -> bool {
    let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '*' | '.' | '-');
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(word) && value != Some("")
}

fn paths(row: &ImageFacts) -> Vec<&str> {
    let mut paths: Vec<&str> = Vec::new();
    for port in row.ports.iter().flatten() {
        paths.extend(port.files.iter().map(String::as_str));
    }
    for write in row.writes.iter().flatten() {
        paths.push(&write.path);
        paths.extend(write.unless_files.iter().map(String::as_str));
    }
    for requires in row.requires.iter().flatten() {
        paths.extend(requires.unless_files.iter().chain(&requires.unless_data).map(String::as_str));
    }
    paths.extend(row.volumes.iter().flatten().map(String::as_str));
    if let Some(data) = &row.data {
        paths.extend([Some(&data.path), data.formerly.as_ref()].into_iter().flatten().map(String::as_str));
    }
    paths.extend(row.heap.iter().flat_map(|heap| &heap.files).map(String::as_str));
    paths.extend(row.health.iter().flatten().map(|health| health.path.split('?').next().unwrap()));
    paths
}

fn names(row: &ImageFacts) -> Vec<&str> {
    let mut names: Vec<&str> = row.reads.iter().flatten().map(String::as_str).collect();
    names.extend(row.ports.iter().flatten().flat_map(|port| &port.env).map(String::as_str));
    names.extend(row.writes.iter().flatten().flat_map(|write| &write.unless_env).map(String::as_str));
    names.extend(row.requires.iter().flatten().flat_map(|requires| &requires.any_of).map(String::as_str));
    names.extend(row.data.iter().flat_map(|data| &data.env).map(String::as_str));
    names.extend(row.heap.iter().flat_map(|heap| &heap.env).map(String::as_str));
    names
}

#[test]
fn rows_are_well_formed() {
    let rows = rows();
    assert!(rows.len() > 20, "{} rows", rows.len());
    let faults: Vec<String> = rows.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The test above sees what is wrong.
#[test]
fn wrong_rows_are_seen() {
    let right = ImageFacts {
        images: vec!["a".into()],
        user: Some("0".into()),
        source: "a/Dockerfile".into(),
        ..ImageFacts::default()
    };
    assert_eq!(faults(&right), Vec::<String>::new());
    let text = |text: &str| Some(vec![text.to_owned()]);
    for wrong in [
        ImageFacts { source: String::new(), ..right.clone() },
        ImageFacts { images: vec!["A".into()], ..right.clone() },
        ImageFacts { images: vec!["a:1".into()], ..right.clone() },
        ImageFacts { tags: vec!["a b".into()], ..right.clone() },
        ImageFacts { user: None, ..right.clone() },
        ImageFacts { user: Some("a user".into()), ..right.clone() },
        ImageFacts { uid: Some(5), ..right.clone() },
        ImageFacts { capabilities: text("CAP_CHOWN"), ..right.clone() },
        ImageFacts { entrypoint: text("run me"), ..right.clone() },
        ImageFacts { shells: text("fish"), ..right.clone() },
        ImageFacts { volumes: text("data"), ..right.clone() },
        ImageFacts { volumes: text("/data/"), ..right.clone() },
        ImageFacts { reads: text("A B"), ..right.clone() },
        ImageFacts { ports: Some(vec![crashlint::k8s::images::Listen::default()]), ..right.clone() },
    ] {
        assert!(!faults(&wrong).is_empty(), "{wrong:?}");
    }
}

/// Whether an earlier row is about all tags of which a later one is, as far as that can be told from their words.
fn covers(earlier: &ImageFacts, later: &ImageFacts) -> bool {
    let everywhere = earlier.tags.is_empty() && earlier.except_tags.is_empty() && earlier.versions.is_none();
    let same =
        earlier.tags == later.tags && earlier.except_tags == later.except_tags && earlier.versions == later.versions;
    everywhere || same
}

/// Of two rows about one image and the same tags, the second is never asked what the first has said.
#[test]
fn no_two_rows_say_the_same_thing() {
    let rows = rows();
    let mut faults = Vec::new();
    for (at, later) in rows.iter().enumerate() {
        for earlier in rows[..at].iter().filter(|earlier| covers(earlier, later)) {
            let shared: Vec<&String> =
                later.images.iter().filter(|image| earlier.images.iter().any(|pattern| glob(pattern, image))).collect();
            let (said, says) = (earlier.fields(), later.fields());
            let twice: Vec<&String> = says.keys().filter(|field| said.contains_key(*field)).collect();
            if !shared.is_empty() && !twice.is_empty() {
                faults.push(format!("{shared:?}: {twice:?} is said by an earlier row already"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
//! `policies/images/`: that the rows are well made, that none stands where it is never asked, and what they say of
//! images about which a mistake is easy.
use crashlint::k8s::image::Image;
use crashlint::k8s::images::{ImageFacts, Images, Known};
use std::collections::BTreeSet;
fn images() -> Images {
    Policy::of(Profile::Recommended).tables.images
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
        for shell in row.shells.iter().flatten() {
            assert!(["sh", "ash", "bash", "dash", "ksh", "zsh"].contains(&shell.as_str()), "{name:?}: {shell}");
        let ports: Vec<_> = row.ports.iter().flatten().map(|port| (port.port, port.udp)).collect();
        let distinct: BTreeSet<_> = ports.iter().collect();
        assert!(distinct.len() == ports.len() && !ports.contains(&(0, false)), "{name:?}: {ports:?}");
        for port in row.ports.iter().flatten() {
            assert!(port.env.iter().all(|name| variable(name)), "{name:?}: {:?}", port.env);
            assert!(port.files.iter().all(|path| absolute(path)), "{name:?}: {:?}", port.files);
        for write in row.writes.iter().flatten() {
            assert!(absolute(&write.path), "{name:?}: {}", write.path);
            assert!(!write.path.starts_with("/var/run"), "{name:?}: {} is a link to /run", write.path);
            assert!(write.unless_env.iter().all(|name| variable(name)), "{name:?}: {:?}", write.unless_env);
            assert!(write.unless_files.iter().all(|path| absolute(path)), "{name:?}: {:?}", write.unless_files);
        assert!(row.volumes.iter().flatten().all(|path| absolute(path)), "{name:?}: {:?}", row.volumes);
        for requires in row.requires.iter().flatten() {
            let names = requires.any_of.iter().map(|text| text.split_once('=').map_or(text.as_str(), |(name, _)| name));
            assert!(!requires.any_of.is_empty() && names.into_iter().all(variable), "{name:?}: {requires:?}");
            assert!(requires.unless_data.iter().chain(&requires.unless_files).all(|path| absolute(path)), "{name:?}");
        if let Some(data) = &row.data {
            assert!(absolute(&data.path) && data.formerly.iter().all(|path| absolute(path)), "{name:?}: {data:?}");
            assert!(data.unless_args.is_empty() || data.must_be_empty, "{name:?}: {data:?}");
        assert!(row.reads.iter().flatten().all(|name| variable(name)), "{name:?}: {:?}", row.reads);
        assert!(row.health.iter().flatten().all(|health| absolute(&health.path)), "{name:?}: {:?}", row.health);
        if let Some(heap) = &row.heap {
            assert!(Quantity::parse(&heap.size).is_ok(), "{name:?}: {}", heap.size);
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
fn what_is_said_of_images_about_which_a_mistake_is_easy() {
    let images = images();
    let mut table = String::new();
    for text in ASKED {
        let said = answers(&images.known(&Image::parse(text).unwrap()));
        let short = text.split_once("@sha256").map_or(*text, |(name, _)| &text[..name.len() + 8]);
        table += &format!("{short}\n  {}\n", if said.is_empty() { "nothing" } else { &said });
    crate::snapshot("tests/images/known.txt", &table);
}
