//! A program that the image is known to lack, called by a command or by a script of a probe.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::execute::{Executed, Executor, Occasion};
use crate::k8s::probe::Purpose;
use crate::k8s::program::{self, NoProgram};
use crate::k8s::shell::Fate;
use std::collections::BTreeSet;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "program-missing-in-image",
    summary: "a command or a probe's script that calls a program which the image does not have",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "In a shell, `curl: not found` and exit code 127: a script that ends so is restarted for ever, an init container that waits in a loop \
                  waits for ever, a livenessProbe kills the container again and again. As the container's own command it is a StartError (exit code 128), \
                  shown as RunContainerError and then CrashLoopBackOff.",
        why: "Small images have little: Alpine and busybox bring `wget`, but no `curl`; those built on Debian's slim image have neither, and no `ps`. Programs come and \
              go between versions, too: since MongoDB 6 the image has `mongosh`, and no `mongo`.",
        see: "`kubectl logs POD` shows `sh: curl: not found`; `kubectl describe pod POD` shows the same for a probe, or \
              `exec: \"curl\": executable file not found in $PATH`.",
        fix: "Call what the image has; ask by httpGet, tcpSocket or grpc, which need no program at all; or use an image that brings it, such as \
              `curlimages/curl`.",
        ignore: "The rule only speaks of images of which that is known, not of those built upon them under a name of their own. It is silent where the command calls \
                 a package manager or another script, where a volume is mounted over a folder of programs, where `PATH` is set, where the script \
                 asks first (`command -v`), and where something else is tried after `||`. A probe's own first word is [exec-probe-not-runnable](exec-probe-not-runnable.md)'s.",
        source: "the images' own Dockerfiles, named row by row in `policies/images/`; POSIX.1-2017 XCU 2.8.2 (127)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let known = context.tables.known(*container);
    if known.lacks().is_empty() && known.shells().is_none() {
        return;
    }
    // A probe's own first word, and a hook's, are other rules'; a hook before the end does no harm.
    let calls = container.calls(context.tables).into_iter().filter(|call| match call.occasion {
        Occasion::Start => true,
        Occasion::Probe(_) | Occasion::PostStart => matches!(call.by, Executor::Shell(_)),
        Occasion::PreStop => false,
    });
    let mut told = BTreeSet::new();
    for call in calls {
        let known = match program::not_runnable(*container, context.tables, &call.file) {
            // As the first program, also behind a wrapper, it is told by a rule of its own.
            Some(NoProgram::NoShell) if matches!(call.by, Executor::Shell(_)) && !container.may_install() => None,
            Some(NoProgram::Missing) => program::lacks(*container, context.tables, &call.file),
            _ => continue,
        };
        let Some(place) = call.path(container) else { continue };
        let script = container.workload.object.root.at(&place).and_then(|node| node.as_str()).unwrap_or_default();
        let Some(then) = then(&call, script) else { continue };
        let shell = matches!(call.by, Executor::Shell(_));
        if shell && (has_alternative(script) || script.contains(&format!("{}()", call.file))) {
            continue;
        }
        if !told.insert((place.pointer(), call.file.clone())) {
            continue;
        }
        let image = container.image_text().unwrap_or_default();
        let message = format!("the image has no `{}`: {then}", call.file);
        let finding = Finding::new(RULE.name, Severity::Warning, place, message)
            .label("not in the image")
            .note(format!("`{image}` is known not to have it"));
        let instead = known.and_then(|known| known.instead.as_deref());
        findings.push(finding.help(match (instead, call.occasion) {
            (Some(instead), _) => format!("the image has `{instead}`"),
            (None, Occasion::Probe(_)) => "ask by httpGet, tcpSocket or grpc, which need no program".to_owned(),
            (None, _) => "use an image that has it".to_owned(),
        }));
    }
}

/// What follows; `None` where nothing has to.
fn then(call: &Executed<'_>, script: &str) -> Option<String> {
    let loops = script.contains("until ") || script.contains("while !");
    let branches = loops || script.contains("if ") || script.contains('\n');
    // `curl … || exit 1` is a failure like any other.
    let by = match call.by {
        Executor::Shell(Fate::Unknown) if !branches && script.contains("||") => Executor::Shell(Fate::Ends),
        by => by,
    };
    Some(match (call.occasion, by) {
        (_, Executor::Shell(Fate::GoesOn)) => return None,
        (Occasion::Start, Executor::Runtime) => "the container can't start (exit code 128)".to_owned(),
        (Occasion::Start, Executor::Wrapper) => "the container ends at once (exit code 127)".to_owned(),
        (Occasion::Start, Executor::Shell(Fate::Ends)) => "the script ends there with exit code 127".to_owned(),
        (Occasion::Probe(purpose), Executor::Shell(Fate::Ends)) => {
            let end = match purpose {
                Purpose::Liveness | Purpose::Startup => "and the container is killed again and again",
                Purpose::Readiness => "and the Pod never becomes ready",
            };
            format!("the {} always fails, {end}", purpose.field())
        }
        (Occasion::PostStart, Executor::Shell(Fate::Ends)) => {
            "the postStart hook always fails, and the container is killed after each start".to_owned()
        }
        (_, Executor::Shell(Fate::Unknown)) if loops => {
            "each call of it ends with exit code 127, and a loop that waits for it never ends".to_owned()
        }
        (_, Executor::Shell(Fate::Unknown)) => "each call of it ends with exit code 127".to_owned(),
        _ => return None,
    })
}

/// Whether a script asks for the program first, or does something else where it fails than to give up or to wait.
fn has_alternative(script: &str) -> bool {
    const NONE: &[&str] = &["exit", "false", "echo", "sleep", "return", "break", "continue"];
    let asks = ["command -v", "type ", "which ", "hash ", "[ -x", "test -x"].iter().any(|ask| script.contains(ask));
    let mut others = script.split("||").skip(1);
    asks || others.any(|next| {
        let word = next.trim_start_matches(|c: char| c.is_whitespace() || "({".contains(c));
        !NONE.contains(&word.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default())
    })
}
