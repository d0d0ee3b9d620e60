//! Words for a shell in a command that none reads.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::command::Run;
use crate::k8s::container::Container;
use crate::k8s::program::{self, NoProgram};
use crate::k8s::shell::{self, Sign};
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "shell-syntax-without-shell",
    summary: "words for a shell in a command that no shell reads",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "A builtin such as `source` in place of a program: StartError, exit code 128. Everything else reaches the program as it is \
                  written: it gets `&&`, `>` or `$PORT` as arguments, and ends with an error, or with less than was meant.",
        why: "`command` and `args` are handed to the kernel, word by word. Nobody splits, joins, redirects or expands them; the kubelet alone \
              replaces `$(NAME)`, and only by variables of the container.",
        see: "`kubectl logs POD` shows the program complaining of an argument such as `&&`; `kubectl describe pod POD` shows \
              `exec: \"source\": executable file not found in $PATH`.",
        fix: "Run a shell: `command: [sh, -c, \"migrate && exec server --port $PORT\"]`; or write `$(PORT)`, which the kubelet expands.",
        ignore: "The rule is silent where a shell stands anywhere in the command, for programs that take such words (`find`, `test`, `su`, \
                 `ssh` …), for values of options, and for `$NAME` where the container does not define such a variable. A script that \
                 evaluates its own arguments is one that it can't know.",
        source: "Kubernetes documentation: Define a Command and Arguments for a Container; `third_party/forked/golang/expansion`; POSIX.1-2017 \
                 XCU 2.14 (special builtins)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(run) = Run::written(*container, context.tables) else { return };
    if container.workload.is_windows() {
        return;
    }
    let first = run.words[0].text.as_deref();
    if let Some(builtin) = first.filter(|first| program::no_program(first) == Some(NoProgram::Builtin)) {
        let message = format!(
            "`{builtin}` exists within a shell only, and none runs the command: the container can't start (exit code 128)"
        );
        let finding = Finding::new(RULE.name, Severity::Error, run.path(0), message).label("no program has this name");
        let words = run.as_written().filter(|_| container.command_words().0.is_some());
        let meant = words.and_then(|words| program::meant(*container, context.tables, NoProgram::Builtin, &words));
        findings.push(match meant {
            Some(meant) => finding.help(format!("write `command: {}`", json!(meant))).fix(
                Safety::Review,
                "run it by a shell",
                [container.command_field().set(json!(meant)), container.args_field().remove()].concat(),
            ),
            None => finding.help("run it by a shell: `command: [sh, -c, \"…\"]`"),
        });
        return;
    }
    // A shell that reads its operand as a file.
    if let Some(finding) = operand(&run) {
        findings.push(finding);
        return;
    }
    // Signs are looked for in what is written: the kubelet's values are no syntax.
    let Some(words) = run.as_written() else { return };
    let mut variable = false;
    for sign in shell::signs(&words) {
        match sign {
            Sign::Assignment => {
                let message =
                    "the command begins with an assignment, which is looked up as a program: the container can't start";
                let finding = Finding::new(RULE.name, Severity::Warning, run.path(0), message)
                    .label("no program has this name")
                    .help("put the variable into `env`, or run it by `sh -c`");
                findings.push(finding);
            }
            Sign::Operator(at) => {
                let message =
                    format!("`{}` means nothing without a shell: the program gets it as an argument", words[at]);
                let finding = Finding::new(RULE.name, Severity::Warning, run.path(at), message)
                    .label("an argument")
                    .note("assumed that the program does not hand its arguments to a shell");
                let finding = finding.help("run it by a shell: `command: [sh, -c, \"…\"]`");
                findings.push(match run.by_shell(context.tables) {
                    Some(edits) => finding.fix(Safety::Review, "run it by a shell", edits),
                    None => finding,
                });
            }
            Sign::Substitution(at) => {
                let message = "no shell runs the command within `$(…)`: the program gets the text as it is written";
                findings.push(
                    Finding::new(RULE.name, Severity::Warning, run.path(at), message)
                        .label("an argument")
                        .help("run it by `sh -c`"),
                );
            }
            Sign::Variable { at, name, text } if !variable && container.means_variable(&words, name, text) => {
                variable = true;
                let message = format!("no shell expands `{text}`: the program gets it as it is written");
                let finding = Finding::new(RULE.name, Severity::Warning, run.path(at), message).label("an argument");
                let expanded = format!("$({name})");
                findings.push(match run.replace(at, json!(words[at].replace(text, &expanded))) {
                    Some(edits) if container.variable(name).is_some() => finding
                        .help(format!("write `{expanded}`, which the kubelet expands"))
                        .fix(Safety::Review, "let the kubelet expand it", edits),
                    _ => finding.help("run it by `sh -c`"),
                });
            }
            Sign::Variable { .. } => {}
        }
    }
}

/// `bash "npm start"`: without `-c` a shell opens its operand as a file, and none is named like a command line.
fn operand(run: &Run<'_>) -> Option<Finding> {
    let words = run.texts()?;
    let at = shell::script_file(&words)?;
    let NoProgram::Blank { certain: true } = program::no_program(words[at])? else { return None };
    let message =
        "without `-c` the shell looks for a file named like the whole line: the container ends with exit code 127";
    let finding = Finding::new(RULE.name, Severity::Error, run.path(at), message).label("no file has this name");
    Some(finding.help("put `-c` before the script"))
}
