//! The servers that a container's variables and command name.

use super::clients::{Target, asked, is_local, of_url};
use super::command::{Word, argv, base_name};
use super::container::Container;
use super::env::{Environment, UNKNOWN};
use super::field::Field;
use super::set::{Found, Home, Keys, Set, Sort};
use super::shell::{self, Outer};
use super::tables::Tables;
use crate::node::Node;
use crate::path::Path;
use crate::source::Span;
use std::borrow::Cow;

/// A server that is named.
#[derive(Clone, Debug)]
pub struct Named {
    /// Which.
    pub target: Target,
    /// Where.
    pub place: Path,
    /// By what.
    pub by: By,
    /// Where a value stands that the container takes from elsewhere: the file's number in the run, and the place there.
    pub written: Option<(u32, Span)>,
}

/// What names a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The variable of this name.
    Variable(String),
    /// A word of the command.
    Command,
    /// A client that the command runs.
    Client(String),
}

/// Ends of names of variables and options whose value is a host.
const HOSTS: &[&str] = &["HOST", "HOSTNAME", "HOSTS", "ADDR", "ADDRESS", "ENDPOINT", "SERVER", "URL", "URI"];
/// Words in names whose value is the program's own address, one that others are told, a name that is no host, or an image.
const OWN: &[&str] = &[
    "BIND",
    "LISTEN",
    "LISTENER",
    "LISTENERS",
    "ADVERTISE",
    "ADVERTISED",
    "PUBLIC",
    "EXTERNAL",
    "ALLOWED",
    "ORIGIN",
    "ORIGINS",
    "CORS",
    "VIRTUAL",
    "ISSUER",
    "DOMAIN",
    "DOMAINS",
    "IMAGE",
    "TAG",
    "VERSION",
    "REGISTRY",
    "REPO",
    "REPOSITORY",
    "HEADER",
    "SELF",
    "SERVE",
    "COOKIE",
    "CALLBACK",
    "REDIRECT",
    "SITE",
    "TRUSTED",
    "INGRESS",
    "TITLE",
    "NO",
    "BROWSER",
];

/// Whether a name says that its value is nobody else's address.
fn is_own(name: &str) -> bool {
    name.split('_').any(|word| OWN.contains(&word))
}

