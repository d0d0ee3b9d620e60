//! One document's text to a tree, through the general parser: only this, `events` and `refusal` know that parser.

use super::events::Reader;
use super::refusal::{LATE_MARK, TAB, dropped};
use super::tabs::Tabs;
use crate::node::{Document, Malformed};
use crate::source::Span;
use granit_parser::{ErrorKind, Event, Options, Parser, ScanError};
use std::borrow::Cow;

/// How deep collections may lie in each other, those of aliases included. kubectl goes to 10,000;
/// no schema of Kubernetes goes to 100, and whoever walks a tree does so by recursion.
pub(super) const MAX_DEPTH: usize = 255;

/// Reads the document in a part of the text; `None` where it holds nothing, or `null`.
///
/// As in go-yaml's `Unmarshal`, what follows the document's end (`...`) in its part is not read.
pub(super) fn document(text: &str, part: Span) -> Result<Option<Document<'_>>, Malformed> {
    if let Some(offset) = late_byte_order_mark(text, part) {
        return Err(Malformed { offset, message: LATE_MARK.into() });
    }
    let mut shown = Cow::Borrowed(&text[part.range()]);
    let mut quote = None;
    // The last tab that the parser refused.
    let mut tab: Option<Malformed> = None;
    for _ in 0..MAX_READINGS {
        let (malformed, stumble) = match read(text, part, &shown, quote) {
            Ok(document) => return Ok(document),
            Err(error) => error,
        };
        let at = (malformed.offset - part.start) as usize;
        match stumble {
            Some(Stumble::Tab) if tab.as_ref().is_none_or(|tab| tab.offset < malformed.offset) => {
                shown = without_tabs(&shown, at).into();
                tab = Some(malformed);
            }
            Some(Stumble::Escape) => {
                quote = quote.or_else(|| absent(&text[part.range()]));
                let Some(changed) = quote.and_then(|quote| without_quotes(&shown, at, quote)) else {
                    return Err(malformed);
                };
                shown = changed.into();
            }
            // What `Tabs` refuse is certain; any other fault behind a tab the tab may have caused.
            _ => {
                let certain = |tab: &Malformed| malformed.message == TAB || malformed.offset < tab.offset;
                return Err(tab.filter(|tab| !certain(tab)).unwrap_or(malformed));
            }
        }
    }
    let message = "tabs begin lines between brackets in too many places: use spaces";
    Err(tab.unwrap_or(Malformed { offset: part.start, message: message.into() }))
}

/// How often a document is read: once, and once more for each place at which the parser stumbles and kubectl's reader does not.
const MAX_READINGS: usize = 33;

/// What the parser refuses and kubectl's reader takes. It is shown another text of the same length instead.
enum Stumble {
    /// A tab that begins a line between brackets. `Tabs` sees what stands there, and refuses those that are elsewhere.
    Tab,
    /// `\'` between double quotes.
    Escape,
}

/// A character of two bytes that a text does not hold.
fn absent(text: &str) -> Option<char> {
    ('\u{100}'..'\u{800}').find(|&character| !text.contains(character))
}

/// The text with a character of two bytes for each `\'` of the double-quoted scalar at `at`; none where there are none.
fn without_quotes(text: &str, at: usize, stand_in: char) -> Option<String> {
    let bytes = text.as_bytes();
    let mut changed = text[..at].to_owned();
    let (mut from, mut end) = (at, at + usize::from(bytes.get(at) == Some(&b'"')));
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(end..)?).map(|found| end + found) {
        if bytes[found] == b'"' {
            break;
        }
        if bytes.get(found + 1) == Some(&b'\'') {
            changed.push_str(&text[from..found]);
            changed.push(stand_in);
            from = found + 2;
        }
        end = found + 2;
    }
    changed.push_str(&text[from..]);
    (from > at).then_some(changed)
}

/// The text with spaces for the tabs that begin the line at `at` and the lines after it, up to one that begins with none.
fn without_tabs(text: &str, at: usize) -> String {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let mut spaced = text[..start].to_owned();
    let mut lines = text[start..].split_inclusive('\n');
    for line in &mut lines {
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        spaced.extend(std::iter::repeat_n(' ', blanks));
        spaced.push_str(&line[blanks..]);
        if !line[..blanks].contains('\t') {
            break;
        }
    }
    spaced.push_str(&text[spaced.len()..]);
    spaced
}

/// Reads the document of a part of which the parser is shown another text of the same length, in which a character stands for
/// quotes. Of an error it says whether another text may help.
fn read<'s>(
    text: &'s str,
    part: Span,
    shown: &str,
    quote: Option<char>,
) -> Result<Option<Document<'s>>, (Malformed, Option<Stumble>)> {
    let mut reader = Reader::new(text, part);
    reader.tabs = memchr::memchr(b'\t', &text.as_bytes()[part.range()]).map(|_| Tabs::default());
    reader.quote = quote;
    let mut events = Parser::new_from_str_with_options(shown, options());
    let refused = |reader: &Reader<'_>, error: ScanError| {
        let stumble = match error.kind() {
            ErrorKind::TabInBlockIndentation => Some(Stumble::Tab),
            ErrorKind::UnknownQuotedScalarEscape => Some(Stumble::Escape),
            _ => None,
        };
        (reader.refused(&error), stumble)
    };
    for event in &mut events {
        let (event, span) = event.map_err(|error| refused(&reader, error))?;
        if !reader.event(event, reader.placed(&span)).map_err(|malformed| (malformed, None))? {
            break;
        }
    }
    if reader.document_end.is_none() {
        for event in events {
            let (event, span) = event.map_err(|error| refused(&reader, error))?;
            match event {
                Event::Comment(..) | Event::StreamEnd => {}
                _ => return Err((dropped(reader.placed(&span)), None)),
            }
        }
    }
    let end = reader.document_end.unwrap_or(part.end);
    if let Some(offset) = reader.tabs.as_ref().and_then(|tabs| tabs.fault(text, Span::new(part.start, end))) {
        return Err((Malformed { offset, message: TAB.into() }, None));
    }
    let tree = reader.builder.finish();
    Ok((!tree.root().is_null()).then_some(Document { tree, text, span: part }))
}

/// A byte order mark behind comments: for the parser it is none of the document, for kubectl its first character.
fn late_byte_order_mark(text: &str, part: Span) -> Option<u32> {
    let is_comment =
        |line: &&str| matches!(line.trim_start_matches([' ', '\t', '\r', '\n']).bytes().next(), None | Some(b'#'));
    let before: usize = text[part.range()].split_inclusive('\n').take_while(is_comment).map(str::len).sum();
    let at = part.start + before as u32;
    (before > 0 && text[at as usize..part.end as usize].starts_with('\u{feff}')).then_some(at)
}

fn options() -> Options {
    let mut options = Options::default();
    options.max_buffered_comment_events = 1 << 20;
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    options.disallow_directives = true;
    options.bom_inside_document_as_content = true;
    options.emit_anchor_events = true;
    options
}
