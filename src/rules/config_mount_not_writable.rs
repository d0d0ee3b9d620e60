//! A mount that can only be read where the image's entrypoint writes.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::backings::{Backings, is_within, mount_at};
use crate::k8s::command::{Run, base_name};
use crate::k8s::container::Container;
use crate::k8s::images::{How, Write};
use crate::k8s::pod::Workload;
use crate::k8s::shell;
use crate::k8s::volume::{Backing, Mount, Mounts};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "config-mount-not-writable",
    summary: "a mount that can only be read lies where the image's entrypoint writes",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The entrypoint ends with exit code 1 and `Read-only file system`, before the server has started: Error, then CrashLoopBackOff.",
        why: "What comes from ConfigMaps, Secrets and projected volumes can't be written by anybody in the container, whatever the mount says; so can't \
              mounts with `readOnly: true`. Some entrypoints edit their configuration at start, write files beside it, or give the whole folder to \
              their user, and stop when that fails. A sentinel of Redis or Valkey writes what it learns into its own configuration file, and does \
              not begin where it can't.",
        see: "`kubectl logs POD --previous` shows `Read-only file system`, often behind `chown:`, `sed:` or `mv:`; a sentinel says that its \
              `config file … is not writable`.",
        fix: "Mount the files elsewhere and let an init container copy them to an emptyDir at the place that is written; or mount single files by \
              `subPath` beside those that the entrypoint writes; or start as the image's user, where its entrypoint then leaves owners alone.",
        ignore: "The rule is silent where the container runs a `command` of its own, sentinels excepted, where the entrypoint goes on after the failure, and where a variable \
                 keeps it from writing, as far as the table of images says so (`crashlint images IMAGE`).",
        source: "Kubernetes `pkg/volume/configmap/configmap.go` (GetAttributes) and its like; redis `src/sentinel.c` (sentinelIsRunning); the images' own entrypoints, named row by row in \
                 `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let backings = workload.backings();
    for container in workload.containers() {
        findings.extend(sentinel(container, &backings, context));
        let Some(stock) = container.stock(context.tables) else { continue };
        let writes = stock.writes(context.tables);
        if writes.is_empty() {
            continue;
        }
        let mounts = Mounts::of(container);
        let over = |write: &Write| mount_at(&mounts, &write.path).filter(|mount| !backings.can_be_written(*mount));
        // A change of owners walks down into what is mounted below.
        let below = |write: &Write| {
            let mut all = container.mounts().filter(|_| write.how == How::Chown);
            all.find(|mount| {
                mount.place().is_some_and(|place| is_within(place, &write.path)) && !backings.can_be_written(*mount)
            })
        };
        let found = writes.into_iter().find_map(|write| Some((write, over(write).or_else(|| below(write))?)));
        findings.extend(found.map(|(write, mount)| told(container, &backings, write, mount)));
    }
}

/// A sentinel of Redis that can't write its own configuration: it keeps there what it learns, and ends where it can't (redis
/// `src/sentinel.c`, sentinelIsRunning), whoever it runs as.
fn sentinel(container: Container<'_>, backings: &Backings<'_>, context: &Context<'_>) -> Option<Finding> {
    let run = Run::written(container, context.tables)?;
    let commands = shell::commands(&run.texts()?);
    let file = commands.iter().find_map(|words| {
        let (program, arguments) = words.split_first()?;
        let named = matches!(base_name(program), "redis-sentinel" | "valkey-sentinel");
        let told = matches!(base_name(program), "redis-server" | "valkey-server")
            && arguments.iter().any(|word| word == "--sentinel");
        arguments.first().filter(|file| (named || told) && file.starts_with('/'))
    })?;
    let mount = mount_at(&Mounts::of(container), file).filter(|mount| !backings.can_be_written(*mount))?;
    let message = format!(
        "the sentinel's configuration `{file}` lies in {}, and it ends with exit code 1 where it can't write it",
        behind(backings, mount)
    );
    Some(
        Finding::new(RULE.name, Severity::Warning, mount.place_field().path(), message)
            .label("can only be read")
            .container(container.name())
            .help("copy the file to an emptyDir by an init container, and start the sentinel with the copy"),
    )
}

fn told(container: Container<'_>, backings: &Backings<'_>, write: &Write, mount: Mount<'_>) -> Finding {
    let what = behind(backings, mount);
    let does = match write.how {
        How::Write => "writes into",
        How::Chown => "changes the owner of",
        How::Edit => "edits",
    };
    let (image, place) = (container.image_text().unwrap_or_default(), mount.place().unwrap_or_default());
    Finding::new(
        RULE.name,
        Severity::Warning,
        mount.place_field().path(),
        format!(
            "{what} is mounted at `{place}`, and the entrypoint of the image `{image}` {does} `{}`: it ends with `Read-only file \
             system`",
            write.path
        ),
    )
    .label("can only be read")
    .container(container.name())
    .help("copy the files to an emptyDir by an init container, or mount them by `subPath` beside what is written")
}

/// What can only be read.
fn behind(backings: &Backings<'_>, mount: Mount<'_>) -> &'static str {
    match backings.of(mount) {
        Backing::ConfigMap => "a ConfigMap",
        Backing::Secret => "a Secret",
        Backing::Projected => "a projected volume",
        Backing::DownwardApi => "fields of the Pod",
        Backing::Image => "an image's files",
        _ => "a volume, read-only,",
    }
}
