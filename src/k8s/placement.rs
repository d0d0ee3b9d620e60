//! Which nodes a pod may run on, as far as their processor goes, and which processor an image is made for.

use super::field::Field;
use super::image::Image;
use super::pod::Workload;
use crate::node::Node;
use crate::path::Path;

/// Words for architectures in images' names, and the values of `kubernetes.io/arch` (Go's GOARCH).
const ARCHITECTURES: &[(&str, &str)] = &[
    ("amd64", "amd64"),
    ("x86_64", "amd64"),
    ("x86-64", "amd64"),
    ("arm64", "arm64"),
    ("arm64v8", "arm64"),
    ("aarch64", "arm64"),
    ("arm32v6", "arm"),
    ("arm32v7", "arm"),
    ("armv7", "arm"),
    ("armhf", "arm"),
    ("i386", "386"),
    ("ppc64le", "ppc64le"),
    ("s390x", "s390x"),
    ("riscv64", "riscv64"),
];

/// Words of images that hold an architecture's name for another reason: emulators, cross compilers.
const OTHER_REASONS: &[&str] = &["qemu", "cross", "binfmt", "emulat", "multiarch"];

/// The architecture that an image's name says it is made for, as nodes call it; `None` where it says none,
/// or several.
#[must_use]
pub fn named_architecture(image: &Image<'_>) -> Option<&'static str> {
    let tag = image.tag.unwrap_or_default().to_lowercase();
    let name = image.short_name();
    if OTHER_REASONS.iter().any(|word| image.repository.contains(word) || tag.contains(word)) {
        return None;
    }
    // `amd64/nginx`: the official images of one architecture.
    let owner = (image.registry == "docker.io").then(|| image.repository.split_once('/')).flatten();
    let says = |word: &str| {
        let ends =
            |text: &str| text.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with(['-', '_', '.']));
        let starts = |text: &str| text.strip_prefix(word).is_some_and(|rest| rest.starts_with(['-', '_', '.']));
        let within = tag.split('-').any(|part| part == word);
        ends(name) || ends(&tag) || starts(&tag) || within || owner.is_some_and(|(owner, _)| owner == word)
    };
    let mut named = ARCHITECTURES.iter().filter(|(word, _)| says(word)).map(|(_, architecture)| *architecture);
    let first = named.next()?;
    named.all(|other| other == first).then_some(first)
}

impl<'t> Workload<'t> {
    /// The part of the spec by which no node of an architecture takes the pod: its nodeSelector, or a required
    /// node affinity none of whose terms allows it (kubernetes
    /// `staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity`).
    #[must_use]
    pub fn refusal_of(self, architecture: &str) -> Option<Refusal> {
        let field = |keys| Field::new(self.object.root, self.spec, keys);
        for keys in [
            &["nodeSelector", "kubernetes.io/arch"],
            &["nodeSelector", "beta.kubernetes.io/arch"] as &'static [&'static str],
        ] {
            let field = field(keys);
            if let Some(asked) = field.node().and_then(Node::as_str).filter(|asked| *asked != architecture)
                && is_architecture(asked)
            {
                return Some(Refusal { path: field.path(), by: "nodeSelector", asks: vec![asked.to_owned()] });
            }
        }
        let required =
            field(&["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]);
        let mut asks = Vec::new();
        let terms: Vec<Node<'_>> = required.node().into_iter().flat_map(Node::items).collect();
        let refused = !terms.is_empty() && terms.iter().all(|term| refuses(*term, architecture, &mut asks));
        refused.then(|| Refusal { path: required.path(), by: "required node affinity", asks })
    }
}

/// Why a pod is kept from nodes of an architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where it says so.
    pub path: Path,
    /// What says so.
    pub by: &'static str,
    /// The architectures that it asks for; empty where it only names one that it won't have.
    pub asks: Vec<String>,
}

fn is_architecture(word: &str) -> bool {
    ARCHITECTURES.iter().any(|(_, known)| *known == word)
}

/// Whether a term of a node affinity, whose expressions all have to hold, refuses nodes of an architecture.
fn refuses(term: Node<'_>, architecture: &str, asks: &mut Vec<String>) -> bool {
    let expressions = term.get("matchExpressions").into_iter().flat_map(Node::items);
    expressions.into_iter().any(|expression| {
        let text = |key| expression.get(key).and_then(Node::as_str);
        if !matches!(text("key"), Some("kubernetes.io/arch" | "beta.kubernetes.io/arch")) {
            return false;
        }
        let values: Vec<&str> =
            expression.get("values").into_iter().flat_map(Node::items).filter_map(Node::as_str).collect();
        if values.is_empty() || !values.iter().all(|value| is_architecture(value)) {
            return false;
        }
        match text("operator") {
            Some("In") if !values.contains(&architecture) => {
                asks.extend(values.into_iter().map(str::to_owned));
                true
            }
            Some("NotIn") => values.contains(&architecture),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named() {
        let of = |text| named_architecture(&Image::parse(text).unwrap());
        for (text, architecture) in [
            ("registry.k8s.io/kube-proxy-arm64:v1.30.0", Some("arm64")),
            ("app:1.2-arm64", Some("arm64")),
            ("app:1.2-arm64-alpine", Some("arm64")),
            ("app:linux-x86_64", Some("amd64")),
            ("amd64/nginx:1.27", Some("amd64")),
            ("arm64v8/nginx:1.27", Some("arm64")),
            ("team/amd64/nginx:1", None),
            ("nginx:1.27", None),
            ("app:arm64-amd64", None),
            ("tonistiigi/binfmt:qemu-arm64", None),
            ("charm64:1", None),
            ("ghcr.io/x/cross-arm64:1", None),
        ] {
            assert_eq!(of(text), architecture, "{text}");
        }
    }
}
