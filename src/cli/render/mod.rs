//! Charts and kustomizations of folders, rendered by their own tools, so that rules see what a cluster would.
//!
//! Each chart and each kustomization that no other one takes in is a set of its own. What is rendered goes by the name of the
//! file that it comes from (Helm's `# Source:`, kustomize's origin), and the files that went into it are not linted as they are.

mod child;
mod helm;
mod kustomize;
mod place;

use super::args::Render;
use crate::engine::Input;
use crate::engine::outcome::{InputError, Report};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What is told to the tools.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options<'a> {
    /// The command line's words.
    pub(super) args: &'a Render,
    /// The cluster's minor version, where the policy says one.
    pub(super) kubernetes_minor: Option<u32>,
}

/// A chart or kustomization that has been rendered.
#[derive(Debug)]
pub(super) struct Rendered {
    /// What was made, by the file that it comes from.
    pub(super) inputs: Vec<Input>,
    /// How, as a person would type it.
    command: String,
    /// Absolute paths of the files that went into it.
    used: HashSet<PathBuf>,
}

/// What could not be rendered.
#[derive(Debug)]
struct Failed {
    folder: String,
    what: &'static str,
    why: String,
}

/// Everything that there is to lint.
#[derive(Debug, Default)]
pub(super) struct Rendering {
    /// Files as they are.
    pub(super) plain: Vec<Input>,
    /// Each a set of its own.
    pub(super) rendered: Vec<Rendered>,
    failed: Vec<Failed>,
}

/// Something to render.
enum Root {
    Chart(helm::Chart),
    Kustomization(kustomize::Kustomization),
}

impl Rendering {
    /// Nothing is rendered.
    pub(super) fn none(inputs: Vec<Input>) -> Self {
        Self { plain: inputs, ..Self::default() }
    }

    /// Renders what lies in the folders of a run.
    pub(super) fn of(inputs: Vec<Input>, options: Options<'_>) -> Self {
        let charts = helm::charts(&inputs).into_iter().map(Root::Chart);
        let roots: Vec<Root> = charts.chain(kustomize::roots(&inputs).into_iter().map(Root::Kustomization)).collect();
        if roots.is_empty() {
            return Self::none(inputs);
        }
        let names = Names::of(&inputs);
        let results: Vec<Result<Rendered, Failed>> = roots
            .par_iter()
            .map(|root| match root {
                Root::Chart(chart) => chart.render(options),
                Root::Kustomization(kustomization) => kustomization.render(options, &names),
            })
            .collect();
        let mut rendering = Self::default();
        for result in results {
            match result {
                Ok(rendered) => rendering.rendered.push(rendered),
                Err(failed) => rendering.failed.push(failed),
            }
        }
        let used = |input: &Input| {
            input.path.as_deref().map(normal).is_some_and(|path| {
                !input.named && rendering.rendered.iter().any(|rendered| rendered.used.contains(&path))
            })
        };
        rendering.plain = inputs.into_iter().filter(|input| !used(input)).collect();
        rendering
    }

    /// The sets to lint, in the order in which [`Rendering::join`] takes their reports.
    pub(super) fn sets(&self) -> Vec<&[Input]> {
        std::iter::once(&self.plain[..]).chain(self.rendered.iter().map(|rendered| &rendered.inputs[..])).collect()
    }

    /// One report of those of the sets: what is said of rendered objects stands in the files that they come from.
    pub(super) fn join(&self, reports: Vec<Report>) -> Report {
        let mut reports = reports.into_iter();
        let mut whole = reports.next().unwrap_or_default();
        let mut placed = place::Placed::default();
        for (rendered, mut report) in self.rendered.iter().zip(reports) {
            placed.settle(&mut report, &rendered.command);
            whole.absorb(report);
        }
        whole
    }

    /// What was not rendered and why, one line a reason; with `--render always` these are errors instead.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut by_reason: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for failed in &self.failed {
            by_reason.entry((failed.what, &failed.why)).or_default().push(&failed.folder);
        }
        let line = |((what, why), folders): ((&str, &str), Vec<&str>)| match &folders[..] {
            [folder] => format!("not rendered: {what} {folder}: {why}"),
            [first, rest @ ..] => format!("not rendered: {what} {first} and {} more: {why}", rest.len()),
            [] => String::new(),
        };
        by_reason.into_iter().map(line).collect()
    }

    /// The same as input errors.
    pub(super) fn errors(&self) -> Vec<InputError> {
        let error = |failed: &Failed| InputError {
            file: failed.folder.as_str().into(),
            line: None,
            column: None,
            message: format!("{} is not rendered: {}", failed.what, failed.why),
        };
        self.failed.iter().map(error).collect()
    }
}

/// Names of a run's files, by their absolute paths.
struct Names(BTreeMap<PathBuf, Arc<str>>);

impl Names {
    fn of(inputs: &[Input]) -> Self {
        let name = |input: &Input| Some((normal(input.path.as_deref()?), Arc::clone(&input.name)));
        Self(inputs.iter().filter_map(name).collect())
    }

    /// The name of a file; none where it is neither of the run nor below the current folder.
    fn get(&self, path: &Path) -> Option<Arc<str>> {
        if let Some(name) = self.0.get(path) {
            return Some(Arc::clone(name));
        }
        let here = std::env::current_dir().ok()?;
        path.strip_prefix(here).ok().map(|below| shown(below).into())
    }
}

/// A text at hand that goes by a file's name.
fn input(name: Arc<str>, text: String) -> Input {
    Input { name, path: None, named: true, text: Some(text.into_bytes()) }
}

/// A path as it is printed.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text =
        if std::path::MAIN_SEPARATOR == '/' { text } else { text.replace(std::path::MAIN_SEPARATOR, "/").into() };
    match text.strip_prefix("./").unwrap_or(&text) {
        "" => ".".into(),
        text => text.to_owned(),
    }
}

/// An absolute path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in absolute.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.into_iter().collect()
}

/// The text of a file that says how something is rendered; none where it can't be read, or is no regular file of sensible size.
fn text(path: &Path) -> Option<String> {
    const MAX: u64 = 4 << 20;
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX {
        return None;
    }
    std::fs::read_to_string(path).ok()
}
