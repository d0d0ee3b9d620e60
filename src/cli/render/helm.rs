//! Charts, by `helm template`.

use super::child::{self, Failure};
use super::{Failed, Options, Rendered, input, normal, shown, text};
use crate::engine::Input;
use crate::read;
use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// A chart's folder.
pub(super) struct Chart {
    folder: PathBuf,
    /// The release's name: the chart's own.
    name: String,
    /// The run's files below the folder that Helm reads as templates.
    used: HashSet<PathBuf>,
}

/// The charts of a run's folders; parts of other charts, and libraries, which render nothing, are left out.
pub(super) fn charts(inputs: &[Input]) -> Vec<Chart> {
    let found = inputs.iter().filter(|input| !input.named).filter_map(|input| input.path.as_deref());
    let folders: Vec<&Path> =
        found.filter(|path| path.file_name() == Some(OsStr::new("Chart.yaml"))).filter_map(Path::parent).collect();
    let is_part =
        |folder: &Path| folders.iter().any(|other| *other != folder && folder.starts_with(other.join("charts")));
    folders.iter().filter(|folder| !is_part(folder)).filter_map(|folder| Chart::at(folder, inputs)).collect()
}

impl Chart {
    fn at(folder: &Path, inputs: &[Input]) -> Option<Self> {
        let text = text(&folder.join("Chart.yaml"))?;
        let document = read::documents(&text).next()?.ok()?;
        let field = |name: &str| document.tree.root().get(name).and_then(|node| node.as_str());
        if field("type") == Some("library") {
            return None;
        }
        let name = field("name").filter(|name| is_release(name)).unwrap_or("release-name").to_owned();
        let template = |path: &&Path| {
            path.strip_prefix(folder).is_ok_and(|below| {
                below.starts_with("templates")
                    || (below.starts_with("charts") && below.iter().any(|part| part == "templates"))
            })
        };
        let used = inputs.iter().filter_map(|input| input.path.as_deref()).filter(template).map(normal).collect();
        Some(Self { folder: folder.to_owned(), name, used })
    }

    pub(super) fn render(&self, options: Options<'_>) -> Result<Rendered, Failed> {
        let folder = shown(&self.folder);
        let fail = |why| Failed { folder: folder.clone(), what: "chart", why };
        // Absolute, so that no folder is taken for an option.
        let mut arguments: Vec<OsString> =
            vec!["template".into(), self.name.as_str().into(), normal(&self.folder).into(), "--skip-tests".into()];
        if let Some(minor) = options.kubernetes_minor {
            arguments.push(format!("--kube-version=1.{minor}.0").into());
        }
        for file in &options.args.helm_values {
            arguments.push([OsStr::new("--values="), file.as_os_str()].into_iter().collect());
        }
        arguments.extend(options.args.helm_set.iter().map(|set| format!("--set={set}").into()));
        let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
        let said =
            child::run("helm", &arguments, Duration::from_secs(options.args.render_timeout)).map_err(|failure| {
                fail(match failure {
                    Failure::Missing => "`helm` is not on the PATH".to_owned(),
                    Failure::Other(why) => why,
                })
            })?;
        let said = String::from_utf8(said).map_err(|_| fail("`helm` says what is no UTF-8".into()))?;
        let inputs = split(&said, &self.folder).into_iter().map(|(name, text)| input(name.into(), text)).collect();
        Ok(Rendered { inputs, command: format!("helm template {folder}"), used: self.used.clone() })
    }
}

/// Whether a chart's name may be a release's (53 characters, Helm's `ValidateReleaseName`).
fn is_release(name: &str) -> bool {
    (1..=53).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// What `helm template` says, by the template that it comes from.
fn split(said: &str, folder: &Path) -> Vec<(String, String)> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut name = shown(folder);
    let mut begins = true;
    for line in said.split_inclusive('\n') {
        if line.trim_end() == "---" {
            begins = true;
        } else if begins {
            if let Some(source) = line.strip_prefix("# Source: ").and_then(|source| template(source.trim_end(), folder))
            {
                name = source;
            }
            begins = false;
        }
        texts.entry(name.clone()).or_default().push_str(line);
    }
    texts.into_iter().collect()
}

/// The file that `# Source: CHART/templates/NAME` names. A template may write such a line itself, so nothing above the chart
/// is taken for one.
fn template(source: &str, folder: &Path) -> Option<String> {
    let mut parts = Path::new(source).components();
    parts.next()?;
    let below = parts.as_path();
    let plain = below.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && below.components().next().is_some()).then(|| shown(&folder.join(below)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_go_to_their_templates() {
        let said = "---\n# Source: shop/templates/a.yaml\na: 1\n---\n# Source: shop/charts/db/templates/b.yaml\nb: 1\n---\n# Source: shop/templates/a.yaml\na: |\n  # Source: shop/x\n";
        let split = split(said, Path::new("./charts/shop"));
        let names: Vec<&str> = split.iter().map(|(name, _)| name.as_str()).collect();
        // The mark stands with the document before; nothing is lost.
        assert_eq!(names, ["charts/shop", "charts/shop/charts/db/templates/b.yaml", "charts/shop/templates/a.yaml"]);
        assert!(split[2].1.contains("a: 1\n") && split[2].1.contains("a: |\n  # Source: shop/x\n"));
        assert_eq!(template("shop/../../secret", Path::new("a")), None);
        assert_eq!(template("shop", Path::new("a")), None);
    }
}
