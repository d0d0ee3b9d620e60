//! YAML text to documents, as kubectl reads it. Two readers make the same trees: `fast` takes what it knows
//! for certain, the general parser behind `parse` the rest.

pub mod edit;
mod events;
mod fast;
mod number;
mod parse;
mod refusal;
mod scalar;
mod tabs;

pub(crate) use scalar::reads_as_string;

use crate::node::{Document, Malformed};
use crate::source::Span;

/// The documents of a YAML file, in order; those that hold nothing, or `null`, are left out, as
/// kubectl leaves them out. One that can't be read doesn't hide the others.
pub fn documents(text: &str) -> impl Iterator<Item = Result<Document<'_>, Malformed>> + '_ {
    documents_from(text, 0)
}

/// The documents of a YAML file from a byte offset on, as where a stream of JSON gives way to YAML.
pub fn documents_from(text: &str, start: u32) -> impl Iterator<Item = Result<Document<'_>, Malformed>> + '_ {
    parts(text, start).filter_map(move |part| part.and_then(|part| document(text, part)).transpose())
}

/// The spans of a YAML file's documents from a byte offset on, separators left out.
pub fn parts(text: &str, start: u32) -> impl Iterator<Item = Result<Span, Malformed>> + '_ {
    Parts { text, at: start as usize }
}

/// The document at one of the [`parts`]; none where it holds nothing, or `null`.
///
/// # Errors
/// Where it is no YAML.
pub fn document(text: &str, part: Span) -> Result<Option<Document<'_>>, Malformed> {
    match refusal::control_character(text, part) {
        Some(malformed) => Err(malformed),
        None => fast::document(text, part).map_or_else(|| parse::document(text, part), Ok),
    }
}

/// The document at one of the [`parts`] by the fast reader alone; `None` where that declines it.
#[must_use]
pub fn fast(text: &str, part: Span) -> Option<Option<Document<'_>>> {
    refusal::control_character(text, part).is_none().then(|| fast::document(text, part))?
}

/// The document at one of the [`parts`] by the general parser alone.
///
/// # Errors
/// Where it is no YAML.
pub fn general(text: &str, part: Span) -> Result<Option<Document<'_>>, Malformed> {
    match refusal::control_character(text, part) {
        Some(malformed) => Err(malformed),
        None => parse::document(text, part),
    }
}

/// Reads a part both ways: whether the fast reader took it, and whether it then read what the general parser reads.
#[must_use]
pub fn verify(text: &str, part: Span) -> Verdict {
    let Some(fast) = fast(text, part) else { return Verdict::Declined };
    match (fast, general(text, part)) {
        (None, Ok(None)) => Verdict::Same,
        (Some(fast), Ok(Some(general))) if fast.tree == general.tree => Verdict::Same,
        (_, general) => Verdict::Different(general.err()),
    }
}

/// What came of reading a document by both readers.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The fast reader left it to the general parser.
    Declined,
    /// Both made the same of it.
    Same,
    /// They differ: an error of this program. With what the general parser found wrong, if it did.
    Different(Option<Malformed>),
}

/// A text's parts between separators, as `YAMLReader.Read` in apimachinery's
/// `pkg/util/yaml/decoder.go` cuts them: at each line that begins with `---`, whatever it stands
/// in. Such a line that begins a part belongs to it. What may follow on it is white space or a
/// comment; anything else kubectl refuses.
struct Parts<'s> {
    text: &'s str,
    at: usize,
}

impl Parts<'_> {
    /// Where the next line that begins with `---` does, from the line at `from` on.
    fn separator(&self, from: usize) -> Option<usize> {
        let rest = &self.text.as_bytes()[from..];
        if rest.starts_with(b"---") {
            return Some(from);
        }
        memchr::memmem::find(rest, b"\n---").map(|at| from + at + 1)
    }

    /// Where the line after the one at `at` begins.
    fn line_after(&self, at: usize) -> usize {
        memchr::memchr(b'\n', &self.text.as_bytes()[at..]).map_or(self.text.len(), |end| at + end + 1)
    }
}

impl Iterator for Parts<'_> {
    type Item = Result<Span, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        if start >= self.text.len() {
            return None;
        }
        let mut body = start;
        if self.separator(start) == Some(start) {
            body = self.line_after(start);
            let line = &self.text[start + 3..body];
            let rest = line.trim();
            let message = if line.starts_with('#') {
                "for kubectl, text begins here: put a blank between `---` and the comment"
            } else {
                "only a comment may follow `---` on its line: begin the document on the next one"
            };
            if !rest.is_empty() && (!rest.starts_with('#') || line.starts_with('#')) {
                let offset = body - line.trim_start().len();
                self.at = self.separator(body).unwrap_or(self.text.len());
                return Some(Err(Malformed { offset: offset as u32, message: message.into() }));
            }
        }
        let end = self.separator(body).unwrap_or(self.text.len());
        let line_end = self.line_after(end);
        let proper = self.text.get(end + 3..line_end).is_some_and(|rest| {
            let rest = rest.trim();
            rest.is_empty() || rest.starts_with('#')
        });
        // A faulty separator is left for the next part to begin with, and to report.
        self.at = if proper { line_end } else { end };
        Some(Ok(Span::new(body as u32, end as u32)))
    }
}

/// Characters within a span that are line breaks to Kubernetes' reader and to hardly anything
/// else: U+0085, U+2028 and U+2029. After one, a comment's end can hold a key that nobody sees.
pub fn hidden_line_breaks(text: &str, span: Span) -> impl Iterator<Item = Span> + '_ {
    let bytes = &text.as_bytes()[span.range()];
    memchr::memchr2_iter(0xC2, 0xE2, bytes).filter_map(move |at| {
        let length = match bytes[at..] {
            [0xC2, 0x85, ..] => 2,
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => 3,
            _ => return None,
        };
        let start = span.start + at as u32;
        Some(Span::new(start, start + length))
    })
}
