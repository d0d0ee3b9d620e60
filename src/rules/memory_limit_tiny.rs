//! A memory limit in which nothing can start.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::quantity::Quantity;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "memory-limit-tiny",
    summary: "a memory limit of a few bytes, mostly by the suffix `m`, in which nothing can start",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The Pod hangs in ContainerCreating for ever (FailedMount: no space left on device, as the volume of its token is sized by \
                  the limit), or the runtime refuses to start it (StartError, exit code 128: unable to set memory limit). It is no OOM kill.",
        why: "In quantities `m` means a thousandth: `512m` is 0.512 bytes, and `Mi` was meant. Measured with runc, a limit below 2Mi can't be \
              set, because the runtime itself uses more than that at the start; 4Mi is enough for `sleep`, and hardly for anything else.",
        see: "`kubectl describe pod POD` shows `FailedMount` or `failed to create containerd task: … unable to set memory limit`. \
              The API server already warned when it was applied: fractional byte value.",
        fix: "Write `512Mi` for 512 mebibytes.",
        ignore: "The number counts, never the suffix: the API server itself writes 1.2Gi as `1288490188800m`. With another runtime \
                 (`runtimeClassName`), and from 2Mi to 4Mi, it is a warning. Windows is left out.",
        source: "measured on Kubernetes 1.36.3 with containerd and runc; Kubernetes `pkg/api/pod/warnings.go` (fractional byte value)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, _: &Context<'_>, findings: &mut Vec<Finding>) {
    let field = container.memory_limit_field();
    let Some((limit, node)) = container.memory_limit().zip(field.node()) else { return };
    if limit <= Quantity::new(0) || limit >= Quantity::mebi(4) || container.workload.is_windows() {
        return;
    }
    let runc = !container.workload.has_runtime_class();
    let severity = if limit < Quantity::mebi(2) && runc { Severity::Error } else { Severity::Warning };
    let written = node.scalar().unwrap_or_default();
    let amount = format!("{} bytes", limit.as_f64());
    let message = match severity {
        Severity::Error => {
            format!("memory limit `{written}` is {amount}: no container starts in less than 2Mi (measured with runc)")
        }
        _ => format!("memory limit `{written}` is {amount}: hardly anything runs in less than 4Mi"),
    };
    let mut finding = Finding::new(RULE.name, severity, field.path(), message).label(amount);
    let milli = written
        .strip_suffix('m')
        .filter(|digits| (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
    finding =
        match milli {
            Some(digits) => finding
                .help(format!("`m` is a thousandth; write `{digits}Mi` for {digits} mebibytes"))
                .fix(Safety::Review, format!("write {digits}Mi"), field.set(format!("{digits}Mi").into())),
            None => finding.help("raise the limit to what the program uses, mostly tens of mebibytes"),
        };
    findings.push(finding);
}
