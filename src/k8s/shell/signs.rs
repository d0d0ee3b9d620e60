//! What looks like shell in a command that no shell reads.

use super::{is_shell, tools, unwrap};
use crate::k8s::command::base_name;

/// Something that only a shell understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign<'a> {
    /// `&&`, `|`, `>` and their like: which word it is, from 0.
    Operator(usize),
    /// `$NAME` or `${NAME}`.
    Variable {
        /// Which word it is in, from 0.
        at: usize,
        /// The variable's name.
        name: &'a str,
        /// As it is written.
        text: &'a str,
    },
    /// `$(…)` or backquotes with a command in them: which word it is, from 0.
    Substitution(usize),
    /// `NAME=value` in place of a program.
    Assignment,
}

/// Programs that run a command line which they put together from their arguments, or for which such signs are ordinary
/// arguments.
const READ_THEM: &[&str] = &[
    "find",
    "awk",
    "gawk",
    "mawk",
    "perl",
    "sed",
    "grep",
    "jq",
    "yq",
    "su",
    "runuser",
    "ssh",
    "eval",
    "watch",
    "xargs",
    "parallel",
    "nsenter",
    "flock",
    "script",
    "docker",
    "nerdctl",
    "kubectl",
    "oc",
    "envsubst",
    "fish",
    "pwsh",
    "powershell",
    "cmd",
    "cmd.exe",
    "nu",
    "busybox",
    "concurrently",
    "entr",
    "launcher",
    "psql",
    "mysql",
    "s6-svscan",
    "execlineb",
    "bazel",
    "make",
    "tclsh",
    "expect",
    "socat",
];

/// Whether a word is a program that may read the words behind it as commands: a shell, or one that puts a command line
/// together.
#[must_use]
pub fn may_read_commands(word: &str) -> bool {
    let name = base_name(word);
    is_shell(name) || READ_THEM.contains(&name)
}

