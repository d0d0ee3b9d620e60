//! A database whose data directory is the root of a volume, or that looks for it elsewhere.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Safety, Severity};
use crate::k8s::backings::{Backings, mount_at};
use crate::k8s::container::Container;
use crate::k8s::env::Variable;
use crate::k8s::images::DataDirectory;
use crate::k8s::pod::Workload;
use crate::k8s::volume::{Backing, Mounts};
use serde_json::json;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "postgres-data-mount",
    summary: "PostgreSQL's data directory is the root of a volume, or not where the volume is",
    severity: Severity::Warning,
    scope: Scope::Pod,
    fix: Some(Safety::Review),
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The entrypoint ends with exit code 1 the first time that the volume is used: Error, then CrashLoopBackOff.",
        why: "`initdb` refuses a folder that is not empty, and the root of a fresh ext4 file system holds `lost+found`. So a claim mounted straight at the \
              data directory fails on block storage, and works on NFS or a folder of the node. Since version 18 the image keeps its data in \
              `/var/lib/postgresql/18/docker`, and refuses to start where something is mounted at `/var/lib/postgresql/data`, as what is there would \
              not be used.",
        see: "`kubectl logs POD --previous` shows `initdb: error: directory … exists but is not empty`, or `in 18+, these Docker images are configured to \
              store database data in a format which is compatible with \"pg_ctlcluster\"` and `unused mount/volume`.",
        fix: "Let the data lie in a folder of the volume: set `PGDATA` to a folder below the mount (`/var/lib/postgresql/data/pgdata`), or mount with \
              `subPath`. From 18 on: mount at `/var/lib/postgresql`. A database that is there already does not move by itself: dump it, or move its files \
              (and use `pg_upgrade` from one major version to another).",
        ignore: "The rule is silent for an emptyDir, a hostPath and NFS, with `subPath`, and where `PGDATA` names a folder below the mount. Ignore it where \
                 the claim's storage is no block device, or where the volume holds a database of this version already.",
        source: "docker-library/postgres `docker-entrypoint.sh` (docker_setup_env, docker_error_old_databases), pull request 1259; PostgreSQL \
                 `src/bin/initdb/initdb.c` (create_data_directory, warn_on_mount_point)",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut backings = None;
    for container in workload.containers() {
        let Some(stock) = container.stock(context.tables).filter(|stock| !stock.may_move_data()) else { continue };
        let Some(data) = stock.known.data().filter(|data| data.must_be_empty) else { continue };
        if stock.has_option(&data.unless_args) {
            continue;
        }
        let moved = data.env.as_deref().filter(|_| !container.has_env_from()).and_then(|name| container.variable(name));
        let unsettled = moved.is_some_and(|variable| variable.settled_value().is_none());
        if unsettled || (data.env.is_some() && container.has_env_from()) {
            continue;
        }
        findings.extend(unused(container, data, moved).or_else(|| {
            let backings = backings.get_or_insert_with(|| workload.backings());
            at_root(container, data, moved, backings)
        }));
    }
}

/// Something is mounted where an older version had its data, and this one does not look there.
fn unused(container: Container<'_>, data: &DataDirectory, moved: Option<Variable<'_>>) -> Option<Finding> {
    let formerly = data.formerly.as_deref()?;
    if moved.and_then(Variable::settled_value).is_some_and(|value| value.trim_end_matches('/') != data.path) {
        return None;
    }
    let mount = container.mounts().find(|mount| mount.place() == Some(formerly))?;
    // A database may be where it is looked for.
    if mount_at(&Mounts::of(container), &data.path).is_some() {
        return None;
    }
    let image = container.image()?;
    let home = formerly.rsplit_once('/').map_or(formerly, |(above, _)| above);
    let finding = Finding::new(
        RULE.name,
        Severity::Warning,
        mount.place_field().path(),
        format!(
            "the image `{}` keeps its data in `{}`, and ends with exit code 1 where something is mounted at `{formerly}`",
            image.written, data.path
        ),
    )
    .label("not used any more")
    .container(container.name())
    .help(format!("mount the volume at `{home}`, or stay with the version that its data is of"))
    .fix(Safety::Review, format!("mount at `{home}`"), mount.place_field().set(home.into()));
    Some(if image.tag.is_some_and(|tag| tag.starts_with(|c: char| c.is_ascii_digit())) {
        finding
    } else {
        finding.note("assumed that the tag stands for version 18 or a newer one, as it does since September 2025")
    })
}

/// A file system's root is the data directory.
fn at_root(
    container: Container<'_>,
    data: &DataDirectory,
    moved: Option<Variable<'_>>,
    backings: &Backings<'_>,
) -> Option<Finding> {
    let folder = moved.and_then(Variable::settled_value).unwrap_or(&data.path).trim_end_matches('/');
    let mount = container.mounts().find(|mount| mount.place() == Some(folder))?;
    let whole = mount.sub_path().is_some_and(|path| path.is_empty());
    if !whole || backings.of(mount) != Backing::Claim {
        return None;
    }
    let name = data.env.as_deref()?;
    let below = format!("{folder}/pgdata");
    let finding = Finding::new(
        RULE.name,
        Severity::Warning,
        mount.place_field().path(),
        format!(
            "the claim is mounted straight at the data directory `{folder}`: initdb refuses a folder that is not empty, and a fresh ext4 \
             file system holds `lost+found`"
        ),
    )
    .label("the volume's root")
    .container(container.name())
    .note("assumed that the claim is of block storage and new")
    .help(format!("set `{name}` to a folder below, such as `{below}`, or mount with `subPath`"));
    let edits = match moved {
        Some(variable) => variable.value_field().set(below.clone().into()),
        None => container.env_field().append(vec![json!({"name": name, "value": below})]),
    };
    Some(finding.fix(Safety::Review, format!("set `{name}` to `{below}`"), edits))
}
