//! Places as editors count them: lines from 0, and UTF-16 code units in a line.

use crate::source::{Position, Range, Source};
use similar::{DiffTag, TextDiff};

/// A place of a text. Past the end of its line it is the line's end.
pub(super) fn position(source: &Source, at: Position) -> lsp_types::Position {
    let line = source.line(at.line);
    let before = line.chars().take(at.column.saturating_sub(1) as usize).map(|c| c.len_utf16() as u32).sum::<u32>();
    // A byte order mark is a character to an editor that shows it.
    let mark = u32::from(at.line == 1 && source.text().starts_with('\u{feff}') && at.column > 1);
    lsp_types::Position::new(at.line.saturating_sub(1), before + mark)
}

/// The places of a range.
pub(super) fn range(source: &Source, range: Range) -> lsp_types::Range {
    lsp_types::Range::new(position(source, range.start), position(source, range.end))
}

/// Whether two ranges have a place in common; an empty one at the other's edge does.
pub(super) fn meet(a: &lsp_types::Range, b: &lsp_types::Range) -> bool {
    a.start <= b.end && b.start <= a.end
}

/// What makes one text of another, in whole lines.
pub(super) fn edits(before: &str, after: &str) -> Vec<lsp_types::TextEdit> {
    let diff = TextDiff::from_lines(before, after);
    let (old, new) = (diff.old_slices(), diff.new_slices());
    let last = old.last().copied().unwrap_or_default();
    let place = |line: usize| {
        if line < old.len() || last.ends_with('\n') || old.is_empty() {
            return lsp_types::Position::new(line as u32, 0);
        }
        // The last line has no end of its own.
        lsp_types::Position::new(line as u32 - 1, last.encode_utf16().count() as u32)
    };
    diff.ops()
        .iter()
        .filter(|op| op.tag() != DiffTag::Equal)
        .map(|op| {
            let (from, to) = (op.old_range(), op.new_range());
            lsp_types::TextEdit::new(lsp_types::Range::new(place(from.start), place(from.end)), new[to].concat())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf_16() {
        let source = Source::new("a", "ä: \u{1f600}x # y\r\nb: 1".into());
        let at = |line, column| position(&source, Position { line, column });
        assert_eq!(at(1, 5), lsp_types::Position::new(0, 5));
        assert_eq!(at(1, 99), lsp_types::Position::new(0, 10));
        assert_eq!(at(2, 4), lsp_types::Position::new(1, 3));
        assert_eq!(at(9, 1), lsp_types::Position::new(8, 0));
    }

    #[test]
    fn edits_are_whole_lines() {
        let show = |before, after| {
            let edits = edits(before, after);
            edits.iter().map(|edit| (edit.range.start, edit.range.end, edit.new_text.clone())).collect::<Vec<_>>()
        };
        let at = lsp_types::Position::new;
        assert_eq!(show("a\nb\nc\n", "a\nx\nc\n"), [(at(1, 0), at(2, 0), "x\n".into())]);
        assert_eq!(show("a\nb", "a\nc"), [(at(1, 0), at(1, 1), "c".into())]);
        assert_eq!(show("a\n", "a\n"), []);
    }
}
