//! The files that a container's command and variables name.

use super::command::{Word, argv};
use super::container::Container;
use super::shell;
use super::tables::Tables;
use super::volume::clean;
use crate::path::Path;

/// What names a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// A word of the command.
    Command,
    /// The variable of this name.
    Variable(String),
}

/// A file that is named.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its absolute path.
    pub file: String,
    /// Where it is named.
    pub place: Path,
    /// By what.
    pub naming: Naming,
}

/// Programs whose operands need not be there: they make, remove, list or ask for them.
const NOT_READING: &[&str] = &[
    "mkdir", "rm", "rmdir", "touch", "ls", "find", "test", "[", "echo", "printf", "chown", "chmod", "chgrp", "export",
    "stat", "du", "tee", "mktemp", "install",
];

impl Container<'_> {
    /// The absolute paths that its command and its variables name, its program left out.
    #[must_use]
    pub fn reads(self, tables: &Tables) -> Vec<Read> {
        let mut found = Vec::new();
        let root = self.workload.object.root;
        let words = argv(self, tables).unwrap_or_default();
        // A value of a variable is looked at where it stands.
        let known: Vec<&Word<'_>> = words.iter().take_while(|word| word.text.is_some()).collect();
        let texts: Vec<&str> = known.iter().filter_map(|word| word.text.as_deref()).collect();
        let inner = shell::unwrap(&texts);
        let script = shell::script(&texts).map(|script| script.at);
        for (at, word) in known.iter().enumerate().skip(texts.len() - inner.len() + 1) {
            let (Some(node), true) = (word.node, word.is_as_written()) else { continue };
            let place = node.path_from(root);
            let mut add = |file: String| {
                found.push(Read { file, place: place.clone(), naming: Naming::Command });
            };
            if Some(at) == script {
                scripted(&texts).into_iter().for_each(&mut add);
            } else {
                paths(texts[at]).into_iter().for_each(&mut add);
            }
        }
        for variable in self.variables() {
            let Some(value) = variable.settled_value() else { continue };
            found.extend(paths(value).into_iter().map(|file| Read {
                file,
                place: variable.value_field().path(),
                naming: Naming::Variable(variable.name.to_owned()),
            }));
        }
        found
    }
}

/// The paths that the commands of an inline script name, those that it asks for left out.
fn scripted(argv: &[&str]) -> Vec<String> {
    let steps = shell::steps(argv).unwrap_or_default();
    let mut asked: Vec<String> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for step in &steps {
        let Some((program, words)) = step.words.split_first() else { continue };
        let found = words.iter().flat_map(|word| paths(word));
        if NOT_READING.contains(&super::command::base_name(program)) {
            asked.extend(found);
        } else {
            named.extend(found);
        }
    }
    named.retain(|path| !asked.contains(path));
    named
}

/// The absolute paths of files within a word: itself, what stands behind an option's `=`, those of a list.
fn paths(word: &str) -> Vec<String> {
    let value = match word.split_once('=') {
        Some((_, value)) if !word.starts_with('/') => value,
        _ => word,
    };
    let value = value.trim_matches(['"', '\'']);
    let value = value.strip_prefix('@').unwrap_or(value);
    let value = value.strip_prefix("file://").or_else(|| value.strip_prefix("file:")).unwrap_or(value);
    if !value.starts_with('/') || value.contains("//") || value.len() > MAX_PATH {
        return Vec::new();
    }
    let odd = |path: &str| path.contains(|c: char| c.is_whitespace() || "*?[]{}$<>%#!|;&()\\`~\"'=".contains(c));
    let list: Vec<&str> = value.split([':', ',']).collect();
    if list.iter().any(|path| !path.starts_with('/') || path.ends_with('/') || odd(path)) {
        return Vec::new();
    }
    list.into_iter().map(|path| format!("/{}", clean(path))).collect()
}

/// Longest text that is looked at for paths: `PATH_MAX` of Linux.
const MAX_PATH: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_words() {
        for (word, wanted) in [
            ("/etc/app/a.yml", vec!["/etc/app/a.yml"]),
            ("--config=/etc/app/a.yml", vec!["/etc/app/a.yml"]),
            ("--config.file=\"/etc/app/a.yml\"", vec!["/etc/app/a.yml"]),
            ("-Dlog4j.configurationFile=file:///etc/app/log4j2.xml", vec!["/etc/app/log4j2.xml"]),
            ("@/etc/app/body", vec!["/etc/app/body"]),
            ("/a/x:/b/y", vec!["/a/x", "/b/y"]),
            ("http://x/etc/app/a.yml", vec![]),
            ("--url=https://x/y", vec![]),
            ("/etc/app/", vec![]),
            ("/etc/app/*.yml", vec![]),
            ("optional:file:/etc/app/a.yml", vec![]),
            ("/etc/app/${NAME}", vec![]),
            ("/a:ro", vec![]),
            ("a.yml", vec![]),
        ] {
            assert_eq!(paths(word), wanted, "{word}");
        }
    }
}
