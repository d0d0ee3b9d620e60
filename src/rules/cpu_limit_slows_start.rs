//! A JVM that has to start on a fraction of a CPU.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "cpu-limit-slows-start",
    summary: "a JVM with less than half a CPU and no startupProbe is killed while it starts",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "On a laptop it starts in 20 s; in the cluster it takes minutes, the livenessProbe runs out of patience, and the container is \
                  killed and starts from nothing: CrashLoopBackOff, exit code 137, 143 or 0.",
        why: "Loading classes and compiling them keeps every CPU busy that a JVM can get, and a limit of 200m is a fifth of one: what takes 30 s of \
              CPU time takes 150 s. When it has started it may well be content with that. A livenessProbe that guarantees less than \
              300 s, and no startupProbe, is what makes a slow start a loop.",
        see: "`kubectl describe pod POD` shows `Liveness probe failed` soon after each start; `cpu.stat` in the container's cgroup counts \
              `nr_throttled`.",
        fix: "Add a startupProbe that allows 300 s; raise the CPU limit to 1 or more, or leave it out and keep the request.",
        ignore: "The rule is silent without a livenessProbe, as nothing is killed then, and for what is not known to be a JVM. Ignore it for \
                 native images (GraalVM), which start in milliseconds.",
        source: "Linux `Documentation/scheduler/sched-bwc.rst` (CFS bandwidth control); Kubernetes `pkg/kubelet/cm/helpers_linux.go` (MilliCPUToQuota)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// Seconds that are enough for a start at any of these limits.
const PATIENT: u64 = 300;

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(liveness) = container.killing_probe(context.tables) else { return };
    let field = container.cpu_limit_field();
    let Some(limit) = container.cpu_limit() else { return };
    let milli = limit.times(1000, 1).ceil();
    if container.startup_probe_field().node().is_some() || !(1..500).contains(&milli) || liveness.budget() >= PATIENT {
        return;
    }
    let Some(by) = context.tables.jvm(*container) else { return };
    let budget = liveness.budget();
    findings.push(
        Finding::new(
            RULE.name,
            Severity::Warning,
            field.path(),
            format!("a JVM that starts with {milli}m of CPU and no startupProbe: it takes several times as long, and is killed {budget} s after start at the earliest"),
        )
        .label("less than half a CPU")
        .and(liveness.path(), format!("kills from {budget} s on"))
        .note(format!("taken for a JVM because of {by}"))
        .help(format!("add a startupProbe that allows {PATIENT} s, or raise the CPU limit to 1 or more")),
    );
}
