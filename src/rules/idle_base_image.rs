//! A base image without anything to do.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::kinds::Runs;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "idle-base-image",
    summary: "a base image without a command ends at once",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container starts a shell or an interpreter that has nobody to talk to, ends with exit code 0, and is started again: \
                  `Completed`, then CrashLoopBackOff.",
        why: "Images of operating systems and languages run an interactive program by default. Without `stdin` and `tty` its standard \
              input is empty, so that it ends at once.",
        see: "`kubectl get pods` shows `Completed`; `kubectl logs POD` is empty, or shows an interpreter's greeting.",
        fix: "Give the container a `command`, or use the image that holds your application. To keep a shell for debugging: `command: [sleep, infinity]`.",
        ignore: "The rule is silent with `stdin: true` or `tty: true`, for variants that serve (php with fpm or apache), and for images that are \
                 built on a base image. An image of the same name in another registry is a warning.",
        source: "the images' own Dockerfiles, named row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let runs = container.workload.runs();
    if !container.is_long_running() || !matches!(runs, Runs::Always | Runs::Pod) || container.has_stdin() {
        return;
    }
    if container.command_words() != (None, None) || container.workload.is_windows() {
        return;
    }
    let Some(image) = container.image() else { return };
    let known = context.tables.images.known(&image).idles();
    let copy = || context.tables.images.same_name(&image)?.idles.as_deref();
    let Some(idles) = known.or_else(copy) else { return };
    let certain = known.is_some();
    let severity = if certain && runs == Runs::Always { Severity::Error } else { Severity::Warning };
    let kind = &container.workload.kind.kind;
    let message = format!(
        "image `{}` without a command ends at once, and the {kind} restarts it for ever: {idles}",
        image.written
    );
    let mut finding = Finding::new(RULE.name, severity, container.image_field().path(), message)
        .label("nothing to run")
        .help("give the container a `command`, or use the image of your application");
    if !certain {
        finding =
            finding.note(format!("assumed to be a copy of the `{}` base image, as its name says", image.short_name()));
    }
    findings.push(finding);
}
