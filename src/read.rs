//! A manifest file to documents, JSON or YAML, by kubectl's way of telling them apart.

use crate::node::{Document, Malformed};
use crate::{json, yaml};

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
        // Where neither can read what comes next, kubectl shows the error of JSON.
        match yaml.insert(yaml::documents_from(text, resume)).next()? {
            Ok(document) => Some(Ok(document)),
            Err(_) => Some(Err(refused)),
        }
    })
}
