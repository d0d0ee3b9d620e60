//! What a container will run: one model that all rules ask.

use super::container::Container;
use super::tables::Tables;
use crate::finding::Edit;
use crate::node::Node;
use crate::path::Path;
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
    let own = own.into_iter().flatten().map(|text| Word { text: Some(Cow::Borrowed(text.as_str())), node: None });
    let words: Vec<Word<'t>> = own.chain(written(container, nodes)).collect();
    (!words.is_empty()).then_some(words)
}

/// Words of the manifest, as the kubelet expands them.
fn written<'t>(container: Container<'t>, nodes: Vec<Node<'t>>) -> impl Iterator<Item = Word<'t>> {
    let needs_env = nodes.iter().any(|node| node.as_str().is_some_and(|text| text.contains("$(")));
    // Of two variables of a name the last one holds.
    let env: HashMap<&str, Option<&str>> = if needs_env { container.env().collect() } else { HashMap::new() };
    let mut budget = MAX_EXPANDED;
    nodes.into_iter().map(move |node| {
        let text = node.as_str().and_then(|text| expand(container, &env, text, &mut budget));
        Word { text, node: Some(node) }
    })
}

/// What a container runs.
#[derive(Clone, Debug)]
pub struct Run<'t> {
    container: Container<'t>,
    /// Its argument vector: at least one word.
    pub words: Vec<Word<'t>>,
}

impl<'t> Run<'t> {
    /// What a container runs, where it is known.
    #[must_use]
    pub fn of(container: Container<'t>, tables: &'t Tables) -> Option<Self> {
        Some(Self { container, words: argv(container, tables)? })
    }

    /// What it runs, where the manifest says so; costs next to nothing where it does not.
    #[must_use]
    pub fn written(container: Container<'t>, tables: &'t Tables) -> Option<Self> {
        if container.runs_image_default() { None } else { Self::of(container, tables) }
    }

    /// What it runs where its `args` begin with a shell, and nobody knows what the image does with them: an image that
    /// gets a program runs it, mostly.
    #[must_use]
    pub fn by_args(container: Container<'t>) -> Option<Self> {
        let (None, Some(args)) = container.command_words() else { return None };
        let shell = super::shell::is_shell(base_name(args[0].as_str()?));
        shell.then(|| Self { container, words: written(container, args).collect() })
    }

    /// All words, where each of them is known.
    #[must_use]
    pub fn texts(&self) -> Option<Vec<&str>> {
        self.words.iter().map(|word| word.text.as_deref()).collect()
    }

    /// All words as they are written; an image's own as they are.
    #[must_use]
    pub fn as_written(&self) -> Option<Vec<&str>> {
        let text = |word: &'_ Word<'t>| word.node.and_then(Node::as_str);
        self.words.iter().map(|word| text(word).or(word.text.as_deref())).collect()
    }

    /// Whether no word has the value of a variable in it: values may be secrets, and are never repeated.
    #[must_use]
    pub fn is_as_written(&self) -> bool {
        self.words.iter().all(Word::is_as_written)
    }

    /// The edit that writes another word; `None` for a word of the image's own.
    #[must_use]
    pub fn replace(&self, at: usize, value: serde_json::Value) -> Option<Vec<Edit>> {
        let node = self.words.get(at)?.node?;
        Some(vec![Edit::Replace(node.path_from(self.container.workload.object.root), value)])
    }

    /// The edits that have the whole command, as it is written, run by a shell; `None` where its words need quotes, or
    /// something in it goes into the background, which would end with the shell, or the image has no shell.
    #[must_use]
    pub fn by_shell(&self, tables: &Tables) -> Option<Vec<Edit>> {
        let words = self.as_written().filter(|_| self.words[0].node.is_some())?;
        let plain = |word: &&str| !word.contains([' ', '"', '\'', '\\', '`', '\n', '*', '(']);
        let fits = words.iter().all(plain) && words.last() != Some(&"&");
        if !fits || super::program::not_runnable(self.container, tables, "sh").is_some() {
            return None;
        }
        let edits = self.container.command_field().set(serde_json::json!(["sh", "-c", words.join(" ")]));
        Some([edits, self.container.args_field().remove()].concat())
    }

    /// The edits that make one word of those from here on; `None` where the image has some of them.
    #[must_use]
    pub fn joined(&self, at: usize) -> Option<Vec<Edit>> {
        let words = self.as_written().filter(|_| self.words.iter().all(|word| word.node.is_some()))?;
        let (before, rest) = words.split_at_checked(at)?;
        let all: Vec<String> = before.iter().map(|word| (*word).to_owned()).chain([rest.join(" ")]).collect();
        let (command, args) = (self.container.command_field(), self.container.args_field());
        Some(match self.container.command_words() {
            (Some(_), _) => [command.set(serde_json::json!(all)), args.remove()].concat(),
            (None, _) => args.set(serde_json::json!(all)),
        })
    }

    /// Where a word stands; the image, for a word of its own.
    #[must_use]
    pub fn path(&self, at: usize) -> Path {
        match self.words.get(at).and_then(|word| word.node) {
            Some(node) => node.path_from(self.container.workload.object.root),
            None => self.container.image_field().path(),
        }
    }
}

/// The last part of the program's path: `java` of `/usr/bin/java`. The program behind `sh -c` is
/// the first word of a script that begins with a plain word, `exec` left out.
#[must_use]
pub fn program_name(container: Container<'_>, tables: &Tables) -> Option<String> {
    let argv = argv(container, tables)?;
    let words: Vec<&str> = argv.iter().map_while(|word| word.text.as_deref()).collect();
    match super::shell::script(&words) {
        Some(script) => super::shell::last_program(script.text),
        None => Some(base_name(super::shell::unwrap(&words).first()?).to_owned()),
    }
}

/// Last part of a path.
#[must_use]
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
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
                None if container.may_be_given(name) => return None,
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
