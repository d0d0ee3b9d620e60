//! A second for a client that needs longer to start.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::probe::{Probe, Purpose, SLOW_CLIENT_TIMEOUT};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "exec-probe-default-timeout",
    summary: "one second for a probe whose program needs longer to start",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Safe),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program is healthy, and its probe fails whenever the node is busy: the client that asks has not even started within the \
                  second that it is given. A livenessProbe or startupProbe then kills what it should watch; a readinessProbe \
                  takes it out of its Services and puts it back again.",
        why: "`timeoutSeconds` is 1 by default, and since Kubernetes 1.20 it holds for exec probes, too. `java`, `nodetool` and Kafka's scripts \
              start a JVM for each check, `rabbitmq-diagnostics` an Erlang node, `mongosh` Node.js, `cqlsh` and `celery` Python; `celery \
              inspect ping` by itself waits a second for answers. That uses CPU of the container's own limit.",
        see: "`kubectl describe pod POD` shows `probe failed: command timed out` (or `context deadline exceeded`), at times of load.",
        fix: "Set `timeoutSeconds: 5` or more, and a period that is no shorter. Better still, ask by a port, which costs nothing: tcpSocket, httpGet, grpc.",
        ignore: "The rule is silent wherever a timeout other than 1 is set. For a readinessProbe it is info.",
        source: "Kubernetes `pkg/apis/core/v1/defaults.go` (SetDefaults_Probe), `pkg/probe/exec/exec.go` (ErrCommandTimedOut is a failure); \
                 RabbitMQ documentation, Monitoring (health checks); Celery documentation, `inspect --timeout` (1.0)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(container.probes().filter_map(judge));
}

fn judge(probe: Probe<'_>) -> Option<Finding> {
    if probe.timeout() != 1 || !probe.is_readable() {
        return None;
    }
    let (program, why) = probe.handler()?.slow_client()?;
    let what = probe.purpose.field();
    let severity = if probe.purpose == Purpose::Readiness { Severity::Info } else { Severity::Warning };
    let field = probe.timeout_field();
    let label = if field.node().is_none() { "no `timeoutSeconds`, which means 1" } else { "one second" };
    let finding = Finding::new(
        RULE.name,
        severity,
        field.path(),
        format!("{what} gives `{program}` 1 s to answer, and it {why} each time"),
    )
    .label(label);
    Some(if probe.period() >= SLOW_CLIENT_TIMEOUT {
        finding.help(format!("set timeoutSeconds to {SLOW_CLIENT_TIMEOUT} or more")).fix(
            Safety::Safe,
            format!("set timeoutSeconds to {SLOW_CLIENT_TIMEOUT}"),
            field.set(SLOW_CLIENT_TIMEOUT.into()),
        )
    } else {
        let period = probe.period();
        finding.help(format!(
            "set timeoutSeconds to {SLOW_CLIENT_TIMEOUT}, and periodSeconds, which is {period}, to no less"
        ))
    })
}
