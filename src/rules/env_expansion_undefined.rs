//! `$(NAME)` that the kubelet does not expand, as the container has no such variable.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::expansion::{Expanded, Meaning, Names, is_shouted};
use std::collections::HashSet;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "env-expansion-undefined",
    summary: "`$(NAME)` of a variable that the container does not have, or has further down only",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program gets the text `$(NAME)` itself: as a host that does not resolve, a port that is no number, a path that does not \
                  exist. Most end with exit code 1 for it; some start with a wrong name.",
        why: "The kubelet replaces `$(NAME)` in `command`, `args` and the values of `env` by variables of the container: those of `env`, of \
              `envFrom`, and the links of Services. A value sees only entries above its own. What is none of these stays as it is \
              written, without an event. Variables of the image (`PATH`, `HOME`) are none of these, nor is `HOSTNAME`, which the runtime sets.",
        see: "`kubectl logs POD` shows the program complaining of `$(NAME)`; `kubectl exec POD -- env` shows which variables there are, and their \
              values.",
        fix: "Correct the name, add the variable to `env`, or put its entry above those that use it. Write `$$(NAME)` where the program is to \
              get the text itself.",
        ignore: "The rule is silent for scripts of a shell, where `$(name)` is a command; for names that are not written in capitals, unless a \
                 variable's name differs by case alone; for sources of `envFrom` whose keys the run does not hold; for names as links of Services have \
                 them, unless `set: complete`; for names of a kustomization's `vars`; for kinds whose controller adds variables of its own (LeaderWorkerSet, JobSet, Knative); and where names or images have such a reference, too, as a \
                 tool fills them in. Ignore it where the program expands the text itself.",
        source: "Kubernetes `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables), `pkg/kubelet/container/helpers.go` \
                 (ExpandContainerCommandAndArgs), `third_party/forked/golang/expansion/expand.go`, `pkg/kubelet/envvars/envvars.go`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// Different names that are looked for in one container: what comes after them is one fault more of a kind.
const MAX_NAMES: usize = 100;

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let texts = container.expanded();
    if texts.is_empty() || container.waits_for_values() {
        return;
    }
    let names = container.names();
    let mut judged: HashSet<&str> = HashSet::new();
    for text in texts {
        for name in text.references() {
            let meaning = text.meaning(&names, name);
            let meant = is_shouted(name) || names.alike(name).is_some();
            if matches!(meaning, Meaning::Value) || !meant || judged.len() >= MAX_NAMES || !judged.insert(name) {
                continue;
            }
            if !context.set.substitutes(name) && !context.set.may_give_variable(*container, name) {
                findings.push(finding(text, &names, name, meaning));
            }
        }
    }
}

fn finding(text: Expanded<'_>, names: &Names<'_>, name: &str, meaning: Meaning<'_>) -> Finding {
    let stays = match text.variable {
        Some(variable) => format!("`{}` gets the text as it is written", variable.name),
        None => "the program gets the text as it is written".to_owned(),
    };
    let found = |message: String| Finding::new(RULE.name, Severity::Warning, text.path(), message);
    match meaning {
        Meaning::Itself => found(format!("`$({name})` in the value of `{name}` itself is not expanded: {stays}"))
            .label("no earlier value")
            .help("write the whole value: what the image says of the variable is not known to the kubelet"),
        Meaning::Later(later) => {
            found(format!("`$({name})` is not expanded, as `{name}` is defined further down: {stays}"))
                .label("not known here yet")
                .and(later.path(), "defined here")
                .help(format!("put `{name}` above `{}`", text.variable.map_or("", |variable| variable.name)))
        }
        Meaning::Value | Meaning::Nothing => {
            let finding =
                found(format!("`$({name})` is not expanded, as the container has no variable `{name}`: {stays}"))
                    .label("no such variable")
                    .note("assumed that the program does not expand it by itself");
            match names.alike(name).or_else(|| names.nearest(name)) {
                Some(near) => finding.help(format!("write `$({near})`, if that is meant")),
                None if name == "HOSTNAME" => {
                    finding.help("`HOSTNAME` is set by the runtime: add a variable with `fieldRef: metadata.name`")
                }
                None => finding.help(format!("add `{name}` to `env`, or write `$$({name})` for the text itself")),
            }
        }
    }
}
