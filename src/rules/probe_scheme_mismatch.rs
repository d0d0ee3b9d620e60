//! A probe that speaks HTTP where TLS is spoken, or the other way about.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::probe::Probe;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "probe-scheme-mismatch",
    summary: "a probe speaks HTTP to a port for HTTPS, or HTTPS to one for HTTP",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "Every check fails: `HTTP probe failed with statuscode: 400` or `malformed HTTP response` where plain HTTP meets TLS, `server gave \
                  HTTP response to HTTPS client` the other way about. A livenessProbe or startupProbe kills the container again and again; a \
                  readinessProbe leaves the Pod without traffic.",
        why: "`scheme` is HTTP by default, also on port 443. The port's number (443 and 8443, 80 and 8080) or its name (`https`) says what is \
              spoken there. Both are customs and no proof.",
        see: "`kubectl describe pod POD` shows the messages above.",
        fix: "Set `scheme: HTTPS` (the kubelet does not check the certificate), or `scheme: HTTP`.",
        ignore: "The rule is silent where number and name contradict each other, and for other ports. Ignore it where you know what is spoken there.",
        source: "Kubernetes `pkg/apis/core/v1/defaults.go` (SetDefaults_HTTPGetAction: HTTP), `pkg/probe/http/http.go` (certificates are not \
                 checked); Go `net/http` (400 for plain HTTP to a TLS server)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(container.probes().filter_map(judge));
}

fn judge(probe: Probe<'_>) -> Option<Finding> {
    let handler = probe.handler()?;
    let (scheme, better) = (handler.scheme()?, handler.better_scheme()?);
    let what = probe.purpose.field();
    let port = match (handler.port_name(), handler.port_number()?) {
        (Some(name), number) => format!("`{name}` ({number})"),
        (None, number) => number.to_string(),
    };
    let answer = if better == "HTTPS" { "a server that speaks TLS answers 400" } else { "the TLS handshake fails" };
    let field = handler.scheme_field();
    let label = if field.node().is_none() { "no `scheme`, which means HTTP" } else { "another one is spoken there" };
    Some(
        Finding::new(
            RULE.name,
            Severity::Warning,
            field.path(),
            format!("{what} speaks {scheme} to port {port}, which is one for {better}: {answer}"),
        )
        .label(label)
        .and(handler.port_field().path(), format!("a port for {better}"))
        .note("judged by the port's number and name")
        .help(format!("set `scheme: {better}`"))
        .fix(Safety::Review, format!("set scheme to {better}"), field.set(better.into())),
    )
}
