//! Programs that are known to end, and wrappers that run another program.

use super::script::{self, Scope};
use super::{Ending, ShellRuns, Stdin, is_shell, shell_operands};
use crate::k8s::command::base_name;

/// End at once, whatever their arguments: coreutils and shell builtins (POSIX.1-2017, XCU).
const AT_ONCE: &[&str] = &[
    "echo", "true", "false", "date", "ls", "printenv", "printf", "pwd", "whoami", "id", "uname", "hostname",
    "basename", "dirname", "mkdir", "rmdir", "touch", "chmod", "chown", "chgrp", "cp", "mv", "rm", "ln", "test", "[",
    "stat", "df", "du", "nproc", "realpath", "readlink", "mktemp", "which", "expr",
];

/// Builtins of the shell itself, inside a script only.
const BUILTINS: &[&str] = &[
    ":", "cd", "export", "set", "unset", "umask", "ulimit", "shift", "local", "readonly", "declare", "typeset", "hash",
    "let",
];

/// Read files that are named, else standard input; a file that is no device ends.
const READERS: &[&str] = &[
    "cat",
    "head",
    "sort",
    "uniq",
    "wc",
    "cut",
    "tr",
    "sed",
    "grep",
    "egrep",
    "tee",
    "base64",
    "md5sum",
    "sha256sum",
    "rev",
    "nl",
    "od",
    "xxd",
    "envsubst",
    "column",
    "fold",
];

/// Interpreters that, without a program to run, read it from standard input.
const INTERPRETERS: &[&str] = &["python", "python2", "python3", "node", "ruby", "perl", "php", "irb", "lua"];

/// Tools that do one job and end, by their first words; options are left out when comparing.
/// Sources: each tool's own manual.
const TOOLS: &[&[&str]] = &[
    &["migrate"],
    &["flyway"],
    &["liquibase"],
    &["alembic"],
    &["dbmate"],
    &["goose"],
    &["atlas", "migrate"],
    &["sqlx", "migrate"],
    &["diesel", "migration"],
    &["prisma", "migrate"],
    &["prisma", "db"],
    &["sequelize"],
    &["knex"],
    &["typeorm"],
    &["rake", "db:migrate"],
    &["rake", "db:seed"],
    &["rake", "db:setup"],
    &["rails", "db:migrate"],
    &["rails", "db:seed"],
    &["rails", "db:setup"],
    &["rails", "db:prepare"],
    &["artisan", "migrate"],
    &["artisan", "db:seed"],
    &["manage.py", "migrate"],
    &["manage.py", "collectstatic"],
    &["manage.py", "loaddata"],
    &["manage.py", "createsuperuser"],
    &["manage.py", "test"],
    &["manage.py", "check"],
    &["django-admin", "migrate"],
    &["flask", "db"],
    &["pytest"],
    &["py.test"],
    &["tox"],
    &["jest"],
    &["mocha"],
    &["phpunit"],
    &["rspec"],
    &["newman", "run"],
    &["go", "test"],
    &["go", "build"],
    &["go", "version"],
    &["cargo", "test"],
    &["cargo", "build"],
    &["mvn", "test"],
    &["mvn", "package"],
    &["gradle", "test"],
    &["gradle", "build"],
    &["npm", "test"],
    &["npm", "install"],
    &["npm", "ci"],
    &["npm", "run", "test"],
    &["npm", "run", "build"],
    &["npm", "run", "migrate"],
    &["npm", "run", "seed"],
    &["yarn", "test"],
    &["yarn", "install"],
    &["yarn", "build"],
    &["yarn", "migrate"],
    &["yarn", "seed"],
    &["pnpm", "test"],
    &["pnpm", "install"],
    &["pip", "install"],
    &["pip3", "install"],
    &["apt-get", "update"],
    &["apt-get", "install"],
    &["apt", "update"],
    &["apt", "install"],
    &["apk", "add"],
    &["apk", "update"],
    &["yum", "install"],
    &["dnf", "install"],
    &["microdnf", "install"],
    &["curl"],
    &["wget"],
    &["git", "clone"],
    &["tar"],
    &["unzip"],
    &["gzip"],
    &["gunzip"],
    &["nslookup"],
    &["dig"],
    &["kubectl", "apply"],
    &["kubectl", "create"],
    &["kubectl", "delete"],
    &["kubectl", "patch"],
    &["kubectl", "version"],
    &["helm", "install"],
    &["helm", "upgrade"],
    &["helm", "template"],
    &["terraform", "apply"],
    &["terraform", "plan"],
    &["terraform", "init"],
    &["aws", "s3", "cp"],
    &["aws", "s3", "sync"],
    &["gsutil", "cp"],
    &["gsutil", "rsync"],
    &["mc", "mb"],
    &["mc", "cp"],
    &["pg_dump"],
    &["pg_restore"],
    &["mysqldump"],
    &["mongodump"],
    &["mongorestore"],
    &["createdb"],
];

