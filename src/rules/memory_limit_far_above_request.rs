//! A memory limit many times the request.

use super::{Check, Context, Docs, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::quantity::Quantity;
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of `memory-limit-far-above-request`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Options {
    /// How many times the request the limit may be.
    max_ratio: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_ratio: 4 }
    }
}

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "memory-limit-far-above-request",
    summary: "a memory limit many times the request fills nodes with promises",
    severity: Severity::Info,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The node runs out of memory although no container is above its limit. The kubelet evicts Pods, and those that use \
                  most beyond their request go first; or the kernel kills processes (137, OOMKilled), those with small requests first.",
        why: "The scheduler fills a node by requests alone. Where limits are many times as large, a busy hour of a few Pods is more than \
              the node has. The factor that is accepted is 4 (option `maxRatio`).",
        see: "`kubectl describe node NODE` shows limits of several hundred per cent under `Allocated resources`, and `MemoryPressure`; \
              `kubectl get events -A --field-selector reason=Evicted`.",
        fix: "Raise the request to what the container uses on an ordinary day, or lower the limit to what it may need on a bad one.",
        ignore: "Programs that are idle nearly always. The rule is silent where the two are less than 64Mi apart; \
                 without a written request too, as the Pod then asks for its limit.",
        source: "Kubernetes `pkg/kubelet/eviction/helpers.go` (rankMemoryPressure), `pkg/kubelet/qos/policy.go` \
                 (GetContainerOOMScoreAdjust)",
    },
    options: OptionsType::of::<Options>(),
    check: Check::Container(check),
};

/// A difference that fills no node.
const LEAST: Quantity = Quantity::mebi(64);

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(limit), Some(request)) = (container.memory_limit(), container.memory_request()) else { return };
    let ratio = context.options::<Options>().max_ratio;
    let little = limit < request.plus(LEAST);
    if request.is_zero() || little || limit <= request.times(ratio.into(), 1) {
        return;
    }
    // To one decimal, and never down to what is accepted.
    let times = (limit.as_f64() / request.as_f64() * 10.0).ceil() / 10.0;
    findings.push(
        Finding::new(
            RULE.name,
            Severity::Info,
            container.memory_limit_field().path(),
            format!("memory limit {limit} is {times} times the request {request}: nodes are filled by requests alone"),
        )
        .label(format!("more than {ratio} times the request"))
        .and(container.memory_request_field().path(), "all that the scheduler counts")
        .help("raise the request to what it uses on an ordinary day, or lower the limit"),
    );
}
