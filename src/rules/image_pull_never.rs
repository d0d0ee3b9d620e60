//! An image that is never pulled.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "image-pull-never",
    summary: "an image that is never pulled must already lie on every node",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "On a node that does not have the image the container can't start: ErrImageNeverPull, for as long as the Pod is there.",
        why: "`imagePullPolicy: Never` is meant for images that were loaded into a local cluster by hand. New nodes, and nodes whose \
              kubelet has cleaned up, don't have them.",
        see: "`kubectl get pods` shows `ErrImageNeverPull`; `kubectl describe pod POD` shows `Container image … is not present \
              with pull policy of Never`.",
        fix: "Push the image to a registry, and use `IfNotPresent`.",
        ignore: "Local clusters, and nodes whose images are baked in.",
        source: "Kubernetes `pkg/kubelet/images/image_manager.go` (ErrImageNeverPull); documentation: Images",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let policy = container.image_pull_policy_field();
    if policy.node().and_then(crate::node::Node::as_str) == Some("Never") {
        let message = "imagePullPolicy `Never`: a node without the image can't start the container (ErrImageNeverPull)";
        findings.push(
            Finding::new(RULE.name, Severity::Warning, policy.path(), message)
                .label("never pulled")
                .help("push the image to a registry, and use `IfNotPresent`"),
        );
    }
}
