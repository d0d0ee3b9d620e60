//! A PodDisruptionBudget that lets no pod go.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::budget::{Budget, Wanted};
use crate::k8s::object::Object;
use crate::k8s::set::Question;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "pdb-blocks-drain",
    summary: "a PodDisruptionBudget that never lets a pod be evicted",
    severity: Severity::Info,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "`kubectl drain` and every node upgrade wait for ever, or until somebody deletes the pod by hand. Managed \
            clusters end the wait after an hour and kill the pod without the care that the budget was meant to bring.",
        why: "An eviction is allowed while more pods are healthy than the budget asks for. With `maxUnavailable: 0`, with \
            `minAvailable: 100%`, or with a `minAvailable` of as many pods as there are, that is never so. The pods are \
            counted by the workloads of the run that the budget's selector chooses; with an autoscaler, as many as it keeps \
            at least.",
        see: "`kubectl get pdb` shows `ALLOWED DISRUPTIONS 0`; `kubectl drain` prints `Cannot evict pod as it would violate the \
            pod's disruption budget`.",
        fix: "Ask for one pod less than there are, or say `maxUnavailable: 1`. One replica alone can't be kept available \
            through a drain: run two, or go without a budget.",
        ignore: "Ignore it where a person is to look at each drain on purpose.",
        source: "Kubernetes `pkg/controller/disruption/disruption.go` (getExpectedPodCount), \
            `pkg/registry/core/pod/storage/eviction.go`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Object(check),
};

fn check(object: &Object<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(budget) = Budget::of(*object) else { return };
    let never = |what: String| {
        Finding::new(RULE.name, Severity::Info, budget.field().path(), format!("{what}: no pod may ever be evicted"))
            .help("say `maxUnavailable: 1`, and run more than one pod")
    };
    match budget.wanted {
        Wanted::Unavailable(0) | Wanted::UnavailablePercent(0) => {
            findings.push(never("no pod may be unavailable".into()))
        }
        Wanted::AvailablePercent(100..) => findings.push(never("all pods have to be available".into())),
        Wanted::Unavailable(_) | Wanted::UnavailablePercent(_) => {}
        Wanted::Available(_) | Wanted::AvailablePercent(_) => {
            let Some(selector) = budget.selector() else { return };
            if context.late(|| Question::Other).is_none() {
                return;
            }
            let Some(chosen) = context.set.pods_of(&selector, object.namespace()) else { return };
            let pods = chosen.count;
            let wanted = match budget.wanted {
                Wanted::Available(count) => count,
                // Rounded up (GetScaledValueFromIntOrPercent).
                Wanted::AvailablePercent(percent) => (percent * pods + 99) / 100,
                _ => return,
            };
            if pods > 0 && wanted >= pods {
                let there = if pods == 1 { "there is one".to_owned() } else { format!("there are {pods}") };
                let wanted = if wanted == 1 { "one pod has".to_owned() } else { format!("{wanted} pods have") };
                let workload = format!("{} `{}`", chosen.first.kind, chosen.first.name);
                findings.push(never(format!("{wanted} to be available, and {there}")).and_elsewhere(
                    chosen.first.file,
                    chosen.first.span,
                    format!("the pods of {workload}"),
                ));
            }
        }
    }
}