impl Container<'_> {
    /// The servers that its variables name.
    #[must_use]
    pub fn servers_in_env(self) -> Vec<Named> {
        let environment = self.environment();
        let mut found = Vec::new();
        for variable in self.variables() {
            let Some(value) = variable.value().filter(|value| value.len() < MAX_VALUE) else { continue };
            let place = variable.value_field().path();
            let targets = servers_of(variable.name, &environment.expand(value)).into_iter();
            found.extend(targets.map(|target| Named {
                target,
                place: place.clone(),
                by: By::Variable(variable.name.to_owned()),
                written: None,
            }));
        }
        found
    }

    /// The servers that variables name which it takes from ConfigMaps of the run; none of one that has several states.
    #[must_use]
    pub fn servers_in_maps(self, set: &Set, home: Home<'_>) -> Vec<Named> {
        let root = self.workload.object.root;
        let mut found = Vec::new();
        let mut add = |source: Option<Node<'_>>, wanted: &dyn Fn(&str) -> Option<String>| {
            let Some((node, name)) =
                source.and_then(|source| Some((source.get("name")?, source.get("name")?.as_str()?)))
            else {
                return;
            };
            let Found::Here(facts) = set.find(Sort::ConfigMap, name, home.0) else { return };
            let [fact] = facts[..] else { return };
            let beside = set.neighbours((fact.namespace.as_deref(), fact.file), home).is_some();
            let Keys::Known(keys) = &fact.keys else { return };
            for key in keys.iter().filter(|key| beside && !key.value.servers.is_empty()) {
                let Some(variable) = wanted(&key.name) else { continue };
                found.extend(key.value.servers.iter().map(|target| Named {
                    target: target.clone(),
                    place: node.path_from(root),
                    by: By::Variable(variable.clone()),
                    written: Some((fact.file, key.span)),
                }));
            }
        };
        let list = |key: &str| self.node.get(key).into_iter().flat_map(Node::items);
        for entry in list("env") {
            let source = entry.get("valueFrom").and_then(|from| from.get("configMapKeyRef"));
            let variable = entry.get("name").and_then(Node::as_str).unwrap_or_default();
            let key = source.and_then(|source| source.get("key")).and_then(Node::as_str);
            add(source, &|name| (Some(name) == key && !is_own(&words(variable))).then(|| variable.to_owned()));
        }
        for entry in list("envFrom") {
            let prefix = entry.get("prefix").and_then(Node::as_str).unwrap_or_default();
            add(entry.get("configMapRef"), &|name| {
                let variable = format!("{prefix}{name}");
                self.variable(&variable).is_none().then_some(variable)
            });
        }
        found
    }

    /// The servers that its command names: those that clients in it ask, and, in options and operands, URLs, names with
    /// a port, and values of options that ask for a host.
    #[must_use]
    pub fn servers_in_command(self, tables: &Tables) -> Vec<Named> {
        let words = argv(self, tables).unwrap_or_else(|| self.arguments());
        let root = self.workload.object.root;
        let environment = self.environment();
        let texts: Vec<&str> = words.iter().map_while(|word| word.text.as_deref()).collect();
        let mut found = Vec::new();
        let mut add = |targets: Vec<Target>, at: usize, by: By| {
            let Some(node) = words.get(at).and_then(|word| word.node) else { return };
            let place = node.path_from(root);
            let plain = targets.into_iter().filter(is_plain);
            found.extend(plain.map(|target| Named { target, place: place.clone(), by: by.clone(), written: None }));
        };
        if let Some(script) = shell::script(&texts) {
            for words in commands(script.text, &environment, 0) {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let program = base_name(words[0]);
                let targets = asked(&words);
                if !targets.is_empty() {
                    add(targets, script.at, By::Client(program.to_owned()));
                } else if !TALKING.contains(&program) {
                    add(of_words(&words[1..]).into_iter().map(|(_, target)| target).collect(), script.at, By::Command);
                }
            }
        } else {
            let inner = shell::unwrap(&texts);
            let first = texts.len() - inner.len();
            let targets = asked(&texts);
            let targets = if targets.is_empty() { asked(inner) } else { targets };
            if targets.is_empty() {
                of_words(inner.get(1..).unwrap_or_default())
                    .into_iter()
                    .for_each(|(at, target)| add(vec![target], first + 1 + at, By::Command));
            } else {
                let by = By::Client(base_name(inner.first().copied().unwrap_or_default()).to_owned());
                for target in targets {
                    let at = texts.iter().position(|word| word.contains(&target.host)).unwrap_or(first);
                    add(vec![target], at, by.clone());
                }
            }
        }
        found
    }

    /// Its `args`, behind a program that nobody knows.
    fn arguments(&self) -> Vec<Word<'_>> {
        let (_, args) = self.command_words();
        let as_written =
            |node: Node<'_>| node.as_str().filter(|text| !text.contains("$(")).map(|text| text.to_owned().into());
        let args = args.into_iter().flatten().map(|node| Word { text: as_written(node), node: Some(node) });
        std::iter::once(Word { text: Some("".into()), node: None }).chain(args).collect()
    }

    /// Whether the pod gives a host an address of its own.
    #[must_use]
    pub fn has_host_alias(self, host: &str) -> bool {
        let aliases = Field::new(self.workload.object.root, self.workload.spec, &["hostAliases"]).node();
        let mut names = aliases.into_iter().flat_map(Node::items).flat_map(|alias| alias.get("hostnames"));
        names.any(|names| names.items().any(|name| name.as_str() == Some(host)))
    }
}

/// A name of a variable, option or key with `_` between its words, in capitals.
fn words(name: &str) -> String {
    name.trim_start_matches('-').replace(['-', '.'], "_").to_ascii_uppercase()
}

/// The servers that the value of a variable or key names.
#[must_use]
pub fn servers_of(name: &str, value: &str) -> Vec<Target> {
    let name = words(name);
    let host = HOSTS.iter().any(|end| name.strip_suffix(end).is_some_and(|rest| rest.ends_with('_')));
    if value.len() < 2 || value.len() > MAX_VALUE || is_own(&name) || !(host || value.contains([':', '.'])) {
        return Vec::new();
    }
    of_value(value, host)
}

/// Longest value that is looked at.
const MAX_VALUE: usize = 4096;

/// Programs that ask nobody, whatever their words say.
const TALKING: &[&str] =
    &["echo", "printf", "cat", "sed", "grep", "export", "test", "[", "git", "apk", "apt-get", "pip", "sleep"];

/// How deep substitutions within substitutions are followed.
const MAX_DEPTH: usize = 2;

