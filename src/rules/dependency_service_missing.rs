//! A Service that a container asks for, and that the run does not have as it is asked for.

use super::dependencies::missing;
use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::{Container, Role};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "dependency-service-missing",
    summary: "a Service that variables or a command name is missing, lacks the port, or has no pods behind it",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program can't reach what it needs: `no such host`, `connection refused`, or no answer at all. Many programs end with \
            exit code 1, and the container loops.",
        why: "A Service is found by its name within its namespace, elsewhere by `name.namespace`. Its address answers on its own ports alone, \
            whatever the pods listen on; and it leads to the pods whose labels it chooses. The rule reads variables, those from ConfigMaps of the run as well, and commands: URLs, names with a port, and names where a \
            variable or option asks for a host, such as `DB_HOST`. Other manifests may exist elsewhere, so unless the policy says \
            `set: complete` it speaks of what is here and can't be right: a Service without the port, labels that miss by one, a name one letter \
            or a word such as `-headless` off, a name that only another namespace has.",
        see: "`kubectl logs POD --previous`; `kubectl get service,endpointslices` shows ports and pods; \
            `kubectl run -it --rm test --image busybox -- nslookup NAME` asks the DNS.",
        fix: "Correct the name, its namespace or the port, or the Service's `selector`. The port is the Service's `port`, not its `targetPort`.",
        ignore: "The rule is silent for hosts that are no Services, for `kubernetes` and Services of kube-system, for ports of headless \
            and ExternalName Services, for names in `hostAliases`, for addresses that a program listens on or tells others, and for names that an \
            object of an operator mentions. Ignore it where the program waits until the Service is there.",
        source: "Kubernetes documentation: DNS for Services and Pods; Service; `pkg/proxy/iptables/proxier.go` (ports of a Service)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut servers = container.servers_in_env();
    servers.extend(container.servers_in_maps(context.set, context.home(container.workload.object)));
    // What the command of an init container asks for is `init-wait-target-missing`.
    if container.role != Role::Init {
        servers.extend(container.servers_in_command(context.tables));
    }
    missing(RULE.name, &servers, container, context, findings);
}
