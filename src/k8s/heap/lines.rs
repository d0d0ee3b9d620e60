//! The command lines that a container runs, word by word.

use crate::k8s::command::{self, base_name};
use crate::k8s::container::Container;
use crate::k8s::env::{Environment, UNKNOWN, Variable};
use crate::k8s::shell::{self, Outer};
use crate::k8s::tables::Tables;
use crate::node::Node;
use crate::path::Path;
use std::borrow::Cow;

/// Where a word comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'t> {
    /// A word of `command` or `args`, or a script that is one.
    Word(Node<'t>),
    /// The value of a variable.
    Variable(Variable<'t>),
    /// The image.
    Image,
}

impl<'t> Origin<'t> {
    /// The place to point at.
    #[must_use]
    pub fn path(self, container: Container<'t>) -> Path {
        match self {
            Self::Word(node) => node.path_from(container.workload.object.root),
            Self::Variable(variable) => variable.value_field().path(),
            Self::Image => container.image_field().path(),
        }
    }

    /// The variable's name.
    #[must_use]
    pub fn variable(self) -> Option<&'t str> {
        match self {
            Self::Variable(variable) => Some(variable.name),
            _ => None,
        }
    }
}

/// A word as the program sees it, [`UNKNOWN`] in place of what nobody knows.
#[derive(Clone, Debug)]
pub(super) struct Piece<'t> {
    pub(super) text: String,
    pub(super) origin: Origin<'t>,
}

/// One command, wrappers such as `exec` and `tini --` taken off.
#[derive(Clone, Debug, Default)]
pub(super) struct Line<'t> {
    pub(super) words: Vec<Piece<'t>>,
    /// Variables that a script or `env` gives to it.
    pub(super) variables: Vec<(String, String)>,
    /// Whether it runs whatever happens.
    pub(super) sure: bool,
    /// Whether no shell stands between the manifest and the program.
    pub(super) exec: bool,
}

impl Line<'_> {
    /// Whether a script or `env` gives it a variable.
    pub(super) fn gives(&self, name: &str) -> bool {
        self.variables.iter().any(|(given, _)| given == name)
    }

    /// The last part of its program's path.
    pub(super) fn program(&self) -> &str {
        self.words.first().map_or("", |word| base_name(&word.text))
    }
}

/// All command lines of a container, and its variables.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    pub(super) container: Container<'t>,
    pub(super) environment: Environment<'t>,
    pub(super) all: Vec<Line<'t>>,
    /// Whether the program is known, rather than `args` alone.
    pub(super) known: bool,
}

/// Whether a word of its command or a value of its variables holds one of these texts: most containers have nothing
/// to say of memory, and cost no more than this.
#[must_use]
pub(super) fn mentions(container: Container<'_>, texts: &[&str]) -> bool {
    let (command, args) = container.command_words();
    let words = command.into_iter().chain(args).flatten().filter_map(Node::as_str);
    let values = container.env().filter_map(|(_, value)| value);
    words.chain(values).any(|text| texts.iter().any(|wanted| text.contains(wanted)))
}

