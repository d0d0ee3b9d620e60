//! Whether a program with its arguments ends.

use super::ending::{self as script, Scope};
use super::tools::{AT_ONCE, BUILTINS, INTERPRETERS, ONE_SHOT_NAMES, READERS, TOOLS};
use super::wrappers::{seconds, timeout, unwrap};
use super::{Ending, ShellRuns, Stdin, daemons, is_shell, one_liner, shell_operands};
use crate::k8s::command::base_name;

/// Longest `sleep` that is still meant to end, in seconds: a year.
const YEAR: u64 = 365 * 24 * 3600;

/// Whether the program ends.
pub(super) fn ending(argv: &[&str], scope: &Scope<'_>) -> Option<Ending> {
    let argv = unwrap(argv, scope.in_script());
    if let Some(end) = limited(argv, scope) {
        return end;
    }
    let (program, args) = argv.split_first()?;
    let name = base_name(program);
    let shown = || shown(argv);
    if is_shell(name) {
        return match shell_operands(args) {
            ShellRuns::Script(at) => script::ending(args[at], scope),
            ShellRuns::Nothing => Some(Ending::now(format!("`{name} -c` without a script is an error and ends"))),
            ShellRuns::File(_) => None,
            ShellRuns::Stdin => {
                scope.is_idle().then(|| Ending::now(format!("`{name}` reads its standard input, which is empty")))
            }
        };
    }
    if let Some(end) = daemons::ending(argv, &shown()) {
        return Some(end);
    }
    if !is_standard(program) {
        return one_shot(argv).then(|| Ending::likely(format!("`{}` does its job and ends", shown())));
    }
    match name {
        "sleep" => return sleep(args, shown()),
        // `-S` holds a command of its own.
        "env" if args.iter().any(|arg| arg.starts_with("-S") || arg.starts_with("--split-string")) => return None,
        "env" => return Some(Ending::now(format!("`{}` prints the environment and ends", shown()))),
        "tail" => {
            let follows = args.iter().any(|arg| {
                arg.starts_with("--f")
                    || *arg == "--retry"
                    || (arg.starts_with('-') && !arg.starts_with("--") && arg.contains(['f', 'F']))
            });
            return if follows { None } else { reader(args, scope, shown()) };
        }
        "command" if scope.in_script() => return Some(Ending::now("`command -v` ends at once")),
        _ => {}
    }
    if AT_ONCE.contains(&name) {
        return Some(Ending::now(format!("`{}` ends at once", shown())));
    }
    if READERS.contains(&name) {
        return reader(args, scope, shown());
    }
    if one_liner::ends(name, args) {
        return Some(Ending::now(format!("`{name}` runs one line that ends")));
    }
    if INTERPRETERS.contains(&name) && args.is_empty() {
        return scope
            .is_idle()
            .then(|| Ending::now(format!("`{name}` reads its program from standard input, which is empty")));
    }
    if scope.in_script() && BUILTINS.contains(&name) {
        return Some(Ending::now(format!("`{}` ends at once", shown())));
    }
    one_shot(argv).then(|| Ending::likely(format!("`{}` does its job and ends", shown())))
}

/// Found by the PATH, or in a folder of the system: `/app/echo` may be anything.
fn is_standard(program: &str) -> bool {
    program
        .rsplit_once('/')
        .is_none_or(|(folder, _)| matches!(folder, "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin" | "/busybox"))
}

/// Whether the words are a tool that does one job.
fn one_shot(argv: &[&str]) -> bool {
    let name = base_name(argv[0]);
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    // A watcher or a worker never ends.
    let stays = |arg: &&str| {
        matches!(
            *arg,
            "--watch"
                | "--watchAll"
                | "--watch-only"
                | "-w"
                | "--follow"
                | "--serve"
                | "serve"
                | "server"
                | "spring-boot:run"
                | "worker"
        ) || arg.starts_with("--listen")
            || arg.starts_with("--port")
    };
    let follows_log = argv.contains(&"logs") && argv.contains(&"-f");
    if argv.iter().any(stays) || follows_log {
        return false;
    }
    if name != "manage.py" && ONE_SHOT_NAMES.contains(&stem) {
        return true;
    }
    let words: Vec<&str> = argv
        .iter()
        .enumerate()
        .filter(|(at, word)| {
            let value = *at > 0 && matches!(argv[at - 1], "-n" | "--namespace" | "--context" | "--kubeconfig");
            !word.starts_with('-') && !value
        })
        .map(|(at, word)| if at == 0 { base_name(word) } else { word })
        .collect();
    let mut words = &words[..];
    // `python manage.py migrate`, `php artisan migrate`, `bundle exec rake`, `npx prisma migrate`.
    loop {
        words = match words {
            ["python" | "python3" | "php" | "npx" | "ruby", rest @ ..] if !rest.is_empty() => rest,
            ["bundle", "exec", rest @ ..] | ["poetry" | "pipenv" | "uv", "run", rest @ ..] if !rest.is_empty() => rest,
            _ => break,
        };
    }
    let matches = |tool: &[&str]| {
        words.len() >= tool.len()
            && words
                .iter()
                .zip(tool)
                .enumerate()
                .all(|(at, (word, want))| if at == 0 { base_name(word) == *want } else { word == want })
    };
    TOOLS.iter().any(|tool| matches(tool))
}

/// A program that reads named files, else standard input.
fn reader(args: &[&str], scope: &Scope<'_>, shown: String) -> Option<Ending> {
    let operands = || args.iter().filter(|arg| !arg.starts_with('-'));
    let endless = operands()
        .any(|path| ["/dev/", "/proc/", "/sys/"].iter().any(|place| path.starts_with(place)) && *path != "/dev/null");
    let named = operands().any(|path| path.starts_with('/'));
    if endless {
        None
    } else if scope.input_ends() || named {
        Some(Ending::now(format!("`{shown}` ends at once")))
    } else {
        None
    }
}

/// `sleep` with all its operands added up (GNU coreutils); `infinity` and a year or more are no end.
fn sleep(args: &[&str], shown: String) -> Option<Ending> {
    if args.is_empty() {
        return Some(Ending::now("`sleep` without a time is an error and ends".to_owned()));
    }
    let total = args.iter().filter(|arg| **arg != "--").map(|arg| seconds(arg)).sum::<Option<f64>>()?;
    (total < YEAR as f64).then(|| Ending { sleeps: total as u64, ..Ending::now(format!("`{shown}` ends")) })
}

/// What `timeout` runs ends, at the latest when its time is over.
fn limited(argv: &[&str], scope: &Scope<'_>) -> Option<Option<Ending>> {
    let (allowed, inner) = timeout(argv)?;
    let by_itself = ending(inner, scope);
    // Zero is no limit.
    let allowed = allowed.filter(|seconds| (1.0..YEAR as f64).contains(seconds) && !inner.is_empty());
    Some(by_itself.or_else(|| {
        let sleeps = allowed? as u64;
        Some(Ending { sleeps, ..Ending::now(format!("`timeout` ends it after {sleeps} s")) })
    }))
}

/// A command as a person would quote it, cut where it is long.
fn shown(argv: &[&str]) -> String {
    let line = argv.join(" ").replace(['\n', '\r', '`'], " ");
    if line.chars().count() > 60 { line.chars().take(59).chain(['…']).collect() } else { line }
}

impl Scope<'_> {
    /// Reading standard input gives nothing at all.
    fn is_idle(&self) -> bool {
        self.stdin == Stdin::Empty
    }

    /// Reading standard input comes to an end.
    fn input_ends(&self) -> bool {
        self.stdin != Stdin::Open
    }
}
