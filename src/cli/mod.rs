//! The command line, one verb a file.

pub mod args;
#[cfg(feature = "webhook")]
mod certs;
pub mod collect;
mod explain;
mod fix;
mod images;
mod lint;
mod policy;
mod preflight;
mod render;
mod rules;
mod verify;

use crate::engine::outcome::InputError;
use crate::report::pretty;
use anyhow::Context as _;
use args::{Cli, Color, Verb};
use clap::{CommandFactory as _, FromArgMatches as _};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Exit code of a wrong usage, unreadable input or internal error.
const TROUBLE: u8 = 2;

/// A verb that another module of this floor brings. They don't know each other, so `main` hands it over.
pub struct Door {
    /// Its name and arguments; help, completions and the man page hold them.
    pub command: clap::Command,
    /// Runs it.
    pub run: fn(&clap::ArgMatches) -> ExitCode,
}

/// Runs the process's arguments.
#[must_use]
pub fn main(doors: &[Door]) -> ExitCode {
    let command = Cli::command().subcommands(doors.iter().map(|door| door.command.clone()));
    // Parses, and on wrong usage prints help and ends the process with 2.
    let matches = command.clone().get_matches_from(verb_first(std::env::args_os().collect(), &command));
    if let Some((name, matches)) = matches.subcommand()
        && let Some(door) = doors.iter().find(|door| door.command.get_name() == name)
    {
        return (door.run)(matches);
    }
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let stderr = Console { color: cli.color };
    match run(&cli, command, &stderr) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let text = format!("{}\n", trouble(&error));
            // Nobody is left to be told where this fails.
            let _ = stderr.error(text.as_bytes());
            ExitCode::from(TROUBLE)
        }
    }
}

/// Arguments with `--color` behind the verb that it stands before: clap takes the word behind an argument of
/// linting for a path.
fn verb_first(mut words: Vec<OsString>, command: &clap::Command) -> Vec<OsString> {
    let long = match words.get(1).and_then(|word| word.to_str()) {
        Some("--color") => 2,
        Some(word) if word.starts_with("--color=") => 1,
        _ => return words,
    };
    let verb = words.get(1 + long).and_then(|word| word.to_str());
    if verb.is_some_and(|verb| command.get_subcommands().any(|known| known.get_name() == verb)) {
        words[1..=1 + long].rotate_right(1);
    }
    words
}

fn run(cli: &Cli, mut command: clap::Command, console: &Console) -> anyhow::Result<u8> {
    let mut text = Vec::new();
    let code = match &cli.verb {
        None if cli.lint.verify_reader => return verify::run(&cli.lint.selection, console),
        None => return lint::run(&cli.lint, console),
        Some(Verb::Rules { format }) => rules::run(*format, &mut text),
        Some(Verb::Fix(args)) => return fix::run(args, console),
        Some(Verb::Preflight(args)) => return preflight::run(args, console),
        Some(Verb::Images(args)) => return images::run(args, console),
        Some(Verb::Explain { rule }) => explain::run(rule, &mut text),
        #[cfg(feature = "webhook")]
        Some(Verb::Certs { kind }) => certs::run(kind, &mut text),
        Some(Verb::Completions { shell }) => {
            clap_complete::generate(*shell, &mut command, "crashlint", &mut text);
            Ok(())
        }
        Some(Verb::Man) => clap_mangen::Man::new(command).render(&mut text).context("the man page"),
    };
    code?;
    console.print(&text)?;
    Ok(0)
}

/// An error as rustc prints it, with its causes.
fn trouble(error: &anyhow::Error) -> String {
    let style = anstyle::AnsiColor::BrightRed.on_default().bold();
    format!("{style}error{style:#}: {}", crate::report::safe::paragraph(&format!("{error:#}")))
}

/// Standard output and standard error, with colours where they are wanted.
struct Console {
    color: Color,
}

impl Console {
    fn choice(&self, auto: anstream::ColorChoice) -> anstream::ColorChoice {
        match self.color {
            Color::Auto => auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
    }

    /// Whether standard output shows colours.
    fn colored(&self) -> bool {
        self.choice(anstream::AutoStream::choice(&io::stdout())) != anstream::ColorChoice::Never
    }

    /// Writes to standard output. A reader that has gone is no error.
    fn print(&self, text: &[u8]) -> anyhow::Result<()> {
        let stdout = io::stdout();
        if memchr::memchr(0x1B, text).is_none() {
            // Nothing to take out, and a log can be large.
            let mut stdout = stdout.lock();
            return kept(stdout.write_all(text).and_then(|()| stdout.flush())).context("standard output");
        }
        let choice = self.choice(anstream::AutoStream::choice(&stdout));
        let mut stream = anstream::AutoStream::new(stdout.lock(), choice);
        kept(stream.write_all(text).and_then(|()| stream.flush())).context("standard output")
    }

    /// Writes to standard error.
    fn error(&self, text: &[u8]) -> io::Result<()> {
        let stderr = io::stderr();
        let choice = self.choice(anstream::AutoStream::choice(&stderr));
        let mut stream = anstream::AutoStream::new(stderr.lock(), choice);
        kept(stream.write_all(text).and_then(|()| stream.flush()))
    }
}

impl Console {
    /// Tells what is wrong with a policy or baseline file, and returns the exit code for that.
    fn wrong_policy(&self, wrong: &[InputError]) -> anyhow::Result<u8> {
        let mut text = Vec::new();
        for error in wrong {
            pretty::input_error(error, &mut text)?;
        }
        self.error(&text)?;
        Ok(TROUBLE)
    }
}

/// Writes beside a file, then renames; the mode of one that is there stays, and a link stays a link.
fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let there = path.canonicalize();
    let path = there.as_deref().unwrap_or(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // A new file has what the process's mask leaves.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut beside = builder.tempfile_in(folder)?;
    beside.write_all(bytes)?;
    if let Ok(there) = std::fs::metadata(path) {
        beside.as_file().set_permissions(there.permissions())?;
    }
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    Ok(())
}

fn kept(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
