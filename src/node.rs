//! The one tree that every document becomes, YAML or JSON, file or admission review.
//!
//! An arena: 16 bytes a node, in pre-order, in one vector. A mapping's children are its keys and
//! values in turn. A scalar's text is a slice of the source, or owned where the source writes it
//! with escapes or in a spelling that is not JSON's. Aliases and merge keys are already expanded
//! (within a budget), so whoever reads a field through [`Node`] sees what Kubernetes sees.

mod build;
mod entry;

pub use build::{Builder, Text};

use crate::budget::spend;
use crate::path::{Path, Segment};
use crate::source::Span;
use entry::{ALIASED, Entry, HIDDEN, OWNED, key_bit, mark, sliced};
use std::borrow::Cow;

/// What a node is, as JSON counts types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `null`, also an absent value.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number, of any size.
    Int,
    /// Any other number.
    Float,
    /// A string.
    String,
    /// A list.
    Sequence,
    /// A mapping; keys are strings.
    Mapping,
}

impl Kind {
    /// The word for people: "a string", "a number" …
    #[must_use]
    pub fn article_name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Int | Self::Float => "a number",
            Self::String => "a string",
            Self::Sequence => "a list",
            Self::Mapping => "a mapping",
        }
    }
}

/// How the source writes a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Style {
    /// An unquoted scalar, or any JSON literal that is no string.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// An indented collection.
    Block,
    /// `[…]` or `{…}`.
    Flow,
}

/// One document.
#[derive(Debug, PartialEq)]
pub struct Tree<'s> {
    text: Cow<'s, str>,
    entries: Vec<Entry>,
    owned: Vec<Box<str>>,
    comments: Vec<Span>,
}

impl<'s> Tree<'s> {
    /// The root; `null` for an empty document.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node { tree: self, index: 0 }
    }

    /// Spans of the comments, each from its `#` to the line's end, in order.
    #[must_use]
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// How many nodes there are, those of expanded aliases included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never: an empty document is one `null`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A value in a [`Tree`]: the only way to read a field.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree<'t>,
    index: u32,
}

impl PartialEq for Node<'_> {
    /// The same place of the same tree.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.index == other.index
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

