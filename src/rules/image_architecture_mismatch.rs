//! An image for one processor on nodes with another.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::placement::{Refusal, named_architecture};
use crate::k8s::pod::Workload;
use crate::path::Path;
use std::collections::HashMap;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "image-architecture-mismatch",
    summary: "an image made for one processor, on nodes that have another",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program is one that the processor can't read: the container ends at once with exit code 1, its log holds \
                  `exec …: exec format error`, and it is started again: CrashLoopBackOff. Or the pull fails: `no match for platform`.",
        why: "The image's name or tag says which processor it is made for (`-arm64`, `-amd64`, `arm64v8/…`), and the Pod's nodeSelector or \
              required node affinity asks for nodes of another one. It is assumed that the name speaks the truth.",
        see: "`kubectl logs --previous POD` shows `exec format error`; `kubectl get nodes -L kubernetes.io/arch` shows the nodes' \
              processors.",
        fix: "Use the image for the nodes' processor, or, where there is one, the tag without a processor in it: most of those are made \
              for several. Or let the Pod run on the nodes that the image is made for.",
        ignore: "Nodes that run foreign programs by emulation (binfmt). The rule is silent where neither nodeSelector nor required affinity speaks \
                 of `kubernetes.io/arch`, and for images whose name holds several processors, or an emulator or cross compiler.",
        source: "Kubernetes `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`; `k8s.io/api/core/v1/well_known_labels.go` \
                 (LabelArchStable); Linux `fs/exec.c` (ENOEXEC)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut refusals: HashMap<&str, Option<Refusal>> = HashMap::new();
    for container in workload.containers() {
        let Some(image) = container.image() else { continue };
        let Some(architecture) = named_architecture(&image) else { continue };
        let refusal = refusals.entry(architecture).or_insert_with(|| workload.refusal_of(architecture));
        if let Some(refusal) = refusal {
            findings.push(found(container.image_field().path(), image.written, architecture, refusal));
        }
    }
}

fn found(path: Path, image: &str, architecture: &str, refusal: &Refusal) -> Finding {
    let nodes = match &refusal.asks[..] {
        [] => format!("nodes that are not {architecture}"),
        asks => format!("{} nodes", asks.join(" or ")),
    };
    let message =
        format!("image `{image}` is made for {architecture}, as its name says, and the Pod only runs on {nodes}");
    Finding::new(RULE.name, Severity::Warning, path, message)
        .label(format!("made for {architecture}"))
        .and(refusal.path.clone(), format!("the {} asks for {nodes}", refusal.by))
        .help("use the image for these nodes, or one that is made for several processors")
}
