//! What nearly all manifests are written in, read line by line without events.
//!
//! It knows block collections, plain, quoted, literal and folded scalars, simple flow collections and comments, and
//! **declines** whatever it does not know for certain: anchors, aliases, tags, explicit keys, most tabs, and everything
//! that is an error. The general parser reads what was declined, and words the errors; so what is read here must be the
//! very tree, spans and comments included, that the general parser makes. `verify` compares them.

mod block;
mod flow;
mod scalar;

use crate::node::{Builder, Document, Kind, Style, Text};
use crate::source::Span;

/// Whatever is not known for certain: the general parser has to read the document.
#[derive(Debug)]
struct Declined;

type Read<T> = Result<T, Declined>;

/// Column of what comes after the last line.
const END: i32 = -1;

/// How deep collections may lie in each other here: well below the general parser's own limit.
const MAX_DEPTH: u32 = 200;

/// Longest key that is read here, from its first byte to its colon: the general parser gives up on one after 1024 characters.
const MAX_KEY: usize = 1024;

/// How many comments a document may have here: the general parser refuses more in one place.
const MAX_COMMENTS: usize = 1 << 20;

/// The document in a part of the text, and none in it where it holds nothing; `None` where it is declined.
///
/// The part holds no control characters, and no line that begins with `---`.
pub(super) fn document(text: &str, part: Span) -> Option<Option<Document<'_>>> {
    let body = &text.as_bytes()[part.range()];
    if memchr::memchr_iter(b'\r', body).any(|at| body.get(at + 1) != Some(&b'\n')) {
        return None;
    }
    let mut reader = Reader {
        text: &text[..part.end as usize],
        bytes: &text.as_bytes()[..part.end as usize],
        at: part.start as usize,
        column: END,
        has_tabs: memchr::memchr(b'\t', body).is_some(),
        builder: Builder::new(text).sized_for(body.len()),
        comments: 0,
        depth: 0,
        end: part.start,
    };
    reader.next_line().ok()?;
    if reader.column == END {
        return Some(None);
    }
    reader.node(END, true).ok()?;
    if reader.column != END {
        return None;
    }
    let tree = reader.builder.finish();
    Some((!tree.root().is_null()).then_some(Document { tree, text, span: part }))
}

/// Offsets count from the beginning of the file.
struct Reader<'s> {
    /// The file up to the document's end.
    text: &'s str,
    bytes: &'s [u8],
    /// What is to be read next: between nodes, the first character of a line's content.
    at: usize,
    /// Its column where it is a line's or an item's first; `END` after the last line.
    column: i32,
    has_tabs: bool,
    builder: Builder<'s>,
    comments: usize,
    depth: u32,
    /// End of the last thing read that is no comment.
    end: u32,
}

impl Reader<'_> {
    fn peek(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Where the line that holds `from` ends, without its break, and where the next one begins.
    fn line(&self, from: usize) -> (usize, usize) {
        match memchr::memchr(b'\n', &self.bytes[from..]) {
            None => (self.bytes.len(), self.bytes.len()),
            Some(length) => {
                let end = from + length;
                (if length > 0 && self.bytes[end - 1] == b'\r' { end - 1 } else { end }, end + 1)
            }
        }
    }

    fn skip_spaces(&self, mut at: usize) -> usize {
        // Eight at a time, as indentation is.
        while let Some(eight) = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let others = u64::from_le_bytes(*eight) ^ u64::from_le_bytes([b' '; 8]);
            if others != 0 {
                return at + others.trailing_zeros() as usize / 8;
            }
            at += 8;
        }
        while self.peek(at) == Some(b' ') {
            at += 1;
        }
        at
    }

    /// Whether a mark at `at` is followed by a space or its line's end, as an indicator must be.
    fn ends_token(&self, at: usize) -> bool {
        matches!(self.peek(at), None | Some(b' ' | b'\n' | b'\r'))
    }

    /// Whether `- ` stands at `at`.
    fn is_dash(&self, at: usize) -> bool {
        self.peek(at) == Some(b'-') && self.ends_token(at + 1)
    }

    /// From a line's beginning, goes to the first line that holds more than a comment.
    fn next_line(&mut self) -> Read<()> {
        loop {
            let start = self.at;
            let at = self.skip_spaces(start);
            match self.peek(at) {
                None => {
                    self.at = at;
                    self.column = END;
                    return Ok(());
                }
                Some(b'\n') => self.at = at + 1,
                Some(b'\r') => self.at = at + 2,
                Some(b'#') => self.at = self.comment(at)?.1,
                Some(b'\t') => return Err(Declined),
                // Directives, and the document's end.
                Some(b'%' | b'.') if at == start => return Err(Declined),
                Some(_) => {
                    self.at = at;
                    self.column = (at - start) as i32;
                    return Ok(());
                }
            }
        }
    }

    /// Takes the comment at `at`: where it ends, and where the next line begins.
    fn comment(&mut self, at: usize) -> Read<(usize, usize)> {
        let (end, next) = self.line(at);
        self.comments += 1;
        if self.comments > MAX_COMMENTS {
            return Err(Declined);
        }
        self.builder.comment(Span::new(at as u32, end as u32));
        Ok((end, next))
    }

    /// After what ends at `at`, takes a comment, and goes to the next line of content. Returns where this line ends.
    fn rest_of_line(&mut self, at: usize) -> Read<usize> {
        let after = self.skip_spaces(at);
        let (end, next) = match self.peek(after) {
            None => (after, after),
            Some(b'\n') => (after, after + 1),
            Some(b'\r') => (after, after + 2),
            Some(b'#') if after > at => self.comment(after)?,
            Some(_) => return Err(Declined),
        };
        self.at = next;
        self.next_line()?;
        Ok(end)
    }

    fn open(&mut self, kind: Kind, style: Style, start: usize) -> Read<u32> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Declined);
        }
        Ok(self.builder.open(kind, style, Span::new(start as u32, start as u32)))
    }

    fn close(&mut self, index: u32) {
        self.depth -= 1;
        self.builder.close(index, self.end);
    }

    /// Adds the `null` that an absent value is, at a place between two bytes.
    fn absent(&mut self, at: usize) {
        let at = at as u32;
        self.builder.scalar(Kind::Null, Style::Plain, Span::new(at, at), Text::Owned("null".into()));
        self.end = self.end.max(at);
    }
}
