//! An image that can be another one tomorrow.

use super::{Check, Context, Docs, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::image::unrendered;
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of `latest-image-tag`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Options {
    /// Tags that move.
    tags: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { tags: vec!["latest".into()] }
    }
}

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "latest-image-tag",
    summary: "`latest`, or no tag at all, is another image tomorrow",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A Pod that restarts on another node, or scales up, gets another version than its siblings. One day that version \
                  does not start: CrashLoopBackOff with no change in the repository, and nothing to roll back to. Where the tag is gone, \
                  ImagePullBackOff.",
        why: "A tag is a name that the registry can move, and `latest` is moved with every build. No tag means `latest`, which also makes \
              imagePullPolicy `Always`: every start then hangs on the registry.",
        see: "`kubectl get pods -o jsonpath='{range .items[*]}{.status.containerStatuses[*].imageID}{\"\\n\"}{end}'` shows different digests \
              for one image.",
        fix: "Name a version, or better a digest: `app:1.4.2@sha256:…`.",
        ignore: "The rule is silent with a digest, for `image: auto` (service meshes fill it in), for templates that are not rendered yet, \
                 and where a kustomization among the manifests gives the image a tag. Ignore it for throw-away environments.",
        source: "Kubernetes `pkg/util/parsers/parsers.go` (no tag is `latest`), `pkg/apis/core/v1/defaults.go` (SetDefaults_Container: \
                 imagePullPolicy)",
    },
    options: OptionsType::of::<Options>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(text), Some(image)) = (container.image_text(), container.image()) else { return };
    let moving = |tag: &str| context.options::<Options>().tags.iter().any(|moves| moves == tag);
    if text == "auto"
        || unrendered(text)
        || image.digest.is_some()
        || image.tag.is_some_and(|tag| !moving(tag))
        || container.workload.has_image_trigger()
        || context.set.retags(&image)
    {
        return;
    }
    let (message, label) = match image.tag {
        Some(tag) => {
            (format!("image `{text}` is whatever `{tag}` means on the day of the pull"), format!("`{tag}` moves"))
        }
        None => (
            format!("image `{text}` has no tag, which means `latest`: whatever that is on the day of the pull"),
            "no tag".to_owned(),
        ),
    };
    findings.push(
        Finding::new(RULE.name, Severity::Warning, container.image_field().path(), message)
            .label(label)
            .help("name a version, or a digest (`@sha256:…`), that stays what it is"),
    );
}
