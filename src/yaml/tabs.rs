//! Tabs that kubectl's reader refuses and the general parser lets pass.
//!
//! Source: go-yaml v2's `scannerc.go`. Where a key may begin, `yaml_parser_scan_to_next_token`
//! skips spaces only; `yaml_parser_scan_plain_scalar` and `yaml_parser_scan_block_scalar_breaks`
//! refuse a tab in the indentation.

use crate::source::Span;

/// What a stretch of text is, as far as tabs go.
#[derive(Clone, Copy, Debug)]
enum Stretch {
    /// A comment, a quoted scalar, a flow collection: tabs are welcome.
    Free,
    /// A plain scalar, with the column that lines after it must pass to belong to it.
    Plain(u32),
    /// A block scalar, from its header on, with where its content begins.
    Block(u32),
}

/// The stretches of a document in their order, noted only where it holds a tab at all.
#[derive(Debug, Default)]
pub(super) struct Tabs {
    stretches: Vec<(Span, Stretch)>,
}

impl Tabs {
    /// Notes a stretch in which tabs are welcome; those noted inside it before are forgotten.
    pub(super) fn free(&mut self, span: Span) {
        while self.stretches.last().is_some_and(|(last, _)| last.start >= span.start) {
            self.stretches.pop();
        }
        self.stretches.push((span, Stretch::Free));
    }

    /// Notes a plain scalar in a block collection at a column.
    pub(super) fn plain(&mut self, span: Span, column: u32) {
        self.stretches.push((span, Stretch::Plain(column)));
    }

    /// Notes a block scalar; `span` begins before its header, `content` is where its text begins.
    pub(super) fn block(&mut self, span: Span, content: u32) {
        self.stretches.push((span, Stretch::Block(content)));
    }

    /// The first tab of a part that kubectl refuses.
    pub(super) fn fault(&self, text: &str, part: Span) -> Option<u32> {
        let mut stretches = self.stretches.iter().peekable();
        let mut before = None;
        for at in memchr::memchr_iter(b'\t', &text.as_bytes()[part.range()]) {
            let at = part.start + at as u32;
            while let Some(stretch) = stretches.next_if(|(span, _)| span.end <= at) {
                before = Some(stretch);
            }
            let line_start = text[..at as usize].rfind('\n').map_or(0, |end| end + 1).max(part.start as usize);
            let prefix = text[line_start..at as usize].trim_start_matches('\u{feff}');
            let refused = match stretches.peek() {
                Some((span, Stretch::Block(content))) if span.start <= at => {
                    prefix.bytes().all(|byte| byte == b' ') && in_indentation(text, *span, *content, at, prefix.len())
                }
                Some((span, _)) if span.start <= at => false,
                _ => {
                    // Blank lines after a plain scalar are still looked through for more of it.
                    let goes_on = matches!(before, Some((span, Stretch::Plain(column)))
                        if prefix.len() as u32 > *column && text[span.end as usize..at as usize].trim().is_empty());
                    !goes_on && prefix.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'?'))
                }
            };
            if refused {
                return Some(at);
            }
        }
        None
    }
}

/// Whether a tab after `column` spaces stands in a block scalar's indentation: left of where its content begins, or there
/// if no digit of its header says how far it is indented.
fn in_indentation(text: &str, block: Span, content: u32, at: u32, column: usize) -> bool {
    let line = text[..content as usize].rfind('\n').map_or(0, |end| end + 1);
    let header =
        text[block.start as usize..content as usize].find(['|', '>']).map_or(0, |mark| block.start as usize + mark + 1);
    let explicit = text[header..].bytes().take(2).any(|byte| byte.is_ascii_digit());
    column < content as usize - line || at == content && !explicit
}
