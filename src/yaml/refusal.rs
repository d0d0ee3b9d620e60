//! Why a document is refused, in words for people.

use super::parse::MAX_DEPTH;
use crate::node::Malformed;
use crate::source::Span;
use granit_parser::{ErrorKind, ScanError};

pub(super) const TAB: &str = "a tab can't indent YAML: use spaces";

/// The first character of a part that go-yaml's `readerc.go` refuses.
pub(super) fn control_character(text: &str, part: Span) -> Option<Malformed> {
    let bytes = &text.as_bytes()[part.range()];
    let suspect =
        |&byte: &u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || matches!(byte, 0x7F | 0xC2 | 0xEF);
    // Whole chunks without a branch, as there is hardly ever one.
    for (nth, chunk) in bytes.chunks(256).enumerate() {
        if !chunk.iter().fold(false, |found, byte| found | suspect(byte)) {
            continue;
        }
        for at in (nth * 256..nth * 256 + chunk.len()).filter(|&at| suspect(&bytes[at])) {
            match bytes[at..] {
                [0xC2, 0x85 | 0xA0.., ..] => {}
                [0xEF, second, third, ..] if (second, third) < (0xBF, 0xBE) => {}
                _ => {
                    let message = "a control character can't stand in YAML: take it out, or write it as an escape in double quotes";
                    return Some(Malformed { offset: part.start + at as u32, message: message.into() });
                }
            }
        }
    }
    None
}

/// Where a double-quoted text has an escape of YAML 1.2 or JSON that go-yaml lacks: `\/`, and
/// halves of surrogate pairs.
pub(super) fn refused_escape(written: &str) -> Option<usize> {
    let bytes = written.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr(b'\\', &bytes[at..])?;
        if matches!(bytes[at + 1..], [b'/', ..] | [b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]) {
            return Some(at);
        }
        at += 2;
        if at >= bytes.len() {
            return None;
        }
    }
}

pub(super) fn not_mergeable(span: Span) -> Malformed {
    Malformed { offset: span.start, message: "`<<` needs a mapping, or a list of mappings".into() }
}

pub(super) fn complex_key(span: Span) -> Malformed {
    let message = "a list or a mapping can't be a key here: quote it if it is a text such as a template's `{{ }}`";
    Malformed { offset: span.start, message: message.into() }
}

pub(super) const LATE_MARK: &str = "a byte order mark may stand at the beginning only: take it out";

const DROPPED: &str = "for kubectl's reader the document has ended before this, and it drops the rest without a word: check the indentation";

/// go-yaml's `Unmarshal` reads one node; what comes after it, it never looks at.
pub(super) fn dropped(span: Span) -> Malformed {
    Malformed { offset: span.start, message: DROPPED.into() }
}

pub(super) fn too_deep(offset: u32) -> Malformed {
    Malformed { offset, message: format!("nested deeper than {MAX_DEPTH} levels: nothing of Kubernetes is") }
}

/// What is wrong and what to do, for the errors that people meet.
pub(super) fn explain(error: &ScanError) -> String {
    let known = match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => TAB,
        ErrorKind::ExpectedDocumentStart => DROPPED,
        ErrorKind::UnclosedQuotedScalar => "a quote is opened and never closed: close it",
        ErrorKind::UnknownAnchor => {
            "no such anchor before this alias: quote the value if it is a text that begins with `*`"
        }
        ErrorKind::DirectiveDisallowed => "kubectl reads no `%` directives: take the line out, or quote the value",
        ErrorKind::RecursionLimitExceeded => return too_deep(0).message,
        ErrorKind::MappingValueNotAllowed => {
            "a `:` makes a key where none can be: quote the value if it is a text, or check the indentation"
        }
        ErrorKind::InvalidIndentation | ErrorKind::InvalidBlockScalarIndent => {
            "this line's indentation fits nothing around it"
        }
        ErrorKind::ExpectedBlockMappingKey => "a key was expected here: check the indentation",
        ErrorKind::ExpectedBlockSequenceEntry => "an item with `-` was expected here: check the indentation",
        ErrorKind::SimpleKeyExpected => "a `:` is missing after this key",
        ErrorKind::UnknownQuotedScalarEscape => {
            "no such escape in double quotes: write `\\\\` for a backslash, or use single quotes"
        }
        ErrorKind::BomInsideDocument => LATE_MARK,
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence => "a bracket is opened and never closed: close it",
        ErrorKind::UndeclaredTagHandle => "this tag's prefix is declared nowhere: take the tag out",
        other => return other.to_string().trim_end_matches('.').to_owned(),
    };
    known.to_owned()
}
