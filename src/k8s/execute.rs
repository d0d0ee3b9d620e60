//! The files that a container executes by their paths: its program, and those of its probes and hooks.

use super::command::{Word, argv};
use super::container::Container;
use super::probe::Purpose;
use super::shell::{self, Fate};
use super::tables::Tables;
use super::volume::clean;
use crate::node::Node;
use crate::path::Path;

/// What a file is executed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// As the container's program.
    Start,
    /// By a probe.
    Probe(Purpose),
    /// By the hook that runs beside the program when it starts.
    PostStart,
    /// By the hook that runs before the container is stopped.
    PreStop,
}

/// Who executes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// The runtime itself.
    Runtime,
    /// A program that runs another in its own place, such as `tini`.
    Wrapper,
    /// A shell, by a script of the manifest: what follows when it can't.
    Shell(Fate),
}

/// A program that is executed.
#[derive(Clone, Debug)]
pub struct Executed<'t> {
    /// As it is written, a path or a name to be looked up; of [`Container::executes`] its absolute path.
    pub file: String,
    /// Where it is written; `None` where the image itself names it.
    pub place: Option<Node<'t>>,
    /// What for.
    pub occasion: Occasion,
    /// By whom.
    pub by: Executor,
}

impl Executed<'_> {
    /// The path of where it is written.
    #[must_use]
    pub fn path(&self, container: &Container<'_>) -> Option<Path> {
        self.place.map(|node| node.path_from(container.workload.object.root))
    }
}

impl<'t> Container<'t> {
    /// A program's absolute path. One without a slash is looked up in the PATH, and a relative one begins in the
    /// working directory (execve(2)); neither is known where the manifest does not say.
    fn absolute(self, program: &str) -> Option<String> {
        // What an expansion or a tool decides is no path yet.
        if !program.contains('/') || program.contains(['$', '`', '{', '*', '?', '<', '~', ' ', '\n']) {
            return None;
        }
        if program.starts_with('/') {
            return Some(format!("/{}", clean(program)));
        }
        let folder = self.node.get("workingDir")?.as_str().filter(|folder| folder.starts_with('/'))?;
        (!folder.contains(['$', '{'])).then(|| format!("/{}", clean(&format!("{folder}/{program}"))))
    }

    /// Every file that it is known to execute by its path.
    #[must_use]
    pub fn executes(self, tables: &'t Tables) -> Vec<Executed<'t>> {
        let calls = self.calls(tables).into_iter();
        calls.filter_map(|call| Some(Executed { file: self.absolute(&call.file)?, ..call })).collect()
    }

    /// Every program that it is known to execute, as written.
    #[must_use]
    pub fn calls(self, tables: &'t Tables) -> Vec<Executed<'t>> {
        let mut found = Vec::new();
        if self.workload.is_windows() {
            return found;
        }
        self.executed_by(&argv(self, tables).unwrap_or_default(), Occasion::Start, &mut found);
        let probes = self.probes().filter_map(|probe| Some((Occasion::Probe(probe.purpose), probe.handler()?)));
        let hooks = [(Occasion::PostStart, self.post_start()), (Occasion::PreStop, self.pre_stop())];
        let hooks = hooks.into_iter().filter_map(|(occasion, hook)| Some((occasion, hook?.handler()?)));
        for (occasion, handler) in probes.chain(hooks) {
            let words =
                handler.words().into_iter().map(|node| Word { text: node.as_str().map(Into::into), node: Some(node) });
            self.executed_by(&words.collect::<Vec<_>>(), occasion, &mut found);
        }
        found
    }

    /// Every script that a shell of its command reads by its absolute path, and where that is written: `sh FILE`, alone or
    /// within an inline script, and `. FILE`. One that is executed needs its first line; one that is read does not.
    #[must_use]
    pub fn shell_reads(self, tables: &Tables) -> Vec<(String, Path)> {
        let words = argv(self, tables).unwrap_or_default();
        let known: Vec<&str> =
            words.iter().take_while(|word| word.is_as_written()).map_while(|word| word.text.as_deref()).collect();
        if self.workload.is_windows() {
            return Vec::new();
        }
        let found = |program: &str, at: usize| {
            let place = words[at].node?.path_from(self.workload.object.root);
            Some((self.absolute(program)?, place))
        };
        if let Some(at) = shell::script_file(&known) {
            return found(known[at], at).into_iter().collect();
        }
        let Some(script) = shell::script(&known) else { return Vec::new() };
        let steps = shell::steps(&known).unwrap_or_default();
        let files = steps.iter().filter_map(|step| {
            let words: Vec<&str> = step.words.iter().map(String::as_str).collect();
            match words[..] {
                ["." | "source", file, ..] => Some(file.to_owned()),
                _ => shell::script_file(&words).map(|at| words[at].to_owned()),
            }
        });
        files.filter_map(|file| found(&file, script.at)).collect()
    }

    fn executed_by(self, words: &[Word<'t>], occasion: Occasion, found: &mut Vec<Executed<'t>>) {
        // A value of a variable may be a secret, and is never shown.
        let known: Vec<&str> =
            words.iter().take_while(|word| word.is_as_written()).map_while(|word| word.text.as_deref()).collect();
        let inner = shell::unwrap(&known);
        let first = known.len() - inner.len();
        let mut add = |program: &str, node: Option<Node<'t>>, by| {
            found.push(Executed { file: program.to_owned(), place: node, occasion, by });
        };
        if let Some(program) = known.first() {
            add(program, words[0].node, Executor::Runtime);
        }
        if let Some(program) = inner.first().filter(|_| first > 0) {
            add(program, words[first].node, Executor::Wrapper);
        }
        let Some(script) = shell::script(&known) else { return };
        // Whoever asks first whether a file may be executed knows what to do where it may not.
        if ["[ -x", "test -x", "command -v", "type "].iter().any(|test| script.text.contains(test)) {
            return;
        }
        for step in shell::steps(&known).unwrap_or_default() {
            if let Some(program) = step.words.first() {
                add(program, words[script.at].node, Executor::Shell(step.fate));
            }
        }
    }
}
