//! HorizontalPodAutoscalers: how many pods a workload may have, whatever it says itself.

use crate::k8s::object::Object;
use crate::node::Node;
use crate::source::Span;

/// What an autoscaler says of a workload.
#[derive(Clone, Debug)]
pub struct Scale {
    /// As written.
    pub namespace: Option<Box<str>>,
    /// The workload's kind.
    pub kind: Box<str>,
    /// The workload's name.
    pub name: Box<str>,
    /// The fewest pods; 1 where it says nothing (`SetDefaults_HorizontalPodAutoscaler`, kubernetes
    /// `pkg/apis/autoscaling/v2/defaults.go`).
    pub least: i64,
    /// The most pods.
    pub most: i64,
    /// Number of its file in the run.
    pub file: u32,
    /// Where the most pods stand.
    pub span: Span,
}

impl Scale {
    pub(super) fn of(file: u32, object: Object<'_>) -> Option<Self> {
        let spec = object.root.get("spec")?;
        let target = spec.get("scaleTargetRef")?;
        let most = spec.get("maxReplicas")?;
        Some(Self {
            namespace: object.namespace().map(Into::into),
            kind: target.get("kind")?.as_str()?.into(),
            name: target.get("name")?.as_str()?.into(),
            least: spec.get("minReplicas").and_then(Node::as_i64).unwrap_or(1),
            most: most.as_i64()?,
            file,
            span: most.span(),
        })
    }
}
