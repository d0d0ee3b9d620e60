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
    /// A block scalar, from its header on.
    Block,
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

    /// Notes a block scalar; `span` begins before its header.
    pub(super) fn block(&mut self, span: Span) {
        self.stretches.push((span, Stretch::Block));
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
            let prefix = &text[line_start..at as usize];
            let refused = match stretches.peek() {
                Some((span, Stretch::Block)) if span.start <= at => {
                    prefix.bytes().all(|byte| byte == b' ')
                        && in_indentation(&text[span.range()], (at - span.start) as usize, prefix.len())
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

/// Whether a tab after `column` spaces stands where a block scalar's indentation does: before the
/// line that sets it, in that line, or left of it in a later one.
fn in_indentation(block: &str, at: usize, column: usize) -> bool {
    let header = block.find(['|', '>']).map_or(0, |mark| mark + 1);
    let explicit = block[header..].bytes().take(2).any(|byte| byte.is_ascii_digit());
    let Some(body) = block[header..].find('\n').map(|end| header + end + 1).filter(|&body| body <= at) else {
        return false;
    };
    let first = block[body..].lines().find(|line| !line.trim_matches([' ', '\r']).is_empty()).unwrap_or_default();
    let indentation = first.len() - first.trim_start_matches(' ').len();
    let is_first = block[body..at].trim_matches([' ', '\r', '\n']).is_empty();
    !explicit && (is_first || column < indentation)
}
