//! Which rule, how severe, for whom.

use crate::finding::{Finding, Severity};
use crate::k8s::tables::Tables;
use crate::node::Node;
use crate::rules::{self, Options, RULES};
use crate::source::{Source, Span};
use std::collections::HashMap;
use std::sync::Arc;

/// A policy, ready to be asked.
pub struct Policy {
    options: HashMap<&'static str, Options>,
    /// Plain data, the policy's own rows included.
    pub tables: Tables,
    /// Whether `crashlint.dev/ignore` counts.
    pub honour_annotations: bool,
}

/// Whom an exemption may name.
pub struct Target<'t> {
    /// The rule.
    pub rule: &'static str,
    /// The file as named.
    pub file: &'t str,
    /// As written.
    pub namespace: Option<&'t str>,
    /// As written.
    pub kind: Option<&'t str>,
    /// As written.
    pub name: Option<&'t str>,
    /// The object's labels.
    pub labels: Option<Node<'t>>,
}

/// Why a finding does not count.
pub struct Exempted {
    /// "exemption of POLICY:LINE".
    pub by: String,
    /// The reason given.
    pub reason: String,
}

/// An exemption that did nothing.
pub struct UnusedExemption<'p> {
    /// The policy file.
    pub source: &'p Source,
    /// Where it stands there.
    pub span: Span,
    /// Why it did nothing: expired, or never matched.
    pub message: String,
}

impl Policy {
    /// Whether a rule runs at all.
    #[must_use]
    pub fn runs(&self, _rule: &str) -> bool {
        true
    }

    /// The options of a rule.
    #[must_use]
    pub fn options(&self, rule: &str) -> &Options {
        &self.options[rule]
    }

    /// The severity of a finding after policy; `None` where it is not reported.
    #[must_use]
    pub fn severity(&self, finding: &Finding) -> Option<Severity> {
        Some(finding.severity)
    }

    /// The exemption that takes a finding out, and a note that it did.
    #[must_use]
    pub fn exemption(&self, _target: &Target<'_>) -> Option<Exempted> {
        None
    }

    /// Exemptions that are expired or took nothing out.
    pub fn unused_exemptions(&self) -> impl Iterator<Item = UnusedExemption<'_>> {
        std::iter::empty()
    }
}

impl Default for Policy {
    fn default() -> Self {
        #[derive(serde::Deserialize)]
        struct Images {
            images: Vec<crate::k8s::tables::ImageFacts>,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Slow {
            slow_starters: Vec<crate::k8s::tables::SlowStarter>,
        }
        let read = |text: &'static str| crate::yaml::documents(text).next().expect("a table").expect("well-formed");
        let images: Images = crate::k8s::decode::strict(read(include_str!("../../policies/images.yaml")).tree.root()).expect("a table");
        let slow: Slow = crate::k8s::decode::strict(read(include_str!("../../policies/slow-starters.yaml")).tree.root()).expect("a table");
        let _ = rules::find("");
        Self {
            options: RULES.iter().map(|rule| (rule.name, (rule.options.default)())).collect(),
            tables: Tables { slow_starters: slow.slow_starters, images: images.images, kinds: Vec::new() },
            honour_annotations: true,
        }
    }
}

#[allow(dead_code)]
type Shared = Arc<str>;
