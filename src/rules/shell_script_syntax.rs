//! An inline script that its shell refuses.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::command::Run;
use crate::k8s::container::Container;
use crate::k8s::program::parents;
use crate::k8s::shell::{self, Bashism, Fault, Parent, Reached, Script, Then};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "shell-script-syntax",
    summary: "a script of `sh -c` that its shell can't read",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The shell says `syntax error` or `unterminated quoted string` and ends with exit code 2 (bash: 1 or 2): CrashLoopBackOff. Commands on \
                  the lines before have run, each time again.",
        why: "The script is read as the container will get it, `$(VAR)` and `$$` replaced, and parsed. A YAML scalar that loses its line breaks (`>`, \
              or plain lines), a template that loses one, quotes within quotes, and a list that is split at blanks make such scripts. It is an \
              error where the fault is of a class that dash, bash and busybox are known to refuse, and the script is certain to come \
              there; a warning otherwise. What only bash understands is a warning where `sh` is, or may be, another shell.",
        see: "`kubectl logs POD --previous` shows the shell's message with the line.",
        fix: "Run the script through `sh -n`, or shellcheck. Write it as a block (`|`), which keeps line breaks; `bash -c` where it is written for bash.",
        ignore: "The rule is silent for scripts whose `$(VAR)` has a value that is not known, for what is never reached behind `exec` or `exit`, for scripts of \
                 zsh and ksh, and for what the parser does not understand as bash does (`select`, `coproc`, aliases).",
        source: "POSIX.1-2017 XCU 2.10 (Shell Grammar); `tests/shell/golden.json`: what dash 0.5.12, bash 5.2 and busybox 1.35 refuse",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    if container.workload.is_windows() {
        return;
    }
    let known = Run::written(*container, context.tables);
    let assumed = known.is_none();
    let Some(run) = known.or_else(|| Run::by_args(*container)) else { return };
    let Some(words) = run.texts() else { return };
    let Some(script) = shell::script(&words).filter(|script| !is_unrendered(script.text)) else { return };
    let parents = parents(*container, context.tables, script.shell);
    if parents.is_empty() {
        return;
    }
    if let Some(fault) = shell::syntax_fault(script.text) {
        if fault.reached == Reached::Never {
            return;
        }
        let certain = fault.agreed && fault.reached == Reached::Surely && !assumed;
        let severity = if certain { Severity::Error } else { Severity::Warning };
        let line = fault.line.filter(|_| script.text.contains('\n'));
        let place = line.map_or_else(String::new, |line| format!(" (line {line})"));
        let message = format!(
            "`{}` can't read its script, and ends with exit code 2: {}{place}",
            script.shell,
            said(fault.fault)
        );
        let mut finding =
            Finding::new(RULE.name, severity, run.path(script.at), message).label("the shell refuses this script");
        if !fault.agreed {
            finding = finding.note("shells differ in what they make of such a script, and it was not given to one");
        } else if assumed {
            finding = finding.note("assumed that the image runs what stands in `args`");
        } else if !certain {
            finding = finding.note("assumed that the commands before it end, so that the shell comes there");
        }
        // `bash -c 'while true; …'`, split at blanks.
        let split = words.len() > script.at + 1 && matches!(fault.fault, Fault::SingleQuote | Fault::DoubleQuote);
        findings.push(finding.help(if split {
            "the script is one word alone: write it as one item, without quotes around it"
        } else {
            "run the script through `sh -n`; in YAML, write it as a block (`|`), which keeps its line breaks"
        }));
        return;
    }
    findings.extend(other_shell(&run, &script, parents));
}

/// What only bash understands, where another shell reads it.
fn other_shell(run: &Run<'_>, script: &Script<'_>, parents: &[Parent]) -> Option<Finding> {
    let fails = |bashism: &Bashism, parent: &Parent| match parent {
        Parent::Always => bashism.then != Then::Differs,
        Parent::Ash => bashism.then != Then::Differs && bashism.in_ash,
        Parent::Bash => false,
    };
    let all = shell::bashisms(script.text);
    // Where nobody knows which shell it is, it has to fail in all but bash.
    let others: Vec<&Parent> = parents.iter().filter(|parent| **parent != Parent::Bash).collect();
    let found = all.iter().find(|bashism| !others.is_empty() && others.iter().all(|parent| fails(bashism, parent)))?;
    let message = format!("`{}` does not understand {}, which only bash has: exit code 2", script.shell, found.what);
    let finding = Finding::new(RULE.name, Severity::Warning, run.path(script.at), message)
        .label("a script for bash")
        .help("run it by `bash -c`, in an image that has bash, or write it for a POSIX shell");
    Some(match parents {
        [_] => finding,
        _ => finding.note("assumed that `sh` of the image is dash or busybox, and not bash"),
    })
}

/// Whether a script still waits for a tool that fills it in.
fn is_unrendered(text: &str) -> bool {
    ["{{", "{%", "<%", "@@"].iter().any(|sign| text.contains(sign))
}

fn said(fault: Fault) -> &'static str {
    match fault {
        Fault::SingleQuote => "a `'` is never closed",
        Fault::DoubleQuote => "a `\"` is never closed",
        Fault::Backquote => "a backquote is never closed",
        Fault::Expansion => "a `$(` or `${` is never closed",
        Fault::Unexpected => "a word or sign stands where none can",
        Fault::Unfinished => "it ends where more is needed",
        Fault::Taken => "it ends too early",
    }
}
