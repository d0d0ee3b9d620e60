//! What a container will run: one model that all rules ask.

use super::container::Container;
use super::tables::Tables;
use crate::node::Node;
use std::borrow::Cow;
use std::collections::HashMap;

/// One word of an argument vector.
#[derive(Clone, Debug)]
pub struct Word<'t> {
    /// The text after the kubelet's expansion of `$(VAR)`; `None` where a variable's value is not
    /// written in the manifest.
    pub text: Option<Cow<'t, str>>,
    /// Where it stands; `None` for a word of the image's own.
    pub node: Option<Node<'t>>,
}

impl Word<'_> {
    /// Whether no value of a variable is in its text.
    #[must_use]
    pub fn is_as_written(&self) -> bool {
        matches!(self.text, Some(Cow::Borrowed(_)))
    }
}

/// Bytes of all expanded words of a container. Linux takes at most 2 MiB of arguments, and the same
/// long value may be asked for any number of times.
const MAX_EXPANDED: usize = 2 << 20;

/// The argument vector of a container: `command` and `args`; where there is no `command`, the image's own
/// ENTRYPOINT and CMD as far as they are known, as a runtime joins them (containerd
/// `internal/cri/opts/spec_opts.go`, WithProcessArgs). An entrypoint that only runs its arguments is left out.
/// `None` where nobody knows.
#[must_use]
pub fn argv<'t>(container: Container<'t>, tables: &'t Tables) -> Option<Vec<Word<'t>>> {
    let (own, nodes): (Vec<&[String]>, Vec<Node<'t>>) = match container.command_words() {
        (Some(command), args) => (Vec::new(), command.into_iter().chain(args.unwrap_or_default()).collect()),
        (None, args) => {
            let known = tables.known(container);
            let entrypoint = known.entrypoint();
            match args {
                Some(args) if args[0].as_str().is_some_and(|word| known.runs(word)) => (Vec::new(), args),
                Some(args) => (vec![entrypoint?], args),
                None if known.command()?.first().is_some_and(|word| known.runs(word)) => {
                    (vec![known.command()?], Vec::new())
                }
                None => (vec![entrypoint?, known.command()?], Vec::new()),
            }
        }
    };
    let needs_env = nodes.iter().any(|node| node.as_str().is_some_and(|text| text.contains("$(")));
    // Of two variables of a name the last one holds.
    let env: HashMap<&str, Option<&str>> = if needs_env { container.env().collect() } else { HashMap::new() };
    let mut budget = MAX_EXPANDED;
    let own = own.into_iter().flatten().map(|text| Word { text: Some(Cow::Borrowed(text.as_str())), node: None });
    let written = nodes.into_iter().map(|node| {
        let text = node.as_str().and_then(|text| expand(container, &env, text, &mut budget));
        Word { text, node: Some(node) }
    });
    let words: Vec<Word<'t>> = own.chain(written).collect();
    (!words.is_empty()).then_some(words)
}

/// The last part of the program's path: `java` of `/usr/bin/java`. The program behind `sh -c` is
/// the first word of a script that begins with a plain word, `exec` left out.
#[must_use]
pub fn program_name(container: Container<'_>, tables: &Tables) -> Option<String> {
    let argv = argv(container, tables)?;
    let words: Vec<&str> = argv.iter().map_while(|word| word.text.as_deref()).collect();
    let words = super::shell::unwrap(&words);
    let name = base_name(words.first()?);
    if let Some(script) = super::shell::inline_script(words) {
        return super::shell::last_program(script);
    }
    Some(name.to_owned())
}

/// Last part of a path.
#[must_use]
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

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
}

/// Whether a word can be a program, for exec-form commands; nothing is said of words that are not settled yet.
#[must_use]
pub fn no_program(word: &str) -> Option<NoProgram> {
    if matches!(word, "export" | "source" | "." | "eval" | "exec" | "set" | "unset") {
        return Some(NoProgram::Builtin);
    }
    let unsettled = word.starts_with('<') || word.contains("$(") || word.contains("{{") || word.contains("${");
    let (first, rest) = word.split_once(char::is_whitespace).filter(|_| !unsettled)?;
    let path = first.contains(['/', '\\']) && !super::shell::is_shell(base_name(first));
    Some(NoProgram::Blank { certain: !path || rest.trim_start().starts_with(['-', '/', '"', '\'']) })
}

/// Expands `$(VAR)` as the kubelet does (kubernetes `third_party/forked/golang/expansion`): `$$`
/// is a dollar; a name that is no variable stays as written.
fn expand<'t>(
    container: Container<'t>,
    env: &HashMap<&str, Option<&str>>,
    text: &'t str,
    budget: &mut usize,
) -> Option<Cow<'t, str>> {
    if !text.contains("$(") && !text.contains("$$") {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Without one, what opens is never closed: looking for it each time would be quadratic.
    let last_close = text.rfind(')');
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('(')
            .filter(|inner| last_close.is_some_and(|at| text.len() - inner.len() <= at))
            .and_then(|inner| inner.split_once(')'))
        {
            match env.get(name) {
                // A value may hold references of its own: then it is not known.
                Some(Some(value)) if !value.contains("$(") => {
                    *budget = budget.checked_sub(value.len())?;
                    out.push_str(value);
                }
                Some(_) => return None,
                None if container.has_env_from() && is_variable(name) => return None,
                None => {
                    out.push_str("$(");
                    out.push_str(name);
                    out.push(')');
                }
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

/// Looks like an environment variable rather than a shell command.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
