//! A command whose first word is no name of a program.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::command::Run;
use crate::k8s::container::Container;
use crate::k8s::program::{self, NoProgram};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "command-not-a-program",
    summary: "a command that begins with an option, a bracket or a quote instead of a program",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container never starts: StartError, exit code 128, shown as RunContainerError and then CrashLoopBackOff.",
        why: "`command` replaces the image's ENTRYPOINT, program included, and its first item is the name of a file. Options alone \
              belong into `args`, which leave the entrypoint in place. A word such as `[sh` or `\"npm\"`, with the bracket or the quotes in it, is \
              left over from a list or a line that was taken for plain text.",
        see: "`kubectl describe pod POD` shows `exec: \"--port=80\": executable file not found in $PATH`.",
        fix: "Write options as `args`; or put the program before them. Write a list as a list, without quotes within quotes.",
        ignore: "The rule is silent for Windows, and for values that a template still has to fill in.",
        source: "Kubernetes documentation: Define a Command and Arguments for a Container; containerd \
                 `internal/cri/opts/spec_opts.go` (WithProcessArgs)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if container.command_words().0.is_none() {
        return;
    }
    let Some(run) = Run::written(*container, context.tables) else { return };
    let Some(first) = run.words[0].text.as_deref() else { return };
    let Some(NoProgram::Shape(what)) = program::not_runnable(*container, context.tables, first) else { return };
    let help = if what == "an option" {
        "write options as `args`, which leave the image's own program in place"
    } else {
        "write `command` as a list of plain words"
    };
    let message =
        format!("the first word of `command` is no program, but {what}: the container can't start (exit code 128)");
    findings.push(
        Finding::new(RULE.name, Severity::Error, run.path(0), message).label("no program has this name").help(help),
    );
}
