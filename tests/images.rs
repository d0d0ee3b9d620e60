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
}
