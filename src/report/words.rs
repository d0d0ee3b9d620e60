//! What formats for machines say of a finding in one line.

use super::safe;
use crate::engine::outcome::Reported;

/// Message and help, as one line.
pub(super) fn shown(found: &Reported) -> String {
    let finding = &found.finding;
    let help = finding.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    safe::sentence(&format!("{}{help}", finding.message))
}

/// The rule, and whom it is about.
pub(super) fn title(found: &Reported) -> String {
    let about = about(found);
    if about.is_empty() { found.finding.rule.to_owned() } else { format!("{}: {about}", found.finding.rule) }
}

/// The object and the container.
pub(super) fn about(found: &Reported) -> String {
    let Some(object) = &found.object else { return String::new() };
    let namespace = object.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let container = found.finding.container.as_ref().map(|name| format!(", container {name}")).unwrap_or_default();
    safe::sentence(&format!("{} {namespace}{}{container}", object.kind, object.name))
}
