//! A mounted script that the kernel can't start.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::execute::{Executed, Executor, Occasion};
use crate::k8s::files::{Entry, File};
use crate::k8s::program::{lacks_shell, shells_known};
use crate::k8s::set::{NoStart, Start};
use crate::k8s::shell::Fate;
use crate::k8s::user::Executable;
use crate::k8s::volume::Mounts;
use crate::node::Node;
use crate::path::Path;
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "script-bad-interpreter",
    summary: "a mounted script is executed, and its first line names no program that is there",
    severity: Severity::Error,
    scope: Scope::Set,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container ends at once with exit code 1, and its log says `exec FILE: exec format error` (no `#!`) or `exec FILE: no such \
                  file or directory` (an interpreter that is not there), although the file is. Behind a shell it is exit code 127; \
                  behind `#!/usr/bin/env` too.",
        why: "The kernel starts a file that is no compiled program only where its first two bytes are `#!`, and the rest of that line is the \
              path of a program in the image. A byte order mark, a blank or an empty line before it hides it. A carriage return at the \
              line's end, from an editor on Windows, becomes part of the path: `/bin/sh\\r`. (A shell reads a script without `#!` itself; \
              the runtime does not.)",
        see: "`kubectl logs POD --previous` shows `exec format error` or `no such file or directory`; `kubectl get configmap NAME -o yaml` shows \
              `\\r\\n` within a quoted value.",
        fix: "Begin the script with `#!/bin/sh` in its first column, save it with line feeds alone, and name an interpreter that the image has. \
              Or name the interpreter in the command: `command: [sh, /scripts/run.sh]`.",
        ignore: "The rule is silent where several objects of the name are in the run and one of them is sound, for values that a tool fills in, \
                 and where the file's mode forbids to execute it in any case. That an image lacks a shell is a warning, as a copy of it may have one; \
                 so are carriage returns in what a shell merely reads.",
        source: "Linux `fs/binfmt_script.c` (load_script); runc `libcontainer/standard_init_linux.go`; the images' own Dockerfiles in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let executes = container.executes(context.tables);
    let starts = executes.iter().filter(|executed| executed.occasion == Occasion::Start);
    let mounts = Mounts::of(*container);
    findings.extend(read_with_returns(container, context, &mounts));
    for executed in starts {
        let Some(lies) = mounts.at(&executed.file) else { continue };
        let (Some(volume), Some(within)) = (lies.mount.volume(), lies.within.as_deref()) else { continue };
        let Entry::File(file) = volume.entry(within, context.set) else { continue };
        let executable =
            file.mode.is_none_or(|mode| container.may_execute(mode, context.tables) == Executable::Perhaps);
        if executable && file.is_known {
            let judge = |start: &Start| judge(container, context, executed, start);
            findings.extend(fault(container, executed, &file, &judge));
        }
    }
}

/// Scripts with Windows' line ends that a shell reads: each command gets a carriage return with its last word.
fn read_with_returns(container: &Container<'_>, context: &Context<'_>, mounts: &Mounts<'_>) -> Vec<Finding> {
    let of_file = |(file, place): (String, Path)| {
        let lies = mounts.at(&file)?;
        let (volume, within) = (lies.mount.volume()?, lies.within.as_deref()?);
        let Entry::File(shown) = volume.entry(within, context.set) else { return None };
        let returns = |start: &Start| matches!(start, Start::Interpreter(line) if line.has_return);
        let (fact, key) = shown.keys.first()?;
        if !shown.is_known || !shown.keys.iter().all(|(_, key)| returns(&key.value.start)) {
            return None;
        }
        let message = format!(
            "`{file}` has the line ends of Windows: the shell takes the carriage returns for parts of its words"
        );
        let finding = Finding::new(RULE.name, Severity::Warning, place, message)
            .label("read here")
            .and_elsewhere(fact.file, key.span, "the script")
            .note("assumed that all its lines end as the first one does")
            .help("write the script with line feeds alone, as by `dos2unix` or `* text eol=lf` in `.gitattributes`");
        Some(finding)
    };
    container.shell_reads(context.tables).into_iter().filter_map(of_file).collect()
}

/// What is wrong with a script, where every state of it that the run holds is wrong.
fn fault(
    container: &Container<'_>,
    executed: &Executed<'_>,
    file: &File<'_>,
    judge: &dyn Fn(&Start) -> Option<(bool, String)>,
) -> Option<Finding> {
    let (fact, key) = file.keys.first()?;
    let (certain, why) = judge(&key.value.start)?;
    if !file.keys.iter().all(|(_, key)| judge(&key.value.start).is_some()) {
        return None;
    }
    let fatal = matches!(executed.by, Executor::Runtime | Executor::Wrapper | Executor::Shell(Fate::Ends));
    let severity = if certain && fatal { Severity::Error } else { Severity::Warning };
    let message = format!("`{}` can't be started: {why}", executed.file);
    let finding = Finding::new(RULE.name, severity, executed.path(container)?, message)
        .label("executed here")
        .and_elsewhere(fact.file, key.span, "the script")
        .help("begin the script with `#!` and an interpreter that the image has, or name the interpreter in `command`");
    // A shell reads what has no first line of its own.
    let readable = matches!(key.value.start, Start::Nothing(NoStart::Text | NoStart::Blank));
    Some(match container.command_words().0.filter(|_| readable && executed.by == Executor::Runtime) {
        Some(words) => {
            let words: Vec<_> = std::iter::once(json!("sh")).chain(words.into_iter().map(Node::to_json)).collect();
            finding.fix(Safety::Review, "let `sh` read the script", container.command_field().set(json!(words)))
        }
        None => finding,
    })
}

/// Why a file that begins so can't be started, and whether that is certain.
fn judge(
    container: &Container<'_>,
    context: &Context<'_>,
    executed: &Executed<'_>,
    start: &Start,
) -> Option<(bool, String)> {
    let by_shell = matches!(executed.by, Executor::Shell(_));
    match start {
        Start::Unknown | Start::Program => None,
        // A shell reads such a script itself (POSIX.1-2017, XCU 2.9.1.1).
        Start::Nothing(_) if by_shell => None,
        Start::Nothing(why) => {
            let why = match why {
                NoStart::Empty => "it is empty",
                NoStart::Mark => "a byte order mark stands before its `#!`",
                NoStart::Blank => "its `#!` is not the very first thing in it",
                NoStart::Bare => "its first line names no program behind `#!`",
                NoStart::Text => "its first line does not begin with `#!`",
            };
            Some((true, format!("{why} (exit code 1, \"exec format error\")")))
        }
        Start::Interpreter(line) if line.has_return => {
            let what = if line.argument.is_empty() { "the interpreter's name" } else { "its last word" };
            Some((true, format!("its first line ends in a carriage return, which becomes part of {what}")))
        }
        Start::Interpreter(line) => {
            let program = if line.program.ends_with("/env") { line.name() } else { &line.program };
            let absent = lacks_shell(*container, context.tables, program);
            absent.then(|| {
                let known = shells_known(*container, context.tables);
                (false, format!("its first line asks for `{}`, and {known}", line.name()))
            })
        }
    }
}
