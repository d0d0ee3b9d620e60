//! Not a rule: what the rules about absent objects and keys have in common.

use super::Context;
use crate::finding::{Finding, Severity};
use crate::k8s::decode::nearest;
use crate::k8s::pod::Workload;
use crate::k8s::set::references::{Reference, Use};
use crate::k8s::set::{Question, Set, Sort, Standing};
use crate::k8s::volume::{Mount, Volume};

/// One of the rules about absent objects.
pub(super) struct Absent<'a> {
    /// Its name.
    pub(super) rule: &'static str,
    /// What is absent.
    pub(super) sort: Sort,
    /// How grave that is where the run sees all that there is.
    pub(super) severity: Severity,
    /// Which references are its own.
    pub(super) wanted: &'a dyn Fn(&Reference<'_>) -> bool,
}

/// Reports every reference that leads nowhere: in a complete set each one, else only a name that is
/// nearly one that is there.
pub(super) fn absent(rule: &Absent<'_>, workload: &Workload<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let set = context.set;
    let mut seen = Vec::new();
    for reference in context.references(workload) {
        let own = reference.sort == rule.sort && !reference.optional && (rule.wanted)(reference);
        // A volume's items name the object once each.
        if !own || seen.contains(&reference.node) {
            continue;
        }
        seen.push(reference.node);
        let (kind, name) = (rule.sort.kind(), reference.name);
        let happens = match (reference.how, rule.sort) {
            (Use::Variable | Use::Variables, _) => "the container can't be created (CreateContainerConfigError)",
            (Use::Volume, _) => "the volume can't be mounted (FailedMount)",
            (Use::Pull, _) => "images are pulled without it",
            (Use::Object, Sort::ServiceAccount) => "no pod is created (FailedCreate)",
            (Use::Object, _) => "the pod stays Pending",
        };
        let standing = set.standing(reference);
        let speaks = match standing {
            Standing::NearMiss(..) => true,
            Standing::Absent => set.is_complete(),
            _ => false,
        };
        // An operator or a StatefulSet of the run may make it.
        let Some(late) = speaks.then(|| context.late(|| Question::Other)).flatten() else { continue };
        if late.may_be_made(name) || (rule.sort == Sort::Claim && late.makes_claim(name)) {
            continue;
        }
        match standing {
            Standing::NearMiss(fact, near) => {
                let severity = if set.is_complete() { rule.severity } else { Severity::Warning };
                let message = format!("{kind} `{name}` is not among the manifests, and `{near}` is: {happens}");
                findings.push(
                    Finding::new(rule.rule, severity, reference.path(), message)
                        .label("not found")
                        .and_elsewhere(fact.file, fact.span, format!("this one is called `{near}`"))
                        .help(format!("did you mean `{near}`?")),
                );
            }
            Standing::Absent => {
                let message = format!("{kind} `{name}` is not among the manifests: {happens}");
                findings.push(
                    Finding::new(rule.rule, rule.severity, reference.path(), message)
                        .label("not found")
                        .note("the policy says `set: complete`: what is not here is not in the cluster"),
                );
            }
            _ => {}
        }
    }
}

/// How many files are named, and how many are compared with a wrong name.
const MAX_NAMED: usize = 6;
const MAX_COMPARED: usize = 256;

/// What is behind a mount, by its object where that is one: "ConfigMap `a`".
pub(super) fn behind(mount: Mount<'_>) -> String {
    let objects = mount.volume().map(|volume| volume.objects()).unwrap_or_default();
    match objects[..] {
        [(sort, name)] => format!("{} `{name}`", sort.kind()),
        _ => format!("volume `{}`", mount.volume_name().unwrap_or_default()),
    }
}

/// Names the file of a volume that was meant, else those that it has.
pub(super) fn near_file(finding: Finding, volume: &Volume<'_>, wanted: &str, set: &Set) -> Finding {
    let names = volume.file_names(set, MAX_COMPARED);
    if let Some(near) = nearest(wanted, names.iter().copied()) {
        let finding = finding.help(format!("did you mean `{near}`?"));
        return match volume.place_of(near, set) {
            Some((file, span)) => finding.and_elsewhere(file, span, format!("this one is called `{near}`")),
            None => finding,
        };
    }
    let there: Vec<String> = names.iter().take(MAX_NAMED).map(|name| format!("`{name}`")).collect();
    let there = match names.len() {
        0 => return finding,
        count if count > MAX_NAMED => format!("its files are {} and more", there.join(", ")),
        _ => format!("its files are {}", there.join(", ")),
    };
    match volume.object_place(set) {
        Some((file, span)) => finding.and_elsewhere(file, span, there),
        None => finding.and(volume.name_path(), there),
    }
}
