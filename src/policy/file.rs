//! The policy file as people write it. The doc comments here are the texts of its JSON Schema.

use super::selector::Labels;
use crate::finding::Severity;
use crate::k8s::images::ImageFacts;
use crate::k8s::tables::SlowStarter;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Which rules run, how severe their findings are, and for whom they do not hold.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct File {
    /// The profile to begin with; `recommended` where nothing is said. `--profile` replaces it.
    pub(super) extends: Option<Profile>,
    /// Keep only findings whose own severity is at least this one. A rule that `rules` gives a
    /// severity keeps all of its findings.
    pub(super) minimum: Option<Severity>,
    /// Findings that are `info` by themselves count as warnings.
    pub(super) raise_info: Option<bool>,
    /// Settings by rule; each may hold the rule's own options besides those that all rules have.
    #[schemars(schema_with = "super::schema::rules")]
    pub(super) rules: Option<IgnoredAny>,
    /// What rules do not hold for, and why.
    pub(super) exemptions: Vec<Exemption>,
    /// What the webhook does with errors and warnings.
    pub(super) mode: Option<Mode>,
    /// Rules whose safe fixes the webhook applies to Pods.
    pub(super) mutate: Vec<String>,
    /// Whether annotations `crashlint.dev/ignore` hold. Offline they do where nothing is said; in
    /// the webhook they don't.
    pub(super) honour_annotations: Option<bool>,
    /// Whether a run sees all that a namespace will hold.
    pub(super) set: Option<Completeness>,
    /// The cluster's version, such as "1.36", for what depends on it.
    pub(super) kubernetes_version: Option<String>,
    /// The release, such as "1.4", whose rules the webhook may act on: what is newer is only
    /// counted. Where nothing is said, a rule that is new or widened is only counted for one minor
    /// release.
    pub(super) rules_as_of: Option<String>,
    /// Programs that need long to start, besides the built-in ones.
    pub(super) slow_starters: Vec<SlowStarter>,
    /// Facts about images, before the built-in ones.
    pub(super) images: Vec<ImageFacts>,
    /// Further kinds that carry pods.
    pub(super) kinds: Vec<KindRow>,
}

/// A built-in profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Every rule, but only findings that are errors by themselves.
    Minimal,
    /// All rules as they are.
    #[default]
    Recommended,
    /// All rules; `info` becomes `warning`, and some limits are narrower.
    Strict,
}

impl Profile {
    /// Every profile, from the mildest.
    pub const ALL: [Self; 3] = [Self::Minimal, Self::Recommended, Self::Strict];

    /// `minimal`, `recommended` or `strict`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Recommended => "recommended",
            Self::Strict => "strict",
        }
    }
}

impl Mode {
    /// Every mode, from the gravest.
    pub const ALL: [Self; 3] = [Self::Enforce, Self::Warn, Self::Audit];

    /// `enforce`, `warn` or `audit`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Audit => "audit",
        }
    }

    /// The gravest action that it lets through.
    #[must_use]
    pub fn cap(self) -> Action {
        match self {
            Self::Enforce => Action::Deny,
            Self::Warn => Action::Warn,
            Self::Audit => Action::Audit,
        }
    }
}

impl Action {
    /// `deny`, `warn`, `audit` or `off`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Audit => "audit",
            Self::Off => "off",
        }
    }
}

impl std::str::FromStr for Profile {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|profile| profile.name() == name).ok_or_else(|| {
            match crate::k8s::decode::nearest(name, Self::ALL.map(Self::name)) {
                Some(right) => format!("there is no profile `{name}`: did you mean `{right}`?"),
                None => format!("there is no profile `{name}`: known are `minimal`, `recommended`, `strict`"),
            }
        })
    }
}

/// What the webhook does with what it finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Errors are refused.
    Enforce,
    /// Everything is admitted, with warnings.
    #[default]
    Warn,
    /// Everything is admitted; findings go to the audit log alone.
    Audit,
}

/// Whether absent objects are absent from the cluster, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Completeness {
    /// Other manifests may exist elsewhere.
    #[default]
    Partial,
    /// The run sees all that there is.
    Complete,
}

/// What all rules can be told.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Common {
    /// Severity of all findings of the rule; `off` switches it off. A finding whose own severity
    /// is below that of the rule's gravest case never rises above `warning`, unless `tiers: all`.
    pub(super) severity: Option<Level>,
    /// What the webhook does with the rule's findings, as far as the mode lets it; where nothing
    /// is said, errors are denied, warnings warned of, and infos written to the audit log.
    pub(super) action: Option<Action>,
    /// With `all`, `severity` holds for heuristic cases as well.
    pub(super) tiers: Option<Tiers>,
}

/// A severity, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Error,
    Warning,
    Info,
    Off,
}

/// What the webhook does with findings of a rule, from the gravest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Refuse the object.
    Deny,
    /// Admit it with a warning.
    Warn,
    /// Admit it, and write to the audit log.
    Audit,
    /// Say nothing.
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tiers {
    All,
}

/// What rules do not hold for. All that is given must match; each list matches where one item does.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Exemption {
    /// Names of rules; all rules where nothing is said.
    #[serde(default)]
    pub(super) rules: Vec<String>,
    /// Namespaces; `*` stands for any characters.
    #[serde(default)]
    pub(super) namespaces: Vec<String>,
    /// Kinds, such as `Deployment`.
    #[serde(default)]
    pub(super) kinds: Vec<String>,
    /// Names of objects; `*` stands for any characters.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// Labels of the object: a selector such as `tier in (batch, test), !prod`, or a mapping.
    #[serde(default)]
    pub(super) labels: Option<Labels>,
    /// Globs of files, relative to the policy file's folder. Never matches in the webhook.
    #[serde(default)]
    pub(super) files: Vec<String>,
    /// Why; shown wherever the exemption is.
    pub(super) reason: String,
    /// The last day on which it holds, as YYYY-MM-DD.
    #[serde(default)]
    pub(super) expires: Option<String>,
}

/// A kind that carries pods.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KindRow {
    /// API group; empty for the core group.
    #[serde(default)]
    pub(super) group: String,
    /// Such as `Deployment`.
    pub(super) kind: String,
    /// Such as `deployments`.
    pub(super) plural: String,
    /// Way to the pod template or pod spec: `spec.template`, or `/spec/template`. `[]` after a key
    /// stands for each item of a list.
    pub(super) path: String,
}
