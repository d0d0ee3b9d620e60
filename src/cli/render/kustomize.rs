//! Kustomizations, by `kustomize build` or `kubectl kustomize`.

use super::child::{self, Failure};
use super::{Failed, Names, Options, Rendered, input, normal, shown, text};
use crate::cli::args::When;
use crate::engine::Input;
use crate::k8s::object::{Object, annotation};
use crate::k8s::set::{is_component, patch_files, sources};
use crate::read;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Names of kustomization files, in kustomize's order.
const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The annotation that says where an object comes from (kustomize's `buildMetadata: [originAnnotations]`).
const ORIGIN: &str = "config.kubernetes.io/origin";

/// A kustomization that no other one of the run takes in.
pub(super) struct Kustomization {
    folder: PathBuf,
    file: PathBuf,
    /// Files that go into it.
    used: HashSet<PathBuf>,
    /// What it names that does not lie here.
    elsewhere: Option<String>,
}

/// The kustomizations to build.
pub(super) fn roots(inputs: &[Input]) -> Vec<Kustomization> {
    let found = inputs.iter().filter(|input| !input.named).filter_map(|input| input.path.as_deref());
    let is_kustomization =
        |path: &&Path| path.file_name().and_then(OsStr::to_str).is_some_and(|name| FILES.contains(&name));
    let files: Vec<&Path> = found.filter(is_kustomization).collect();
    let mut taken: HashSet<PathBuf> = HashSet::new();
    let mut roots = Vec::new();
    for file in files {
        let Some(folder) = file.parent() else { continue };
        let mut reached = Reached::default();
        reached.folder(&normal(folder));
        let own = normal(folder);
        taken.extend(reached.folders.iter().filter(|other| **other != own).cloned());
        if reached.is_component {
            continue;
        }
        let Reached { files: used, elsewhere, .. } = reached;
        roots.push(Kustomization { folder: folder.to_owned(), file: file.to_owned(), used, elsewhere });
    }
    roots.retain(|root| !taken.contains(&normal(&root.folder)));
    roots
}

/// All that a kustomization takes in.
#[derive(Default)]
struct Reached {
    folders: HashSet<PathBuf>,
    files: HashSet<PathBuf>,
    elsewhere: Option<String>,
    /// Whether the first one is a component.
    is_component: bool,
}

impl Reached {
    fn folder(&mut self, folder: &Path) {
        if !self.folders.insert(folder.to_owned()) {
            return;
        }
        let Some((file, text)) =
            FILES.iter().map(|name| folder.join(name)).find_map(|file| text(&file).map(|text| (file, text)))
        else {
            return;
        };
        self.files.insert(file);
        let Some(Ok(document)) = read::documents(&text).next() else { return };
        let root = document.tree.root();
        if self.folders.len() == 1 {
            self.is_component = is_component(root);
        }
        for entry in sources(root).chain(patch_files(root)) {
            let path = normal(&folder.join(entry));
            if path.is_dir() {
                self.folder(&path);
            } else if path.is_file() {
                self.files.insert(path);
            } else {
                self.elsewhere.get_or_insert_with(|| entry.to_owned());
            }
        }
    }
}

impl Kustomization {
    pub(super) fn render(&self, options: Options<'_>, names: &Names) -> Result<Rendered, Failed> {
        let folder = shown(&self.folder);
        let fail = |why| Failed { folder: folder.clone(), what: "kustomization", why };
        if let Some(entry) = self.elsewhere.as_ref().filter(|_| options.args.render == When::Auto) {
            return Err(fail(format!("`{entry}` does not lie here; `--render always` lets it be fetched")));
        }
        let limit = Duration::from_secs(options.args.render_timeout);
        let wrapper = wrapper(&normal(&self.folder)).map_err(|error| fail(error.to_string()))?;
        let build = wrapper.path().as_os_str();
        let said = match child::run("kustomize", &["build".as_ref(), build], limit) {
            Err(Failure::Missing) => child::run("kubectl", &["kustomize".as_ref(), build], limit),
            other => other,
        };
        let said = said.map_err(|failure| {
            fail(match failure {
                Failure::Missing => "neither `kustomize` nor `kubectl` is on the PATH".to_owned(),
                Failure::Other(why) => why,
            })
        })?;
        let said = String::from_utf8(said).map_err(|_| fail("what was built is no UTF-8".into()))?;
        let inputs = self.split(&said, wrapper.path(), names);
        Ok(Rendered { inputs, command: format!("kustomize build {folder}"), used: self.used.clone() })
    }

    /// What was built, by the file that it comes from.
    fn split(&self, said: &str, wrapper: &Path, names: &Names) -> Vec<Input> {
        let own: Arc<str> = shown(&self.file).into();
        let mut texts: BTreeMap<Arc<str>, String> = BTreeMap::new();
        for part in read::parts(said) {
            let span = part.span(said);
            let document = part.documents(said).next().and_then(Result::ok);
            let origin = document.as_ref().and_then(|document| {
                let object = Object::new(document.tree.root())?;
                let origin = annotation(object.root, ORIGIN)?.as_str()?;
                let path = origin.lines().find_map(|line| line.strip_prefix("path: "))?;
                let path = normal(&wrapper.join(path.trim()));
                let name = names.get(&path)?;
                self.used.contains(&path).then_some(name)
            });
            let _ = write!(
                texts.entry(origin.unwrap_or_else(|| Arc::clone(&own))).or_default(),
                "---\n{}\n",
                said[span.range()].trim_end()
            );
        }
        texts.into_iter().map(|(name, text)| input(name, text)).collect()
    }
}

/// A kustomization that takes in another one, and has it say where each object comes from.
fn wrapper(folder: &Path) -> std::io::Result<tempfile::TempDir> {
    let wrapper = tempfile::Builder::new().prefix("crashlint-").tempdir()?;
    // kustomize takes no absolute path.
    let from = wrapper.path().canonicalize()?;
    let to = folder.canonicalize()?;
    let up: PathBuf = from.components().skip(1).map(|_| "..").collect();
    let down: PathBuf = to.components().skip(1).collect();
    let path = serde_json::Value::from(up.join(down).to_string_lossy());
    std::fs::write(
        wrapper.path().join(FILES[0]),
        format!("resources: [{path}]\nbuildMetadata: [originAnnotations]\n"),
    )?;
    Ok(wrapper)
}
