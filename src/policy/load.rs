//! From a policy file to a [`Policy`]: profile below, file above, every error of the file.

use super::exemptions::Exemption;
use super::file::{Common, File, KindRow, Profile, Tiers};
use super::{Completeness, Mode, Policy, PolicyError, Setting, unknown_rule};
use crate::finding::Safety;
use crate::k8s::decode::{self, Problem};
use crate::k8s::images::Images;
use crate::k8s::kinds::{Kind, Runs};
use crate::k8s::tables::{Rows, SlowStarter};
use crate::node::{Builder, Kind as Shape, Node, Style, Text, Tree};
use crate::path::Path;
use crate::read;
use crate::rules::{self, RULES, Rule};
use crate::source::{Source, Span};
use crate::yaml;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

/// Keys of a rule's settings that are not its own options.
const COMMON: [&str; 3] = ["severity", "action", "tiers"];

fn built_in(profile: Profile) -> &'static str {
    match profile {
        Profile::Minimal => include_str!("../../policies/minimal.yaml"),
        Profile::Recommended => include_str!("../../policies/recommended.yaml"),
        Profile::Strict => include_str!("../../policies/strict.yaml"),
    }
}

/// Decodes a table that is compiled in.
fn table<T: DeserializeOwned>(text: &'static str) -> T {
    let document = read::documents(text).next().expect("a built-in file holds a document").expect("it is well-formed");
    decode::strict(document.tree.root()).expect("it decodes")
}

/// What is known of images, in the order in which it is asked: the rows of the files of `policies/images/`, one a line. A test
/// holds that it is fresh.
const IMAGES: &str = include_str!("../../policies/images/table.jsonl");

/// Their names, of which a start needs no more.
const IMAGE_NAMES: &str = include_str!("../../policies/images/names.txt");

/// The built-in tables, read once.
static TABLES: LazyLock<Arc<Rows>> = LazyLock::new(|| Arc::new(tables()));

fn tables() -> Rows {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Slow {
        slow_starters: Vec<SlowStarter>,
    }
    Rows {
        images: Images::compiled_in(IMAGES, IMAGE_NAMES),
        slow_starters: table::<Slow>(include_str!("../../policies/slow-starters.yaml")).slow_starters,
        kinds: Vec::new(),
    }
}

/// The day of SOURCE_DATE_EPOCH (reproducible-builds.org, seconds since 1970), in UTC.
fn epoch() -> Option<Date> {
    let seconds = std::env::var("SOURCE_DATE_EPOCH").ok()?.trim().parse().ok()?;
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC).date())
}

/// A built-in profile as a policy.
pub(super) fn profile(profile: Profile) -> Policy {
    let source = Source::new(profile.name(), built_in(profile).to_owned());
    let document = yaml::documents(source.text()).next().expect("a profile is a document").expect("it is well-formed");
    let mut policy = Policy {
        profile,
        tables: Arc::clone(&TABLES),
        honour_annotations: true,
        honour_annotations_as_written: None,
        mode: Mode::default(),
        mutate: Vec::new(),
        set: Completeness::default(),
        kubernetes_minor: None,
        rules_as_of: None,
        settings: RULES
            .iter()
            .map(|rule| Setting { options: (rule.options.default)(), level: None, action: None, all_tiers: false })
            .collect(),
        minimum: None,
        raise_info: false,
        exemptions: Vec::new(),
        source: None,
        folder: PathBuf::new(),
        today: epoch(),
    };
    let mut reader = Reader { root: document.tree.root(), below: None, problems: Vec::new() };
    reader.apply(&mut policy);
    debug_assert!(reader.problems.is_empty(), "{:?}", reader.problems);
    policy
}

/// A policy file over its profile.
pub(super) fn load(source: &Arc<Source>, chosen: Option<Profile>) -> Result<Policy, Vec<PolicyError>> {
    let error = |offset: u32, message: String| PolicyError {
        file: Arc::clone(source.name()),
        position: source.position(offset),
        message,
    };
    let mut documents = Vec::new();
    for document in yaml::documents(source.text()) {
        documents.push(document.map_err(|malformed| vec![error(malformed.offset, malformed.message)])?);
    }
    if let Some(second) = documents.get(1) {
        return Err(vec![error(second.span.start, "a policy file holds one document".into())]);
    }
    let empty = Builder::new("").finish();
    let root = documents.first().map_or(empty.root(), |document| document.tree.root());
    let extends = || root.get("extends").and_then(Node::as_str).and_then(|name| name.parse().ok());
    let base = chosen.or_else(extends).unwrap_or_default();
    let mut policy = profile(base);
    let under = yaml::documents(built_in(base)).next().and_then(Result::ok);
    let mut reader = Reader { root, below: under.as_ref().map(|document| document.tree.root()), problems: Vec::new() };
    if !root.is_null() {
        reader.apply(&mut policy);
    }
    policy.folder = std::path::Path::new(&**source.name()).parent().map(PathBuf::from).unwrap_or_default();
    policy.source = Some(Arc::clone(source));
    if reader.problems.is_empty() {
        return Ok(policy);
    }
    let mut errors: Vec<_> = reader
        .problems
        .into_iter()
        .map(|(problem, on_key)| {
            let span = if on_key { key_span(root, &problem.path) } else { root.locate(&problem.path) };
            error(span.start, problem.message)
        })
        .collect();
    errors.sort_by_key(|error| error.position);
    errors.dedup();
    Err(errors)
}

