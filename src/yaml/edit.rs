//! Edits of the text that leave every other byte as it is: comments, quotes, indentation, flow style, line ends.
//!
//! An edit becomes one splice. Whoever applies it reads the text again and compares, so what can't be written
//! for certain is refused here, and never guessed.

use super::scalar;
use crate::finding::Edit;
use crate::node::{Document, Kind, Node, Style};
use crate::path::{Path, Segment};
use crate::source::Span;
use serde_json::Value;

/// A part of a text, and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The bytes that go; empty for an insertion.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Splice {
    /// The text with the splice in it.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let range = self.span.range();
        [&text[..range.start], &self.text, &text[range.end..]].concat()
    }
}

/// Why an edit can't be written into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The place is an alias's or a merge key's, or has an anchor.
    #[error("its value is shared by an anchor: mend it where the anchor stands")]
    Shared,
    /// Comments stand in what would be replaced.
    #[error("comments stand in what would be replaced")]
    Comments,
    /// It is written in a way that can't be edited for certain.
    #[error("it is written in a way that can't be edited for certain")]
    Unusual,
}

/// The splice that makes an edit of an object, a node of the document. `json` says that the file is JSON.
///
/// # Errors
/// Where it can't be written for certain.
pub fn splice(document: &Document<'_>, object: Node<'_>, edit: &Edit, json: bool) -> Result<Splice, Refused> {
    let (Edit::Add(path, _) | Edit::Replace(path, _) | Edit::Remove(path)) = edit;
    let mut above = path.clone();
    let last = above.pop().ok_or(Refused::Unusual)?;
    let owner = object.at(&above).ok_or(Refused::Unusual)?;
    let editor =
        Editor { document, text: document.text, json, sibling_dashes: dashes_beside_keys(document.text, object) };
    editor.check_shared(object, path)?;
    match (edit, &last) {
        (Edit::Add(_, value), Segment::Key(key)) => editor.add_entry(owner, key, value),
        (Edit::Add(_, value), Segment::Index(at)) => editor.add_item(owner, *at, value),
        (Edit::Replace(_, value), _) => editor.replace(owner, &last, value),
        (Edit::Remove(_), Segment::Key(key)) => editor.remove_entry(owner, key),
        (Edit::Remove(_), Segment::Index(at)) => editor.remove_item(owner, *at),
    }
}

/// Whether the dashes of lists stand in the column of the key above them, as the object's first list has it.
fn dashes_beside_keys(text: &str, object: Node<'_>) -> bool {
    let mut open = vec![object];
    while let Some(node) = open.pop() {
        for (key, value) in node.entries() {
            if value.kind() == Kind::Sequence && value.style() == Style::Block && !value.is_aliased() {
                return column(text, value.span().start) == column(text, key.span().start);
            }
        }
        open.extend(node.entries().map(|(_, value)| value).chain(node.items()));
    }
    false
}

/// Characters before an offset on its line.
fn column(text: &str, offset: u32) -> usize {
    let before = &text[..offset as usize];
    before[before.rfind('\n').map_or(0, |end| end + 1)..].chars().count()
}

struct Editor<'d> {
    document: &'d Document<'d>,
    text: &'d str,
    json: bool,
    sibling_dashes: bool,
}

type Spliced = Result<Splice, Refused>;

impl<'d> Editor<'d> {
    fn insert(at: u32, text: String) -> Splice {
        Splice { span: Span::new(at, at), text }
    }

    /// No step of the way may be an alias's, or have an anchor: others would change as well.
    fn check_shared(&self, object: Node<'_>, path: &Path) -> Result<(), Refused> {
        let mut node = object;
        let mut end = object.span().start;
        for segment in path.segments() {
            let next = match segment {
                Segment::Key(key) => node.entry_of(key).map(|(key, value)| (key.span().end, value)),
                Segment::Index(at) => node.items().nth(*at).map(|item| (end.max(node.span().start), item)),
            };
            let Some((from, value)) = next else { break };
            let start = value.span().start;
            let between = self.text.get(from as usize..start as usize).unwrap_or_default();
            // What stands between a key or dash and its value: a mark, white space, and an anchor or tag.
            let anchored = matches!(segment, Segment::Key(_))
                && between.lines().any(|line| line.split('#').next().is_some_and(|code| code.contains('&')));
            if value.is_aliased() || anchored {
                return Err(Refused::Shared);
            }
            end = value.span().end;
            node = value;
        }
        Ok(())
    }

