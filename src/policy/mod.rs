//! Which rule, how severe, with which options, for whom: the policy file and its profiles.

mod exemptions;
mod file;
mod load;
mod schema;
mod selector;
#[cfg(test)]
mod tests;

use crate::finding::{Finding, Severity};
use crate::k8s::tables::Rows;
use crate::node::Node;
use crate::rules::{self, Options, RULES, Rule};
use crate::source::{Position, Source, Span};
use exemptions::{Exemption, Unused};
use file::Level;
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use file::{Action, Completeness, Mode, Profile};
pub use schema::schema;

/// The name under which a policy file is found without being named.
pub const FILE_NAME: &str = ".crashlint.yaml";

/// A policy, ready to be asked.
#[derive(Debug)]
pub struct Policy {
    /// The profile that it stands on.
    pub profile: Profile,
    /// Plain data, the policy's own rows included.
    pub tables: Arc<Rows>,
    /// Whether `crashlint.dev/ignore` counts, where the policy says; offline the default is yes.
    pub honour_annotations: bool,
    /// The same, as written: none where the policy says nothing.
    pub honour_annotations_as_written: Option<bool>,
    /// What the webhook does.
    pub mode: Mode,
    /// Names of the rules whose fixes the webhook applies.
    pub mutate: Vec<&'static str>,
    /// Whether a run sees all that there is.
    pub set: Completeness,
    /// Minor version of the cluster's Kubernetes 1, where the policy says.
    pub kubernetes_minor: Option<u32>,
    /// The release whose rules the webhook may act on, where the policy pins one.
    pub rules_as_of: Option<rules::Release>,
    /// One for each of [`RULES`].
    settings: Vec<Setting>,
    minimum: Option<Severity>,
    raise_info: bool,
    exemptions: Vec<Exemption>,
    source: Option<Arc<Source>>,
    folder: PathBuf,
    /// Where it does not follow the clock.
    today: Option<Date>,
}

/// What a policy says of a rule.
struct Setting {
    options: Options,
    level: Option<Level>,
    action: Option<Action>,
    all_tiers: bool,
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?} {}", self.level, self.action, self.all_tiers)
    }
}

/// What is wrong with a policy file, and where: `FILE:LINE:COLUMN: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{}:{}: {message}", position.line, position.column)]
pub struct PolicyError {
    /// The file as named.
    pub file: Arc<str>,
    /// Where.
    pub position: Position,
    /// What is wrong, with the nearest right word.
    pub message: String,
}

