//! A memory limit in which a language's runtime hardly starts.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::heap::{memory_limit, runs_on};
use crate::k8s::images::Runtime;
use crate::k8s::quantity::Quantity;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "memory-limit-below-runtime",
    summary: "a memory limit that is too small for a JVM or for Node.js to start in",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container is OOMKilled (137) while it starts, again and again, or ends with an OutOfMemoryError: CrashLoopBackOff.",
        why: "A JVM that runs nothing uses some 36 MiB, and with an application server's classes, their metaspace and compiled code 128 MiB are hardly \
              enough for the smallest one; in less than 250 MiB it also takes half of the limit for its heap, whatever `MaxRAMPercentage` says. Node.js \
              uses some 40 MiB before the first line of an application.",
        see: "`kubectl describe pod POD` shows `Last State: Terminated, Reason: OOMKilled`, a few seconds after the start.",
        fix: "Raise the limit: 256Mi for a small Java application, 128Mi for a small one on Node.js; then look at what it really uses.",
        ignore: "What runs is known from the command, and from the image where there is none. The rule is silent for other programs in such an image, \
                 for native images of Java, and where nothing is known.",
        source: "measured: resident memory of `java -version` on OpenJDK 17 (36 MiB) and of `node -e 0` on Node.js 20 (40 MiB); Spring Boot's documentation \
                 of its memory footprint",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let largest = Quantity::mebi(128);
    let Some(limit) = memory_limit(*container, context.set).filter(|limit| limit.amount < largest) else { return };
    let Some((runtime, by)) = runs_on(*container, context.tables) else { return };
    let (name, least, enough) = match runtime {
        Runtime::Jvm => ("a JVM", largest, "256Mi"),
        Runtime::Node => ("Node.js", Quantity::mebi(64), "128Mi"),
        _ => return,
    };
    if limit.amount >= least {
        return;
    }
    findings.push(
        Finding::new(
            RULE.name,
            Severity::Warning,
            limit.field.path(),
            format!(
                "the memory limit {} is too small for {name}, which hardly starts in less than {least}: OOMKilled",
                limit.amount
            ),
        )
        .label(limit.says())
        .note(format!("taken for {name} because of {by}"))
        .help(format!("raise the limit to {enough} or more")),
    );
}
