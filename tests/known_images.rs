//! `policies/images/`: that no row stands where it is never asked, and what is said of images about which a mistake is
//! easy.

use crashlint::k8s::image::Image;
use crashlint::k8s::images::{ImageFacts, Images, Known, RefusedOptions};
use crashlint::k8s::quantity::Quantity;
use crashlint::policy::{Policy, Profile};
use std::collections::BTreeSet;

fn images() -> Images {
    Policy::of(Profile::Recommended).tables.images.clone()
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
        ("runsOptions", row.runs_options.is_some()),
        ("takes", row.takes.is_some()),
        ("shells", row.shells.is_some()),
        ("lacks", row.lacks.is_some()),
        ("runtime", row.runtime.is_some()),
        ("user", row.user.is_some()),
        ("uid", row.uid.is_some()),
        ("capabilities", row.capabilities.is_some()),
        ("fileCapabilities", row.file_capabilities.is_some()),
        ("ports", row.ports.is_some()),
        ("writes", row.writes.is_some()),
        ("volumes", row.volumes.is_some()),
        ("requires", row.requires.is_some()),
        ("refuses", row.refuses.is_some()),
        ("refusesOptions", row.refuses_options.is_some()),
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
    for (at, row) in images.rows().enumerate() {
        let hidden = row.images.iter().all(|pattern| {
            let before = images.rows().take(at).filter(|earlier| earlier.images.contains(pattern));
            let general =
                before.filter(|row| row.tags.is_empty() && row.except_tags.is_empty() && row.versions.is_none());
            let said: BTreeSet<&str> = general.flat_map(says).collect();
            says(row).iter().all(|thing| said.contains(thing))
        });
        assert!(!hidden, "{:?} {:?} {:?} is never asked: {:?}", row.images, row.tags, row.versions, says(row));
    }
}

