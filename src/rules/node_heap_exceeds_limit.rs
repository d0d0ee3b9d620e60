//! A heap of Node.js that may fill the memory limit.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::heap::{Whose, memory_limit, node};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "node-heap-exceeds-limit",
    summary: "a `--max-old-space-size` that leaves Node.js no room below the memory limit",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container is OOMKilled (137) when its heap has grown, without a word in the log. With a heap below the limit V8 would end \
                  first, and say so: `JavaScript heap out of memory`, exit code 134.",
        why: "`--max-old-space-size` is in mebibytes, and bounds the old generation only. The young generation, code, buffers and strings outside of \
              the heap, and what native modules use come on top, for which 20 % of the limit are little. V8 collects garbage the harder the nearer \
              it is to its own bound: a bound that lies above the limit never makes it work.",
        see: "`kubectl describe pod POD` shows `Last State: Terminated, Reason: OOMKilled`; `process.memoryUsage()` shows how much lies outside \
              of the heap.",
        fix: "Set it to about three quarters of the limit, or raise the limit. Node.js 12 and later take the limit into account by themselves: mostly \
              the option can go.",
        ignore: "The rule reads `NODE_OPTIONS` and the words before the script in the command, which win. It is silent for values that the manifest \
                 does not hold, and for words behind the script: those are the application's.",
        source: "Node.js documentation: Command-line API, --max-old-space-size; V8 `src/heap/heap.cc`; measured on Node.js 20",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(limit) = memory_limit(*container, context.set) else { return };
    let Some(node) = node(*container, context.tables) else { return };
    let sum = node.sum();
    if sum <= limit.amount.times(4, 5) {
        return;
    }
    let young = node.young.as_ref().map(|young| format!(" and a young generation of {} are", young.amount));
    let message = format!(
        "`--max-old-space-size` {}{} {} the limit {}; Node.js needs about 20 % beside its old space: young generation, code, buffers",
        node.heap.amount,
        young.as_deref().unwrap_or(" is"),
        limit.percent(sum),
        limit.amount
    );
    let path = node.heap.origin.path(*container);
    let mut finding = Finding::new(RULE.name, Severity::Warning, path.clone(), message)
        .label("in mebibytes, and more than the limit has room for");
    if let Some(young) = node.young.as_ref().map(|young| young.origin.path(*container)).filter(|young| *young != path) {
        finding = finding.and(young, "three of these are the young generation");
    }
    let wanted = sum.times(5, 4).round_up_to_mebi(64);
    finding = finding.and(limit.field.path(), limit.says()).help(format!(
        "set it to {} or leave it out, or raise the memory limit to {wanted}",
        limit.amount.times(3, 4).ceil() >> 20
    ));
    if limit.whose == Whose::Container {
        finding = finding.fix(
            Safety::Review,
            format!("raise the memory limit to {wanted}"),
            limit.field.set(wanted.bytes().into()),
        );
    }
    findings.push(finding);
}
