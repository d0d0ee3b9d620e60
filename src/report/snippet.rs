//! Puts the excerpts of a finding together into sources that `annotate-snippets` can draw.

use super::safe;
use crate::engine::outcome::Excerpt;
use annotate_snippets::{Annotation, AnnotationKind, Snippet};
use std::collections::BTreeMap;
use std::ops::Range;

/// Longest line that is shown whole, in characters.
const WHOLE: usize = 200;
/// Characters before and after the first mark that are kept of a longer line.
const BEFORE: usize = 20;
const AFTER: usize = 60;
/// Missing lines between two shown ones above which the source is cut in two. Below, the gap is
/// filled with empty lines, which the renderer folds.
const FOLD: u32 = 100;

/// A line as it is shown.
#[derive(Default)]
struct Line {
    text: String,
    /// Characters left out at the beginning, and whether a mark of that omission stands there.
    skipped: usize,
    cut: bool,
    /// Whether characters are left out at the end.
    shortened: bool,
}

impl Line {
    fn new(text: &str, column: usize) -> Self {
        let from = if text.chars().nth(WHOLE).is_some() { column.saturating_sub(BEFORE) } else { 0 };
        let mut kept = text.char_indices().skip(from).map(|(at, _)| at);
        let start = kept.next().unwrap_or(text.len());
        let end = if from > 0 || text.chars().nth(WHOLE).is_some() {
            kept.nth(BEFORE + AFTER).unwrap_or(text.len())
        } else {
            text.len()
        };
        let mut shown = String::new();
        if from > 0 {
            shown.push('…');
        }
        shown.push_str(&safe::line(&text[start..end]));
        if end < text.len() {
            shown.push('…');
        }
        Self { text: shown, skipped: from, cut: from > 0, shortened: end < text.len() }
    }

    /// Whether a 1-based column of the file's line is among what is shown.
    fn shows(&self, column: u32) -> bool {
        let at = column as usize - 1;
        at >= self.skipped && (!self.shortened || at - self.skipped <= BEFORE + AFTER)
    }

    /// Byte offset, in the shown text, of a 1-based column of the file's line.
    fn offset(&self, column: u32) -> usize {
        let at = (column as usize).saturating_sub(1);
        let shown = (at + usize::from(self.cut)).saturating_sub(self.skipped);
        self.text.char_indices().nth(shown).map_or(self.text.len(), |(byte, _)| byte)
    }
}

/// A finding's places, ready to be drawn.
pub(super) struct Drawn<'a> {
    /// Sources with marks, in the order of lines.
    pub(super) snippets: Vec<Snippet<'a, Annotation<'a>>>,
    /// What can not be marked because it stands too far along a long line.
    pub(super) aside: Vec<String>,
}

/// Draws a finding's main place and all further ones.
pub(super) fn draw<'a>(at: &Excerpt, also: &[Excerpt]) -> Drawn<'a> {
    let (also, elsewhere): (Vec<&Excerpt>, Vec<&Excerpt>) = also.iter().partition(|place| place.file.is_none());
    let mut lines: BTreeMap<u32, Line> = BTreeMap::new();
    for excerpt in std::iter::once(at).chain(also.iter().copied()) {
        let here = excerpt.range.start;
        for (number, text) in &excerpt.lines {
            let column = if *number == here.line { here.column as usize } else { 1 };
            lines.entry(*number).or_insert_with(|| Line::new(text, column));
        }
        lines.entry(here.line).or_default();
    }

    let hidden = |place: &Excerpt| {
        let start = place.range.start;
        lines.get(&start.line).is_some_and(|line| !line.shows(start.column))
    };
    let aside = also
        .iter()
        .filter(|place| hidden(place))
        .map(|place| format!("line {}, column {}: {}", place.range.start.line, place.range.start.column, place.message))
        .collect();
    let also: Vec<&Excerpt> = also.iter().copied().filter(|place| !hidden(place)).collect();

    let mut snippets = Vec::new();
    let mut rest: Vec<(u32, Line)> = lines.into_iter().collect();
    while !rest.is_empty() {
        let cut = rest.windows(2).position(|pair| pair[1].0 - pair[0].0 > FOLD).map_or(rest.len(), |at| at + 1);
        let after = rest.split_off(cut);
        snippets.push(chunk(&rest, at, &also));
        rest = after;
    }
    snippets.extend(elsewhere.into_iter().filter_map(other_file));
    Drawn { snippets, aside }
}

/// A place of another file, with its line.
fn other_file<'a>(place: &Excerpt) -> Option<Snippet<'a, Annotation<'a>>> {
    let (number, text) = place.lines.first()?;
    let line = Line::new(text, place.range.start.column as usize);
    let whole = 0..line.text.len();
    let annotation = mark(AnnotationKind::Context, place, &line, &whole);
    let path = place.file.as_deref().map(safe::sentence);
    Some(Snippet::source(line.text).line_start(*number as usize).path(path).annotation(annotation))
}

/// One source of lines that stand near each other.
fn chunk<'a>(lines: &[(u32, Line)], at: &Excerpt, also: &[&Excerpt]) -> Snippet<'a, Annotation<'a>> {
    let first = lines.first().map_or(1, |line| line.0);
    let mut source = String::new();
    let mut next = first;
    let mut annotations = Vec::new();
    for (number, line) in lines {
        // The renderer folds two lines and more, and shows a single one, whose text is not at hand.
        let missing = number - next;
        source.push_str(&if missing == 1 { "…\n".to_owned() } else { "\n".repeat(missing as usize) });
        next = number + 1;
        let start = source.len();
        source.push_str(&line.text);
        let whole = start..source.len();
        source.push('\n');
        let mut marked = false;
        if at.range.start.line == *number {
            annotations.push(mark(AnnotationKind::Primary, at, line, &whole));
            marked = true;
        }
        for other in also.iter().filter(|other| other.range.start.line == *number) {
            annotations.push(mark(AnnotationKind::Context, other, line, &whole));
            marked = true;
        }
        if !marked {
            annotations.push(AnnotationKind::Visible.span(whole));
        }
    }
    Snippet::source(source).line_start(first as usize).path(None::<&str>).annotations(annotations)
}

fn mark<'a>(kind: AnnotationKind, excerpt: &Excerpt, line: &Line, whole: &Range<usize>) -> Annotation<'a> {
    let range = excerpt.range;
    let text_end = whole.start + line.text.trim_end().len();
    let start = whole.start + line.offset(range.start.column);
    let end = if range.end.line == range.start.line {
        whole.start + line.offset(range.end.column)
    } else {
        // Of a place of many lines, the first is at hand.
        text_end
    };
    let message = safe::sentence(&excerpt.message);
    kind.span(start..end.max(start)).label((!message.is_empty()).then_some(message))
}
