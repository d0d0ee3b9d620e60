//! How a tree is built: in pre-order, a reader's events one after the other.

use super::*;

/// A scalar's text on its way into a tree.
#[derive(Debug)]
pub enum Text {
    /// As the source writes it, quotes aside.
    Slice,
    /// Something else.
    Owned(Box<str>),
}

/// Builds a [`Tree`] in pre-order.
#[derive(Debug)]
pub struct Builder<'s> {
    tree: Tree<'s>,
}

impl<'s> Builder<'s> {
    /// Starts a document over its text; spans count from the text's beginning.
    #[must_use]
    pub fn new(text: impl Into<Cow<'s, str>>) -> Self {
        Self { tree: Tree { text: text.into(), entries: Vec::new(), owned: Vec::new(), comments: Vec::new() } }
    }

    /// Makes room for as many nodes as a document of this many bytes mostly has.
    #[must_use]
    pub fn sized_for(mut self, bytes: usize) -> Self {
        self.tree.entries.reserve(bytes / 8 + 16);
        self
    }

    /// How many nodes there are so far: the index of the next one.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.tree.entries.len() as u32
    }

    /// Whether nothing has been added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.entries.is_empty()
    }

    /// Adds a scalar, and returns its index. A mapping's keys are scalars of kind `String`.
    pub fn scalar(&mut self, kind: Kind, style: Style, span: Span, text: Text) -> u32 {
        let index = self.len();
        let (flags, data) = match text {
            Text::Slice => (0, mark(&self.tree.text.as_bytes()[sliced(style, span)])),
            Text::Owned(text) => {
                self.tree.owned.push(text);
                (OWNED, self.tree.owned.len() as u32 - 1)
            }
        };
        self.tree.entries.push(Entry::new(kind, style, flags, span, data));
        index
    }

    /// Begins a collection, and returns its index; `close` ends it.
    pub fn open(&mut self, kind: Kind, style: Style, span: Span) -> u32 {
        let index = self.len();
        self.tree.entries.push(Entry::new(kind, style, 0, span, index + 1));
        index
    }

    /// Ends the collection at `index`; `end` is one past its last byte.
    pub fn close(&mut self, index: u32, end: u32) {
        let after = self.len();
        let entry = &mut self.tree.entries[index as usize];
        entry.data = after;
        entry.span.end = end.max(entry.span.start);
        if entry.kind == Kind::Mapping {
            self.tree.entries[index as usize].keys = self.key_bits(index, after);
        }
    }

    fn key_bits(&self, index: u32, after: u32) -> u16 {
        let (mut key, mut bits) = (index + 1, 0);
        while key < after {
            let entry = &self.tree.entries[key as usize];
            let mark =
                if entry.has(OWNED) { mark(self.tree.owned[entry.data as usize].as_bytes()) } else { entry.data };
            bits |= key_bit(mark);
            key = self.after(key + 1);
        }
        bits
    }

    /// Index one past the last descendant of the finished node at `index`.
    #[must_use]
    pub fn after(&self, index: u32) -> u32 {
        let entry = &self.tree.entries[index as usize];
        if matches!(entry.kind, Kind::Sequence | Kind::Mapping) { entry.data } else { index + 1 }
    }

    /// Adds a copy of the finished node at `index`, marked as aliased and without what is hidden
    /// in it, and returns its index.
    pub fn copy(&mut self, index: u32) -> u32 {
        let to = self.len();
        // Collections being copied: where each ends, and its copy.
        let mut open: Vec<(u32, u32)> = Vec::new();
        let after = self.after(index);
        let mut at = index;
        while at < after {
            self.end_copies(&mut open, at);
            let mut entry = self.tree.entries[at as usize];
            if entry.has(HIDDEN) && at != index {
                at = self.after(at + 1);
                continue;
            }
            entry.look = entry.look & !HIDDEN | ALIASED;
            if matches!(entry.kind, Kind::Sequence | Kind::Mapping) {
                open.push((entry.data, self.len()));
            }
            self.tree.entries.push(entry);
            at += 1;
        }
        self.end_copies(&mut open, after);
        to
    }

    /// Closes the copies of the collections that end before `at`.
    fn end_copies(&mut self, open: &mut Vec<(u32, u32)>, at: u32) {
        while let Some((_, copy)) = open.pop_if(|(end, _)| *end <= at) {
            self.tree.entries[copy as usize].data = self.len();
        }
    }

    /// Adds a copy of the finished scalar at `index` as a mapping's key, and returns its index.
    pub fn copy_as_key(&mut self, index: u32) -> u32 {
        let to = self.copy(index);
        self.tree.entries[to as usize].kind = Kind::String;
        to
    }

    /// Adds copies of the visible entries of the finished mapping at `index`, in order.
    pub fn copy_entries(&mut self, index: u32) {
        let end = self.after(index);
        let mut key = index + 1;
        while key < end {
            let value = self.after(key);
            let next = self.after(value);
            if !self.tree.entries[key as usize].has(HIDDEN) {
                self.copy(key);
                self.copy(value);
            }
            key = next;
        }
    }

    /// How many collections lie in each other at the deepest place of the finished node at
    /// `index`, itself included; 0 for a scalar.
    #[must_use]
    pub fn height(&self, index: u32) -> usize {
        let mut open: Vec<u32> = Vec::new();
        let mut height = 0;
        for at in index..self.after(index) {
            while open.last().is_some_and(|&end| end <= at) {
                open.pop();
            }
            let entry = &self.tree.entries[at as usize];
            if matches!(entry.kind, Kind::Sequence | Kind::Mapping) {
                open.push(entry.data);
                height = height.max(open.len());
            }
        }
        height
    }

    /// Hides the mapping entry whose key stands at `index`, such as a merge key.
    pub fn hide(&mut self, index: u32) {
        self.tree.entries[index as usize].look |= HIDDEN;
    }

    /// Keeps a comment's span.
    pub fn comment(&mut self, span: Span) {
        self.tree.comments.push(span);
    }

    /// Last byte, exclusive, of the node at `index`.
    #[must_use]
    pub fn end_of(&self, index: u32) -> u32 {
        self.tree.entries[index as usize].span.end
    }

    /// A finished node of the document so far, for looking back.
    #[must_use]
    pub fn peek(&self, index: u32) -> Node<'_> {
        Node { tree: &self.tree, index }
    }

    /// The document; a single `null` where nothing was added.
    #[must_use]
    pub fn finish(mut self) -> Tree<'s> {
        if self.is_empty() {
            self.scalar(Kind::Null, Style::Plain, Span::default(), Text::Owned("null".into()));
        }
        self.tree
    }
}