    /// The line break of the line that an offset lies on.
    fn line_break(&self) -> &'static str {
        let text = &self.text.as_bytes()[self.document.span.range()];
        let at = memchr::memchr(b'\n', text);
        if at.is_some_and(|at| at > 0 && text[at - 1] == b'\r') { "\r\n" } else { "\n" }
    }

    /// The offset after the line that holds `end`, and what has to come before a new line there.
    fn next_line(&self, end: u32) -> (u32, &'static str) {
        if end > 0 && self.text.as_bytes()[end as usize - 1] == b'\n' {
            return (end, "");
        }
        match memchr::memchr(b'\n', &self.text.as_bytes()[end as usize..]) {
            Some(at) => (end + at as u32 + 1, ""),
            None => (self.text.len() as u32, self.line_break()),
        }
    }

    fn line_start(&self, offset: u32) -> u32 {
        self.text[..offset as usize].rfind('\n').map_or(0, |end| end as u32 + 1)
    }

    /// Whether only white space and dashes stand before an offset on its line.
    fn begins_line(&self, offset: u32) -> bool {
        let line = &self.text[self.line_start(offset) as usize..offset as usize];
        line.chars().all(|c| matches!(c, ' ' | '-'))
    }

    /// The entries that the source writes in the mapping itself, in its order.
    fn own(mapping: Node<'d>) -> Vec<(Node<'d>, Node<'d>)> {
        mapping.entries().filter(|(key, value)| !key.is_aliased() && !value.is_aliased()).collect()
    }

    /// One past the last byte of an entry.
    fn entry_end(&self, (key, value): (Node<'_>, Node<'_>)) -> u32 {
        key.span().end.max(last_byte(self.text, value))
    }

    fn add_entry(&self, mapping: Node<'d>, key: &str, value: &Value) -> Spliced {
        if mapping.kind() != Kind::Mapping {
            return Err(Refused::Unusual);
        }
        let own = Self::own(mapping);
        if own.len() != mapping.entries().count() {
            // Where a merge key lies among the entries is not to be seen.
            return Err(Refused::Shared);
        }
        if mapping.style() == Style::Flow {
            let entry = self.flow_entry(key, value);
            return self.add_to_flow(mapping, own.last().map(|&last| (last.0, self.entry_end(last))), &entry);
        }
        let (first, last) = (own.first().ok_or(Refused::Unusual)?, own.last().ok_or(Refused::Unusual)?);
        let indent = column(self.text, first.0.span().start);
        if !self.begins_line(first.0.span().start) {
            return Err(Refused::Unusual);
        }
        let (at, before) = self.next_line(self.entry_end(*last));
        let mut lines = Vec::new();
        self.entry(key, value, indent, &mut lines);
        Ok(Self::insert(at, self.joined(before, &lines, at)))
    }

    fn add_item(&self, list: Node<'d>, index: usize, value: &Value) -> Spliced {
        let items: Vec<Node<'d>> = list.items().collect();
        // One that would come later still follows others of the same fix.
        if list.kind() != Kind::Sequence || index < items.len() {
            return Err(Refused::Unusual);
        }
        let last = items.last().copied();
        if list.style() == Style::Flow {
            return self.add_to_flow(list, last.map(|last| (last, last_byte(self.text, last))), &self.flow(value));
        }
        let (at, before) = self.next_line(last_byte(self.text, last.ok_or(Refused::Unusual)?));
        let mut lines = Vec::new();
        self.item(value, column(self.text, list.span().start), &mut lines);
        Ok(Self::insert(at, self.joined(before, &lines, at)))
    }

    /// Adds to a collection in brackets, after its last part, which begins with a node and ends at an offset.
    fn add_to_flow(&self, collection: Node<'_>, last: Option<(Node<'_>, u32)>, part: &str) -> Spliced {
        let Some((first, end)) = last else {
            return Ok(Splice { span: collection.span(), text: wrapped(collection.kind(), part) });
        };
        let start = first.span().start;
        let line = self.line_start(start);
        let alone = line > collection.span().start && self.text[line as usize..start as usize].trim().is_empty();
        let indent = &self.text[line as usize..start as usize];
        let gap = if alone { format!("{}{indent}", self.line_break()) } else { " ".to_owned() };
        let tight = !alone && self.json && !self.text.contains(", ");
        let part = if self.json && alone { reindented(part, indent, self.line_break()) } else { part.to_owned() };
        Ok(Self::insert(end, format!(",{}{part}", if tight { "" } else { &gap })))
    }

    fn replace(&self, owner: Node<'d>, last: &Segment, value: &Value) -> Spliced {
        let (key, node) = match last {
            Segment::Key(name) => {
                let (key, node) = owner.entry_of(name).ok_or(Refused::Unusual)?;
                (Some(key), node)
            }
            Segment::Index(at) => (None, owner.items().nth(*at).ok_or(Refused::Unusual)?),
        };
        let span = self.without_comments(Span::new(node.span().start, last_byte(self.text, node)))?;
        let in_flow = self.json || owner.style() == Style::Flow;
        let written = span.start < span.end;
        let block = matches!(node.style(), Style::Literal | Style::Folded);
        if written && !block && (in_flow || is_scalar(value) || node.style() == Style::Flow) {
            let text = match (value, node.style()) {
                (Value::String(text), style) if !self.json => self.styled(text, style, in_flow),
                _ => self.flow(value),
            };
            return Ok(Splice { span, text });
        }
        if in_flow {
            return Err(Refused::Unusual);
        }
        // From behind the colon on; a list item from its first byte on.
        let Some(key) = key else {
            if block || !written || is_scalar(value) {
                return Err(Refused::Unusual);
            }
            let mut lines = Vec::new();
            self.block(value, column(self.text, span.start), &mut lines);
            return Ok(Splice {
                span,
                text: self.lines(&lines).trim_start().trim_end_matches(['\r', '\n']).to_owned(),
            });
        };
        let colon = key.span().end
            + memchr::memchr(b':', &self.text.as_bytes()[key.span().end as usize..]).ok_or(Refused::Unusual)? as u32
            + 1;
        let from = self.without_comments(if written { Span::new(colon, span.end) } else { Span::new(colon, colon) })?;
        if is_scalar(value) && !block {
            return Ok(Splice { span: from, text: format!(" {}", self.flow(value)) });
        }
        let indent = column(self.text, key.span().start);
        let mut lines = Vec::new();
        match value {
            Value::String(text) if block => {
                let broken = literal(text, indent + STEP).ok_or(Refused::Unusual)?;
                let ends = self.text[span.range()].ends_with('\n');
                let text = format!(" {}", broken.replace('\n', self.line_break()));
                let text = if ends { text } else { text.trim_end_matches(['\r', '\n']).to_owned() };
                return Ok(Splice { span: from, text });
            }
            Value::Object(map) if map.is_empty() => return Ok(Splice { span: from, text: " {}".into() }),
            Value::Array(list) if list.is_empty() => return Ok(Splice { span: from, text: " []".into() }),
            Value::Array(list) => {
                let indent = if self.sibling_dashes { indent } else { indent + STEP };
                list.iter().for_each(|item| self.item(item, indent, &mut lines));
            }
            value => self.block(value, indent + STEP, &mut lines),
        }
        let text = self.lines(&lines);
        // A block scalar's own line break is among what goes.
        let ends = self.text[from.range()].ends_with('\n');
        let text = if ends { &text[..] } else { text.trim_end_matches(['\r', '\n']) };
        Ok(Splice { span: from, text: format!("{}{text}", self.line_break()) })
    }

    fn remove_entry(&self, mapping: Node<'d>, key: &str) -> Spliced {
        let own = Self::own(mapping);
        let (key, _) = mapping.entry_of(key).ok_or(Refused::Unusual)?;
        let at = own.iter().position(|(own, _)| *own == key).ok_or(Refused::Shared)?;
        if own.len() == 1 {
            let span = Span::new(mapping.span().start, self.entry_end(own[0]));
            let span = if mapping.style() == Style::Flow { mapping.span() } else { span };
            return Ok(Splice { span: self.without_comments(span)?, text: "{}".into() });
        }
        let starts: Vec<u32> = own.iter().map(|(key, _)| key.span().start).collect();
        let ends: Vec<u32> = own.iter().map(|entry| self.entry_end(*entry)).collect();
        self.remove(mapping, at, &starts, &ends)
    }

    fn remove_item(&self, list: Node<'d>, at: usize) -> Spliced {
        let items: Vec<Node<'d>> = list.items().collect();
        if at >= items.len() {
            return Err(Refused::Unusual);
        }
        if items.len() == 1 {
            let span = if list.style() == Style::Flow {
                list.span()
            } else {
                Span::new(list.span().start, last_byte(self.text, items[0]))
            };
            return Ok(Splice { span: self.without_comments(span)?, text: "[]".into() });
        }
        let ends: Vec<u32> = items.iter().map(|item| last_byte(self.text, *item)).collect();
        let mut starts = Vec::new();
        for item in &items {
            let start = item.span().start;
            // In a block, from the dash on.
            let dash = || self.text[..start as usize].rfind('-').map(|at| at as u32);
            let between = |at: u32| self.text[at as usize + 1..start as usize].trim().is_empty();
            starts.push(match list.style() {
                Style::Flow => start,
                _ => dash().filter(|at| between(*at)).ok_or(Refused::Unusual)?,
            });
        }
        self.remove(list, at, &starts, &ends)
    }

    fn without_comments(&self, span: Span) -> Result<Span, Refused> {
        let held = |comment: &Span| span.start <= comment.start && comment.start < span.end;
        if self.document.tree.comments().iter().any(held) { Err(Refused::Comments) } else { Ok(span) }
    }

    /// Takes out one of several parts of a collection.
    fn remove(&self, collection: Node<'_>, at: usize, starts: &[u32], ends: &[u32]) -> Spliced {
        let span = if collection.style() == Style::Flow {
            match starts.get(at + 1) {
                Some(next) => Span::new(starts[at], *next),
                None => Span::new(ends[at - 1], ends[at]),
            }
        } else {
            let line = self.line_start(starts[at]);
            let (after, _) = self.next_line(ends[at]);
            let alone = self.text[line as usize..starts[at] as usize].trim().is_empty();
            match starts.get(at + 1) {
                _ if alone => Span::new(line, after),
                // The first key of a list's item stands behind its dash.
                Some(next) => Span::new(starts[at], *next),
                None => return Err(Refused::Unusual),
            }
        };
        Ok(Splice { span: self.without_comments(span)?, text: String::new() })
    }

    fn lines(&self, lines: &[String]) -> String {
        lines.iter().flat_map(|line| [line.as_str(), self.line_break()]).collect()
    }

    /// New lines for an offset at a line's beginning, or at the text's end.
    fn joined(&self, before: &str, lines: &[String], at: u32) -> String {
        let text = self.lines(lines);
        let text = if before.is_empty() { &text[..] } else { text.trim_end_matches(['\r', '\n']) };
        debug_assert!(at as usize <= self.text.len());
        format!("{before}{text}")
    }

    fn entry(&self, key: &str, value: &Value, indent: usize, lines: &mut Vec<String>) {
        let head = format!("{:indent$}{}:", "", self.string(key, false));
        match value {
            Value::Object(map) if !map.is_empty() => {
                lines.push(head);
                map.iter().for_each(|(key, value)| self.entry(key, value, indent + STEP, lines));
            }
            Value::Array(list) if !list.is_empty() => {
                lines.push(head);
                let indent = if self.sibling_dashes { indent } else { indent + STEP };
                list.iter().for_each(|item| self.item(item, indent, lines));
            }
            value => lines.push(format!("{head} {}", self.flow(value))),
        }
    }

    fn item(&self, value: &Value, indent: usize, lines: &mut Vec<String>) {
        let mut inner = Vec::new();
        self.block(value, indent + STEP, &mut inner);
        if let Some(first) = inner.first_mut() {
            *first = format!("{:indent$}- {}", "", first.trim_start());
        }
        lines.append(&mut inner);
    }

    fn block(&self, value: &Value, indent: usize, lines: &mut Vec<String>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                map.iter().for_each(|(key, value)| self.entry(key, value, indent, lines))
            }
            Value::Array(list) if !list.is_empty() => list.iter().for_each(|item| self.item(item, indent, lines)),
            value => lines.push(format!("{:indent$}{}", "", self.flow(value))),
        }
    }

    fn flow_entry(&self, key: &str, value: &Value) -> String {
        let key = if self.json { Value::from(key).to_string() } else { self.string(key, true) };
        format!("{key}: {}", self.flow(value))
    }

    /// A value in one line; JSON as JSON is read.
    fn flow(&self, value: &Value) -> String {
        match value {
            _ if self.json => serde_json::to_string_pretty(value).unwrap_or_default(),
            Value::String(text) => self.string(text, true),
            Value::Array(list) => {
                let items: Vec<String> = list.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(map) => {
                let entries: Vec<String> = map.iter().map(|(key, value)| self.flow_entry(key, value)).collect();
                format!("{{{}}}", entries.join(", "))
            }
            other => other.to_string(),
        }
    }

    /// A string in the quotes that stood there before.
    fn styled(&self, text: &str, style: Style, in_flow: bool) -> String {
        let printable = !text.chars().any(char::is_control);
        match style {
            Style::SingleQuoted if printable => format!("'{}'", text.replace('\'', "''")),
            Style::DoubleQuoted => Value::from(text).to_string(),
            _ => self.string(text, in_flow),
        }
    }

    /// A string, bare where it reads as one.
    fn string(&self, text: &str, in_flow: bool) -> String {
        let plain = |c: char| {
            c.is_ascii_alphanumeric()
                || matches!(
                    c,
                    '_' | '.'
                        | '/'
                        | '-'
                        | ' '
                        | '='
                        | '+'
                        | '@'
                        | '$'
                        | '('
                        | ')'
                        | ';'
                        | '&'
                        | '|'
                        | '>'
                        | '<'
                        | '~'
                        | '^'
                )
        };
        let between =
            |c: char| plain(c) || c == ':' || (!in_flow && matches!(c, ',' | '?' | '*' | '!' | '"' | '\'' | '%'));
        let ends = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '.' | '$');
        let bare = text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '.' | '$'))
            && text.ends_with(|c: char| ends(c) || matches!(c, ')' | '='))
            && text.chars().all(between)
            && !text.contains(": ")
            && !(in_flow && text.contains(':'))
            && scalar::reads_as_string(text);
        if bare {
            text.to_owned()
        } else if text.chars().any(|c| c.is_control() || c == '\'') {
            Value::from(text).to_string()
        } else {
            format!("'{text}'")
        }
    }
}

