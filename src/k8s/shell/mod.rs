//! Whether a command ends: read from a real shell parse, never by regular expressions.
//!
//! The answer is "it ends" only where every step in the foreground is known to end. One unknown
//! program, loop or variable in command position makes the whole unknown.

mod listing;
mod programs;
mod script;
mod timing;

use super::command::base_name;

/// A command that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Known for certain, rather than likely.
    pub certain: bool,
    /// Seconds spent in `sleep`.
    pub sleeps: u64,
    /// What ends last, as a person would say it: "`echo hello` ends at once".
    pub last: String,
    /// Nothing after it is reached: `exit`, or `exec` of a program that ends.
    leaves: bool,
    /// The script leaves programs running in the background, which end with it.
    pub abandons: bool,
}

impl Ending {
    fn now(last: impl Into<String>) -> Self {
        Self { certain: true, sleeps: 0, last: last.into(), leaves: false, abandons: false }
    }

    fn likely(last: impl Into<String>) -> Self {
        Self { certain: false, ..Self::now(last) }
    }

    /// `self`, then `next`.
    fn then(self, next: Self) -> Self {
        if self.leaves {
            return self;
        }
        Self {
            certain: self.certain && next.certain,
            sleeps: self.sleeps.saturating_add(next.sleeps),
            last: next.last,
            leaves: next.leaves,
            abandons: self.abandons || next.abandons,
        }
    }

    /// `self` or `other`: the longer sleep, the lesser certainty.
    fn or(self, other: Self) -> Self {
        Self {
            certain: self.certain && other.certain,
            sleeps: self.sleeps.max(other.sleeps),
            last: other.last,
            leaves: self.leaves && other.leaves,
            abandons: self.abandons || other.abandons,
        }
    }
}

/// What standard input is to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// Empty: reading it ends at once (no `stdin`, no `tty`: the runtime gives /dev/null).
    Empty,
    /// Somebody may type, so reading it waits.
    Open,
    /// A file, a text or another program's output: it has an end, and may be a program.
    Fed,
}

/// Whether an argument vector ends; `None` where it runs on, or nobody knows.
#[must_use]
pub fn ending(argv: &[&str], stdin: Stdin) -> Option<Ending> {
    programs::ending(argv, &script::Scope::new(stdin))
}

/// The vector behind wrappers that run it in their own place, such as `tini --` or `env A=b`.
#[must_use]
pub fn unwrap<'a>(argv: &'a [&'a str]) -> &'a [&'a str] {
    programs::unwrap(argv)
}

/// Every simple command that an argument vector runs, as its words: itself, or those of its inline script,
/// wrappers such as `timeout 5` taken off. Words with a `$` or backquote are not what the program sees.
#[must_use]
pub fn commands(argv: &[&str]) -> Vec<Vec<String>> {
    let argv = unwrap(argv);
    let all = match inline_script(argv) {
        Some(script) => listing::commands(script),
        None => vec![argv.iter().map(|word| (*word).to_owned()).collect()],
    };
    all.into_iter().map(without_wrappers).filter(|words| !words.is_empty()).collect()
}

/// Seconds that a command sleeps where each of its steps succeeds; what its other programs take is not counted,
/// nor are loops. `None` where nobody knows.
#[must_use]
pub fn least_sleep(argv: &[&str]) -> Option<u64> {
    timing::least_sleep(argv, 0)
}

/// Whether a command ends with another code than 0, whatever its programs do: `false`, or a script that comes to
/// `false` or `exit 1` on every path.
#[must_use]
pub fn always_fails(argv: &[&str]) -> bool {
    timing::always_fails(argv, 0)
}

/// `timeout [OPTION] DURATION COMMAND` (GNU coreutils, busybox) runs its command, too.
fn without_wrappers(words: Vec<String>) -> Vec<String> {
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut inner = unwrap(&all);
    while let Some((program, rest)) = inner.split_first()
        && base_name(program) == "timeout"
    {
        let valued = |word: &str| matches!(word, "-k" | "-s" | "-t");
        let mut at = 0;
        while let Some(word) = rest.get(at).filter(|word| word.starts_with('-')) {
            // busybox once had `-t SECONDS` in place of the operand.
            at += if *word == "-t" { 1 } else { 1 + usize::from(valued(word)) };
        }
        inner = unwrap(rest.get(at + 1..).unwrap_or_default());
    }
    inner.iter().map(|word| (*word).to_owned()).collect()
}

/// The script of `sh -c SCRIPT`, for any shell and any cluster of options that holds `c`.
#[must_use]
pub fn inline_script<'a>(argv: &[&'a str]) -> Option<&'a str> {
    let (shell, rest) = argv.split_first()?;
    if !is_shell(base_name(shell)) {
        return None;
    }
    match shell_operands(rest) {
        ShellRuns::Script(script) => Some(script),
        _ => None,
    }
}

/// Whether a program is a POSIX-like shell.
#[must_use]
pub fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "ash" | "dash" | "ksh" | "mksh" | "zsh")
}

/// What a shell's arguments make it run.
enum ShellRuns<'a> {
    /// `-c SCRIPT`
    Script(&'a str),
    /// A script file.
    File,
    /// Its standard input.
    Stdin,
}

fn shell_operands<'a>(args: &[&'a str]) -> ShellRuns<'a> {
    let mut inline = false;
    let mut at = 0;
    while let Some(&word) = args.get(at) {
        at += 1;
        if word == "--" || word == "-" {
            break;
        }
        if word.starts_with("--") {
            if matches!(word, "--rcfile" | "--init-file") {
                at += 1;
            }
            continue;
        }
        let Some(cluster) = word.strip_prefix(['-', '+']) else {
            at -= 1;
            break;
        };
        inline |= word.starts_with('-') && cluster.contains('c');
        // `-o pipefail`, also at the end of a cluster: the next word belongs to it.
        at += cluster.matches(['o', 'O']).count();
    }
    match (inline, args.get(at)) {
        (true, Some(script)) => ShellRuns::Script(script),
        (false, Some(_)) => ShellRuns::File,
        (_, None) => ShellRuns::Stdin,
    }
}

/// The last plain program name in a script's main line: `java` of `cd /app && exec java -jar x`.
#[must_use]
pub fn last_program(text: &str) -> Option<String> {
    script::last_program(text)
}
