//! The first pass: what the manifests of the run say to each other.
//!
//! A document that others may refer to is read here, with all that rules say of it, and not again. The
//! second pass reads the others. A document that both refers and is referred to, such as a `List` of
//! everything, is read twice. What workloads say of their pods is gathered in the second pass.

use super::file::{File, Outcome};
use super::left_out;
use super::read::Input;
use crate::k8s::chainsaw::chainsaw_assertions;
use crate::k8s::object::{Object, is_local};
use crate::k8s::set::{Asked, Facts, PROVIDERS, Set, patch_files, subjects};
use crate::node::Node;
use crate::policy::{Completeness, Policy};
use crate::read;
use crate::source::{Source, Span};
use rayon::prelude::*;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};

/// What the first pass keeps.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) set: Set,
    /// Files that other files call no manifests, and why.
    left_out: HashMap<PathBuf, &'static str>,
    /// One for each input.
    first: Vec<First>,
    /// What they say of pods and accounts, one for each input.
    late: Vec<Facts>,
}

/// What has been said of a file, and of which parts of it.
#[derive(Debug, Default)]
struct First {
    outcome: Outcome,
    done: Vec<Span>,
}

/// What one file gives to the others.
#[derive(Default)]
struct Surveyed {
    facts: Facts,
    left_out: Vec<(PathBuf, &'static str)>,
    first: First,
}

impl Survey {
    /// What another file calls this one, where that is no manifest: a kustomization's patch, a test's assertion.
    pub(super) fn left_out(&self, path: &Path) -> Option<&'static str> {
        if self.left_out.is_empty() { None } else { self.left_out.get(&normal(path)).copied() }
    }

    /// The parts of an input of which everything has been said.
    pub(super) fn done(&self, at: u32) -> &[Span] {
        self.first.get(at as usize).map_or(&[], |first| &first.done)
    }

    /// What has been said of all inputs.
    pub(super) fn outcomes(&mut self) -> impl Iterator<Item = Outcome> {
        std::mem::take(&mut self.first).into_iter().map(|first| first.outcome)
    }

    /// Makes everything known that the second pass has learnt of each input.
    pub(super) fn close(&mut self, second: impl Iterator<Item = Facts>) {
        let first = std::mem::take(&mut self.late);
        self.set.close(first.into_iter().zip(second).flat_map(|(first, second)| [first, second]));
    }
}

/// Whether a file is a kustomization, by its name.
pub(super) fn is_kustomization(path: &Path) -> bool {
    matches!(
        path.file_name().and_then(|name| name.to_str()),
        Some("kustomization.yaml" | "kustomization.yml" | "Kustomization")
    )
}

/// Reads what may hold facts, and nothing else; what can't be read is reported by the second pass.
pub(super) fn survey(inputs: &[Input], policy: &Policy) -> Survey {
    let guarded = |(at, input): (usize, &Input)| {
        // What fails here fails again in the second pass, and is reported there.
        catch_unwind(AssertUnwindSafe(|| file(at as u32, input, policy))).unwrap_or_default()
    };
    let surveyed: Vec<Surveyed> = inputs.par_iter().enumerate().map(guarded).collect();
    let mut survey = Survey { set: Set::new(policy.set == Completeness::Complete), ..Survey::default() };
    let mut folders: HashMap<Option<&Path>, u32> = HashMap::new();
    for (mut file, input) in surveyed.into_iter().zip(inputs) {
        let new = folders.len() as u32;
        let place = input.path.as_deref().and_then(Path::parent);
        let folder = *folders.entry(place).or_insert_with(|| {
            // What has no path lies in no folder of the others.
            survey.set.add_folder(place.map_or_else(|| PathBuf::from(format!("\0{new}")), normal));
            new
        });
        survey.set.add(folder, &mut file.facts);
        survey.late.push(file.facts);
        survey.left_out.extend(file.left_out);
        survey.first.push(file.first);
    }
    survey
}

fn file(at: u32, input: &Input, policy: &Policy) -> Surveyed {
    let mut surveyed = Surveyed::default();
    let path = input.path.as_deref();
    let kustomization = path.is_some_and(is_kustomization);
    let Ok(bytes) = input.bytes() else { return surveyed };
    if !(kustomization || may_provide(&bytes)) || path.is_some_and(|path| left_out::by_name(path).is_some()) {
        return surveyed;
    }
    let Ok(text) = String::from_utf8(bytes) else { return surveyed };
    let source = Source::new(input.name.clone(), text);
    // Rules hear nothing of the set here, as it is not known yet.
    let nothing = Set::default();
    for part in read::parts(source.text()) {
        let span = part.span(source.text());
        if !kustomization && !may_provide(&source.text().as_bytes()[span.range()]) {
            continue;
        }
        let Ok(documents) = part.documents(source.text()).collect::<Result<Vec<_>, _>>() else { continue };
        let mut refers = false;
        for document in &documents {
            let root = document.tree.root();
            if is_kustomize_object(root, path) {
                surveyed.facts.add_kustomization(at, root);
                if let Some(folder) = path.and_then(Path::parent) {
                    let files = patch_files(root).map(|file| (normal(&folder.join(file)), "kustomize patch"));
                    surveyed.left_out.extend(files);
                }
                continue;
            }
            if let Some(folder) = path.and_then(Path::parent) {
                let files = chainsaw_assertions(root).into_iter();
                surveyed.left_out.extend(files.map(|file| (normal(&folder.join(file)), "test assertion")));
            }
            for object in Object::all(root).into_iter().filter(|object| !is_local(*object)) {
                surveyed.facts.add(at, object);
                refers |= !object.workloads(&policy.tables.kinds).is_empty() || asks(object);
            }
        }
        if refers {
            continue;
        }
        let mut file = File {
            source: &source,
            policy,
            set: &nothing,
            inputs: &[],
            at,
            outcome: &mut surveyed.first.outcome,
            facts: &mut surveyed.facts,
            asked: &Asked::default(),
        };
        documents.iter().for_each(|document| file.document(document, path));
        surveyed.first.done.push(span);
    }
    surveyed
}

/// Whether rules ask the set about an object that carries no pods.
fn asks(object: Object<'_>) -> bool {
    subjects(object).is_some() || object.kind == "PodDisruptionBudget"
}

/// Whether a text may hold an object that others refer to: by what stands behind each `kind`.
fn may_provide(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"kind").any(|at| {
        let rest = text[at + 4..].trim_ascii_start();
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest).trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b":") else { return false };
        let rest = rest.trim_ascii_start();
        let word = match rest.first() {
            Some(b'"' | b'\'') => &rest[1..],
            // An anchor, a tag, a block: whatever is behind it.
            Some(b'&' | b'!' | b'*' | b'|' | b'>') => return true,
            _ => rest,
        };
        let end = word.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(word.len());
        let word = &word[..end];
        word == b"Test" || PROVIDERS.iter().any(|kind| kind.as_bytes() == word)
    })
}

/// Whether a document is a kustomization; one without a type is one by its file's name.
pub(super) fn is_kustomize_object(root: Node<'_>, path: Option<&Path>) -> bool {
    match Object::new(root) {
        Some(object) => object.group() == "kustomize.config.k8s.io",
        None => path.is_some_and(is_kustomization),
    }
}

/// An absolute path without `.` and `..`, links left as they are.
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
