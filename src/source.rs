//! A named text: byte spans in, lines and columns out.

use std::sync::{Arc, OnceLock};

/// A half-open range of bytes, `start..end`, in a [`Source`]'s text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span `start..end`; `end` is raised to `start` where it is smaller.
    #[must_use]
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The bytes as a range for slicing.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place in a text. Both numbers are 1-based; columns count Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode scalar values, from 1.
    pub column: u32,
}

/// Where a span begins and ends; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// First character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
}

/// A text and the name that people know it by: a path as given, or `-`.
#[derive(Debug)]
pub struct Source {
    name: Arc<str>,
    text: String,
    lines: OnceLock<Vec<u32>>,
    marks: OnceLock<Vec<u32>>,
}

/// Bytes between two marks of [`Source::characters`].
const MARK: usize = 4096;

impl Source {
    /// Largest text that is read, in bytes: spans are 32 bits wide, and memory stays bounded.
    pub const MAX_BYTES: u64 = 256 << 20;

    /// Names a text.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: String) -> Self {
        Self { name: name.into(), text, lines: OnceLock::new(), marks: OnceLock::new() }
    }

    /// The path as it was given, or `-` for standard input.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The whole text, a byte order mark included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte offsets at which lines begin. A line ends at `\n`, as in editors.
    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at as u32 + 1)).collect()
        })
    }

    /// The place of a byte offset; an offset past the end is the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let lines = self.lines();
        let line = lines.partition_point(|&start| start as usize <= offset);
        let start = lines[line - 1] as usize;
        let column = if offset - start > MARK {
            self.characters(offset) - self.characters(start)
        } else {
            count(&self.text.as_bytes()[start..offset])
        };
        let mark = line == 1 && self.text.starts_with('\u{feff}') && offset > 0;
        Position { line: line as u32, column: column - u32::from(mark) + 1 }
    }

    /// Characters before a byte offset, counted from the mark before it: a file of one line must not
    /// cost its whole length for each finding.
    fn characters(&self, offset: usize) -> u32 {
        let marks = self.marks.get_or_init(|| {
            let mut sum = 0;
            let sums = self.text.as_bytes().chunks(MARK).map(|chunk| {
                sum += count(chunk);
                sum
            });
            std::iter::once(0).chain(sums).collect()
        });
        let mark = offset / MARK;
        marks[mark] + count(&self.text.as_bytes()[mark * MARK..offset])
    }

    /// The places of a span.
    #[must_use]
    pub fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start), end: self.position(span.end) }
    }

    /// Text of a 1-based line without its line break; empty past the end.
    #[must_use]
    pub fn line(&self, line: u32) -> &str {
        let lines = self.lines();
        let Some(&start) = lines.get((line as usize).wrapping_sub(1)) else { return "" };
        let end = lines.get(line as usize).map_or(self.text.len(), |&next| next as usize - 1);
        let text = &self.text[start as usize..end];
        let text = text.strip_suffix('\r').unwrap_or(text);
        if line == 1 { text.trim_start_matches('\u{feff}') } else { text }
    }
}

/// Characters that begin in these bytes.
fn count(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| **byte as i8 >= -0x40).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_end_at_line_feeds() {
        let source = Source::new("a", "\u{feff}ä: 1\r\nb: \u{1f600}x\n".into());
        assert_eq!(source.position(3), Position { line: 1, column: 1 });
        assert_eq!(source.position(5), Position { line: 1, column: 2 });
        let x = source.text().find('x').unwrap() as u32;
        assert_eq!(source.position(x), Position { line: 2, column: 5 });
        assert_eq!(source.line(1), "ä: 1");
        assert_eq!(source.line(2), "b: \u{1f600}x");
        assert_eq!((source.line(3), source.line(4), source.line(0)), ("", "", ""));
        assert_eq!(source.position(9999).line, 3);
    }

    #[test]
    fn long_lines_count_the_same() {
        let source = Source::new("a", format!("x\n{}", "äb".repeat(9000)));
        for offset in [2, 4, 5, 4097, 12_290, 12_293, 27_000] {
            let column =
                source.text()[2..].char_indices().take_while(|(at, _)| at + 2 < offset as usize).count() as u32;
            let at = source.position(offset);
            let boundary = source.text().is_char_boundary(offset as usize);
            assert_eq!(at, Position { line: 2, column: column + u32::from(boundary) }, "{offset}");
        }
    }
}
