//! A livenessProbe whose answer hangs on other programs.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::reach::Others;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "liveness-depends-on-others",
    summary: "a livenessProbe that fails when something else fails",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The database is away for a minute, and every Pod that asks for it in its livenessProbe is killed, all of them at once and again \
                  and again. When it is back, it meets a fleet of cold starts, and one outage has become a long one.",
        why: "A livenessProbe should fail only where a restart of this container would help. Paths such as `/ready`, \
              `/health/ready`, Spring Boot's `/actuator/health`, `/deep` and `/db` answer for other programs as well, as their \
              names say; a database's client or a curl to another host does so by itself. The name of a path is all that is known, so that this \
              is a guess, though a good one.",
        see: "`kubectl get pods` shows restarts of all replicas within the same minutes; `kubectl logs --previous POD` shows errors about the \
              connection to something else.",
        fix: "Ask for the process alone: `/healthz`, `/livez`, `/actuator/health/liveness`; leave the rest to the readinessProbe, which only \
              takes the Pod out of its Services.",
        ignore: "The rule is silent for readiness and startup probes, for a database that asks itself, for hosts that are local or come from a \
                 variable, and for Prometheus' `/-/ready`. Ignore it where that path really only looks at its own process.",
        source: "Kubernetes documentation: Configure Liveness, Readiness and Startup Probes; Spring Boot reference, Kubernetes Probes \
                 (\"the liveness probe should not depend on health checks for external systems\")",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(probe) = container.liveness_probe().filter(|_| container.probes().next().is_some()) else { return };
    let Some((handler, others)) = probe.handler().and_then(|handler| Some((handler, handler.asks_others()?))) else {
        return;
    };
    let finding = match others {
        Others::Path(why) => {
            let path = handler.http_path().unwrap_or_default();
            let message = format!("livenessProbe asks `{path}`, which {why}: their outage restarts this container");
            Finding::new(RULE.name, Severity::Warning, handler.http_path_field().path(), message)
                .label("kills when others fail")
                .note("judged by the path's name")
        }
        Others::Host { program, host } => {
            let message = format!("livenessProbe asks `{host}` by `{program}`: its outage restarts this container");
            Finding::new(RULE.name, Severity::Warning, handler.command_field().path(), message)
                .label(format!("`{host}` is not this container"))
        }
    };
    let help = if handler.http_path().is_some_and(|path| path.contains("/actuator/")) {
        "ask `/actuator/health/liveness`, and `/actuator/health/readiness` in the readinessProbe"
    } else {
        "ask for the process alone, and leave the rest to the readinessProbe"
    };
    findings.push(finding.help(help));
}
