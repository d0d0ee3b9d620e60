//! A variable that an image's entrypoint does not take.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::env::Variable;
use crate::k8s::images::Refuses;
use crate::k8s::pod::Workload;
use crate::k8s::stored::Stored;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "env-refused-by-image",
    summary: "a variable is set with which the image ends at once",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The entrypoint says what it refuses, and ends with exit code 1: Error, then CrashLoopBackOff.",
        why: "Entrypoints look at their variables before the server starts, and some combinations they don't take. MySQL makes the user that \
              `MYSQL_USER` names, and `root` is there already. A variable and its `_FILE` twin say the same thing twice. MongoDB wants name and \
              password of its first user, or neither. RabbitMQ takes no settings from variables since 3.9, and does not pass over those that it \
              once knew. MinIO wants a root password of eight characters, pgAdmin an address with `@`.",
        see: "`kubectl logs POD --previous` shows `cannot be used for the root user`, `are set (but are exclusive)`, `deprecated environment \
              variables detected`, or `length at least 8 characters`.",
        fix: "Remove the variable. For MySQL, `MYSQL_ROOT_PASSWORD` alone sets root's password; RabbitMQ's settings go into a file below \
              `/etc/rabbitmq/conf.d`.",
        ignore: "The rule is silent where the container runs a `command` of its own, for versions that take the variable, and for digests, of which \
                 nobody knows the version. It is a warning where the value comes from a Secret or ConfigMap, and where a volume may hold data from \
                 before that the image does not touch again.",
        source: "the images' own entrypoints, named row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Workload(check),
};

fn check(workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let containers = workload.containers();
    let mut stored = None;
    for container in &containers {
        let Some(stock) = container.stock(context.tables) else { continue };
        for refuses in stock.refuses() {
            let Some((wanted, variable, other)) = refused(*container, refuses) else { continue };
            let stored = stored.get_or_insert_with(|| Stored::of(*workload, &containers));
            let holder = refuses.unless_data.as_deref().and_then(|folder| stored.holder(&stock, folder));
            let written = [Some(variable), other].into_iter().flatten().all(|one| one.settled_value().is_some());
            let severity = if holder.is_none() && written { Severity::Error } else { Severity::Warning };
            let image = container.image_text().unwrap_or_default();
            let what = of_value(refuses).unwrap_or_else(|| format!("is set{}", beside(refuses)));
            let message = format!("the image `{image}` ends with exit code 1 where `{wanted}` {what}");
            let mut finding = Finding::new(RULE.name, severity, variable.path(), message)
                .label("not taken")
                .and(container.image_field().path(), "refuses it")
                .container(container.name())
                .note(format!("its log says: {}", refuses.says));
            if let Some(mount) = holder {
                finding = finding
                    .and(mount.place_field().path(), "may hold data from before")
                    .note("assumed that the volume holds no data yet; where it does, the image does not mind");
            } else if !written {
                finding = finding.note("assumed that the value that it takes from elsewhere is not empty");
            }
            let help = match (refuses.without.first(), refuses.shorter_than, &refuses.lacking) {
                (Some(missing), ..) => format!("set `{missing}` as well, or remove `{wanted}`"),
                (None, Some(length), _) => format!("give it at least {length} characters"),
                (None, None, Some(text)) => format!("write a value with `{text}`"),
                (None, None, None) => format!("remove `{}`", wanted.split('=').next().unwrap_or(wanted)),
            };
            findings.push(finding.help(help));
        }
    }
}

/// The variable that is refused, as the table names it, and the one beside which it is.
fn refused<'a, 't>(
    container: Container<'t>,
    refuses: &'a Refuses,
) -> Option<(&'a str, Variable<'t>, Option<Variable<'t>>)> {
    let set = |names: &'a [String]| names.iter().find_map(|name| Some((name.as_str(), container.sets_variable(name)?)));
    let (wanted, variable) = set(&refuses.any_of)?;
    let value = || variable.settled_value().filter(|value| !value.trim().is_empty());
    if refuses.shorter_than.is_some_and(|length| value().is_none_or(|value| value.len() >= length))
        || refuses.lacking.as_ref().is_some_and(|text| value().is_none_or(|value| value.contains(text.as_str())))
    {
        return None;
    }
    let other = match &refuses.with {
        Some(with) => Some(set(with)?.1),
        None => None,
    };
    // What `envFrom` brings may be the missing one.
    let completed = |name: &String| container.may_set_variable(name) || container.has_env_from();
    (!refuses.without.iter().any(completed)).then_some((wanted, variable, other))
}

/// What is wrong with its value, where that is what is refused.
fn of_value(refuses: &Refuses) -> Option<String> {
    let short = refuses.shorter_than.map(|length| format!("has fewer than {length} characters"));
    short.or_else(|| refuses.lacking.as_ref().map(|text| format!("has no `{text}`")))
}

/// " and `B` is not", " beside `B`"
fn beside(refuses: &Refuses) -> String {
    match (refuses.without.first(), refuses.with.as_ref().and_then(|with| with.first())) {
        (Some(missing), _) => format!(" and `{missing}` is not"),
        (None, Some(other)) => format!(" beside `{other}`"),
        (None, None) => String::new(),
    }
}