/// The commands of a script with the values of variables in place, and those that are named as wrappers of others.
fn commands(script: &str, environment: &Environment<'_>, depth: usize) -> Vec<Vec<String>> {
    let lookup =
        |name: &str| environment.get(name).map_or(Outer::Unset, |value| Outer::Value(Cow::Owned(value.to_owned())));
    let runs = shell::runs(script, &lookup).into_iter();
    let all = runs.map(|run| run.words.into_iter().map(|word| word.text).collect::<Vec<_>>());
    let mut found: Vec<Vec<String>> = all.chain(shell::waiters(script)).filter(|words| !words.is_empty()).collect();
    if depth < MAX_DEPTH {
        for inner in shell::substituted(script) {
            found.extend(commands(&inner, environment, depth + 1));
        }
    }
    found
}

/// The servers in operands and options, with their places: URLs, names with a port, and values of options that ask for a
/// host.
fn of_words(words: &[&str]) -> Vec<(usize, Target)> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if !name.contains("://") => (name, value),
            _ => (
                if at > 0 && words[at - 1].starts_with('-') && !words[at - 1].contains('=') {
                    words[at - 1]
                } else {
                    ""
                },
                *word,
            ),
        };
        if value.starts_with('-') {
            continue;
        }
        let name = self::words(name);
        if is_own(&name) {
            continue;
        }
        let bare = HOSTS.iter().any(|end| name.strip_suffix(end).is_some_and(|rest| rest.ends_with('_')));
        found.extend(of_value(value, bare).into_iter().map(|target| (at, target)));
    }
    found
}

/// The servers in a value: those of URLs, those with a port, those by the name of a Service and its domain; where
/// the value is to be a host, a bare name.
fn of_value(value: &str, bare: bool) -> Vec<Target> {
    let value = value.trim().trim_matches(['"', '\'']);
    let targets: Vec<Target> = if value.contains("://") {
        // What follows a comma is a further server, or a further URL.
        if value.matches("://").count() > 1 {
            value.split([',', ';', ' ']).flat_map(of_url).collect()
        } else {
            of_url(value)
        }
    } else {
        value.split([',', ';', ' ']).filter_map(|piece| of_piece(piece.trim(), bare)).collect()
    };
    // A part that nobody knows spoils what stands beside it.
    if value.contains(UNKNOWN) && targets.iter().any(|target| target.host.contains(UNKNOWN)) {
        return Vec::new();
    }
    targets.into_iter().filter(is_plain).collect()
}

fn of_piece(piece: &str, bare: bool) -> Option<Target> {
    let (address, path) = piece.split_once('/').map_or((piece, false), |(address, _)| (address, true));
    match address.split_once(':') {
        Some((host, port)) => {
            let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
            Some(Target { host: host.to_owned(), port: Some(port) })
        }
        None if bare && !path => Some(Target { host: address.to_owned(), port: None }),
        None => (address.contains(".svc.") || address.ends_with(".svc"))
            .then(|| Target { host: address.to_owned(), port: None }),
    }
}

/// Whether it is a name in the DNS, and not the pod itself.
fn is_plain(target: &Target) -> bool {
    is_host(&target.host) && !is_local(&target.host)
}

/// Whether a text is a name in the DNS, with a letter in it.
fn is_host(text: &str) -> bool {
    text.len() <= 253
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.trim_end_matches('.').split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_values() {
        for (value, bare, wanted) in [
            ("redis:6379", false, "redis 6379"),
            ("redis", false, ""),
            ("redis", true, "redis"),
            ("a:1,b:2", false, "a 1, b 2"),
            ("http://api/x", false, "api 80"),
            ("postgres://u:p@db.prod.svc:5433/x?sslmode=disable", false, "db.prod.svc 5433"),
            ("db.prod.svc.cluster.local", false, "db.prod.svc.cluster.local"),
            ("/var/run/x.sock", true, ""),
            ("0.0.0.0:80", false, ""),
            (":8080", false, ""),
            ("1000:1000", false, ""),
            ("12:30", false, ""),
            ("Some Text", true, ""),
            ("${HOST}", true, ""),
            ("redis:PORT", false, ""),
            ("mongodb://a:1,b:2/x", false, "a 1, b 2"),
            ("http://a:1,http://b:2", false, "a 1, b 2"),
            ("http://\0:80", false, ""),
            ("a:1,\0", true, ""),
        ] {
            let shown: Vec<String> = of_value(value, bare)
                .into_iter()
                .map(|target| target.port.map_or(target.host.clone(), |port| format!("{} {port}", target.host)))
                .collect();
            assert_eq!(shown.join(", "), wanted, "{value}");
        }
        let words = ["--db-host", "db", "--url=http://api:80", "--listen-address=app:80", "x:1", "--level", "info"];
        let shown: Vec<_> = of_words(&words).into_iter().map(|(at, target)| (at, target.host)).collect();
        assert_eq!(shown, [(1, "db".to_owned()), (2, "api".to_owned()), (4, "x".to_owned())]);
    }
}