impl<'t> Node<'t> {
    fn entry(self) -> &'t Entry {
        &self.tree.entries[self.index as usize]
    }

    /// Index one past the last descendant.
    fn after(self) -> u32 {
        let entry = self.entry();
        if matches!(entry.kind, Kind::Sequence | Kind::Mapping) { entry.data } else { self.index + 1 }
    }

    /// What tells it from every other node of the trees that are there.
    pub(crate) fn key(self) -> (usize, u32) {
        (std::ptr::from_ref(self.tree).addr(), self.index)
    }

    fn sibling(self, index: u32) -> Self {
        Self { tree: self.tree, index }
    }

    /// Its type.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    /// How the source writes it.
    #[must_use]
    pub fn style(self) -> Style {
        self.entry().style()
    }

    /// Bytes of the source. A quoted scalar's hold its quotes; a block collection's run from its
    /// first key or dash to the end of its last descendant.
    #[must_use]
    pub fn span(self) -> Span {
        self.entry().span
    }

    /// Whether it was reached through an alias or a merge key, so that the source holds it once
    /// for several places.
    #[must_use]
    pub fn is_aliased(self) -> bool {
        self.entry().has(ALIASED)
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// A scalar's text: a string's characters, or a number, boolean or null as JSON writes it.
    #[must_use]
    #[inline]
    pub fn scalar(self) -> Option<&'t str> {
        let entry = self.entry();
        match (entry.kind, entry.style()) {
            (Kind::Sequence | Kind::Mapping, _) => None,
            _ if entry.has(OWNED) => Some(&self.tree.owned[entry.data as usize]),
            _ => Some(&self.tree.text[sliced(entry.style(), entry.span)]),
        }
    }

    /// The characters, where it is a string.
    #[must_use]
    pub fn as_str(self) -> Option<&'t str> {
        if self.kind() == Kind::String { self.scalar() } else { None }
    }

    /// The value, where it is a boolean.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        if self.kind() == Kind::Bool { self.scalar().map(|text| text == "true") } else { None }
    }

    /// The value, where it is a whole number of at most 64 bits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        if self.kind() == Kind::Int { self.scalar()?.parse().ok() } else { None }
    }

    /// Number of items, or of keys (duplicates counted); 0 for a scalar.
    #[must_use]
    pub fn count(self) -> usize {
        if self.kind() == Kind::Mapping { self.entries().count() } else { self.items().count() }
    }

    /// A sequence's items; nothing for anything else.
    pub fn items(self) -> impl Iterator<Item = Node<'t>> {
        let end = if self.kind() == Kind::Sequence { self.after() } else { 0 };
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                spend(1);
                let item = self.sibling(next);
                next = item.after();
                item
            })
        })
    }

    /// A mapping's keys and values as written, duplicates included; nothing for anything else.
    pub fn entries(self) -> impl Iterator<Item = (Node<'t>, Node<'t>)> {
        let end = if self.kind() == Kind::Mapping { self.after() } else { 0 };
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            while next < end {
                spend(1);
                let key = self.sibling(next);
                let value = self.sibling(key.after());
                next = value.after();
                if !key.entry().has(HIDDEN) {
                    return Some((key, value));
                }
            }
            None
        })
    }

    /// Whether no key can stand twice, as far as a look at their marks tells; true for what is no mapping. Large mappings
    /// and texts that the source writes otherwise are not looked at.
    #[must_use]
    pub fn has_distinct_keys(self) -> bool {
        let end = if self.kind() == Kind::Mapping { self.after() } else { return true };
        let (mut next, mut marks, mut count) = (self.index + 1, [0; 24], 0);
        while next < end {
            let entry = self.sibling(next).entry();
            if count == marks.len() || entry.has(OWNED) || marks[..count].contains(&entry.data) {
                return false;
            }
            marks[count] = entry.data;
            count += 1;
            next = self.sibling(next + 1).after();
        }
        true
    }

    /// The key and value under a name. Of duplicates the last one wins, as for Kubernetes.
    #[must_use]
    pub fn entry_of(self, name: &str) -> Option<(Node<'t>, Node<'t>)> {
        let mapping = self.entry();
        let mark = mark(name.as_bytes());
        // Rules ask for most of what they know here, and mostly for what is not there: no other kind has bits either.
        if mapping.keys & key_bit(mark) == 0 {
            spend(1);
            return None;
        }
        let (end, mut next, mut found, mut steps) = (mapping.data, self.index + 1, None, 0);
        let entries = &self.tree.entries[..end as usize];
        while let [entry, value, ..] = &entries[next as usize..] {
            steps += 1;
            let alike = entry.data == mark || entry.has(OWNED);
            if alike && !entry.has(HIDDEN) && self.sibling(next).scalar() == Some(name) {
                found = Some((self.sibling(next), self.sibling(next + 1)));
            }
            next = if matches!(value.kind, Kind::Sequence | Kind::Mapping) { value.data } else { next + 2 };
        }
        spend(steps);
        found
    }

    /// The value under a name; `null` counts as a value.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Node<'t>> {
        self.entry_of(name).map(|(_, value)| value)
    }

    /// The node at the end of a path.
    #[must_use]
    pub fn at(self, path: &Path) -> Option<Node<'t>> {
        path.segments().iter().try_fold(self, |node, segment| match segment {
            Segment::Key(key) => node.get(key),
            Segment::Index(index) => node.items().nth(*index),
        })
    }

    /// The path from `ancestor` to this node; the root where it lies elsewhere.
    #[must_use]
    pub fn path_from(self, ancestor: Node<'t>) -> Path {
        let mut path = Path::root();
        let mut at = ancestor;
        while at.index < self.index {
            if at.kind() == Kind::Mapping {
                let Some((key, value)) = at.entries().find(|(_, value)| self.index < value.after()) else { break };
                path.push(key.scalar().unwrap_or_default().to_owned());
                at = value;
                if key.index == self.index {
                    break;
                }
            } else {
                let Some((index, item)) = at.items().enumerate().find(|(_, item)| self.index < item.after()) else {
                    break;
                };
                path.push(index);
                at = item;
            }
        }
        path
    }

    /// The bytes to point at for the field at `path` below this node: a scalar's own; a
    /// collection's key; a list item's `name`, else its first key. For an absent field, those of
    /// the deepest parent that exists.
    #[must_use]
    pub fn locate(self, path: &Path) -> Span {
        let mut node = self;
        let mut shown = self.head();
        for segment in path.segments() {
            match segment {
                Segment::Key(name) => {
                    let Some((key, value)) = node.entry_of(name) else { return shown };
                    let scalar = value.scalar().is_some() && value.span().start < value.span().end;
                    shown = if scalar { value.span() } else { key.span() };
                    node = value;
                }
                Segment::Index(index) => {
                    let Some(item) = node.items().nth(*index) else { return shown };
                    shown = item.head();
                    node = item;
                }
            }
        }
        shown
    }

    /// What stands for the whole node: a scalar itself, a mapping's `name` or first key.
    fn head(self) -> Span {
        match self.kind() {
            Kind::Mapping => match self.get("name").filter(|name| name.kind() == Kind::String) {
                Some(name) => name.span(),
                None => self.entries().next().map_or(self.span(), |(key, _)| key.span()),
            },
            _ => self.span(),
        }
    }

    /// Whether both hold the same values, written in the same order.
    #[must_use]
    pub fn same_as(self, other: Node<'_>) -> bool {
        let (mine, theirs) = (self.after() - self.index, other.after() - other.index);
        mine == theirs
            && (0..mine).all(|at| {
                let (a, b) = (self.sibling(self.index + at), Node { tree: other.tree, index: other.index + at });
                a.kind() == b.kind() && a.after() - a.index == b.after() - b.index && a.scalar() == b.scalar()
            })
    }

    /// The node as a JSON value; of duplicate keys the last wins. Numbers beyond 64 bits become
    /// floats.
    #[must_use]
    pub fn to_json(self) -> serde_json::Value {
        use serde_json::Value;
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(self.as_bool() == Some(true)),
            Kind::String => Value::String(self.scalar().unwrap_or_default().to_owned()),
            Kind::Int | Kind::Float => serde_json::from_str(self.scalar().unwrap_or_default()).unwrap_or(Value::Null),
            Kind::Sequence => self.items().map(Node::to_json).collect(),
            Kind::Mapping => Value::Object(
                self.entries()
                    .map(|(key, value)| (key.scalar().unwrap_or_default().to_owned(), value.to_json()))
                    .collect(),
            ),
        }
    }
}

