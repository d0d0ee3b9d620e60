//! From arguments to files: which are read, under which names, and what can't be.
//!
//! Nothing is opened here. A file's type is looked at first, so a pipe without a writer can not
//! hold the run up.

use crate::engine::Input;
use crate::engine::outcome::InputError;
use crate::source::Source;
use anyhow::Context as _;
use clap::CommandFactory as _;
use ignore::WalkBuilder;
use ignore::overrides::{Override, OverrideBuilder};
use std::collections::HashMap;
use std::fs::FileType;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As it is printed: as given, with `/`.
    pub name: Arc<str>,
    /// Where it is; none for standard input.
    pub path: Option<PathBuf>,
    /// Given on the command line, so read whatever its extension.
    pub named: bool,
}

/// All files, by name and each once, and what can not be read.
#[derive(Debug, Default)]
pub struct Collected {
    /// What to read.
    pub files: Vec<Found>,
    /// What can't be.
    pub errors: Vec<InputError>,
}

/// Collects what the arguments name.
///
/// # Errors
/// Where a glob is malformed.
pub fn collect(paths: &[PathBuf], include: &[String], exclude: &[String]) -> anyhow::Result<Collected> {
    let globs = globs(include, exclude)?;
    let mut collector = Collector::new(&globs, !include.is_empty());
    let here = [PathBuf::from(".")];
    for path in if paths.is_empty() { &here } else { paths } {
        collector.argument(path);
    }
    let Collector { mut found, mut errors, .. } = collector;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    errors.sort();
    errors.dedup();
    Ok(Collected { files: found, errors })
}

/// Collects what the arguments name, standard input read: what the engine takes, and what can't be
/// read.
///
/// # Errors
/// Where a glob is malformed.
pub fn inputs(
    paths: &[PathBuf],
    include: &[String],
    exclude: &[String],
) -> anyhow::Result<(Vec<Input>, Vec<InputError>)> {
    let Collected { files, mut errors } = collect(paths, include, exclude)?;
    let mut inputs = Vec::new();
    for found in files {
        let text = match found.path {
            Some(_) => None,
            None => match standard_input() {
                Ok(text) => Some(text),
                Err(error) => {
                    let message = format!("standard input: {error}");
                    errors.push(InputError { file: found.name, line: None, column: None, message });
                    continue;
                }
            },
        };
        inputs.push(Input { name: found.name, path: found.path, named: found.named, text });
    }
    Ok((inputs, errors))
}

fn standard_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The engine refuses what is longer than this; one byte more shows it that there is more.
    io::stdin().lock().take(Source::MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn globs(include: &[String], exclude: &[String]) -> anyhow::Result<Override> {
    let mut builder = OverrideBuilder::new(std::env::current_dir().unwrap_or_else(|_| ".".into()));
    for glob in include {
        builder.add(glob).with_context(|| format!("--include {glob}"))?;
    }
    // The last match decides, so exclusions come last.
    for glob in exclude {
        builder.add(&format!("!{glob}")).with_context(|| format!("--exclude {glob}"))?;
    }
    Ok(builder.build()?)
}

struct Collector<'g> {
    globs: &'g Override,
    /// Whether there are globs to include, which then decide instead of extensions.
    limited: bool,
    found: Vec<Found>,
    errors: Vec<InputError>,
    /// Absolute paths, without `.`, to places in `found`.
    seen: HashMap<PathBuf, usize>,
}

impl<'g> Collector<'g> {
    fn new(globs: &'g Override, limited: bool) -> Self {
        Self { globs, limited, found: Vec::new(), errors: Vec::new(), seen: HashMap::new() }
    }