/// Whom an exemption may name.
pub struct Target<'t> {
    /// The rule.
    pub rule: &'static str,
    /// The file as named; `-` for standard input and the webhook.
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// A built-in profile.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        load::profile(profile)
    }

    /// Reads a policy file. `profile` replaces what its `extends` says.
    ///
    /// # Errors
    /// All that is wrong with the file, in its order.
    pub fn load(source: &Arc<Source>, profile: Option<Profile>) -> Result<Self, Vec<PolicyError>> {
        load::load(source, profile)
    }

    /// The policy file of a folder: its own, or that of the nearest folder above.
    #[must_use]
    pub fn find_upwards(from: &Path) -> Option<PathBuf> {
        let from = std::path::absolute(from).ok()?;
        from.ancestors().map(|folder| folder.join(FILE_NAME)).find(|file| file.is_file())
    }

    fn setting(&self, rule: &str) -> Option<&Setting> {
        self.settings.get(rules::place(rule)?)
    }

    /// The rules that run, in the order of their names, with their options.
    pub fn rules(&self) -> impl Iterator<Item = (&'static Rule, &Options)> {
        let all = RULES.iter().zip(&self.settings);
        all.filter(|(_, setting)| setting.level != Some(Level::Off)).map(|(rule, setting)| (*rule, &setting.options))
    }

    /// Whether a rule runs at all.
    #[must_use]
    pub fn runs(&self, rule: &str) -> bool {
        self.setting(rule).is_some_and(|setting| setting.level != Some(Level::Off))
    }

    /// The options of a rule.
    ///
    /// # Panics
    /// Where there is no such rule.
    #[must_use]
    pub fn options(&self, rule: &str) -> &Options {
        &self.setting(rule).expect("a rule of the list").options
    }

    /// What the webhook does with a finding of this severity, before any mode.
    #[must_use]
    pub fn action(&self, finding: &Finding, severity: Severity) -> Action {
        let by_severity = match severity {
            Severity::Error => Action::Deny,
            Severity::Warning => Action::Warn,
            Severity::Info => Action::Audit,
        };
        let Some(setting) = self.setting(finding.rule) else { return Action::Off };
        let wanted = match setting.action {
            // A heuristic case stays one, as with severities.
            Some(action) if is_heuristic(finding) && !setting.all_tiers => action.max(Action::Warn),
            Some(action) => action,
            None => by_severity,
        };
        let established = rules::find(finding.rule)
            .is_some_and(|rule| rule.is_established(self.rules_as_of, rules::Release::current()));
        if established { wanted } else { wanted.max(Action::Audit) }
    }

    /// The severity of a finding after policy; `None` where it is not reported.
    #[must_use]
    pub fn severity(&self, finding: &Finding) -> Option<Severity> {
        let own = finding.severity;
        let setting = self.setting(finding.rule)?;
        let asked = match setting.level {
            Some(Level::Off) => return None,
            Some(Level::Error) => Severity::Error,
            Some(Level::Warning) => Severity::Warning,
            Some(Level::Info) => Severity::Info,
            None if self.minimum.is_some_and(|minimum| own < minimum) => return None,
            None if self.raise_info => return Some(own.max(Severity::Warning)),
            None => return Some(own),
        };
        // A heuristic case stays one, however grave the rule is told to be.
        let capped = is_heuristic(finding) && !setting.all_tiers;
        Some(if capped { asked.min(Severity::Warning) } else { asked })
    }

    /// The exemption that takes a finding out, and a note that it did.
    #[must_use]
    pub fn exemption(&self, target: &Target<'_>) -> Option<Exempted> {
        // All that hold are noted as used; the first one is named.
        let today = self.today();
        let holding: Vec<_> = self.exemptions.iter().filter(|one| one.exempts(target, &self.folder, today)).collect();
        let first = holding.first()?;
        let source = self.source.as_ref()?;
        let line = source.position(first.span.start).line;
        Some(Exempted { by: format!("exemption of {}:{line}", source.name()), reason: first.reason.clone() })
    }

    /// Exemptions that are expired or took nothing out.
    pub fn unused_exemptions(&self) -> impl Iterator<Item = UnusedExemption<'_>> {
        self.exemptions.iter().filter_map(|exemption| {
            let message = match exemption.unused(self.today())? {
                Unused::Expired(last) => format!("this exemption has expired: its last day was {last}"),
                Unused::NeverMatched => "this exemption matches nothing".to_owned(),
            };
            Some(UnusedExemption { source: self.source.as_deref()?, span: exemption.span, message })
        })
    }

    /// The day on which it decides, in UTC: a webhook outlives many.
    fn today(&self) -> Date {
        self.today.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// Decides as if today were this day.
    #[must_use]
    pub fn on(mut self, today: Date) -> Self {
        self.today = Some(today);
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::of(Profile::default())
    }
}

/// Whether a finding is below its rule's gravest case.
fn is_heuristic(finding: &Finding) -> bool {
    rules::find(finding.rule).is_some_and(|rule| finding.severity < rule.severity)
}

/// What to say of a rule that is none.
fn unknown_rule(name: &str) -> String {
    match rules::nearest(name) {
        Some(right) => format!("there is no rule `{name}`: did you mean `{right}`?"),
        None => format!("there is no rule `{name}`; `crashlint rules` lists them"),
    }
}
