//! A GOMEMLIMIT that Go can't read, or that is no limit.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::env::Variable;
use crate::k8s::go::{byte_count, respelled};
use crate::k8s::heap::memory_limit;
use crate::k8s::quantity::Quantity;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "gomemlimit-invalid",
    summary: "a GOMEMLIMIT that Go refuses, or that does not keep it below the memory limit",
    severity: Severity::Error,
    scope: Scope::PodAndSet,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A malformed value ends every Go program before its first line: `fatal error: malformed GOMEMLIMIT`, exit code 2, \
                  CrashLoopBackOff. One that is too near to the container's memory limit does not help: OOMKilled (137). One of a \
                  few bytes lets the garbage collector run without end, and the program crawls.",
        why: "Go's units are not those of Kubernetes: a whole number with `B`, `KiB`, `MiB`, `GiB` or `TiB`, or without a unit (bytes), or `off`. \
              `512Mi`, `1G`, `0.5GiB` and `512 MiB` are all malformed. The Go runtime counts what it has allocated; stacks of C, mapped \
              files and the kernel's share come on top, for which 5 % of the limit are little. A `resourceFieldRef` with a \
              divisor of `1Mi` gives mebibytes, which Go takes for bytes.",
        see: "`kubectl logs --previous POD` begins with `GOMEMLIMIT=…` and `fatal error: malformed GOMEMLIMIT`.",
        fix: "Write `MiB` for `Mi`. Set about 90 % of the memory limit.",
        ignore: "The rule is silent for `off`, for values from variables or Secrets, and for a resourceFieldRef with divisor 1, which is the limit \
                 itself. Programs that are built with Go before 1.19, or not with Go, don't read the variable; what is known to be a JVM is left out.",
        source: "Go `src/runtime/mgcpacer.go` (readGOMEMLIMIT), `src/runtime/string.go` (parseByteCount); Kubernetes \
                 `pkg/api/v1/resource/helpers.go` (ExtractContainerResourceValue)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// Less than the runtime itself needs, in bytes.
const LEAST: u64 = 4 << 20;

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(variable) = container.variable("GOMEMLIMIT") else { return };
    // Shared templates give it to others, too.
    if context.tables.jvm(*container).is_some() {
        return;
    }
    if let Some(divisor) = variable.resource_divisor() {
        if divisor >= Quantity::new(1024) {
            findings.push(crawls(variable, "a resourceFieldRef with a divisor gives a number without a unit"));
        }
        return;
    }
    let Some(value) = variable.settled_value().filter(|value| !value.is_empty() && *value != "off") else { return };
    let place = variable.value_field();
    let Some(bytes) = byte_count(value) else {
        let finding = Finding::new(
            RULE.name,
            Severity::Error,
            place.path(),
            "`GOMEMLIMIT` is malformed: a Go program ends at once with exit code 2",
        )
        .label("Go can't read this")
        .note("assumed to be a program built with Go 1.19 or later: nothing else reads the variable");
        findings.push(match respelled(value) {
            Some((meant, unit)) => finding
                .help(format!(
                    "write a whole number and `{unit}`, without a blank: Go's units are not those of Kubernetes"
                ))
                .fix(Safety::Review, format!("write the unit as {unit}"), place.set(meant.into())),
            None => finding.help("write a whole number and one of `B`, `KiB`, `MiB`, `GiB`, `TiB`, without a blank"),
        });
        return;
    };
    if bytes < LEAST {
        findings.push(crawls(variable, "a number without a unit means bytes"));
        return;
    }
    let bytes = Quantity::new(i64::try_from(bytes).unwrap_or(i64::MAX));
    let limit = memory_limit(*container, context.set).filter(|limit| bytes > limit.amount.times(95, 100));
    let Some(limit) = limit else { return };
    let amount = limit.amount;
    findings.push(
        Finding::new(
            RULE.name,
            Severity::Warning,
            place.path(),
            format!("`GOMEMLIMIT` is above 95 % of the memory limit {amount}: the container is OOMKilled before Go's collector works harder"),
        )
        .label(format!("{:.0} % of the memory limit", 100.0 * bytes.as_f64() / amount.as_f64()))
        .and(limit.field.path(), limit.says())
        .help(format!("set it to about 90 % of the limit: {}MiB", amount.times(9, 10).ceil() >> 20)),
    );
}

fn crawls(variable: Variable<'_>, why: &str) -> Finding {
    let place = if variable.value().is_some() { variable.value_field() } else { variable.source_field() };
    Finding::new(
        RULE.name,
        Severity::Warning,
        place.path(),
        "`GOMEMLIMIT` is less than 4 MiB: Go's garbage collector runs without end, and the program crawls",
    )
    .label("too few bytes")
    .note(why)
    .help("write a unit: `MiB`, `GiB`")
}
