//! The general parser's events to a tree.
//!
//! The rules beyond YAML's own grammar are those of go-yaml v2 (`go.yaml.in/yaml/v2`, `decode.go`): what aliases and merge keys may
//! do, how far they may go, and what becomes of tags.

use super::parse::MAX_DEPTH;
use super::refusal::{TAB, complex_key, explain, not_mergeable, refused_escape, too_deep};
use super::scalar;
use super::tabs::Tabs;
use crate::node::{Builder, Kind, Malformed, Style, Text};
use crate::source::Span;
use granit_parser::{Event, ScalarStyle, ScanError, StructureStyle, Tag};

/// How many anchors a document may have: the parser's time grows with their square.
const MAX_ANCHORS: usize = 4000;

/// How many nodes aliases and merge keys may add to a document, whatever its size.
const MAX_COPIES: u64 = 4_000_000;

/// What the value to come is to its parent.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// A value like any other.
    Plain,
    /// What a merge key merges.
    Merge,
    /// One of a list that a merge key merges.
    MergeItem,
}

/// A collection that is not yet closed.
struct Frame {
    index: u32,
    is_mapping: bool,
    is_flow: bool,
    start: u32,
    /// Whether the next node is a mapping's key.
    at_key: bool,
    /// What this collection is to its parent.
    role: Role,
    /// What the next value is to this collection.
    next: Role,
    /// For a list of a merge key: the mappings, in order.
    merged: Vec<u32>,
}

