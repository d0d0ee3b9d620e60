//! runAsNonRoot with an image whose user is root, or a name.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::security::{is_root, user_number};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "nonroot-root-image",
    summary: "runAsNonRoot with an image that runs as root, or as a user that is a name",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The container is never created: `CreateContainerConfigError`, for ever, with 0 restarts.",
        why: "`runAsNonRoot` changes no user, it only refuses root. Without `runAsUser` the image's own USER counts. Where that is root, or where the \
              Dockerfile has none, the kubelet refuses; and where it is a name (`USER nginx`), it refuses as well, as it can't look into the image \
              to see which number the name stands for.",
        see: "`kubectl describe pod POD` shows `container has runAsNonRoot and image will run as root`, or `image has non-numeric user (nginx), cannot \
              verify user is non-root`.",
        fix: "For a name: set `runAsUser` to its number (`docker run --rm --entrypoint id IMAGE`). For an image that runs as root: use a variant made to \
              run without (`nginxinc/nginx-unprivileged`, tags with `rootless` or `nonroot`), or set `runAsUser` to a number that the image's \
              documentation says it works with: what it writes must then belong to that user, and ports below 1024 may be refused.",
        ignore: "The rule is silent where `runAsUser` is set, for Windows, and for OpenShift's own kinds, as OpenShift gives each Pod a user. It knows \
                 the images of the table (`crashlint images`); ignore it where an image of the same name was rebuilt with another USER.",
        source: "Kubernetes `pkg/kubelet/kuberuntime/security_context_others.go` (verifyRunAsNonRoot), `helpers.go` (getImageUser); the images' \
                 own Dockerfiles, named row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let named = container.run_as_user_field().node().is_some();
    let workload = container.workload;
    if named || !container.must_not_be_root() || workload.is_windows() || workload.is_openshift() {
        return;
    }
    let known = context.tables.known(*container);
    let (Some(user), Some(image)) = (known.user(), container.image_text()) else { return };
    let (root, name) = (is_root(user), user.split(':').next().unwrap_or(user));
    if !root && user_number(user).is_some() {
        return;
    }
    let why = if root {
        "runs as root".to_owned()
    } else {
        format!("runs as `{name}`, of which the kubelet can't tell whether it is root")
    };
    let finding = Finding::new(
        RULE.name,
        Severity::Warning,
        container.image_field().path(),
        format!("runAsNonRoot, and the image `{image}` {why}: the container is never created"),
    )
    .label(if root { "its user is root" } else { "its user is a name" })
    .and(container.run_as_non_root_field().path(), "and no `runAsUser`");
    findings.push(match known.uid().filter(|_| !root) {
        Some(number) => finding.help(format!("set `runAsUser: {number}`, which is `{name}` in this image")).fix(
            Safety::Review,
            format!("run as {number}, which is `{name}` in this image"),
            container.own_run_as_user_field().set(number.into()),
        ),
        None if root => finding.help("use a variant of the image that runs without root, or set `runAsUser`"),
        None => finding.help(format!("set `runAsUser` to the number of `{name}` in this image")),
    });
}
