//! Whether the first word of a command can be a program, and what was meant where it can't.

use super::command::base_name;
use super::container::Container;
use super::images::Lacks;
use super::shell::{self, Parent, is_shell};
use super::tables::Tables;
use crate::node::Node;

/// Why the first word of a command can't be a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoProgram {
    /// White space: a whole command in one word, which is looked up as a file of that name.
    Blank {
        /// Whether it can't be the path of a file whose folder has a blank in its name.
        certain: bool,
    },
    /// A builtin of the shell that no image has as a file: POSIX.1-2017 asks for files of the others (XCU 1.7),
    /// special builtins excepted (XCU 2.14); `source` is bash's.
    Builtin,
    /// No file has such a name, as what begins so is something else: the words say what.
    Shape(&'static str),
    /// A shell that the image lacks.
    NoShell,
    /// Another program that the image lacks.
    Missing,
}

/// Whether a word can be a program, for exec-form commands; nothing is said of words that are not settled yet.
#[must_use]
pub fn no_program(word: &str) -> Option<NoProgram> {
    if matches!(word, "export" | "source" | "." | "eval" | "exec" | "set" | "unset") {
        return Some(NoProgram::Builtin);
    }
    if is_unsettled(word) {
        return None;
    }
    let shape = match word.as_bytes() {
        // Not `[` and `[[`, which are programs.
        [b'[', next, ..] if *next != b'[' => Some("half of a list in brackets"),
        [b'-', _, ..] => Some("an option"),
        [b'"' | b'\'', ..] => Some("quoted for a shell, and none reads it"),
        _ => None,
    };
    if !word.contains(char::is_whitespace) || shape == Some("half of a list in brackets") {
        return shape.map(NoProgram::Shape);
    }
    let (first, rest) = word.split_once(char::is_whitespace)?;
    let path = first.contains(['/', '\\']) && !is_shell(base_name(first)) && !is_whole(first);
    let rest = rest.trim();
    Some(NoProgram::Blank {
        certain: !path || rest.is_empty() || rest.starts_with(['-', '/', '"', '\'', '|', '&', ';', '<', '>']),
    })
}

/// Whether a path is that of a program rather than of a folder whose name goes on: it stands in a folder of the
/// system, or ends as scripts do.
fn is_whole(path: &str) -> bool {
    let system = |folder| matches!(folder, "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin" | "/usr/local/bin");
    let script = |name: &str| {
        [".sh", ".bash", ".py", ".js", ".rb", ".pl", ".php", ".jar", ".bin"].iter().any(|end| name.ends_with(end))
    };
    path.rsplit_once('/').is_some_and(|(folder, name)| system(folder) || script(name))
}

/// Whether a word waits for a tool that fills it in, or for a value that is not known.
#[must_use]
pub fn is_unsettled(word: &str) -> bool {
    word.starts_with('<')
        || ["$(", "{{", "${", "{%", "<%", "#{", "@@"].iter().any(|sign| word.contains(sign))
        || word.contains("__")
}

/// Why a word is a file that nobody executes, where it is one: data, or source that an interpreter reads. A script may
/// be executable by itself, unless only the `PATH` is searched for it, where none lies under such a name.
#[must_use]
pub fn no_executable(word: &str) -> Option<&'static str> {
    const DATA: &[&str] =
        &["jar", "war", "conf", "cfg", "ini", "yaml", "yml", "json", "toml", "xml", "properties", "sql", "txt"];
    const SOURCE: &[&str] = &["py", "js", "mjs", "cjs", "ts", "rb", "php", "exs", "jl", "R", "dart", "go"];
    let (stem, end) = base_name(word).rsplit_once('.').filter(|(stem, _)| !stem.is_empty())?;
    let own = !stem.contains(char::is_whitespace);
    if own && DATA.contains(&end) {
        return Some("a file of data");
    }
    (own && SOURCE.contains(&end) && !word.contains('/')).then_some("a file of source")
}

