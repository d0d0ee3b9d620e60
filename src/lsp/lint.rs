//! What the linter says of the files that are open, each with the manifests of its folder.

use super::{text, uri};
use crate::engine::outcome::{InputError, Reported};
use crate::engine::{Input, lint};
use crate::finding::Severity;
use crate::fix::text::{Wanted, proposals};
use crate::policy::{Completeness, FILE_NAME, Policy};
use crate::source::{Position, Range, Source, Span};
use crate::yaml::edit::Splice;
use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, TextEdit, Uri,
};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files of a folder that are read along with an open one, and bytes of each.
const MAX_FILES: usize = 1000;
const MAX_BYTES: u64 = 4 << 20;

/// An open file.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) uri: Uri,
    pub(super) version: i32,
    /// None where it has never been saved.
    pub(super) path: Option<PathBuf>,
    pub(super) source: Arc<Source>,
    /// What was last said of it.
    pub(super) said: Said,
}

/// What is said of a text.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) findings: Vec<Found>,
    pub(super) errors: Vec<InputError>,
}

/// A finding, and what mends it in this text.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) reported: Reported,
    pub(super) diagnostic: Diagnostic,
    /// None where it has no fix, or one that can't be written into this text.
    pub(super) edits: Option<Vec<TextEdit>>,
}

impl Open {
    pub(super) fn new(uri: Uri, version: i32, text: String) -> Self {
        let path = uri::path(&uri);
        let name = path.as_ref().map_or_else(|| uri.as_str().to_owned(), |path| path.to_string_lossy().into_owned());
        Self { uri, version, path, source: Arc::new(Source::new(name, text)), said: Said::default() }
    }

    pub(super) fn is_policy(&self) -> bool {
        self.path.as_deref().and_then(Path::file_name).is_some_and(|name| name == FILE_NAME)
    }

    /// Everything to show.
    pub(super) fn diagnostics(&self) -> Vec<Diagnostic> {
        let errors = self.said.errors.iter().map(|error| {
            let line = error.line.unwrap_or(1);
            let start = Position { line, column: error.column.unwrap_or(1) };
            // To the end of the line: one character is easily overlooked.
            let end = Position { line, column: u32::MAX };
            let range = text::range(&self.source, Range { start, end });
            let message = error.message.clone();
            Diagnostic {
                range,
                severity: Some(DiagnosticSeverity::ERROR),
                source: source_name(),
                message,
                ..Diagnostic::default()
            }
        });
        errors.chain(self.said.findings.iter().map(|found| found.diagnostic.clone())).collect()
    }
}

fn source_name() -> Option<String> {
    Some("crashlint".to_owned())
}

/// The policy of a file; what is wrong in it, where something is.
pub(super) fn policy(path: Option<&Path>, open: &HashMap<String, Open>) -> Result<Policy, Vec<InputError>> {
    let folder = path.and_then(Path::parent);
    let Some(file) = folder.and_then(Policy::find_upwards) else { return Ok(Policy::default()) };
    let typed = open.values().find(|open| open.path.as_deref() == Some(file.as_path()));
    let source = match typed {
        Some(open) => Arc::clone(&open.source),
        None => match std::fs::read_to_string(&file) {
            Ok(text) => Arc::new(Source::new(file.to_string_lossy(), text)),
            Err(_) => return Ok(Policy::default()),
        },
    };
    let mut policy = load(&source)?;
    // The folder is never all that a namespace will hold.
    policy.set = Completeness::Partial;
    Ok(policy)
}

/// Reads a policy; what is wrong in it, where something is.
pub(super) fn load(source: &Arc<Source>) -> Result<Policy, Vec<InputError>> {
    Policy::load(source, None).map_err(|wrong| {
        let place = |error: crate::policy::PolicyError| InputError {
            file: error.file,
            line: Some(error.position.line),
            column: Some(error.position.column),
            message: error.message,
        };
        wrong.into_iter().map(place).collect()
    })
}

