//! The first pass: what the manifests of the run say to each other.

use super::read::Input;
use crate::k8s::object::Object;
use crate::k8s::siblings::{Set, WORDS, patch_files};
use crate::node::Node;
use crate::read;
use crate::source::Source;
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

/// What the first pass keeps.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) set: Set,
    patches: HashSet<PathBuf>,
}

impl Survey {
    /// Whether a kustomization names the file as a patch.
    pub(super) fn is_patch(&self, path: &Path) -> bool {
        !self.patches.is_empty() && self.patches.contains(&normal(path))
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
pub(super) fn survey(inputs: &[Input]) -> Survey {
    let texts: Vec<(usize, Source)> = inputs
        .par_iter()
        .enumerate()
        .filter_map(|(at, input)| {
            let kustomization = input.path.as_deref().is_some_and(is_kustomization);
            let bytes = input.bytes().ok()?;
            let wanted =
                kustomization || WORDS.iter().any(|word| memchr::memmem::find(&bytes, word.as_bytes()).is_some());
            if !wanted {
                return None;
            }
            Some((at, Source::new(input.name.clone(), String::from_utf8(bytes).ok()?)))
        })
        .collect();
    let mut survey = Survey::default();
    for (at, source) in &texts {
        let path = inputs[*at].path.as_deref();
        for document in read::documents(source.text()).flatten() {
            if is_kustomize_object(document.tree.root(), path) {
                survey.set.add_kustomization(document.tree.root());
                if let Some(folder) = path.and_then(Path::parent) {
                    survey.patches.extend(patch_files(document.tree.root()).map(|file| normal(&folder.join(file))));
                }
            } else {
                Object::all(document.tree.root()).into_iter().for_each(|object| survey.set.add(object));
            }
        }
    }
    survey
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
