//! A Java heap that leaves the JVM no room below the memory limit.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::heap::{Demand, Limit, Setting, Whose, demand, memory_limit};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "jvm-heap-exceeds-limit",
    summary: "a Java heap that may fill the memory limit, where the JVM needs room beside it",
    severity: Severity::Error,
    scope: Scope::PodAndSet,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container is OOMKilled (137) some hours or days after its start, when the heap has grown: no OutOfMemoryError, no heap dump, \
                  nothing in the log. With `-XX:+AlwaysPreTouch` and an `-Xms` of the whole limit it is killed at every start.",
        why: "The limit counts all memory of the container, and the heap is a part of that: metaspace, a stack of 1 MiB for each thread, compiled \
              code (up to 240 MiB), direct buffers (as much as the heap, where nothing bounds them) and the collector's own tables come on top. \
              Garbage is only collected when the heap is full, so that it does grow to its maximum. Above 75 % of the limit there is too little \
              left; the bounds of metaspace, code cache and direct memory are added where they are written. Read are the \
              command with its inline script and its variables, in the order of the JVM itself: the last `-Xmx` wins, `_JAVA_OPTIONS` over all, and \
              any `-Xmx` over `MaxRAMPercentage`.",
        see: "`kubectl describe pod POD` shows `Last State: Terminated, Reason: OOMKilled`; `kubectl exec POD -- jcmd 1 VM.native_memory` \
              (with `-XX:NativeMemoryTracking=summary`) shows what lies beside the heap.",
        fix: "Set `-XX:MaxRAMPercentage=75.0` in place of `-Xmx`, so that the heap follows the limit; or set the limit to a third more than the heap.",
        ignore: "The rule is silent for sizes that the manifest does not hold, and where `-XX:-UseContainerSupport` makes a percentage one of the \
                 node's memory. Below 250 MiB the JVM takes `MinRAMPercentage` in place of `MaxRAMPercentage`, and so does the rule. Ignore it for \
                 large heaps of which you have measured what the JVM needs beside them.",
        source: "OpenJDK `src/hotspot/share/runtime/arguments.cpp` (Arguments::parse, set_heap_size), measured on JDK 17; Oracle, Java Platform: \
                 Native Memory Tracking; Kubernetes `pkg/kubelet/kuberuntime/kuberuntime_container_linux.go` (getMemoryLimit)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(limit) = memory_limit(*container, context.set) else { return };
    let Some(demand) = demand(*container, context.tables, limit) else { return };
    if let Some(touched) = demand.touched.as_ref().filter(|touched| touched.amount >= limit.amount) {
        findings.push(killed_at_start(*container, &demand, touched, limit));
        return;
    }
    let (heap, sum) = (demand.heap.amount, demand.sum());
    let room = limit.amount.times(3, 4);
    if heap > room || sum > limit.amount {
        findings.push(crowded(*container, &demand, limit));
    }
}

fn killed_at_start(container: Container<'_>, demand: &Demand<'_>, touched: &Setting<'_>, limit: Limit<'_>) -> Finding {
    let certain = demand.sure && limit.whose != Whose::LimitRange;
    let severity = if certain { Severity::Error } else { Severity::Warning };
    let message = format!(
        "`-Xms` {} with `AlwaysPreTouch` is {} the limit {}, all of it used at the start: OOMKilled before the application runs",
        touched.amount,
        limit.percent(touched.amount),
        limit.amount
    );
    let finding = Finding::new(RULE.name, severity, touched.origin.path(container), message)
        .label("touched page by page before the first line of Java")
        .and(limit.field.path(), limit.says());
    advise(assumed(finding, demand), container, demand, limit)
}

fn crowded(container: Container<'_>, demand: &Demand<'_>, limit: Limit<'_>) -> Finding {
    let parts = std::iter::once(&demand.heap).chain(&demand.beside);
    let heap_alone = demand.heap.amount > limit.amount.times(3, 4);
    let named = |part: &Setting<'_>| format!("{} {}", part.words(), part.amount.tidy());
    let message = match demand.percentage {
        Some(_) if heap_alone => format!(
            "`{}` makes a heap of {}, {} the limit {}; the JVM needs about 25 % beside its heap: metaspace, threads, code cache",
            demand.heap.option,
            demand.heap.amount.tidy(),
            limit.percent(demand.heap.amount),
            limit.amount
        ),
        _ if heap_alone && demand.beside.is_empty() => format!(
            "{} is {} the limit {}; the JVM needs about 25 % beside its heap: metaspace, threads, code cache",
            named(&demand.heap),
            limit.percent(demand.heap.amount),
            limit.amount
        ),
        _ => format!(
            "{} is {} the limit {}; threads and the collector come on top",
            parts.map(named).collect::<Vec<_>>().join(" + "),
            limit.percent(demand.sum()),
            limit.amount
        ),
    };
    let label = if demand.heap.origin.path(container) == container.image_field().path() {
        "taken by the image where nothing else is set"
    } else {
        "the heap grows up to this"
    };
    let mut finding =
        Finding::new(RULE.name, Severity::Warning, demand.heap.origin.path(container), message).label(label);
    for part in &demand.beside {
        if part.origin.path(container) != demand.heap.origin.path(container) {
            finding = finding.and(part.origin.path(container), format!("{} beside it", part.words()));
        }
    }
    finding = finding.and(limit.field.path(), limit.says());
    advise(assumed(finding, demand), container, demand, limit)
}

fn assumed(finding: Finding, demand: &Demand<'_>) -> Finding {
    match demand.passed_on {
        Some(name) => finding.note(format!("assumed that the start script passes `{name}` to the JVM")),
        None => finding,
    }
}

/// What to do: a percentage can only be lowered, a size be lowered or the limit raised.
fn advise(finding: Finding, container: Container<'_>, demand: &Demand<'_>, limit: Limit<'_>) -> Finding {
    if demand.percentage.is_some() && demand.beside.is_empty() {
        return finding.help("set `-XX:MaxRAMPercentage=75.0`");
    }
    // A heap that the kubelet derives from the limit grows with it.
    if container.variables().any(|variable| variable.resource_divisor().is_some()) {
        return finding.help(format!("give the heap about {}", limit.amount.times(3, 4).tidy()));
    }
    let heap = demand.touched.as_ref().map_or(demand.heap.amount, |touched| touched.amount.max(demand.heap.amount));
    let wanted = heap.times(4, 3).max(demand.sum()).round_up_to_mebi(64);
    let finding = finding.help(format!(
        "give the heap about {} (by `-Xmx`, or by `-XX:MaxRAMPercentage=75.0` without it), or raise the memory limit to {wanted}",
        limit.amount.times(3, 4).tidy()
    ));
    // The pod's and a LimitRange's limits are for others, too.
    if limit.whose != Whose::Container || container.memory_limit().is_none() {
        return finding;
    }
    finding.fix(Safety::Review, format!("raise the memory limit to {wanted}"), limit.field.set(wanted.bytes().into()))
}
