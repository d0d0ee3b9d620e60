//! Options with which a JVM does not start.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::heap::refusals;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "jvm-options-invalid",
    summary: "options that a JVM refuses, so that it ends before the application starts",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The JVM writes one line and ends, exit code 1, CrashLoopBackOff: `Invalid maximum heap size: …`, `Unrecognized VM option …`, \
                  `Improperly specified VM option …`, `Initial heap size set to a larger value than the maximum heap size`.",
        why: "Sizes are whole numbers with `k`, `m`, `g` or `t`: `-Xmx512Mi`, `-Xmx1.5g` and `-Xmx=1g` are none. `-Xms` may not be larger than \
              `-Xmx`, wherever the two are written. Two collectors exclude each other. Flags are spelled with their capitals \
              (`MaxMetaspaceSize`), switches need their `+` or `-`, and experimental flags an unlock before them. A variable that is put into \
              an exec-form command, `$(JAVA_OPTS)`, stays one word, and a JVM takes that for one option. Where the image tells which JDK it \
              has, options that this JDK does not have count as well: `PrintGCDateStamps` from 11 on, `UseConcMarkSweepGC` and `MaxPermSize` from 17 on, \
              `--add-opens` on 8, and `MaxRAMPercentage=75` without a decimal point up to 10.",
        see: "`kubectl logs --previous POD` shows the line, and `Error: Could not create the Java Virtual Machine`.",
        fix: "Write the option as the JVM reads it: `-Xmx512m`, `-XX:MaxRAMPercentage=75.0`. Pass several options by `JAVA_TOOL_OPTIONS`.",
        ignore: "The rule is silent for options that it does not know, and for values that the manifest does not hold. It is a warning \
                 where it is not known that a JVM gets the option: in a variable that a start script may pass on, with an unknown image, or where \
                 the JDK's version is a guess from the tag. OpenJ9 has options of its own, and images that are named for it are not judged by version.",
        source: "measured on OpenJDK 11.0.13, 17.0.15, 21.0.8 and 25.0.2; jdk8u `hotspot/src/share/vm/runtime/arguments.cpp` (process_argument, \
                 check_gc_consistency), `memory/collectorPolicy.cpp` (initialize_flags)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    for refusal in refusals(*container, context.tables) {
        let severity = if refusal.sure { Severity::Error } else { Severity::Warning };
        let mut finding = Finding::new(
            RULE.name,
            severity,
            refusal.origin.path(*container),
            format!("the JVM does not start (exit code 1): {}", refusal.why),
        )
        .label(refusal.label)
        .help(refusal.help);
        let other = refusal.other.map(|other| other.path(*container));
        if let Some(other) = other.filter(|other| *other != refusal.origin.path(*container)) {
            finding = finding.and(other, "does not go with this");
        }
        if let Some(assumed) = refusal.assumed {
            finding = finding.note(assumed);
        }
        findings.push(finding);
    }
}
