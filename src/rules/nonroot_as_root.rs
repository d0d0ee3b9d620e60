//! A container that is told to run as root, and not to.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "nonroot-as-root",
    summary: "runAsUser 0 where runAsNonRoot forbids root",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container is never created: `CreateContainerConfigError`, for ever, with 0 restarts.",
        why: "Before it creates a container the kubelet joins its securityContext with that of its Pod: of each field the container's own value \
              holds, else the Pod's. Where `runAsNonRoot` is then true and `runAsUser` 0, it refuses. Often one of the two comes from the Pod: a \
              container that has to be root for a moment (an init container that changes owners) sets `runAsUser: 0`, and inherits \
              `runAsNonRoot: true`.",
        see: "`kubectl describe pod POD` shows `Error: container's runAsUser breaks non-root policy`.",
        fix: "Set `runAsNonRoot: false` on the container that has to be root, or give it another user. To make a volume writable no root is needed: \
              `fsGroup` of the Pod does that.",
        ignore: "The rule is silent for Windows, where the kubelet looks at neither. It speaks of what is written only; \
                 `nonroot-root-image` speaks of images that run as root.",
        source: "Kubernetes `pkg/kubelet/kuberuntime/security_context_others.go` (verifyRunAsNonRoot), `pkg/securitycontext/util.go` \
                 (DetermineEffectiveSecurityContext)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    if !container.must_not_be_root() || container.run_as_user() != Some(0) || container.workload.is_windows() {
        return;
    }
    let (user, demand) = (container.run_as_user_field().path(), container.run_as_non_root_field().path());
    let own = |path: &crate::path::Path| path.starts_with(&container.path());
    let from = match (own(&user), own(&demand)) {
        (true, false) => ": runAsNonRoot comes from the Pod",
        (false, true) => ": runAsUser comes from the Pod",
        _ => "",
    };
    findings.push(
        Finding::new(
            RULE.name,
            Severity::Error,
            user,
            format!("runAsUser is 0 and runAsNonRoot is true, so that the kubelet never creates the container{from}"),
        )
        .label("root")
        .and(demand, "refuses root")
        .help("set `runAsNonRoot: false` on a container that has to be root, else another `runAsUser`"),
    );
}