/// The faults of a row, each in a few words: what a slip of the hand would make a rule say.
fn faults(row: &ImageFacts, images: &Images) -> Vec<String> {
    let mut faults = Vec::new();
    let mut ask = |right: bool, fault: String| {
        if !right {
            faults.push(fault);
        }
    };
    let absolute = |path: &str| path.starts_with('/') && (path == "/" || !path.ends_with('/')) && !path.contains("//");
    let variable = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_*.".contains(c))
    };
    let option = |word: &str| !word.is_empty() && !word.contains(char::is_whitespace);
    ask(!row.images.is_empty(), "no image".to_owned());
    for pattern in row.images.iter().chain(&row.like) {
        let reference = pattern.replace('*', "x");
        ask(Image::parse(&reference).is_ok(), format!("`{pattern}` is no pattern of a repository"));
    }
    for pattern in &row.images {
        ask(!pattern.contains([':', '@']), format!("`{pattern}` holds a tag or a digest: those are `tags`"));
    }
    let targets = row.like.iter().map(|like| (like, Image::parse(like).map(|image| images.known(&image))));
    for (like, known) in targets {
        ask(known.is_ok_and(|known| !known.is_empty()), format!("nothing is known of `{like}`"));
    }
    ask(row.source.len() > 8, format!("`{}` names no source", row.source));
    ask(!says(row).is_empty(), "it says nothing".to_owned());
    for words in [&row.entrypoint, &row.command].into_iter().flatten() {
        let program = words.first().is_none_or(|program| {
            program.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c)) || program.contains("${")
        });
        ask(program || row.runs_args != Some(false), format!("`{}` is no program", words.join(" ")));
        ask(words.first().is_none_or(|word| !word.is_empty()), "an empty program".to_owned());
    }
    let entrypoint = row.entrypoint.as_deref().and_then(<[_]>::first);
    ask(entrypoint.is_none_or(|program| !program.contains(' ')), "an entrypoint in shell form".to_owned());
    for shell in row.shells.iter().flatten() {
        ask(["sh", "ash", "bash", "dash", "ksh", "zsh"].contains(&shell.as_str()), format!("`{shell}` is no shell"));
    }
    for lacks in row.lacks.iter().flatten() {
        let name = |name: &String| !name.is_empty() && !name.contains(['/', ' ']);
        ask(!lacks.any_of.is_empty() && lacks.any_of.iter().all(name), format!("{:?} are no programs", lacks.any_of));
    }
    let number = row.user.as_deref().is_some_and(|user| user.parse::<u32>().is_ok());
    ask(row.uid.is_none() || !number, "a number has no number of its own".to_owned());
    let named = row.user.as_deref().is_none_or(|user| !user.is_empty() && !user.contains([' ', ':', '$']));
    ask(named, format!("`{:?}` is no user", row.user));
    for name in [&row.capabilities, &row.file_capabilities].into_iter().flatten().flatten() {
        ask(CAPABILITIES.contains(&name.as_str()), format!("`{name}` is no capability"));
    }
    let mut ports: Vec<(u16, bool)> = row.ports.iter().flatten().map(|port| (port.port, port.udp)).collect();
    ports.sort_unstable();
    ask(ports.iter().all(|(port, _)| *port > 0) && ports.windows(2).all(|two| two[0] != two[1]), "ports".to_owned());
    for port in row.ports.iter().flatten() {
        ask(port.env.iter().all(|name| variable(name)), format!("variables of port {}: {:?}", port.port, port.env));
        ask(port.args.iter().all(|word| option(word)), format!("options of port {}: {:?}", port.port, port.args));
        ask(port.files.iter().all(|path| absolute(path)), format!("files of port {}: {:?}", port.port, port.files));
    }
    let writes = row.writes.iter().flatten();
    let paths = writes.clone().flat_map(|write| write.unless_files.iter().chain([&write.path]));
    let data = row.data.iter().flat_map(|data| data.formerly.iter().chain([&data.path]));
    let requires = row.requires.iter().flatten();
    let kept = requires.clone().flat_map(|one| one.unless_files.iter().chain(&one.unless_data));
    let refuses = row.refuses.iter().flatten();
    let kept = kept.chain(refuses.clone().flat_map(|one| &one.unless_data));
    let heap = row.heap.iter().flat_map(|heap| &heap.files);
    for path in paths.chain(row.volumes.iter().flatten()).chain(data).chain(kept).chain(heap) {
        ask(absolute(path), format!("`{path}` is no absolute path"));
    }
    let asked = requires
        .clone()
        .flat_map(|one| &one.any_of)
        .chain(refuses.clone().flat_map(|one| one.any_of.iter().chain(one.with.iter().flatten()).chain(&one.without)));
    let asked = asked.map(|name| name.split('=').next().unwrap_or(name));
    let names = writes.flat_map(|write| write.unless_env.iter()).chain(row.reads.iter().flatten());
    let names = names.chain(row.heap.iter().flat_map(|heap| &heap.env)).map(String::as_str);
    for name in names.chain(asked).chain(row.data.iter().filter_map(|data| data.env.as_deref())) {
        ask(variable(name), format!("`{name}` is no variable's name"));
    }
    ask(requires.clone().all(|one| !one.any_of.is_empty()), "it asks for none of nothing".to_owned());
    let unknown = row.refuses_options.iter().flatten();
    let fine =
        |one: &RefusedOptions| !one.any_of.is_empty() && one.any_of.iter().all(|start| one.whole || option(start));
    ask(unknown.clone().all(|one| fine(one) && !one.says.is_empty()), "options that are none".to_owned());
    ask(refuses.clone().all(|one| !one.any_of.is_empty() && !one.says.is_empty()), "it refuses nothing".to_owned());
    for health in row.health.iter().flatten() {
        ask(health.path.starts_with('/') && health.port > 0, format!("`{}` on {}", health.path, health.port));
    }
    let size = row.heap.as_ref().is_none_or(|heap| Quantity::parse(&heap.size).is_ok());
    ask(size, format!("`{:?}` is no quantity", row.heap));
    faults
}