/// The manifests of a folder, as they are in the editor or else on disk; those that are open come whatever they are.
pub(super) fn inputs(folder: Option<&Path>, open: &[&Open]) -> Vec<Input> {
    let mut inputs: BTreeMap<Arc<str>, Input> = BTreeMap::new();
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_manifest(path)).collect();
    paths.sort();
    for path in paths.into_iter().take(MAX_FILES) {
        let name: Arc<str> = path.to_string_lossy().into();
        inputs.insert(Arc::clone(&name), Input { name, path: Some(path), named: false, text: None });
    }
    for open in open {
        let name = Arc::clone(open.source.name());
        let text = Some(open.source.text().as_bytes().to_vec());
        inputs.insert(Arc::clone(&name), Input { name, path: open.path.clone(), named: true, text });
    }
    inputs.into_values().collect()
}

fn is_manifest(path: &Path) -> bool {
    let known = path
        .extension()
        .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known)));
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    known && !hidden && std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES)
}

/// Lints the open files of a folder; what is said of each, in their order.
pub(super) fn say(folder: Option<&Path>, open: &[&Open], policy: &Policy) -> Vec<Said> {
    let report = lint(&inputs(folder, open), policy, 0, &|_, _| {});
    let mut by_file: HashMap<Arc<str>, Vec<Reported>> = HashMap::new();
    for found in report.findings.into_iter().filter(|found| found.suppressed.is_none()) {
        by_file.entry(Arc::clone(&found.file)).or_default().push(found);
    }
    open.iter()
        .map(|open| {
            let name = open.source.name();
            let findings = by_file.remove(name).unwrap_or_default();
            let errors = report.input_errors.iter().filter(|error| error.file == *name).cloned().collect();
            Said { findings: found(findings, open), errors }
        })
        .collect()
}

fn found(findings: Vec<Reported>, open: &Open) -> Vec<Found> {
    let source = &*open.source;
    let wanted: Vec<Wanted<'_>> = findings
        .iter()
        .filter_map(|found| Some(Wanted { object: found.object_at, fix: found.finding.fix.as_ref()? }))
        .collect();
    let mut proposals = proposals(source.text(), &wanted).into_iter();
    let edits: Vec<Option<Vec<TextEdit>>> = findings
        .iter()
        .map(|found| {
            found.finding.fix.as_ref()?;
            let splices = proposals.next()?.ok()?;
            Some(splices.into_iter().map(|splice| edit(source, splice)).collect())
        })
        .collect();
    findings
        .into_iter()
        .zip(edits)
        .map(|(reported, edits)| Found { diagnostic: diagnostic(&reported, open), reported, edits })
        .collect()
}

fn edit(source: &Source, splice: Splice) -> TextEdit {
    let Span { start, end } = splice.span;
    TextEdit::new(text::range(source, source.range(Span::new(start, end))), splice.text)
}

fn diagnostic(found: &Reported, open: &Open) -> Diagnostic {
    let finding = &found.finding;
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    let severity = match found.severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Info => DiagnosticSeverity::INFORMATION,
    };
    let related: Vec<DiagnosticRelatedInformation> = found
        .also
        .iter()
        .filter(|place| !place.message.is_empty())
        .filter_map(|place| {
            let (uri, range) = match &place.file {
                None => (open.uri.clone(), text::range(&open.source, place.range)),
                Some(file) => {
                    // Its one line is at hand, and that is all that counting needs.
                    let (number, line) = place.lines.first()?;
                    let blank = "\n".repeat(*number as usize - 1);
                    let source = Source::new(Arc::clone(file), blank + line);
                    (uri::of(Path::new(&**file))?, text::range(&source, place.range))
                }
            };
            Some(DiagnosticRelatedInformation { location: Location::new(uri, range), message: place.message.clone() })
        })
        .collect();
    Diagnostic {
        range: text::range(&open.source, found.at.range),
        severity: Some(severity),
        code: Some(NumberOrString::String(finding.rule.to_owned())),
        source: source_name(),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}
