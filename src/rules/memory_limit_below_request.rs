//! A memory limit below the request.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "memory-limit-below-request",
    summary: "a memory limit below the request is refused by the API server",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The API server refuses the object: `must be less than or equal to memory limit`. Nothing is rolled out, and what ran \
                  before goes on running.",
        why: "A container can't be promised more than it may use. Units are the usual reason: `1G` is less than `1Gi`, and `512m` is half a byte.",
        see: "`kubectl apply` prints `spec.template.spec.containers[0].resources.requests: Invalid value`.",
        fix: "Raise the limit above the request, or lower the request to what the container uses.",
        ignore: "Never: it can't be applied.",
        source: "Kubernetes `pkg/apis/core/validation/validation.go` (ValidateContainerResourceRequirements)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(limit), Some(request)) = (container.memory_limit(), container.memory_request()) else { return };
    if limit >= request {
        return;
    }
    findings.push(
        Finding::new(
            RULE.name,
            Severity::Error,
            container.memory_limit_field().path(),
            format!("memory limit {limit} is below the request {request}: the API server refuses it"),
        )
        .label("less than the request")
        .and(container.memory_request_field().path(), "more than the limit")
        .help("raise the limit above the request, or lower the request"),
    );
}
