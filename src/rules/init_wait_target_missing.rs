//! An init container that waits for a Service which the run does not have.

use super::dependencies::missing;
use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::{Container, Role};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "init-wait-target-missing",
    summary: "an init container waits for a Service that is missing, lacks the port, or has no pods behind it",
    severity: Severity::Warning,
    scope: Scope::Set,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The Pod stays at `Init:0/1` for ever, or its init container fails again and again (Init:CrashLoopBackOff), and the \
            application never starts.",
        why: "Init containers run one after another, each to its end. One that asks for a Service until it answers never ends where the Service's \
            name is wrong, where it has another port than is asked for, or where no pods have the labels that it chooses. The rule knows `nc`, \
            `nslookup`, `getent`, `curl`, `wget`, the clients of databases, `wait-for-it`, `dockerize` and their like, in scripts as well. Unless \
            the policy says `set: complete` it speaks of what is here and can't be right, and of names one letter or a word such as `-headless` off, or in another \
            namespace.",
        see: "`kubectl logs POD -c NAME` shows what it waits for; `kubectl get service,endpointslices` shows what there is.",
        fix: "Correct the name, its namespace or the port in the script. Better still: let the application try again by itself, \
            and go without the wait.",
        ignore: "The rule is silent for hosts that are no Services, for names in variables of which the value is not written, and for names \
            that an object of an operator mentions.",
        source: "Kubernetes documentation: Init Containers; DNS for Services and Pods",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if container.role == Role::Init {
        missing(RULE.name, &container.servers_in_command(context.tables), container, context, findings);
    }
}
