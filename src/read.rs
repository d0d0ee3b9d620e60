//! A manifest file to documents, JSON or YAML, by kubectl's way of telling them apart.

use crate::node::{Document, Malformed};
use crate::source::Span;
use crate::{json, yaml};

/// A part of a file that is read by itself.
#[derive(Debug)]
pub enum Part {
    /// The whole file, as JSON to begin with.
    Whole,
    /// A YAML document.
    Document(Span),
    /// What can't be told apart.
    Malformed(Malformed),
}

/// The parts of a manifest file, in order: whoever wants one of them need not read the others.
pub fn parts(text: &str) -> Box<dyn Iterator<Item = Part> + '_> {
    if text.trim_start().starts_with('{') {
        return Box::new(std::iter::once(Part::Whole));
    }
    Box::new(yaml::parts(text, 0).map(|part| part.map_or_else(Part::Malformed, Part::Document)))
}

impl Part {
    /// Its bytes of the file.
    #[must_use]
    pub fn span(&self, text: &str) -> Span {
        match self {
            Self::Whole => Span::new(0, text.len() as u32),
            Self::Document(span) => *span,
            Self::Malformed(_) => Span::default(),
        }
    }

    /// Its documents.
    pub fn documents(self, text: &str) -> Box<dyn Iterator<Item = Result<Document<'_>, Malformed>> + '_> {
        match self {
            Self::Whole => Box::new(documents(text)),
            Self::Document(span) => Box::new(yaml::document(text, span).transpose().into_iter()),
            Self::Malformed(malformed) => Box::new(std::iter::once(Err(malformed))),
        }
    }
}

/// The documents of a manifest file, in order. A file whose first character is `{` is read as
/// JSON; what turns out to be none is read as YAML where kubectl does that (`NewYAMLOrJSONDecoder`
/// in apimachinery's `pkg/util/yaml/decoder.go`).
pub fn documents(text: &str) -> impl Iterator<Item = Result<Document<'_>, Malformed>> + '_ {
    let mut json = text.trim_start().starts_with('{').then(|| json::documents(text));
    let mut yaml = json.is_none().then(|| yaml::documents_from(text, 0));
    std::iter::from_fn(move || {
        let Some(stream) = &mut json else { return yaml.as_mut()?.next() };
        let refused = match stream.next()? {
            Ok(document) => return Some(Ok(document)),
            Err(refused) => refused,
        };
        let resume = stream.yaml_from();
        json = None;
        let Some(resume) = resume else { return Some(Err(refused)) };
        // Where neither can read what comes next, kubectl shows the error of JSON; we show that of whoever came further.
        match yaml.insert(yaml::documents_from(text, resume)).next()? {
            Err(error) if error.offset <= refused.offset => Some(Err(refused)),
            other => Some(other),
        }
    })
}