/// The key itself, where the key is what is wrong.
fn key_span(root: Node<'_>, path: &Path) -> Span {
    let mut owner = path.clone();
    let key = match owner.pop() {
        Some(crate::path::Segment::Key(name)) => root.at(&owner).and_then(|owner| owner.entry_of(&name)),
        _ => None,
    };
    key.map_or_else(|| root.locate(path), |(key, _)| key.span())
}

/// Reads one file into a policy.
struct Reader<'t> {
    root: Node<'t>,
    /// The profile that the file stands on.
    below: Option<Node<'t>>,
    /// Each with whether its key, not its value, is wrong.
    problems: Vec<(Problem, bool)>,
}

impl Reader<'_> {
    fn wrong(&mut self, path: Path, message: String) {
        let on_key = message.starts_with("unknown field") || message.starts_with("there is no rule");
        self.problems.push((Problem { path, message }, on_key));
    }

    fn apply(&mut self, policy: &mut Policy) {
        self.rules(policy);
        let file: File = match decode::strict_all(self.root) {
            Ok(file) => file,
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.wrong(problem.path, problem.message));
                return;
            }
        };
        policy.minimum = file.minimum.or(policy.minimum);
        policy.raise_info = file.raise_info.unwrap_or(policy.raise_info);
        policy.mode = file.mode.unwrap_or(policy.mode);
        policy.set = file.set.unwrap_or(policy.set);
        policy.honour_annotations_as_written = file.honour_annotations.or(policy.honour_annotations_as_written);
        policy.honour_annotations = policy.honour_annotations_as_written.unwrap_or(true);
        if let Some(version) = file.kubernetes_version {
            policy.kubernetes_minor = self.minor(&version);
        }
        if let Some(version) = file.rules_as_of {
            policy.rules_as_of = version.parse().ok();
            if policy.rules_as_of.is_none() {
                let message = format!("`rulesAsOf` must be a release such as \"1.4\", not `{version}`");
                self.wrong(Path::root().join("rulesAsOf"), message);
            }
        }
        for (at, name) in file.mutate.iter().enumerate() {
            let path = Path::root().join("mutate").join(at);
            match rules::find(name) {
                Some(rule) if rule.fix == Some(Safety::Safe) => policy.mutate.push(rule.name),
                Some(_) => self.wrong(path, format!("`{name}` has no fix that may be applied unasked")),
                None => self.wrong(path, unknown_rule(name)),
            }
        }
        for (at, exemption) in file.exemptions.into_iter().enumerate() {
            let path = Path::root().join("exemptions").join(at);
            let span = self.root.at(&path).map_or(Span::default(), Node::span);
            match Exemption::new(exemption, span) {
                Ok(exemption) => policy.exemptions.push(exemption),
                Err(errors) => errors.into_iter().for_each(|(field, item, message)| {
                    let path = path.join(field);
                    let list = matches!(field, "rules" | "files");
                    self.wrong(if list { path.join(item) } else { path }, message);
                }),
            }
        }
        if file.kinds.is_empty() && file.slow_starters.is_empty() && file.images.is_empty() {
            return;
        }
        let tables = Arc::make_mut(&mut policy.tables);
        for (at, row) in file.kinds.into_iter().enumerate() {
            match kind(row) {
                Ok(kind) => tables.kinds.push(kind),
                Err(message) => self.wrong(Path::root().join("kinds").join(at).join("path"), message),
            }
        }
        // A file's own rows are asked first.
        tables.slow_starters.splice(0..0, file.slow_starters);
        if !file.images.is_empty() {
            tables.images = std::mem::take(&mut tables.images).behind(file.images);
        }
    }

    fn minor(&mut self, version: &str) -> Option<u32> {
        let minor =
            version.trim_start_matches('v').strip_prefix("1.").and_then(|rest| rest.split('.').next()?.parse().ok());
        if minor.is_none() {
            let message = format!("`kubernetesVersion` must be a version such as \"1.36\", not `{version}`");
            self.wrong(Path::root().join("kubernetesVersion"), message);
        }
        minor
    }

    fn rules(&mut self, policy: &mut Policy) {
        let Some(rules) = self.root.get("rules").filter(|rules| !rules.is_null()) else { return };
        if rules.kind() != Shape::Mapping {
            self.wrong(
                Path::root().join("rules"),
                "`rules` must be a mapping: the name of a rule, then its settings".into(),
            );
            return;
        }
        for (key, settings) in rules.entries() {
            let name = key.scalar().unwrap_or_default();
            let path = Path::root().join("rules").join(name.to_owned());
            let Some(at) = RULES.iter().position(|rule| rule.name == name) else {
                self.wrong(path, unknown_rule(name));
                continue;
            };
            if settings.kind() != Shape::Mapping && !settings.is_null() {
                let message = format!("the settings of `{name}` must be a mapping, such as `{{severity: warning}}`");
                self.wrong(path, message);
                continue;
            }
            self.rule(RULES[at], &mut policy.settings[at], settings, &path);
        }
    }

    fn rule(&mut self, rule: &Rule, setting: &mut Setting, settings: Node<'_>, path: &Path) {
        let below = self.below.and_then(|root| root.get("rules")?.get(rule.name));
        let within = |problem: Problem| {
            let path = path.segments().iter().chain(problem.path.segments()).cloned().collect();
            (path, problem.message)
        };
        match decode::strict_all::<Common>(select(&[settings], |key| COMMON.contains(&key)).root()) {
            Ok(common) => {
                setting.level = common.severity.or(setting.level);
                setting.action = common.action.or(setting.action);
                setting.all_tiers |= common.tiers == Some(Tiers::All);
            }
            Err(problems) => problems.into_iter().map(within).for_each(|(path, message)| self.wrong(path, message)),
        }
        // The file's options stand over those of the profile, key by key: of two the last wins.
        let layers: Vec<Node<'_>> = below.into_iter().chain([settings]).collect();
        match (rule.options.read)(select(&layers, |key| !COMMON.contains(&key)).root()) {
            Ok(options) => setting.options = options,
            Err(problem) => {
                let (path, mut message) = within(problem);
                // Names of common settings are near words, too.
                if let Some(right) = message
                    .strip_prefix("unknown field `")
                    .and_then(|rest| rest.split('`').next())
                    .and_then(|word| decode::nearest(word, COMMON))
                {
                    let word = message.split('`').nth(1).unwrap_or_default();
                    message = format!("unknown field `{word}`: did you mean `{right}`?");
                } else if message.starts_with("unknown field") {
                    message = message.replacen("unknown field", &format!("`{}` has no option", rule.name), 1);
                    self.problems.push((Problem { path, message }, true));
                    return;
                }
                self.wrong(path, message);
            }
        }
    }
}

