//! A Service whose variables a container takes for its own settings.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::set::Link;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "service-link-collision",
    summary: "a Service is named so that its variables overwrite settings of a program",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program ends with exit code 1 as soon as the Service is there before the Pod: its port is `tcp://10.0.0.7:6379`, which is \
            no number, or it has a setting that it does not know. Whoever made the Pod first sees it run until the first restart.",
        why: "The kubelet gives every container variables of every Service in its namespace that has an address: for one named `redis` they \
            are `REDIS_SERVICE_HOST`, `REDIS_SERVICE_PORT`, `REDIS_PORT=tcp://…`, `REDIS_PORT_6379_TCP` and more. They come before what the \
            image sets, and after `env` and `envFrom`. Often the Service is the Pod's own, as both have the application's name. Which variables \
            a program reads is known image by image.",
        see: "`kubectl logs POD --previous` shows the value; `kubectl get pod POD -o yaml` does not, as these variables are in no manifest. \
            `kubectl exec POD -- env` has them, where the container runs.",
        fix: "Say `enableServiceLinks: false` in the pod spec, set the variable in `env`, or give the Service another name.",
        ignore: "The rule is silent where links are off, where the container has the variable in `env` or `envFrom` or an option that \
            overrules it, for headless Services and such without an address, for programs of which nothing is known, and where a kustomization \
            gives names a prefix or a suffix.",
        source: "Kubernetes `pkg/kubelet/kubelet_pods.go` (getServiceEnvVarMap, makeEnvironmentVariables) and \
            `pkg/kubelet/envvars/envvars.go`; the images' own sources, named row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let known = context.tables.known(*container);
    let Some(reads) = known.reads().filter(|reads| !reads.is_empty()) else { return };
    if !container.workload.links_services() || container.workload.is_knative() {
        return;
    }
    let home = context.home(container.workload.object);
    let mut links: Vec<Link<'_>> = Vec::new();
    for pattern in reads {
        // A number or an address is of use, unless every variable that begins so is a setting.
        let any = pattern.contains('*');
        links.extend(context.set.links(pattern, home).into_iter().filter(|link| any || link.is_url()));
    }
    if links.is_empty() {
        return;
    }
    let Some(stock) = container.own_program(context.tables).filter(|stock| !stock.unsets()) else { return };
    links.retain(|link| {
        let set = container.variable(&link.variable).is_some() || container.may_take(&link.variable, context.set);
        !set && !stock.overrules(&link.variable)
    });
    // Of several states of a Service, the first.
    let mut told: Vec<&str> = Vec::new();
    for link in &links {
        if !told.contains(&link.service) {
            told.push(link.service);
            let of_service = links.iter().filter(|other| other.service == link.service);
            // A URL shows best what goes wrong.
            let shown = of_service.clone().find(|other| other.is_url()).unwrap_or(link);
            findings.push(finding(container, shown));
        }
    }
}

fn finding(container: &Container<'_>, link: &Link<'_>) -> Finding {
    let (name, service) = (&link.variable, link.service);
    let value = link.value.replace("ADDRESS", "…");
    let message = format!(
        "`{name}` will be `{value}`, an address of Service `{service}`, and the image `{}` takes it for a setting of its own",
        container.image_text().unwrap_or_default()
    );
    Finding::new(RULE.name, Severity::Warning, container.image_field().path(), message)
        .label(format!("reads `{name}`"))
        .and_elsewhere(link.fact.file, link.fact.span, format!("this Service makes `{name}`"))
        .help(format!("say `enableServiceLinks: false`, set `{name}` in `env`, or give the Service another name"))
        .fix(
            Safety::Review,
            "keep variables of Services out of the pod",
            container.workload.service_links_field().set(false.into()),
        )
}
