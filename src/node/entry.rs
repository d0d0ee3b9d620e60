//! One node as it lies in the arena: sixteen bytes.

use super::{Kind, Style};
use crate::source::Span;
use std::ops::Range;

pub(super) const OWNED: u8 = 1;
pub(super) const ALIASED: u8 = 2;
pub(super) const HIDDEN: u8 = 4;

/// `data` is, for a collection, the index one past its last descendant; for a scalar with `OWNED`,
/// the index of its text; for any other scalar its mark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// The flags, and above them the style.
    pub(super) look: u8,
    /// For a mapping, the bits of its keys' texts: most names that it has not are told by them.
    pub(super) keys: u16,
    pub(super) span: Span,
    pub(super) data: u32,
}

const STYLES: [Style; 7] =
    [Style::Plain, Style::SingleQuoted, Style::DoubleQuoted, Style::Literal, Style::Folded, Style::Block, Style::Flow];
const STYLE_SHIFT: u8 = 3;

impl Entry {
    pub(super) fn new(kind: Kind, style: Style, flags: u8, span: Span, data: u32) -> Self {
        Self { kind, look: flags | (style as u8) << STYLE_SHIFT, keys: 0, span, data }
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.look & flag != 0
    }

    pub(super) fn style(&self) -> Style {
        STYLES[usize::from(self.look >> STYLE_SHIFT)]
    }
}

/// One of sixteen bits for the key of a mark.
pub(super) fn key_bit(mark: u32) -> u16 {
    1 << (mark.wrapping_mul(0x9E37_79B1) >> 28)
}

/// What texts that are equal have in common, and most that differ have not: length, first, middle and last byte.
pub(super) fn mark(text: &[u8]) -> u32 {
    match text {
        [] => 0,
        [first, .., last] => u32::from_le_bytes([text.len() as u8, *first, text[text.len() / 2], *last]),
        [only] => u32::from_le_bytes([1, *only, *only, *only]),
    }
}

/// Where the text of a scalar stands that is what it means.
pub(super) fn sliced(style: Style, span: Span) -> Range<usize> {
    let quotes = usize::from(matches!(style, Style::SingleQuoted | Style::DoubleQuoted));
    span.start as usize + quotes..span.end as usize - quotes
}
