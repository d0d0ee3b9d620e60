//! A memory limit without headroom above the request.

use super::{Check, Context, Docs, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::quantity::Quantity;
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of `memory-limit-equals-request`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Options {
    /// What is accepted as meant.
    accept: Accept,
}

/// What counts as equal on purpose.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Accept {
    /// Nothing: every equal pair is reported.
    #[default]
    Nothing,
    /// Pairs that the manifest writes down, both of them.
    Explicit,
}

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "memory-limit-equals-request",
    summary: "a memory limit equal to the request leaves no room for a spike",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The first moment that needs more memory than the usual one ends the container: OOMKilled, exit code 137. It starts \
                  again, takes the same load, and ends again.",
        why: "A request says what a container uses on an ordinary day; a limit says when to kill it. Where both are the same number, \
              every day has to be ordinary. It also happens unwritten: a Pod whose container has a limit and no request gets \
              the limit as its request. This defaulting takes place on Pods and not on templates, so that the Deployment never \
              shows it.",
        see: "`kubectl describe pod POD` shows `Last State: Terminated, Reason: OOMKilled`; `kubectl top pod` shows usage close to the limit.",
        fix: "Keep the request at what it uses, and set the limit half as high again. Headroom costs nothing until it is used: the \
              scheduler counts requests only.",
        ignore: "Equal numbers are right for the Guaranteed class, which also asks that the CPU of every container is set and equal: \
                 where that is so it is info only. With the option `accept: explicit`, pairs that are both written \
                 down are accepted.",
        source: "Kubernetes `pkg/apis/core/v1/defaults.go` (SetDefaults_Pod), `pkg/apis/core/v1/helper/qos/qos.go`",
    },
    options: OptionsType::of::<Options>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(limit), Some(request)) = (container.memory_limit(), container.effective_memory_request()) else { return };
    if limit != request || limit < Quantity::mebi(4) || !container.resources_are_readable() {
        return;
    }
    let written = container.memory_request_field().node().is_some();
    if written && context.options::<Options>().accept == Accept::Explicit {
        return;
    }
    let guaranteed = container.workload.containers().iter().all(|other| {
        other.is_cpu_guaranteed()
            && other.memory_limit().is_some()
            && other.memory_limit() == other.effective_memory_request()
    });
    let severity = if guaranteed { Severity::Info } else { Severity::Warning };
    let limit_field = container.memory_limit_field();
    let limit = limit.tidy();
    let message = if written {
        format!("memory limit equals the request ({limit}): the first spike is OOMKilled")
    } else {
        format!(
            "memory limit without a request: the Pod's request becomes the limit ({limit}), and the first spike is OOMKilled"
        )
    };
    let wanted = limit.times(3, 2).tidy();
    let mut finding =
        Finding::new(RULE.name, severity, limit_field.path(), message).label("nothing left above the request");
    finding = if guaranteed {
        finding.note("every container's CPU and memory are equal, so the Pod is Guaranteed: that may be what is meant")
    } else {
        finding
            .note("the Guaranteed class would also ask that every container's CPU limit is set and equals its request")
    };
    let mut edits = limit_field.set(wanted.bytes().into());
    if written {
        finding = finding.and(container.memory_request_field().path(), "the same amount");
    } else {
        edits.extend(container.memory_request_field().set(limit.bytes().into()));
    }
    findings.push(
        finding
            .help(format!("keep the request at {limit} and raise the limit to about {wanted}: headroom costs nothing until it is used"))
            .fix(Safety::Review, format!("raise the memory limit to {wanted}"), edits),
    );
}