/// One mapping of what several hold, in their order; only of keys that are wanted.
fn select(layers: &[Node<'_>], wanted: impl Fn(&str) -> bool) -> Tree<'static> {
    fn copy(builder: &mut Builder<'static>, node: Node<'_>, word: bool) {
        match node.kind() {
            Shape::Mapping | Shape::Sequence => {
                let open = builder.open(node.kind(), Style::Flow, node.span());
                for (key, value) in node.entries() {
                    copy(builder, key, false);
                    copy(builder, value, false);
                }
                node.items().for_each(|item| copy(builder, item, false));
                builder.close(open, node.span().end);
            }
            // YAML 1.1 reads an unquoted `off` as false, and here a word is meant.
            Shape::Bool if word && node.as_bool() == Some(false) => {
                builder.scalar(Shape::String, Style::Plain, node.span(), Text::Owned("off".into()));
            }
            kind => {
                let text = node.scalar().unwrap_or_default();
                builder.scalar(kind, Style::Plain, node.span(), Text::Owned(text.into()));
            }
        }
    }
    let mut builder = Builder::new("");
    let open = builder.open(Shape::Mapping, Style::Flow, Span::default());
    for (key, value) in layers.iter().flat_map(|layer| layer.entries()) {
        let name = key.scalar().unwrap_or_default();
        if wanted(name) {
            copy(&mut builder, key, false);
            copy(&mut builder, value, matches!(name, "severity" | "action"));
        }
    }
    builder.close(open, 0);
    builder.finish()
}

/// A row of the table of kinds.
fn kind(row: KindRow) -> Result<Kind, String> {
    let steps: Vec<&str> = match row.path.strip_prefix('/') {
        Some(pointer) => pointer.split('/').collect(),
        None => row.path.split('.').collect(),
    };
    let plain = |step: &&str| {
        let key = step.strip_suffix("[]").unwrap_or(step);
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    // A pointer may write the items of a list as `*`.
    let mut route = String::new();
    for step in steps {
        if step == "*" && !route.is_empty() {
            route.push_str("[]");
        } else if plain(&step) {
            if !route.is_empty() {
                route.push('.');
            }
            route.push_str(step);
        } else {
            return Err(format!(
                "`path` must be a way such as `spec.template` or `/spec/template`, not `{}`",
                row.path
            ));
        }
    }
    Ok(Kind {
        group: row.group.into(),
        kind: row.kind.into(),
        plural: row.plural.into(),
        route: route.into(),
        runs: Runs::Unknown,
    })
}

impl Setting {
    /// Whether the rule is switched off.
    #[cfg(test)]
    pub(super) fn is_off(&self) -> bool {
        self.level == Some(super::file::Level::Off)
    }
}
