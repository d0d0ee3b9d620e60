//! A preStop hook that uses up the time in which the application should stop.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::lifecycle::{DEFAULT_GRACE, LEAST_GRACE};
use crate::k8s::pod::Workload;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "prestop-exceeds-grace",
    summary: "a preStop hook that sleeps through the whole grace period",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Safe),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "Whenever the Pod is stopped, the hook is cut off, the application gets 2 s to end, and then SIGKILL: exit code 137, reason \
                  `Error`. Requests are lost at every rollout, and a database has to recover at its next start.",
        why: "`terminationGracePeriodSeconds` (30 where nothing is written) holds the preStop hook and the application's own shutdown \
              together. The kubelet waits for the hook as long as the grace period lasts, and sends SIGTERM only then; what is left, and never \
              less than 2 s, is the application's. Counted are the seconds of a `sleep` handler, and every `sleep` that the hook's command \
              comes to when its steps succeed.",
        see: "`kubectl delete pod POD` takes the whole grace period and 2 s more; `kubectl get pod POD -o yaml --watch` shows exit code 137 \
              at the end, although the application handles SIGTERM.",
        fix: "Raise `terminationGracePeriodSeconds` to the hook's time and what the application needs, or let the hook sleep less: 5 to 15 s are enough \
              for load balancers to take notice.",
        ignore: "What the hook's other programs take is not known, and not counted; nor are loops. Ignore it where the hook itself stops the \
                 application before it sleeps. `kubectl delete --grace-period`, an eviction and a probe's own grace period can name another \
                 time than the Pod's.",
        source: "Kubernetes `pkg/kubelet/kuberuntime/kuberuntime_container.go` (killContainer, executePreStopHook, setTerminationGracePeriod), \
                 `pkg/apis/core/validation/validation.go` (validateSleepAction)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

/// Seconds that are left for the application itself: what Kubernetes gives it without a hook.
const REST: u64 = DEFAULT_GRACE;

fn check(workload: &Workload<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    // The hooks of a pod's containers run beside each other: one time has to be long enough for all.
    let hooks = workload.containers().into_iter().filter_map(|container| {
        let (seconds, path) = container.pre_stop()?.sleeps()?;
        Some((seconds, path, container))
    });
    let longest = hooks.fold(None, |longest: Option<(u64, _, _)>, next| match longest {
        Some(longest) if longest.0 >= next.0 => Some(longest),
        _ => Some(next),
    });
    let (Some((seconds, path, container)), Some(grace)) = (longest, workload.grace_period()) else { return };
    if seconds < grace || seconds == 0 {
        return;
    }
    let field = workload.grace_period_field();
    let time = if field.node().is_none() {
        format!("the grace period is the default of {grace} s")
    } else {
        format!("`terminationGracePeriodSeconds` is {grace}")
    };
    let end = if grace == 0 {
        "without a grace period the hook never runs".to_owned()
    } else {
        format!("the application gets {LEAST_GRACE} s to stop, and is killed (137)")
    };
    let message = format!("the preStop hook sleeps {seconds} s, and {time}: {end}");
    let mut finding = Finding::new(RULE.name, Severity::Warning, path, message)
        .label(if grace == 0 { "never run".to_owned() } else { format!("{seconds} s before SIGTERM is sent") })
        .and(field.path(), format!("{grace} s for the hook and the application together"))
        .container(container.name());
    // Days are no time to wait for, and a Pod without a grace period is meant to have none.
    finding = match seconds.checked_add(REST).filter(|wanted| grace > 0 && *wanted <= 24 * 3600) {
        Some(wanted) => finding
            .help(format!(
                "raise `terminationGracePeriodSeconds` to {wanted}: the hook's {seconds} s and {REST} s for the application"
            ))
            .fix(
                Safety::Safe,
                format!("raise terminationGracePeriodSeconds to {wanted}"),
                field.set(wanted.into()),
            ),
        None => finding.help("let the hook sleep for a shorter time than the grace period"),
    };
    findings.push(finding);
}
