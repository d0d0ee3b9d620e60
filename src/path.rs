//! Field paths: keys and indices, shown dotted to people and as RFC 6901 pointers to machines.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A mapping's key.
    Key(Cow<'static, str>),
    /// A sequence's item, from 0.
    Index(usize),
}

impl From<&'static str> for Segment {
    fn from(key: &'static str) -> Self {
        Self::Key(Cow::Borrowed(key))
    }
}

impl From<String> for Segment {
    fn from(key: String) -> Self {
        Self::Key(Cow::Owned(key))
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The way from an object's root to a field; the field need not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<Segment>);

impl Path {
    /// The root.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// This path, one step longer.
    #[must_use]
    pub fn join(&self, segment: impl Into<Segment>) -> Self {
        let mut longer = self.clone();
        longer.push(segment);
        longer
    }

    /// Goes one step down.
    pub fn push(&mut self, segment: impl Into<Segment>) {
        self.0.push(segment.into());
    }

    /// Goes one step up, and returns the step.
    pub fn pop(&mut self) -> Option<Segment> {
        self.0.pop()
    }

    /// The steps from the root.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The last key or index.
    #[must_use]
    pub fn last(&self) -> Option<&Segment> {
        self.0.last()
    }

    /// Whether `self` is `other` or lies below it.
    #[must_use]
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The path as a JSON Pointer (RFC 6901); the root is the empty string.
    #[must_use]
    pub fn pointer(&self) -> String {
        // As long as most are.
        let mut text = String::with_capacity(64);
        for segment in &self.0 {
            text.push('/');
            match segment {
                Segment::Key(key) if !key.contains(['~', '/']) => text.push_str(key),
                Segment::Key(key) => text.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Segment::Index(index) => write!(text, "{index}").unwrap_or_default(),
            }
        }
        text
    }
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

/// `spec.template.spec.containers[0].image`; a key that is no plain word is quoted in brackets.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if plain(key) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(key)?;
                }
                Segment::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

fn plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_dotted_and_as_a_pointer() {
        let path: Path = ["metadata".into(), "annotations".into(), Segment::from("a/b~c".to_owned()), 0.into()]
            .into_iter()
            .collect();
        assert_eq!(path.to_string(), r#"metadata.annotations["a/b~c"][0]"#);
        assert_eq!(path.pointer(), "/metadata/annotations/a~1b~0c/0");
        assert_eq!(Path::root().pointer(), "");
        assert!(path.starts_with(&Path::root()));
    }
}