/// Linux' capabilities that images of servers ask for (`capability.h`, without `CAP_`).
const CAPABILITIES: &[&str] = &[
    "BPF",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "KILL",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PTRACE",
    "SYS_RESOURCE",
    "SYS_TIME",
];

#[test]
fn every_row_is_well_formed() {
    let images = images();
    let mut all = String::new();
    for row in images.rows() {
        for fault in faults(row, &images) {
            all += &format!("{:?} {:?}: {fault}\n", row.images, row.tags);
        }
    }
    assert!(all.is_empty(), "{all}");
}

#[test]
fn a_row_that_is_not_well_formed_is_found() {
    let row = |json: serde_json::Value| serde_json::from_value::<ImageFacts>(json).unwrap();
    let sourced = |mut fields: serde_json::Value| {
        fields["images"] = serde_json::json!(["example/app"]);
        fields["source"] = "example/app, Dockerfile".into();
        faults(&row(fields), &images())
    };
    assert_eq!(sourced(serde_json::json!({"user": "1000"})), [""; 0]);
    for (fields, fault) in [
        (serde_json::json!({}), "it says nothing"),
        (serde_json::json!({"writes": [{"path": "tmp", "how": "write"}]}), "`tmp` is no absolute path"),
        (serde_json::json!({"volumes": ["/data/"]}), "`/data/` is no absolute path"),
        (serde_json::json!({"capabilities": ["CAP_CHOWN"]}), "`CAP_CHOWN` is no capability"),
        (serde_json::json!({"entrypoint": ["java -jar app.jar"]}), "an entrypoint in shell form"),
        (serde_json::json!({"user": "1000", "uid": 1000}), "a number has no number of its own"),
        (serde_json::json!({"like": "example/nowhere"}), "nothing is known of `example/nowhere`"),
        (serde_json::json!({"requires": [{"anyOf": ["not a name"]}]}), "`not a name` is no variable's name"),
        (serde_json::json!({"refuses": [{"anyOf": [], "says": "no"}]}), "it refuses nothing"),
        (serde_json::json!({"refusesOptions": [{"anyOf": ["two words"], "says": "no"}]}), "options that are none"),
        (serde_json::json!({"shells": ["/bin/sh"]}), "`/bin/sh` is no shell"),
        (serde_json::json!({"lacks": [{"anyOf": ["/bin/ps"]}]}), "[\"/bin/ps\"] are no programs"),
    ] {
        let found = sourced(fields);
        assert!(found.contains(&fault.to_owned()), "{fault}: {found:?}");
    }
    let wrong = row(serde_json::json!({"images": ["example/app:1"], "user": "0", "source": "here"}));
    assert_eq!(faults(&wrong, &images()).len(), 2);
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
        (!known.lacks().is_empty()).then(|| {
            let names: Vec<String> = known.lacks().iter().map(|lacks| lacks.any_of.join(" ")).collect();
            format!("lacks [{}]", names.join(" "))
        }),
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
    crate::snapshot("policies/images/table.jsonl", &format!("{}\n", lines.join("\n")));
    let patterns = rows.iter().map(|row| row["images"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()));
    crate::snapshot("policies/images/names.txt", &crashlint::k8s::images::index(patterns));
    // Patterns are read off the lines, and rows decoded when they are asked.
    let images = &Policy::default().tables.images;
    assert_eq!(images.rows().len(), rows.len());
    for (facts, row) in images.rows().zip(&rows) {
        assert_eq!(serde_json::to_value(&facts.images).unwrap(), row["images"]);
        assert!(!facts.images.iter().any(|pattern| pattern.contains(['"', '\\', ']'])), "{:?}", facts.images);
        for pattern in facts.images.iter().filter(|pattern| !pattern.contains(['*', '/'])) {
            let image = Image::parse(pattern).unwrap();
            let known = images.same_name(&image).is_some() || !images.known(&image).is_empty();
            assert!(known || !facts.tags.is_empty() || facts.versions.is_some(), "{pattern}");
        }
    }
}
