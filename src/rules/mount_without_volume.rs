//! A mount whose volume the pod does not have.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::decode::nearest;
use crate::k8s::pod::Workload;
use crate::k8s::volume::Volume;
use std::collections::HashSet;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "mount-without-volume",
    summary: "a container mounts a volume that the pod does not have",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "`kubectl apply` prints `volumeMounts[0].name: Not found`, and nothing changes. A StatefulSet is stored by servers before \
                  1.36, and the refusal comes as a `FailedCreate` event when its controller creates the pods.",
        why: "A mount names one of the pod's `volumes`, or in a StatefulSet one of its `volumeClaimTemplates`, letter by letter. A volume \
              that is renamed at one end, removed, or written one level too deep leaves its mounts behind.",
        see: "`kubectl apply --dry-run=server -f FILE`; for a StatefulSet `kubectl describe statefulset NAME`, and look for `FailedCreate`.",
        fix: "Add the volume to the pod's `volumes`, or correct the name at either end.",
        ignore: "The rule is silent where a volume's name is still a placeholder, and for kinds that a policy adds: their controllers may \
                 bring volumes of their own. Ignore it where a patch in another folder adds the volume.",
        source: "Kubernetes `pkg/apis/core/validation/validation.go` (ValidateVolumeMounts), `pkg/apis/apps/validation/validation.go` \
                 (ValidateStatefulSetSpec)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    if !workload.is_validated() || !workload.volumes_are_rendered() {
        return;
    }
    let claims = workload.claim_template_names();
    let volumes: HashSet<&str> = workload.volumes().filter_map(Volume::name).chain(claims.iter().copied()).collect();
    for container in workload.containers() {
        for mount in container.mounts() {
            let Some(name) = mount.volume_name().filter(|name| !volumes.contains(name)) else { continue };
            if name.is_empty() || mount.is_placeholder() {
                continue;
            }
            let place = mount.place().map_or_else(String::new, |place| format!(" at `{place}`"));
            let message = format!("no volume of the pod is named `{name}`: the API server refuses the mount{place}");
            let mut finding = Finding::new(RULE.name, Severity::Error, mount.name_field().path(), message)
                .label("no such volume")
                .container(container.name());
            finding = match (nearest(name, volumes.iter().copied()), volumes.len()) {
                (Some(near), _) => {
                    let volume = workload.volumes().find(|volume| volume.name() == Some(near));
                    let finding = finding.help(format!("did you mean `{near}`?"));
                    match volume {
                        Some(volume) => finding.and(volume.name_path(), format!("this one is called `{near}`")),
                        None => finding,
                    }
                }
                (None, 0) => finding.help("add `volumes` to the pod's `spec`, beside `containers`"),
                (None, _) => finding.help(format!("add a volume named `{name}`, or mount one that the pod has")),
            };
            findings.push(finding);
        }
    }
}
