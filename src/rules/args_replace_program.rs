//! `args` that take the place of the image's program.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::program::{self, NoProgram};
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "args-replace-program",
    summary: "args that replace the image's program, and begin with none",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container never starts: StartError, exit code 128, shown as RunContainerError and then CrashLoopBackOff.",
        why: "`args` replace the image's CMD. Where the image has no ENTRYPOINT, as most images of languages and operating systems, the CMD was \
              the program, and what stands first in `args` becomes the program in its place: `args: [app.py]` with `python:3.12` looks for a \
              program named `app.py`.",
        see: "`kubectl describe pod POD` shows `exec: \"app.py\": executable file not found in $PATH`.",
        fix: "Name the program: `command: [python3]`, and leave `args` as they are.",
        ignore: "The rule only speaks of images whose ENTRYPOINT and CMD are known, and only of an option, of a line with blanks, and of a file \
                 that is data or source. A script with a `#!` that may be executed is one of the latter.",
        source: "Kubernetes documentation: Define a Command and Arguments for a Container; containerd `internal/cri/opts/spec_opts.go` \
                 (WithProcessArgs); the images' own Dockerfiles, named row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

/// What is no program, as a sentence says it.
const LINE: &str = "a line with blanks in it";

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (None, Some(args)) = container.command_words() else { return };
    let known = context.tables.known(*container);
    let Some(first) = args[0].as_str() else { return };
    let replaced = known.entrypoint().is_some_and(<[_]>::is_empty) || known.runs_options() && first.starts_with('-');
    if !replaced || container.workload.is_windows() {
        return;
    }
    let what = match program::no_program(first) {
        Some(NoProgram::Blank { .. }) => LINE,
        Some(NoProgram::Shape(what)) => what,
        Some(NoProgram::Builtin | NoProgram::NoShell | NoProgram::Missing) => return,
        None if program::is_unsettled(first) => return,
        None => match program::no_executable(first) {
            Some(what) => what,
            None => return,
        },
    };
    let path = args[0].path_from(container.workload.object.root);
    let own = known.command().and_then(<[_]>::first);
    let replaced = own.map_or_else(|| "command".to_owned(), |own| format!("`{own}`"));
    let message = format!(
        "`args` replace the image's own {replaced}, and begin with {what}: that becomes the program, and the container can't start"
    );
    let finding = Finding::new(RULE.name, Severity::Warning, path, message).label("becomes the program").note({
        let image = container.image_text().unwrap_or_default();
        let none = known.entrypoint().is_some_and(<[_]>::is_empty);
        let what = if none { "to have no entrypoint" } else { "for an entrypoint that runs whatever `args` are" };
        format!("`{image}` is known {what}")
    });
    findings.push(match own.filter(|_| what != LINE) {
        Some(own) => {
            let command = json!([own]);
            let edits = container.command_field().set(command.clone());
            finding.help(format!("add `command: {command}`")).fix(Safety::Review, "name the program", edits)
        }
        None if what == LINE => finding.help("write each word as an item of its own, or run it by `sh -c`"),
        None => finding.help("name the program in `command`"),
    });
}
