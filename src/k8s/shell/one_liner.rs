//! Programs of one line for an interpreter: `python -c "print('hello')"`.
//!
//! No other language is parsed here. Such a text ends where every name in it, outside of strings, is one of a few that
//! only compute or print: a loop, a function, an unknown module would bring another name.

/// Names that a language's one-liner may use and still end.
struct Language {
    interpreters: &'static [&'static str],
    options: &'static [&'static str],
    names: &'static [&'static str],
}

const LANGUAGES: &[Language] = &[
    Language {
        interpreters: &["python", "python2", "python3", "pypy", "pypy3"],
        options: &["-c"],
        names: &[
            "print",
            "import",
            "from",
            "as",
            "sys",
            "os",
            "platform",
            "json",
            "math",
            "datetime",
            "version",
            "version_info",
            "executable",
            "path",
            "environ",
            "getenv",
            "get",
            "str",
            "int",
            "len",
            "repr",
            "exit",
            "stdout",
            "stderr",
            "write",
            "flush",
            "dumps",
            "now",
            "today",
            "date",
            "isoformat",
            "pi",
            "sqrt",
            "True",
            "False",
            "None",
            "and",
            "or",
            "not",
            "if",
            "else",
            "python_version",
            "getcwd",
            "listdir",
            "join",
            "sorted",
        ],
    },
    Language {
        interpreters: &["node", "nodejs", "bun"],
        options: &["-e", "--eval", "-p", "--print"],
        names: &[
            "console",
            "log",
            "error",
            "info",
            "warn",
            "process",
            "version",
            "versions",
            "env",
            "argv",
            "exit",
            "cwd",
            "JSON",
            "stringify",
            "Date",
            "new",
            "Math",
            "PI",
            "const",
            "let",
            "var",
            "true",
            "false",
            "null",
        ],
    },
    Language { interpreters: &["perl"], options: &["-e", "-E"], names: &["print", "say", "time", "exit"] },
    Language {
        interpreters: &["ruby"],
        options: &["-e"],
        names: &["puts", "print", "p", "RUBY_VERSION", "ENV", "Time", "now", "exit"],
    },
    Language {
        interpreters: &["php"],
        options: &["-r"],
        names: &["echo", "print", "phpinfo", "phpversion", "PHP_EOL", "PHP_VERSION", "date", "getenv", "exit", "time"],
    },
];

/// Whether an interpreter is given a program of one line that computes or prints, and ends.
pub(super) fn ends(name: &str, args: &[&str]) -> bool {
    let Some(language) = LANGUAGES.iter().find(|language| language.interpreters.contains(&name)) else { return false };
    // Options before it could make it a module, or load another program.
    let code = match args {
        [option, code, ..] if language.options.contains(option) => code,
        ["-u" | "-B" | "-I" | "-s" | "-W", option, code, ..] if language.options.contains(option) => code,
        _ => return false,
    };
    // What a shell or a string of another kind would put in.
    !code.contains(['$', '{']) && only_names(code, language.names)
}

/// Whether all names of a text, its strings left out, are among these.
fn only_names(code: &str, names: &[&str]) -> bool {
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        if matches!(c, '\'' | '"' | '`') {
            let body = &rest[1..];
            let Some(end) = string_end(body, c) else { return false };
            rest = &body[end + 1..];
        } else if c.is_alphabetic() || c == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            // A prefix of a string, such as `b'…'`, is none of a name.
            let prefix = rest[end..].starts_with(['\'', '"']) && matches!(name, "b" | "r" | "u");
            if !prefix && !names.contains(&name) {
                return false;
            }
            rest = &rest[end..];
        } else {
            rest = &rest[c.len_utf8()..];
        }
    }
    true
}

/// Where a string ends that began with this quote.
fn string_end(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::ends;

    #[test]
    fn what_prints_ends() {
        for (name, code) in [
            ("python", "print('hello')"),
            ("python3", "import sys; print(sys.version)"),
            ("python3", "print(\"it's up\")"),
            ("python3", "print('while True')"),
            ("python3", ""),
        ] {
            assert!(ends(name, &["-c", code]), "{code}");
        }
        assert!(ends("node", &["-e", "console.log('up')"]) && ends("php", &["-r", "echo PHP_VERSION;"]));
        assert!(ends("python3", &["-u", "-c", "print(1)"]) && ends("ruby", &["-e", "puts 1"]));
    }

    #[test]
    fn anything_else_is_unknown() {
        for code in [
            "while True: pass",
            "import app; app.run()",
            "print(serve())",
            "import http.server",
            "print(f'{serve()}')",
            "print('unterminated",
            "import time; time.sleep(60)",
            "exec(open('/app/x.py').read())",
            "for i in range(3): print(i)",
        ] {
            assert!(!ends("python3", &["-c", code]), "{code}");
        }
        assert!(!ends("node", &["-e", "setInterval(() => {}, 1)"]) && !ends("node", &["-e", "console.log(`${f()}`)"]));
        assert!(!ends("ruby", &["-e", "puts \"#{serve}\""]) && !ends("python3", &["-m", "print"]));
        assert!(!ends("java", &["-e", ""]) && !ends("perl", &["-ne", "print"]));
    }
}