pub(super) struct Reader<'s> {
    /// The file up to the document's end.
    text: &'s str,
    base: u32,
    pub(super) builder: Builder<'s>,
    frames: Vec<Frame>,
    /// Nodes by anchor; the parser counts anchors from 1.
    anchors: Vec<u32>,
    /// End of the last thing read that is no comment.
    end: u32,
    decoded: u64,
    aliased: u64,
    copied: u64,
    /// Where tabs may stand; `None` where there are none.
    pub(super) tabs: Option<Tabs>,
    /// What stands for `'` in double-quoted scalars as the parser sees them.
    pub(super) quote: Option<char>,
    /// Where the document is ended by `...`.
    pub(super) document_end: Option<u32>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(text: &'s str, part: Span) -> Self {
        let builder = Builder::new(text).sized_for(part.range().len());
        Self {
            text: &text[..part.end as usize],
            base: part.start,
            builder,
            frames: Vec::new(),
            anchors: Vec::new(),
            end: part.start,
            decoded: 1,
            aliased: 0,
            copied: 0,
            tabs: None,
            quote: None,
            document_end: None,
        }
    }

    /// The place of an event in the file.
    pub(super) fn placed(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        Span::new(self.base + range.start as u32, self.base + range.end as u32)
    }

    /// Takes one event; false at the document's end.
    pub(super) fn event(&mut self, event: Event<'_>, span: Span) -> Result<bool, Malformed> {
        match event {
            Event::Scalar(value, style, anchor, tag) => self.scalar(&value, style, anchor, tag.as_deref(), span)?,
            Event::SequenceStart(style, anchor, _) => self.open(Kind::Sequence, style, anchor, span)?,
            Event::MappingStart(style, anchor, _) => self.open(Kind::Mapping, style, anchor, span)?,
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::Anchor(_, name)
                if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) =>
            {
                let message = "an anchor's name can hold letters, digits, `-` and `_` only".into();
                return Err(Malformed { offset: span.start, message });
            }
            Event::Comment(..) => {
                self.builder.comment(span);
                if let Some(tabs) = &mut self.tabs {
                    tabs.free(span);
                }
            }
            Event::DocumentEnd => {
                self.document_end = (span.start < span.end).then_some(span.start);
                return Ok(false);
            }
            Event::StreamEnd => return Ok(false),
            _ => {}
        }
        Ok(true)
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Malformed> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let written = match style {
            Style::SingleQuoted | Style::DoubleQuoted => &self.text[span.start as usize + 1..span.end as usize - 1],
            _ => &self.text[span.range()],
        };
        // The parser writes `~` for a value that isn't there.
        let value = if style == Style::Plain && written.is_empty() { "" } else { value };
        let quoted = self.quote.filter(|_| style == Style::DoubleQuoted).map(|quote| value.replace(quote, "'"));
        let value = quoted.as_deref().unwrap_or(value);
        self.check(written, style, span)?;
        let is_key = self.frames.last().is_some_and(|frame| frame.at_key);
        if is_key && let Some(frame) = self.frames.last().filter(|frame| frame.is_flow) {
            self.check_flow_key(span, frame.start)?;
        }
        if is_key && value == "<<" && is_merge(style, tag) {
            return self.merge_key(anchor, span);
        }
        if !is_key && self.next_role() != Role::Plain {
            return Err(not_mergeable(span));
        }
        let meaning = match tag {
            None => scalar::untagged(value, style == Style::Plain),
            Some(tag) => {
                let tag = format!("{}{}", tag.handle(), tag.suffix());
                if tag.contains('#') {
                    return Err(Malformed { offset: span.start, message: "a tag can't hold a `#`".into() });
                }
                scalar::tagged(&tag, value).map_err(|message| Malformed { offset: span.start, message })?
            }
        };
        let result = if is_key {
            scalar::as_key(meaning, written).map(|text| (Kind::String, text))
        } else {
            scalar::as_json(meaning, written)
        };
        let (kind, text) = result.map_err(|message| Malformed { offset: span.start, message })?;
        let index = self.builder.scalar(kind, style, span, text);
        self.anchor(anchor, index, span)?;
        self.added(span.end);
        Ok(())
    }

    /// Refuses what the parser takes and go-yaml's scanner doesn't, and notes where tabs may stand.
    fn check(&mut self, written: &str, style: Style, span: Span) -> Result<(), Malformed> {
        let parent = self.frames.last();
        let in_flow = parent.is_some_and(|frame| frame.is_flow);
        let after = &self.text.as_bytes()[span.end as usize..];
        let fault = match style {
            Style::Plain if in_flow && matches!(after, [b':', b',' | b'[' | b']' | b'{' | b'}', ..]) => Some((
                written.len(),
                "between brackets, kubectl's reader takes this `:` for text: put a space behind it",
            )),
            Style::Plain if in_flow => {
                let at = if written.starts_with(':') { Some(0) } else { memchr::memchr(b'?', written.as_bytes()) };
                at.map(|at| (at, "between brackets, kubectl's reader takes this character for a mark: quote the value"))
            }
            Style::DoubleQuoted => {
                let escape = refused_escape(written);
                escape.map(|at| (at, "kubectl's reader doesn't know this escape: write the character itself"))
            }
            _ => None,
        };
        if let Some((at, message)) = fault {
            let at = span.start + at as u32 + u32::from(style == Style::DoubleQuoted);
            return Err(Malformed { offset: at, message: message.into() });
        }
        // After a tab the parser takes a comment for a part of the text around it.
        if style == Style::Plain
            && self.tabs.is_some()
            && written.lines().skip(1).any(|line| line.trim_start().starts_with('#'))
        {
            return Err(Malformed {
                offset: span.start + written.find('\t').unwrap_or_default() as u32,
                message: TAB.into(),
            });
        }
        if let Some(tabs) = &mut self.tabs
            && !in_flow
        {
            let line = self.text[..parent.map_or(0, |frame| frame.start) as usize].rfind('\n').map_or(0, |end| end + 1);
            match style {
                Style::Plain => tabs.plain(span, parent.map_or(0, |frame| frame.start - line as u32)),
                Style::Literal | Style::Folded => tabs.block(Span::new(self.end, span.end), span.start),
                _ => tabs.free(span),
            }
        }
        Ok(())
    }

    /// Refuses a key between brackets whose colon stands on a later line than its beginning
    /// (`yaml_simple_key_is_valid` in go-yaml's `scannerc.go`); `open` is where the bracket stands.
    fn check_flow_key(&self, span: Span, open: u32) -> Result<(), Malformed> {
        let mut after = &self.text[span.end as usize..];
        loop {
            after = after.trim_start();
            match after.strip_prefix('#') {
                Some(comment) => after = comment.trim_start_matches(|character| !matches!(character, '\n' | '\r')),
                None => break,
            }
        }
        let key = &self.text[span.start as usize..self.text.len() - after.len()];
        let is_explicit = self.text[open as usize..span.start as usize].trim_end().ends_with('?');
        if after.starts_with(':') && key.contains(['\n', '\r']) && !is_explicit {
            let message = "a key and its `:` must stand on one line".into();
            return Err(Malformed { offset: span.start, message });
        }
        Ok(())
    }

    fn open(&mut self, kind: Kind, style: StructureStyle, anchor: usize, span: Span) -> Result<(), Malformed> {
        let role = self.next_role();
        match self.frames.last() {
            Some(frame) if frame.at_key => return Err(complex_key(span)),
            _ if role == Role::MergeItem && kind == Kind::Sequence => return Err(not_mergeable(span)),
            _ => {}
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_deep(span.start));
        }
        let is_flow = style == StructureStyle::Flow;
        let start = if kind == Kind::Sequence && !is_flow { self.first_dash(span.start) } else { span.start };
        let index =
            self.builder.open(kind, if is_flow { Style::Flow } else { Style::Block }, Span::new(start, span.end));
        self.anchor(anchor, index, span)?;
        self.end = self.end.max(span.end);
        self.decoded += 1;
        let is_mapping = kind == Kind::Mapping;
        let next = if role == Role::Merge && !is_mapping { Role::MergeItem } else { Role::Plain };
        self.frames.push(Frame {
            index,
            is_mapping,
            is_flow,
            start,
            at_key: is_mapping,
            role,
            next,
            merged: Vec::new(),
        });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Malformed> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        if frame.is_flow {
            self.end = span.end;
            if let Some(tabs) = &mut self.tabs {
                tabs.free(Span::new(frame.start, span.end));
            }
        }
        self.builder.close(frame.index, self.end);
        match frame.role {
            Role::Plain => {}
            Role::MergeItem => {
                if let Some(parent) = self.frames.last_mut() {
                    parent.merged.push(frame.index);
                }
            }
            Role::Merge if frame.is_mapping => self.merge(frame.index, false, span.start)?,
            // Backwards, so that the first of a list wins.
            Role::Merge => {
                for &index in frame.merged.iter().rev() {
                    self.merge(index, true, span.start)?;
                }
            }
        }
        self.turn();
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Malformed> {
        let Some(&index) = anchor.checked_sub(1).and_then(|at| self.anchors.get(at)) else {
            return Err(Malformed { offset: span.start, message: "no such anchor before this alias".into() });
        };
        if self.frames.iter().any(|frame| frame.index == index) {
            let message = "this alias stands inside its own anchor, so its value would have no end".into();
            return Err(Malformed { offset: span.start, message });
        }
        let kind = self.builder.peek(index).kind();
        if self.frames.last().is_some_and(|frame| frame.at_key) {
            self.count(1, true, span.start)?;
            match kind {
                Kind::Sequence | Kind::Mapping => return Err(complex_key(span)),
                Kind::Null => return Err(Malformed { offset: span.start, message: scalar::NULL_KEY.into() }),
                _ => self.builder.copy_as_key(index),
            };
        } else if self.next_role() == Role::Plain {
            let nodes = self.builder.after(index) - index;
            self.count(u64::from(nodes), true, span.start)?;
            if self.frames.len() + self.builder.height(index) > MAX_DEPTH {
                return Err(too_deep(span.start));
            }
            self.builder.copy(index);
        } else {
            if kind != Kind::Mapping {
                return Err(not_mergeable(span));
            }
            // The entry is hidden: what it merges is all that counts.
            self.builder.scalar(Kind::Null, Style::Plain, span, Text::Owned("null".into()));
            if self.next_role() == Role::Merge {
                self.merge(index, true, span.start)?;
            } else if let Some(frame) = self.frames.last_mut() {
                frame.merged.push(index);
            }
        }
        self.added(span.end);
        Ok(())
    }

    /// Hides the merge key, and expects its value.
    fn merge_key(&mut self, anchor: usize, span: Span) -> Result<(), Malformed> {
        let index = self.builder.scalar(Kind::String, Style::Plain, span, Text::Owned("<<".into()));
        self.builder.hide(index);
        self.anchor(anchor, index, span)?;
        self.added(span.end);
        if let Some(frame) = self.frames.last_mut() {
            frame.next = Role::Merge;
        }
        Ok(())
    }

    /// Adds the entries of the mapping at `index` to the mapping being read: in go-yaml, a merge
    /// overrides the keys before it, and the keys after it override the merge.
    fn merge(&mut self, index: u32, aliased: bool, offset: u32) -> Result<(), Malformed> {
        self.count(u64::from(self.builder.after(index) - index), aliased, offset)?;
        if self.frames.len() + self.builder.height(index) > MAX_DEPTH + 1 {
            return Err(too_deep(offset));
        }
        self.builder.copy_entries(index);
        Ok(())
    }

    /// Counts what an alias adds against go-yaml's rule (`allowedAliasRatio` in `decode.go`): 99 %
    /// of a document may come from aliases up to 400,000 nodes, then less, down to 10 %.
    fn count(&mut self, nodes: u64, aliased: bool, offset: u32) -> Result<(), Malformed> {
        self.copied += nodes;
        if aliased {
            self.decoded += nodes;
            self.aliased += nodes;
        }
        let allowed = 0.99 - 0.89 * (self.decoded.saturating_sub(400_000) as f64 / 3_600_000.0).min(1.0);
        let excessive =
            self.aliased > 100 && self.decoded > 1000 && self.aliased as f64 / self.decoded as f64 > allowed;
        if excessive || self.copied > MAX_COPIES {
            let message =
                "aliases make this document many times larger: Kubernetes' reader refuses it, so write the values out";
            return Err(Malformed { offset, message: message.into() });
        }
        Ok(())
    }

    fn next_role(&self) -> Role {
        self.frames.last().map_or(Role::Plain, |frame| frame.next)
    }

    fn anchor(&mut self, anchor: usize, index: u32, span: Span) -> Result<(), Malformed> {
        if anchor > MAX_ANCHORS {
            let message = format!("more than {MAX_ANCHORS} anchors in one document: write the values out");
            return Err(Malformed { offset: span.start, message });
        }
        if anchor > 0 {
            self.anchors.resize(anchor.max(self.anchors.len()), index);
            self.anchors[anchor - 1] = index;
        }
        Ok(())
    }

    /// Notes that a scalar or an alias was added.
    fn added(&mut self, end: u32) {
        self.end = self.end.max(end);
        self.decoded += 1;
        self.turn();
    }

    /// In a mapping, goes from key to value or on to the next key.
    fn turn(&mut self) {
        if let Some(frame) = self.frames.last_mut().filter(|frame| frame.is_mapping) {
            frame.at_key = !frame.at_key;
            frame.next = Role::Plain;
        }
    }

    /// Where a block sequence's first dash stands: the parser gives its first item's place where
    /// the dash stands in its parent's column, as it can in a mapping.
    fn first_dash(&self, start: u32) -> u32 {
        if self.frames.last().is_none_or(|parent| !parent.is_mapping) {
            return start;
        }
        let bytes = self.text.as_bytes();
        let mut at = self.end;
        while at < start {
            let rest = &self.text[at as usize..start as usize];
            let Some(line) = memchr::memchr(b'\n', rest.as_bytes()) else { break };
            let next = &rest[line + 1..];
            let indent = next.len() - next.trim_start_matches(' ').len();
            at += (line + 1 + indent) as u32;
            if bytes[at as usize] == b'-' && bytes.get(at as usize + 1).is_none_or(u8::is_ascii_whitespace) {
                return at;
            }
        }
        start
    }

    /// The parser's error in our words.
    pub(super) fn refused(&self, error: &ScanError) -> Malformed {
        let offset = self.base + error.marker().byte_offset().unwrap_or_default() as u32;
        let mut offset = offset.min(self.text.len() as u32);
        let message = explain(error);
        let text = self.text.as_bytes();
        let is_tab = |at: u32| text.get(at as usize) == Some(&b'\t');
        if message == TAB && !is_tab(offset) {
            // The mark stands behind the line's blanks, or where the scalar begins in whose continuation the tab is.
            let before = &text[self.base as usize..offset as usize];
            let mut blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t'));
            offset = match blanks.position(|&byte| byte == b'\t') {
                Some(back) => offset - back as u32 - 1,
                None => offset + memchr::memchr(b'\t', &text[offset as usize..]).unwrap_or_default() as u32,
            };
        }
        Malformed { offset, message }
    }
}

/// `isMerge` in go-yaml's `decode.go`.
fn is_merge(style: Style, tag: Option<&Tag>) -> bool {
    match tag {
        None => style == Style::Plain,
        Some(tag) => matches!(
            (tag.handle(), tag.suffix()),
            ("", "!") | ("tag:yaml.org,2002:", "merge") | ("", "tag:yaml.org,2002:merge")
        ),
    }
}