/// Operators of the shell, as words of their own.
const OPERATORS: &[&str] = &["&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "&>", "2>&1", ">&2", "1>&2", "|&"];

/// What looks like shell in a vector that no shell reads, the first of each sort; nothing where one may read it.
#[must_use]
pub fn signs<'a>(words: &'a [&'a str]) -> Vec<Sign<'a>> {
    let inner = unwrap(words);
    let before = words.len() - inner.len();
    let Some((program, args)) = inner.split_first() else { return Vec::new() };
    // A shell anywhere, as of `docker-entrypoint.sh sh -c`.
    let shell = words.iter().any(|word| is_shell(base_name(word)));
    let reads = |word: &str| READ_THEM.contains(&base_name(word));
    let passes_on = program.ends_with(".sh") && args.first().is_some_and(|word| reads(word));
    if shell || reads(program) || passes_on {
        return Vec::new();
    }
    let mut found = Vec::new();
    if is_assignment(program) {
        found.push(Sign::Assignment);
    }
    // To these, the other signs are operators of their own.
    let compares = matches!(base_name(program), "[" | "test" | "expr");
    let operator = (0..args.len()).find(|&at| is_operator(args, at) && (!compares || matches!(args[at], "&&" | "||")));
    found.extend(operator.map(|at| Sign::Operator(before + 1 + at)));
    // A program of another language may have such names of its own.
    let code = tools::INTERPRETERS.contains(&base_name(program))
        && args.iter().any(|arg| matches!(*arg, "-e" | "-c" | "-r" | "-p" | "--eval" | "-pe" | "-ne"));
    if !code {
        let substitution = args.iter().position(|arg| is_substitution(arg));
        found.extend(substitution.map(|at| Sign::Substitution(before + 1 + at)));
        let variables = args.iter().enumerate();
        found.extend(variables.flat_map(|(at, arg)| {
            variables_of(arg).map(move |(name, text)| Sign::Variable { at: before + 1 + at, name, text })
        }));
    }
    found
}

fn is_operator(args: &[&str], at: usize) -> bool {
    let word = args[at];
    let redirects = ["2>/", ">/", ">>/", "&>/", "1>/"].iter().any(|sign| word.starts_with(sign));
    if !OPERATORS.contains(&word) && !redirects {
        return false;
    }
    // An option's value: `--delimiter |`.
    let value = at > 0 && args[at - 1].starts_with('-') && !args[at - 1].contains('=') && {
        let option = args[at - 1];
        let separates = ["sep", "delim", "char", "split"].iter().any(|part| option.contains(part));
        let short = matches!(option, "-d" | "-F" | "-t" | "-s");
        separates || short || args.get(at + 1).is_none_or(|next| next.starts_with('-'))
    };
    let certain = matches!(word, "&&" | "||" | "2>&1" | "&>" | ">&2" | "1>&2") || redirects;
    let whole = at + 1 < args.len() || matches!(word, "&" | "2>&1" | ">&2" | "1>&2") || redirects;
    (certain || !value) && whole
}

fn is_substitution(word: &str) -> bool {
    let inner = word.split_once("$(").and_then(|(_, rest)| rest.split_once(')')).map(|(inner, _)| inner);
    // A name alone is the kubelet's.
    inner.is_some_and(|inner| {
        inner.trim().contains(' ') && inner.starts_with(|c: char| c.is_ascii_lowercase() || c == '/')
    })
}

/// `NAME=value`, in place of a program.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        starts && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Every `$NAME` and `${NAME}` of a word, names in capitals, with its text; `$$` stands for a dollar.
fn variables_of(word: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = word;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find('$')?;
            let text = &rest[at..];
            let after = &text[1..];
            if let Some(behind) = after.strip_prefix('$') {
                rest = behind;
                continue;
            }
            let braced = after.starts_with('{');
            let name = if braced { &after[1..] } else { after };
            let end =
                name.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')).unwrap_or(name.len());
            let closed = !braced || name[end..].starts_with('}');
            // A name that goes on in small letters is another's.
            let whole = braced || !name[end..].starts_with(|c: char| c.is_ascii_lowercase());
            rest = after;
            if closed && whole && end >= 2 && name.starts_with(|c: char| c.is_ascii_uppercase()) {
                let length = 1 + end + if braced { 2 } else { 0 };
                return Some((&name[..end], &text[..length]));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Sign, signs, variables_of};

    #[test]
    fn variables() {
        let all = |word| variables_of(word).map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(all("--bind=0.0.0.0:$PORT,${HOST_NAME}:$PORT"), ["PORT", "HOST_NAME", "PORT"]);
        for none in ["$(POD_IP)", "$$PORT", "^x$", "$1", "${X:-1}", "$remote_addr", "$", "${", "$Price", "100$"] {
            assert_eq!(all(none), Vec::<&str>::new(), "{none}");
        }
    }

    #[test]
    fn operators() {
        let first = |words: &[&str]| signs(words).first().map(|sign| format!("{sign:?}"));
        for (words, at) in [
            (&["migrate", "&&", "server"][..], 1),
            (&["server", "|", "tee", "/log"], 1),
            (&["tini", "--", "server", ">", "/log"], 3),
            (&["server", "--x", "2>&1"], 2),
            (&["server", ">/dev/null"], 1),
            (&["server", "&"], 1),
        ] {
            assert_eq!(first(words), Some(format!("{:?}", Sign::Operator(at))), "{words:?}");
        }
        for words in [
            &["sh", "-c", "a && b"][..],
            &["find", "/", "-exec", "rm", "{}", ";"],
            &["server", "--delimiter", "|"],
            &["server", "-d", ";", "x"],
            &["grep", "a", "|"],
            &["/entrypoint.sh", "sh", "-c", "a", "&&"],
            &["server", ";"],
            &["python", "-c", "print($HOME)"],
        ] {
            assert_eq!(first(words), None, "{words:?}");
        }
        assert_eq!(first(&["PORT=80", "server"]), Some("Assignment".into()));
        assert_eq!(first(&["server", "--id=$(cat /etc/hostname)"]), Some("Substitution(1)".into()));
    }
}
