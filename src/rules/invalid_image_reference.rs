//! An image reference that the kubelet can't read.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::image::{Image, unrendered};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "invalid-image-reference",
    summary: "an image reference that no runtime can pull",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The Pod stays Pending with `InvalidImageName`. It never starts, and never gets better.",
        why: "A reference is `[registry/]repository[:tag][@digest]`; repositories are lower-case, and there is no scheme. The API server \
              takes any text; only the kubelet reads it.",
        see: "`kubectl get pods` shows `InvalidImageName`; `kubectl describe pod POD` shows `couldn't parse image name`.",
        fix: "Write the reference as `docker pull` would take it.",
        ignore: "Placeholders such as `${TAG}`, `{{ … }}`, `<tag>`, `PROJECT_ID` and `ko://…` are info only: something fills them in before \
                 they reach a cluster.",
        source: "github.com/distribution/reference (grammar), Kubernetes `pkg/util/parsers/parsers.go`, `pkg/kubelet/images/image_manager.go`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(text) = container.image_text().filter(|text| !text.trim().is_empty()) else { return };
    let Err(reason) = Image::parse(text) else { return };
    let path = container.image_field().path();
    findings.push(if unrendered(text) {
        Finding::new(RULE.name, Severity::Info, path, format!("image `{text}` is not rendered yet"))
            .label("a placeholder")
            .help("lint what the tool makes of it")
    } else {
        Finding::new(
            RULE.name,
            Severity::Error,
            path,
            format!("image `{text}` can't be pulled (InvalidImageName): {reason}"),
        )
        .label("no valid image reference")
        .help("write it as `[registry/]repository[:tag][@digest]`")
    });
}
