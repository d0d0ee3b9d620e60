//! `/mutate`: safe fixes for new Pods, as one JSON Patch that is known to apply.

use super::words;
use crate::engine::admission::verdicts;
use crate::finding::Safety;
use crate::fix::patch::{Change, Unmendable, mend, operations, with_tree};
use crate::k8s::object::{Object, patchable};
use crate::k8s::validate::rejections;
use crate::node::Node;
use crate::path::Path;
use crate::policy::Policy;
use json_patch::Patch;

/// Bytes of all annotations of an object: `TotalAnnotationSizeLimitB` in apimachinery
/// `pkg/api/validation/objectmeta.go`.
const MAX_ANNOTATIONS: usize = 256 << 10;

/// Bytes of a Pod, as JSON: etcd refuses what is larger (`--max-request-bytes`, 1.5 MiB), and a patch takes
/// several copies.
const MAX_POD: usize = 3 << 19;

/// A patch, and what it does.
pub(super) struct Mutation {
    pub(super) patch: Patch,
    pub(super) changes: Vec<Change>,
}

/// Why a patch was made and is not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Dropped {
    #[error(transparent)]
    Unmendable(#[from] Unmendable),
    #[error("the patch does not apply: {0}")]
    Misfit(#[from] json_patch::PatchError),
    #[error("the API server would refuse `{0}` of the patched Pod")]
    Refused(Path),
    #[error("the patched Pod's annotations are too large")]
    TooLarge,
}

/// The patch of a new Pod; none where there is nothing to mend.
///
/// # Errors
/// Where the patch would do harm.
pub(super) fn mutate(pod: Object<'_>, namespace: Option<&str>, policy: &Policy) -> Result<Option<Mutation>, Dropped> {
    let too_large = pod.root.span().range().len() > MAX_POD;
    if policy.mutate.is_empty() || too_large || pod.is_mirror_pod() || pod.is_being_deleted() {
        return Ok(None);
    }
    let find = |root: Node<'_>| {
        let Some(pod) = Object::new(root) else { return Vec::new() };
        let mut found = verdicts(pod, namespace, policy, &policy.mutate);
        found.retain(|verdict| {
            // Suppressions may speak of themselves.
            policy.mutate.contains(&verdict.finding.rule)
                && verdict.finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Safe)
        });
        found
    };
    let Some(mended) = mend(pod.root, &find)? else { return Ok(None) };
    let mut patch = mended.operations;
    patch.extend(with_tree(&mended.object, |root| {
        let Some(pod) = Object::new(root) else { return Vec::new() };
        let field = pod.patched_annotation();
        let text = words::annotation(&mended.changes, field.node().and_then(Node::as_str));
        operations(&field.set(text.into()))
    })?);
    prove(pod, &patch, policy)?;
    Ok(Some(Mutation { patch: Patch(patch), changes: mended.changes }))
}

/// Applies the patch to the request's own object, and asks what the API server would: it answers a
/// patch that does not apply with a 500 even under failurePolicy Ignore
/// (`k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go`).
fn prove(pod: Object<'_>, patch: &[json_patch::PatchOperation], policy: &Policy) -> Result<(), Dropped> {
    let kinds = &policy.tables.kinds;
    let mut patched = patchable(pod.root);
    json_patch::patch(&mut patched, patch)?;
    with_tree(&patched, |root| {
        let Some(after) = Object::new(root) else { return Err(Dropped::Refused(Path::root())) };
        if after.annotations_size() > MAX_ANNOTATIONS.max(pod.annotations_size()) {
            return Err(Dropped::TooLarge);
        }
        // What was wrong before is not ours to judge here.
        let before = rejections(&pod, kinds);
        match rejections(&after, kinds).into_iter().find(|misfit| !before.contains(misfit)) {
            Some(misfit) => Err(Dropped::Refused(misfit.path)),
            None => Ok(()),
        }
    })?
}
