//! A baseline: what had been found before, which is let pass, so that only what is new fails.
//!
//! An entry names a rule, an object, a container and a field with list items by name. So moved lines, moved files and new
//! list items don't break it. Entries are a multiset: what is there twice is let pass twice.

use super::outcome::{Excerpt, InputError, Report, Reported, Suppression};
use crate::finding::{Finding, Severity};
use crate::k8s::decode;
use crate::node::Node;
use crate::path::Path;
use crate::policy::Policy;
use crate::source::{Source, Span};
use crate::yaml;
use crate::yaml::reads_as_string;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

/// The rule that speaks of baselines, which are no place for its own findings.
const UNUSED: &str = "unused-baseline-entry";

/// The format's version.
const VERSION: u32 = 1;

const HEAD: &str = "\
# What crashlint had found when this was written: it is let pass, and only what is new fails.
# `crashlint --write-baseline` writes it anew; take out what has been mended.
";

/// What is the same finding in two runs. The order of the fields is the order of entries in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Identity {
    /// The file, where the finding is of no object.
    file: Option<String>,
    namespace: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    container: Option<String>,
    rule: String,
    path: Option<String>,
}

impl Identity {
    fn of(found: &Reported) -> Self {
        let object = found.object.as_ref();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            file: object.is_none().then(|| found.file.to_string()),
            namespace: object.and_then(|object| object.namespace.clone()),
            kind: object.and_then(|object| some(&object.kind)),
            name: object.and_then(|object| some(&object.name)),
            container: found.finding.container.clone(),
            rule: found.finding.rule.to_owned(),
            path: some(&found.route),
        }
    }
}

/// The file as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    findings: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    rule: String,
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    container: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    count: Option<u32>,
}

/// One entry of a file.
#[derive(Debug)]
struct Entry {
    span: Span,
    count: u32,
    matched: u32,
}

/// A baseline, read from a file.
#[derive(Debug)]
pub struct Baseline {
    source: Arc<Source>,
    entries: Vec<Entry>,
    /// Entries of an identity, in the order of the file.
    by_identity: HashMap<Identity, Vec<usize>>,
}

impl Baseline {
    /// Reads a baseline file.
    ///
    /// # Errors
    /// What is wrong in it, and where.
    pub fn load(source: &Arc<Source>) -> Result<Self, Vec<InputError>> {
        let wrong = |offset: u32, message: String| {
            let at = source.position(offset);
            InputError { file: Arc::clone(source.name()), line: Some(at.line), column: Some(at.column), message }
        };
        let mut documents = Vec::new();
        for document in yaml::documents(source.text()) {
            documents.push(document.map_err(|malformed| vec![wrong(malformed.offset, malformed.message)])?);
        }
        let [document] = &documents[..] else {
            return Err(vec![wrong(0, "a baseline file holds one document; `--write-baseline` writes one".into())]);
        };
        let root = document.tree.root();
        let place = |path: &Path| root.locate(path).start;
        let file: File = decode::strict_all(root).map_err(|problems| {
            problems.into_iter().map(|problem| wrong(place(&problem.path), problem.message)).collect::<Vec<_>>()
        })?;
        if file.version != VERSION {
            let message = format!("version {} of the format is not known, only {VERSION}", file.version);
            return Err(vec![wrong(place(&Path::root().join("version")), message)]);
        }
        let mut entries = Vec::new();
        let mut by_identity: HashMap<Identity, Vec<usize>> = HashMap::new();
        for (at, row) in file.findings.into_iter().enumerate() {
            let span = root.at(&Path::root().join("findings").join(at)).map_or(Span::default(), Node::span);
            let Row { rule, file, kind, namespace, name, container, path, count } = row;
            by_identity.entry(Identity { file, namespace, kind, name, container, rule, path }).or_default().push(at);
            entries.push(Entry { span, count: count.unwrap_or(1), matched: 0 });
        }
        Ok(Self { source: Arc::clone(source), entries, by_identity })
    }

    /// Takes out what was known before. With `whole`, the run sees everything that the baseline may speak of, and entries that match
    /// nothing are reported themselves.
    pub fn apply(mut self, report: &mut Report, policy: &Policy, whole: bool) {
        let name = Arc::clone(self.source.name());
        for found in report.findings.iter_mut().filter(|found| found.suppressed.is_none()) {
            let Some(entries) = self.by_identity.get(&Identity::of(found)) else { continue };
            let open = entries.iter().find(|&&at| self.entries[at].matched < self.entries[at].count);
            let Some(&at) = open else { continue };
            let entry = &mut self.entries[at];
            entry.matched += 1;
            let line = self.source.position(entry.span.start).line;
            let reason = Some("it was there when the baseline was written".to_owned());
            found.suppressed = Some(Suppression { by: format!("baseline {name}:{line}"), reason, baseline: true });
        }
        if whole {
            report.findings.extend(self.entries.iter().filter_map(|entry| self.unused(entry, policy)));
        }
        report.count();
    }

    fn unused(&self, entry: &Entry, policy: &Policy) -> Option<Reported> {
        let message = match (entry.matched, entry.count) {
            (matched, count) if matched == count => return None,
            (0, 1) => "this entry matches nothing".to_owned(),
            (0, count) => format!("this entry matches none of the {count} findings that it counts"),
            (matched, count) => format!("this entry counts {count} findings, {} too many", count.abs_diff(matched)),
        };
        let finding = Finding::in_text(UNUSED, Severity::Info, entry.span, message);
        Some(Reported {
            file: Arc::clone(self.source.name()),
            severity: policy.severity(&finding)?,
            at: Excerpt::of(&self.source, entry.span, ""),
            finding: finding.help("write the baseline anew, or take it out by hand"),
            object: None,
            object_at: 0,
            also: Vec::new(),
            route: String::new(),
            replacements: Vec::new(),
            suppressed: None,
        })
    }

    /// The file that lets pass all that a report holds now, and how many findings those are.
    #[must_use]
    pub fn write(report: &Report) -> (String, usize) {
        let mut counts: BTreeMap<Identity, u32> = BTreeMap::new();
        for found in report.active().filter(|found| found.finding.rule != UNUSED) {
            *counts.entry(Identity::of(found)).or_default() += 1;
        }
        let mut text = format!("{HEAD}version: {VERSION}\n");
        if counts.is_empty() {
            text.push_str("findings: []\n");
            return (text, 0);
        }
        text.push_str("findings:\n");
        for (identity, count) in &counts {
            let Identity { file, namespace, kind, name, container, rule, path } = identity;
            let _ = writeln!(text, "  - rule: {}", scalar(rule));
            let keys = [
                ("file", file),
                ("kind", kind),
                ("namespace", namespace),
                ("name", name),
                ("container", container),
                ("path", path),
            ];
            for (key, value) in keys {
                if let Some(value) = value {
                    let _ = writeln!(text, "    {key}: {}", scalar(value));
                }
            }
            if *count > 1 {
                let _ = writeln!(text, "    count: {count}");
            }
        }
        (text, counts.values().map(|count| *count as usize).sum())
    }
}

/// A string, bare where it reads as one.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '-');
    let bare = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(plain)
        && reads_as_string(text);
    if bare { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
