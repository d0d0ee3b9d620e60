//! An admission review: who asks about which object.

use super::object::Object;
use crate::node::{Kind, Node};

/// The versions of reviews that are understood.
const VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];

/// An `AdmissionReview` with its request (`k8s.io/api/admission/v1/types.go`; v1beta1 has the same
/// fields). What is absent, or of a wrong type, reads as empty.
#[derive(Clone, Copy, Debug)]
pub struct Review<'t> {
    /// As asked; to be echoed.
    pub api_version: &'t str,
    request: Option<Node<'t>>,
}

impl<'t> Review<'t> {
    /// The review at a document's root.
    ///
    /// # Errors
    /// Where it is none, in words.
    pub fn new(root: Node<'t>) -> Result<Self, String> {
        let text = |key| root.get(key).and_then(Node::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        if kind != "AdmissionReview" || !VERSIONS.contains(&api_version) {
            return Err(format!("this is no AdmissionReview of {}", VERSIONS.join(" or ")));
        }
        Ok(Self { api_version, request: root.get("request").filter(|request| request.kind() == Kind::Mapping) })
    }

    fn text(self, key: &str) -> &'t str {
        self.request.and_then(|request| request.get(key)).and_then(Node::as_str).unwrap_or_default()
    }

    /// To be echoed.
    #[must_use]
    pub fn uid(self) -> &'t str {
        self.text("uid")
    }

    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`; empty for anything else.
    #[must_use]
    pub fn operation(self) -> &'static str {
        let written = self.text("operation");
        ["CREATE", "UPDATE", "DELETE", "CONNECT"].into_iter().find(|known| *known == written).unwrap_or_default()
    }

    /// `apps/v1` and `Deployment`: the type that the object was converted to for this webhook.
    #[must_use]
    pub fn group_version_kind(self) -> (String, &'t str) {
        let kind = self.request.and_then(|request| request.get("kind"));
        let part = |key| kind.and_then(|kind| kind.get(key)).and_then(Node::as_str).unwrap_or_default();
        let group_version = match part("group") {
            "" => part("version").to_owned(),
            group => format!("{group}/{}", part("version")),
        };
        (group_version, part("kind"))
    }

    /// Empty for an object that lies in none.
    #[must_use]
    pub fn namespace(self) -> &'t str {
        self.text("namespace")
    }

    /// Empty where the API server is still to make one from `generateName`.
    #[must_use]
    pub fn name(self) -> &'t str {
        self.text("name")
    }

    /// `scale`, `status`, `ephemeralcontainers` …; empty for the object itself.
    #[must_use]
    pub fn subresource(self) -> &'t str {
        self.text("subResource")
    }

    /// Whether nothing will be persisted.
    #[must_use]
    pub fn is_dry_run(self) -> bool {
        self.request.and_then(|request| request.get("dryRun")).and_then(Node::as_bool).unwrap_or_default()
    }

    /// The object as it is to be; none at DELETE.
    #[must_use]
    pub fn object(self) -> Option<Object<'t>> {
        Object::new(self.request?.get("object")?)
    }

    /// The object as it was; none at CREATE.
    #[must_use]
    pub fn old_object(self) -> Option<Object<'t>> {
        Object::new(self.request?.get("oldObject")?)
    }
}
