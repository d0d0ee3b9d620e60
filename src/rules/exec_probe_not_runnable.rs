//! An exec probe whose first word is no program.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::probe::{Probe, Purpose};
use crate::k8s::program::{self, NoProgram};
use crate::k8s::shell;
use crate::k8s::tables::Tables;
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "exec-probe-not-runnable",
    summary: "an exec probe whose command can't be a program",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "With containerd nothing fails, and nothing works: a startupProbe never succeeds, so that the container never counts as started; \
                  a readinessProbe never lets the Pod become ready; a livenessProbe checks nothing. Under dockerd the check fails, and the \
                  container is killed again and again.",
        why: "No shell reads the command: its first word is looked up as a file of exactly that name. `cat /tmp/healthy` in one word is a file of \
              that name, blank and all; `source`, `export`, `exec`, `eval`, `set`, `unset` and `.` exist within shells only; and an image without a \
              shell has none for probes either. A command that can't be started is an error of the probe and not an answer, and the kubelet throws such results away. \
              (`sh \"pg_isready -q\"`, without `-c`, is different: the shell runs, finds no file of that name, and the probe fails each time.)",
        see: "`kubectl describe pod POD` shows `probe errored and resulted in unknown state: … executable file not found in $PATH`, and 0 restarts.",
        fix: "Write each word as an item of its own: `command: [cat, /tmp/healthy]`. Where it needs a shell: `command: [sh, -c, \"…\"]`; \
              where the image has none, ask by `httpGet`, `tcpSocket` or `grpc`.",
        ignore: "The rule is silent for `sh -c`, for Windows, and for programs and images of which nothing is known. A volume over the folder of \
                 the shell may bring one. A path that could have a blank in a folder's \
                 name is a warning; so is a livenessProbe, and any probe of a Job.",
        source: "Kubernetes `pkg/probe/exec/exec.go` (an error that is no exit code is unknown), `pkg/kubelet/prober/worker.go`; seen on 1.36.3 \
                 with containerd; POSIX.1-2017 XCU 2.14 (special builtins)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(container.probes().filter_map(|probe| judge(probe, context.tables).or_else(|| operand(probe))));
}

/// `sh "pg_isready -q"`: without `-c` a shell opens its operand as a file, and none is named like a command line.
fn operand(probe: Probe<'_>) -> Option<Finding> {
    let words = probe.handler()?.words();
    let texts: Vec<&str> = words.iter().map(|word| word.as_str()).collect::<Option<_>>()?;
    let at = shell::script_file(&texts)?;
    let NoProgram::Blank { certain: true } = program::no_program(texts[at])? else { return None };
    let severity = if probe.holds_up_its_pod() { Severity::Error } else { Severity::Warning };
    let what = probe.purpose.field();
    let message = format!(
        "{what} always fails: without `-c` the shell looks for a file named like the whole line (exit code 2 or 127)"
    );
    let path = words[at].path_from(probe.container.workload.object.root);
    Some(
        Finding::new(RULE.name, severity, path, message)
            .label("no file has this name")
            .help("put `-c` before the script"),
    )
}

fn judge(probe: Probe<'_>, tables: &Tables) -> Option<Finding> {
    let handler = probe.handler()?;
    let (fault, program) = handler.not_runnable(tables)?;
    let words = handler.words();
    let what = probe.purpose.field();
    let end = match probe.purpose {
        Purpose::Liveness => "it never checks anything",
        Purpose::Startup => "the container never counts as started",
        Purpose::Readiness => "the Pod never becomes ready",
    };
    let guess = matches!(fault, NoProgram::Blank { certain: false } | NoProgram::Missing);
    let certain = !guess && probe.holds_up_its_pod();
    let severity = if certain { Severity::Error } else { Severity::Warning };
    let why = match fault {
        NoProgram::Builtin => format!("`{program}` exists within a shell only"),
        NoProgram::Shape(what) => format!("its first word is no program: it is {what}"),
        NoProgram::NoShell | NoProgram::Missing => format!("the image has no `{program}`"),
        NoProgram::Blank { .. } if words.len() == 1 => {
            "its whole command is one word, looked up as a file of that name".to_owned()
        }
        NoProgram::Blank { .. } => "its first word holds a blank, and is looked up as a file of that name".to_owned(),
    };
    let mut finding = Finding::new(
        RULE.name,
        severity,
        words[0].path_from(probe.container.workload.object.root),
        format!("{what} can't be run, and {end}: {why}"),
    )
    .label(if matches!(fault, NoProgram::NoShell | NoProgram::Missing) {
        "not in the image"
    } else {
        "no program has this name"
    });
    match fault {
        NoProgram::Blank { certain: false } => finding = finding.note("assumed that no folder has a blank in its name"),
        NoProgram::NoShell => {
            finding = finding.note(program::shells_known(probe.container, tables));
        }
        NoProgram::Missing => {
            let image = probe.container.image_text().unwrap_or_default();
            finding = finding.note(format!("`{image}` is known not to have it"));
        }
        _ => {}
    }
    let all: Option<Vec<&str>> = words.iter().map(|word| word.as_str()).collect();
    Some(match all.and_then(|all| program::meant(probe.container, tables, fault, &all)) {
        Some(command) => finding.help(format!("write `command: {}`", json!(command))).fix(
            Safety::Review,
            match fault {
                NoProgram::Builtin => "run it by a shell",
                NoProgram::NoShell => "use the shell that the image has",
                _ => "write each word as an item of its own",
            },
            handler.command_field().set(json!(command)),
        ),
        None if matches!(fault, NoProgram::NoShell | NoProgram::Missing) => {
            let instead = program::lacks(probe.container, tables, program).and_then(|lacks| lacks.instead.as_deref());
            if let Some(instead) = instead {
                return Some(finding.help(format!("the image has `{instead}`")));
            }
            finding.help("ask by `httpGet`, `tcpSocket` or `grpc`, or run a program of the image itself")
        }
        None => finding.help("write each word as an item of its own, or run it by `sh -c`"),
    })
}
