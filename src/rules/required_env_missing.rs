//! An image without the variable that it asks for.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::images::Requires;
use crate::k8s::pod::Workload;
use crate::k8s::stock::Stock;
use crate::k8s::stored::Stored;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "required-env-missing",
    summary: "a variable is missing without which the image ends at once",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The entrypoint says what it misses, and ends, mostly with exit code 1: Error, then CrashLoopBackOff.",
        why: "Some images refuse to begin without a decision of their owner. The images of PostgreSQL, MySQL and MariaDB do so where they find no database \
              yet: they want a password, or to be told in so many words that there is none. A variable that is set to nothing counts as missing. Where a \
              volume holds a database already, nothing is asked. Elasticsearch 7 wants to know whether it is alone, as it listens for others; Keycloak's \
              `start` wants the name under which it is known.",
        see: "`kubectl logs POD --previous` shows `superuser password is not specified`, or `You need to specify one of …`.",
        fix: "Set one of the variables that the message names, from a Secret: `valueFrom: {secretKeyRef: {name: db, key: password}}`.",
        ignore: "The rule is silent where variables come by `envFrom`, where the container runs a `command` of its own, where something is mounted over the configuration of Elasticsearch or Keycloak, and for versions that ask for \
                 nothing and digests, of which nobody knows the version. \
                 It is a warning where a volume may hold data from before. Ignore it where something sets the variable when the Pod is created.",
        source: "docker-library/postgres and docker-library/mysql `docker-entrypoint.sh` (docker_verify_minimum_env), MariaDB/mariadb-docker alike; \
                 further images row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let containers = workload.containers();
    let mut volumes = None;
    for container in &containers {
        let Some(stock) = container.stock(context.tables).filter(|_| !container.has_env_from()) else { continue };
        let lacks = |requires: &&Requires| !requires.any_of.iter().any(|wanted| container.may_set_variable(wanted));
        for requires in stock.requires().filter(lacks) {
            let volumes = volumes.get_or_insert_with(|| Stored::of(*workload, &containers));
            findings.push(found(&stock, requires, volumes));
        }
    }
}

fn found(stock: &Stock<'_>, requires: &Requires, volumes: &Stored<'_>) -> Finding {
    let container = stock.container;
    let holder = requires.unless_data.as_deref().and_then(|folder| volumes.holder(stock, folder));
    let by_file = requires.unless_files.iter().find(|folder| container.has_mount_around(folder));
    let certain = holder.is_none() && by_file.is_none();
    let severity = if certain { Severity::Error } else { Severity::Warning };
    let image = container.image_text().unwrap_or_default();
    let mut finding = Finding::new(
        RULE.name,
        severity,
        container.env_field().path(),
        format!(
            "the image `{image}` ends with exit code {}: {}",
            requires.exits.unwrap_or(1),
            none_of(&requires.any_of)
        ),
    )
    .label("not here")
    .and(container.image_field().path(), "asks for it")
    .container(container.name());
    if let Some(says) = &requires.says {
        finding = finding.note(format!("its log says: {says}"));
    }
    if let Some(mount) = holder {
        finding = finding
            .and(mount.place_field().path(), "may hold data from before")
            .note("assumed that the volume holds no data yet; where it does, the image asks for nothing");
    } else if let Some(folder) = by_file {
        finding = finding.note(format!("assumed that no file in `{folder}` takes its place"));
    }
    let wanted = requires.any_of.first().map_or("", |name| name.split('=').next().unwrap_or(name));
    let near = |name: &str| name != wanted && strsim::osa_distance(name, wanted) <= MAX_SLIPS;
    finding.help(match container.env().map(|(name, _)| name).find(|name| near(name)) {
        Some(near) => format!("`{near}` is likely meant to be `{wanted}`"),
        None if ["PASSWORD", "SECRET", "TOKEN", "KEY"].iter().any(|word| wanted.contains(word)) => {
            format!("set `{wanted}` from a Secret")
        }
        None => requires.advice.clone().unwrap_or_else(|| format!("set `{wanted}`")),
    })
}

/// Letters in which a name may differ that was meant to be another.
const MAX_SLIPS: usize = 2;

/// Names that a message lists.
const MAX_NAMES: usize = 4;

/// "none of `A`, `B` or `C` is set"
fn none_of(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect();
    match (&shown[..], names.len().saturating_sub(MAX_NAMES)) {
        ([only], _) => format!("{only} is not set"),
        ([all @ .., last], 0) => format!("none of {} or {last} is set", all.join(", ")),
        (all, 1) => format!("none of {} or one other is set", all.join(", ")),
        (all, others) => format!("none of {} or {others} others is set", all.join(", ")),
    }
}
