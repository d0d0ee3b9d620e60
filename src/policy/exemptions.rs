//! Exemptions: what rules do not hold for, until when, and whether they still exempt anything.

use super::selector::Labels;
use super::{Target, file};
use crate::k8s::image::glob;
use crate::source::Span;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::civil::Date;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// A field of an exemption, the item of its list, and what is wrong with it.
pub(super) type Wrong = (&'static str, usize, String);

/// An exemption of a policy file.
#[derive(Debug)]
pub(super) struct Exemption {
    /// Its bytes of the policy file.
    pub(super) span: Span,
    /// Why it is there.
    pub(super) reason: String,
    /// The last day on which it holds.
    pub(super) expires: Option<Date>,
    rules: Vec<&'static str>,
    namespaces: Vec<String>,
    kinds: Vec<String>,
    names: Vec<String>,
    labels: Option<Labels>,
    files: Option<GlobSet>,
    used: AtomicBool,
}

/// Why an exemption is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unused {
    /// Its last day has gone.
    Expired(Date),
    /// Nothing of the run was exempted by it.
    NeverMatched,
}

impl Exemption {
    /// Takes over what the file says; the errors name a field and what is wrong with it.
    pub(super) fn new(file: file::Exemption, span: Span) -> Result<Self, Vec<Wrong>> {
        let mut errors = Vec::new();
        let mut rules = Vec::new();
        for (at, name) in file.rules.iter().enumerate() {
            match crate::rules::find(name) {
                Some(rule) => rules.push(rule.name),
                None => errors.push(("rules", at, super::unknown_rule(name))),
            }
        }
        if file.reason.trim().is_empty() {
            errors.push(("reason", 0, "an exemption needs a `reason`".into()));
        }
        let expires = file.expires.as_deref().and_then(|text| {
            let date = text.parse::<Date>().ok().filter(|_| text.len() == 10);
            if date.is_none() {
                errors.push(("expires", 0, format!("`expires` must be a date such as 2026-12-31, not `{text}`")));
            }
            date
        });
        let mut globs = GlobSetBuilder::new();
        for (at, pattern) in file.files.iter().enumerate() {
            match GlobBuilder::new(pattern.trim_start_matches("./")).literal_separator(true).build() {
                Ok(glob) => _ = globs.add(glob),
                Err(error) => errors.push(("files", at, format!("`{pattern}` is no glob: {}", error.kind()))),
            }
        }
        let files = (!file.files.is_empty()).then(|| globs.build().unwrap_or_default());
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            span,
            reason: file.reason,
            expires,
            rules,
            namespaces: file.namespaces,
            kinds: file.kinds,
            names: file.names,
            labels: file.labels,
            files,
            used: AtomicBool::new(false),
        })
    }

    pub(super) fn is_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| last < today)
    }

    /// Whether it holds for a finding; notes that it did.
    pub(super) fn exempts(&self, target: &Target<'_>, folder: &Path, today: Date) -> bool {
        let any =
            |patterns: &[String], text: &str| patterns.is_empty() || patterns.iter().any(|pattern| glob(pattern, text));
        let holds = !self.is_expired(today)
            && (self.rules.is_empty() || self.rules.contains(&target.rule))
            && any(&self.kinds, target.kind.unwrap_or_default())
            && any(&self.names, target.name.unwrap_or_default())
            && (self.namespaces.is_empty()
                || target.namespace.is_some_and(|namespace| any(&self.namespaces, namespace)))
            && self.labels.as_ref().is_none_or(|labels| labels.matches(target.labels))
            && self
                .files
                .as_ref()
                .is_none_or(|files| target.file != "-" && files.is_match(below(folder, Path::new(target.file))));
        if holds {
            self.used.store(true, Ordering::Relaxed);
        }
        holds
    }

    pub(super) fn unused(&self, today: Date) -> Option<Unused> {
        match self.expires.filter(|_| self.is_expired(today)) {
            Some(last) => Some(Unused::Expired(last)),
            None => (!self.used.load(Ordering::Relaxed)).then_some(Unused::NeverMatched),
        }
    }
}

/// A file's path as seen from the policy file's folder; unchanged where it lies elsewhere.
fn below(folder: &Path, file: &Path) -> PathBuf {
    let (folder, file) = (plain(folder), plain(file));
    file.strip_prefix(&folder).map_or_else(|_| file.clone(), Path::to_path_buf)
}

/// Absolute, without `.` and `..`. The file system is not asked: links stay as they are named.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    // The folder of a file named without one is the current one.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = plain.pop(),
            other => plain.push(other),
        }
    }
    plain
}