/// Why a container can't run a program of this name. An image of which nothing is known has every program.
#[must_use]
pub fn not_runnable(container: Container<'_>, tables: &Tables, program: &str) -> Option<NoProgram> {
    if container.workload.is_windows() {
        return None;
    }
    no_program(program)
        .or_else(|| lacks_shell(container, tables, program).then_some(NoProgram::NoShell))
        .or_else(|| lacks(container, tables, program).map(|_| NoProgram::Missing))
}

/// Whether a program is a shell that the image is known to lack. A mount may bring one, and so may a `PATH` of its own.
#[must_use]
pub fn lacks_shell(container: Container<'_>, tables: &Tables, program: &str) -> bool {
    let Some(name) = looked_up(program).filter(|name| is_shell(name)) else { return false };
    // A tag may name another base than the one of all others.
    let variant =
        container.image().and_then(|image| image.tag).is_some_and(|tag| VARIANTS.iter().any(|v| tag.contains(v)));
    let known = tables.known(container);
    let lacks = known
        .shells()
        .is_some_and(|shells| !(shells.iter().any(|shell| shell == name) || shells.is_empty() && variant));
    lacks && !is_brought(container)
}

/// What is known of a program that the image lacks, where it does. A mount may bring it, and so may a `PATH` of its own, or a
/// command that installs it.
#[must_use]
pub fn lacks<'t>(container: Container<'_>, tables: &'t Tables, program: &str) -> Option<&'t Lacks> {
    let name = looked_up(program)?;
    let known = tables.known(container);
    let lacks = known.lacks().iter().find(|lacks| lacks.any_of.iter().any(|lacking| lacking == name))?;
    (!is_brought(container) && !container.may_install()).then_some(lacks)
}

/// The name of a program that is looked up in the `PATH`, or stands in one of its usual folders.
fn looked_up(program: &str) -> Option<&str> {
    let name = base_name(program);
    let folder = program.strip_suffix(name).unwrap_or_default();
    matches!(folder, "" | "/bin/" | "/usr/bin/" | "/usr/local/bin/").then_some(name)
}

/// Whether programs may come from elsewhere than the image.
fn is_brought(container: Container<'_>) -> bool {
    let mounted = ["/bin", "/usr/bin", "/usr/local/bin"].iter().any(|folder| container.has_mount_around(folder));
    mounted || container.variable("PATH").is_some()
}

impl Container<'_> {
    /// Whether its command or its hook may bring programs that the image lacks: by a package manager, by hand, or by a
    /// script that can't be seen here.
    #[must_use]
    pub fn may_install(self) -> bool {
        let texts = |node: Option<Node<'_>>| -> Vec<String> {
            node.into_iter().flat_map(Node::items).filter_map(|word| word.as_str().map(str::to_owned)).collect()
        };
        let hook = self.post_start().and_then(|hook| hook.handler());
        let commands = [texts(self.node.get("command")), texts(self.node.get("args"))];
        let hook =
            hook.map(|handler| handler.words().into_iter().filter_map(Node::as_str).map(str::to_owned).collect());
        commands.into_iter().chain(hook).flatten().any(|text: String| {
            text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
                .any(|word| INSTALLERS.contains(&word) || word.ends_with(".sh") || word.ends_with(".bash"))
        })
    }
}

/// Words of commands that bring programs.
const INSTALLERS: &[&str] = &[
    "apk", "apt", "apt-get", "aptitude", "dpkg", "yum", "dnf", "microdnf", "rpm", "tdnf", "zypper", "pacman", "opkg",
    "pip", "pip3", "npm", "install", "cp", "mv", "ln", "tar", "unzip", "alias", "chroot", "nix", "brew", "make",
    "PATH",
];

