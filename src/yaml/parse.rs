//! One document's text to a tree, through the general parser: only this, `events` and `refusal` know that parser.

use super::events::Reader;
use super::refusal::{LATE_MARK, TAB, dropped};
use super::tabs::Tabs;
use crate::node::{Document, Malformed};
use crate::source::Span;
use granit_parser::{ErrorKind, Event, Options, Parser, ScanError};

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
    let first = match read(text, part, &text[part.range()]) {
        Err((malformed, true)) => malformed,
        other => return other.map_err(|(malformed, _)| malformed),
    };
    // Between brackets a tab is a blank for kubectl's reader, for the parser not at a line's beginning: let it see spaces
    // there. `Tabs` sees what stands there, and refuses what is not between brackets.
    let mut shown = text[part.range()].to_owned();
    let mut last = first;
    for _ in 0..MAX_TAB_RUNS {
        shown = without_tabs(&shown, (last.offset - part.start) as usize);
        match read(text, part, &shown) {
            Err((malformed, true)) if malformed.offset > last.offset => last = malformed,
            // What `Tabs` refuse is certain.
            Err((malformed, _)) if malformed.message == TAB || malformed.offset < last.offset => {
                return Err(malformed);
            }
            Err(_) => break,
            Ok(document) => return Ok(document),
        }
    }
    Err(last)
}

/// How many stretches of lines that begin with tabs are looked at once more: each costs a reading.
const MAX_TAB_RUNS: usize = 32;

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

/// Reads the document of a part of which the parser is shown another text of the same length, and says of an error whether
/// it is a tab in an indentation.
fn read<'s>(text: &'s str, part: Span, shown: &str) -> Result<Option<Document<'s>>, (Malformed, bool)> {
    let mut reader = Reader::new(text, part);
    reader.tabs = memchr::memchr(b'\t', &text.as_bytes()[part.range()]).map(|_| Tabs::default());
    let mut events = Parser::new_from_str_with_options(shown, options());
    let refused = |reader: &Reader<'_>, error: ScanError| {
        (reader.refused(&error), *error.kind() == ErrorKind::TabInBlockIndentation)
    };
    for event in &mut events {
        let (event, span) = event.map_err(|error| refused(&reader, error))?;
        if !reader.event(event, reader.placed(&span)).map_err(|malformed| (malformed, false))? {
            break;
        }
    }
    if reader.document_end.is_none() {
        for event in events {
            let (event, span) = event.map_err(|error| refused(&reader, error))?;
            match event {
                Event::Comment(..) | Event::StreamEnd => {}
                _ => return Err((dropped(reader.placed(&span)), false)),
            }
        }
    }
    let end = reader.document_end.unwrap_or(part.end);
    if let Some(offset) = reader.tabs.as_ref().and_then(|tabs| tabs.fault(text, Span::new(part.start, end))) {
        return Err((Malformed { offset, message: TAB.into() }, false));
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
