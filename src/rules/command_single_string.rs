//! A whole command in one word.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::command::Run;
use crate::k8s::container::Container;
use crate::k8s::program::{self, NoProgram};
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "command-single-string",
    summary: "a whole command in one word, which is looked up as a file of that name",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container never starts: StartError, exit code 128, shown as RunContainerError and then CrashLoopBackOff. (CRI-O says \
                  CreateContainerError; under dockerd it is ContainerCannotRun with 127.)",
        why: "No shell reads `command`: its first item is the name of a file, blanks and all. `command: [\"npm start\"]` looks for a \
              program named `npm start`. In a Dockerfile or a compose file the same line works, as a shell or a parser splits it there.",
        see: "`kubectl describe pod POD` shows `exec: \"npm start\": executable file not found in $PATH`, or `stat …: no such file or directory`.",
        fix: "Write each word as an item of its own: `command: [npm, start]`. Where it needs a shell (`&&`, `|`, `$VAR`): \
              `command: [sh, -c, \"…\"]`.",
        ignore: "The rule is silent for Windows, and for values that a template still has to fill in. A path that could have a blank in the \
                 name of a folder is a warning.",
        source: "Kubernetes documentation: Define a Command and Arguments for a Container; containerd \
                 `internal/cri/opts/spec_opts.go` (WithProcessArgs); seen on 1.36.3 with containerd",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Some(command), args) = container.command_words() else { return };
    let Some(run) = Run::written(*container, context.tables) else { return };
    let Some(first) = run.words[0].text.as_deref() else { return };
    let Some(NoProgram::Blank { certain }) = program::not_runnable(*container, context.tables, first) else { return };
    let severity = if certain { Severity::Error } else { Severity::Warning };
    let what =
        if command.len() == 1 { "is one word with a blank in it" } else { "begins with a word with a blank in it" };
    let message =
        format!("`command` {what}, looked up as a file of that name: the container can't start (exit code 128)");
    let mut finding = Finding::new(RULE.name, severity, run.path(0), message).label("no program has this name");
    if !certain {
        finding = finding.note("assumed that no folder has a blank in its name");
    }
    let known = context.tables.known(*container);
    if known.entrypoint().is_some_and(|entrypoint| !entrypoint.is_empty()) && !known.runs_args() {
        finding = finding.note("if these are arguments for the image's own program, they belong into `args`");
    }
    // Values of variables are not repeated.
    let words: Option<Vec<&str>> = command.iter().map(|word| word.as_str()).collect();
    let meant = words.filter(|_| run.words[0].is_as_written()).and_then(|words| {
        let fault = NoProgram::Blank { certain };
        program::meant(*container, context.tables, fault, &words)
    });
    // `args` go to the shell rather than to what it runs.
    let meant = meant.filter(|meant| args.is_none() || meant[0] != "sh");
    findings.push(match meant {
        Some(meant) => finding.help(format!("write `command: {}`", json!(meant))).fix(
            Safety::Review,
            if meant[0] == "sh" { "run it by a shell" } else { "write each word as an item of its own" },
            container.command_field().set(json!(meant)),
        ),
        None => finding.help("write each word as an item of its own, or run it by `sh -c`"),
    });
}
