//! `$(NAME)` in texts that the kubelet expands, and which names mean something there.

use super::container::Container;
use super::env::Variable;
use super::field::Field;
use super::shell;
use crate::node::Node;
use crate::path::Path;
use std::collections::HashMap;

/// The names that a text refers to by `$(NAME)`, in order; `$$` is a dollar, and begins no reference (kubernetes
/// `third_party/forked/golang/expansion`).
pub fn references(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[rest.find('$')? + 1..];
            if let Some(inner) = rest.strip_prefix('(') {
                // What is never closed is no reference, and neither is all that follows.
                let (name, after) = inner.split_once(')')?;
                rest = after;
                return Some(name);
            }
            rest = rest.strip_prefix('$').unwrap_or(rest);
        }
    })
}

/// A text of a container that the kubelet expands.
#[derive(Clone, Copy, Debug)]
pub struct Expanded<'t> {
    container: Container<'t>,
    node: Node<'t>,
    /// The entry of `env` whose value it is.
    pub variable: Option<Variable<'t>>,
    /// How many entries of `env` are known there.
    known: usize,
}

/// What a `$(NAME)` comes to.
#[derive(Clone, Copy, Debug)]
pub enum Meaning<'t> {
    /// A variable's value.
    Value,
    /// Itself: the variable is the one whose value this is.
    Itself,
    /// Itself: an entry of this name stands further down.
    Later(Variable<'t>),
    /// Itself, as far as `env` says.
    Nothing,
}

/// The names of a container's `env`.
#[derive(Debug)]
pub struct Names<'t> {
    /// The first entry of each name, and its place.
    first: HashMap<&'t str, (usize, Variable<'t>)>,
    /// The names by their capitals.
    capitals: HashMap<String, &'t str>,
}

impl<'t> Container<'t> {
    /// The texts with a reference that the kubelet expands and nobody else is known to: the values of `env`, and the words
    /// of `command` and `args`, but for those that a shell reads, to which `$(…)` is a command (kubernetes
    /// `pkg/kubelet/kubelet_pods.go`, makeEnvironmentVariables; `pkg/kubelet/container/helpers.go`,
    /// ExpandContainerCommandAndArgs).
    #[must_use]
    pub fn expanded(self) -> Vec<Expanded<'t>> {
        let refers = |node: &Node<'t>| node.as_str().is_some_and(|text| text.contains("$("));
        let values = self.variables().enumerate().filter_map(|(known, variable)| {
            let node = variable.value_field().node().filter(refers)?;
            Some(Expanded { container: self, node, variable: Some(variable), known })
        });
        let words = self.words_of_programs().into_iter();
        let words = words.map(|node| Expanded { container: self, node, variable: None, known: usize::MAX });
        values.chain(words).collect()
    }

    /// The words with a reference of `command` and `args` that are no scripts.
    fn words_of_programs(self) -> Vec<Node<'t>> {
        let (command, args) = self.command_words();
        let named = command.is_some();
        let nodes: Vec<Node<'t>> = command.into_iter().flatten().chain(args.into_iter().flatten()).collect();
        let texts: Vec<&str> = nodes.iter().map(|node| node.as_str().unwrap_or_default()).collect();
        // Behind a program that may read them again, nothing is certain.
        let reader = texts.iter().position(|word| shell::may_read_commands(word)).unwrap_or(texts.len());
        let is_code = |at: usize| {
            let option = at > 0 && texts[at - 1].starts_with('-') && texts[at - 1].ends_with(['c', 'e']);
            // Without a program of its own, an image may run a shell.
            let signs = !named && texts[at].contains([';', '|', '&', '<', '>']);
            at > reader || texts[at].contains('\n') || signs || (option && texts[at].contains(char::is_whitespace))
        };
        let wanted = (0..nodes.len()).filter(|&at| texts[at].contains("$(") && !is_code(at));
        wanted.map(|at| nodes[at]).collect()
    }

    /// The names of its `env`.
    #[must_use]
    pub fn names(self) -> Names<'t> {
        let mut names = Names { first: HashMap::new(), capitals: HashMap::new() };
        for (at, variable) in self.variables().enumerate() {
            names.first.entry(variable.name).or_insert((at, variable));
            names.capitals.entry(variable.name.to_ascii_uppercase()).or_insert(variable.name);
        }
        names
    }

    /// Whether its manifest waits for a tool that fills in `$(NAME)` itself: an image, a name or a namespace has one, where
    /// Kubernetes takes none.
    #[must_use]
    pub fn waits_for_values(self) -> bool {
        let object = self.workload.object;
        let has = |text: &str| text.contains("$(");
        has(self.image_text().unwrap_or_default())
            || has(object.name())
            || has(object.namespace().unwrap_or_default())
            || has(self.name().unwrap_or_default())
    }

    /// Where its variables from other objects stand.
    #[must_use]
    pub fn env_from_field(self) -> Field<'t> {
        self.field(&["envFrom"])
    }
}

impl<'t> Expanded<'t> {
    /// The names that it refers to.
    pub fn references(self) -> impl Iterator<Item = &'t str> {
        references(self.node.as_str().unwrap_or_default())
    }

    /// Where it stands.
    #[must_use]
    pub fn path(self) -> Path {
        self.node.path_from(self.container.workload.object.root)
    }

    /// What a name means here.
    #[must_use]
    pub fn meaning(self, names: &Names<'t>, name: &str) -> Meaning<'t> {
        match names.first.get(name) {
            Some((at, _)) if *at < self.known => Meaning::Value,
            Some((at, _)) if *at == self.known => Meaning::Itself,
            Some((_, later)) => Meaning::Later(*later),
            None => Meaning::Nothing,
        }
    }
}

impl<'t> Names<'t> {
    /// The name that differs from another by case alone, or not at all.
    #[must_use]
    pub fn alike(&self, name: &str) -> Option<&'t str> {
        self.capitals.get(&name.to_ascii_uppercase()).copied()
    }

    /// The name that is nearest to another, where one is near enough to be meant.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&'t str> {
        let mut all: Vec<&str> = self.first.keys().copied().collect();
        all.sort_unstable();
        super::decode::nearest(name, all)
    }
}

/// Whether a name is written as variables are: capitals, digits and `_`.
#[must_use]
pub fn is_shouted(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::references;

    #[test]
    fn names_of_texts() {
        for (text, wanted) in [
            ("$(A)-$(B_2)", vec!["A", "B_2"]),
            ("$$(A) $(B)", vec!["B"]),
            ("$$$(A)", vec!["A"]),
            ("$(date +%s)", vec!["date +%s"]),
            ("$(A", vec![]),
            ("$(A $(B)", vec!["A $(B"]),
            ("$A ${B} $", vec![]),
            ("$()", vec![""]),
        ] {
            assert_eq!(references(text).collect::<Vec<_>>(), wanted, "{text}");
        }
    }
}
