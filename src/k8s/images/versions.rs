//! Versions, as the tags of images begin with them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds on the number that a tag begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Versions(Vec<(bool, bool, Vec<u32>)>);

impl TryFrom<String> for Versions {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bound = |word: &str| {
            let (below, rest) =
                word.strip_prefix('<').map(|rest| (true, rest)).or_else(|| Some((false, word.strip_prefix('>')?)))?;
            let (equal, rest) = rest.strip_prefix('=').map_or((false, rest), |rest| (true, rest));
            Some((below, equal, numbers(rest).filter(|(_, rest)| rest.is_empty())?.0))
        };
        let bounds: Option<Vec<_>> = text.split_whitespace().map(bound).collect();
        let wrong = || format!("`versions` must be bounds such as `>=9 <12`, not `{text}`");
        bounds.filter(|bounds| !bounds.is_empty()).map(Self).ok_or_else(wrong)
    }
}

impl From<Versions> for String {
    fn from(versions: Versions) -> Self {
        let bound = |(below, equal, numbers): (bool, bool, Vec<u32>)| {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            format!("{}{}{}", if below { '<' } else { '>' }, if equal { "=" } else { "" }, numbers.join("."))
        };
        versions.0.into_iter().map(bound).collect::<Vec<_>>().join(" ")
    }
}

impl Versions {
    /// Whether a tag's version lies within the bounds; one that says less than a bound does not.
    pub(super) fn hold(&self, tag: &str) -> bool {
        let Some((version, _)) = numbers(tag.strip_prefix('v').unwrap_or(tag)) else { return false };
        self.0.iter().all(|(below, equal, bound)| {
            let has = &version[..version.len().min(bound.len())];
            let enough = version.len() >= bound.len() || has != &bound[..has.len()];
            enough
                && match has.cmp(bound) {
                    std::cmp::Ordering::Less => *below,
                    std::cmp::Ordering::Equal => *equal,
                    std::cmp::Ordering::Greater => !*below,
                }
        })
    }

    /// Whether the newest version that a tag may name lies within the bounds: that of `latest`, or of the versions that begin like
    /// it. What has an end is not asked about: nobody knows the newest.
    pub(super) fn hold_newest(&self, tag: &str) -> bool {
        let below = |(below, ..): &(bool, bool, Vec<u32>)| *below;
        if self.0.iter().any(below) {
            return false;
        }
        let Some((version, _)) = numbers(tag.strip_prefix('v').unwrap_or(tag)) else { return tag == "latest" };
        self.0.iter().all(|(_, _, bound)| version.len() < bound.len() && bound.starts_with(&version))
    }
}

/// The numbers that a text begins with, dots between them, and what follows.
fn numbers(text: &str) -> Option<(Vec<u32>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let digits = text[..end].trim_end_matches('.');
    let parts: Option<Vec<u32>> = digits.split('.').map(|part| part.parse().ok()).collect();
    Some((parts?, &text[digits.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_tags() {
        let versions = |text: &str| Versions::try_from(text.to_owned()).unwrap();
        for (bounds, tag, holds) in [
            ("<11", "8-jre", true),
            ("<11", "11.0.2", false),
            ("<11", "latest", false),
            (">=9 <12", "11", true),
            (">=9 <12", "v9.1", true),
            (">=9 <12", "12.0", false),
            ("<3.9", "3.9.1", false),
            ("<3.9", "3.8", true),
            ("<3.9", "3", false),
            ("<3.9", "2", true),
            (">18", "18.1", false),
            (">=18", "18-alpine", true),
        ] {
            assert_eq!(versions(bounds).hold(tag), holds, "{tag} {bounds}");
        }
        for (bounds, tag, holds) in [
            (">=8.4", "8", true),
            (">=8.4", "8-oracle", true),
            (">=8.4", "8.0", false),
            (">=8.4", "latest", true),
            (">=8.4", "lts", false),
            (">=2", "latest", true),
            ("<3.9", "latest", false),
            (">=8.0 <8.4", "8", false),
        ] {
            assert_eq!(versions(bounds).hold_newest(tag), holds, "{tag} {bounds}");
        }
        assert!(Versions::try_from("11".to_owned()).is_err() && Versions::try_from(String::new()).is_err());
    }
}
