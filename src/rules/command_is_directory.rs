//! A command that is a folder.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::command::Run;
use crate::k8s::container::Container;
use crate::k8s::shell;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "command-is-directory",
    summary: "a command that is the path of a folder",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container never starts: StartError, exit code 128, `permission denied`. Where a shell runs it: `Is a directory`, exit \
                  code 126. CrashLoopBackOff either way.",
        why: "A path that ends in `/` is a folder, and so is the place where a volume is mounted. Most often the name of the script in it was \
              forgotten.",
        see: "`kubectl describe pod POD` shows `exec: \"/scripts\": permission denied` or `is a directory`.",
        fix: "Name the file: `command: [/scripts/start.sh]`.",
        ignore: "The rule is silent for a mount with `subPath`, which may be a single file, for hostPath and CSI volumes, which may be files \
                 as well, and for Windows.",
        source: "execve(2), EACCES; seen on 1.36.3 with containerd",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(run) = Run::written(*container, context.tables) else { return };
    let Some(words) = run.texts().filter(|_| !container.workload.is_windows()) else { return };
    let (at, program) = match shell::script(&words) {
        // The one command of a script, or the program behind wrappers.
        Some(script) => match &shell::commands(&words)[..] {
            [only] if !only[0].contains(['$', '`']) => (script.at, only[0].clone()),
            _ => return,
        },
        None => {
            let inner = shell::unwrap(&words);
            (words.len() - inner.len(), inner[0].to_owned())
        }
    };
    let mount =
        container.mounts().find(|mount| mount.is_directory() && mount.place() == Some(program.trim_end_matches('/')));
    let (why, code) = match mount {
        Some(_) => ("a volume is mounted there", at),
        None if program.ends_with('/') => ("it ends in `/`", at),
        None => return,
    };
    let code =
        if code == 0 { "the container can't start (exit code 128)" } else { "the container ends with exit code 126" };
    let message = format!("the command is a folder and no program, as {why}: {code}");
    let mut finding = Finding::new(RULE.name, Severity::Error, run.path(at), message)
        .label("a folder")
        .help("name the file in it that is to be run");
    if let Some(mount) = mount {
        finding = finding.and(mount.path(), "mounted here");
    }
    findings.push(finding);
}