/// Scripts whose own name says that they do one job.
const ONE_SHOT_NAMES: &[&str] = &[
    "migrate",
    "migration",
    "migrations",
    "seed",
    "db-migrate",
    "db_migrate",
    "run-migrations",
    "run_migrations",
    "run-tests",
    "run_tests",
];

/// Longest `sleep` that is still meant to end, in seconds: a year.
const YEAR: u64 = 365 * 24 * 3600;

/// Whether the program ends.
pub(super) fn ending(argv: &[&str], scope: &Scope<'_>) -> Option<Ending> {
    let argv = unwrap(argv);
    let (program, args) = argv.split_first()?;
    let name = base_name(program);
    let shown = || shown(argv);
    if is_shell(name) {
        return match shell_operands(args) {
            ShellRuns::Script(script) => script::ending(script, scope),
            ShellRuns::File => None,
            ShellRuns::Stdin => {
                scope.is_idle().then(|| Ending::now(format!("`{name}` reads its standard input, which is empty")))
            }
        };
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
        "kubectl"
            if args.iter().any(|arg| matches!(*arg, "-w" | "--watch" | "-f" | "--follow"))
                && args.contains(&"logs") =>
        {
            return None;
        }
        _ => {}
    }
    if AT_ONCE.contains(&name) {
        return Some(Ending::now(format!("`{}` ends at once", shown())));
    }
    if READERS.contains(&name) {
        return reader(args, scope, shown());
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
        matches!(*arg, "--watch" | "--watchAll" | "-w" | "--serve" | "serve" | "server" | "spring-boot:run" | "worker")
            || arg.starts_with("--listen")
            || arg.starts_with("--port")
    };
    if argv.iter().any(stays) {
        return false;
    }
    if name != "manage.py" && ONE_SHOT_NAMES.contains(&stem) {
        return true;
    }
    let words: Vec<&str> = argv
        .iter()
        .enumerate()
        .filter(|(_, word)| !word.starts_with('-'))
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

/// `sleep` with all its operands added up; `infinity` and a year or more are no end.
fn sleep(args: &[&str], shown: String) -> Option<Ending> {
    if args.is_empty() {
        return Some(Ending::now("`sleep` without a time is an error and ends".to_owned()));
    }
    let seconds = seconds(args)?;
    (seconds < YEAR as f64).then(|| Ending { sleeps: seconds as u64, ..Ending::now(format!("`{shown}` ends")) })
}

/// The operands of `sleep`, added up, in seconds (GNU coreutils); `None` for what is no time, such as `infinity`.
pub(super) fn seconds(args: &[&str]) -> Option<f64> {
    let mut seconds = 0f64;
    for arg in args.iter().filter(|arg| **arg != "--") {
        let (number, unit) = match arg.as_bytes().last()? {
            b's' => (&arg[..arg.len() - 1], 1.0),
            b'm' => (&arg[..arg.len() - 1], 60.0),
            b'h' => (&arg[..arg.len() - 1], 3600.0),
            b'd' => (&arg[..arg.len() - 1], 86400.0),
            _ => (*arg, 1.0),
        };
        if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return None;
        }
        seconds += number.parse::<f64>().ok()? * unit;
    }
    Some(seconds)
}

/// Strips wrappers that run the rest in their own place or wait for it.
pub(super) fn unwrap<'a>(argv: &'a [&'a str]) -> &'a [&'a str] {
    let mut argv = argv;
    loop {
        let Some((program, rest)) = argv.split_first() else { return argv };
        let flags = |with_value: &[&str]| {
            let mut at = 0;
            while let Some(word) = rest.get(at) {
                match *word {
                    "--" => return at + 1,
                    word if with_value.contains(&word) => at += 2,
                    word if word.starts_with('-') => at += 1,
                    _ => break,
                }
            }
            at
        };
        let skip = match base_name(program) {
            "exec" | "nohup" | "setsid" | "command" | "time" | "stdbuf" | "catatonit" | "dumb-init" => flags(&["-a"]),
            "tini" | "tini-static" => flags(&["-p", "-e"]),
            "nice" => flags(&["-n"]),
            "ionice" => flags(&["-c", "-n"]),
            "su-exec" | "gosu" => 1,
            "chroot" => return argv,
            "env" => {
                let flagged = flags(&["-u", "-C"]);
                flagged + rest.get(flagged..).unwrap_or_default().iter().take_while(|word| word.contains('=')).count()
            }
            _ => return argv,
        };
        match rest.get(skip..) {
            Some(inner) if !inner.is_empty() => argv = inner,
            _ => return argv,
        }
    }
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
