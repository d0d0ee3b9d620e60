//! `latest`, and nodes that don't ask again.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::image::unrendered;
use crate::node::Node;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "stale-latest-image",
    summary: "`latest` with IfNotPresent: each node keeps the `latest` of another day",
    severity: Severity::Info,
    scope: Scope::PodAndSet,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A new version is pushed, and some Pods run it and some don't: a node that has an image of this name never asks for a newer \
                  one. A mended crash goes on crashing on some nodes, or a broken version appears only where the node is new.",
        why: "`imagePullPolicy: IfNotPresent` compares names, and the name `latest` (also where no tag is written) never changes. Without \
              an imagePullPolicy, `latest` is always pulled; it is the written `IfNotPresent` that keeps the old one.",
        see: "`kubectl get pods -o wide` beside `kubectl get pods -o jsonpath='{range .items[*]}{.spec.nodeName}{\" \"}\
              {.status.containerStatuses[*].imageID}{\"\\n\"}{end}'`: other digests on other nodes.",
        fix: "Name a version, or a digest. Where it has to be `latest`, leave imagePullPolicy out or write `Always`.",
        ignore: "Local clusters (kind, minikube), in which images are loaded by hand: there `IfNotPresent` is what keeps the node from \
                 asking a registry that has no such image. The rule is silent with a digest, for `image: auto`, for templates that \
                 are not rendered yet, and where a kustomization among the manifests gives the image a tag.",
        source: "Kubernetes `pkg/kubelet/images/image_manager.go` (EnsureImageExists), `pkg/apis/core/v1/defaults.go` \
                 (SetDefaults_Container: imagePullPolicy)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(text), Some(image)) = (container.image_text(), container.image()) else { return };
    let policy = container.image_pull_policy_field();
    if policy.node().and_then(Node::as_str) != Some("IfNotPresent")
        || image.tag.is_some_and(|tag| tag != "latest")
        || image.digest.is_some()
        || text == "auto"
        || unrendered(text)
        || container.workload.has_image_trigger()
        || context.set.retags(&image)
    {
        return;
    }
    let means = if image.tag.is_some() { "" } else { ", which means `latest`," };
    let message =
        format!("image `{text}`{means} is pulled once a node: `IfNotPresent` never asks for a newer `latest`");
    findings.push(
        Finding::new(RULE.name, Severity::Info, policy.path(), message)
            .label("keeps what the node has")
            .and(container.image_field().path(), if image.tag.is_some() { "`latest` moves" } else { "no tag" })
            .help("name a version; or let every start ask, with `imagePullPolicy: Always`")
            .fix(Safety::Review, "set imagePullPolicy to Always", policy.set("Always".into())),
    );
}