    fn argument(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            self.add(path, "-".into(), None, true);
            return;
        }
        // Follows links, and opens nothing.
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.folder(path),
            Ok(meta) if meta.is_file() => self.add(path, name(path), Some(path.to_owned()), true),
            Ok(meta) => self.error(path, special(meta.file_type())),
            Err(error) => {
                let verb = mistyped(path).filter(|_| error.kind() == io::ErrorKind::NotFound);
                let hint = verb.map_or_else(String::new, |verb| format!("; did you mean `crashlint {verb}`?"));
                self.error(path, reason(&error) + &hint);
            }
        }
    }

    fn add(&mut self, key: &Path, name: Arc<str>, path: Option<PathBuf>, named: bool) {
        let key = std::path::absolute(key).unwrap_or_else(|_| key.to_owned());
        if let Some(&at) = self.seen.get(&key) {
            self.found[at].named |= named;
            return;
        }
        self.seen.insert(key, self.found.len());
        self.found.push(Found { name, path, named });
    }

    fn error(&mut self, path: &Path, message: String) {
        self.errors.push(InputError { file: name(path), line: None, column: None, message });
    }

    fn folder(&mut self, root: &Path) {
        let walk = WalkBuilder::new(root)
            .follow_links(true)
            .require_git(false)
            // A person's own ignore list would make two machines see different files.
            .git_global(false)
            .overrides(self.globs.clone())
            .sort_by_file_name(|a, b| a.cmp(b))
            .build();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.walk_error(root, &error);
                    continue;
                }
            };
            let path = entry.path();
            // Where globs include, whatever the walk lets through matches one of them.
            let wanted = self.limited || manifest(path);
            match entry.file_type() {
                Some(kind) if kind.is_dir() => {}
                _ if !wanted => {}
                Some(kind) if kind.is_file() => {
                    let shown = if root == Path::new(".") { path.strip_prefix(".").unwrap_or(path) } else { path };
                    self.add(path, name(shown), Some(path.to_owned()), false);
                }
                Some(kind) => self.error(path, special(kind)),
                None => {}
            }
        }
    }

    fn walk_error(&mut self, root: &Path, error: &ignore::Error) {
        let (path, inner) = unwrapped(error);
        let message = match inner {
            ignore::Error::Loop { ancestor, child } => {
                let ancestor = name(ancestor);
                self.error(child, format!("symbolic link leads back to `{ancestor}`; left out"));
                return;
            }
            ignore::Error::Io(io) if io.kind() == io::ErrorKind::NotFound => {
                // A link to nothing matters where it looks like a manifest.
                match path {
                    Some(path) if !manifest(path) => return,
                    _ => "symbolic link to nothing".to_owned(),
                }
            }
            ignore::Error::Io(io) => reason(io),
            other => other.to_string(),
        };
        self.error(path.unwrap_or(root), message);
    }
}

/// The path that an error is about, and the error itself.
fn unwrapped(error: &ignore::Error) -> (Option<&Path>, &ignore::Error) {
    match error {
        ignore::Error::WithPath { path, err } => {
            let (inner_path, inner) = unwrapped(err);
            (inner_path.or(Some(path)), inner)
        }
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => unwrapped(err),
        other => (None, other),
    }
}

/// The verb that may be meant by what was taken for a path.
fn mistyped(path: &Path) -> Option<String> {
    let word = path.to_str().filter(|word| word.chars().all(|c| c.is_ascii_lowercase()))?;
    let command = super::args::Cli::command();
    let verbs: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    crate::k8s::decode::nearest(word, verbs).map(str::to_owned)
}

/// Whether a file found in a folder may be a manifest; JSON is looked into later.
fn manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// A path as it is printed, on every system with `/`.
fn name(path: &Path) -> Arc<str> {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into() } else { text.replace(std::path::MAIN_SEPARATOR, "/").into() }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "not readable: permission denied".into(),
        _ => error.to_string(),
    }
}

fn special(kind: FileType) -> String {
    let what = special_name(kind);
    format!("{what}, not a regular file; `crashlint -` reads from a pipe")
}

#[cfg(unix)]
fn special_name(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    match kind {
        _ if kind.is_fifo() => "a named pipe",
        _ if kind.is_socket() => "a socket",
        _ if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "a special file",
    }
}

#[cfg(not(unix))]
fn special_name(_: FileType) -> &'static str {
    "a special file"
}
