//! Whether a command ends: read from a real shell parse, never by regular expressions.
//!
//! The answer is "it ends" only where every step in the foreground is known to end. One unknown
//! program, loop or variable in command position makes the whole unknown.

mod daemons;
mod dialect;
mod differ;
mod ending;
mod endless;
mod listing;
mod loops;
mod one_liner;
mod parse;
mod programs;
mod runs;
mod servers;
mod signs;
mod stays;
mod steps;
mod syntax;
mod timing;
mod tools;
mod waits;
mod wrappers;

#[cfg(test)]
mod tests;

pub use dialect::{Bashism, Then, bashisms};
pub use loops::waits_forever;
pub use runs::{Outer, Run, Seen};
pub use signs::{Sign, may_read_commands, signs};
pub use stays::{Parent, Stays, stays_as_parent};
pub use steps::{Fate, Step};
pub use syntax::{Fault, Reached, SyntaxFault, syntax_fault};
pub use waits::{substituted, waiters};

use super::command::base_name;

/// How sure it is that something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// As often as not: something that cannot be seen here decides.
    Possible,
    /// On an ordinary day.
    Likely,
    /// Given only the words.
    Certain,
}

/// A command that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How sure that is.
    pub sure: Sure,
    /// What is taken for granted, where it is not certain.
    pub assumed: Option<&'static str>,
    /// Seconds spent in `sleep`.
    pub sleeps: u64,
    /// What ends last, as a person would say it: "`echo hello` ends at once".
    pub last: String,
    /// Where a configuration lies that could say otherwise.
    pub settings: Option<&'static str>,
    /// How a daemon is kept in the foreground.
    pub advice: Option<String>,
    /// Nothing after it is reached: `exit`, or `exec` of a program that ends.
    leaves: bool,
    /// The script leaves programs running in the background, which end with it.
    pub abandons: bool,
}

impl Ending {
    fn now(last: impl Into<String>) -> Self {
        let last = last.into();
        Self {
            sure: Sure::Certain,
            assumed: None,
            sleeps: 0,
            last,
            settings: None,
            advice: None,
            leaves: false,
            abandons: false,
        }
    }

    fn likely(last: impl Into<String>) -> Self {
        Self { sure: Sure::Likely, ..Self::now(last) }
    }

    /// `self`, then `next`.
    fn then(self, next: Self) -> Self {
        if self.leaves {
            return self;
        }
        Self {
            sure: self.sure.min(next.sure),
            assumed: self.assumed.or(next.assumed),
            sleeps: self.sleeps.saturating_add(next.sleeps),
            last: next.last,
            settings: self.settings.or(next.settings),
            advice: next.advice.or(self.advice),
            leaves: next.leaves,
            abandons: self.abandons || next.abandons,
        }
    }