/// Columns by which new lines are deeper than their owner.
const STEP: usize = 2;

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// One past a node's last byte: the ends of block collections and of block scalars run on, up to what comes next.
fn last_byte(text: &str, node: Node<'_>) -> u32 {
    match node.style() {
        Style::Literal | Style::Folded => {
            let to = &text[..node.span().end as usize];
            to.trim_end_matches(' ').len().max(node.span().start as usize) as u32
        }
        Style::Block => {
            let values = node.entries().map(|(key, value)| key.span().end.max(last_byte(text, value)));
            values.chain(node.items().map(|item| last_byte(text, item))).max().unwrap_or(node.span().end)
        }
        _ => node.span().end,
    }
}

fn wrapped(kind: Kind, part: &str) -> String {
    if kind == Kind::Mapping { format!("{{{part}}}") } else { format!("[{part}]") }
}

/// JSON that is spread over lines, deeper by an indentation.
fn reindented(part: &str, indent: &str, line_break: &str) -> String {
    part.replace('\n', &format!("{line_break}{indent}"))
}

/// A text as a literal block, deeper than its key; none where it can't be one.
fn literal(text: &str, indent: usize) -> Option<String> {
    let body = text.trim_end_matches('\n');
    if body.is_empty()
        || body.starts_with([' ', '\n', '\t'])
        || text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
    {
        return None;
    }
    let mark = match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => return None,
    };
    let mut out = format!("{mark}\n");
    for line in body.split('\n') {
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
    Some(out)
}