/// A document of a file: its tree, and its bytes of the file.
#[derive(Debug)]
pub struct Document<'s> {
    /// The tree; spans count from the beginning of the file.
    pub tree: Tree<'s>,
    /// The file's whole text.
    pub text: &'s str,
    /// The document's own bytes, separators aside.
    pub span: Span,
}

/// Why a document can't be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Malformed {
    /// Byte offset in the file.
    pub offset: u32,
    /// What is wrong; lower case, no full stop.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_takes_sixteen_bytes() {
        assert_eq!(size_of::<Entry>(), 16);
    }

    /// `a: [1, {name: x}]`, with `a` twice and a copy of the inner mapping under `b`.
    fn sample() -> Tree<'static> {
        let mut b = Builder::new("a: [1, {name: x}]");
        let map = b.open(Kind::Mapping, Style::Block, Span::new(0, 0));
        b.scalar(Kind::String, Style::Plain, Span::new(0, 1), Text::Slice);
        let seq = b.open(Kind::Sequence, Style::Flow, Span::new(3, 3));
        b.scalar(Kind::Int, Style::Plain, Span::new(4, 5), Text::Slice);
        let inner = b.open(Kind::Mapping, Style::Flow, Span::new(7, 7));
        b.scalar(Kind::String, Style::Plain, Span::new(8, 12), Text::Slice);
        b.scalar(Kind::String, Style::Plain, Span::new(14, 15), Text::Slice);
        b.close(inner, 16);
        b.close(seq, 17);
        b.scalar(Kind::String, Style::Plain, Span::new(0, 1), Text::Owned("b".into()));
        b.copy(inner);
        b.close(map, 17);
        b.finish()
    }

    #[test]
    fn paths_lead_to_nodes_and_back() {
        let tree = sample();
        let root = tree.root();
        assert_eq!(root.to_json(), serde_json::json!({"a": [1, {"name": "x"}], "b": {"name": "x"}}));
        let name = root.get("a").unwrap().items().nth(1).unwrap().get("name").unwrap();
        let path = name.path_from(root);
        assert_eq!(path.pointer(), "/a/1/name");
        assert_eq!(root.at(&path), Some(name));
        let copy = root.get("b").unwrap().get("name").unwrap();
        assert!(copy.is_aliased() && !name.is_aliased());
        assert_eq!(copy.path_from(root).pointer(), "/b/name");
        assert_eq!(root.locate(&path.join("more")), Span::new(14, 15));
        assert_eq!(
            root.locate(&Path::root().join("a").join(1usize).join("image")),
            Span::new(14, 15),
            "the item's name"
        );
        assert_eq!(root.locate(&Path::root().join("a").join(7usize)), Span::new(0, 1));
    }

    #[test]
    fn marks_tell_most_keys_apart() {
        let mapping = |text: &str| {
            let mut b = Builder::new(text.to_owned());
            let map = b.open(Kind::Mapping, Style::Flow, Span::new(0, 0));
            for at in (0..text.len() as u32).step_by(2) {
                b.scalar(Kind::String, Style::Plain, Span::new(at, at + 1), Text::Slice);
                b.scalar(Kind::Null, Style::Plain, Span::new(at + 1, at + 1), Text::Owned("null".into()));
            }
            b.close(map, text.len() as u32);
            b.finish().root().has_distinct_keys()
        };
        assert!(mapping("a,b,c,"));
        assert!(!mapping("a,b,a,"));
        assert!(!mapping("abcdefghijklmnopqrstuvwxyz".repeat(2).as_str()), "too many to look at");
        assert!(sample().root().get("a").unwrap().has_distinct_keys() && !sample().root().has_distinct_keys());
    }
}