/// What a container's shell may do with the last command of its script: one way, or several where the image does not
/// say which shell `sh` is. Empty for a shell that is not known.
#[must_use]
pub fn parents(container: Container<'_>, tables: &Tables, shell: &str) -> &'static [Parent] {
    match shell {
        "dash" => return &[Parent::Always],
        "bash" => return &[Parent::Bash],
        "ash" => return &[Parent::Ash],
        "sh" => {}
        _ => return &[],
    }
    let known = tables.known(container).shells();
    let has = |name: &str| known.is_some_and(|shells| shells.iter().any(|shell| shell == name));
    let text = container.image_text().unwrap_or_default();
    let named = |names: &[&str]| known.is_none() && names.iter().any(|name| text.contains(name));
    if has("ash") || named(&["alpine", "busybox"]) {
        &[Parent::Ash]
    } else if has("dash") || named(&["debian", "ubuntu", "bookworm", "bullseye", "trixie", "jammy", "noble"]) {
        &[Parent::Always]
    } else if has("bash") {
        &[Parent::Bash]
    } else {
        &[Parent::Always, Parent::Bash, Parent::Ash]
    }
}

/// Parts of tags of variants that have a shell.
const VARIANTS: &[&str] = &["debug", "-dev", "alpine", "busybox", "debian", "ubuntu", "shell", "bash"];

/// What is known of the shells of a container's image, as a sentence.
#[must_use]
pub fn shells_known(container: Container<'_>, tables: &Tables) -> String {
    let image = container.image_text().unwrap_or_default();
    match tables.known(container).shells().unwrap_or_default() {
        [] => format!("`{image}` is known to have no shell"),
        shells => format!("`{image}` is known to have only `{}`", shells.join("` and `")),
    }
}

/// Signs that mean something to a shell, and nothing to a program that is run without one.
fn needs_shell(text: &str) -> bool {
    text.contains(|c: char| "|&;<>()$`\\\"'*?[]#~={}!\n".contains(c))
}

/// The command that was meant: the words one by one, or a shell where one is needed; `None` where that is not clear, or
/// needs a shell that the image lacks.
#[must_use]
pub fn meant(container: Container<'_>, tables: &Tables, fault: NoProgram, words: &[&str]) -> Option<Vec<String>> {
    meant_by(fault, words).filter(|meant| !lacks_shell(container, tables, &meant[0]))
}

fn meant_by(fault: NoProgram, words: &[&str]) -> Option<Vec<String>> {
    let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match (fault, words) {
        (NoProgram::Blank { .. }, [script]) if needs_shell(script.trim()) => {
            // A whole `sh -c '…'` is a script of one command.
            Some(texts(&["sh", "-c", script.trim()]))
        }
        (NoProgram::Blank { certain: true }, [program, rest @ ..]) if !needs_shell(program.trim()) => {
            let split: Vec<&str> = program.split_whitespace().chain(rest.iter().copied()).collect();
            no_program(split.first()?).is_none().then(|| texts(&split))
        }
        (NoProgram::Builtin, [builtin, rest @ ..])
            if !rest.iter().any(|word| needs_shell(word) || word.contains(' ')) =>
        {
            // `source` is bash's; every shell has `.`.
            let builtin = if *builtin == "source" { "." } else { builtin };
            Some(texts(&["sh", "-c", &format!("{builtin} {}", rest.join(" "))]))
        }
        (NoProgram::NoShell, words) => with_plain_shell(words),
        _ => None,
    }
}

/// The words of a vector with its first shell named otherwise: `/bin/bash` as `/bin/sh`.
fn with_plain_shell(words: &[&str]) -> Option<Vec<String>> {
    let (first, rest) = words.split_first()?;
    let folder = first.strip_suffix("bash")?;
    // What a file needs is not known.
    let plain = shell::script(words).is_some_and(|script| shell::bashisms(script.text).is_empty());
    let folder = if folder.is_empty() { "" } else { "/bin/" };
    plain.then(|| std::iter::once(format!("{folder}sh")).chain(rest.iter().map(|word| (*word).to_owned())).collect())
}
