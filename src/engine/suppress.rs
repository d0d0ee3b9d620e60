//! The annotation that silences rules, and what of it was needed.

use super::outcome::Suppression;
use crate::finding::{Finding, Severity};
use crate::k8s::object::{IGNORE, IGNORE_REASON, Object, annotation};
use crate::k8s::pod::Workload;
use crate::node::Node;
use crate::path::Path;
use crate::rules;

/// One name of an annotation: `rule` or `rule@container`.
struct Ignore<'t> {
    written: &'t str,
    rule: &'t str,
    container: Option<&'t str>,
    path: Path,
    reason: Option<&'t str>,
    used: bool,
}

/// Names of an annotation that are read; there are fewer rules.
const MAX_NAMES: usize = 200;

/// The suppressions of an object: its own, and those of its pod templates.
#[derive(Default)]
pub(super) struct Ignores<'t>(Vec<Ignore<'t>>);

impl<'t> Ignores<'t> {
    pub(super) fn of(object: Object<'t>, workloads: &[Workload<'t>]) -> Self {
        let templates = workloads.iter().filter_map(|workload| workload.template);
        let mut places: Vec<Node<'t>> = vec![object.root];
        places.extend(templates.filter(|template| *template != object.root));
        let mut ignores = Vec::new();
        for place in places {
            let Some(names) = annotation(place, IGNORE) else { continue };
            let reason = annotation(place, IGNORE_REASON).and_then(Node::as_str);
            let path = names.path_from(object.root);
            for written in names
                .as_str()
                .unwrap_or_default()
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .take(MAX_NAMES)
            {
                let (rule, container) =
                    written.split_once('@').map_or((written, None), |(rule, name)| (rule, Some(name)));
                ignores.push(Ignore { written, rule, container, path: path.clone(), reason, used: false });
            }
        }
        Self(ignores)
    }

    /// The suppression of a finding, where there is one.
    pub(super) fn take(&mut self, finding: &Finding) -> Option<Suppression> {
        let mut found = None;
        for ignore in &mut self.0 {
            let here = ignore.container.is_none_or(|name| finding.container.as_deref() == Some(name));
            if ignore.rule == finding.rule && here {
                ignore.used = true;
                found.get_or_insert(Suppression {
                    by: format!("annotation {IGNORE}"),
                    reason: ignore.reason.map(str::to_owned),
                    baseline: false,
                });
            }
        }
        found
    }

    /// What names nothing known, or matched nothing; `ran` says whether a rule ran at all.
    pub(super) fn unused(self, ran: impl Fn(&str) -> bool) -> impl Iterator<Item = Finding> {
        self.0.into_iter().filter(|ignore| !ignore.used).filter_map(move |ignore| {
            let known = rules::find(ignore.rule).is_some();
            if known && !ran(ignore.rule) {
                return None;
            }
            let message = if known {
                format!("`{}` is ignored here, and finds nothing", ignore.written)
            } else {
                format!("`{}` is ignored here, and there is no such rule", ignore.rule)
            };
            let finding = Finding::new("unused-suppression", Severity::Warning, ignore.path, message);
            Some(match rules::nearest(ignore.rule).filter(|_| !known) {
                Some(name) => finding.help(format!("did you mean `{name}`?")),
                None => finding.help("remove it"),
            })
        })
    }
}
