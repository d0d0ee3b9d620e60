//! Tests of Chainsaw, which name files that are no manifests.

use super::object::Object;
use crate::node::Node;

/// The files that a test of Chainsaw compares with what is in the cluster, as it names them: `assert` and `error` of
/// its steps (kyverno.github.io/chainsaw, "Operations").
#[must_use]
pub fn chainsaw_assertions(root: Node<'_>) -> Vec<String> {
    let is_test = Object::new(root)
        .is_some_and(|object| object.kind == "Test" && object.api_version.starts_with("chainsaw.kyverno.io/"));
    let mut files = Vec::new();
    let steps = root.get("spec").and_then(|spec| spec.get("steps")).filter(|_| is_test);
    for step in steps.into_iter().flat_map(Node::items) {
        for phase in ["try", "catch", "finally", "cleanup"] {
            for operation in step.get(phase).into_iter().flat_map(Node::items) {
                let compared =
                    ["assert", "error"].into_iter().filter_map(|name| operation.get(name)?.get("file")?.as_str());
                files.extend(compared.map(ToOwned::to_owned));
            }
        }
    }
    files
}