impl<'t> Lines<'t> {
    /// Of a container. Where nobody knows the program, its `args` are taken for those of one.
    #[must_use]
    pub(super) fn of(container: Container<'t>, tables: &'t Tables) -> Self {
        let environment = container.environment();
        let argv = command::argv(container, tables);
        let known = argv.is_some();
        let words: Vec<Piece<'t>> = match argv {
            Some(words) => {
                let piece = |word: command::Word<'t>| match word.node {
                    Some(node) => written(node, &environment),
                    None => Piece { text: word.text.unwrap_or_default().into_owned(), origin: Origin::Image },
                };
                words.into_iter().map(piece).collect()
            }
            None => {
                let args = container.command_words().1.unwrap_or_default();
                args.into_iter().map(|node| written(node, &environment)).collect()
            }
        };
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let skip = texts.len() - shell::unwrap(&texts).len();
        let given = assignments(&texts[..skip]);
        let script = shell::script(&texts).map(|script| (script.text.to_owned(), script.at));
        let all = match script {
            None if words.len() == skip => Vec::new(),
            None => {
                let words = words
                    .into_iter()
                    .skip(skip)
                    .map(|word| Piece { text: without_templates(&word.text).into_owned(), origin: word.origin });
                vec![Line { words: words.collect(), variables: given, sure: known, exec: true }]
            }
            Some((script, at)) => {
                let origin = words.get(at).map_or(Origin::Image, |word| word.origin);
                script_lines(container, &environment, &script, origin, &given)
            }
        };
        Self { container, environment, all, known }
    }

    /// The value of a variable as a line's program sees it; `None` where there is none.
    pub(super) fn value<'a>(&'a self, line: Option<&'a Line<'_>>, name: &str) -> Option<Cow<'a, str>> {
        let given = line.and_then(|line| line.variables.iter().rev().find(|(given, _)| given == name));
        match given {
            Some((_, value)) => Some(Cow::Borrowed(value.as_str())),
            None => self.environment.get(name).map(without_templates),
        }
    }

    /// Where a variable's value stands.
    pub(super) fn place(&self, line: Option<&Line<'t>>, name: &str) -> Origin<'t> {
        let given = line.filter(|line| line.gives(name));
        match (given.and_then(|line| line.words.first()), self.container.variable(name)) {
            (Some(word), _) => word.origin,
            (None, Some(variable)) => Origin::Variable(variable),
            (None, None) => Origin::Image,
        }
    }
}

fn written<'t>(node: Node<'t>, environment: &Environment<'t>) -> Piece<'t> {
    let text = node.as_str().map_or(Cow::Borrowed("\0"), |text| environment.expand(text));
    Piece { text: text.into_owned(), origin: Origin::Word(node) }
}

fn assignments(words: &[&str]) -> Vec<(String, String)> {
    let pairs = words.iter().filter(|word| !word.starts_with('-')).filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn script_lines<'t>(
    container: Container<'t>,
    environment: &Environment<'t>,
    script: &str,
    origin: Origin<'t>,
    given: &[(String, String)],
) -> Vec<Line<'t>> {
    let lookup = |name: &str| match given.iter().find(|(given, _)| given == name) {
        Some((_, value)) => Outer::Value(Cow::Borrowed(value.as_str())),
        None => environment.get(name).map_or(Outer::Unset, |value| Outer::Value(without_templates(value))),
    };
    let script = blanked(script, &[("{{", "}}")]);
    let runs = shell::runs(&script, &lookup);
    let line = |run: shell::Run| {
        let from =
            |name: Option<String>| name.and_then(|name| container.variable(&name)).map_or(origin, Origin::Variable);
        let words = run.words.into_iter().map(|word| Piece { text: word.text, origin: from(word.variable) });
        Line { words: words.collect(), variables: run.variables, sure: run.sure, exec: false }
    };
    let mut lines: Vec<Line<'t>> = runs.into_iter().map(line).collect();
    // What fails before the last one need not end the script.
    if let [before @ .., _] = &mut lines[..] {
        before.iter_mut().for_each(|line| line.sure = false);
    }
    lines
}

/// A text with what a template has yet to fill in taken out: `{{ }}`, `${X}`, `<x>`, `$X`.
pub(super) fn without_templates(text: &str) -> Cow<'_, str> {
    let text = blanked(text, &[("{{", "}}"), ("${", "}"), ("<", ">")]);
    if !text.contains('$') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for (at, part) in text.split('$').enumerate() {
        let name = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
        match at {
            0 => out.push_str(part),
            _ => {
                out.push(UNKNOWN);
                out.push_str(&part[name..]);
            }
        }
    }
    Cow::Owned(out)
}

/// A text with all that stands between such brackets, and they, taken out.
fn blanked<'a>(text: &'a str, brackets: &[(&str, &str)]) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for (open, close) in brackets {
        if !text.contains(open) {
            continue;
        }
        let (mut out, mut rest) = (String::with_capacity(text.len()), &*text);
        while let Some((before, inner)) = rest.split_once(open) {
            out.push_str(before);
            out.push(UNKNOWN);
            // What is not closed goes on to the end.
            rest = inner.split_once(close).map_or("", |(_, after)| after);
        }
        out.push_str(rest);
        text = Cow::Owned(out);
    }
    text
}
