//! A command by a shell that the image lacks.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::command::Run;
use crate::k8s::container::Container;
use crate::k8s::program::{self, NoProgram};
use crate::k8s::shell;
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "shell-missing-in-image",
    summary: "a command run by a shell that the image does not have",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container never starts: StartError, exit code 128, shown as RunContainerError and then CrashLoopBackOff. (Exit code 127 \
                  where `tini` or another wrapper stands before the shell.)",
        why: "Images without a distribution (distroless, most images of Kubernetes' own programs) have no shell at all; images built on Alpine \
              or busybox have `sh`, and no `bash`.",
        see: "`kubectl describe pod POD` shows `exec: \"bash\": executable file not found in $PATH` or `stat /bin/bash: no such file or directory`.",
        fix: "Run the program directly, word by word. With Alpine use `sh`, if the script needs nothing of bash; or another variant of the image.",
        ignore: "The rule only speaks of images whose shells are known; tags such as `debug` and `-dev` have one. It is silent where a volume is \
                 mounted over the folder of the shell, where `PATH` is set, and for images built upon these under a name of their own.",
        source: "the images' own Dockerfiles, named row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(run) = Run::written(*container, context.tables) else { return };
    let words: Vec<&str> = run.words.iter().map_while(|word| word.text.as_deref()).collect();
    let inner = shell::unwrap(&words);
    let Some(shell) = inner.first() else { return };
    if program::not_runnable(*container, context.tables, shell) != Some(NoProgram::NoShell) {
        return;
    }
    let at = words.len() - inner.len();
    let message = format!("the image has no `{shell}` to run the command: the container can't start");
    let finding = Finding::new(RULE.name, Severity::Warning, run.path(at), message)
        .label("not in the image")
        .note(program::shells_known(*container, context.tables));
    // The whole vector has to be known, to see whether another shell understands it.
    let meant = run.texts().and_then(|_| program::meant(*container, context.tables, NoProgram::NoShell, inner));
    let edits = meant.and_then(|meant| Some((run.replace(at, json!(meant[0]))?, meant)));
    findings.push(match edits {
        Some((edits, meant)) => finding.help(format!("write `{}`, which the image has", meant[0])).fix(
            Safety::Review,
            "use the shell that the image has",
            edits,
        ),
        None => finding.help("run the program directly, or use a variant of the image that has the shell"),
    });
}