    /// `self` or `other`: the longer sleep, the lesser certainty.
    fn or(self, other: Self) -> Self {
        Self {
            sure: self.sure.min(other.sure),
            assumed: self.assumed.or(other.assumed),
            sleeps: self.sleeps.max(other.sleeps),
            last: other.last,
            settings: self.settings.or(other.settings),
            advice: other.advice.or(self.advice),
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
    programs::ending(argv, &ending::Scope::new(stdin))
}

/// A command that never ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endless {
    /// Given only the words, rather than by what is known of a server.
    pub certain: bool,
    /// Why, as a person would say it: "`tail -f` never ends".
    pub what: String,
}

/// Whether an argument vector never ends by itself, or with a failure at most; `None` where it may, or nobody knows.
#[must_use]
pub fn endless(argv: &[&str]) -> Option<Endless> {
    endless::endless(argv, false, 0)
}

/// The vector behind wrappers that run it in their own place, such as `tini --` or `env A=b`.
#[must_use]
pub fn unwrap<'a>(argv: &'a [&'a str]) -> &'a [&'a str] {
    wrappers::unwrap(argv, false)
}

/// Every simple command that an argument vector runs, as its words: itself, or those of its inline script,
/// wrappers such as `timeout 5` taken off. Words with a `$` or backquote are not what the program sees.
#[must_use]
pub fn commands(argv: &[&str]) -> Vec<Vec<String>> {
    match script(argv) {
        Some(script) => listing::commands(script.text).iter().filter_map(|words| inner(words, true)).collect(),
        None => {
            let words: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
            inner(&words, false).into_iter().collect()
        }
    }
}

/// The commands of a script as they will run, in their order, wrappers taken off, with the values of variables in place.
/// `lookup` says what is known of a variable that the script itself does not set.
#[must_use]
pub fn runs<'e>(script: &str, lookup: &dyn Fn(&str) -> Outer<'e>) -> Vec<Run> {
    runs::runs(script, lookup)
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

/// The simple commands of an argument vector's inline script, with what follows when one of them fails;
/// wrappers are taken off. `None` where it has no inline script.
#[must_use]
pub fn steps(argv: &[&str]) -> Option<Vec<Step>> {
    let script = script(argv)?;
    let options = argv[..script.at].iter().rev().take_while(|word| !is_shell(base_name(word)));
    let stops = options.into_iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('e'));
    let steps = steps::steps(script.text, stops).into_iter();
    Some(steps.filter_map(|step| Some(Step { words: inner(&step.words, true)?, ..step })).collect())
}

/// The simple commands whose failure ends an argument vector: itself, or those of its inline script; wrappers are taken off.
#[must_use]
pub fn decisive(argv: &[&str]) -> Vec<Vec<String>> {
    match steps(argv) {
        Some(steps) => steps.into_iter().filter(|step| step.fate == Fate::Ends).map(|step| step.words).collect(),
        None => vec![unwrap(argv).iter().map(|word| (*word).to_owned()).collect()],
    }
}

/// A command without wrappers, those that limit its time among them.
fn inner(words: &[String], in_script: bool) -> Option<Vec<String>> {
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut left = wrappers::unwrap(&all, in_script);
    while let Some((_, command)) = wrappers::timeout(left) {
        left = wrappers::unwrap(command, false);
    }
    (!left.is_empty()).then(|| left.iter().map(|word| (*word).to_owned()).collect())
}

/// The script that an argument vector gives to a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script<'a> {
    /// The shell's name, without its path; `ash` for `busybox sh`.
    pub shell: &'a str,
    /// The script.
    pub text: &'a str,
    /// Which word of the vector it is, from 0.
    pub at: usize,
    /// An init process runs the shell, so that the shell is not PID 1.
    pub under_init: bool,
    /// `timeout` puts an end to it.
    pub limited: bool,
}

/// The script of `sh -c SCRIPT`, for any shell and any cluster of options that holds `c`, wrappers before it taken
/// off.
#[must_use]
pub fn script<'a>(argv: &'a [&'a str]) -> Option<Script<'a>> {
    let mut inner = unwrap(argv);
    let mut limited = false;
    while let Some((_, command)) = wrappers::timeout(inner) {
        limited = true;
        inner = unwrap(command);
    }
    let (shell, args) = inner.split_first()?;
    let before = &argv[..argv.len() - inner.len()];
    let is = |name: &str| before.iter().any(|word| base_name(word) == name);
    let shell = base_name(shell);
    let ShellRuns::Script(at) = shell_operands(args) else { return None };
    if !is_shell(shell) {
        return None;
    }
    Some(Script {
        shell: if is("busybox") { "ash" } else { shell },
        text: args[at],
        at: before.len() + 1 + at,
        under_init: before.iter().any(|word| wrappers::is_init(base_name(word))),
        limited,
    })
}

/// Which word of a vector a shell opens as a script: its first operand, where there is no `-c`.
#[must_use]
pub fn script_file(argv: &[&str]) -> Option<usize> {
    let inner = unwrap(argv);
    let (shell, args) = inner.split_first()?;
    let ShellRuns::File(at) = shell_operands(args) else { return None };
    is_shell(base_name(shell)).then_some(argv.len() - inner.len() + 1 + at)
}

/// Whether a program is a POSIX-like shell.
#[must_use]
pub fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "ash" | "dash" | "ksh" | "mksh" | "zsh")
}

/// What a shell's arguments make it run.
#[derive(Clone, Copy, Debug)]
enum ShellRuns {
    /// `-c SCRIPT`: which argument is the script.
    Script(usize),
    /// `-c`, and nothing after it.
    Nothing,
    /// A script file: which argument it is.
    File(usize),
    /// Its standard input.
    Stdin,
}

fn shell_operands(args: &[&str]) -> ShellRuns {
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
    match (inline, at < args.len()) {
        (true, true) => ShellRuns::Script(at),
        (true, false) => ShellRuns::Nothing,
        (false, true) => ShellRuns::File(at),
        (false, false) => ShellRuns::Stdin,
    }
}

/// The last plain program name in a script's main line: `java` of `cd /app && exec java -jar x`.
#[must_use]
pub fn last_program(text: &str) -> Option<String> {
    let last = listing::last(text)?;
    let words: Vec<&str> = last.iter().map(String::as_str).collect();
    Some(base_name(wrappers::unwrap(&words, true).first()?).to_owned())
}
